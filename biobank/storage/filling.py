"""Planning where tubes go: a preview by a strategy, the slots reserved, all put away in one act."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, col, func, select

from biobank import custody, people
from biobank.codes import grouped
from biobank.database import by_id
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.inputs import Input, Moment, Note, Scanned
from biobank.ledger import entries
from biobank.people import Actor, May
from biobank.storage import keeping, seating
from biobank.storage.geometry import Grid, Slot
from biobank.storage.keeping import Minutes, PlannedSlot, Promise, Reservation
from biobank.storage.maps import by_code, taken_in
from biobank.storage.placing import Stored, Tubes, require_once, require_storable
from biobank.storage.rearranging import Going, Rearrangement, rearrange
from biobank.storage.rooms import Room, rooms, standing_free, traits
from biobank.storage.seating import Guest, Seated, Strategy
from biobank.storage.ways import paths
from biobank.tables import Container, ContainerType, CustodyEvent, Keep, Placement, Specimen
from biobank.texts import N_

TRIES = 5
"""How often a plan is made anew because somebody else took of its slots."""

# --- words ---


class FillOrder(Input):
    """Tubes that look for a place, in order; anywhere at their site, or within some containers."""

    tubes: Tubes
    within: Annotated[list[Scanned], Field(max_length=50)] = []
    strategy: Strategy = Strategy.FIRST_FREE


class KeepOrder(FillOrder):
    """The same, with the slots reserved for so many minutes."""

    minutes: Minutes = 30


class CarryOut(Input):
    """Put away what a plan reserved: all of it, or what goes into (or comes out of) one scanned box."""

    plan: UUID
    box: Scanned | None = None
    occurred: Moment | None = None
    note: Note | None = None


class FillPlan(msgspec.Struct, frozen=True):
    """Where every tube would go; `without` are those for which there is no place."""

    strategy: str
    seats: list[PlannedSlot]
    without: list[str]

    @property
    def boxes(self) -> dict[str, str]:
        """The names of the boxes that get something, by code."""
        return {seat.box: seat.box_name for seat in self.seats}


# --- rules ---


def require_all_seated(tubes: Sequence[Specimen], found: Sequence[Promise]) -> None:
    """Refused: some tubes for which there is no place, naming the first."""
    seated = {promise.meant_id for promise in found}
    without = [tube for tube in tubes if tube.id not in seated]
    if without:
        message = N_(
            "There is no place for %(count)s of %(wanted)s tubes, such as %(code)s. Nothing was reserved."
        )
        count, code = len(without), grouped(without[0].code)
        raise Conflict("no_room", message, field="within", count=count, wanted=len(tubes), code=code)


# --- actions ---


def keep_plan(session: Session, actor: Actor, order: KeepOrder) -> Reservation:
    """Reserve for every tube the slot that the strategy gives it, whole or not at all.

    Nobody else gets these slots until the time is over. A slot that is kept for a tube that is out needs no
    reservation. Refused: what `preview` refuses, `no_room`, and a plan of nothing but such tubes.
    """
    tubes = _tubes(session, actor, order.tubes)
    kept = _kept(session, tubes) if order.strategy is Strategy.ORIGIN else {}
    promises = [each for each in _settled(session, actor, order, tubes) if each.meant_id not in kept]
    if not promises:
        message = N_("The slots of these tubes are kept for them already. Bring them back.")
        raise RuleBroken("kept_already", message, field="tubes")
    plan = keeping.keep(session, actor, promises, order.minutes)
    return keeping.reservation(session, actor, plan)


def fill(session: Session, actor: Actor, order: FillOrder) -> list[Stored]:
    """Put every tube where the strategy says, at once. Refused: what `keep_plan` and `rearrange` refuse."""
    tubes = _tubes(session, actor, order.tubes)
    promises = _settled(session, actor, order, tubes)
    moves = [
        Going(tube=seat.code, box=seat.box, slot=seat.slot)
        for seat in keeping.planned_slots(session, actor, promises)
    ]
    return rearrange(session, actor, Rearrangement(moves=moves))


def carry_out(session: Session, actor: Actor, order: CarryOut) -> list[Stored]:
    """Put every tube of a plan at the slot that is reserved for it, in one gesture.

    Refused: a plan that is over, that has no tubes left, or none that goes into or comes out of the box;
    and what `rearrange` refuses.
    """
    held = keeping.reservation(session, actor, order.plan)
    seats = [seat for seat in held.seats if seat.code.startswith("S")]
    if order.box:
        box = by_code(session, actor, order.box, May.HANDLE)
        seats = [seat for seat in seats if box.code in (seat.box, seat.from_box)]
    if not seats:
        message = N_("No tube of this plan goes there or comes from there.")
        raise RuleBroken("nothing_planned_there", message, field="box")
    moves = [Going(tube=seat.code, box=seat.box, slot=seat.slot) for seat in seats]
    told = Rearrangement(moves=moves, occurred=order.occurred, note=order.note)
    return rearrange(session, actor, told, {"plan": str(order.plan)})


# --- questions ---


def preview(session: Session, actor: Actor, order: FillOrder) -> FillPlan:
    """Where every tube would go; nothing is changed, and nobody is kept from these slots.

    Refused: a tube that has ended or is out of scope, a container out of scope.
    """
    tubes = _tubes(session, actor, order.tubes)
    promises = _found(session, actor, order, tubes)
    seated = {promise.meant_id for promise in promises}
    without = [tube.code for tube in tubes if tube.id not in seated]
    return FillPlan(order.strategy.value, keeping.planned_slots(session, actor, promises), without)


# --- how ---


def _tubes(session: Session, actor: Actor, scanned: Sequence[str]) -> list[Specimen]:
    """The tubes, not locked. Refused: one that is out of scope, or that cannot be stored."""
    read = require_once(scanned)
    asked = select(Specimen).where(col(Specimen.code).in_(read), people.visible(actor, May.HANDLE, Specimen))
    known = {tube.code: tube for tube in session.exec(asked)}
    for place, code in enumerate(read):
        if code not in known:
            message = N_("There is no specimen %(code)s in your scope.")
            raise NotFound("specimen_not_found", message, field=f"tubes.{place}", code=code)
        require_storable(known[code])
    return [known[code] for code in read]


def _settled(session: Session, actor: Actor, order: FillOrder, tubes: Sequence[Specimen]) -> list[Promise]:
    """Promises in locked boxes, made again where somebody was faster. Refused: `no_room`."""
    promises = _found(session, actor, order, tubes)
    for _ in range(TRIES):
        require_all_seated(tubes, promises)
        boxes = {promise.container_id for promise in promises}
        custody.lock(session, [*boxes, *(tube.id for tube in tubes)])
        gone = taken_in(session, boxes, actor, [tube.id for tube in tubes])
        kept = _kept(session, tubes).values() if order.strategy is Strategy.ORIGIN else ()
        if not any(each.slot in gone[each.container_id] for each in promises if each not in kept):
            break
        promises = _found(session, actor, order, tubes)
    return promises


def _found(session: Session, actor: Actor, order: FillOrder, tubes: Sequence[Specimen]) -> list[Promise]:
    meant = [tube.id for tube in tubes]
    if order.strategy is Strategy.ORIGIN:
        return _origins(session, actor, tubes)
    tops = [by_code(session, actor, text, May.HANDLE, "within") for text in order.within]
    if not order.within:
        sites = dict.fromkeys(tube.site_id for tube in tubes)
        tops = [top for site in sites for top in standing_free(session, actor, site)]
    open_rooms = [room for room in rooms(session, actor, tops, meant) if room.free > 0]
    seated = _seated(session, order.strategy, _guests(session, tubes), open_rooms)
    return promises_in(session, actor, seated, meant)


def promises_in(
    session: Session, actor: Actor, seated: Mapping[UUID, UUID], meant: Sequence[UUID]
) -> list[Promise]:
    """The next free slots of the chosen boxes, in fill order, for their tubes."""
    boxes = by_id(session, Container, seated.values())
    kinds = by_id(session, ContainerType, [box.type_id for box in boxes.values()])
    gone = taken_in(session, list(dict.fromkeys(seated.values())), actor, meant)
    free = {
        key: iter([slot for slot in Grid.of(kinds[boxes[key].type_id]).slots() if slot not in set(taken)])
        for key, taken in gone.items()
    }
    return [Promise(room, next(free[room]), tube) for tube, room in seated.items()]


def _seated(
    session: Session, strategy: Strategy, guests: Sequence[Guest], open_rooms: Sequence[Room]
) -> Seated:
    if strategy is Strategy.TOGETHER:
        return seating.together(guests, open_rooms, _of_person(session, guests))
    if strategy is Strategy.SPLIT:
        return seating.split(guests, open_rooms, _of_family(session, guests))
    fill = seating.least_empty if strategy is Strategy.LEAST_EMPTY else seating.first_free
    return fill(guests, open_rooms)


def _guests(session: Session, tubes: Sequence[Specimen]) -> list[Guest]:
    of = traits(session, tubes)
    return [Guest(tube.id, tube.participant_id, tube.parent_id or tube.id, of[tube.id]) for tube in tubes]


def _of_person(session: Session, guests: Sequence[Guest]) -> dict[tuple[UUID, UUID], int]:
    """How many other tubes of these participants stand in which box."""
    asked = (
        select(Specimen.participant_id, Placement.container_id, func.count())
        .join(Placement, col(Placement.specimen_id) == col(Specimen.id))
        .where(
            col(Specimen.participant_id).in_({guest.person for guest in guests}),
            col(Specimen.id).not_in([guest.id for guest in guests]),
        )
        .group_by(col(Specimen.participant_id), col(Placement.container_id))
    )
    return {(person, box): count for person, box, count in session.exec(asked)}


def _of_family(session: Session, guests: Sequence[Guest]) -> dict[tuple[UUID, str], int]:
    """How many other tubes made of these specimens stand in which freezer."""
    asked = (
        select(Specimen.parent_id, Placement.container_id, func.count())
        .join(Placement, col(Placement.specimen_id) == col(Specimen.id))
        .where(
            col(Specimen.parent_id).in_({guest.family for guest in guests}),
            col(Specimen.id).not_in([guest.id for guest in guests]),
        )
        .group_by(col(Specimen.parent_id), col(Placement.container_id))
    )
    found = session.exec(asked).all()
    ways = paths(session, [box for _, box, _ in found]) if found else {}
    many: Counter[tuple[UUID, str]] = Counter()
    for family, box, count in found:
        if family:
            many[family, ways[box][0].code] += count
    return dict(many)


def _origins(session: Session, actor: Actor, tubes: Sequence[Specimen]) -> list[Promise]:
    """The slot that is kept for each tube, or where it was before; where that is free to it."""
    kept = _kept(session, tubes)
    before = _before(session, [tube for tube in tubes if tube.id not in kept])
    wanted = kept | before
    boxes = by_id(session, Container, [place.container_id for place in wanted.values()])
    gone = taken_in(session, [key for key in boxes if key], actor, [tube.id for tube in tubes])
    found: dict[tuple[UUID, Slot], Promise] = {}
    for tube in tubes:
        promise = wanted.get(tube.id)
        if promise and tube.id in kept:
            found[promise.container_id, promise.slot] = promise
        elif promise and promise.slot not in gone[promise.container_id]:
            open_box = boxes[promise.container_id]
            if not open_box.retired and people.allowed(actor, May.HANDLE, open_box):
                found.setdefault((promise.container_id, promise.slot), promise)
    return list(found.values())


def _kept(session: Session, tubes: Sequence[Specimen]) -> dict[UUID, Promise]:
    """The slots kept for those that are out."""
    asked = (
        select(Keep.specimen_id, Placement.container_id, Placement.row, Placement.col)
        .join(Placement, col(Placement.keep_id) == col(Keep.id))
        .where(col(Keep.specimen_id).in_([tube.id for tube in tubes]))
    )
    rows = session.exec(asked).all()
    return {tube: Promise(box, Slot(row, column), tube) for tube, box, row, column in rows if tube}


def _before(session: Session, tubes: Sequence[Specimen]) -> dict[UUID, Promise]:
    """Where each tube was put last, other than where it is now."""
    keys = [tube.id for tube in tubes]
    here = {
        place.specimen_id: (place.container_id, place.row, place.col)
        for place in session.exec(select(Placement).where(col(Placement.specimen_id).in_(keys)))
    }
    asked = (
        select(CustodyEvent.subject_id, CustodyEvent.entry)
        .where(col(CustodyEvent.subject_id).in_(keys), col(CustodyEvent.container_id).is_not(None))
        .order_by(col(CustodyEvent.subject_id), col(CustodyEvent.number).desc())
    )
    found: dict[UUID, Promise] = {}
    for tube, entry in session.exec(asked):
        place = entries.read(entry).change["place"]
        where = Promise(UUID(place["container"]), Slot(place.get("row"), place.get("col")), tube)
        if tube not in found and where.slot.row is not None and here.get(tube) != (where[0], *where.slot):
            found[tube] = where
    return found
