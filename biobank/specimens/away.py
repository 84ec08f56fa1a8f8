"""What is out of its box: which tubes, with whom, since when."""

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from biobank import people
from biobank.people import Actor, May
from biobank.tables import Person, Site, Specimen


class Away(msgspec.Struct, frozen=True):
    """A tube that is out: who took it, and when; `time_zone` is its site's."""

    code: str
    material: str
    holder: str
    since: datetime
    time_zone: str


def away(session: Session, actor: Actor, limit: int = 50) -> list[Away]:
    """The tubes in the actor's scope that are out, those out longest first."""
    asked = (
        select(
            col(Specimen.code),
            col(Specimen.material),
            col(Person.name),
            col(Specimen.out_since),
            col(Site.time_zone),
        )
        .select_from(Specimen)
        .join(Person, col(Person.id) == col(Specimen.out_with))
        .join(Site, col(Site.id) == col(Specimen.site_id))
        .where(col(Specimen.out_since).is_not(None), people.visible(actor, May.SEE, Specimen))
        .order_by(col(Specimen.out_since), col(Specimen.code))
        .limit(limit)
    )
    return [Away(*row) for row in session.execute(asked)]
