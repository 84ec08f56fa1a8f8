"""A second book of where things stand: plain Python that shares no rule with the product's own."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from tests.world import World

SLOTS = ["A1", "A2", "B1", "B2"]
"""The slots of a 2 x 2 box in the order in which they are filled."""

Where = tuple[str, str, str] | None
"""`in` or `out`, the box and the slot (of one that is out: the slot that is kept for it); or nowhere."""


@dataclass
class Deed:
    """Something that was done: by which command, to what, and where all that was before."""

    command: Any
    before: dict[str, Where]
    touched: frozenset[str]
    moved: bool = True
    undone: bool = False


@dataclass
class Book:
    """Where every tube is, in which rack every box, what it may hold, the nL in each, what was done."""

    tubes: dict[str, Where]
    materials: dict[str, str]
    boxes: dict[str, str]
    amounts: dict[str, int]
    allowed: dict[str, set[str]] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)

    def holder(self, box: str, slot: str) -> str | None:
        """The tube that has a slot, in it or kept for it."""
        taken = [tube for tube, where in self.tubes.items() if where and where[1:] == (box, slot)]
        return taken[0] if taken else None

    def inside(self, box: str, *states: str) -> list[str]:
        """The tubes that have a slot of a box."""
        return [
            tube for tube, where in self.tubes.items() if where and where[1] == box and where[0] in states
        ]

    def may_stand(self, box: str, tube: str) -> bool:
        """Whether the box may hold the tube."""
        return box not in self.allowed or self.materials[tube] in self.allowed[box]

    def done(self, command: Any, **moved: Where) -> None:
        """Write down that tubes moved; one that went nowhere else was seen there."""
        before = {tube: self.tubes[tube] for tube in moved}
        self.tubes |= moved
        self.deeds.append(Deed(command, before, frozenset(moved)))

    def carried(self, command: Any, box: str, rack: str) -> None:
        """Write down that a box was carried to a rack, or to another slot of its own."""
        before: dict[str, Where] = {box: ("in", self.boxes[box], "")}
        self.boxes[box] = rack
        self.deeds.append(Deed(command, before, frozenset(before)))

    def happened(self, command: Any, tube: str) -> None:
        """Write down something that is no move, and stands in the way of undoing what was before it."""
        self.deeds.append(Deed(command, {}, frozenset([tube]), moved=False))

    def limited(self, box: str, materials: set[str]) -> None:
        """Write down what a box may hold; nothing said is everything, said again nothing new."""
        if materials == self.allowed.get(box, set()):
            return
        self.allowed.pop(box, None)
        if materials:
            self.allowed[box] = materials
        self.deeds.append(Deed(None, {}, frozenset([box]), moved=False))

    def can_undo(self, place: int) -> bool:
        """Whether nothing that still counts came after a deed, and where it goes back to is free."""
        deed = self.deeds[place]
        later = [each for each in self.deeds[place + 1 :] if not each.undone]
        if deed.undone or not deed.moved or any(each.touched & deed.touched for each in later):
            return False
        return all(
            self.holder(where[1], where[2]) in (None, *deed.before) and self.may_stand(where[1], tube)
            for tube, where in deed.before.items()
            if tube in self.tubes and where
        )

    def undo(self, place: int) -> None:
        """Put everything back where it was."""
        deed = self.deeds[place]
        for name, where in deed.before.items():
            if name in self.tubes:
                self.tubes[name] = where
            elif where:
                self.boxes[name] = where[1]
        deed.undone = True


def read(world: World) -> tuple[dict[str, Where], dict[str, str], dict[str, tuple[int, int]]]:
    """What the tables say: where tubes are, in which rack boxes are, and what tubes hold and were posted."""
    placed = text(
        "SELECT coalesce(s.code, k.code) AS tube, c.code AS child, b.code AS box, p.row, p.col, p.keep_id"
        " FROM placement p JOIN container b ON b.id = p.container_id"
        " LEFT JOIN specimen s ON s.id = p.specimen_id LEFT JOIN container c ON c.id = p.child_id"
        " LEFT JOIN keep e ON e.id = p.keep_id LEFT JOIN specimen k ON k.id = e.specimen_id"
    )
    held = text(
        "SELECT s.code, s.amount, sum(p.delta) AS posted FROM specimen s"
        " JOIN posting p ON p.specimen_id = s.id GROUP BY s.code, s.amount"
    )
    tubes: dict[str, Where] = {}
    boxes: dict[str, str] = {}
    with world.database.reading.connect() as connection:
        for row in connection.execute(placed):
            if row.child:
                assert row.child not in boxes, f"{row.child} stands in two places"
                boxes[row.child] = row.box
                continue
            assert row.tube not in tubes, f"{row.tube} is in two places"
            tubes[row.tube] = ("out" if row.keep_id else "in", row.box, f"{'AB'[row.row]}{row.col + 1}")
        amounts = {row.code: (row.amount, int(row.posted)) for row in connection.execute(held)}
    return tubes, boxes, amounts
