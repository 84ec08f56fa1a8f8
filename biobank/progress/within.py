"""What all counts of a study share: who may be counted, the names of its events, what an event asks for."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from biobank import people
from biobank.amounts import MATERIALS
from biobank.people import Actor, May
from biobank.tables import Arm, Event, Life, Participant, Protocol, Requirement, Specimen, SpecimenKind, Study

NOT_COLLECTED = "not_collected"
"""How a specimen ended that was expected and never came."""

NEVER_THERE = (NOT_COLLECTED, "replaced")
"""... or that a kit's own label took the place of, before anything was drawn."""

Wanted = Counter[tuple[SpecimenKind, str]]
"""How many specimens of a kind and material one visit is to give."""


def counted(actor: Actor, study: Study) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The participants of the study whom this actor may see."""
    return col(Participant.study_id) == study.id, people.visible(actor, May.SEE, Participant)


def there() -> ColumnElement[bool]:
    """A specimen that really was there, whatever became of it since."""
    reason = col(Specimen.end_reason)
    return (col(Specimen.life) != Life.EXPECTED) & (reason.is_(None) | reason.not_in(NEVER_THERE))


def events(session: Session, study: Study) -> list[Event]:
    """The events of every version of the study's protocol, the oldest version first, each in its order."""
    asked = (
        select(Event)
        .join(Protocol, col(Protocol.id) == col(Event.protocol_id))
        .where(col(Protocol.study_id) == study.id)
        .order_by(col(Protocol.version), col(Event.position))
    )
    return list(session.exec(asked))


def arms(session: Session, study: Study) -> Mapping[str, str]:
    """The titles of the arms of the protocol in force, in the order of the file."""
    asked = select(Arm).where(col(Arm.protocol_id) == study.protocol_id).order_by(col(Arm.id))
    return {arm.code: arm.title for arm in session.exec(asked)}


def requirements(session: Session, study: Study) -> list[Requirement]:
    """What every version of the protocol collects at its events."""
    asked = (
        select(Requirement)
        .join(Event, col(Event.id) == col(Requirement.event_id))
        .join(Protocol, col(Protocol.id) == col(Event.protocol_id))
        .where(col(Protocol.study_id) == study.id)
        .order_by(col(Requirement.id))
    )
    return list(session.exec(asked))


def lines(rows: Sequence[Requirement]) -> list[tuple[Requirement, list[Requirement]]]:
    """Each requirement, and its line: itself, its parent, and so on to the primary."""
    by_id = {row.id: row for row in rows}

    def line(row: Requirement) -> list[Requirement]:
        return [row, *(line(by_id[row.parent_id]) if row.parent_id else [])]

    return [(row, line(row)) for row in rows]


def wanted(rows: Sequence[Requirement]) -> dict[UUID, Wanted]:
    """What one visit at each event is to leave behind: the leaves of its tree, and primaries that are stored.

    A child's count is for each tube of its parent.
    """
    parents = {row.parent_id for row in rows}
    found: dict[UUID, Wanted] = {}
    for row, line in lines(rows):
        kept = row.kind is SpecimenKind.PRIMARY and row.storage_class
        if row.id not in parents or kept:
            tubes = prod(each.count for each in line)
            found.setdefault(row.event_id, Counter())[row.kind, row.material] += tubes
    return found


def in_order(found: Iterable[str], known: Iterable[str]) -> list[str]:
    """The codes that were found: those of the protocol in its order, then the others by name."""
    places = {code: place for place, code in enumerate(known)}
    return sorted(found, key=lambda code: (places.get(code, len(places)), code))


def materials_in_order(found: Iterable[str]) -> list[str]:
    """Materials in the order in which they are listed everywhere."""
    return in_order(found, MATERIALS)


def titles(rows: Sequence[Event]) -> Mapping[str, str]:
    """The title of each event, as the newest version that has it says; in the order of the newest version."""
    newest = rows[-1].protocol_id if rows else None
    before = [row for row in rows if row.protocol_id != newest]
    now = {row.code: row.title for row in rows if row.protocol_id == newest}
    return now | {row.code: row.title for row in before if row.code not in now}
