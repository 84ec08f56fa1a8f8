"""What API and pages share: a door for each request, and how a refusal looks."""

import hmac
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote, unquote_to_bytes
from uuid import UUID

import structlog
from litestar import Request, Response
from litestar.config.app import AppConfig
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.exceptions import HTTPException, NotFoundException, SerializationException
from litestar.plugins import InitPlugin
from litestar.plugins.pydantic import PydanticPlugin
from litestar.response import Redirect, Template

from biobank import errors, inputs, texts
from biobank.database import Database
from biobank.door import Door
from biobank.errors import Malformed, NotAllowed, Refusal, Refusals
from biobank.inputs import Input
from biobank.people import Credentials
from biobank.texts import N_

log = structlog.get_logger("biobank")

COOKIE, SECURE_COOKIE = "biobank", "__Host-biobank"
_SAFE = {"GET", "HEAD", "OPTIONS"}
FORM, _FORM_WITH_FILE = "application/x-www-form-urlencoded", "multipart/form-data"
PROBLEM = "application/problem+json"
FIRST_LINK = "/first/"
"""Where a person who was added chooses a password; the link's secret comes after it."""
CLAIM_LINK = "/stations/claim/"
"""Where a browser becomes an enrolled bench; the link's secret comes after it."""

FOR_PROGRAMS = ("/api/", "/schema", "/healthz", "/readyz")
_OURS = ("csrf", "command")
"""Fields that a form carries for us and that no order knows."""

sent_form: ContextVar[bool] = ContextVar("form", default=False)
"""Whether a page's form is being read: `incoming` knows it before anybody reads."""

OpenDoor = NamedDependency[Door]


# --- the way in ---


async def provide_door(request: Request[Any, Any, Any]) -> Door:
    """A door for this request, from its cookie or token, its command id and what it asks.

    Refused: a change asked with a cookie but without the page's token, or from another site; an address
    that is no text.
    """
    _require_text(request)
    shown, command, asked = credentials(request), None, b""
    if request.method not in _SAFE:
        form = await request.form() if sent_form.get() or _holds_file(request) else None
        _require_same_site(request)
        if shown.session and not shown.token:
            given = request.headers.get("x-csrf-token") or (str(form.get("csrf", "")) if form else "")
            _require_csrf(shown.session, given)
        command = _command_id(
            request.headers.get("idempotency-key") or (form.get("command") if form else None)
        )
        body = _fingerprint(form) if form is not None else await request.body()
        asked = f"{request.method} {request.url.path}\n".encode() + body
        if request.route_handler.opt.get("secret"):
            # Its fingerprint is kept: without a key, a password in it could be guessed from a stolen copy.
            asked = hmac.digest(shown.session.encode(), asked, "sha256")
    database: Database = request.app.state.database
    request.state.door = door = Door(database, shown, command, asked)
    return door


def credentials(request: Request[Any, Any, Any]) -> Credentials:
    """What the request showed of who sends it."""
    bearer = request.headers.get("authorization", "")
    if bearer[:7].lower() == "bearer ":
        return Credentials(token=bearer[7:].strip())
    return Credentials(session=request.cookies.get(cookie_name(request), ""))


def cookie_name(request: Request[Any, Any, Any]) -> str:
    """`__Host-biobank` where browsers reach us by TLS; plain HTTP cannot carry that one."""
    return SECURE_COOKIE if request.app.state.secure else COOKIE


def csrf_token(session_secret: str) -> str:
    """What a page of this session sends back with each change: nobody without the cookie can make it."""
    return hmac.digest(session_secret.encode(), b"csrf", "sha256").hex()


class Orders(PydanticPlugin):
    """Litestar's way with pydantic, which describes our inputs well, but leaves reading them to us."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Let Litestar's parts come first, and put ours in front of them."""
        configured = super().on_app_init(app_config)
        configured.plugins.append(_ReadFirst())
        return configured


class _ReadFirst(InitPlugin):
    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Put our decoder first; the first that fits a type is taken."""
        app_config.type_decoders = [(_is_input, decode_input), *(app_config.type_decoders or [])]
        return app_config


def _is_input(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Input)


def decode_input(kind: type[Input], sent: object) -> Input:
    """Litestar's way to our inputs: forms are forgiven what JSON is not."""
    form = sent_form.get()
    if form and isinstance(sent, dict):
        sent = {name: value for name, value in sent.items() if name not in _OURS}
    return inputs.read(kind, sent, form=form)


def _require_text(request: Request[Any, Any, Any]) -> None:
    """Refuse what each reader of an address, and each database, would take for something else."""
    sent = unquote_to_bytes(request.scope["raw_path"] + b"?" + request.scope["query_string"])
    if b"\0" in sent or sent.decode(errors="ignore").encode() != sent:
        raise Malformed("address_unreadable", N_("This address holds what cannot be read as text."))


def _require_same_site(request: Request[Any, Any, Any]) -> None:
    fetched_from = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    elsewhere = origin is not None and origin.split("://")[-1] != host
    if fetched_from in {"cross-site", "same-site"} or (fetched_from is None and elsewhere):
        raise NotAllowed("other_site", N_("This was sent by a page of another site. Nothing was changed."))


def _require_csrf(secret: str, given: str) -> None:
    if not hmac.compare_digest(csrf_token(secret).encode(), given.encode("utf-8", "replace")):
        message = N_("This page is out of date. Load it again, then repeat what you did.")
        raise NotAllowed("page_stale", message)


def _holds_file(request: Request[Any, Any, Any]) -> bool:
    """Whether a page's form came with a file; programs send files as they are."""
    sent = request.headers.get("content-type", "")
    return sent.startswith(_FORM_WITH_FILE) and not request.url.path.startswith(FOR_PROGRAMS)


def _command_id(given: object) -> UUID | None:
    if not given:
        return None
    try:
        return UUID(str(given))
    except ValueError:
        message = N_("The command id must be a UUID.")
        raise Malformed("command_id_unreadable", message, field="Idempotency-Key") from None


def _fingerprint(form: Any) -> bytes:
    told = sorted((name, str(value)) for name, value in form.multi_items() if name not in _OURS)
    return repr(told).encode()


# --- how a refusal looks ---


class WrongMedia(Refusal):
    """Sent as another media type than the address takes."""


class TooSlow(Refusal):
    """Nothing more came of a body for too long."""


class LargeHeaders(Refusal):
    """More headers, or longer ones, than any browser or program needs."""


STATUS: Mapping[type[Refusal], int] = {
    WrongMedia: 415,
    TooSlow: 408,
    LargeHeaders: 431,
    errors.Malformed: 400,
    errors.Refusals: 400,
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.RuleBroken: 422,
    errors.TooOften: 429,
    errors.Busy: 503,
}

_FRAMEWORK: Mapping[int, tuple[str, str]] = {
    400: ("unreadable", N_("What was sent cannot be read.")),
    404: ("not_found", N_("There is nothing at this address.")),
    405: ("method_not_allowed", N_("This address does not take that method.")),
    413: ("too_large", N_("What was sent is too large.")),
    415: ("wrong_media_type", N_("Send this as application/json.")),
    429: ("too_many", N_("Too many requests. Wait a moment.")),
}
_BROKEN = ("broken", N_("Something is wrong on our side. Nothing was changed. Tell us request %(request)s."))


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal; of several, that of a broken rule only when nothing was unreadable."""
    if isinstance(refusal, _Framework):
        return refusal.status
    if isinstance(refusal, Refusals) and refusal.each:
        return max(status_of(each) for each in refusal.each) if _only_rules(refusal) else 400
    return next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)


def _only_rules(refusal: Refusals) -> bool:
    return all(not isinstance(each, Malformed) for each in refusal.each)


def in_words(refusal: Refusal, language: str | None = None) -> str:
    """A refusal in the reader's language, or in a stated one."""
    return texts.in_language(language or texts.language.get(), refusal.message, refusal.facts)


def problem(refusal: Refusal) -> dict[str, Any]:
    """A refusal as a problem document (RFC 9457) with our slug, the facts, and each field in `errors`."""
    told: dict[str, Any] = {
        "type": "about:blank",
        "title": refusal.slug,
        "status": status_of(refusal),
        "detail": in_words(refusal),
    }
    if refusal.field:
        told["field"] = refusal.field
    if refusal.line:
        told["line"] = refusal.line
    if refusal.facts:
        told["facts"] = refusal.facts
    if isinstance(refusal, Refusals):
        told["errors"] = [_fault(each) for each in refusal.each]
    return told


def _fault(each: Refusal) -> dict[str, Any]:
    told = {"field": each.field, "title": each.slug, "detail": in_words(each)}
    return {**told, "line": each.line} if each.line else told


def headers_of(refusal: Refusal) -> dict[str, str]:
    """What goes with a refusal: that it is ours, and not of something between, and when to come again."""
    beside = {
        408: {"Connection": "close"},
        429: {"Retry-After": str(refusal.facts.get("seconds", 2))},
        503: {"Retry-After": "2"},
    }
    return {"X-Refusal": refusal.slug, **beside.get(status_of(refusal), {})}


def refuse(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Any]:
    """Answer with a refusal: problem JSON under /api/, a page or its fragment elsewhere."""
    status = status_of(refusal)
    headers = headers_of(refusal)
    if request.url.path.startswith(FOR_PROGRAMS):
        return Response(problem(refusal), status_code=status, media_type=PROBLEM, headers=headers)
    if status == 401 and request.method == "GET":
        return Redirect(f"/sign-in?next={_local(request)}")
    fragment = "hx-request" in request.headers or request.headers.get("x-fragment") == "1"
    name = "refusal.html" if fragment else "refusal_page.html"
    both = [in_words(refusal, language) for language in texts.LANGUAGES]
    door: Door | None = request.state.get("door")
    context = {"refusal": problem(refusal), "both": both, "me": door.actor if door else None}
    return Template(name, context=context, status_code=status, headers=headers, media_type=MediaType.HTML)


def on_refusal(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Any]:
    """Litestar's hook for what we refuse."""
    return refuse(request, refusal)


def on_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Litestar's own errors, through one table to our words."""
    slug, message = _FRAMEWORK.get(error.status_code, _FRAMEWORK[400])
    if error.status_code == 400 and isinstance(error.extra, list):
        response = refuse(request, Refusals(slug, message, [_at_field(each) for each in error.extra]))
    else:
        response = refuse(request, _Framework(slug, message, status=error.status_code))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _at_field(told: Any) -> Malformed:
    """One parameter that Litestar could not read; its own words are for programmers and not repeated."""
    field = str(told.get("key", "")) if isinstance(told, dict) else ""
    return Malformed("unreadable", N_("This cannot be read, or is out of range."), field=field[:60] or None)


def on_no_file(request: Request[Any, Any, Any], _: Exception) -> Response[Any]:
    """A name that no file can have, since it is too long or holds a NUL."""
    return on_framework(request, NotFoundException())


def on_unreadable(request: Request[Any, Any, Any], _: Exception) -> Response[Any]:
    """Bytes that are not UTF-8, JSON that is not JSON or too deep: unreadable, and not our fault."""
    return refuse(request, Malformed(*_FRAMEWORK[400]))


def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """What nobody foresaw: logged with its request, told without any detail of ours."""
    if _is_unreadable(error):
        return on_unreadable(request, error)
    log.error("unforeseen", exc_info=error)
    name = str(structlog.contextvars.get_contextvars().get("request_id", "-"))
    return refuse(request, _Framework(*_BROKEN, status=500, request=name))


def _is_unreadable(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, UnicodeDecodeError | SerializationException | RecursionError):
            return True
        error = error.__cause__ or error.__context__
    return False


class _Framework(Refusal):
    def __init__(self, slug: str, message: str, *, status: int, **facts: errors.Fact) -> None:
        super().__init__(slug, message, field=None, **facts)
        self.status = status


def _local(request: Request[Any, Any, Any]) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(request.url.path + query, safe="/")
