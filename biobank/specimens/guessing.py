"""What a code could be that names nothing yet: visits where tubes are still expected, identifiers like it."""

from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank import clock, codes, people
from biobank.people import Actor, May
from biobank.tables import Identifier, Life, Participant, Specimen, Study, Visit

SHORTEST = 4
"""A shorter text is in too many identifiers to tell anything."""

OPEN = timedelta(days=1)
"""So long after it was begun a visit that still expects tubes counts as open."""

# --- words ---


class Awaiting(msgspec.Struct, frozen=True):
    """A visit begun today at which `tubes` are expected that nobody has scanned yet."""

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
    """The visits of a site that were begun in the last day and still expect tubes, those of most first."""
    # Keys tell when they were made (RFC 9562, version 7): a range of them spares reading every tube there is.
    since = UUID(int=int((clock.now() - OPEN).timestamp() * 1000) << 80)
    count = func.count(col(Specimen.id))
    asked = (
        core_select(col(Visit.code), col(Study.code), col(Participant.pseudonym), col(Visit.label), count)
        .select_from(Visit)
        .join(Specimen, col(Specimen.visit_id) == col(Visit.id))
        .join(Participant, col(Participant.id) == col(Visit.participant_id))
        .join(Study, col(Study.id) == col(Participant.study_id))
        .where(
            col(Specimen.id) > since,
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
