"""A box while it is counted: every slot of it, what should be there now, and what was scanned."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank import people
from biobank.audits.boards import box_of
from biobank.audits.planning import by_id
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.maps import by_code, type_of
from biobank.tables import (
    Audit,
    AuditBox,
    AuditLine,
    AuditScan,
    BoxState,
    Mark,
    Person,
    Placement,
    Specimen,
)

# --- words ---


class SlotSeen(msgspec.Struct, frozen=True):
    """One slot while a box is counted: the tube that should be there, what was scanned, whether they agree.

    `expected` is the tube that the record has there now, which is not told in a blind audit. Where things lie
    unplaced there is one for each tube and each other code. `by` scanned it last, at `seen_at`.
    """

    name: str
    row: int | None
    col: int | None
    expected: str = ""
    material: str = ""
    mark: str = ""
    text: str = ""
    tube: str = ""
    rightly: bool = False
    by: str = ""
    seen_at: datetime | None = None


class Counting(msgspec.Struct, frozen=True):
    """A box while it is counted: its slots in the order in which they are scanned.

    `number` is 2 while it is counted a second time; where it is not
    counted `whole`, only drawn slots are told.
    """

    audit: UUID
    code: str
    name: str
    path: str
    state: BoxState
    number: int
    slots: list[SlotSeen]
    blind: bool = False
    whole: bool = True


_Scan = tuple[AuditScan, str, str]
_Awaited = tuple[Slot, str, str]

# --- questions ---


def counted_box(session: Session, actor: Actor, key: UUID, text: str) -> Counting:
    """One box while it is counted. Refused: `NotFound` for a box that is no part of the audit."""
    audit = by_id(session, actor, key)
    container = by_code(session, actor, text)
    box = box_of(session, audit, container, locked=False)
    grid = Grid.of(type_of(session, container))
    number = 2 if box.state is BoxState.AGAIN or box.second_at else 1
    awaited, scans = _awaited(session, actor, audit, box), _scans(session, box, number)
    if grid.size is None:
        slots = _unplaced(audit, box, awaited, scans)
    else:
        slots = _placed(audit, box, grid, awaited, scans, _drawn(session, box))
    return Counting(
        audit=audit.id,
        code=container.code,
        name=container.name,
        path=box.path,
        state=box.state,
        number=number,
        slots=slots,
        blind=audit.blind,
        whole=box.whole,
    )


# --- how ---


def _awaited(session: Session, actor: Actor, audit: Audit, box: AuditBox) -> list[_Awaited]:
    """The tubes of the audit's scope that the records have in the box now: what left it is not asked for."""
    asked = (
        core_select(col(Placement.row), col(Placement.col), col(Specimen.code), col(Specimen.material))
        .join(Specimen, col(Specimen.id) == col(Placement.specimen_id))
        .where(col(Placement.container_id) == box.container_id, people.visible(actor, May.SEE, Specimen))
    )
    if audit.study_id:
        asked = asked.where(col(Specimen.study_id) == audit.study_id)
    if audit.tubes:
        asked = asked.where(col(Specimen.code).in_(audit.tubes))
    return [(Slot(row, column), code, material) for row, column, code, material in session.execute(asked)]


def _scans(session: Session, box: AuditBox, number: int) -> list[_Scan]:
    asked = (
        core_select(AuditScan, col(Specimen.code), col(Person.name))
        .join(Person, col(Person.id) == col(AuditScan.person_id))
        .outerjoin(Specimen, col(Specimen.id) == col(AuditScan.specimen_id))
        .where(col(AuditScan.box_id) == box.id, col(AuditScan.counting) == number)
        .order_by(col(AuditScan.id))
    )
    return [(scan, code or "", by) for scan, code, by in session.execute(asked)]


def _drawn(session: Session, box: AuditBox) -> set[Slot] | None:
    """The slots that are looked at; None where all of them are."""
    if box.whole:
        return None
    asked = core_select(col(AuditLine.row), col(AuditLine.col)).where(
        col(AuditLine.audit_id) == box.audit_id, col(AuditLine.box_id) == box.id, col(AuditLine.in_snapshot)
    )
    return {Slot(row, column) for row, column in session.execute(asked)}


def _placed(
    audit: Audit,
    box: AuditBox,
    grid: Grid,
    awaited: Sequence[_Awaited],
    scans: Sequence[_Scan],
    drawn: set[Slot] | None,
) -> list[SlotSeen]:
    """Every slot in fill order, or those that were drawn."""
    should = {slot: (code, material) for slot, code, material in awaited}
    seen = {Slot(scan.row, scan.col): (scan, code, by) for scan, code, by in scans}
    found = []
    for slot in grid.slots():
        if drawn is None or slot in drawn or slot in seen:
            told = SlotSeen(slot_name(grid, slot), slot.row, slot.col)
            told = _expecting(audit, told, *should.get(slot, ("", "")))
            found.append(_with_scan(box, told, seen.get(slot), is_awaited=slot in should))
    return found


def _unplaced(
    audit: Audit, box: AuditBox, awaited: Sequence[_Awaited], scans: Sequence[_Scan]
) -> list[SlotSeen]:
    """Every tube that should be there, where that is told, and whatever else was scanned."""
    seen = {code or scan.text or str(scan.id): (scan, code, by) for scan, code, by in scans}
    should = {code: material for _, code, material in awaited}
    codes = dict.fromkeys([*([] if audit.blind else should), *seen])
    told = [(code, _expecting(audit, SlotSeen("", None, None), *_of(should, code))) for code in codes]
    return [_with_scan(box, each, seen.get(code), is_awaited=code in should) for code, each in told]


def _of(should: dict[str, str], code: str) -> tuple[str, str]:
    return (code, should[code]) if code in should else ("", "")


def _expecting(audit: Audit, told: SlotSeen, code: str, material: str) -> SlotSeen:
    return told if audit.blind else msgspec.structs.replace(told, expected=code, material=material)


def _with_scan(box: AuditBox, told: SlotSeen, seen: _Scan | None, *, is_awaited: bool) -> SlotSeen:
    if seen is None:
        return told
    scan, code, by = seen
    there = (scan.was_container_id, scan.was_row, scan.was_col) == (box.container_id, told.row, told.col)
    return msgspec.structs.replace(
        told,
        mark=scan.mark.value,
        text=scan.text,
        tube=code,
        rightly=there or (scan.mark is Mark.EMPTY and not is_awaited),
        by=by,
        seen_at=scan.scanned_at,
    )
