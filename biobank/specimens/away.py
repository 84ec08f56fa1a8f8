"""What is out of its box: which tubes, with whom, since when."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from biobank import people
from biobank.people import Actor, May
from biobank.tables import Person, Specimen


class Away(msgspec.Struct, frozen=True):
    """A tube that is out: who took it, and when."""

    code: str
    material: str
    holder: str
    since: datetime


def away(session: Session, actor: Actor, limit: int = 50) -> list[Away]:
    """The tubes in the actor's scope that are out, those out longest first."""
    asked = (
        select(Specimen.code, Specimen.material, Person.name, Specimen.out_since)
        .join(Person, col(Person.id) == col(Specimen.out_with))
        .where(col(Specimen.out_since).is_not(None), people.visible(actor, May.SEE, Specimen))
        .order_by(col(Specimen.out_since), col(Specimen.code))
        .limit(limit)
    )
    return [Away(code, material, name, since) for code, material, name, since in session.exec(asked) if since]
