"""The tubes in a container, however deep, and when each was last in somebody's hand."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CTE, Select, func, literal, or_
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank import people
from biobank.inputs import Day, Input
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.maps import by_code
from biobank.storage.ways import DEEPEST
from biobank.tables import Container, ContainerType, Keep, Placement, Specimen

# --- words ---


class SeenAsked(Input):
    """Which tubes of a container are asked for: those in no hand since a day began (in UTC), or all."""

    not_seen_since: Day | None = None


class TubeRow(msgspec.Struct, frozen=True):
    """A tube in its place: `state` is occupied, or kept where it is out and this slot waits for it.

    `seen` is when it was last in a hand, where that is known.
    """

    code: str
    material: str
    box: str
    box_name: str
    slot: str
    state: str
    seen: datetime | None = None


# --- rules ---


def days_unseen(seen: datetime | None, now: datetime) -> int | None:
    """For how many whole days nobody had a tube in a hand; None where nobody knows."""
    return None if seen is None else max(0, (now - seen).days)


# --- questions ---


def tubes_in(
    session: Session,
    actor: Actor,
    text: str,
    asked: SeenAsked | None = None,
    limit: int | None = None,
    after: str = "",
) -> list[TubeRow]:
    """The tubes in a container that the actor may see and that fit, by code; `after` is the last one told.

    Refused: a container out of scope.
    """
    found = _tubes(actor, by_code(session, actor, text, field="code").id)
    if asked and asked.not_seen_since:
        morning = beginning(asked.not_seen_since)
        found = found.where(or_(col(Specimen.seen_at).is_(None), col(Specimen.seen_at) < morning))
    if after:
        found = found.where(col(Specimen.code) > after)
    return [
        TubeRow(
            code=row.code,
            material=row.material,
            box=row.Container.code,
            box_name=row.Container.name,
            slot=slot_name(Grid.of(row.ContainerType), Slot(row.row, row.col)),
            state="kept" if row.keep_id else "occupied",
            seen=row.seen_at,
        )
        for row in session.execute(found.limit(limit))
    ]


def beginning(day: date) -> datetime:
    """When a day begins, in UTC."""
    return datetime.combine(day, time(), UTC)


def tubes_inside(session: Session, actor: Actor, text: str) -> Select[Any]:
    """The ids of all tubes in a container, however deep, those that are out too, as a query.

    Refused: a container out of scope.
    """
    inside = within(by_code(session, actor, text, field="container").id)
    tube = func.coalesce(Placement.specimen_id, Keep.specimen_id)
    return (
        core_select(tube)
        .select_from(inside)
        .join(Placement, col(Placement.container_id) == inside.c.id)
        .outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
        .where(tube.is_not(None))
    )


def within(container_id: UUID) -> CTE:
    """A container and all that it holds, however deep."""
    first = core_select(literal(container_id).label("id"), literal(0).label("depth"))
    found = first.cte("within", recursive=True)
    return found.union_all(
        core_select(col(Placement.child_id), found.c.depth + 1)
        .join(found, col(Placement.container_id) == found.c.id)
        .where(col(Placement.child_id).is_not(None), found.c.depth < DEEPEST)
    )


# --- how ---


def _tubes(actor: Actor, container_id: UUID) -> Select[Any]:
    inside = within(container_id)
    columns: list[Any] = [
        col(Specimen.code),
        col(Specimen.material),
        col(Specimen.seen_at),
        col(Placement.row),
        col(Placement.col),
        col(Placement.keep_id),
        Container,
        ContainerType,
    ]
    return (
        core_select(*columns)
        .select_from(inside)
        .join(Placement, col(Placement.container_id) == inside.c.id)
        .join(Container, col(Container.id) == inside.c.id)
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
        .join(Specimen, col(Specimen.id) == func.coalesce(Placement.specimen_id, Keep.specimen_id))
        .where(people.visible(actor, May.SEE, Specimen))
        .order_by(col(Specimen.code))
    )
