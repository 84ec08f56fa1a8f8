"""Registering a rack of tubes that bear a manufacturer's code: identifiers and slots in one act."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session

from biobank import clock, custody, inputs, specimens
from biobank.custody import Kind
from biobank.errors import RuleBroken
from biobank.inputs import AmountText, Flag, Input, Line, Moment, Scanned, Vessel
from biobank.people import Actor, May
from biobank.racks.confirming import require_right_way, verdict_of
from biobank.racks.layouts import ReadAs
from biobank.racks.receiving import file_by_id, require_unsettled
from biobank.racks.verdict import RackVerdict, Verdict, WellRow
from biobank.specimens import Aliquots, Registration, sources
from biobank.specimens.registering import require_free_identifiers
from biobank.storage.geometry import Grid, Slot, slot_name, slot_named
from biobank.storage.maps import by_code, type_of
from biobank.storage.rearranging import Going, Rearrangement, rearrange
from biobank.tables import Specimen
from biobank.texts import N_

Scheme = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Wells = Annotated[Line, Field(max_length=200)]

# --- words ---


class RackAliquots(Input):
    """The wells with aliquots of one specimen: `A1-A12` is a rectangle, `A1-A12, B3` two of them."""

    parent: Scanned
    wells: Wells
    amount: AmountText | None = None
    container: Vessel = ""


class RackPrimaries(Input):
    """The wells with primary specimens of one visit."""

    visit: Scanned
    material: Line
    wells: Wells
    amount: AmountText | None = None
    container: Vessel = ""
    collected: Moment | None = None


class RackRegistration(Input):
    """What stands in the wells of a received file whose tubes nobody knows yet: all of them, by name.

    `scheme` is what their codes are called, such as the manufacturer; `processed` when aliquots were made.
    """

    file: UUID
    box: Scanned
    scheme: Scheme
    aliquots: Annotated[list[RackAliquots], Field(max_length=100)] = []
    primaries: Annotated[list[RackPrimaries], Field(max_length=100)] = []
    processed: Moment | None = None
    turned: Flag | None = None
    reading: ReadAs = ReadAs()


class RegisteredTube(msgspec.Struct, frozen=True):
    """A tube that is new: its slot, our code, the code on its bottom."""

    slot: str
    code: str
    identifier: str


class RackRegistered(msgspec.Struct, frozen=True):
    """A rack that was registered, tube by tube in the order of the plan."""

    box: str
    box_name: str
    file: UUID
    tubes: list[RegisteredTube]


# --- rules ---


def require_plan(planned: Sequence[str], found: RackVerdict) -> dict[str, WellRow]:
    """The wells of tubes that nobody knows, by slot.

    Refused: no such tubes, a well planned twice, one without such a tube, and such a tube that is not in
    the plan.
    """
    fresh = {well.slot: well for well in found.wells if well.verdict is Verdict.UNKNOWN}
    if not fresh:
        message = N_("No well of this file holds a tube that is new. Confirm it instead.")
        raise RuleBroken("nothing_new", message, field="file")
    twice = [slot for slot, often in Counter(planned).items() if often > 1]
    if twice:
        message = N_("These wells are planned twice: %(wells)s.")
        raise RuleBroken("wells_planned_twice", message, field="wells", wells=_listed(twice))
    without = [slot for slot in planned if slot not in fresh]
    if without:
        message = N_("These wells hold no tube that is new: %(wells)s.")
        raise RuleBroken("wells_not_new", message, field="wells", wells=_listed(without))
    left = fresh.keys() - set(planned)
    if left:
        message = N_("These wells hold new tubes that the plan does not speak of: %(wells)s.")
        wells = _listed([slot for slot in fresh if slot in left])
        raise RuleBroken("wells_not_planned", message, field="wells", wells=wells)
    return fresh


def slots_named(grid: Grid, wells: str) -> list[Slot]:
    """The slots of `A1-A12, B3`, row by row in each rectangle. Refused: one that the box does not have."""
    found: list[Slot] = []
    for part in filter(None, (each.strip() for each in re.split("[,;]", wells))):
        first, _, last = part.partition("-")
        begin, end = _slot(grid, first), _slot(grid, last or first)
        rows = range(begin.row or 0, (end.row or 0) + 1)
        columns = range(begin.col or 0, (end.col or 0) + 1)
        found += [Slot(row, column) for row in rows for column in columns]
    return found


# --- actions ---


def register_rack(session: Session, actor: Actor, order: RackRegistration) -> RackRegistered:
    """Register the new tubes of a rack with their codes and put them to their slots, whole or not at all.

    Refused: wells and plan that do not fit each other, and whatever registering, dividing and storing
    refuse: more than a parent holds, no consent that covers it, a slot that is taken.
    """
    file = file_by_id(session, actor, order.file, May.REGISTER, lock=True)
    require_unsettled(file)
    found = verdict_of(session, actor, order.box, file, order.reading, turn=bool(order.turned))
    require_right_way(found, order.turned)
    box = by_code(session, actor, order.box, May.HANDLE)
    grid = Grid.of(type_of(session, box))
    planned = [
        [slot_name(grid, slot) for slot in slots_named(grid, wells)]
        for wells in ([each.wells for each in order.aliquots] + [each.wells for each in order.primaries])
    ]
    fresh = require_plan([slot for some in planned for slot in some], found)
    wells = [[fresh[slot] for slot in some] for some in planned]
    refs = {"file": file.sha256.hex()}
    made = _aliquots(session, actor, order, wells[: len(order.aliquots)], refs)
    made += _primaries(session, actor, order, wells[len(order.aliquots) :])
    told = [well for some in wells for well in some]
    moves = [
        Going(tube=tube.code, box=box.code, slot=well.slot) for tube, well in zip(made, told, strict=True)
    ]
    rearrange(session, actor, Rearrangement(moves=moves), refs)
    if all(well.verdict in (Verdict.UNKNOWN, Verdict.EMPTY) for well in found.wells):
        file.settled_by_id, file.settled_at = actor.id, clock.now()
    session.flush()
    tubes = [RegisteredTube(well.slot, tube.code, well.code) for tube, well in zip(made, told, strict=True)]
    return RackRegistered(box.code, box.name, file.id, tubes)


# --- how ---


def _slot(grid: Grid, name: str) -> Slot:
    return slot_named(grid, re.sub(r"^([A-Z]+)0+(?=\d)", r"\1", name.strip().upper()), "wells")


def _aliquots(
    session: Session,
    actor: Actor,
    order: RackRegistration,
    wells: Sequence[Sequence[WellRow]],
    refs: dict[str, str],
) -> list[Specimen]:
    """The aliquots of all parents, in the order of their wells, each with its code."""
    if not order.aliquots:
        return []
    parents = sources.load(session, actor, [each.parent for each in order.aliquots])
    made_at = {"processed": order.processed} if order.processed else {}
    orders = [
        inputs.read(Aliquots, {**each.model_dump(exclude={"wells"}), "count": len(some), **made_at})
        for each, some in zip(order.aliquots, wells, strict=True)
    ]
    made = specimens.aliquot_many(session, actor, list(zip(parents, orders, strict=True)))
    told = [well for some in wells for well in some]
    require_free_identifiers(session, [(order.scheme, well.code) for well in told])
    lines = []
    for tube, well in zip(made, told, strict=True):
        there = custody.state(session, tube)["identifiers"]
        own = {"scheme": order.scheme, "value": well.code, "retired": False}
        change = {"identifiers": [*there, own]}
        lines.append(custody.Line(subject=tube, kind=Kind.IDENTIFIED, change=change, refs=refs))
    custody.record_all(session, actor, lines)
    return made


def _primaries(
    session: Session, actor: Actor, order: RackRegistration, wells: Sequence[Sequence[WellRow]]
) -> list[Specimen]:
    made: list[Specimen] = []
    for each, some in zip(order.primaries, wells, strict=True):
        alike = each.model_dump(exclude={"visit", "wells"})
        new = [{**alike, "identifiers": [{"scheme": order.scheme, "value": well.code}]} for well in some]
        told = inputs.read(Registration, {"visit": each.visit, "specimens": new})
        made += specimens.register(session, actor, told)
    return made


def _listed(slots: Iterable[str]) -> str:
    return ", ".join(list(slots)[:20])
