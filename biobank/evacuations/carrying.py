"""Carrying: one scan moves a rack or a box to the slot that waits for it, out and back again."""

from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import clock, custody
from biobank.codes import grouped
from biobank.errors import Conflict, RuleBroken
from biobank.evacuations.loads import load
from biobank.evacuations.planning import LASTS, Chosen, being_emptied, open_one, steps_of
from biobank.evacuations.targets import Search
from biobank.inputs import Scanned
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.keeping import Promise, give_up, keep, renew
from biobank.storage.maps import by_code, taken, taken_in, type_of
from biobank.storage.moving import ContainerMove, move_container
from biobank.storage.ways import path
from biobank.tables import Container, Evacuation, EvacuationStep, Placement
from biobank.texts import N_

# --- words ---


class Carry(Chosen):
    """One rack or box was carried: it now stands where the plan says, or wherever the answer does."""

    container: Scanned


class Carried(msgspec.Struct, frozen=True):
    """A rack or a box where it now is: the slot, the way to it, and whether this changed anything.

    `other_slot` is true where the planned one was taken meanwhile and another one was found.
    """

    code: str
    name: str
    slot: str
    way: list[str]
    changed: bool = True
    other_slot: bool = False


# --- actions ---


def carry(session: Session, actor: Actor, order: Carry) -> Carried:
    """Move a rack or a box of the plan, with all it holds, to its slot; on the way back, to its own.

    One that is there already is told as unchanged: somebody else was faster. Refused: one that is not of
    the plan, one for which there is no room, on the way back a slot that is no longer free.
    """
    under_way = open_one(session, actor, order.evacuation)
    container = by_code(session, actor, order.container, May.HANDLE, "container")
    step = _step(session, under_way, container)
    renew(session, under_way.id, LASTS)
    if under_way.returning_at is not None:
        return _moved(session, actor, container, Promise(step.from_id, Slot(step.from_row, step.from_col)))
    aim = Promise(step.to_id, Slot(step.to_row, step.to_col)) if step.to_id else None
    if aim and (_stands(session, container, aim) or not _is_taken(session, actor, container, aim)):
        return _moved(session, actor, container, aim)
    found = _another(session, actor, under_way, container)
    step.to_id, step.to_row, step.to_col = found.container_id, found.slot.row, found.slot.col
    moved = _moved(session, actor, container, found)
    return msgspec.structs.replace(moved, other_slot=aim is not None)


def turn_back(session: Session, actor: Actor, order: Chosen) -> int:
    """Begin the way back: the slots that everything came from are reserved; how many have to be carried.

    Refused: when it has begun already.
    """
    under_way = open_one(session, actor, order.evacuation)
    if under_way.returning_at is not None:
        raise Conflict("evacuation_returning", N_("The way back has begun already."))
    steps = steps_of(session, under_way)
    custody.lock(session, {step.from_id for step in steps})
    give_up(session, under_way.id)
    under_way.returning_at = clock.now()
    stands = _places(session, [step.container_id for step in steps])
    away = [step for step in steps if stands.get(step.container_id) != _from(step)]
    gone = taken_in(session, {step.from_id for step in away}, meant=[step.container_id for step in away])
    waiting = [
        Promise(step.from_id, Slot(step.from_row, step.from_col), step.container_id)
        for step in away
        if step.from_row is not None and Slot(step.from_row, step.from_col) not in gone[step.from_id]
    ]
    if waiting:
        keep(session, actor, waiting, LASTS, under_way.id)
    return len(away)


def close(session: Session, actor: Actor, order: Chosen) -> Evacuation:
    """End an evacuation, whatever stands where: what is still reserved for it is free again."""
    under_way = open_one(session, actor, order.evacuation)
    give_up(session, under_way.id)
    under_way.closed_at = clock.now()
    session.add(under_way)
    return under_way


# --- how ---

_Place = tuple[UUID, int | None, int | None]


def _step(session: Session, under_way: Evacuation, container: Container) -> EvacuationStep:
    """The step of a container. Refused: one that is not of the plan."""
    asked = select(EvacuationStep).where(
        col(EvacuationStep.evacuation_id) == under_way.id,
        col(EvacuationStep.container_id) == container.id,
    )
    step = session.exec(asked.with_for_update()).first()
    if step is None:
        message = N_("%(name)s (%(code)s) is not one of those to be carried.")
        facts = {"name": container.name, "code": grouped(container.code)}
        raise RuleBroken("not_to_be_carried", message, field="container", **facts)
    return step


def _moved(session: Session, actor: Actor, container: Container, aim: Promise) -> Carried:
    outer = session.get_one(Container, aim.container_id)
    slot = slot_name(Grid.of(type_of(session, outer)), aim.slot)
    way = [step.name for step in path(session, outer.id)]
    if _stands(session, container, aim):
        return Carried(container.code, container.name, slot, way, changed=False)
    move_container(
        session, actor, ContainerMove(container=container.code, into=outer.code, slot=slot or None)
    )
    return Carried(container.code, container.name, slot, way)


def _another(session: Session, actor: Actor, under_way: Evacuation, container: Container) -> Promise:
    """Another slot, where the planned one was taken or none was found before. Refused: when there is none."""
    left = session.get_one(Container, under_way.container_id)
    leaving = [left, *being_emptied(session, left)]
    search = Search(session, actor, leaving, site_id=left.site_id, meant=[container.id])
    whole = msgspec.structs.replace(load(session, container), inside=())
    suiting = search.suiting([whole])
    custody.lock(session, [container.id, *suiting])
    search.look(session, suiting)
    ((_, found),) = search.find([whole])
    if found is None:
        message = N_("There is no free slot for %(name)s that suits it. Leave it where it is, and make room.")
        raise Conflict("no_room", message, field="container", name=container.name)
    return found


def _is_taken(session: Session, actor: Actor, container: Container, aim: Promise) -> bool:
    outer = session.get_one(Container, aim.container_id)
    return outer.retired or aim.slot in taken(session, outer, actor, [container.id])


def _stands(session: Session, container: Container, aim: Promise) -> bool:
    """Whether it is there already; in what things lie unplaced in, anywhere."""
    return _places(session, [container.id]).get(container.id) == (aim.container_id, *aim.slot)


def _places(session: Session, containers: list[UUID]) -> dict[UUID, _Place]:
    asked = select(Placement.child_id, Placement.container_id, Placement.row, Placement.col)
    rows = session.exec(asked.where(col(Placement.child_id).in_(containers)))
    return {child: (outer, row, column) for child, outer, row, column in rows if child}


def _from(step: EvacuationStep) -> _Place:
    return step.from_id, step.from_row, step.from_col
