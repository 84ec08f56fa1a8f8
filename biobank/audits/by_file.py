"""Counting a box by the file of a rack scanner: every well is a scan, and the box is done in one act."""

import hashlib
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from biobank import clock, codes
from biobank.audits.boards import box_of as box_of_audit
from biobank.audits.counting import BoxCount, Counted, SlotTold, count, require_counter
from biobank.audits.planning import under_way
from biobank.errors import RuleBroken
from biobank.inputs import Flag, Input, Line, Moment, Scanned
from biobank.people import Actor, May
from biobank.racks import ReadAs, Said, Well, read
from biobank.racks.reading import require_grid
from biobank.racks.receiving import box_of, decoded, require_rack
from biobank.racks.turning import fit, turned
from biobank.racks.verdict import tubes_of
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.maps import by_code, type_of
from biobank.tables import (
    Audit,
    AuditBox,
    AuditLine,
    Container,
    FileSource,
    Mark,
    Placement,
    RackFile,
    ScanSource,
)
from biobank.texts import N_

# --- words ---


class CountedByFile(Input):
    """The file of a rack scanner, in base64, of a box of an audit; as `racks.RackFileOrder` is told.

    Without a box, it is the one whose code, or its manufacturer's, the file names.
    """

    audit: UUID
    box: Scanned | None = None
    content: Annotated[str, Field(max_length=2_000_000)]
    name: Annotated[Line, Field(max_length=200)] | None = None
    rack: Scanned | None = None
    turned: Flag | None = None
    unread_empty: Flag = False
    reading: ReadAs = ReadAs()
    occurred: Moment | None = None


# --- actions ---


def count_by_file(session: Session, actor: Actor, order: CountedByFile) -> BoxCount:
    """Keep the file as it came and count the box from it. A code may stand in it twice: that is a finding.

    Refused: what `racks.read` refuses, a file of another rack, wells that the box does not have, a rack
    that seems turned until somebody says how it lay; and what `count` refuses.
    """
    audit = under_way(session, actor, order.audit)
    require_counter(actor, audit)
    data = decoded(order.content)
    reading = read(data, order.name or "", order.reading, twice=True)
    told = order.rack or reading.rack
    container = by_code(session, actor, order.box) if order.box else box_of(session, actor, told, May.SEE)
    grid = Grid.of(type_of(session, container))
    require_rack(container, reading, told)
    require_grid(reading, grid)
    awaited = _awaited(session, audit, container)
    _require_right_way(session, actor, order, grid, reading.wells, awaited)
    wells = turned(grid, reading.wells) if order.turned else reading.wells
    scans = [_told(order, grid, well, awaited) for well in wells]
    kept = _keep(session, actor, order, container, data, told)
    counted = count(
        session,
        actor,
        Counted(
            audit=order.audit,
            box=container.code,
            scans=scans,
            done=True,
            source=ScanSource.RACK_FILE,
            occurred=order.occurred,
        ),
    )
    box_of_audit(session, audit, container).rack_file_id = kept.id
    return counted


# --- how ---


def _awaited(session: Session, audit: Audit, container: Container) -> dict[Slot, UUID]:
    """Which tube should be in each slot of the box: as its record has it now, or else as the snapshot had."""
    held = (
        select(AuditLine.row, AuditLine.col, AuditLine.specimen_id)
        .join(AuditBox, col(AuditBox.id) == col(AuditLine.box_id))
        .where(
            col(AuditBox.audit_id) == audit.id,
            col(AuditBox.container_id) == container.id,
            col(AuditLine.in_snapshot),
        )
    )
    here = select(Placement.row, Placement.col, Placement.specimen_id).where(
        col(Placement.container_id) == container.id
    )
    rows = [*session.exec(held), *session.exec(here)]
    return {Slot(row, column): tube for row, column, tube in rows if tube}


def _require_right_way(
    session: Session,
    actor: Actor,
    order: CountedByFile,
    grid: Grid,
    wells: list[Well],
    awaited: dict[Slot, UUID],
) -> None:
    known = tubes_of(session, actor, [well.code for well in wells if well.said is Said.TUBE])
    found = {
        Slot(well.row, well.col): some[0].id for well in wells if len(some := known.get(well.code, [])) == 1
    }
    if order.turned is None and fit(grid, found, awaited).is_turned:
        message = N_(
            "The rack seems to have been turned by half a circle: its tubes fit the mirrored slots. Say how"
            " it lay, or scan it again."
        )
        raise RuleBroken("rack_turned", message, field="turned")


def _told(order: CountedByFile, grid: Grid, well: Well, awaited: dict[Slot, UUID]) -> SlotTold:
    slot = Slot(well.row, well.col)
    name = slot_name(grid, slot)
    if well.said is Said.TUBE:
        return SlotTold(slot=name, code=well.code)
    unread = well.said is Said.NO_READ and not (order.unread_empty and slot not in awaited)
    return SlotTold(slot=name, mark=Mark.UNREADABLE if unread else Mark.EMPTY)


def _keep(
    session: Session, actor: Actor, order: CountedByFile, container: Container, data: bytes, told: str
) -> RackFile:
    """The file exactly as it came; it is settled by the count."""
    now = clock.now()
    kept = RackFile(
        site_id=container.site_id,
        name=order.name or "",
        source=FileSource.UPLOAD,
        content=data,
        sha256=hashlib.sha256(data).digest(),
        rack_code=codes.fold(told)[:60],
        container_id=container.id,
        received_by_id=actor.id,
        received_at=now,
        settled_by_id=actor.id,
        settled_at=now,
    )
    session.add(kept)
    session.flush()
    return kept
