"""Choosing a box: where tubes of some materials should go next."""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import ColumnElement, String, and_, cast, exists, func, true
from sqlmodel import Session, col, select

from biobank.inputs import Flag, Input, Line, Scanned, Vessel, Whole
from biobank.people import Actor, May
from biobank.storage.maps import by_code, in_the_way
from biobank.storage.rooms import Traits, rooms, standing_free
from biobank.storage.types import require_type
from biobank.storage.ways import Step, paths
from biobank.tables import Container, ContainerType, Keep, Level, Placement, Specimen

NEWEST = 3000
"""So many of the newest placements are looked at, whatever the biobank holds."""

TRIED = 3
"""So many boxes are tried again, the last one first; older ones are full, or were left for a reason."""


SHOWN = 100

_HOLDERS = {
    Level.BOX: (Level.RACK, Level.SHELF, Level.FREEZER),
    Level.RACK: (Level.SHELF, Level.FREEZER),
    Level.SHELF: (Level.FREEZER,),
    Level.FREEZER: (),
}
"""What a container of a level is put into."""


class RoomOrder(Input):
    """Room for so many tubes, or so many containers of a `type`; of a study, material, class, vessel.

    What is left empty is not asked about. With `together` all of them go into one box (or rack).
    """

    count: Annotated[Whole, Field(ge=1, le=100_000)] = 1
    type: Line | None = None
    study: Line | None = None
    material: Line | None = None
    storage: Line | None = None
    vessel: Vessel | None = None
    within: Annotated[list[Scanned], Field(max_length=50)] = []
    together: Flag = False


class PlaceFound(msgspec.Struct, frozen=True):
    """A container with room: the way to it, how many slots are free, and how many of those asked it takes."""

    code: str
    name: str
    path: list[Step]
    free: int
    size: int
    takes: int
    celsius: int | None


class RoomFound(msgspec.Struct, frozen=True):
    """Where there is room, in the order of slots; `lacking` is for how many there is none.

    `free` counts every slot that suits, also where no more of them is needed.
    """

    wanted: int
    lacking: int
    free: int
    places: list[PlaceFound]


class Suggestion(msgspec.Struct, frozen=True):
    """A box with room, and how many slots of it are free."""

    code: str
    name: str
    free: int


def suggest_boxes(
    session: Session, site_id: UUID, study_id: UUID, materials: Collection[str]
) -> dict[str, Suggestion]:
    """For each material the box of a site where such tubes were put last and that has room.

    Where there is none, the next empty box of the site; where none is empty, the first with room; a
    material is left out where there is none at all.
    """
    if not materials:
        return {}
    tried = _put_last(session, site_id, study_id, materials)
    used = {box for boxes in tried.values() for box in boxes}
    roomy = dict(_with_room(session, site_id, col(Container.id).in_(used)))
    found: dict[str, Suggestion] = {}
    for material in materials:
        there = [roomy[box] for box in tried.get(material, ()) if box in roomy]
        if there:
            found[material] = there[0]
    if len(found) < len(set(materials)):
        instead = _first_with_room(session, site_id, used)
        found = (dict.fromkeys(materials, instead) if instead else {}) | found
    return found


def find_room(session: Session, actor: Actor, order: RoomOrder) -> RoomFound:
    """Where so many tubes, or containers of a type, could stand by every limit and by how cold it is.

    Refused: an unknown type, a container out of scope.
    """
    tops = [by_code(session, actor, text, May.HANDLE, "within") for text in order.within]
    kind = require_type(session, order.type) if order.type else None
    traits = Traits(
        order.study or "", order.material or "", order.storage or "", order.vessel or "", order.type or ""
    )
    levels = _HOLDERS[kind.level] if kind else (Level.BOX,)
    found = rooms(session, actor, tops or standing_free(session, actor), levels=levels)
    least = order.count if order.together else 1
    suiting = [room for room in found if room.free >= least and room.takes(traits)]
    left, chosen = order.count, []
    for room in suiting[:SHOWN]:
        takes = min(left, room.free)
        left -= takes
        chosen.append((room, takes))
        if not left:
            break
    ways = paths(session, [room.id for room, _ in chosen]) if chosen else {}
    places = [
        PlaceFound(room.code, room.name, ways[room.id], room.free, room.size, takes, room.celsius)
        for room, takes in chosen
    ]
    return RoomFound(order.count, left, sum(room.free for room in suiting), places)


# --- how ---


def _put_last(
    session: Session, site_id: UUID, study_id: UUID, materials: Collection[str]
) -> dict[str, list[UUID]]:
    """The few boxes that took such tubes of a site last, the last one first, for each material."""
    # Each tube is looked up on its own: a join would have PostgreSQL read every specimen there is.
    material = (
        select(Specimen.material)
        .where(
            col(Specimen.id) == col(Placement.specimen_id),
            col(Specimen.site_id) == site_id,
            col(Specimen.study_id) == study_id,
        )
        .correlate(Placement)
        .scalar_subquery()
    )
    newest = (
        select(col(Placement.id), col(Placement.container_id).label("box"), material.label("material"))
        .order_by(col(Placement.id).desc())
        .limit(NEWEST)
        .subquery()
    )
    asked = (
        select(newest.c.material, newest.c.box)
        .where(newest.c.material.in_(materials))
        .group_by(newest.c.material, newest.c.box)
        .order_by(func.max(cast(newest.c.id, String())).desc())  # PostgreSQL knows no largest UUID
    )
    found: dict[str, list[UUID]] = {}
    for name, box in session.exec(asked):
        boxes = found.setdefault(name, [])
        if len(boxes) < TRIED:
            boxes.append(box)
    return found


def _first_with_room(session: Session, site_id: UUID, used: Collection[UUID]) -> Suggestion | None:
    """The first empty box of a site, after those in use if there is one, else its first with room."""
    empty = ~exists().where(col(Placement.container_id) == col(Container.id))
    # Boxes are filled as they were made: looked for from the oldest on, all the full ones were passed.
    behind = [and_(empty, col(Container.id) > max(used))] if used else []
    for which in (*behind, empty, true()):
        for _, found in _with_room(session, site_id, which, limit=1):
            return found
    return None


def _with_room(
    session: Session, site_id: UUID, which: ColumnElement[bool], limit: int | None = None
) -> list[tuple[UUID, Suggestion]]:
    """The boxes of a site, as they were made, that are among these and have a free slot."""
    used = (
        select(func.count())
        .select_from(Placement)
        .outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
        .where(col(Placement.container_id) == col(Container.id), in_the_way())
        .correlate(Container)
        .scalar_subquery()
    )
    free = col(ContainerType.rows) * col(ContainerType.cols) - used
    asked = (
        select(Container.id, Container.code, Container.name, free)
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .where(
            col(Container.site_id) == site_id,
            col(Container.retired).is_(False),
            col(ContainerType.level) == Level.BOX,
            which,
            free > 0,
        )
        .order_by(col(Container.id))
        .limit(limit)
    )
    return [(key, Suggestion(code, name, left or 0)) for key, code, name, left in session.exec(asked)]
