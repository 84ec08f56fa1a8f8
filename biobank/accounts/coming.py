"""Where somebody is signed in, their leaving everywhere at once, and a new link for a forgotten password."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import update
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.accounts.links import Invited, end_links, invite
from biobank.accounts.persons import person_by_name
from biobank.custody import Kind
from biobank.errors import RuleBroken
from biobank.inputs import Input, Line
from biobank.people import Actor, May
from biobank.tables import Person, SignIn, Station
from biobank.texts import N_


class LinkOrder(Input):
    """Somebody who forgot the password, or lost the first link."""

    name: Line


class SignInRow(msgspec.Struct, frozen=True):
    """A browser that somebody is signed in with: from when to when, where, by badge or not."""

    id: UUID
    opened: datetime
    ends: datetime
    station: str
    by_badge: bool


def sign_ins(session: Session, actor: Actor, name: str) -> list[SignInRow]:
    """Where somebody is signed in, newest first. Refused: others' to whoever does not administer."""
    if name != actor.name:
        people.require(actor, May.ADMINISTER)
    asked = (
        select(SignIn, Station.name)
        .join(Person, col(Person.id) == col(SignIn.person_id))
        .outerjoin(Station, col(Station.id) == col(SignIn.station_id))
        .where(col(Person.name) == name, col(SignIn.ended_at).is_(None), col(SignIn.ends_at) > clock.now())
        .order_by(col(SignIn.id).desc())
    )
    return [
        SignInRow(each.id, each.opened_at, each.ends_at, station or "", each.by_badge)
        for each, station in session.exec(asked)
    ]


def sign_out_everywhere(session: Session, actor: Actor, name: str) -> int:
    """End every sign-in of somebody: one's own, or as who administers that of another. How many there were.

    The log tells who ended those of another, as it tells who ended a token.
    Refused: others' to whoever does not administer, or reaches less far than they do.
    """
    other = None if name == actor.name else person_by_name(session, actor, name)
    ended = _end_sign_ins(session, other.id if other else actor.id)
    if other and ended:
        _note(session, actor, other, {"sign_ins_ended": str(ended)})
    return ended


def new_link(session: Session, actor: Actor, order: LinkOrder, secret: str) -> Invited:
    """Give somebody who forgot the password a new link, made of `secret`: the only one that still works.

    The old password and every sign-in end at once; the badge, the PIN and tokens stay. The log tells who
    gave it. Refused: to whoever does not administer, or reaches less far than that person does; oneself.
    """
    person = person_by_name(session, actor, order.name)
    if person.id == actor.id:
        message = N_("Nobody gives themselves a new link. Ask another administrator.")
        raise RuleBroken("link_own", message, field="name")
    person.password_hash = None
    end_links(session, person.id)
    made = invite(session, person, secret)
    ended = _end_sign_ins(session, person.id)
    _note(session, actor, person, {"link": "given", **({"sign_ins_ended": str(ended)} if ended else {})})
    return made


# --- how ---


def _end_sign_ins(session: Session, person_id: UUID) -> int:
    live = (
        col(SignIn.person_id) == person_id,
        col(SignIn.ended_at).is_(None),
        col(SignIn.ends_at) > clock.now(),
    )
    found = session.exec(select(SignIn.id).where(*live)).all()
    session.connection().execute(update(SignIn).where(col(SignIn.id).in_(found)).values(ended_at=clock.now()))
    return len(found)


def _note(session: Session, actor: Actor, person: Person, refs: dict[str, str]) -> None:
    custody.lock(session, [person.id])
    custody.record(session, actor, person, Kind.CHANGED, refs=refs)
