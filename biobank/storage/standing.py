"""What stands in what, from freezers to boxes, and how full it is with tubes."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import Select, func, literal
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import people
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.maps import by_code, type_codes, type_of
from biobank.storage.ways import DEEPEST
from biobank.tables import Container, ContainerType, Level, Placement, Site


class ContainerRow(msgspec.Struct, frozen=True):
    """A container in a list: how many of its own slots are used, and how full it is with tubes.

    `size` is None where things lie unplaced; `tubes` and `slots` count those of every box in it. `row` and
    `col` are where it stands, `rows` and `cols` what it has; `holder` is how it holds boxes, if it does.
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
    row: int | None = None
    col: int | None = None
    rows: int | None = None
    cols: int | None = None
    holder: str | None = None
    celsius: int | None = None


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
    made: list[Branch] = []
    for container, kind, site in found:
        grown = branch(container, kind, None, own.get(container.id, 0), below[container.id])
        row = msgspec.structs.replace(grown.row, site=site, celsius=container.celsius)
        made.append(Branch(row, grown.inside))
    return made


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
        stands = Grid.of(held[each.parent]), Slot(each.row, each.col)
        made[each.parent].append(branch(each, held[each.id], stands, each.tubes, made[each.id]))
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


class Named(Protocol):
    """What has a code and a name: a container, or a row that tells of one."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...


def branch(
    each: Named, kind: ContainerType, stands: tuple[Grid, Slot] | None, own: int, within: list[Branch]
) -> Branch:
    """A container with how full it is: `own` tubes lie directly in it; `stands` is where, in what grid."""
    grid = Grid.of(kind)
    around, slot = stands or (Grid(), Slot(None, None))
    row = ContainerRow(
        code=each.code,
        name=each.name,
        level=kind.level.value,
        slot=slot_name(around, slot),
        used=own + len(within),
        size=grid.size,
        tubes=own + sum(each.row.tubes for each in within),
        slots=sum(each.row.slots for each in within) or (grid.size or 0 if kind.level is Level.BOX else 0),
        row=slot.row,
        col=slot.col,
        rows=grid.rows,
        cols=grid.cols,
        holder=kind.holder.value if kind.holder else None,
    )
    return Branch(row, within)


def _tubes(session: Session, container_ids: Sequence[UUID]) -> dict[UUID, int]:
    asked = select(Placement.container_id, func.count(col(Placement.specimen_id))).where(
        col(Placement.container_id).in_(container_ids)
    )
    return dict(session.exec(asked.group_by(col(Placement.container_id))).all())
