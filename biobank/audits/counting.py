"""Counting a box: each scan is kept and seen in the log, and at the end every slot of it is judged."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import and_, func
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.audits.boards import box_of
from biobank.audits.digests import lines_digests, scans_digest
from biobank.audits.judging import judge_box
from biobank.audits.planning import IN_ONE_ENTRY, tell, under_way
from biobank.audits.recognising import recognised
from biobank.custody import Kind
from biobank.database import add_rows, one_of
from biobank.errors import Conflict, RuleBroken
from biobank.inputs import Flag, Input, Line, Moment, Scanned
from biobank.ledger import entries
from biobank.ledger.entries import State
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name, slot_named
from biobank.storage.maps import by_code, type_of
from biobank.tables import (
    Audit,
    AuditBox,
    AuditScan,
    BoxState,
    Container,
    CustodyEvent,
    Mark,
    Result,
    ScanSource,
    Specimen,
)
from biobank.texts import N_

# --- words ---


class SlotTold(Input):
    """One slot and what was told of it: a code, that it is empty, or that its code cannot be read."""

    slot: Line | None = None
    mark: Mark = Mark.TUBE
    code: Scanned | None = None


class Counted(Input):
    """Scans of one box of an audit, in the order in which they were made; with `done` its count is over.

    `occurred` is when, where they come from a sheet of paper or from a device that was without the network.
    """

    audit: UUID
    box: Scanned
    scans: Annotated[list[SlotTold], Field(max_length=2_000)] = []
    done: Flag = False
    source: ScanSource = ScanSource.SCANNER
    occurred: Moment | None = None


class Seen(msgspec.Struct, frozen=True):
    """A scan as it was understood: the slot's name, our code of the tube, and where its record has it."""

    slot: str
    mark: Mark
    text: str
    tube: str = ""
    material: str = ""
    rightly: bool = False


class BoxCount(msgspec.Struct, frozen=True):
    """How far the count of a box is."""

    box: str
    state: BoxState
    scans: list[Seen]
    results: dict[str, int]


# --- actions ---


def count(session: Session, actor: Actor, order: Counted) -> BoxCount:
    """Keep some scans of a box, each sighted in the log; with `done`, judge every slot of it.

    Refused: an audit that is over or has not begun, a box that is no part of it or is counted already, a
    second count by who scanned in the first, a slot that the box does not have, a tube without its code, a
    box that is done without a scan, a time before the audit began.
    """
    audit = under_way(session, actor, order.audit)
    container = by_code(session, actor, order.box)
    require_counter(actor, audit)
    when = _when(audit, order.occurred)
    box = box_of(session, audit, container)
    grid = Grid.of(type_of(session, container))
    number = _which_count(session, actor, box)
    slots = [_slot(grid, each, at) for at, each in enumerate(order.scans)]
    tubes = _tubes(session, actor, order.scans)
    places = _places(session, [tube.id for some in tubes for tube in some], when)
    rows = [
        _scan(actor, order, box, number, told, slot, some, places)
        for told, slot, some in zip(order.scans, slots, tubes, strict=True)
    ]
    _see(session, actor, order, audit, container, zip(slots, tubes, strict=True))
    add_rows(session, AuditScan, rows)
    box.state = BoxState.COUNTING if box.state is BoxState.OPEN else box.state
    results: dict[str, int] = {}
    if order.done:
        results = _finish(session, actor, audit, box, container, number)
    seen = [_understood(grid, container, row, some) for row, some in zip(rows, tubes, strict=True)]
    return BoxCount(container.code, box.state, seen, results)


# --- rules ---


def require_counter(actor: Actor, audit: Audit) -> None:
    """Refused: who may neither handle tubes nor audit there, and an audit that has not begun."""
    whole = audit.site_id, audit.study_id
    if not people.reaches(actor, May.AUDIT, *whole):
        people.require_over(actor, May.HANDLE, *whole)
    if audit.started_at is None:
        message = N_("%(name)s has not begun. Start it first: what should be there is written down then.")
        raise RuleBroken("audit_not_started", message, field="audit", name=audit.name)


# --- how ---


def _when(audit: Audit, occurred: datetime | None) -> datetime | None:
    """When it was scanned, where that is told. Refused: before the audit began.

    The clock of a bench may be slow: what is told from shortly before is of the moment at which it began.
    """
    if occurred is None or audit.started_at is None or occurred >= audit.started_at:
        return occurred
    if occurred < audit.started_at - clock.FUTURE_TOLERANCE:
        message = N_("That was before the audit began. What should be there was written down only then.")
        raise RuleBroken("counted_too_early", message, field="occurred")
    return audit.started_at


def _which_count(session: Session, actor: Actor, box: AuditBox) -> int:
    """1, or 2 where the first disagreed. Refused: a box that is done, a second count by the same person."""
    if box.state is BoxState.COUNTED:
        raise Conflict("box_counted", N_("This box is counted. Scan the next one."), field="box")
    if box.state is not BoxState.AGAIN:
        return 1
    scanned = select(AuditScan.id).where(
        col(AuditScan.box_id) == box.id, col(AuditScan.counting) == 1, col(AuditScan.person_id) == actor.id
    )
    if box.counted_by_id == actor.id or session.exec(scanned.limit(1)).first():
        message = N_("You made the first count of this box. Another person counts it again.")
        raise RuleBroken("same_counter", message, field="box")
    return 2


def _slot(grid: Grid, told: SlotTold, at: int) -> Slot:
    if told.mark is Mark.TUBE and told.code is None:
        message = N_("Scan the code of the tube, or say that the slot is empty or its code unreadable.")
        raise RuleBroken("code_needed", message, field=f"scans.{at}.code")
    if grid.size is None:
        return Slot(None, None)
    if not told.slot:
        message = N_("Say in which slot it is: a box of slots is counted slot by slot.")
        raise RuleBroken("slot_needed", message, field=f"scans.{at}.slot")
    return slot_named(grid, told.slot, f"scans.{at}.slot")


def _tubes(session: Session, actor: Actor, scans: Sequence[SlotTold]) -> list[list[Specimen]]:
    """The tubes that each scan names in the actor's scope: none, one, or several; locked, as they are now."""
    texts = [told.code or "" if told.mark is Mark.TUBE else "" for told in scans]
    visible = people.visible(actor, May.SEE, Specimen)
    found = recognised(session, {text for text in texts if text}, visible)
    ids = {tube.id for some in found.values() for tube in some}
    custody.lock(session, ids)
    # Somebody may have had one in a hand between our look and our lock.
    fresh = select(Specimen).where(one_of(col(Specimen.id), ids)).execution_options(populate_existing=True)
    session.exec(fresh).all()
    return [found.get(text, []) for text in texts]


def _places(session: Session, tubes: Sequence[UUID], when: datetime | None) -> dict[UUID, State]:
    """Where the records have these tubes, which are locked, or had them then; none without a place is told.

    What was told late counts from when it happened: a bench that was without the network carried a tube, and
    scanned it where it stood then.
    """
    states = custody.lock(session, tubes)
    if when is not None:
        newest = (
            core_select(col(CustodyEvent.subject_id), func.max(CustodyEvent.number).label("number"))
            .where(one_of(col(CustodyEvent.subject_id), tubes), col(CustodyEvent.occurred_at) <= when)
            .group_by(col(CustodyEvent.subject_id))
            .subquery()
        )
        asked = core_select(col(CustodyEvent.subject_id), col(CustodyEvent.entry)).join(
            newest,
            and_(
                newest.c.subject_id == col(CustodyEvent.subject_id),
                newest.c.number == col(CustodyEvent.number),
            ),
        )
        states = {tube: entries.state_after(entry) for tube, entry in session.execute(asked)}
    places = {tube: state.get("place") for tube, state in states.items()}
    return {tube: place for tube, place in places.items() if place and place["kind"] != "out"}


def _scan(  # noqa: PLR0913, PLR0917 - a row has what a scan was told with
    actor: Actor,
    order: Counted,
    box: AuditBox,
    number: int,
    told: SlotTold,
    slot: Slot,
    tubes: Sequence[Specimen],
    places: Mapping[UUID, State],
) -> dict[str, Any]:
    tube = tubes[0] if len(tubes) == 1 else None
    was = places.get(tube.id) if tube else None
    return {
        "id": clock.new_key(),
        "audit_id": order.audit,
        "box_id": box.id,
        "counting": number,
        "row": slot.row,
        "col": slot.col,
        "mark": told.mark,
        "text": told.code or "",
        "specimen_id": tube.id if tube else None,
        "was_container_id": UUID(was["container"]) if was else None,
        "was_row": was.get("row") if was else None,
        "was_col": was.get("col") if was else None,
        "source": order.source,
        "person_id": actor.id,
        "station_id": actor.station_id,
        "scanned_at": order.occurred or clock.now(),
    }


def _see(
    session: Session,
    actor: Actor,
    order: Counted,
    audit: Audit,
    container: Container,
    seen: Iterable[tuple[Slot, Sequence[Specimen]]],
) -> None:
    """A tube that was scanned was in a hand: the log says where, and in which audit."""
    lines = [
        custody.Line(
            subject=some[0],
            kind=Kind.SIGHTED,
            refs={
                "audit": str(audit.id),
                "seen": custody.slot_place(custody.Place(container.id, slot.row, slot.col)),
            },
            occurred=order.occurred,
        )
        for slot, some in seen
        if len(some) == 1
    ]
    custody.record_all(session, actor, lines)


def _finish(
    session: Session,
    actor: Actor,
    audit: Audit,
    box: AuditBox,
    container: Container,
    number: int,
) -> dict[str, int]:
    """The end of a count: every line of the box gets its word, or another person is to count it again."""
    session.flush()
    scanned = session.exec(
        select(AuditScan.id).where(col(AuditScan.box_id) == box.id, col(AuditScan.counting) == number)
    ).first()
    if scanned is None:
        message = N_("Nothing was scanned in %(name)s. Scan its tubes, or mark an empty slot.")
        raise RuleBroken("nothing_scanned", message, field="box", name=container.name)
    again = number > 1
    if again:
        box.second_by_id, box.second_at, box.state = actor.id, clock.now(), BoxState.COUNTED
    else:
        box.counted_by_id, box.counted_at, box.state = actor.id, clock.now(), BoxState.COUNTED
    judged = judge_box(session, audit, box, number)
    results = judged.results
    if audit.second_count and not again and results.keys() - {Result.FOUND, Result.EMPTY}:
        box.state = BoxState.AGAIN
    told = {
        "box": str(box.id),
        "container": str(container.id),
        "count": number,
        "results": results,
        "scans": scans_digest(session, box.id, number),
        "lines": lines_digests(session, box, judged.others),
    }
    tell(session, actor, audit, Kind.CHANGED, **told)
    reopened = [str(key) for key in judged.reopened]
    for at in range(0, len(reopened), IN_ONE_ENTRY):
        tell(session, actor, audit, Kind.CHANGED, reopened=reopened[at : at + IN_ONE_ENTRY])
    return results


def _understood(grid: Grid, box: Container, row: dict[str, Any], tubes: Sequence[Specimen]) -> Seen:
    slot = Slot(row["row"], row["col"])
    rightly = (row["was_container_id"], row["was_row"], row["was_col"]) == (box.id, *slot)
    tube = tubes[0] if len(tubes) == 1 else None
    named = (tube.code, tube.material) if tube else ("", "")
    return Seen(slot_name(grid, slot), row["mark"], row["text"], *named, rightly=rightly)
