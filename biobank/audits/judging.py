"""Judging a counted box: its scans and its snapshot are read, and every line gets its word."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import case, func
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import clock
from biobank.audits.classes import Expected, Outcome, Seen, Spot, judge
from biobank.database import new_row
from biobank.storage.geometry import Slot
from biobank.tables import (
    Audit,
    AuditBox,
    AuditLine,
    AuditScan,
    CustodyEvent,
    Mark,
    Placement,
    Result,
)

# --- actions ---


def judge_box(session: Session, audit: Audit, box: AuditBox, number: int) -> dict[str, int]:
    """Give every line of a box its word, from its newest count; how often each word was given.

    A handful of statements, whatever the biobank holds. A tube of another box that was scanned here has its
    line there, and that line is told where it is.
    """
    lines = session.exec(select(AuditLine).where(col(AuditLine.box_id) == box.id)).all()
    scans = _scans(session, box, number)
    tubes = {tube for tube in [*(line.specimen_id for line in lines), *(scan.tube for scan in scans)] if tube}
    others = _lines_of(session, audit, tubes)
    expected = [*_awaited(session, audit, box, lines), *_arrived(session, audit, box, scans, others)]
    outcomes = judge(expected, scans, _elsewhere(session, audit, box, tubes))
    boxes = _boxes(session, audit, outcomes)
    for outcome in outcomes:
        line = others.get(outcome.tube) if outcome.tube else None
        _say(session, audit, box, line, outcome, boxes)
    box.empty = _empty(box, outcomes, scans)
    results = Counter(outcome.result.value for outcome in outcomes)
    return {**results, **({Result.EMPTY.value: box.empty} if box.empty else {})}


# --- how ---


def _scans(session: Session, box: AuditBox, number: int) -> list[Seen]:
    asked = select(AuditScan).where(col(AuditScan.box_id) == box.id, col(AuditScan.counting) == number)
    return [_seen(scan, box.container_id) for scan in session.exec(asked.order_by(col(AuditScan.id)))]


def _seen(scan: AuditScan, container: UUID) -> Seen:
    was = Spot(scan.was_container_id, Slot(scan.was_row, scan.was_col)) if scan.was_container_id else None
    return Seen(Spot(container, Slot(scan.row, scan.col)), scan.mark, scan.text, scan.specimen_id, was)


def _lines_of(session: Session, audit: Audit, tubes: set[UUID]) -> dict[UUID, AuditLine]:
    """The lines of these tubes in this audit, in whichever box they are expected."""
    asked = select(AuditLine).where(
        col(AuditLine.audit_id) == audit.id, col(AuditLine.specimen_id).in_(tubes)
    )
    return {line.specimen_id: line for line in session.exec(asked) if line.specimen_id}


def _awaited(session: Session, audit: Audit, box: AuditBox, lines: Sequence[AuditLine]) -> list[Expected]:
    """What the snapshot has in the box; what has left it by the log since is told with the event."""
    held = {line.specimen_id: Slot(line.row, line.col) for line in lines if line.specimen_id}
    here = {
        place.specimen_id: Slot(place.row, place.col)
        for place in session.exec(
            select(Placement).where(
                col(Placement.container_id) == box.container_id, col(Placement.specimen_id).in_(held)
            )
        )
    }
    left = [tube for tube, slot in held.items() if here.get(tube) != slot]
    moves = _moves(session, audit, left)
    return [Expected(tube, slot, moves.get(tube)) for tube, slot in held.items()]


def _moves(session: Session, audit: Audit, tubes: Sequence[UUID]) -> dict[UUID, UUID]:
    """The first event of each tube since the audit began that gave it another place."""
    asked = (
        select(CustodyEvent.subject_id, CustodyEvent.id)
        .where(
            col(CustodyEvent.subject_id).in_(tubes),
            col(CustodyEvent.recorded_at) > audit.started_at,
            col(CustodyEvent.kind).in_(LEAVING),
        )
        .order_by(col(CustodyEvent.number).desc())
    )
    return dict(session.exec(asked).all())


def _arrived(
    session: Session, audit: Audit, box: AuditBox, scans: Sequence[Seen], known: dict[UUID, AuditLine]
) -> list[Expected]:
    """Tubes that came by the log after the audit began and before the box was first scanned."""
    began = session.execute(
        core_select(func.min(col(AuditScan.scanned_at))).where(col(AuditScan.box_id) == box.id)
    ).scalar_one()
    asked = (
        select(Placement.specimen_id, Placement.row, Placement.col, func.max(CustodyEvent.recorded_at))
        .join(CustodyEvent, col(CustodyEvent.subject_id) == col(Placement.specimen_id))
        .where(
            col(Placement.container_id) == box.container_id,
            col(CustodyEvent.container_id) == box.container_id,
            col(CustodyEvent.recorded_at) > audit.started_at,
        )
        .group_by(col(Placement.specimen_id), col(Placement.row), col(Placement.col))
    )
    here = {line.specimen_id for line in known.values() if line.box_id == box.id}
    seen = {scan.tube for scan in scans}
    return [
        Expected(tube, Slot(row, column))
        for tube, row, column, came in session.exec(asked)
        if tube and tube not in here and (tube in seen or came < (began or clock.now()))
    ]


def _elsewhere(session: Session, audit: Audit, box: AuditBox, tubes: set[UUID]) -> dict[UUID, list[Seen]]:
    """The scans of each tube in other boxes of the audit, as their newest counts have them, oldest first."""
    newer = aliased(AuditScan)
    corrected = (
        core_select(newer.id)
        .where(
            col(newer.box_id) == col(AuditScan.box_id),
            col(newer.counting) == col(AuditScan.counting),
            col(newer.row) == col(AuditScan.row),
            col(newer.col) == col(AuditScan.col),
            col(newer.id) > col(AuditScan.id),
        )
        .exists()
    )
    asked = (
        select(AuditScan, AuditBox.container_id)
        .join(AuditBox, col(AuditBox.id) == col(AuditScan.box_id))
        .where(
            col(AuditScan.audit_id) == audit.id,
            col(AuditScan.specimen_id).in_(tubes),
            col(AuditScan.box_id) != box.id,
            col(AuditScan.counting) == case((col(AuditBox.second_at).is_not(None), 2), else_=1),
            ~corrected,
        )
        .order_by(col(AuditScan.id))
    )
    found: dict[UUID, list[Seen]] = defaultdict(list)
    for scan, container in session.exec(asked):
        if scan.specimen_id:
            found[scan.specimen_id].append(_seen(scan, container))
    return found


def _boxes(session: Session, audit: Audit, outcomes: Sequence[Outcome]) -> dict[UUID, UUID]:
    """The boxes of the audit by their containers, of those in which something was found."""
    found = {outcome.found.container_id for outcome in outcomes if outcome.found}
    asked = select(AuditBox.container_id, AuditBox.id).where(
        col(AuditBox.audit_id) == audit.id, col(AuditBox.container_id).in_(found)
    )
    return dict(session.exec(asked).all())


def _say(
    session: Session,
    audit: Audit,
    box: AuditBox,
    line: AuditLine | None,
    outcome: Outcome,
    boxes: dict[UUID, UUID],
) -> None:
    """Write an outcome onto the line of its tube, or onto a new one; what was judged first is kept."""
    if line is None:
        line = new_row(AuditLine, audit_id=audit.id, box_id=box.id, specimen_id=outcome.tube)
        session.add(line)
    elif line.result is not None:
        line.first_result = line.first_result or line.result
    told: dict[str, Any] = {"result": outcome.result, "text": outcome.text, "moved_by_id": outcome.moved_by}
    if outcome.found:
        told |= {
            "found_box_id": boxes.get(outcome.found.container_id),
            "found_row": outcome.found.slot.row,
            "found_col": outcome.found.slot.col,
        }
    for name, value in told.items():
        setattr(line, name, value)


def _empty(box: AuditBox, outcomes: Sequence[Outcome], scans: Sequence[Seen]) -> int:
    """How many slots were empty as they should be: all others, or those that were drawn and looked at."""
    if not box.whole or box.slots is None:
        marked = {scan.spot.slot for scan in scans if scan.mark is Mark.EMPTY}
        return len(marked - {outcome.expected for outcome in outcomes if outcome.expected})
    taken = {each.expected for each in outcomes if each.expected}
    newest = {scan.spot.slot: scan.mark for scan in scans}
    taken |= {slot for slot, mark in newest.items() if mark is not Mark.EMPTY}
    return box.slots - len(taken)


LEAVING = ("placed", "taken_out", "ended", "packed", "sent")
"""Kinds of event after which a tube is no more where it was."""
