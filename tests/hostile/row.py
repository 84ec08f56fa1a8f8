"""A row of the table of bad input: what is sent, as whom, and what must come back."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from httpx import Response

from biobank import clock, web
from tests.api.program import Program, signed_in
from tests.world import TECHNICIAN

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
OURS = ("Traceback", "sqlalchemy", "psycopg", "sqlite3", "site-packages", "DETAIL:", "%(")
"""What no answer may tell: how we are made, or a place in our words that was not filled."""


class Row(msgspec.Struct, frozen=True):
    """One thing to send, and the refusal it must get: its status, its slug, and the field it names."""

    number: str
    method: str
    path: str
    status: int
    slug: str
    field: str = ""
    body: bytes | None = None
    headers: Mapping[str, str] = {}
    person: str = TECHNICIAN

    def send(self, program: Program) -> Response:
        """Send it, with the session of the row's person where it does not bring a session of its own."""
        sent = dict(self.headers)
        if self.person:
            sent = {**signed_in(self.person, program.secrets), **sent}
        if self.method == "POST":
            sent = {"Idempotency-Key": str(clock.new_key()), **sent}
        raw = [(name.encode(), value.encode()) for name, value in sent.items()]
        return program.client.request(
            self.method, self.path, content=self.body, headers=raw, follow_redirects=False
        )

    def faults(self, answer: Response) -> list[str]:
        """What is not as it must be."""
        found = [f"tells {word!r}" for word in OURS if word in answer.text]
        slug, fields = answer.headers.get("x-refusal", ""), self._fields(answer)
        if (answer.status_code, slug) != (self.status, self.slug):
            found.append(f"{answer.status_code} {slug}")
        if self.field and self.field not in fields:
            found.append(f"names {sorted(fields)}")
        return [f"{self.number} {self.method} {self.path[:120]} {(self.body or b'')[:160]!r}", *found] * bool(
            found
        )

    def _fields(self, answer: Response) -> set[str]:
        if answer.headers.get("content-type") != "application/problem+json" or not answer.content:
            return set()
        told = answer.json()
        named = {told.get("field")} | {each["field"] for each in told.get("errors", ())}
        return {each for each in named if each}


def order(number: str, path: str, body: Any, status: int, slug: str, field: str = "", **more: Any) -> Row:
    """An order to the API: bytes as they are, anything else as JSON. Headers are given in `headers`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": JSON, **more.pop("headers", {})}
    return Row(
        number=number,
        method="POST",
        path=f"/api/v1{path}",
        status=status,
        slug=slug,
        field=field,
        body=content,
        headers=headers,
        **more,
    )


def asked(number: str, path: str, status: int, slug: str, field: str = "", **more: Any) -> Row:
    """A question to the API, its address already quoted."""
    return Row(
        number=number, method="GET", path=f"/api/v1{path}", status=status, slug=slug, field=field, **more
    )


def page(number: str, path: str, status: int, slug: str, **more: Any) -> Row:
    """A page, its address already quoted."""
    return Row(number=number, method="GET", path=path, status=status, slug=slug, **more)


def form(
    number: str,
    path: str,
    told: Mapping[str, str | Sequence[str]] | bytes,
    status: int,
    slug: str,
    **more: Any,
) -> Row:
    """A form of a page, with the token that the page would have carried."""
    headers = {"Content-Type": FORM, **more.pop("headers", {})}
    content = told if isinstance(told, bytes) else urlencode(told, doseq=True).encode()
    return Row(
        number=number,
        method="POST",
        path=path,
        status=status,
        slug=slug,
        body=content,
        headers=headers,
        **more,
    )


def token(secret: str) -> str:
    """What a page of that session sends back."""
    return web.csrf_token(secret)
