"""Tubes into slots and out again: put away, move, take out, bring back."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, col, select

from biobank import clock, codes, custody, people, preanalytics
from biobank.codes import CodeKind, grouped
from biobank.custody import Kind, Place, slot_place
from biobank.database import by_id
from biobank.errors import Conflict, RuleBroken
from biobank.inputs import Input, Moment, Note, Scanned
from biobank.people import Actor, May
from biobank.storage.allowing import require_allowed, require_each_allowed
from biobank.storage.exposure import came_in
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.keeping import promised
from biobank.storage.maps import by_code, free_but, free_in, taken_in, type_of
from biobank.storage.moving import target_slot
from biobank.tables import Container, ContainerType, Level, Life, Placement, Specimen
from biobank.texts import N_

MOST_TUBES = 1000
"""So many tubes one order takes."""

Tubes = Annotated[list[Scanned], Field(min_length=1, max_length=MOST_TUBES)]


# --- words ---


class PutAway(Input):
    """Put scanned tubes into a scanned box: at the next free slots, or one tube at a named slot.

    A tube that stands elsewhere is moved; one that is out is brought back to this box.
    """

    box: Scanned
    tubes: Tubes
    slot: str | None = None
    occurred: Moment | None = None
    note: Note | None = None


class BringBack(Input):
    """Bring tubes back to the slots that were kept for them."""

    tubes: Tubes
    occurred: Moment | None = None
    note: Note | None = None


class Handling(Protocol):
    """What every order about tubes in a hand says: when it happened, and a note."""

    @property
    def occurred(self) -> datetime | None:
        """When, where it was not just now."""

    @property
    def note(self) -> str | None:
        """Free text, kept beside the log."""


class Stored(msgspec.Struct, frozen=True):
    """A tube where it now is: `slot` of `box` (empty when it is out), and whether this changed anything."""

    code: str
    box: str
    box_name: str
    slot: str
    changed: bool = True


# --- rules ---


def require_storable(specimen: Specimen) -> None:
    """Refused: a tube that has ended, or that was never drawn."""
    if specimen.life in (Life.ENDED, Life.EXPECTED):
        message = N_("%(code)s cannot be stored: it is %(life)s. Put it aside, and look at its card.")
        raise RuleBroken(
            "not_storable", message, field="tubes", code=grouped(specimen.code), life=specimen.life.value
        )


def require_holds_tubes(container_name: str, level: Level) -> None:
    """Refused: a tube straight onto a shelf or into a rack of boxes."""
    if level is not Level.BOX:
        message = N_("%(name)s is a %(level)s and holds no tubes itself. Scan a box.")
        raise RuleBroken("holds_no_tubes", message, field="box", name=container_name, level=level.value)


def require_once(scanned: Sequence[str]) -> list[str]:
    """Our codes of the scanned tubes. Refused: one that is not a specimen's, or stands there twice."""
    read = [codes.require(text, CodeKind.SPECIMEN, f"tubes.{place}") for place, text in enumerate(scanned)]
    for place, code in enumerate(read):
        if code in read[:place]:
            message = N_("%(code)s was scanned twice.")
            raise RuleBroken("scanned_twice", message, field=f"tubes.{place}", code=grouped(code))
    return read


def require_unplaced(session: Session, tube: Specimen) -> None:
    """Refused: a tube that is in a container, or out of one, where only new ones are put away."""
    if custody.state(session, tube)["place"]:
        message = N_("%(code)s has a place already. Look again, then repeat it.")
        raise Conflict("placed_already", message, field="tubes", code=grouped(tube.code))


def require_time(tube: Specimen, order: Handling) -> None:
    """Refused: a time before the tube was taken out, or before what is in it was drawn or made."""
    made = [(name, getattr(tube, f"{name}_at")) for name in ("collected", "received", "processed")]
    for name, then in (*made, ("out_since", tube.out_since)):
        if order.occurred and then and order.occurred < then:
            message = N_("%(later)s (%(when)s) is before %(earlier)s (%(then)s). Check the times.")
            raise RuleBroken(
                "times_out_of_order",
                message,
                field="occurred",
                later="occurred",
                when=order.occurred.isoformat(),
                earlier=name,
                then=then.isoformat(),
            )


# --- actions ---


def put_away(session: Session, actor: Actor, order: PutAway) -> list[Stored]:
    """Put tubes into a box, whole or not at all; each at the slot that is reserved for it, else the next.

    A tube that is in the box already, and at the slot if one is named, stays and is told as unchanged; that
    it was seen there is noted. One that was out of the cold for too long has thawed (`exposure.came_in`).
    One that is put into the cold is frozen by that, and gets its SPREC code (`preanalytics.freeze`).
    Refused: a slot that is taken (naming the occupant), a box too full for all, a tube that has ended.
    """
    read = require_once(order.tubes)
    box = by_code(session, actor, order.box, May.HANDLE)
    kind = type_of(session, box)
    require_holds_tubes(box.name, kind.level)
    tubes = locked(session, actor, order, read, box)
    session.refresh(box)  # somebody may have changed its type before we had the lock
    kind = type_of(session, box)
    places = {tube.id: custody.state(session, tube)["place"] for tube in tubes}
    grid = Grid.of(kind)
    stays = [tube for tube in tubes if _stays(places[tube.id], box, grid, order.slot)]
    moving = [tube for tube in tubes if tube not in stays]
    slots = _slots(session, actor, box, moving, order.slot) if moving else []
    require_allowed(session, box, moving)
    exposed, thaws = came_in(session, moving, order.occurred)
    frozen = preanalytics.freeze(session, [(tube, box.id) for tube in moving], order.occurred or clock.now())
    lines = [told_line(tube, Kind.SIGHTED, {}, order, None) for tube in stays]
    for tube, slot in zip(moving, slots, strict=True):
        change = {"place": slot_place(Place(box.id, *slot)), **exposed.get(tube.id, {})}
        lines.append(told_line(tube, Kind.PLACED, change, order, places[tube.id], frozen.get(tube.id)))
    custody.record_all(session, actor, [*lines, *thaws])
    told = {
        tube.id: Stored(tube.code, box.code, box.name, slot_name(grid, slot))
        for tube, slot in zip(moving, slots, strict=True)
    }
    told |= {tube.id: _unchanged(tube, box, grid, places[tube.id]) for tube in stays}
    return [told[tube.id] for tube in tubes]


def bring_back(session: Session, actor: Actor, order: BringBack) -> list[Stored]:
    """Bring tubes back to their own slots. Refused: a tube that is not out, or for which no slot was kept."""
    tubes = locked(session, actor, order, require_once(order.tubes))
    places = [custody.state(session, tube)["place"] for tube in tubes]
    waiting = [_kept_for(tube, place) for tube, place in zip(tubes, places, strict=True)]
    # Its box may have been carried into the cold meanwhile.
    going = [(tube, UUID(kept["container"])) for tube, kept in zip(tubes, waiting, strict=True)]
    require_each_allowed(session, going)
    exposed, thaws = came_in(session, tubes, order.occurred)
    frozen = preanalytics.freeze(session, going, order.occurred or clock.now())
    lines, back = [], []
    for tube, place, kept in zip(tubes, places, waiting, strict=True):
        change = {"place": kept, **exposed[tube.id]}
        lines.append(told_line(tube, Kind.PLACED, change, order, place, frozen.get(tube.id)))
        back.append((tube, Place(UUID(kept["container"]), kept.get("row"), kept.get("col"))))
    told = stored_at(session, back)
    custody.record_all(session, actor, [*lines, *thaws])
    return told


def fill_boxes(session: Session, actor: Actor, freezer: str, tubes: Sequence[Specimen]) -> int:
    """Put many new tubes into the boxes of one freezer, box after box in order. Answers how many boxes.

    Refused: fewer free slots than tubes, a tube that stands somewhere already; then nothing is stored.
    """
    outer = by_code(session, actor, freezer, May.HANDLE, "freezer")
    boxes = list(_boxes(session, outer))
    custody.lock(session, [*(box.id for box in boxes), *(tube.id for tube in tubes)])
    for tube in tubes:
        require_unplaced(session, tube)
    gone = taken_in(session, [box.id for box in boxes], actor)
    free = [(box, slot) for box in boxes for slot in free_but(session, box, gone[box.id])]
    if len(free) < len(tubes):
        message = N_("%(name)s is too full: %(wanted)s needed, %(free)s free. Nothing was stored.")
        raise Conflict("freezer_full", message, name=outer.name, free=len(free), wanted=len(tubes))
    chosen = list(zip(tubes, free[: len(tubes)], strict=True))
    going = [(tube, box.id) for tube, (box, _) in chosen]
    require_each_allowed(session, going)
    frozen = preanalytics.freeze(session, going, clock.now())
    custody.record_all(
        session,
        actor,
        [
            custody.Line(
                subject=tube,
                kind=Kind.PLACED,
                change={"place": slot_place(Place(box.id, *slot))},
                refs=frozen.get(tube.id, {}),
            )
            for tube, (box, slot) in chosen
        ],
    )
    return len({box.id for _, (box, _) in chosen})


# --- how ---


def locked(
    session: Session,
    actor: Actor,
    order: Handling,
    read: Sequence[str],
    box: Container | None = None,
) -> list[Specimen]:
    """The tubes (and the box they go to) locked together, so that two benches never wait in a circle."""
    ids = session.exec(select(Specimen.id).where(col(Specimen.code).in_(read))).all()
    custody.lock(session, [*ids, *([box.id] if box else [])])
    tubes = custody.load(session, actor, read)
    for tube in tubes:
        people.require(actor, May.HANDLE, tube)
        require_storable(tube)
        require_time(tube, order)
    return tubes


def _slots(
    session: Session, actor: Actor, box: Container, moving: Sequence[Specimen], named: str | None
) -> list[Slot]:
    if named:
        if len(moving) != 1:
            message = N_("Name a slot for one tube at a time.")
            raise RuleBroken("one_tube_a_slot", message, field="slot")
        return [_named(session, actor, box, moving[0], named)]
    if Grid.of(type_of(session, box)).size is None:
        return [Slot(None, None)] * len(moving)
    meant = [tube.id for tube in moving]
    free, waiting = free_in(session, box, actor, meant), promised(session, box, meant)
    if len(free) < len(moving):
        message = N_("%(name)s (%(code)s) is too full: %(wanted)s needed, %(free)s free. Scan another box.")
        facts: dict[str, Any] = {
            "name": box.name,
            "code": grouped(box.code),
            "free": len(free),
            "wanted": len(moving),
        }
        raise Conflict("box_full", message, field="box", **facts)
    others = iter([slot for slot in free if slot not in waiting.values()])
    return [waiting.get(tube.id) or next(others) for tube in moving]


def _named(session: Session, actor: Actor, box: Container, tube: Specimen, named: str) -> Slot:
    """The named slot; the one that is kept for this very tube counts as free for it."""
    place = custody.state(session, tube)["place"] or {}
    mine = place.get("kept") if place.get("kind") == "out" else place
    if mine and mine.get("container") == str(box.id) and mine.get("row") is not None:
        slot = Slot(mine["row"], mine["col"])
        if slot_name(Grid.of(type_of(session, box)), slot) == named.strip().upper():
            return slot
    return target_slot(session, actor, box, named, meant=[tube.id])


def told_line(
    tube: Specimen,
    kind: Kind,
    change: dict[str, Any],
    order: Handling,
    left: dict[str, Any] | None,
    frozen: dict[str, Any] | None = None,
) -> custody.Line:
    return custody.Line(
        subject=tube,
        kind=kind,
        change=change,
        refs={**({"left": left} if left else {}), **(frozen or {})},
        occurred=order.occurred,
        note=order.note,
    )


def _kept_for(tube: Specimen, place: dict[str, Any] | None) -> dict[str, Any]:
    """The slot that waits for a tube that is out. Refused: a tube for which none does."""
    kept: dict[str, Any] | None = place.get("kept") if place and place["kind"] == "out" else None
    if not kept:
        message = N_("%(code)s is not out, or no slot was kept for it. Put it into a box.")
        raise Conflict("not_out", message, field="tubes", code=grouped(tube.code))
    return kept


def _stays(place: dict[str, Any] | None, box: Container, grid: Grid, named: str | None) -> bool:
    if place is None or not _is_in(place, box):
        return False
    slot = slot_name(grid, Slot(place.get("row"), place.get("col")))
    return named is None or slot == named.strip().upper()


def _is_in(place: dict[str, Any] | None, box: Container) -> bool:
    return bool(place) and place is not None and place.get("container") == str(box.id)


def _unchanged(tube: Specimen, box: Container, grid: Grid, place: dict[str, Any] | None) -> Stored:
    where = place or {}
    slot = Slot(where.get("row"), where.get("col"))
    return Stored(tube.code, box.code, box.name, slot_name(grid, slot), changed=False)


def stored_at(session: Session, places: Sequence[tuple[Specimen, Place]]) -> list[Stored]:
    """Tubes at their places in words; two statements, however many."""
    boxes = by_id(session, Container, [place.container_id for _, place in places])
    kinds = by_id(session, ContainerType, [box.type_id for box in boxes.values()])

    def told(tube: Specimen, place: Place) -> Stored:
        box = boxes[place.container_id]
        slot = slot_name(Grid.of(kinds[box.type_id]), Slot(place.row, place.col))
        return Stored(tube.code, box.code, box.name, slot)

    return [told(tube, place) for tube, place in places]


def _boxes(session: Session, outer: Container) -> Iterator[Container]:
    """Every box inside, in the order of the slots on the way to it."""
    inner = session.exec(
        select(Container)
        .join(Placement, col(Placement.child_id) == col(Container.id))
        .where(col(Placement.container_id) == outer.id)
        .order_by(col(Placement.row), col(Placement.col), col(Placement.id))
    )
    for container in inner.all():
        if type_of(session, container).level is Level.BOX:
            yield container
        else:
            yield from _boxes(session, container)
