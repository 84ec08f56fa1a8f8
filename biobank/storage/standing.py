"""What stands in what, from freezers to boxes, and how full it is with tubes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, func, literal
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import people
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.maps import DEEPEST, by_code, type_codes, type_of
from biobank.tables import Container, ContainerType, Level, Placement, Site


class ContainerRow(msgspec.Struct, frozen=True):
    """A container in a list: how many of its own slots are used, and how full it is with tubes.

    `size` is None where things lie unplaced; `tubes` and `slots` count those of every box in it.
    """

    code: str
    name: str
    level: str
    slot: str
    used: int
    size: int | None
    site: str = ""
    tubes: int = 0
    slots: int = 0


class Branch(msgspec.Struct, frozen=True):
    """A container with the containers that stand in it, in slot order."""

    row: ContainerRow
    inside: list["Branch"]


def inside(session: Session, actor: Actor, text: str) -> list[Branch]:
    """What stands in a container, down to its boxes, with the tubes and slots of each."""
    parent = by_code(session, actor, text, field="code")
    return _branches(session, {parent.id: type_of(session, parent)})[parent.id]


def contents(session: Session, actor: Actor, text: str) -> list[ContainerRow]:
    """The containers directly inside one, in slot order."""
    return [each.row for each in inside(session, actor, text)]


def trees(session: Session, actor: Actor) -> list[Branch]:
    """What stands in no other container, in the actor's scope, by site and name, and all that is in it."""
    asked = (
        select(Container, ContainerType, Site.code)
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .join(Site, col(Site.id) == col(Container.site_id))
        .outerjoin(Placement, col(Placement.child_id) == col(Container.id))
        .where(
            col(Placement.id).is_(None),
            ~col(Container.retired),
            people.visible(actor, May.SEE, Container),
        )
        .order_by(col(Site.code), col(Container.name))
    )
    found = session.exec(asked).all()
    below = _branches(session, {container.id: kind for container, kind, _ in found})
    own = _tubes(session, [container.id for container, _, _ in found])
    return [
        branch(container.code, container.name, kind, "", own.get(container.id, 0), below[container.id], site)
        for container, kind, site in found
    ]


def roots(session: Session, actor: Actor) -> list[ContainerRow]:
    """The containers that stand in no other, in the actor's scope: freezers, by site and name."""
    return [each.row for each in trees(session, actor)]


# --- how ---


def _branches(session: Session, tops: Mapping[UUID, ContainerType]) -> dict[UUID, list[Branch]]:
    """What stands in each of several containers, read in one statement, from the boxes up."""
    kinds = {kind.id: kind for kind in type_codes(session)}
    boxes = [key for key, kind in kinds.items() if kind.level is Level.BOX]
    found = session.execute(_below(list(tops), boxes)).all()
    held = {each.id: kinds[each.type_id] for each in found} | dict(tops)
    made: dict[UUID, list[Branch]] = {key: [] for key in held}
    for each in sorted(found, key=lambda row: row.depth, reverse=True):
        slot = slot_name(Grid.of(held[each.parent]), Slot(each.row, each.col))
        kind = held[each.id]
        made[each.parent].append(branch(each.code, each.name, kind, slot, each.tubes, made[each.id]))
    return {top: made[top] for top in tops}


def _below(tops: Sequence[UUID], boxes: Sequence[UUID]) -> Select[Any]:
    """Every container below some, in slot order, with the tubes that are directly in it.

    The way down ends at a container of the types `boxes`: what lies in it is counted, not walked.
    """
    stands, child = aliased(Placement), aliased(Container)
    first = (
        core_select(*_step(stands, child), literal(0).label("depth"))
        .join_from(stands, child, col(child.id) == col(stands.child_id))
        .where(col(stands.container_id).in_(tops))
        .cte("below", recursive=True)
    )
    below = first.union_all(
        core_select(*_step(stands, child), first.c.depth + 1)
        .join_from(first, stands, col(stands.container_id) == first.c.id)
        .join(child, col(child.id) == col(stands.child_id))
        .where(first.c.type_id.not_in(boxes), first.c.depth < DEEPEST)
    )
    held = aliased(Placement)
    tubes = (
        core_select(func.count(col(held.specimen_id)))
        .where(col(held.container_id) == below.c.id)
        .scalar_subquery()
    )
    return core_select(below, tubes.label("tubes")).order_by(below.c.row, below.c.col, below.c.code)


def _step(stands: type[Placement], child: type[Container]) -> list[Any]:
    return [
        col(child.id),
        col(child.code),
        col(child.name),
        col(child.type_id),
        col(stands.container_id).label("parent"),
        col(stands.row),
        col(stands.col),
    ]


def branch(
    code: str, name: str, kind: ContainerType, slot: str, own: int, within: list[Branch], site: str = ""
) -> Branch:
    """A container with how full it is: `own` tubes lie in it directly."""
    size = Grid.of(kind).size
    row = ContainerRow(
        code=code,
        name=name,
        level=kind.level.value,
        slot=slot,
        used=own + len(within),
        size=size,
        site=site,
        tubes=own + sum(each.row.tubes for each in within),
        slots=sum(each.row.slots for each in within) or (size or 0 if kind.level is Level.BOX else 0),
    )
    return Branch(row, within)


def _tubes(session: Session, container_ids: Sequence[UUID]) -> dict[UUID, int]:
    asked = select(Placement.container_id, func.count(col(Placement.specimen_id))).where(
        col(Placement.container_id).in_(container_ids)
    )
    return dict(session.exec(asked.group_by(col(Placement.container_id))).all())
