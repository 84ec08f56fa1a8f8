"""Whether the rows of labels say what the log says: each that was printed or applied, and no other."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from biobank.codes import CodeKind
from biobank.custody import Kind, Unproved
from biobank.database import by_id
from biobank.labels.shapes import Of
from biobank.ledger import entries
from biobank.printing import logged
from biobank.tables import LIVE, CustodyEvent, LabelState, PrintedLabel, Specimen

_AT_ONCE = 500
_TOLD = (Kind.LABEL_PRINTED.value, Kind.LABEL_APPLIED.value)
_WAS_APPLIED = (LabelState.APPLIED, LabelState.VOID)


def unproved(session: Session) -> list[Unproved]:
    """Every label whose row the log does not bear out, and every label of the log that has no such row.

    A label of a tube that may be somewhere has one event by which it was printed and that nothing takes
    back; one that is on its tube has one by which it was applied. What was printed before each label had
    a row names none, and stands in the log alone.
    """
    rows = _pages(session, PrintedLabel, col(PrintedLabel.state) != LabelState.QUEUED)
    events = _pages(session, CustodyEvent, col(CustodyEvent.kind).in_(_TOLD))
    return [fault for some in rows for fault in _of_rows(session, some)] + [
        fault for some in events for fault in _of_events(session, some)
    ]


def _pages(session: Session, table: type[Any], where: Any) -> Iterator[Sequence[Any]]:
    last: UUID | None = None
    while True:
        asked = select(table).where(where).order_by(table.id).limit(_AT_ONCE)
        some = session.exec(asked.where(table.id > last) if last else asked).all()
        if not some:
            return
        last = some[-1].id
        yield some
        session.expunge_all()


def _of_rows(session: Session, labels: Sequence[PrintedLabel]) -> Iterator[Unproved]:
    events = by_id(session, CustodyEvent, [label.event_id for label in labels])
    gone = _taken_back(session, events.values())
    applied = _applied(session, [label for label in labels if label.state is LabelState.APPLIED])
    for label in labels:
        event = events.get(label.event_id) if label.event_id else None
        if label.event_id and (event is None or not _tells_of(event, label) or event.id in gone):
            yield Unproved(label.id, "label", "its event does not say that it was printed")
        told = label.specimen_id or (logged.face_of(label).of is Of.KIT and label.code[0] == CodeKind.KIT)
        if told and not label.event_id and label.state in LIVE:
            yield Unproved(label.id, "label", "the log does not say that it was printed")
        if label.state is LabelState.APPLIED and applied[label.id] != 1:
            often = "says twice" if applied[label.id] else "does not say"
            yield Unproved(label.id, "label", f"the log {often} that it is on its tube")


def _of_events(session: Session, events: Sequence[CustodyEvent]) -> Iterator[Unproved]:
    gone = _taken_back(session, events)
    named = {event.id: key for event in events if (key := _label_of(event)) and not event.corrects_id}
    rows = by_id(session, PrintedLabel, named.values())
    for event in events:
        if event.id not in named or event.id in gone:
            continue
        row = rows.get(named[event.id])
        there = row is not None and row.event_id == event.id and row.state is not LabelState.QUEUED
        if event.kind == Kind.LABEL_PRINTED and not there:
            yield Unproved(
                event.subject_id, "specimen", f"entry {event.number} tells of no label that is there"
            )
        if event.kind == Kind.LABEL_APPLIED and (row is None or row.state not in _WAS_APPLIED):
            yield Unproved(
                event.subject_id, "specimen", f"entry {event.number} tells of no label that is on it"
            )


def _taken_back(session: Session, events: Iterable[CustodyEvent]) -> set[UUID | None]:
    """The events of labels that later ones take back. They are asked of their subjects, which are indexed."""
    subjects = {event.subject_id for event in events}
    asked = select(CustodyEvent.corrects_id).where(
        col(CustodyEvent.subject_id).in_(subjects), col(CustodyEvent.kind) == Kind.LABEL_PRINTED.value
    )
    return set(session.exec(asked.where(col(CustodyEvent.corrects_id).is_not(None)))) if subjects else set()


def _applied(session: Session, labels: Sequence[PrintedLabel]) -> Counter[UUID | None]:
    """How often the log says of each of these labels that it is on its tube."""
    if not labels:
        return Counter()
    tubes = select(Specimen.id).where(col(Specimen.code).in_({label.code for label in labels}))
    asked = select(CustodyEvent).where(col(CustodyEvent.kind) == Kind.LABEL_APPLIED.value)
    events = session.exec(asked.where(col(CustodyEvent.subject_id).in_(tubes)))
    return Counter(_label_of(event) for event in events)


def _tells_of(event: CustodyEvent, label: PrintedLabel) -> bool:
    return _label_of(event) == label.id and label.specimen_id in (None, event.subject_id)


def _label_of(event: CustodyEvent) -> UUID | None:
    """The label that an event names; None for one that was printed before labels had rows."""
    named = entries.read(event.entry).refs.get("label")
    return UUID(named) if named else None
