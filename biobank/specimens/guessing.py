"""What a code could be that names nothing yet: visits where tubes are still expected, identifiers like it."""

from uuid import UUID

import msgspec
from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank import clock, codes, people
from biobank.participants.scheduling import site_day
from biobank.people import Actor, May
from biobank.tables import Identifier, Life, Participant, Site, Specimen, Study, Visit

SHORTEST = 4
"""A shorter text is in too many identifiers to tell anything."""

# --- words ---


class Awaiting(msgspec.Struct, frozen=True):
    """A visit of today at which `tubes` are expected that nobody has scanned yet."""

    visit: str
    study: str
    participant: str
    event: str
    tubes: int


class Alike(msgspec.Struct, frozen=True):
    """A tube with an identifier that contains what was scanned."""

    code: str
    scheme: str
    value: str
    retired: bool


# --- questions ---


def awaiting(session: Session, actor: Actor, site_id: UUID, limit: int = 5) -> list[Awaiting]:
    """The visits that came today at a site and still expect tubes, those that expect most first."""
    site = session.get_one(Site, site_id)
    count = func.count(col(Specimen.id))
    asked = (
        core_select(col(Visit.code), col(Study.code), col(Participant.pseudonym), col(Visit.label), count)
        .select_from(Visit)
        .join(Specimen, col(Specimen.visit_id) == col(Visit.id))
        .join(Participant, col(Participant.id) == col(Visit.participant_id))
        .join(Study, col(Study.id) == col(Participant.study_id))
        .where(
            col(Visit.came_on) == site_day(site.time_zone, clock.now()),
            col(Specimen.site_id) == site_id,
            col(Specimen.life) == Life.EXPECTED,
            people.visible(actor, May.SEE, Specimen),
        )
        .group_by(col(Visit.code), col(Study.code), col(Participant.pseudonym), col(Visit.label))
        .order_by(count.desc(), col(Visit.code))
        .limit(limit)
    )
    return [Awaiting(*found) for found in session.execute(asked).all()]


def alike(session: Session, actor: Actor, text: str, limit: int = 50) -> list[Alike]:
    """Tubes in the actor's scope with an identifier that contains a text of at least four characters.

    It is for a person who chooses by eye: no scan is ever taken for a code that is only like it.
    """
    folded = codes.fold(text)
    if len(folded) < SHORTEST:
        return []
    asked = (
        select(Specimen.code, Identifier.scheme, Identifier.value, Identifier.retired_at)
        .join(Identifier, col(Identifier.specimen_id) == col(Specimen.id))
        .where(func.upper(col(Identifier.value)).contains(folded, autoescape=True))
        .where(people.visible(actor, May.SEE, Specimen))
        .order_by(col(Identifier.value), col(Specimen.code))
        .limit(limit)
    )
    return [
        Alike(code, scheme, value, retired is not None)
        for code, scheme, value, retired in session.exec(asked)
    ]
