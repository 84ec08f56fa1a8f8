"""People and the tokens they give to programs."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from biobank import accounts, clock
from biobank.accounts import Invited, PersonOrder, PersonRow, TokenMade, TokenOrder
from biobank.api.documents import noun
from biobank.web import FIRST_LINK, OpenDoor


class Invitation(msgspec.Struct, frozen=True):
    """A person who was added, with the address that lets them choose a password, once. It is shown once."""

    id: UUID
    name: str
    link: str | None
    ends: datetime | None


class NewToken(msgspec.Struct, frozen=True):
    """A token with its secret, which is shown once: send it as `Authorization: Bearer ...`."""

    id: UUID
    name: str
    secret: str
    ends: datetime


@post("/people", sync_to_thread=True)
def add_person(door: OpenDoor, data: JSONBody[PersonOrder]) -> Invitation:
    """Add a person, or give one a further role; who never came in gets a first link."""
    secret = clock.new_secret()
    told = door.act_once(lambda session, actor: accounts.add_person(session, actor, data, secret), Invited)
    return Invitation(told.id, told.name, FIRST_LINK + secret if told.ends else None, told.ends)


@get("/people", sync_to_thread=True)
def list_people(door: OpenDoor) -> list[PersonRow]:
    """Everybody with an account, by name."""
    return door.ask(accounts.everyone)


@post("/tokens", sync_to_thread=True)
def make_token(door: OpenDoor, data: JSONBody[TokenOrder]) -> NewToken:
    """Make a token with your own rights. Only a person who is signed in can."""
    secret = clock.new_secret()
    told = door.act_once(lambda session, actor: accounts.make_token(session, actor, data, secret), TokenMade)
    return NewToken(told.id, told.name, secret, told.ends)


router = noun("people", [add_person, list_people, make_token])
