"""Reserving slots for a time: whose they are, what for, and until when."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import ColumnElement, delete, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.codes import grouped
from biobank.database import add_rows, by_id
from biobank.errors import Conflict, NotAllowed, NotFound, RuleBroken
from biobank.inputs import Input, Line, Scanned, Whole
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name, slot_named
from biobank.storage.maps import by_code, free_in, taken_in, type_of
from biobank.tables import Container, ContainerType, Keep, KeepKind, Person, Placement, Site, Specimen
from biobank.texts import N_

Minutes = Annotated[Whole, Field(ge=1, le=7 * 24 * 60)]
AT_ONCE = 500


# --- words ---


class ReserveOrder(Input):
    """Reserve named slots of a container, or so many of its next free ones, for whatever you put there."""

    box: Scanned
    slots: Annotated[list[Line], Field(max_length=2000)] = []
    count: Annotated[Whole, Field(ge=1, le=2000)] | None = None
    minutes: Minutes = 30


class PlanOrder(Input):
    """The reservation that is meant."""

    plan: UUID


class Prolonging(PlanOrder):
    """Let a reservation end so many minutes from now."""

    minutes: Minutes = 30


class Promise(NamedTuple):
    """A slot of a container and what it is for: a tube, a container, or (None) anything of its owner."""

    container_id: UUID
    slot: Slot
    meant_id: UUID | None = None


class PlannedSlot(msgspec.Struct, frozen=True):
    """A slot, what goes there, and where that is now; `code` is empty where nothing in particular does."""

    box: str
    box_name: str
    slot: str
    code: str = ""
    material: str = ""
    from_box: str = ""
    from_name: str = ""
    from_slot: str = ""


class Reservation(msgspec.Struct, frozen=True):
    """Slots reserved in one act, by container and in its order."""

    plan: UUID
    owner: str
    mine: bool
    ends_at: datetime
    seats: list[PlannedSlot]
    time_zone: str = ""

    @property
    def boxes(self) -> dict[str, str]:
        """The names of the containers with such slots, by code."""
        return {seat.box: seat.box_name for seat in self.seats}


# --- rules ---


def require_still_free(
    session: Session, promises: Sequence[Promise], gone: Mapping[UUID, Iterable[Slot]]
) -> None:
    """Refused: a slot that is taken, or reserved for something else."""
    taken = {key: set(slots) for key, slots in gone.items()}
    for promise in promises:
        if promise.slot in taken[promise.container_id]:
            box = session.get_one(Container, promise.container_id)
            message = N_("Slot %(slot)s of %(name)s is taken. Nothing was reserved. Choose another slot.")
            slot = slot_name(Grid.of(type_of(session, box)), promise.slot)
            raise Conflict("slot_taken", message, field="slots", slot=slot, name=box.name)


def require_mine(session: Session, actor: Actor, keep: Keep) -> None:
    """Refused: a reservation of somebody else, to whoever may not set up its containers, or see any."""
    if keep.owner_id == actor.id:
        return
    where = select(Container).join(Placement, col(Placement.container_id) == col(Container.id))
    where = where.join(Keep, col(Keep.id) == col(Placement.keep_id))
    containers = session.exec(where.where(col(Keep.plan_id) == keep.plan_id)).all()
    if not any(people.allowed(actor, May.SEE, container) for container in containers):
        raise _gone()
    if not all(people.allowed(actor, May.SET_UP, container) for container in containers):
        message = N_("These slots are reserved by %(owner)s. Ask them, or a manager of the site.")
        raise NotAllowed("not_your_reservation", message, owner=session.get_one(Person, keep.owner_id).name)


# --- actions ---


def reserve(session: Session, actor: Actor, order: ReserveOrder) -> Reservation:
    """Reserve slots of one container, whole or not at all.

    Refused: a slot that is taken or reserved by somebody else, fewer free slots than asked, an unplaced
    container (which is never full).
    """
    box = by_code(session, actor, order.box, May.HANDLE)
    custody.lock(session, [box.id])
    session.refresh(box)  # somebody may have changed its type before we had the lock
    grid = Grid.of(type_of(session, box))
    if grid.size is None:
        message = N_("Things lie unplaced in %(name)s: nothing needs to be reserved there.")
        raise RuleBroken("nothing_to_reserve", message, field="box", name=box.name)
    if bool(order.slots) == bool(order.count):
        raise RuleBroken("slots_or_count", N_("Say which slots, or how many."), field="slots")
    slots = [slot_named(grid, name, "slots") for name in order.slots]
    if order.count:
        slots = free_in(session, box, actor)[: order.count]
        if len(slots) < order.count:
            message = N_("%(name)s (%(code)s) is too full: %(wanted)s needed, %(free)s free.")
            raise Conflict(
                "too_few_free",
                message,
                field="count",
                name=box.name,
                code=grouped(box.code),
                free=len(slots),
                wanted=order.count,
            )
    plan = keep(session, actor, [Promise(box.id, slot) for slot in dict.fromkeys(slots)], order.minutes)
    return reservation(session, actor, plan)


def keep(
    session: Session,
    actor: Actor,
    promises: Sequence[Promise],
    minutes: int,
    plan: UUID | None = None,
) -> UUID:
    """Reserve slots of locked containers until so many minutes from now, as one plan; its id.

    What a slot is promised to has one reservation, the newest. Those whose time is over are swept on the
    way. Refused: `slot_taken`.
    """
    meant = [promise.meant_id for promise in promises if promise.meant_id]
    boxes = {promise.container_id for promise in promises}
    require_still_free(session, promises, taken_in(session, boxes, actor, meant))
    for start in range(0, len(meant), AT_ONCE):
        _drop(session, col(Keep.reserved_for_id).in_(meant[start : start + AT_ONCE]))
    _drop(session, col(Keep.id).in_(_giving_way(session, actor, promises)))
    plan = plan or clock.new_key()
    ends_at = clock.now() + timedelta(minutes=minutes)
    common = {"kind": KeepKind.RESERVED, "owner_id": actor.id, "specimen_id": None, "ends_at": ends_at}
    keeps = [
        {"id": clock.new_key(), **common, "reserved_for_id": each.meant_id, "plan_id": plan}
        for each in promises
    ]
    add_rows(session, Keep, keeps)
    nobody = {"specimen_id": None, "child_id": None}
    slots = [
        {
            "id": clock.new_key(),
            "container_id": promise.container_id,
            "row": promise.slot.row,
            "col": promise.slot.col,
            **nobody,
            "keep_id": kept["id"],
        }
        for promise, kept in zip(promises, keeps, strict=True)
    ]
    add_rows(session, Placement, slots)
    return plan


def release(session: Session, actor: Actor, order: PlanOrder) -> int:
    """Give up what is left of a reservation; how many slots. Refused: somebody else's, one that is over."""
    held = _of_plan(session, order.plan)
    require_mine(session, actor, held)
    return _drop(session, col(Keep.plan_id) == order.plan)


def prolong(session: Session, actor: Actor, order: Prolonging) -> Reservation:
    """Let a reservation last longer. Refused: somebody else's, one that is over."""
    require_mine(session, actor, _of_plan(session, order.plan))
    ends_at = clock.now() + timedelta(minutes=order.minutes)
    changed = update(Keep).where(col(Keep.plan_id) == order.plan, _running())
    session.connection().execute(changed.values(ends_at=ends_at))
    session.expire_all()
    return reservation(session, actor, order.plan)


def renew(session: Session, plan: UUID, minutes: int) -> None:
    """Let what is left of a plan last so many minutes from now, whoever made it: somebody works on it."""
    ends_at = clock.now() + timedelta(minutes=minutes)
    changed = update(Keep).where(col(Keep.plan_id) == plan, col(Keep.kind) == KeepKind.RESERVED)
    session.connection().execute(changed.values(ends_at=ends_at))


def give_up(session: Session, plan: UUID) -> int:
    """Give up what is left of a plan that is over, whoever made it; how many slots."""
    return _drop(session, col(Keep.plan_id) == plan)


# --- questions ---


def reservation(session: Session, actor: Actor, plan: UUID) -> Reservation:
    """What is left of a reservation. Refused: one that is over or was used up, or out of scope."""
    _of_plan(session, plan)
    found = _reservations(session, actor, col(Keep.plan_id) == plan)
    if not found:
        raise _gone()
    return found[0]


def my_reservations(session: Session, actor: Actor) -> list[Reservation]:
    """What the actor has reserved, what ends first in front."""
    return _reservations(session, actor, col(Keep.owner_id) == actor.id)


def promises(session: Session, plan: UUID) -> list[Promise]:
    """The slots of a plan that are still reserved, and for what."""
    asked = (
        select(Placement.container_id, Placement.row, Placement.col, Keep.reserved_for_id)
        .join(Keep, col(Keep.id) == col(Placement.keep_id))
        .where(col(Keep.plan_id) == plan, _running())
        .order_by(col(Placement.container_id), col(Placement.row), col(Placement.col))
    )
    return [Promise(box, Slot(row, column), meant) for box, row, column, meant in session.exec(asked)]


def promised(session: Session, box: Container, meant: Collection[UUID]) -> dict[UUID, Slot]:
    """The slots of one container that are reserved for these very things."""
    asked = (
        select(Keep.reserved_for_id, Placement.row, Placement.col)
        .join(Placement, col(Placement.keep_id) == col(Keep.id))
        .where(col(Placement.container_id) == box.id, col(Keep.reserved_for_id).in_(meant), _running())
    )
    return {key: Slot(row, column) for key, row, column in session.exec(asked) if key}


def planned_slots(session: Session, actor: Actor, promises: Sequence[Promise]) -> list[PlannedSlot]:
    """Slots in words, in a bounded number of statements; of what is out of scope nothing is told."""
    meant = [promise.meant_id for promise in promises]
    boxes = by_id(session, Container, [promise.container_id for promise in promises])
    tubes, inner = by_id(session, Specimen, meant), by_id(session, Container, meant)
    now = _placed(session, [key for key in meant if key])
    boxes |= by_id(session, Container, [place.container_id for place in now.values()])
    grids = {key: Grid.of(kind) for key, kind in by_id(session, ContainerType, _types(boxes)).items()}

    def told(promise: Promise) -> PlannedSlot:
        box, thing = boxes[promise.container_id], tubes.get(promise.meant_id) or inner.get(promise.meant_id)
        here = PlannedSlot(box.code, box.name, slot_name(grids[box.type_id], promise.slot))
        if thing is None or not people.allowed(actor, May.SEE, thing):
            return here
        here = msgspec.structs.replace(here, code=thing.code, material=getattr(thing, "material", ""))
        if thing.id not in now:
            return here
        place = now[thing.id]
        left = boxes[place.container_id]
        slot = slot_name(grids[left.type_id], Slot(place.row, place.col))
        return msgspec.structs.replace(here, from_box=left.code, from_name=left.name, from_slot=slot)

    return [told(promise) for promise in promises]


# --- how ---


def _reservations(session: Session, actor: Actor, which: ColumnElement[bool]) -> list[Reservation]:
    asked = (
        select(Keep, Person.name, Placement, Site.time_zone)
        .join(Placement, col(Placement.keep_id) == col(Keep.id))
        .join(Container, col(Container.id) == col(Placement.container_id))
        .join(Person, col(Person.id) == col(Keep.owner_id))
        .join(Site, col(Site.id) == col(Container.site_id))
        .where(which, _running(), people.visible(actor, May.SEE, Container))
        .order_by(col(Keep.ends_at), col(Keep.plan_id), col(Container.id))
        .order_by(col(Placement.row), col(Placement.col))
    )
    found = session.exec(asked).all()
    told = planned_slots(
        session,
        actor,
        [
            Promise(place.container_id, Slot(place.row, place.col), held.reserved_for_id)
            for held, _, place, _ in found
        ],
    )
    plans: dict[UUID, Reservation] = {}
    for (held, owner, _, zone), seat in zip(found, told, strict=True):
        if held.plan_id and held.ends_at:
            new = Reservation(held.plan_id, owner, held.owner_id == actor.id, held.ends_at, [], zone)
            plans.setdefault(held.plan_id, new).seats.append(seat)
    return list(plans.values())


def _of_plan(session: Session, plan: UUID) -> Keep:
    held = session.exec(select(Keep).where(col(Keep.plan_id) == plan, _running())).first()
    if held is None:
        raise _gone()
    return held


def _gone() -> NotFound:
    message = N_("This reservation is over, or all of it was used. Make a new one.")
    return NotFound("reservation_gone", message, field="plan")


def _running() -> ColumnElement[bool]:
    return (col(Keep.kind) == KeepKind.RESERVED) & (col(Keep.ends_at) > clock.now())


def _giving_way(session: Session, actor: Actor, promises: Sequence[Promise]) -> list[UUID]:
    """Reservations in these containers whose time is over, and the actor's own at these very slots."""
    asked = (
        core_select(
            col(Keep.id),
            col(Keep.ends_at),
            col(Placement.container_id),
            col(Placement.row),
            col(Placement.col),
        )
        .join(Placement, col(Placement.keep_id) == col(Keep.id))
        .where(
            col(Placement.container_id).in_({promise.container_id for promise in promises}),
            col(Keep.kind) == KeepKind.RESERVED,
            (col(Keep.ends_at) <= clock.now())
            | (col(Keep.reserved_for_id).is_(None) & (col(Keep.owner_id) == actor.id)),
        )
    )
    wanted, now = {(promise.container_id, *promise.slot) for promise in promises}, clock.now()
    return [
        key
        for key, ends_at, box, row, column in session.execute(asked)
        if (ends_at and ends_at <= now) or (box, row, column) in wanted
    ]


def _drop(session: Session, which: ColumnElement[bool]) -> int:
    """Delete reservations with their slots; how many."""
    asked = select(Keep.id).join(Placement, col(Placement.keep_id) == col(Keep.id))
    fallen = session.exec(asked.where(col(Keep.kind) == KeepKind.RESERVED, which)).all()
    for start in range(0, len(fallen), AT_ONCE):
        some = fallen[start : start + AT_ONCE]
        session.connection().execute(delete(Placement).where(col(Placement.keep_id).in_(some)))
        session.connection().execute(delete(Keep).where(col(Keep.id).in_(some)))
    return len(fallen)


def _placed(session: Session, keys: Sequence[UUID]) -> dict[UUID, Placement]:
    found: dict[UUID, Placement] = {}
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        asked = select(Placement).where(
            col(Placement.specimen_id).in_(some) | col(Placement.child_id).in_(some)
        )
        for place in session.exec(asked):
            key = place.specimen_id or place.child_id
            if key:
                found[key] = place
    return found


def _types(boxes: Mapping[UUID | None, Container]) -> set[UUID]:
    return {box.type_id for box in boxes.values()}
