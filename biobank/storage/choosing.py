"""Choosing a box: where tubes of some materials should go next."""

from collections.abc import Collection
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, String, and_, cast, exists, func, true
from sqlmodel import Session, col, select

from biobank.tables import Container, ContainerType, Level, Placement, Specimen

NEWEST = 3000
"""So many of the newest placements are looked at, whatever the biobank holds."""

TRIED = 3
"""So many boxes are tried again, the last one first; older ones are full, or were left for a reason."""


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
        .where(col(Placement.container_id) == col(Container.id))
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
