"""How much of a freezer was seen since a day: for each box, and for all that holds boxes."""

from collections import defaultdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import case, func
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank.inputs import Day, Input
from biobank.people import Actor
from biobank.storage.maps import by_code
from biobank.storage.seen import beginning, within
from biobank.storage.ways import DEEPEST
from biobank.tables import Container, Placement, Specimen

# --- words ---


class CoverageAsked(Input):
    """From which day on a sighting counts; it begins in UTC."""

    since: Day


class Covered(msgspec.Struct, frozen=True):
    """A container: how many tubes are in it, how many of them were seen since, and the oldest sighting.

    `oldest` is of that tube which was longest in no hand; None where none is known to have been in one.
    `never` counts those that nobody is known to have had in a hand.
    """

    code: str
    name: str
    tubes: int
    seen: int
    never: int
    oldest: datetime | None

    @property
    def share(self) -> float | None:
        """The share that was seen; None where there is no tube."""
        return self.seen / self.tubes if self.tubes else None


# --- questions ---


def coverage(session: Session, actor: Actor, text: str, since: date) -> dict[str, Covered]:
    """A container and everything in it, by code. Refused: a container out of scope.

    Tubes of all studies are counted: how well a freezer is looked after is no secret of any of them. Three
    statements, whatever it holds.
    """
    top = by_code(session, actor, text, field="code")
    inside = within(top.id)
    containers = {
        row.id: (row.code, row.name)
        for row in session.execute(
            core_select(col(Container.id), col(Container.code), col(Container.name)).join(
                inside, inside.c.id == col(Container.id)
            )
        )
    }
    outer = _outer(session, top.id)
    found: dict[UUID, list[Any]] = defaultdict(lambda: [0, 0, 0, None])
    for row in session.execute(_boxes(top.id, beginning(since))):
        here: UUID | None = row.container_id
        for _ in range(DEEPEST + 1):
            if here is None:
                break
            _add(found[here], row)
            here = outer.get(here) if here != top.id else None
    return {code: Covered(code, name, *found[key]) for key, (code, name) in containers.items()}


# --- how ---


def _outer(session: Session, top: UUID) -> dict[UUID, UUID]:
    """What each container inside stands in."""
    inside = within(top)
    asked = core_select(col(Placement.child_id), col(Placement.container_id)).join(
        inside, inside.c.id == col(Placement.container_id)
    )
    return dict(iter(session.execute(asked.where(col(Placement.child_id).is_not(None)))))


def _boxes(top: UUID, since: datetime) -> Any:
    """For each box its tubes, those seen since, those never seen, and the oldest sighting."""
    inside = within(top)
    seen = col(Specimen.seen_at)
    return (
        core_select(
            col(Placement.container_id),
            func.count().label("tubes"),
            func.sum(case((seen >= since, 1), else_=0)).label("seen"),
            func.sum(case((seen.is_(None), 1), else_=0)).label("never"),
            func.min(seen).label("oldest"),
        )
        .select_from(inside)
        .join(Placement, col(Placement.container_id) == inside.c.id)
        .join(Specimen, col(Specimen.id) == col(Placement.specimen_id))
        .group_by(col(Placement.container_id))
    )


def _add(sums: list[Any], row: Any) -> None:
    tubes, seen, never, oldest = sums
    sums[:3] = tubes + row.tubes, seen + row.seen, never + row.never
    if row.oldest is not None:
        sums[3] = row.oldest if oldest is None else min(oldest, row.oldest)
