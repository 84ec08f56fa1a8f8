"""The way in over HTTP: what is refused unread, the request's name and language, its headers and log line."""

import asyncio
import re
import time
from collections.abc import Mapping

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

from biobank import clock, texts, web
from biobank.errors import Malformed, Refusal
from biobank.settings import Settings
from biobank.texts import N_
from biobank.web import LargeHeaders, TooSlow

log = structlog.get_logger("biobank")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; object-src 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
MOST_HEADERS, LONGEST_HEADERS = 100, 32 * 1024
"""How many headers a request may have, and how many bytes they may be together."""

SILENCE = 30.0
"""Seconds that a sender may be silent in the middle of a body."""

_HEARD = {b"x-request-id", b"content-type", b"cookie", b"accept-language", b"host"}
_HOST = re.compile(rb"(?:[A-Za-z0-9._~%-]*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?")
_LANGUAGE_COOKIE = re.compile(r"(?:^|;\s*)language=([A-Za-z_-]{2,10})")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_PROBES = {"/healthz", "/readyz"}
"""What watches a server asks it by its address, whatever name people know it by."""


class Incoming(ASGIMiddleware):
    """Names each request, sets its language, adds the security headers, writes its log line. No database."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, settings: Settings, silence: float = SILENCE) -> None:
        self.headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        if settings.secure:
            self.headers.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
        self.hosts = {host.lower().encode() for host in settings.hosts}
        self.silence = silence

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Run the request inside its own name and language."""
        started = time.perf_counter()
        heard = {name: value for name, value in scope["headers"] if name in _HEARD}
        refusal = self._refusal(scope)
        if not _is_host(heard.get(b"host", b"")):
            # No address can be read from it, and every reader of the request's address would fall.
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"host"]
        asked = heard.get(b"x-request-id", b"").decode("latin-1")
        name = asked if _REQUEST_ID.fullmatch(asked) else clock.new_key().hex
        web.sent_form.set(heard.get(b"content-type", b"").startswith(web.FORM.encode()))
        texts.language.set(_language(heard))
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message["headers"])
                headers += self.headers
                headers.append((b"x-request-id", name.encode()))
                if not scope["path"].startswith("/static/"):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=name):
            try:
                if refusal:
                    await _answer(scope, sending, refusal)
                else:
                    await next_app(scope, self._patient(scope, receive), sending)
            finally:
                took = round((time.perf_counter() - started) * 1000, 2)
                path = _without_secret(scope["path"])
                log.info("request", method=scope.get("method"), path=path, status=status, ms=took)

    def _refusal(self, scope: Scope) -> Refusal | None:
        """Why a request is not looked into at all."""
        headers = list(scope["headers"])
        if len(headers) > MOST_HEADERS or sum(len(n) + len(v) for n, v in headers) > LONGEST_HEADERS:
            message = N_("The headers of this request are too many or too long.")
            return LargeHeaders("headers_too_large", message)
        if self.hosts and scope["path"] not in _PROBES and not self._is_ours(headers):
            return Malformed("host_unknown", N_("This server is not known by that name."))
        return None

    def _is_ours(self, headers: list[tuple[bytes, bytes]]) -> bool:
        told = [value.lower() for name, value in headers if name == b"host"]
        return len(told) == 1 and bool({told[0], re.sub(rb":[0-9]*$", b"", told[0])} & self.hosts)

    def _patient(self, scope: Scope, receive: Receive) -> Receive:
        """The parts of a body as they come. Refused: silence in its middle, and a body that breaks off."""
        is_whole = scope.get("method") in {"GET", "HEAD"}

        async def received() -> ReceiveMessage:
            nonlocal is_whole
            if is_whole:
                return await receive()
            try:
                async with asyncio.timeout(self.silence):
                    message = await receive()
            except TimeoutError:
                raise TooSlow("body_too_slow", N_("Nothing more came for too long. Send it again.")) from None
            if message["type"] != "http.request":
                raise Malformed("body_cut", N_("What was sent broke off. Send it again."))
            is_whole = not message.get("more_body", False)
            return message

        return received


async def _answer(scope: Scope, send: Send, refusal: Refusal) -> None:
    """Say a refusal where nobody shall read on: without a page, and the connection ends."""
    headers = {**web.headers_of(refusal), "Connection": "close"}
    if scope["path"].startswith(web.FOR_PROGRAMS):
        headers["Content-Type"], body = web.PROBLEM, msgspec.json.encode(web.problem(refusal))
    else:
        headers["Content-Type"], body = "text/plain; charset=utf-8", web.in_words(refusal).encode()
    headers["Content-Length"] = str(len(body))
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": web.status_of(refusal), "headers": pairs})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _without_secret(path: str) -> str:
    """A path as it may be logged: whoever reads the log must not come in by a link that works once."""
    links = (web.FIRST_LINK, web.CLAIM_LINK)
    return next((f"{link}..." for link in links if path.startswith(link)), path)


def _is_host(sent: bytes) -> bool:
    """Whether it is a host with a port at most (RFC 9110, section 7.2)."""
    found = _HOST.fullmatch(sent)
    return found is not None and int(found[1] or 0) < 2**16


def _language(heard: Mapping[bytes, bytes]) -> str:
    cookie = _LANGUAGE_COOKIE.search(heard.get(b"cookie", b"").decode("latin-1"))
    accepted = heard.get(b"accept-language", b"").decode("latin-1")
    return texts.chosen(cookie[1] if cookie else None, accepted)
