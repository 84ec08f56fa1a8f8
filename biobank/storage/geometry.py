"""Slots of a grid: how they are named, found by name, and filled. Pure; zero-based inside."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from biobank.errors import RuleBroken
from biobank.tables import ContainerType, Fill, Labelling, Numbering
from biobank.texts import N_


class Slot(NamedTuple):
    """A row and a column, zero-based; both None inside an unplaced container."""

    row: int | None
    col: int | None


class Grid(msgspec.Struct, frozen=True):
    """The geometry of a container type, without its name. An unplaced container has no rows."""

    rows: int | None = None
    cols: int | None = None
    row_labels: Labelling = Labelling.LETTERS
    col_labels: Labelling = Labelling.NUMBERS
    numbering: Numbering = Numbering.GRID
    fill: Fill = Fill.BY_ROW

    @classmethod
    def of(cls, kind: ContainerType) -> "Grid":
        """The geometry of a container type."""
        return cls(kind.rows, kind.cols, kind.row_labels, kind.col_labels, kind.numbering, kind.fill)

    @property
    def size(self) -> int | None:
        """How many slots there are; None where things lie unplaced."""
        return self.rows * self.cols if self.rows and self.cols else None

    def slots(self) -> Iterator[Slot]:
        """Every slot in fill order."""
        rows, cols = range(self.rows or 0), range(self.cols or 0)
        by_column, from_below, from_the_right = course(self.fill)
        down = rows[::-1] if from_below else rows
        across = cols[::-1] if from_the_right else cols
        if by_column:
            return (Slot(row, col) for col in across for row in down)
        return (Slot(row, col) for row in down for col in across)

    def has(self, slot: Slot) -> bool:
        """Whether the slot is inside the grid."""
        return (
            slot.row is not None
            and slot.col is not None
            and 0 <= slot.row < (self.rows or 0)
            and 0 <= slot.col < (self.cols or 0)
        )


def course(fill: Fill) -> tuple[bool, bool, bool]:
    """How slots are filled: by column, from below, from the right; by row, from A1, where all are false."""
    return fill.value.startswith("by_col"), "_low_" in fill.value, fill.value.endswith("_right")


def letters(index: int) -> str:
    """A, B ... Z, AA, AB: the label of a zero-based index in letters."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def axis_label(index: int, labelling: Labelling) -> str:
    """The label of one row or column."""
    return letters(index) if labelling is Labelling.LETTERS else str(index + 1)


def slot_name(grid: Grid, slot: Slot) -> str:
    """How a container of this geometry writes a slot: `B7`, `16`, `AA1`; empty where unplaced."""
    if slot.row is None or slot.col is None:
        return ""
    if grid.numbering is Numbering.BY_ROW:
        return str(slot.row * (grid.cols or 0) + slot.col + 1)
    if grid.numbering is Numbering.BY_COLUMN:
        return str(slot.col * (grid.rows or 0) + slot.row + 1)
    row, column = axis_label(slot.row, grid.row_labels), axis_label(slot.col, grid.col_labels)
    both_same = grid.row_labels is grid.col_labels
    return f"{row}-{column}" if both_same else f"{row}{column}"


def slot_named(grid: Grid, name: str, field: str = "slot") -> Slot:
    """The slot of that name, in its one canonical form. Refused: `A01`, `J1` in a 9 x 9 box, `1A`."""
    if found := _named(grid).get(name.strip().upper()):
        return found
    message = N_("There is no slot “%(name)s” here: they run from %(first)s to %(last)s.")
    slots = list(grid.slots())
    first, last = (slot_name(grid, slots[0]), slot_name(grid, slots[-1])) if slots else ("-", "-")
    raise RuleBroken("slot_unknown", message, field=field, name=name[:20], first=first, last=last)


@lru_cache(64)
def _named(grid: Grid) -> Mapping[str, Slot]:
    """Every slot by its name; kept, for a box is counted slot by slot."""
    return {slot_name(grid, slot): slot for slot in grid.slots()}


def free_slots(grid: Grid, taken: Iterable[Slot]) -> list[Slot]:
    """The free slots in fill order."""
    gone = set(taken)
    return [slot for slot in grid.slots() if slot not in gone]
