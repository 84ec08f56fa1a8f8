"""The way to a container: what it stands in, from the outside in."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.tables import Container, ContainerType, Placement

DEEPEST = 8
"""How many containers may stand in one another; a guard against a circle in a damaged database."""


class Step(msgspec.Struct, frozen=True):
    """One container on the way to a place, and the slot of it that is meant (empty at the end of a path)."""

    code: str
    name: str
    level: str
    slot: str = ""


def path(session: Session, container_id: UUID) -> list[Step]:
    """The way to a container from the outside in, the container itself last."""
    return paths(session, [container_id])[container_id]


def paths(session: Session, container_ids: Sequence[UUID]) -> dict[UUID, list[Step]]:
    """The ways to several containers, in a statement for each level.

    Asked as one, the planner would rather read every placement there is than walk up from a hundred boxes.
    """
    stands = _stands(session, container_ids)
    things = _things(session, {*container_ids, *(outer for outer, _ in stands.values())})
    found: dict[UUID, list[Step]] = {}
    for key in container_ids:
        container, kind = things[key]
        way = [Step(container.code, container.name, kind.level.value)]
        here = key
        while here in stands and len(way) <= DEEPEST:
            here, slot = stands[here]
            container, kind = things[here]
            way.append(Step(container.code, container.name, kind.level.value, slot_name(Grid.of(kind), slot)))
        found[key] = way[::-1]
    return found


def grids(session: Session, container_ids: Sequence[UUID]) -> dict[UUID, Grid]:
    """The geometry of several containers."""
    return {key: Grid.of(kind) for key, (_, kind) in _things(session, container_ids).items()}


def _things(session: Session, ids: Iterable[UUID]) -> dict[UUID, tuple[Container, ContainerType]]:
    of_type = col(ContainerType.id) == col(Container.type_id)
    asked = select(Container, ContainerType).join(ContainerType, of_type)
    return {
        container.id: (container, kind)
        for container, kind in session.exec(asked.where(col(Container.id).in_(set(ids))))
    }


def _stands(session: Session, container_ids: Iterable[UUID]) -> dict[UUID, tuple[UUID, Slot]]:
    """Where each of these stands, and each of what it stands in."""
    stands: dict[UUID, tuple[UUID, Slot]] = {}
    here = set(container_ids)
    while here:
        asked = select(Placement.child_id, Placement.container_id, Placement.row, Placement.col)
        for child, outer, row, column in session.exec(asked.where(col(Placement.child_id).in_(here))):
            if child:
                stands[child] = outer, Slot(row, column)
        here = {stands[key][0] for key in here if key in stands} - stands.keys()
    return stands
