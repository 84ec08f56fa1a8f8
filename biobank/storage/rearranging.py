"""Many tubes to named slots in one gesture: swap and permute."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, col, select

from biobank import clock, custody, preanalytics
from biobank.custody import Kind, Line, Place, slot_place
from biobank.errors import RuleBroken
from biobank.inputs import Input, Moment, Note, Scanned
from biobank.ledger.entries import State
from biobank.people import Actor, May
from biobank.storage.allowing import require_each_allowed
from biobank.storage.exposure import came_in
from biobank.storage.geometry import Grid, Slot, slot_name, slot_named
from biobank.storage.maps import by_code, taken, type_of
from biobank.storage.moving import require_free
from biobank.storage.placing import Stored, locked, require_holds_tubes, require_once, told_line
from biobank.tables import Container, Specimen
from biobank.texts import N_

MOST = 1536
"""How many tubes one gesture moves: the wells of the largest plate there is."""

# --- words ---


class Going(Input):
    """One tube to a named slot of a box; the slot is empty for a box in which things lie unplaced."""

    tube: Scanned
    box: Scanned
    slot: str = ""


class Rearrangement(Input):
    """Tubes to slots, all in one gesture: every tube leaves before any arrives, so two may change places."""

    moves: Annotated[list[Going], Field(min_length=1, max_length=MOST)]
    occurred: Moment | None = None
    note: Note | None = None


class _Aim(msgspec.Struct, frozen=True):
    """A tube and where it shall stand."""

    tube: Specimen
    box: Container
    slot: Slot

    @property
    def place(self) -> State:
        """As the log says it."""
        return slot_place(Place(self.box.id, *self.slot))


# --- actions ---


def rearrange(
    session: Session, actor: Actor, order: Rearrangement, refs: Mapping[str, Any] | None = None
) -> list[Stored]:
    """Put every tube to its named slot, whole or not at all; a slot that one of them leaves counts as free.

    One that stands there already is sighted, and told as unchanged. `refs` go into every event.
    Refused: a slot that is held by a tube that is not of the gesture, a slot or a tube named twice.
    """
    boxes = {text: by_code(session, actor, text, May.HANDLE) for text in {move.box for move in order.moves}}
    read = require_once([move.tube for move in order.moves])
    lock_with_boxes(session, read, boxes.values())
    tubes = locked(session, actor, order, read)
    aims = _aims(session, order, tubes, boxes)
    moving = [aim for aim in aims if custody.state(session, aim.tube)["place"] != aim.place]
    _require_free(session, actor, aims, tubes)
    require_each_allowed(session, [(aim.tube, aim.box.id) for aim in moving])
    custody.record_all(session, actor, _lines(session, order, aims, moving, refs or {}))
    goes = {aim.tube.id for aim in moving}
    grids = {box.id: Grid.of(type_of(session, box)) for box in boxes.values()}
    return [
        Stored(
            aim.tube.code,
            aim.box.code,
            aim.box.name,
            slot_name(grids[aim.box.id], aim.slot),
            changed=aim.tube.id in goes,
        )
        for aim in aims
    ]


# --- how ---


def lock_with_boxes(session: Session, codes: Sequence[str], boxes: Iterable[Container]) -> None:
    """Tubes and boxes locked together, so that two benches never wait in a circle."""
    ids = session.exec(select(Specimen.id).where(col(Specimen.code).in_(codes))).all()
    boxes = _distinct(boxes)
    custody.lock(session, [*ids, *(box.id for box in boxes)])
    for box in boxes:
        session.refresh(box)  # somebody may have changed its type before we had the lock


def _aims(
    session: Session, order: Rearrangement, tubes: Sequence[Specimen], boxes: Mapping[str, Container]
) -> list[_Aim]:
    """Where each tube goes. Refused: what is no box, a slot that is not there, one named twice."""
    names: dict[UUID, dict[str, Slot]] = {}
    grids: dict[UUID, Grid] = {}
    for box in boxes.values():
        kind = type_of(session, box)
        require_holds_tubes(box.name, kind.level)
        grids[box.id] = grid = Grid.of(kind)
        names[box.id] = {slot_name(grid, slot): slot for slot in grid.slots()} or {"": Slot(None, None)}
    aims: list[_Aim] = []
    seen: set[tuple[UUID, Slot]] = set()
    for place, (move, tube) in enumerate(zip(order.moves, tubes, strict=True)):
        box, name = boxes[move.box], move.slot.strip().upper()
        slot = names[box.id].get(name) or slot_named(grids[box.id], name, f"moves.{place}.slot")
        if slot.row is not None and (box.id, slot) in seen:
            message = N_("Slot %(slot)s of %(name)s is named twice.")
            raise RuleBroken("slot_twice", message, field=f"moves.{place}.slot", slot=name, name=box.name)
        seen.add((box.id, slot))
        aims.append(_Aim(tube, box, slot))
    return aims


def _require_free(session: Session, actor: Actor, aims: Sequence[_Aim], tubes: Sequence[Specimen]) -> None:
    """Refused: a slot in which there is anything but a tube that leaves it."""
    left = {where for tube in tubes if (where := _slot_of(custody.state(session, tube)["place"]))}
    meant = [tube.id for tube in tubes]
    for box in _distinct(aim.box for aim in aims):
        held = {slot for slot in taken(session, box, actor, meant) if (box.id, slot) not in left}
        for aim in aims:
            if aim.box is box and aim.slot in held and aim.slot.row is not None:
                require_free(session, actor, box, aim.slot, meant)


def _lines(
    session: Session,
    order: Rearrangement,
    aims: Sequence[_Aim],
    moving: Sequence[_Aim],
    refs: Mapping[str, Any],
) -> list[Line]:
    when = order.occurred or clock.now()
    exposed, thaws = came_in(session, [aim.tube for aim in moving], order.occurred)
    frozen = preanalytics.freeze(session, [(aim.tube, aim.box.id) for aim in moving], when)
    goes = {aim.tube.id for aim in moving}
    lines: list[Line] = []
    for aim in aims:
        if aim.tube.id not in goes:
            lines.append(told_line(aim.tube, Kind.SIGHTED, {}, order, None, dict(refs)))
            continue
        left = custody.state(session, aim.tube)["place"]
        change = {"place": aim.place, **exposed.get(aim.tube.id, {})}
        lines.append(
            told_line(aim.tube, Kind.PLACED, change, order, left, {**frozen.get(aim.tube.id, {}), **refs})
        )
    return [*lines, *thaws]


def _slot_of(place: State | None) -> tuple[UUID, Slot] | None:
    """The slot a tube has: the one it is in, or the one that is kept for it."""
    where = place.get("kept") if place and place["kind"] == "out" else place
    return (UUID(where["container"]), Slot(where.get("row"), where.get("col"))) if where else None


def _distinct(boxes: Iterable[Container]) -> list[Container]:
    return list({box.id: box for box in boxes}.values())
