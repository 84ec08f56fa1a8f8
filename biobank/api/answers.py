"""What every noun's answers share: pages with a cursor, bodies that are JSON."""

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from biobank.errors import Malformed
from biobank.exchange import csv_out
from biobank.texts import N_
from biobank.web import WrongMedia

Row = TypeVar("Row")

MOST = 200
AT_ONCE = 1000
"""How many rows are asked for at a time where the whole of a list is told."""

CSV = csv_out.MEDIA_TYPE

Limit = Annotated[int, QueryParameter(ge=1, le=MOST, description=f"How many at most, from 1 to {MOST}.")]
After = Annotated[str, QueryParameter(max_length=60, description="`next` of the page before.")]


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """Some rows of a list. `next` is the `after` of the next page, and null on the last one."""

    items: list[Row]
    next: str | None


class Named(msgspec.Struct, frozen=True):
    """Whose account, role, badge or PIN it was."""

    name: str


class Count(msgspec.Struct, frozen=True):
    """How many it was."""

    count: int


def page(rows: Sequence[Row], limit: int, cursor: Callable[[Row], str]) -> Page[Row]:
    """A page of rows of which one more than `limit` was asked for."""
    shown = list(rows[:limit])
    return Page(shown, cursor(shown[-1]) if len(rows) > limit else None)


def csv_file(name: str, kind: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> Response[bytes]:
    """A list as a CSV file with a name to keep it by: a column for each field."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(csv_out.written(kind, rows), media_type=CSV, headers=headers)


def spread_sheet() -> dict[int, ResponseSpec]:
    """What the description of the API says of an answer in CSV."""
    words = "A row for each, under a header; no cell begins like a formula."
    return {200: ResponseSpec(bytes, generate_examples=False, media_type=CSV, description=words)}


async def require_readable(request: Request[Any, Any, Any]) -> None:
    """Refused: a change that is not sent as JSON (or as what its handler takes), or JSON said twice.

    msgspec reads what a handler takes; this finds what it would pass over: a name given twice (RFC 8259,
    section 4, lets readers disagree about it).
    """
    if request.method != "POST":
        return
    takes = request.route_handler.opt.get("takes", "application/json")
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != takes:
        raise WrongMedia("wrong_media_type", N_("Send this as %(takes)s."), takes=takes)
    if takes == "application/json":
        try:
            text = (await request.body()).decode()
            json.loads(text, object_pairs_hook=_names_once, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Malformed("unreadable", N_("What was sent is not JSON in UTF-8.")) from None


def _no_number(name: str) -> None:
    raise ValueError(name)  # NaN and the infinities are no JSON


def _names_once(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1 and len({name for name, _ in pairs}) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed("name_twice", N_("This is given twice."), field=twice[:40])
