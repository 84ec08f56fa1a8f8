"""People and the tokens they give to programs."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import JSONBody, QueryParameter

from biobank import accounts, clock, people, stations
from biobank.accounts import (
    Invited,
    LinkOrder,
    PersonOrder,
    PersonRow,
    TokenEnd,
    TokenMade,
    TokenOrder,
    TokenRow,
)
from biobank.api.answers import Named
from biobank.api.documents import noun
from biobank.stations import PinOrder
from biobank.web import FIRST_LINK, OpenDoor

Every = Annotated[bool, QueryParameter(description="Everybody's, not only your own.")]


class Invitation(msgspec.Struct, frozen=True):
    """A person, with the address that lets them choose a password, once. It is shown once."""

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
    return _invitation(told, secret)


@post("/person-links", sync_to_thread=True)
def link_person(door: OpenDoor, data: JSONBody[LinkOrder]) -> Invitation:
    """Give somebody who forgot the password a new link; the old password and their sign-ins end at once."""
    secret = clock.new_secret()
    told = door.act_once(lambda session, actor: accounts.new_link(session, actor, data, secret), Invited)
    return _invitation(told, secret)


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


@get("/tokens", sync_to_thread=True)
def list_tokens(door: OpenDoor, every: Every = False) -> list[TokenRow]:  # noqa: FBT002 - a flag of an address
    """Your tokens that still last, the newest first; or everybody's, for an administrator."""
    return door.ask(lambda session, actor: accounts.tokens(session, actor, every=every))


@post("/token-ends", sync_to_thread=True, status_code=200)
def end_token(door: OpenDoor, data: JSONBody[TokenEnd]) -> TokenRow:
    """End a token at once: your own, or as an administrator somebody's."""
    return door.act(lambda session, actor: accounts.end_token(session, actor, data), TokenRow)


@get("/me", sync_to_thread=True)
def get_me(door: OpenDoor) -> PersonRow:
    """Who you are, and what you may do where."""
    return door.ask(accounts.oneself)


@post("/pins", sync_to_thread=True, status_code=200, opt={"secret": True})
def choose_pin(door: OpenDoor, data: JSONBody[PinOrder]) -> Named:
    """Choose the PIN that confirms your badge at a bench, with your password. A token cannot."""
    pin = stations.require_pin(data)
    proved = door.prove(lambda session, actor: stations.prove_owner(session, actor, data))
    kept = people.hash_password(pin)
    return Named(door.act(lambda session, actor: stations.choose_pin(session, actor, kept, proved), str))


def _invitation(told: Invited, secret: str) -> Invitation:
    return Invitation(told.id, told.name, FIRST_LINK + secret if told.ends else None, told.ends)


HANDLERS = noun(
    "people",
    [add_person, link_person, list_people, get_me, make_token, list_tokens, end_token, choose_pin],
)
