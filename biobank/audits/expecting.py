"""What should be in a box when it is counted, by the snapshot and the log; and what was scanned where."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank.audits.classes import Expected, Outcome, Seen, Spot
from biobank.audits.recognising import recognised
from biobank.custody import Kind
from biobank.database import one_of
from biobank.storage.geometry import Slot
from biobank.tables import (
    Audit,
    AuditBox,
    AuditDecision,
    AuditLine,
    AuditScan,
    BoxState,
    CustodyEvent,
    Mark,
    Placement,
    Specimen,
)

CARRYING = (Kind.PLACED, Kind.TAKEN_OUT, Kind.ENDED, Kind.PACKED, Kind.SENT)
"""Kinds of event after which a tube is no more where it was."""

# --- words ---


class Carried(msgspec.Struct, frozen=True):
    """The newest event that gave a tube another place, and when the log was told."""

    event: UUID
    at: datetime


# --- what should be there ---


def expectation(session: Session, audit: Audit, box: AuditBox, began: datetime) -> list[Expected]:
    """What should be in a box whose count began at that moment: each tube, and each drawn slot without one.

    The snapshot says it, and what the log tells since: what was carried away, within the box or into it
    before the count began stands where its record has it; what was carried during the count may or may not
    have been seen, and is told with the event.
    """
    own = session.exec(
        select(AuditLine).where(
            col(AuditLine.audit_id) == box.audit_id,
            col(AuditLine.box_id) == box.id,
            col(AuditLine.in_snapshot),
        )
    ).all()
    held = {line.specimen_id: Slot(line.row, line.col) for line in own if line.specimen_id}
    here = _here(session, box)
    came = _due_here(session, audit, box, here.keys() - held.keys())
    carried = _carried(session, {*held, *came})
    left = {tube: carried[tube] for tube in held if tube not in here and tube in carried}
    for tube in _lost(session, audit, left):
        del carried[tube]
    return [
        *(_of_held(tube, slot, here.get(tube), carried.get(tube), began) for tube, slot in held.items()),
        *(Expected(tube, here[tube]) for tube in came if tube in carried and carried[tube].at <= began),
        *(Expected(None, Slot(line.row, line.col)) for line in own if not line.specimen_id),
    ]


def _of_held(tube: UUID, slot: Slot, here: Slot | None, carried: Carried | None, began: datetime) -> Expected:
    """A tube of the snapshot: `here` is where its record has it now, if that is in this box."""
    if here is None:
        return Expected(tube, slot, carried.event if carried else None)
    return Expected(tube, here, carried.event if carried and carried.at > began else None)


def _here(session: Session, box: AuditBox) -> dict[UUID, Slot]:
    """Where the records have tubes in the box now."""
    asked = core_select(col(Placement.specimen_id), col(Placement.row), col(Placement.col)).where(
        col(Placement.container_id) == box.container_id, col(Placement.specimen_id).is_not(None)
    )
    return {tube: Slot(row, column) for tube, row, column in session.execute(asked)}


def _due_here(session: Session, audit: Audit, box: AuditBox, tubes: Collection[UUID]) -> Collection[UUID]:
    """Which tubes that came since the snapshot are looked at: all, or those of which the audit has a line."""
    if box.whole or not tubes:
        return tubes
    asked = select(AuditLine.specimen_id).where(
        col(AuditLine.audit_id) == audit.id,
        one_of(col(AuditLine.specimen_id), tubes),
        col(AuditLine.in_snapshot),
    )
    return {tube for tube in session.exec(asked) if tube}


def _carried(session: Session, tubes: Collection[UUID]) -> dict[UUID, Carried]:
    newest = (
        core_select(col(CustodyEvent.subject_id), func.max(CustodyEvent.number).label("number"))
        .where(one_of(col(CustodyEvent.subject_id), tubes), col(CustodyEvent.kind).in_(CARRYING))
        .group_by(col(CustodyEvent.subject_id))
        .subquery()
    )
    asked = core_select(
        col(CustodyEvent.subject_id), col(CustodyEvent.id), col(CustodyEvent.recorded_at)
    ).join(
        newest,
        and_(
            newest.c.subject_id == col(CustodyEvent.subject_id),
            newest.c.number == col(CustodyEvent.number),
        ),
    )
    return {tube: Carried(event, at) for tube, event, at in session.execute(asked)} if tubes else {}


def _lost(session: Session, audit: Audit, left: Mapping[UUID, Carried]) -> set[UUID]:
    """Which tubes that left were carried to a box that was counted after, and in which they were not seen."""
    if not left:
        return set()
    began = (
        core_select(func.min(col(AuditScan.scanned_at)))
        .where(col(AuditScan.box_id) == col(AuditBox.id), col(AuditScan.counting) == _counting)
        .correlate(AuditBox)
        .scalar_subquery()
    )
    seen = (
        core_select(col(AuditScan.id))
        .where(
            col(AuditScan.box_id) == col(AuditBox.id),
            col(AuditScan.counting) == _counting,
            col(AuditScan.specimen_id) == col(Placement.specimen_id),
        )
        .correlate(AuditBox, Placement)
        .exists()
    )
    asked = (
        core_select(col(Placement.specimen_id), began)
        .join(AuditBox, col(AuditBox.container_id) == col(Placement.container_id))
        .where(
            one_of(col(Placement.specimen_id), left),
            col(AuditBox.audit_id) == audit.id,
            col(AuditBox.state).in_([BoxState.COUNTED, BoxState.AGAIN]),
            ~seen,
        )
    )
    return {tube for tube, at in session.execute(asked) if at and left[tube].at <= at}


# --- what was scanned ---

_counting: ColumnElement[int] = case((col(AuditBox.second_at).is_not(None), 2), else_=1)
"""Which count of a box holds: the second, once it is done."""


def scans_of(session: Session, audit: Audit, box: AuditBox, number: int) -> list[Seen]:
    """The scans of one count of a box, oldest first; of an audit of a study not those of others' tubes."""
    asked = (
        core_select(AuditScan, col(Specimen.study_id))
        .outerjoin(Specimen, col(Specimen.id) == col(AuditScan.specimen_id))
        .where(col(AuditScan.box_id) == box.id, col(AuditScan.counting) == number)
        .order_by(col(AuditScan.scanned_at), col(AuditScan.id))
    )
    found = session.execute(asked).all()
    if audit.study_id is None:
        return [_seen(scan, box.container_id) for scan, _ in found]
    strange = {scan.text for scan, study in found if study is None and scan.mark is Mark.TUBE}
    others = recognised(session, strange, col(Specimen.study_id) != audit.study_id)
    return [
        _seen(scan, box.container_id)
        for scan, study in found
        if study == audit.study_id or (study is None and not others.get(scan.text))
    ]


def elsewhere(
    session: Session, audit: Audit, box: AuditBox, tubes: Collection[UUID]
) -> dict[UUID, list[Seen]]:
    """The scans of these tubes in other boxes of the audit, by their newest counts, oldest first."""
    newer = aliased(AuditScan)
    corrected = (
        core_select(col(newer.id))
        .where(
            col(newer.box_id) == col(AuditScan.box_id),
            col(newer.counting) == col(AuditScan.counting),
            col(newer.row) == col(AuditScan.row),
            col(newer.col) == col(AuditScan.col),
            or_(
                col(newer.scanned_at) > col(AuditScan.scanned_at),
                and_(col(newer.scanned_at) == col(AuditScan.scanned_at), col(newer.id) > col(AuditScan.id)),
            ),
        )
        .exists()
    )
    asked = (
        core_select(AuditScan, col(AuditBox.container_id), col(AuditLine.decision), col(AuditLine.decided_at))
        .join(AuditBox, col(AuditBox.id) == col(AuditScan.box_id))
        .outerjoin(
            AuditLine,
            and_(
                col(AuditLine.audit_id) == col(AuditScan.audit_id),
                col(AuditLine.specimen_id) == col(AuditScan.specimen_id),
            ),
        )
        .where(
            col(AuditScan.audit_id) == audit.id,
            one_of(col(AuditScan.specimen_id), tubes),
            col(AuditScan.box_id) != box.id,
            col(AuditScan.counting) == _counting,
            ~corrected,
        )
        .order_by(col(AuditScan.scanned_at), col(AuditScan.id))
    )
    found: defaultdict[UUID, list[Seen]] = defaultdict(list)
    for scan, container, decision, decided in session.execute(asked):
        settled = decision is AuditDecision.PUT_BACK and decided > scan.scanned_at
        found[scan.specimen_id].append(_seen(scan, container, settled=settled))
    return found


def known_boxes(session: Session, audit: Audit, outcomes: Iterable[Outcome]) -> dict[UUID, UUID]:
    """The boxes of the audit by their containers, of those in which something was found."""
    found = {outcome.found.container_id for outcome in outcomes if outcome.found}
    asked: Sequence[tuple[UUID, UUID]] = session.exec(
        select(AuditBox.container_id, AuditBox.id).where(
            col(AuditBox.audit_id) == audit.id, col(AuditBox.container_id).in_(found)
        )
    ).all()
    return dict(asked)


def _seen(scan: AuditScan, container: UUID, *, settled: bool = False) -> Seen:
    was = Spot(scan.was_container_id, Slot(scan.was_row, scan.was_col)) if scan.was_container_id else None
    spot = Spot(container, Slot(scan.row, scan.col))
    return Seen(spot, scan.mark, scan.text, scan.specimen_id, was, settled, scan.scanned_at)
