"""A person with a browser that runs no scripts: forms carry the page's token and a command id."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from biobank import clock, specimens, storage, web
from tests.quick import app_of
from tests.world import SECRETS, TECHNICIAN, World

Values = Mapping[str, Any]


class Visitor:
    """Somebody signed in, who follows no redirect by themselves."""

    def __init__(self, client: TestClient[Litestar], secret: str) -> None:
        self.client = client
        self.secret = secret
        if secret:
            client.cookies.set(web.COOKIE, secret)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers, follow_redirects=False)

    def post(self, path: str, told: Values, command: str = "", **headers: str) -> httpx.Response:
        form = {"csrf": web.csrf_token(self.secret), "command": command or str(clock.new_key()), **told}
        return self.client.post(path, data=form, headers=headers, follow_redirects=False)

    def scan(self, code: str, mode: str = "lookup", box: str = "", command: str = "", **more: str) -> str:
        """What the bench answers to one scan; `more` is what else the page sends with it."""
        told = {"scan": code, "mode": mode, "box": box, "source": "scan", "corrected": "false", **more}
        answer = self.post("/bench/scans", told, command)
        assert answer.status_code == 200, answer.text
        return answer.text


def visit(world: World, person: str = TECHNICIAN) -> Visitor:
    """A visitor of a world, signed in as one of its people; nobody for an empty name."""
    return Visitor(TestClient(app_of(world)), SECRETS[person] if person else "")


def outcome(answer: str) -> str:
    found = re.search(r'data-outcome="(\w+)"', answer)
    return found[1] if found else ""


def where(world: World, code: str) -> tuple[str, str]:
    """The name of the box and the slot; empty where it is in none."""
    card = world.ask(lambda session, actor: specimens.card(session, actor, code))
    return (card.place[-1].name, card.place[-1].slot) if card.place else ("", "")


def inside(world: World, code: str) -> list[str]:
    """The containers directly in one."""
    return [row.code for row in world.ask(lambda session, actor: storage.contents(session, actor, code))]


def events(world: World, code: str) -> int:
    """How much has happened to a tube."""
    return len(world.ask(lambda session, actor: specimens.timeline(session, actor, code)))
