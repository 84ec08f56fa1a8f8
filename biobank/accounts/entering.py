"""Coming in: by a first link, a name and a password, or a token; staying in, and going."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, col, select

from biobank import clock, custody, people, tries
from biobank.accounts.links import end_links
from biobank.custody import Kind
from biobank.errors import NotFound, NotSignedIn, RuleBroken
from biobank.inputs import Input, Line, Whole
from biobank.people import Actor, May
from biobank.tables import FirstLink, Person, SignIn, Token
from biobank.texts import N_

SESSION_LASTS = timedelta(hours=12)


# --- words ---


class TokenOrder(Input):
    """A key for a program: what it is for, and for how many days (a year at most)."""

    name: Annotated[Line, Field(max_length=60)]
    days: Whole = 90


class SignInOrder(Input):
    """A name and its password, exactly as typed."""

    name: str
    password: str


class PasswordOrder(Input):
    """The password a person chooses by the first link, twice."""

    password: str
    again: str


class Recognised(msgspec.Struct, frozen=True):
    """Whose name and password it was, and the hash that it fits: a password may end a moment later."""

    id: UUID
    proved: str


class TokenMade(msgspec.Struct, frozen=True):
    """A token without its secret, which is shown once by whoever made it."""

    id: UUID
    name: str
    ends: datetime


# --- rules ---


def require_password(order: PasswordOrder) -> str:
    """Refused: fewer than 15 characters, more than 256, or two that differ. Nothing else is asked of it."""
    shortest, longest = people.SHORTEST_PASSWORD, people.LONGEST_PASSWORD
    if not shortest <= len(order.password) <= longest:
        message = N_("A password has %(shortest)s to %(longest)s characters. A few words make a good one.")
        raise RuleBroken("password_length", message, field="password", shortest=shortest, longest=longest)
    if order.password != order.again:
        raise RuleBroken("passwords_differ", N_("The two passwords differ. Type them again."), field="again")
    return order.password


# --- actions ---


def make_token(session: Session, actor: Actor, order: TokenOrder, secret: str) -> TokenMade:
    """Give a program a key with the actor's own rights.

    Refused: more than a year, a token making tokens, a badge making what reaches further than a badge.
    """
    people.require(actor, May.SEE)
    if actor.by_token:
        raise RuleBroken("token_from_token", N_("A token cannot make tokens. Sign in to make one."))
    if actor.by_badge:
        raise RuleBroken(
            "token_by_badge", N_("A badge makes no tokens. Sign in with your password to make one.")
        )
    if not 1 <= order.days <= 366:
        message = N_("A token lasts from 1 to 366 days.")
        raise RuleBroken("token_days", message, field="days")
    ends = clock.now() + timedelta(days=order.days)
    token = Token(person_id=actor.id, name=order.name, secret_hash=people.hashed(secret), ends_at=ends)
    session.add(token)
    person = session.get_one(Person, actor.id)
    custody.lock(session, [person.id])
    custody.record(session, actor, person, Kind.CHANGED, refs={"token": str(token.id)})
    return TokenMade(token.id, token.name, ends)


def choose_password(
    session: Session, link: str, password_hash: str, secret: str, station_id: UUID | None = None
) -> str:
    """Use the first link: keep the password, end every link of theirs, open a session. Answers the name.

    The password was required and hashed before, outside the transaction, since hashing is slow.
    """
    found = session.exec(
        select(FirstLink)
        .where(col(FirstLink.secret_hash) == people.hashed(link), col(FirstLink.used_at).is_(None))
        .with_for_update()
    ).first()
    if found is None or found.ends_at < clock.now():
        message = N_("This link was used already, or its time is over. Ask an administrator for a new one.")
        raise NotFound("link_over", message)
    # The person is locked before their links are ended: one that is made meanwhile must be seen.
    person = session.get_one(Person, found.person_id, with_for_update=True)
    end_links(session, person.id)
    person.password_hash = password_hash
    tries.forget(session, person.name)
    open_session(session, person.id, secret, station_id)
    return person.name


def come_in(session: Session, who: Recognised, secret: str, station_id: UUID | None = None) -> None:
    """Open a session for who was recognised. Refused: `NotSignedIn` where the password ended since."""
    person = session.get_one(Person, who.id, with_for_update=True)
    if not person.active or person.password_hash != who.proved:
        raise _wrong()
    open_session(session, person.id, secret, station_id)


def open_session(session: Session, person_id: UUID, secret: str, station_id: UUID | None = None) -> None:
    """Open a session under a secret that the caller made for it: its id is never one that a client chose.

    At an enrolled bench with that bench's id: all that is done there names it.
    """
    now = clock.now()
    session.add(
        SignIn(
            person_id=person_id,
            secret_hash=people.hashed(secret),
            opened_at=now,
            ends_at=now + SESSION_LASTS,
            station_id=station_id,
        )
    )


def sign_out(session: Session, secret: str) -> None:
    """End the session of this secret, at the server."""
    asked = select(SignIn).where(col(SignIn.secret_hash) == people.hashed(secret))
    for open_session in session.exec(asked.where(col(SignIn.ended_at).is_(None))):
        open_session.ended_at = clock.now()


# --- questions ---


def recognise(session: Session, order: SignInOrder) -> Recognised:
    """Who has this name and this password. Refused alike, and after as long, for a wrong one of either.

    Asked by `door.recognise`, which counts what fails.
    """
    asked = select(Person).where(col(Person.name) == tries.folded(order.name), col(Person.active))
    person = session.exec(asked).first()
    kept = person.password_hash if person else None
    if not people.password_fits(order.password, kept) or person is None or kept is None:
        raise _wrong()
    return Recognised(person.id, kept)


# --- how ---


def _wrong() -> NotSignedIn:
    return NotSignedIn("sign_in_wrong", N_("The name or the password is not right."), field="password")
