"""Seating a spilled box anew: its tubes scanned in the order in which they stand now."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, col, select

from biobank import people
from biobank.codes import grouped
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.inputs import Input, Note, Scanned
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name, slot_named
from biobank.storage.maps import by_code, taken, type_of
from biobank.storage.placing import Stored, require_holds_tubes, require_once
from biobank.storage.rearranging import MOST, Going, Rearrangement, lock_with_boxes, rearrange
from biobank.storage.ways import paths
from biobank.tables import Container, Keep, Placement, Specimen
from biobank.texts import N_

_NAMED_AT_MOST = 10

# --- words ---


class Reseat(Input):
    """How the tubes of a box stand now: in the order of its slots, or each by the slot it is in.

    In `tubes` an empty text is a slot that was left empty; slots that are kept or blocked are passed over.
    """

    box: Scanned
    tubes: Annotated[list[str], Field(max_length=MOST)] = []
    wells: Annotated[dict[str, Scanned], Field(max_length=MOST)] = {}
    note: Note | None = None


class Seat(msgspec.Struct, frozen=True):
    """A tube of the box, the slot where it was, and the one where it goes."""

    code: str
    was: str
    goes: str


class Elsewhere(msgspec.Struct, frozen=True):
    """A tube that does not belong to the permutation: where it is, empty when nowhere."""

    code: str
    place: str


class Reseating(msgspec.Struct, frozen=True):
    """What a re-seat would do, before anything is written.

    `missing` are tubes of the box that were not scanned, `strangers` scanned ones that are not of the box:
    with either, nothing can be written.
    """

    box: str
    name: str
    seats: list[Seat]
    missing: list[Elsewhere]
    strangers: list[Elsewhere]

    @property
    def moved(self) -> int:
        """How many tubes change their slot."""
        return sum(1 for seat in self.seats if seat.was != seat.goes)


# --- rules ---


def require_slots(name: str, rows: int | None) -> None:
    """Refused: what things lie unplaced in."""
    if rows is None:
        message = N_("Things lie unplaced in %(name)s: there is nothing to seat anew.")
        raise RuleBroken("no_slots", message, field="box", name=name)


# --- actions ---


def reseat(session: Session, actor: Actor, order: Reseat) -> list[Stored]:
    """Seat the tubes of a box anew, as they stand now.

    Refused: tubes of the box that were not scanned, and tubes of elsewhere, each by name.
    """
    box = by_code(session, actor, order.box, May.HANDLE)
    lock_with_boxes(session, _scanned(order), [box])
    plan = reseat_preview(session, actor, order)
    _require_none(
        plan.missing,
        "tubes_not_scanned",
        N_("%(count)s tubes of %(name)s were not scanned: %(codes)s. Scan them, or take them out first."),
        plan.name,
    )
    _require_none(
        plan.strangers,
        "tubes_from_elsewhere",
        N_("%(count)s tubes are not of %(name)s: %(codes)s. Lay them aside, and store them afterwards."),
        plan.name,
    )
    moves = [Going(tube=seat.code, box=plan.box, slot=seat.goes) for seat in plan.seats]
    return rearrange(session, actor, Rearrangement(moves=moves, note=order.note))


# --- questions ---


def reseat_preview(session: Session, actor: Actor, order: Reseat) -> Reseating:
    """The permutation that a re-seat would be. Refused: nothing scanned, more tubes than slots, no slots."""
    box = by_code(session, actor, order.box)
    kind = type_of(session, box)
    require_holds_tubes(box.name, kind.level)
    grid = Grid.of(kind)
    require_slots(box.name, grid.rows)
    codes = _scanned(order)
    if not codes:
        message = N_("No tube of %(name)s was scanned yet.")
        raise RuleBroken("nothing_scanned", message, field="tubes", name=box.name)
    tubes = _seen(session, actor, codes)
    seated, waiting = _seated(session, box), _waiting(session, box, tubes)
    was = {**seated, **waiting}
    gone = set(taken(session, box, actor, [tube.id for tube in tubes])) - set(was.values())
    goes = _wells(grid, order) if order.wells else _next_slots(box, grid, order.tubes, gone)
    left_out = seated.keys() - {tube.id for tube in tubes}
    return Reseating(
        box=box.code,
        name=box.name,
        seats=[
            Seat(tube.code, slot_name(grid, was[tube.id]), slot_name(grid, slot))
            for tube, slot in zip(tubes, goes, strict=True)
            if tube.id in was
        ],
        missing=_missing(session, actor, grid, {key: seated[key] for key in left_out}),
        strangers=_strangers(session, [tube for tube in tubes if tube.id not in was]),
    )


# --- how ---


def _scanned(order: Reseat) -> list[str]:
    """Our codes of the scanned tubes, in the order of their slots in the order."""
    return require_once([text for text in (order.wells.values() if order.wells else order.tubes) if text])


def _require_none(tubes: Sequence[Elsewhere], slug: str, message: str, name: str) -> None:
    if tubes:
        named = ", ".join(grouped(tube.code) for tube in tubes[:_NAMED_AT_MOST])
        more = ", …" if len(tubes) > _NAMED_AT_MOST else ""
        raise Conflict(slug, message, field="tubes", count=len(tubes), name=name, codes=named + more)


def _seen(session: Session, actor: Actor, codes: Sequence[str]) -> list[Specimen]:
    """The tubes of these codes, in the order asked, as the reader may see them."""
    asked = select(Specimen).where(col(Specimen.code).in_(codes))
    found = {tube.code: tube for tube in session.exec(asked.where(people.visible(actor, May.SEE, Specimen)))}
    for code in codes:
        if code not in found:
            message = N_("There is no specimen %(code)s in your scope.")
            raise NotFound("specimen_not_found", message, field="tubes", code=code)
    return [found[code] for code in codes]


def _seated(session: Session, box: Container) -> dict[UUID, Slot]:
    """The tubes that stand in a box, and their slots."""
    asked = select(Placement.specimen_id, Placement.row, Placement.col)
    rows = session.exec(asked.where(col(Placement.container_id) == box.id))
    return {tube: Slot(row, column) for tube, row, column in rows if tube is not None}


def _waiting(session: Session, box: Container, tubes: Sequence[Specimen]) -> dict[UUID, Slot]:
    """The slots of a box that are kept for some of these tubes."""
    asked = select(Keep.specimen_id, Placement.row, Placement.col)
    asked = asked.join(Placement, col(Placement.keep_id) == col(Keep.id))
    asked = asked.where(col(Placement.container_id) == box.id)
    rows = session.exec(asked.where(col(Keep.specimen_id).in_([tube.id for tube in tubes])))
    return {tube: Slot(row, column) for tube, row, column in rows if tube is not None}


def _wells(grid: Grid, order: Reseat) -> list[Slot]:
    """The named slots. Refused: one that is not there."""
    named = {slot_name(grid, slot): slot for slot in grid.slots()}
    wells = [name.strip().upper() for name in order.wells]
    return [named.get(name) or slot_named(grid, name, f"wells.{name}") for name in wells]


def _next_slots(box: Container, grid: Grid, tubes: Sequence[str], gone: Collection[Slot]) -> list[Slot]:
    """A slot for each tube, in fill order; an empty text leaves one empty. Refused: more than there are."""
    free = [slot for slot in grid.slots() if slot not in gone]
    if len(tubes) > len(free):
        message = N_("%(name)s (%(code)s) is too full: %(wanted)s needed, %(free)s free. Scan another box.")
        raise Conflict(
            "box_full",
            message,
            field="tubes",
            name=box.name,
            code=grouped(box.code),
            free=len(free),
            wanted=len(tubes),
        )
    return [slot for text, slot in zip(tubes, free, strict=False) if text]


def _missing(session: Session, actor: Actor, grid: Grid, slots: Mapping[UUID, Slot]) -> list[Elsewhere]:
    """Tubes of the box by their slots; one out of the reader's scope has no code."""
    asked = select(Specimen.id, Specimen.code).where(col(Specimen.id).in_(list(slots)))
    codes = dict(session.exec(asked.where(people.visible(actor, May.SEE, Specimen))).all())
    ordered = sorted(slots.items(), key=lambda each: (each[1].row or 0, each[1].col or 0))
    return [Elsewhere(codes.get(key, ""), slot_name(grid, slot)) for key, slot in ordered]


def _strangers(session: Session, tubes: Sequence[Specimen]) -> list[Elsewhere]:
    """Where tubes of elsewhere are, by the names of what they stand in."""
    asked = select(Placement.specimen_id, Placement.container_id)
    asked = asked.where(col(Placement.specimen_id).in_([tube.id for tube in tubes]))
    stands = dict(session.exec(asked).all())
    ways = paths(session, list(stands.values()))
    way = {key: " · ".join(step.name for step in ways[box]) for key, box in stands.items()}
    return [Elsewhere(tube.code, way.get(tube.id, "")) for tube in tubes]
