"""Entity tags: an answer to a question carries the hash of its bytes, and is not sent again for nothing."""

import hashlib

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

_KEPT = {b"etag", b"vary", b"content-location", b"expires", b"cache-control", b"set-cookie"}
"""What RFC 9110, section 15.4.5, asks of a 304 where the whole answer would have it."""


class Tagged(ASGIMiddleware):
    """Gives each whole answer to a GET a strong tag, and answers 304 to who has these bytes already.

    RFC 9110, sections 8.8.3 and 13.1.2. What is sent in parts has no tag: its bytes are not known ahead.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Hold the head back until the body is there."""
        if scope.get("method") != "GET":
            await next_app(scope, receive, send)
            return
        known = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
        held: HTTPResponseStartEvent | None = None

        async def sending(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and message["status"] == 200:
                held = message
                return
            if message["type"] == "http.response.body" and held:
                start, held = held, None
                if not message["more_body"]:
                    tag = tag_of(message["body"])
                    start["headers"] = [*start["headers"], (b"etag", tag)]
                    if _names(known, tag):
                        start["status"] = 304
                        start["headers"] = [pair for pair in start["headers"] if pair[0].lower() in _KEPT]
                        message["body"] = b""
                await send(start)
            await send(message)

        await next_app(scope, receive, sending)


def tag_of(body: bytes) -> bytes:
    """The strong tag of some bytes."""
    return b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'


def _names(known: bytes, tag: bytes) -> bool:
    """Whether `If-None-Match` names the tag, by the weak comparison that RFC 9110 asks for there."""
    return known.strip() == b"*" or tag in {each.strip().removeprefix(b"W/") for each in known.split(b",")}
