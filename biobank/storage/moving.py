"""Moving a whole box, rack or shelf: one event, on the container."""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import Session, col, select

from biobank import clock, custody, preanalytics
from biobank.codes import grouped
from biobank.custody import Kind, Place, slot_place
from biobank.errors import Conflict, RuleBroken
from biobank.inputs import Input, Scanned
from biobank.people import Actor, May
from biobank.storage.allowing import require_allowed_inside, within
from biobank.storage.geometry import Grid, Slot, slot_name, slot_named
from biobank.storage.maps import by_code, free_in, hindering, type_of
from biobank.storage.ways import DEEPEST
from biobank.tables import Container, ContainerType, Level, Placement, Specimen
from biobank.texts import N_

_DEPTH = {Level.FREEZER: 0, Level.SHELF: 1, Level.RACK: 2, Level.BOX: 3}


class ContainerMove(Input):
    """Move a container into another: to a named slot, or to the next free one."""

    container: Scanned
    into: Scanned
    slot: str | None = None


def require_nests(session: Session, outer: Container, inner: ContainerType) -> None:
    """Refused: a rack into a box, a freezer into anything."""
    level = type_of(session, outer).level
    if _DEPTH[level] >= _DEPTH[inner.level] or outer.retired:
        message = N_("A %(inner)s does not go into a %(outer)s. Choose another place.")
        raise RuleBroken("does_not_nest", message, field="into", inner=inner.level.value, outer=level.value)


def require_in_use(container: Container, field: str) -> None:
    """Refused: a container that is retired."""
    if container.retired:
        message = N_("%(name)s is retired and holds nothing any more. Scan another one.")
        raise RuleBroken("container_retired", message, field=field, name=container.name)


def require_same_site(inner: Container, outer: Container) -> None:
    """Refused: into a container of another site, since rights go by the site: that is a shipment."""
    if inner.site_id != outer.site_id:
        message = N_("%(name)s belongs to another site than %(outer)s. Nothing was moved.")
        raise RuleBroken("other_sites_container", message, field="into", name=inner.name, outer=outer.name)


def target_slot(
    session: Session,
    actor: Actor,
    outer: Container,
    name: str | None,
    field: str = "slot",
    meant: Collection[UUID] = (),
) -> Slot:
    """The named slot, or the next free one, of those the actor may take for what is `meant`.

    Refused: a slot that is taken, a full container.
    """
    grid = Grid.of(type_of(session, outer))
    if grid.size is None:
        return Slot(None, None)
    if name:
        slot = slot_named(grid, name, field)
        require_free(session, actor, outer, slot, meant)
        return slot
    free = free_in(session, outer, actor, meant)
    if not free:
        message = N_("%(name)s (%(code)s) is full. Scan another one.")
        raise Conflict("container_full", message, field=field, name=outer.name, code=grouped(outer.code))
    return free[0]


def require_free(
    session: Session, actor: Actor, outer: Container, slot: Slot, meant: Collection[UUID] = ()
) -> None:
    """Refused: a slot that is taken, with who is in it or whom it is kept for, where the actor may see it."""
    there = hindering(session, actor, outer, slot, meant)
    if there is None:
        return
    facts = {"slot": slot_name(Grid.of(type_of(session, outer)), slot), "name": outer.name}
    if not there:
        message = N_("Slot %(slot)s of %(name)s is taken. Nothing was moved. Choose another slot.")
        raise Conflict("slot_taken", message, field="slot", **facts)
    message = N_("Slot %(slot)s of %(name)s holds %(occupant)s. Nothing was moved. Choose another slot.")
    raise Conflict("slot_taken", message, field="slot", **facts, occupant=grouped(there))


def move_container(session: Session, actor: Actor, order: ContainerMove) -> Container:
    """Move a container with all it holds; the tubes inside stay where they are in it.

    One that stands there already, where no slot is named, was seen there and stays.
    Refused: into itself or what it holds, into a slot that is taken, a rack into a box.
    """
    container = by_code(session, actor, order.container, May.HANDLE, "container")
    outer = by_code(session, actor, order.into, May.HANDLE, "into")
    _lock_with_ancestors(session, container, outer)
    for each in (container, outer):
        session.refresh(each)  # somebody may have changed it before we had the lock
    require_in_use(container, "container")
    if container.id in (outer.id, *ancestors(session, outer.id)):
        message = N_("%(name)s cannot go into itself or into what it holds. Choose another place.")
        raise RuleBroken("into_itself", message, field="into", name=container.name)
    require_nests(session, outer, type_of(session, container))
    require_same_site(container, outer)
    if order.slot is None and _is_in(session, container, outer):
        custody.record(session, actor, container, Kind.SIGHTED)
        return container
    place = Place(outer.id, *target_slot(session, actor, outer, order.slot, meant=[container.id]))
    require_allowed_inside(session, actor, outer, container)
    frozen = _freeze_inside(session, container, outer)
    lines = [custody.Line(subject=container, kind=Kind.PLACED, change={"place": slot_place(place)})]
    custody.record_all(session, actor, [*lines, *frozen])
    return container


def _is_in(session: Session, container: Container, outer: Container) -> bool:
    place = custody.state(session, container)["place"]
    return bool(place) and place["container"] == str(outer.id)


def ancestors(session: Session, container_id: UUID) -> list[UUID]:
    """What a container stands in, from the inside out."""
    found: list[UUID] = []
    here = container_id
    for _ in range(DEEPEST):
        up = session.exec(select(Placement.container_id).where(col(Placement.child_id) == here)).first()
        if up is None:
            break
        found.append(up)
        here = up
    return found


def _freeze_inside(session: Session, container: Container, outer: Container) -> list[custody.Line]:
    """A box that was filled at the bench and is carried into the cold freezes what is in it."""
    asked = select(Specimen.id).join(Placement, col(Placement.specimen_id) == col(Specimen.id))
    fresh = asked.where(
        col(Placement.container_id).in_(within(container.id)), col(Specimen.frozen_at).is_(None)
    )
    found = session.exec(fresh).all()
    if not found:
        return []
    custody.lock(session, found)
    locked = select(Specimen).where(col(Specimen.id).in_(found)).execution_options(populate_existing=True)
    tubes = session.exec(locked).all()
    said = preanalytics.freeze(session, [(tube, outer.id) for tube in tubes], clock.now())
    return [
        custody.Line(subject=tube, kind=Kind.PROCESSED, refs=said[tube.id])
        for tube in tubes
        if tube.id in said
    ]


def _lock_with_ancestors(session: Session, container: Container, outer: Container) -> None:
    """Lock what moves, where it goes, and all that stands around it, so that no circle can be made."""
    while True:
        around = ancestors(session, outer.id)
        custody.lock(session, [container.id, outer.id, *around])
        if ancestors(session, outer.id) == around:
            return
