"""Closing gaps: which tubes move where so that boxes come free, with the fewest moves."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import case, func
from sqlmodel import Session, col, select

from biobank import custody, people, storage
from biobank.errors import Conflict
from biobank.inputs import Input, Scanned, Whole
from biobank.people import Actor, May
from biobank.storage import PlannedSlot, Promise, Reservation, Room
from biobank.storage.filling import promises_in
from biobank.storage.keeping import Minutes, planned_slots
from biobank.storage.maps import by_code
from biobank.storage.seating import Guest, first_free
from biobank.tables import PRESENT, Container, Placement, Specimen
from biobank.texts import N_

MOST = 20
MOST_MOVES = 1000
"""So many tubes are planned at most, as in any plan: one act holds no more, and it is a day's work."""

AT_ONCE = 25
"""Boxes whose tubes are looked at together: of more, PostgreSQL would rather read every specimen there is."""
ENOUGH = 5 * MOST
"""So many boxes of each size that may be emptied are looked for, those with the fewest tubes first."""

# --- words ---


class GapOrder(Input):
    """So many boxes are to come free within some containers, or at any one site where one may store."""

    boxes: Annotated[Whole, Field(ge=1, le=MOST)] = 1
    within: Annotated[list[Scanned], Field(max_length=50)] = []


class GapKeep(GapOrder):
    """The same, with the slots reserved for so many minutes."""

    minutes: Minutes = 480


class Freed(msgspec.Struct, frozen=True):
    """A box that comes free, and how many tubes leave it."""

    box: str
    name: str
    tubes: int


class GapPlan(msgspec.Struct, frozen=True):
    """Which boxes come free, and which tube moves where. `freed` may be fewer than were asked for."""

    wanted: int
    freed: list[Freed]
    seats: list[PlannedSlot]


class _Plan(msgspec.Struct, frozen=True):
    freed: list[Freed]
    promises: list[Promise]


# --- actions ---


def keep_gap_plan(session: Session, actor: Actor, order: GapKeep) -> Reservation:
    """Reserve the gaps for the tubes that shall move there; it is carried out by `storage.carry_out`.

    Refused: `no_gaps` where no box can come free, a slot that somebody was faster with.
    """
    plan = _plan(session, actor, order)
    if not plan.promises:
        message = N_("No box can come free: the gaps of the others are too few, or do not suit its tubes.")
        raise Conflict("no_gaps", message, field="boxes")
    boxes = {promise.container_id for promise in plan.promises}
    custody.lock(session, [*boxes, *(each.meant_id for each in plan.promises if each.meant_id)])
    kept = storage.keep(session, actor, plan.promises, order.minutes)
    return storage.reservation(session, actor, kept)


# --- questions ---


def gap_plan(session: Session, actor: Actor, order: GapOrder) -> GapPlan:
    """Which tubes would move where, so that so many boxes come free with the fewest moves.

    A box comes free where all its tubes may be moved by the actor and nothing in it is kept, reserved or
    blocked; its tubes go only into boxes that hold some already, and only where they may stand. The fewest
    moves are exact where every tube may stand everywhere; else boxes that cannot be emptied are passed over,
    `ENOUGH` of each size at most.
    """
    plan = _plan(session, actor, order)
    return GapPlan(order.boxes, plan.freed, planned_slots(session, actor, plan.promises))


# --- rules ---


def emptiest(tubes: Mapping[UUID, int], sizes: Mapping[UUID, int], gaps: int, count: int) -> list[UUID]:
    """Of boxes with so many tubes and slots, `count` that hold the fewest tubes and leave gaps for all.

    `gaps` are the free slots of all these boxes together. What leaves the chosen boxes must go into the
    gaps of the rest, which holds exactly where the chosen ones have no more slots together than there are
    gaps. Among boxes of one size those with the fewest tubes are best; how many of each size, is tried.
    Empty where it cannot be done.
    """
    by_size: dict[int, list[UUID]] = {}
    for box in sorted(tubes, key=lambda each: (tubes[each], each)):
        by_size.setdefault(sizes[box], []).append(box)
    sums = {size: [0, *accumulate(tubes[box] for box in boxes)] for size, boxes in by_size.items()}
    # The least tubes by (boxes chosen, slots of them), with how many of each size, one size after the other.
    best: dict[tuple[int, int], tuple[int, dict[int, int]]] = {(0, 0): (0, {})}
    for size, boxes in by_size.items():
        further: dict[tuple[int, int], tuple[int, dict[int, int]]] = {}
        for (chosen, slots), (moves, how) in best.items():
            for more in range(min(len(boxes), count - chosen) + 1):
                key = (chosen + more, slots + more * size)
                cost = moves + sums[size][more]
                if key[1] <= gaps and (key not in further or cost < further[key][0]):
                    further[key] = (cost, how | {size: more})
        best = further
    fitting = [(moves, slots, how) for (chosen, slots), (moves, how) in best.items() if chosen == count]
    if not fitting:
        return []
    how = min(fitting, key=lambda each: each[:2])[2]
    return [box for size, many in how.items() for box in by_size[size][:many]]


# --- how ---


def _plan(session: Session, actor: Actor, order: GapOrder) -> _Plan:
    """The best of the plans that there are for each site: from one to another, tubes are shipped."""
    tops = [by_code(session, actor, text, May.HANDLE, "within") for text in order.within]
    tops = tops or storage.standing_free(session, actor)
    sites = dict.fromkeys(top.site_id for top in tops)
    plans = [
        _plan_among(session, actor, order, [top for top in tops if top.site_id == site]) for site in sites
    ]
    return max(plans, key=lambda plan: (len(plan.freed), -len(plan.promises)), default=_Plan([], []))


def _plan_among(session: Session, actor: Actor, order: GapOrder, tops: Sequence[Container]) -> _Plan:
    found = storage.rooms(session, actor, tops)
    begun = {room.id: room for room in found if room.taken}
    movable = _movable(session, actor, begun)
    for count in range(min(order.boxes, len(movable)), 0, -1):
        open_boxes = dict(movable)
        while len(open_boxes) >= count:
            chosen = emptiest(
                open_boxes,
                {key: begun[key].size for key in open_boxes},
                sum(room.free for room in begun.values()),
                count,
            )
            if not chosen or sum(movable[box] for box in chosen) > MOST_MOVES:
                break
            seated, stuck = _seated(session, begun, chosen)
            if not stuck:
                promises = promises_in(session, actor, seated, list(seated))
                return _Plan(
                    [Freed(begun[box].code, begun[box].name, movable[box]) for box in chosen], promises
                )
            for box in stuck:
                del open_boxes[box]
    return _Plan([], [])


def _movable(session: Session, actor: Actor, begun: Mapping[UUID, Room]) -> dict[UUID, int]:
    """Boxes with nothing in them but tubes that the actor may move, and how many those are."""
    by_size: dict[int, list[UUID]] = {}
    for room in sorted(begun.values(), key=lambda each: each.taken):
        by_size.setdefault(room.size, []).append(room.id)
    found: dict[UUID, int] = {}
    for boxes in by_size.values():
        own: dict[UUID, int] = {}
        for start in range(0, len(boxes), AT_ONCE):
            own |= _all_ours(session, actor, boxes[start : start + AT_ONCE])
            if len(own) >= ENOUGH:
                break
        found |= own
    return found


def _all_ours(session: Session, actor: Actor, boxes: Sequence[UUID]) -> dict[UUID, int]:
    mine = people.visible(actor, May.HANDLE, Specimen) & col(Specimen.life).in_(PRESENT)
    asked = (
        select(
            Placement.container_id,
            func.count(),
            func.sum(case((col(Specimen.id).is_not(None) & mine, 1), else_=0)),
        )
        .outerjoin(Specimen, col(Specimen.id) == col(Placement.specimen_id))
        .where(col(Placement.container_id).in_(boxes))
        .group_by(col(Placement.container_id))
    )
    return {box: every for box, every, own in session.exec(asked) if every == own}


def _seated(
    session: Session, begun: Mapping[UUID, Room], chosen: Sequence[UUID]
) -> tuple[dict[UUID, UUID], set[UUID]]:
    """The new box of each tube of the chosen ones, and those of them with a tube that finds none."""
    asked = (
        select(Specimen, Placement.container_id)
        .join(Placement, col(Placement.specimen_id) == col(Specimen.id))
        .where(col(Placement.container_id).in_(chosen))
        .order_by(col(Placement.container_id), col(Placement.row), col(Placement.col))
    )
    found = session.exec(asked).all()
    traits = storage.traits(session, [tube for tube, _ in found])
    guests = [Guest(tube.id, tube.participant_id, tube.id, traits[tube.id]) for tube, _ in found]
    # The largest gaps first: so the fewest boxes are opened.
    rest = [room for key, room in begun.items() if key not in set(chosen) and room.free]
    seated = first_free(guests, sorted(rest, key=lambda room: -room.free))
    return seated, {box for tube, box in found if tube.id not in seated}
