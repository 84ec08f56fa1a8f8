"""A program that talks to the API as a person of the test world."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import func, select
from sqlmodel import SQLModel

from biobank import accounts, clock, inputs, people, web
from tests.world import MANAGER, SECRETS, TECHNICIAN, World

V1 = "/api/v1"


class Program:
    """Sends what it is told with a session, its page's token, and a new command id each time."""

    def __init__(self, world: World, client: TestClient[Litestar]) -> None:
        self.world = world
        self.client = client
        self.secrets = dict(SECRETS)

    def join(self, name: str, role: str, study: str | None = None, site: str | None = None) -> None:
        """Add a person with one grant, who signs in and can be acted for."""
        order = inputs.read(accounts.PersonOrder, {"name": name, "role": role, "study": study, "site": site})
        link, self.secrets[name] = clock.new_secret(), clock.new_secret()
        self.world.act(lambda s, a: accounts.add_person(s, a, order, link), person=MANAGER)
        kept, secret = people.hash_password("five words that make one"), self.secrets[name]
        self.world.database.write(lambda s: accounts.choose_password(s, link, kept, secret))

    def get(self, path: str, *, person: str = TECHNICIAN, **query: str | int) -> Response:
        """Ask at an address under /api/v1."""
        return self.client.get(V1 + path, params=query or None, headers=signed_in(person, self.secrets))

    def post(
        self,
        path: str,
        order: Any = None,
        *,
        person: str = TECHNICIAN,
        key: UUID | None = None,
        content: bytes | None = None,
        **headers: str,
    ) -> Response:
        """Send an order, as JSON or as the bytes given."""
        sent = {"Idempotency-Key": str(key or uuid4()), **signed_in(person, self.secrets)}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if content is not None:
            sent = {"Content-Type": "application/json", **sent}
            return self.client.post(V1 + path, content=content, headers=sent)
        return self.client.post(V1 + path, json=order, headers=sent)

    def made(self, path: str, order: Any, **how: Any) -> Any:
        """Send an order that is done, and its answer."""
        answer = self.post(path, order, **how)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def told(self, path: str, **how: Any) -> Any:
        """Ask what has an answer, and the answer."""
        answer = self.get(path, **how)
        assert answer.status_code == 200, answer.text
        return answer.json()


def signed_in(person: str, secrets: Mapping[str, str] = SECRETS) -> dict[str, str]:
    """What a page of that person sends along."""
    secret = secrets[person]
    return {"Cookie": f"{web.COOKIE}={quoted(secret)}", "X-CSRF-Token": web.csrf_token(secret)}


def quoted(secret: str) -> str:
    """A secret of the test world as a cookie carries it: those have spaces and commas."""
    return f'"{secret}"'


def rows(world: World) -> dict[str, int]:
    """How many rows each table has: what was refused must leave them all as they were.

    But for the wrong passwords, which are counted although they are refused.
    """
    tables = [table for table in SQLModel.metadata.sorted_tables if table.name != "password_tries"]
    return world.database.read(
        lambda session: {
            table.name: session.connection().execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        }
    )


def fields(answer: Response) -> set[str]:
    """The fields that a refusal names."""
    told = answer.json()
    return {each["field"] for each in told.get("errors", [])} | (
        {told["field"]} if "field" in told else set()
    )
