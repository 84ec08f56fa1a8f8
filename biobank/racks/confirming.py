"""Confirming a rack: the good wells in one gesture, tasks for the others."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints
from sqlmodel import Session, col, select

from biobank import clock, custody, tasks
from biobank.custody import Kind
from biobank.errors import Conflict, RuleBroken
from biobank.inputs import Flag, Input, Scanned
from biobank.people import Actor, May
from biobank.racks.layouts import RackFrom, ReadAs
from biobank.racks.reading import read
from biobank.racks.receiving import file_by_id, require_rack, require_unsettled
from biobank.racks.verdict import RackVerdict, Verdict, WellRow, judge
from biobank.storage.geometry import Slot
from biobank.storage.maps import by_code, type_of
from biobank.storage.placing import require_holds_tubes
from biobank.storage.rearranging import MOST, Going, Rearrangement, rearrange
from biobank.tables import Container, RackFile, Specimen, TaskKind
from biobank.texts import N_

WellName = Annotated[str, StringConstraints(max_length=10)]

# --- words ---


class AbsentReason(StrEnum):
    """Why tubes that are stored in a box are not in the file of it."""

    LEFT_OUT = "left_out"
    IN_USE = "in_use"
    NOT_FOUND = "not_found"


ABSENT_REASONS: dict[AbsentReason, str] = {
    AbsentReason.LEFT_OUT: N_("They were not put under the scanner"),
    AbsentReason.IN_USE: N_("Somebody has them in use"),
    AbsentReason.NOT_FOUND: N_("They were not found"),
}


class Confirmation(Input):
    """The wells of a file that a person confirms, by the names of the slots; without any, all good ones.

    The others become tasks. `turned` says whether the rack lay the wrong way round, where that was asked;
    `unread_empty` that the scanner writes of an empty well as of one it could not read.
    """

    file: UUID
    box: Scanned
    wells: Annotated[list[WellName], Field(max_length=MOST)] | None = None
    absent_reason: AbsentReason | None = None
    turned: Flag | None = None
    unread_empty: Flag = False
    reading: ReadAs = ReadAs()


class Confirmed(msgspec.Struct, frozen=True):
    """What became of a file: tubes put to their slots, tubes seen where they were, tasks for the rest."""

    box: str
    box_name: str
    file: UUID
    sha256: str
    placed: int
    sighted: int
    tasks: int


# --- rules ---


def require_right_way(found: RackVerdict, told: bool | None) -> None:  # noqa: FBT001 - yes, no, or not asked
    """Refused: a rack that seems to have lain the wrong way round, until somebody says which it was."""
    if told is None and found.seems_turned:
        message = N_(
            "The rack seems to have been turned by half a circle: its tubes fit the mirrored slots. Say how"
            " it lay, or scan it again."
        )
        raise RuleBroken("rack_turned", message, field="turned")


def require_reason(found: RackVerdict, reason: AbsentReason | None) -> None:
    """Refused: tubes that are stored in the box and not in the file, without a word why."""
    if found.absent and reason is None:
        message = N_("Tubes stored here are not in the file: %(count)s. Say why; their slots stay theirs.")
        raise RuleBroken("absent_needs_reason", message, field="absent_reason", count=len(found.absent))


# --- actions ---


def confirm(session: Session, actor: Actor, order: Confirmation) -> Confirmed:
    """Put the confirmed tubes to their slots in one gesture, and make tasks of the other wells.

    Every event names the file by its SHA-256. Tubes that are absent keep their slots, and somebody is
    asked to look for them. Refused: a file of another rack, one that was dealt with, a well that is not
    good (any more), a rack that seems turned, absent tubes without a reason; then nothing is written.
    """
    file = file_by_id(session, actor, order.file, May.HANDLE, lock=True)
    require_unsettled(file)
    found = verdict_of(session, actor, order.box, file, order.reading, turn=bool(order.turned))
    require_right_way(found, order.turned)
    require_reason(found, order.absent_reason)
    chosen = _chosen(found, order)
    box = by_code(session, actor, order.box, May.HANDLE)
    refs = {"file": file.sha256.hex()}
    moves = [Going(tube=well.tube, box=box.code, slot=well.slot) for well in chosen]
    stored = rearrange(session, actor, Rearrangement(moves=moves), refs) if moves else []
    custody.lock(session, [box.id])
    custody.record(session, actor, box, Kind.SIGHTED, refs=refs)
    asked = _tasks(session, actor, box, file, _left(found, chosen, order), order.absent_reason)
    file.settled_by_id, file.settled_at = actor.id, clock.now()
    session.flush()
    placed = sum(each.changed for each in stored)
    return Confirmed(box.code, box.name, file.id, file.sha256.hex(), placed, len(stored) - placed, asked)


# --- questions ---


def check(
    session: Session,
    actor: Actor,
    box: str,
    data: bytes,
    name: str = "",
    told: ReadAs | None = None,
    *,
    turn: bool = False,
) -> RackVerdict:
    """The verdict on a file that is not kept; whether its rack fits is told and not refused."""
    container = by_code(session, actor, box)
    kind = type_of(session, container)
    require_holds_tubes(container.name, kind.level)
    return judge(session, actor, container, kind, read(data, name, told), turn=turn)


def verdict_of(
    session: Session,
    actor: Actor,
    box: str,
    file: RackFile,
    told: ReadAs | None = None,
    *,
    turn: bool = False,
) -> RackVerdict:
    """The verdict on a kept file. Refused: one of another rack, wells that the box does not have."""
    container = by_code(session, actor, box)
    kind = type_of(session, container)
    require_holds_tubes(container.name, kind.level)
    reading = read(file.content, file.name, told)
    require_rack(container, reading, file.rack_code)
    if reading.layout.rack_from is RackFrom.FILE_NAME:
        reading = msgspec.structs.replace(reading, rack=file.rack_code)
    return judge(session, actor, container, kind, reading, turn=turn)


# --- how ---


def _chosen(found: RackVerdict, order: Confirmation) -> list[WellRow]:
    good = {well.slot: well for well in found.wells if well.good}
    if order.wells is None:
        return list(good.values())
    wanted = list(dict.fromkeys(name.strip().upper() for name in order.wells))
    lost = [name for name in wanted if name not in good]
    if lost:
        message = N_("These wells cannot be confirmed as they are now: %(wells)s. Look at the file again.")
        raise Conflict("well_not_good", message, field="wells", wells=", ".join(lost[:20]))
    return [good[name] for name in wanted]


def _left(found: RackVerdict, chosen: Sequence[WellRow], order: Confirmation) -> list[WellRow]:
    """The wells that somebody has to look at: all that were not confirmed, and are not simply empty."""
    confirmed = {well.slot for well in chosen}
    left = [well for well in found.wells if well.slot not in confirmed and well.verdict is not Verdict.EMPTY]
    if order.unread_empty:
        left = [well for well in left if well.verdict is not Verdict.UNREADABLE or well.expected]
    return left


def _tasks(
    session: Session,
    actor: Actor,
    box: Container,
    file: RackFile,
    wells: Sequence[WellRow],
    reason: AbsentReason | None,
) -> int:
    wanted = {well.tube or well.expected for well in wells} - {""}
    tubes = {tube.code: tube for tube in session.exec(select(Specimen).where(col(Specimen.code).in_(wanted)))}
    for well in wells:
        tube = tubes.get(well.tube or well.expected)
        facts = {
            "slot": well.slot,
            "file": file.name or file.rack_code,
            "verdict": well.verdict.value.replace("_", " "),
            "sha256": file.sha256.hex(),
        }
        if well.verdict is Verdict.ABSENT and reason:
            facts["reason"] = reason.value
        tasks.open_task(
            session,
            actor,
            _KINDS.get(well.verdict, TaskKind.RACK_WELL),
            site_id=box.site_id,
            study_id=tube.study_id if tube else None,
            specimen_id=tube.id if tube else None,
            container_id=box.id,
            slot=Slot(well.row, well.col),
            code=well.code,
            facts=facts,
        )
    return len(wells)


_KINDS = {Verdict.ABSENT: TaskKind.MISSING, Verdict.UNREADABLE: TaskKind.UNREADABLE}
