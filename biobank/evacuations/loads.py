"""What has to be carried out of a container: whole racks and boxes, and what is in them."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, literal, union_all
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from biobank import preanalytics
from biobank.database import one_of
from biobank.storage.geometry import Slot
from biobank.storage.maps import type_codes
from biobank.storage.rooms import Traits
from biobank.storage.ways import DEEPEST
from biobank.tables import Container, ContainerType, Keep, Level, Placement, Requirement, Specimen, Study

AT_ONCE = 500
"""Boxes whose tubes are looked at together, those of a full freezer: fewer at a time took longer in all."""

CARRIED = (Level.RACK, Level.BOX)
"""What a person carries whole. A shelf stays where it is."""


class Load(msgspec.Struct, frozen=True):
    """A rack or a box as it stands: where, how cold it is there, and what is in it.

    `inside` are the boxes of a rack, `tubes` counts those that are out and whose slots wait for them too.
    """

    id: UUID
    code: str
    name: str
    kind: ContainerType
    outer_id: UUID | None
    outer: ContainerType | None
    slot: Slot
    celsius: int | None
    tubes: int
    traits: frozenset[Traits]
    inside: "tuple[Load, ...]" = ()

    @property
    def types(self) -> frozenset[UUID]:
        """The types of this container and of all in it."""
        return frozenset({self.kind.id, *(inner.kind.id for inner in self.inside)})


class _Node(msgspec.Struct):
    """A container on the way down."""

    row: Any
    inside: "list[_Node]"


def loads(session: Session, top: Container) -> list[Load]:
    """The racks and boxes of a container with tubes in them, in the order in which they stand.

    Each is as large as it can be: a box of a rack goes with its rack.
    """
    tree = _tree(session, [top.id])
    kinds = {kind.id: kind for kind in type_codes(session)}
    carried = list(_carried(tree[top.id], kinds))
    return [load for load in _loads(session, carried, tree, kinds) if load.tubes]


def load(session: Session, container: Container) -> Load:
    """One container as a load, wherever it stands."""
    tree = _tree(session, [container.id])
    kinds = {kind.id: kind for kind in type_codes(session)}
    return _loads(session, [tree[container.id]], tree, kinds)[0]


def tubes_in(session: Session, containers: Collection[UUID]) -> dict[UUID, int]:
    """How many tubes belong into each of several racks and boxes."""
    tree = _tree(session, containers)
    held = _held(session, list(tree))
    counts = {key: sum(told.values()) for key, told in held.items()}
    return {key: sum(counts.get(node.row.id, 0) for node in _all(tree[key])) for key in containers}


# --- how ---


def _tree(session: Session, tops: Collection[UUID]) -> dict[UUID, _Node]:
    """Every container in some and they themselves, by id, in slot order, each linked with what is in it."""
    stands = aliased(Placement)
    first: Any = core_select(col(Container.id).label("id"), literal(0).label("depth"))
    begun = first.where(col(Container.id).in_(tops)).cte("below", recursive=True)
    inner = core_select(col(Placement.child_id), begun.c.depth + 1)
    inner = inner.join(begun, col(Placement.container_id) == begun.c.id)
    below = begun.union_all(inner.where(col(Placement.child_id).is_not(None), begun.c.depth < DEEPEST))
    asked = (
        core_select(
            *(col(getattr(Container, name)) for name in ("id", "code", "name", "type_id")),
            col(stands.container_id).label("parent"),
            col(stands.row),
            col(stands.col),
        )
        .select_from(below)
        .join(Container, col(Container.id) == below.c.id)
        .outerjoin(stands, col(stands.child_id) == col(Container.id))
        .order_by(below.c.depth, col(stands.row), col(stands.col), col(Container.code))
    )
    nodes: dict[UUID, _Node] = {}
    for row in session.execute(asked):
        if row.id in nodes:
            continue  # one of the tops stands in another
        nodes[row.id] = _Node(row, [])
    for node in nodes.values():
        if node.row.parent in nodes:
            nodes[node.row.parent].inside.append(node)
    return nodes


def _all(node: _Node) -> Iterator[_Node]:
    yield node
    for inner in node.inside:
        yield from _all(inner)


def _carried(node: _Node, kinds: Mapping[UUID, ContainerType]) -> Iterator[_Node]:
    """The outermost racks and boxes below a container."""
    for inner in node.inside:
        if kinds[inner.row.type_id].level in CARRIED:
            yield inner
        else:
            yield from _carried(inner, kinds)


def _loads(
    session: Session,
    carried: Sequence[_Node],
    tree: Mapping[UUID, _Node],
    kinds: Mapping[UUID, ContainerType],
) -> list[Load]:
    every = [inner.row.id for node in carried for inner in _all(node)]
    held = _held(session, every)
    outside = {node.row.parent for node in carried if node.row.parent} - tree.keys()
    types = {key: node.row.type_id for key, node in tree.items()} | _types(session, outside)
    celsius = preanalytics.celsius_of(session, every) if every else {}

    def made(node: _Node) -> Load:
        row, inside = node.row, tuple(made(inner) for inner in node.inside)
        own = held.get(row.id, {})
        return Load(
            id=row.id,
            code=row.code,
            name=row.name,
            kind=kinds[row.type_id],
            outer_id=row.parent,
            outer=kinds[types[row.parent]] if row.parent else None,
            slot=Slot(row.row, row.col),
            celsius=celsius.get(row.id),
            tubes=sum(own.values()) + sum(inner.tubes for inner in inside),
            traits=frozenset(own).union(*(inner.traits for inner in inside)),
            inside=inside,
        )

    return [made(node) for node in carried]


def _types(session: Session, containers: Collection[UUID]) -> dict[UUID, UUID]:
    asked = core_select(col(Container.id), col(Container.type_id)).where(col(Container.id).in_(containers))
    return {row.id: row.type_id for row in session.execute(asked)}


def _held(session: Session, boxes: Sequence[UUID]) -> dict[UUID, dict[Traits, int]]:
    """What decides where the tubes of each box may stand, and of how many; kept slots count."""
    found: defaultdict[UUID, dict[Traits, int]] = defaultdict(dict)
    for start in range(0, len(boxes), AT_ONCE):
        for row in session.execute(_counted(boxes[start : start + AT_ONCE])):
            traits = Traits(row.code, row.material, row.storage_class or "", row.container)
            found[row.box][traits] = found[row.box].get(traits, 0) + row.tubes
    return found


def _counted(boxes: Sequence[UUID]) -> Any:
    """For each of these boxes: how many of its tubes are alike. What they are alike in is looked up after."""
    box, here = col(Placement.container_id), one_of(col(Placement.container_id), boxes)
    standing: Any = core_select(box.label("box"), col(Placement.specimen_id).label("tube"))
    standing = standing.where(here, col(Placement.specimen_id).is_not(None))
    out = core_select(box, col(Keep.specimen_id)).join(Keep, col(Keep.id) == col(Placement.keep_id))
    out = out.where(here, col(Keep.specimen_id).is_not(None))
    belongs = union_all(standing, out).subquery()
    alike = [
        belongs.c.box,
        *(col(getattr(Specimen, name)) for name in ("study_id", "material", "requirement_id", "container")),
    ]
    counted = core_select(*alike, func.count().label("tubes"))
    counted = counted.join(belongs, belongs.c.tube == col(Specimen.id)).group_by(*alike)
    some = counted.subquery()
    return (
        core_select(
            some.c.box,
            col(Study.code),
            some.c.material,
            col(Requirement.storage_class),
            some.c.container,
            some.c.tubes,
        )
        .join(Study, col(Study.id) == some.c.study_id)
        .outerjoin(Requirement, col(Requirement.id) == some.c.requirement_id)
    )
