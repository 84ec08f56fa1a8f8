"""Choosing a box: where tubes of one material should go next."""

from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, exists, func, true
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


def suggest_box(session: Session, site_id: UUID, study_id: UUID, material: str) -> Suggestion | None:
    """The box of a site where such tubes were put last and that has room, else its first empty one.

    Where none is empty, the first with room; None where there is none at all.
    """
    for box_id in _put_last(session, study_id, material):
        found = _with_room(session, site_id, col(Container.id) == box_id)
        if found:
            return found
    stands_in_it = exists().where(col(Placement.container_id) == col(Container.id))
    return _with_room(session, site_id, ~stands_in_it) or _with_room(session, site_id, true())


def _put_last(session: Session, study_id: UUID, material: str) -> list[UUID]:
    """The few boxes that took such tubes last, the last one first."""
    newest = (
        select(Placement.id, Placement.container_id, Placement.specimen_id)
        .order_by(col(Placement.id).desc())
        .limit(NEWEST)
        .subquery()
    )
    asked = (
        select(newest.c.container_id)
        .join(Specimen, col(Specimen.id) == newest.c.specimen_id)
        .where(col(Specimen.study_id) == study_id, col(Specimen.material) == material)
        .order_by(newest.c.id.desc())
        .limit(TRIED * 100)
    )
    return list(dict.fromkeys(session.exec(asked)))[:TRIED]


def _with_room(session: Session, site_id: UUID, which: ColumnElement[bool]) -> Suggestion | None:
    """The first box of a site, as they were made, that is one of these and has a free slot."""
    used = (
        select(func.count())
        .select_from(Placement)
        .where(col(Placement.container_id) == col(Container.id))
        .correlate(Container)
        .scalar_subquery()
    )
    free = col(ContainerType.rows) * col(ContainerType.cols) - used
    asked = (
        select(Container.code, Container.name, free)
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .where(
            col(Container.site_id) == site_id,
            col(Container.retired).is_(False),
            col(ContainerType.level) == Level.BOX,
            which,
            free > 0,
        )
        .order_by(col(Container.id))
        .limit(1)
    )
    found = session.exec(asked).first()
    return Suggestion(found[0], found[1], found[2] or 0) if found else None
