"""Boxes with room: where they stand, how cold it is there, what they may hold, how much fits in."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CTE, ColumnElement, Select, case, func, literal
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import people, preanalytics
from biobank.database import by_id
from biobank.people import Actor, May
from biobank.storage.allowing import ABOUT, Limit, limits_around
from biobank.storage.maps import in_the_way, type_codes
from biobank.storage.ways import DEEPEST, paths
from biobank.tables import Container, ContainerType, Keep, Level, Placement, Requirement, Specimen, Study

# --- words ---


class Traits(msgspec.Struct, frozen=True):
    """What of a tube decides where it may stand: codes, and empty where it is not known.

    `types` is the code of the container type where it is a container that looks for a place.
    """

    studies: str = ""
    materials: str = ""
    storage: str = ""
    vessels: str = ""
    types: str = ""


class Room(msgspec.Struct, frozen=True):
    """A box in its place: `root` is its freezer, by code; `order` the way by slots; `size` its slots."""

    id: UUID
    code: str
    name: str
    root: str
    root_name: str
    order: tuple[tuple[int, int, str], ...]
    type_id: UUID
    size: int
    taken: int
    celsius: int | None
    limits: tuple[Limit, ...]

    @property
    def free(self) -> int:
        """How many slots may be taken."""
        return self.size - self.taken

    def takes(self, traits: Traits) -> bool:
        """Whether such a tube may stand here: by every limit around, and by how cold it is."""
        return cold_enough(self.celsius, traits.storage) and all(
            getattr(traits, limit.about, "") in ("", *limit.allowed) for limit in self.limits
        )


# --- rules ---


def cold_enough(celsius: int | None, storage: str) -> bool:
    """Whether a place suits a storage class, such as `-80`: at most as warm, and frozen or not, as it says.

    A class that is no temperature suits every place. A place of which nobody said how cold it is suits no
    class that is one.
    """
    try:
        wanted = int(storage)
    except ValueError:
        return True
    below = preanalytics.FREEZES_BELOW
    return celsius is not None and celsius <= wanted and (celsius < below) == (wanted < below)


# --- questions ---


def rooms(
    session: Session,
    actor: Actor,
    tops: Sequence[Container],
    meant: Collection[UUID] = (),
    levels: Collection[Level] = (Level.BOX,),
    may: May = May.HANDLE,
) -> list[Room]:
    """The boxes with slots in (or among) these containers which the actor may fill, in the order of slots.

    Full ones are there too, retired ones are not. What is reserved for the actor, or for what is `meant`,
    counts as free. With other `levels` it is the racks or shelves that hold containers.
    """
    boxes = [kind.id for kind in type_codes(session) if kind.level is Level.BOX]
    below = _below([top.id for top in tops], boxes, with_boxes=Level.BOX in levels)
    visible, held = people.visible(actor, may, Container), in_the_way(actor, meant)
    found = session.execute(_containers(below, visible, held, levels)).all()
    around = _around(session, tops)
    known: dict[UUID, _Standing] = dict(around)
    told: list[Room] = []
    for each in found:
        if each.depth:
            known[each.id] = known[each.parent].further(each)
        if each.level in levels and each.rows and not each.retired:
            told.append(_room(each, known[each.id]))
    # One of the containers may stand in another of them.
    return sorted({room.id: room for room in told}.values(), key=lambda room: room.order)


def traits(session: Session, tubes: Sequence[Specimen]) -> dict[UUID, Traits]:
    """What decides where tubes may stand, by their ids; three statements for however many."""
    wanted: Mapping[UUID | None, Any] = by_id(session, Requirement, [tube.requirement_id for tube in tubes])
    studies = by_id(session, Study, [tube.study_id for tube in tubes])

    def of(tube: Specimen) -> Traits:
        storage = wanted[tube.requirement_id].storage_class if tube.requirement_id else ""
        return Traits(studies[tube.study_id].code, tube.material, storage, tube.container)

    return {tube.id: of(tube) for tube in tubes}


def standing_free(
    session: Session, actor: Actor, site_id: UUID | None = None, may: May = May.HANDLE
) -> list[Container]:
    """What stands in no other container and the actor may fill, by name; of one site, or of all."""
    asked = (
        select(Container)
        .outerjoin(Placement, col(Placement.child_id) == col(Container.id))
        .where(
            col(Placement.id).is_(None),
            ~col(Container.retired),
            people.visible(actor, may, Container),
            *([col(Container.site_id) == site_id] if site_id else []),
        )
    )
    return list(session.exec(asked.order_by(col(Container.name), col(Container.code))))


# --- how ---


class _Standing(msgspec.Struct, frozen=True):
    """Where a container stands, and what that says of all in it."""

    root: str
    root_name: str
    order: tuple[tuple[int, int, str], ...]
    celsius: int | None
    limits: tuple[Limit, ...]

    def further(self, row: Any) -> "_Standing":
        """The same for a container directly inside."""
        own = tuple(
            Limit(about, row.may_hold[about], row.code, row.name) for about in ABOUT if about in row.may_hold
        )
        return _Standing(
            root=self.root,
            root_name=self.root_name,
            order=(*self.order, (row.row or 0, row.col or 0, row.code)),
            celsius=self.celsius if row.celsius is None else row.celsius,
            limits=(*self.limits, *own),
        )


def _around(session: Session, tops: Sequence[Container]) -> dict[UUID, _Standing]:
    """What stands around the containers that one begins with."""
    ways = paths(session, [top.id for top in tops]) if tops else {}
    celsius = preanalytics.celsius_of(session, [top.id for top in tops]) if tops else {}
    said = limits_around(session, [top.id for top in tops])
    return {
        top.id: _Standing(
            root=ways[top.id][0].code,
            root_name=ways[top.id][0].name,
            order=((place, 0, top.code),),
            celsius=celsius.get(top.id),
            limits=tuple(said[top.id]),
        )
        for place, top in enumerate(tops)
    }


def _room(row: Any, here: _Standing) -> Room:
    return Room(
        id=row.id,
        code=row.code,
        name=row.name,
        root=here.root,
        root_name=here.root_name,
        order=here.order,
        type_id=row.type_id,
        size=row.rows * row.cols,
        taken=row.taken,
        celsius=here.celsius,
        limits=here.limits,
    )


def _containers(
    below: CTE, visible: ColumnElement[bool], held: ColumnElement[bool], levels: Collection[Level]
) -> Select[Any]:
    """Every container on the way down, from the outside in; of these levels how many slots are not free."""
    kind = aliased(ContainerType)
    taken = (
        core_select(func.count())
        .select_from(Placement)
        .outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
        .where(col(Placement.container_id) == below.c.id, held)
        .correlate(below)
        .scalar_subquery()
    )
    counted = case((col(kind.level).in_(levels), taken), else_=0)
    return (
        core_select(
            below,
            col(kind.level),
            col(kind.rows),
            col(kind.cols),
            *(
                col(getattr(Container, name))
                for name in ("code", "name", "type_id", "retired", "celsius", "may_hold")
            ),
            counted.label("taken"),
        )
        .select_from(below)
        .join(Container, col(Container.id) == below.c.id)
        .join(kind, col(kind.id) == col(Container.type_id))
        .where(visible)
        .order_by(below.c.depth)
    )


def _below(tops: Sequence[UUID], boxes: Sequence[UUID], *, with_boxes: bool) -> CTE:
    """The way down, which ends at a container of the types `boxes`, or before it: no tube is walked to."""
    first = (
        core_select(
            col(Container.id).label("id"),
            col(Container.id).label("parent"),
            col(Container.type_id).label("kind"),
            literal(0).label("depth"),
            literal(0).label("row"),
            literal(0).label("col"),
        )
        .where(col(Container.id).in_(tops))
        .cte("below", recursive=True)
    )
    stands, child = aliased(Placement), aliased(Container)
    return first.union_all(
        core_select(
            col(child.id),
            first.c.id,
            col(child.type_id),
            first.c.depth + 1,
            col(stands.row),
            col(stands.col),
        )
        .join_from(first, stands, col(stands.container_id) == first.c.id)
        .join(child, col(child.id) == col(stands.child_id))
        .where(first.c.kind.not_in(boxes), first.c.depth < DEEPEST)
        .where(*([] if with_boxes else [col(child.type_id).not_in(boxes)]))
    )
