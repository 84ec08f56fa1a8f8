"""What happened to a subject, with the events of everything that held it meanwhile."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank.custody.words import UNDO
from biobank.ledger import entries
from biobank.tables import Container, CustodyEvent, CustodyNote, Person, Station

DEEPEST = 8
"""How many containers may stand in one another; a guard against a circle in a damaged database."""

_FAR = datetime.max.replace(tzinfo=UTC)
_MOVES = ("placed", "taken_out", "retired", "hold_set", "hold_lifted")


class _Event(NamedTuple):
    """An event with who did it, at which station, and its note."""

    event: CustodyEvent
    actor: str | None
    station: str | None
    note: str | None


class HistoryLine(msgspec.Struct, frozen=True):
    """One event as people read it; `held_by` is the container it happened to, if not the subject.

    `undone_by` is the id of the event that undid it, `undoes` the one that it undid itself; `source` is
    how it came in, as far as the log tells (`source_of`).
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
    station: str = ""
    source: str = ""


def history(session: Session, subject_id: UUID) -> list[HistoryLine]:
    """Every event of a subject and of what held it at the time, oldest first."""
    own = _events(session, [subject_id])
    lines = [_line(each) for each in own]
    spans = _spans([each.event for each in own])
    seen = {line.id for line in lines}
    for _ in range(DEEPEST):
        if not spans:
            break
        held = _events(session, list({container for container, _, _ in spans}))
        codes = _codes(session, {each.event.subject_id for each in held})
        inside: list[tuple[UUID, datetime, datetime]] = []
        for container, start, end in spans:
            ours = [each for each in held if each.event.subject_id == container]
            for each in ours:
                event = each.event
                during = start < event.recorded_at < end
                if during and event.kind in _MOVES and event.id not in seen:
                    seen.add(event.id)
                    lines.append(_line(each, codes[container]))
            outer = _spans([each.event for each in ours])
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


def source_of(refs: Mapping[str, Any], station: str | None) -> str:
    """How an event came in: `typed` or `scanned` at a bench, by a `file`; empty for a page or a program."""
    if "source" in refs:
        return str(refs["source"])
    return "file" if "file" in refs else "scanned" if station else ""


def _events(session: Session, subjects: list[UUID]) -> list[_Event]:
    asked = (
        select(CustodyEvent, Person.name, Station.name, CustodyNote.text)
        .outerjoin(Person, col(Person.id) == col(CustodyEvent.actor_id))
        .outerjoin(Station, col(Station.id) == col(CustodyEvent.station_id))
        .outerjoin(CustodyNote, col(CustodyNote.event_id) == col(CustodyEvent.id))
        .where(col(CustodyEvent.subject_id).in_(subjects))
        .order_by(col(CustodyEvent.subject_id), col(CustodyEvent.number))
    )
    return [_Event(*found) for found in session.exec(asked)]


def _codes(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    asked = select(Container.id, Container.code).where(col(Container.id).in_(ids))
    return dict(session.exec(asked).all())


def _line(found: _Event, held_by: str | None = None) -> HistoryLine:
    event, actor, station, note = found
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
        station=station or "",
        source=source_of(entry.refs, station),
    )
