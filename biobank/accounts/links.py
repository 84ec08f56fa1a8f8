"""Links by which somebody chooses a password, once, within a day."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import clock, people
from biobank.tables import FirstLink, Person

FIRST_LINK_LASTS = timedelta(hours=24)


class Invited(msgspec.Struct, frozen=True):
    """A person who can choose a password until the link ends; without an end, one who has done so.

    The link's secret is not kept.
    """

    id: UUID
    name: str
    ends: datetime | None


def invite(session: Session, person: Person, secret: str) -> Invited:
    """Make a link of this secret; those that the person has stay as they are."""
    ends = clock.now() + FIRST_LINK_LASTS
    session.add(FirstLink(person_id=person.id, secret_hash=people.hashed(secret), ends_at=ends))
    session.flush()
    return Invited(person.id, person.name, ends)


def end_links(session: Session, person_id: UUID) -> None:
    """End every link of a person, who is locked: whoever holds one must not choose the password with it."""
    asked = select(FirstLink).where(col(FirstLink.person_id) == person_id, col(FirstLink.used_at).is_(None))
    for link in session.exec(asked):
        link.used_at = clock.now()
