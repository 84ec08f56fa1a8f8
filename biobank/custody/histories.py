"""What happened to a subject, with the events of everything that held it meanwhile."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank.custody.words import UNDO
from biobank.ledger import entries
from biobank.tables import Container, CustodyEvent, CustodyNote, Person

DEEPEST = 8
"""How many containers may stand in one another; a guard against a circle in a damaged database."""

_FAR = datetime.max.replace(tzinfo=UTC)
_MOVES = ("placed", "taken_out", "retired", "hold_set", "hold_lifted")


class HistoryLine(msgspec.Struct, frozen=True):
    """One event as people read it; `held_by` is the container it happened to, if not the subject.

    `undone_by` is the id of the event that undid it, `undoes` the one that it undid itself.
    """

    id: UUID
    number: int
    kind: str
    occurred: datetime
    recorded: datetime
    actor: str
    role: str
    change: dict[str, Any]
    refs: dict[str, Any]
    reason: str | None
    note: str | None
    corrects: str | None
    leaf_hash: str
    held_by: str | None = None
    undone_by: str | None = None
    undoes: str | None = None


def history(session: Session, subject_id: UUID) -> list[HistoryLine]:
    """Every event of a subject and of what held it at the time, oldest first."""
    own = _events(session, [subject_id])
    lines = [_line(event, actor, note) for event, actor, note in own]
    spans = _spans([event for event, _, _ in own])
    seen = {line.id for line in lines}
    for _ in range(DEEPEST):
        if not spans:
            break
        held = _events(session, list({container for container, _, _ in spans}))
        codes = _codes(session, {event.subject_id for event, _, _ in held})
        inside: list[tuple[UUID, datetime, datetime]] = []
        for container, start, end in spans:
            ours = [found for found in held if found[0].subject_id == container]
            for event, actor, note in ours:
                during = start < event.recorded_at < end
                if during and event.kind in _MOVES and event.id not in seen:
                    seen.add(event.id)
                    lines.append(_line(event, actor, note, codes[container]))
            outer = _spans([event for event, _, _ in ours])
            inside += [(up, max(a, start), min(b, end)) for up, a, b in outer if max(a, start) < min(b, end)]
        spans = inside
    undoing = {line.undoes: str(line.id) for line in lines if line.undoes}
    told = [msgspec.structs.replace(line, undone_by=undoing.get(str(line.id))) for line in lines]
    return sorted(told, key=lambda line: (line.recorded, line.number))


def _spans(events: list[CustodyEvent]) -> list[tuple[UUID, datetime, datetime]]:
    """Which container held the subject from when to when, from its own events in order."""
    spans: list[tuple[UUID, datetime, datetime]] = []
    inside: tuple[UUID, datetime] | None = None
    for event in events:
        change = entries.read(event.entry).change
        if "place" not in change:
            continue
        if inside:
            spans.append((*inside, event.recorded_at))
        inside = (event.container_id, event.recorded_at) if event.container_id else None
    if inside:
        spans.append((*inside, _FAR))
    return spans


def _events(session: Session, subjects: list[UUID]) -> list[tuple[CustodyEvent, str, str | None]]:
    asked = (
        select(CustodyEvent, Person.name, CustodyNote.text)
        .outerjoin(Person, col(Person.id) == col(CustodyEvent.actor_id))
        .outerjoin(CustodyNote, col(CustodyNote.event_id) == col(CustodyEvent.id))
        .where(col(CustodyEvent.subject_id).in_(subjects))
        .order_by(col(CustodyEvent.subject_id), col(CustodyEvent.number))
    )
    return [(event, name, note) for event, name, note in session.exec(asked)]


def _codes(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    asked = select(Container.id, Container.code).where(col(Container.id).in_(ids))
    return dict(session.exec(asked).all())


def _line(event: CustodyEvent, actor: str, note: str | None, held_by: str | None = None) -> HistoryLine:
    entry = entries.read(event.entry)
    return HistoryLine(
        id=event.id,
        number=event.number,
        kind=event.kind,
        occurred=datetime.fromisoformat(entry.occurred),
        recorded=event.recorded_at,
        actor=actor or "",
        role=entry.role,
        change=entry.change,
        refs=entry.refs,
        reason=entry.reason,
        note=note,
        corrects=entry.corrects,
        leaf_hash=event.leaf_hash.hex(),
        held_by=held_by,
        undoes=entry.corrects if UNDO in entry.refs else None,
    )
