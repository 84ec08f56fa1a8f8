"""What is sent to the API, before a handler sees it: names it knows and that come once, JSON in UTF-8."""

import json
from collections.abc import Sequence
from email.message import Message
from functools import cache
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler

from biobank.errors import Malformed
from biobank.texts import N_
from biobank.web import WrongMedia

JSON = "application/json"


async def require_readable(request: Request[Any, Any, Any]) -> None:
    """Refused: a name in the address that is unknown or there twice, a change sent as something else.

    A program that misspells a filter must not get the whole list. msgspec reads what a handler takes; this
    finds what it would pass over: a name given twice (RFC 8259, section 4, lets readers disagree about it).
    """
    _require_names(request)
    if request.method != "POST":
        return
    takes = str(request.route_handler.opt.get("takes", JSON))
    if not _is_sent_as(request, takes):
        raise WrongMedia("wrong_media_type", N_("Send this as %(takes)s."), takes=takes)
    if takes == JSON:
        try:
            text = (await request.body()).decode()
            json.loads(text, object_pairs_hook=_names_once, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Malformed("unreadable", N_("What was sent is not JSON in UTF-8.")) from None


def _require_names(request: Request[Any, Any, Any]) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    known = _query_names(request.route_handler, frozenset(request.path_params))
    for name in names:
        if name not in known:
            message = N_("This address knows no such name. Leave it out.")
            raise Malformed("name_unknown", message, field=name[:40])
    _require_once([name for name in names if not known[name]])


@cache
def _query_names(handler: HTTPRouteHandler, in_path: frozenset[str]) -> dict[str, bool]:
    """The names that may stand in an address, and whether each may come more than once."""
    model = handler.create_kwargs_model(dict.fromkeys(in_path))  # type: ignore[arg-type]  # names alone count
    return {each.field_alias: each.is_sequence for each in model.expected_query_params}


def _is_sent_as(request: Request[Any, Any, Any], takes: str) -> bool:
    """Whether it is of that media type, in UTF-8 (RFC 8259, section 8.1) and not compressed."""
    told = Message()
    told["content-type"] = request.headers.get("content-type", "")
    charset = told.get_param("charset", "utf-8")
    plain = request.headers.get("content-encoding", "identity").lower() == "identity"
    return told.get_content_type() == takes and str(charset).lower() == "utf-8" and plain


def _no_number(name: str) -> None:
    raise ValueError(name)  # NaN and the infinities are no JSON


def _names_once(pairs: list[tuple[str, Any]]) -> None:
    _require_once([name for name, _ in pairs])


def _require_once(names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed("name_twice", N_("This is given twice."), field=twice[:40])
