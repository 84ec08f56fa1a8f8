"""The programmers' book is true: what it shows is asked in its order, and answered as it says."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.api.program import Program

BOOK = Path(__file__).parents[2] / "docs" / "api.md"
_SHOWN = re.compile(r"```http\n(.*?)\n```\s+```json (\d+)\n(.*?)```", re.DOTALL)


class Reader:
    """Does what the book shows, and remembers what its answers named."""

    def __init__(self, program: Program) -> None:
        self.client = program.client
        secret = program.made("/tokens", {"name": "book", "days": 1})["secret"]
        self.shown = {"Authorization": f"Bearer {secret}"}
        self.named: dict[str, str] = {}

    def ask(self, shown: str) -> Any:
        """Send a request as it is printed: method and address, headers, a body."""
        for name, value in self.named.items():
            shown = shown.replace(f"${name}", value)
        head, brace, body = shown.partition("{")
        first, *lines = head.strip().splitlines()
        method, path = first.split()
        headers = {**self.shown, **dict(line.split(": ", 1) for line in lines)}
        if brace:
            headers |= {"Content-Type": "application/json"}
            headers.setdefault("Idempotency-Key", str(uuid4()))
        answer = self.client.request(method, path, headers=headers, content=brace + body or None)
        self.named["etag"] = answer.headers.get("etag", "")
        return answer

    def require(self, printed: Any, told: Any, at: str = "answer") -> None:
        """Fails where the answer is not what is printed; it may tell more."""
        if isinstance(printed, dict):
            for name, value in printed.items():
                self.require(value, told[name], f"{at}.{name}")
        elif isinstance(printed, list):
            assert len(told) == len(printed), at
            for number, value in enumerate(printed):
                self.require(value, told[number], f"{at}.{number}")
        elif isinstance(printed, str) and printed.startswith("$"):
            self.named[printed[1:]] = told
        elif printed != "…":
            assert told == printed, at


def test_what_the_book_shows_is_what_happens(sqlite_program: Program) -> None:
    reader = Reader(sqlite_program)
    examples = _SHOWN.findall(BOOK.read_text("utf-8"))
    assert len(examples) >= 8
    for request, status, printed in examples:
        answer = reader.ask(request)
        assert answer.status_code == int(status), (request, answer.text)
        if printed.strip():
            reader.require(json.loads(printed), answer.json())
    assert sqlite_program.world.unproved() == []


def test_an_answer_that_is_not_as_printed_is_found(sqlite_program: Program) -> None:
    reader = Reader(sqlite_program)
    told = reader.ask("GET /api/v1/me").json()
    wrong: list[dict[str, Any]] = [{"name": "somebody"}, {"roles": []}, {"name": "…", "active": False}]
    for printed in wrong:
        with pytest.raises(AssertionError):
            reader.require(printed, told)


def test_every_bulk_form_stands_in_the_book(sqlite_program: Program) -> None:
    paths = sqlite_program.client.get("/schema/openapi.json").json()["paths"]
    bulk = {path.removeprefix("/api/v1") for path in paths if path.endswith("/bulk")}
    assert bulk
    assert bulk == set(re.findall(r"`(/[a-z-]+/bulk)`", BOOK.read_text("utf-8")))
