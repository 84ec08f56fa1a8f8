"""Changing a container: its type, name and barcode, what it may hold, slots that cannot be used, its end."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from pydantic import Field
from sqlmodel import Session, col, select

from biobank import amounts, custody
from biobank.codes import grouped
from biobank.custody import Kind
from biobank.errors import Conflict, RuleBroken
from biobank.inputs import Input, Line, Scanned, Vessel
from biobank.people import Actor, May
from biobank.storage.allowing import (
    ABOUT,
    Limit,
    Rule,
    lock_inside,
    require_borne_out,
    require_type_allowed,
    rules,
)
from biobank.storage.barcodes import require_barcode
from biobank.storage.geometry import Grid, Slot, slot_name, slot_named
from biobank.storage.making import Barcode, Celsius, Name
from biobank.storage.maps import by_code, occupant, taken, type_of
from biobank.storage.moving import ancestors, require_free, require_in_use
from biobank.storage.types import require_type
from biobank.tables import Container, ContainerType, Keep, KeepKind, Placement, Requirement, Study
from biobank.texts import N_

Listed = Annotated[list[Annotated[Line, Field(max_length=60)]], Field(max_length=100)]
SlotName = Annotated[str, Field(min_length=1, max_length=20)]


# --- words ---


class Retype(Input):
    """Give a container another type of its level; what is in it keeps its row and column."""

    container: Scanned
    type: Line


class Rename(Input):
    """Give a container another name."""

    container: Scanned
    name: Name


class BarcodeOrder(Input):
    """The code that a container's manufacturer put on it; without one, it bears none any more."""

    container: Scanned
    barcode: Barcode | None = None


class TemperatureOrder(Input):
    """What a container is kept at, in °C; without one it is as cold as what it stands in."""

    container: Scanned
    celsius: Celsius | None = None


class Retirement(Input):
    """Retire a container that holds nothing."""

    container: Scanned


class BlockOrder(Input):
    """Slots of a container that cannot be used, or can be again, by their names."""

    container: Scanned
    slots: Annotated[list[SlotName], Field(min_length=1, max_length=1000)]


class LimitsOrder(Input):
    """What a container may hold, whole: what is left out is not limited by it, whatever it was before.

    Codes of studies and materials, storage classes, codes of container types, and what tubes are.
    """

    container: Scanned
    studies: Listed | None = None
    materials: Listed | None = None
    storage: Listed | None = None
    types: Listed | None = None
    vessels: Annotated[list[Vessel], Field(max_length=100)] | None = None


class ContainerSettings(msgspec.Struct, frozen=True):
    """A container as it is set up.

    `may_hold` is what is said of it alone, `rules` all that holds in it, each with where it comes from.
    """

    code: str
    name: str
    level: str
    type: str
    retired: bool
    celsius: int | None
    barcode: str
    blocked: list[str]
    may_hold: dict[str, list[str]]
    rules: list[Rule]


# --- rules ---


def require_fits(session: Session, actor: Actor, container: Container, kind: ContainerType) -> None:
    """Refused: a type of another level, or one without slots that are taken, kept, reserved or blocked."""
    now = type_of(session, container)
    if kind.level is not now.level:
        message = N_("%(name)s is a %(level)s and stays one: %(code)s is a type of a %(inner)s.")
        levels = {"level": now.level.value, "inner": kind.level.value}
        raise RuleBroken("other_level", message, field="type", name=container.name, code=kind.code, **levels)
    before, after = Grid.of(now), Grid.of(kind)
    used = _used(session, container)
    if before.size is None and after.size is not None and used:
        message = N_(
            "%(count)s things lie in %(name)s without a slot. Nothing was changed. Take them out first."
        )
        raise Conflict("lies_without_slot", message, field="type", name=container.name, count=len(used))
    outside = [slot for slot in used if slot.row is not None and not after.has(slot)]
    if outside:
        message = N_(
            "%(count)s slots of %(name)s that are in use would be outside, such as %(slot)s (%(occupant)s)."
            " Nothing was changed."
        )
        there = occupant(session, actor, container, outside[0])
        facts = {
            "slot": slot_name(before, outside[0]),
            "name": container.name,
            "occupant": grouped(there) if there else "-",
        }
        raise Conflict("slot_occupied_outside", message, field="type", count=len(outside), **facts)


def require_known(session: Session, may_hold: Mapping[str, Sequence[str]]) -> None:
    """Refused: a study, material, storage class or container type that there is not, with those there are."""
    for about, known in _KNOWN.items():
        wanted = may_hold.get(about, ())
        there = known(session) if wanted else []
        for place, each in enumerate(wanted):
            if each not in there:
                message = N_("There is no “%(value)s” to be limited to. Known are: %(known)s.")
                facts = {"value": each, "known": ", ".join(sorted(there)[:30]) or "-"}
                raise RuleBroken("limit_unknown", message, field=f"{about}.{place}", **facts)


# --- actions ---


def change_type(session: Session, actor: Actor, order: Retype) -> Container:
    """Give a container another type. What is in it keeps its row and column, and may get another name there.

    Refused: a type of another level, or too small for what is in it (naming a slot and who is there), or
    that what stands around it may not hold.
    """
    container = _opened(session, actor, order.container, May.SET_UP)
    kind = require_type(session, order.type)
    if kind.id == container.type_id:
        return container
    require_fits(session, actor, container, kind)
    for outer in ancestors(session, container.id)[:1]:
        require_type_allowed(session, session.get_one(Container, outer), kind, container.name)
    return _changed(session, actor, container, type=str(kind.id))


def rename(session: Session, actor: Actor, order: Rename) -> Container:
    """Give a container another name; its code stays."""
    container = _opened(session, actor, order.container, May.SET_UP)
    return container if container.name == order.name else _changed(session, actor, container, name=order.name)


def set_barcode(session: Session, actor: Actor, order: BarcodeOrder) -> Container:
    """Say which code a container bears besides ours, or none. Refused: one of ours, or of something else."""
    container = _opened(session, actor, order.container, May.SET_UP)
    barcode = require_barcode(session, order.barcode, of=container) if order.barcode else None
    same = container.barcode == barcode
    return container if same else _changed(session, actor, container, barcode=barcode)


def set_temperature(session: Session, actor: Actor, order: TemperatureOrder) -> Container:
    """Say what a container is kept at from now on; when a tube in it froze stays as it was told."""
    container = _opened(session, actor, order.container, May.SET_UP)
    same = container.celsius == order.celsius
    return container if same else _changed(session, actor, container, celsius=order.celsius)


def retire(session: Session, actor: Actor, order: Retirement) -> Container:
    """Take a container out of use, and out of what it stands in. Refused: one that is not empty."""
    container = _opened(session, actor, order.container, May.SET_UP)
    blocked = {Slot(*slot) for slot in custody.state(session, container).get("blocked", [])}
    held = [slot for slot in _used(session, container) if slot not in blocked]
    if held:
        message = N_("%(name)s is not empty: %(count)s places in it are in use. Nothing was changed.")
        raise Conflict(
            "container_not_empty", message, field="container", name=container.name, count=len(held)
        )
    change = {"retired": True, "place": None}
    custody.record(session, actor, container, Kind.RETIRED, change=change)
    return container


def block_slots(session: Session, actor: Actor, order: BlockOrder) -> Container:
    """Say that slots cannot be used. Refused: a slot that is taken, naming who is there."""
    container = _opened(session, actor, order.container, May.HANDLE)
    blocked = {Slot(*slot) for slot in custody.state(session, container).get("blocked", [])}
    wanted = set(_named(session, container, order)) - blocked
    for slot in sorted(wanted):
        require_free(session, actor, container, slot)
    return _block(session, actor, container, blocked | wanted) if wanted else container


def unblock_slots(session: Session, actor: Actor, order: BlockOrder) -> Container:
    """Say that slots can be used again. Refused: a slot that is not blocked."""
    container = _opened(session, actor, order.container, May.HANDLE)
    blocked = {Slot(*slot) for slot in custody.state(session, container).get("blocked", [])}
    for place, slot in enumerate(_named(session, container, order)):
        if slot not in blocked:
            message = N_("Slot %(slot)s of %(name)s is not blocked.")
            facts = {"slot": order.slots[place], "name": container.name}
            raise RuleBroken("slot_not_blocked", message, field=f"slots.{place}", **facts)
    return _block(session, actor, container, blocked - set(_named(session, container, order)))


def set_limits(session: Session, actor: Actor, order: LimitsOrder) -> Container:
    """Say what a container may hold, and all that is in it. Refused: something inside that it may not."""
    container = by_code(session, actor, order.container, May.SET_UP, "container")
    lock_inside(session, container.id)
    session.refresh(container)
    require_in_use(container, "container")
    told = {about: getattr(order, about) for about in ABOUT}
    may_hold = {about: list(dict.fromkeys(each)) for about, each in told.items() if each}
    require_known(session, may_hold)
    said = [Limit(about, each, container.code, container.name) for about, each in may_hold.items()]
    require_borne_out(session, actor, container, said, "container")
    same = container.may_hold == may_hold
    return container if same else _changed(session, actor, container, may_hold=may_hold)


# --- questions ---


def container_settings(session: Session, actor: Actor, text: str) -> ContainerSettings:
    """A container as it is set up, and what it may hold with where that comes from."""
    return settings_of(session, by_code(session, actor, text, field="code"))


def settings_of(session: Session, container: Container) -> ContainerSettings:
    """The same of a container that is at hand."""
    kind = type_of(session, container)
    asked = select(Placement.row, Placement.col).join(Keep, col(Keep.id) == col(Placement.keep_id))
    here = asked.where(col(Placement.container_id) == container.id, col(Keep.kind) == KeepKind.BLOCKED)
    blocked = sorted(Slot(row, column) for row, column in session.exec(here))
    return ContainerSettings(
        code=container.code,
        name=container.name,
        level=kind.level.value,
        type=kind.code,
        retired=container.retired,
        celsius=container.celsius,
        barcode=container.barcode or "",
        blocked=[slot_name(Grid.of(kind), slot) for slot in blocked],
        may_hold=container.may_hold,
        rules=rules(session, container),
    )


def storage_classes(session: Session) -> list[str]:
    """The storage classes that some protocol names."""
    asked = select(Requirement.storage_class).where(col(Requirement.storage_class) != "").distinct()
    return list(session.exec(asked))


# --- how ---


_KNOWN: Mapping[str, Callable[[Session], Sequence[str]]] = {
    "studies": lambda session: session.exec(select(Study.code)).all(),
    "materials": lambda _: list(amounts.MATERIALS),
    "storage": storage_classes,
    "types": lambda session: session.exec(select(ContainerType.code)).all(),
}


def _opened(session: Session, actor: Actor, text: str, may: May) -> Container:
    """A container that is locked and as it is now. Refused: a retired one."""
    container = by_code(session, actor, text, may, "container")
    custody.lock(session, [container.id])
    session.refresh(container)
    require_in_use(container, "container")
    return container


def _changed(session: Session, actor: Actor, container: Container, **change: Any) -> Container:
    custody.record(session, actor, container, Kind.CHANGED, change=change)
    return container


def _named(session: Session, container: Container, order: BlockOrder) -> list[Slot]:
    grid = Grid.of(type_of(session, container))
    return [slot_named(grid, name, f"slots.{place}") for place, name in enumerate(order.slots)]


def _block(session: Session, actor: Actor, container: Container, slots: Iterable[Slot]) -> Container:
    return _changed(session, actor, container, blocked=[list(slot) for slot in sorted(slots)])


def _used(session: Session, container: Container) -> list[Slot]:
    """The slots in which something is, or that nobody may take; reservations count until they end."""
    return sorted(taken(session, container))
