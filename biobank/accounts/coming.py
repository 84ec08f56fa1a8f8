"""Where somebody is signed in at this moment, and their leaving everywhere at once."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import update
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.accounts.persons import person_by_name
from biobank.custody import Kind
from biobank.people import Actor, May
from biobank.tables import Person, SignIn, Station


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
    live = (
        col(SignIn.person_id) == (other.id if other else actor.id),
        col(SignIn.ended_at).is_(None),
        col(SignIn.ends_at) > clock.now(),
    )
    found = session.exec(select(SignIn.id).where(*live)).all()
    session.connection().execute(update(SignIn).where(col(SignIn.id).in_(found)).values(ended_at=clock.now()))
    if other and found:
        custody.lock(session, [other.id])
        custody.record(session, actor, other, Kind.CHANGED, refs={"sign_ins_ended": str(len(found))})
    return len(found)
