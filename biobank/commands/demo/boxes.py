"""Where the tubes of the demonstration go: blood, stool and DNA have shelves, whose boxes fill in order."""

from collections.abc import Iterator, Sequence

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank.tables import Container, Placement

SHELVES = {"blood": (0, range(5)), "stool": (1, range(4)), "dna": (1, range(4, 5))}
"""The freezer and its shelves, each from 0, that take blood and what is made of it, stool, DNA."""
SLOTS = 81


class Boxes:
    """The boxes with room, of each kind of tubes in order, and how many slots of each are free."""

    def __init__(self, free: dict[str, list[tuple[str, int]]]) -> None:
        self._free = free

    def room_for(self, kind: str, tubes: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """Boxes for these tubes, the last one begun first, each with those that go into it."""
        left = list(tubes)
        while left:
            box, free = self._free[kind][0]
            some, left = left[:free], left[free:]
            if free > len(some):
                self._free[kind][0] = (box, free - len(some))
            else:
                del self._free[kind][0]
            yield box, some


def boxes(session: Session, freezers: Sequence[str]) -> Boxes:
    """The boxes of these two freezers as they are now."""
    return Boxes({kind: _free(session, freezers[at], shelves) for kind, (at, shelves) in SHELVES.items()})


def _free(session: Session, freezer: str, shelves: Sequence[int]) -> list[tuple[str, int]]:
    box, outer = aliased(Container), aliased(Container)
    in_rack, on_shelf, in_freezer = aliased(Placement), aliased(Placement), aliased(Placement)
    used = select(func.count()).select_from(Placement).where(col(Placement.container_id) == col(box.id))
    asked = (
        select(box.code, used.correlate(box).scalar_subquery())
        .join(in_rack, col(in_rack.child_id) == col(box.id))
        .join(on_shelf, col(on_shelf.child_id) == col(in_rack.container_id))
        .join(in_freezer, col(in_freezer.child_id) == col(on_shelf.container_id))
        .join(outer, col(outer.id) == col(in_freezer.container_id))
        .where(col(outer.code) == freezer, col(in_freezer.row).in_(shelves))
        .order_by(col(in_freezer.row), col(on_shelf.row), col(in_rack.row))
    )
    return [(code, SLOTS - count) for code, count in session.exec(asked) if count < SLOTS]
