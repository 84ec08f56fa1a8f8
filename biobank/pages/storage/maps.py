"""Maps of boxes: where each cell is drawn, in what state. Pure; no colours, no markup."""

from collections.abc import Mapping, Sequence

import msgspec

from biobank.storage import BoxMap, SlotRow
from biobank.storage.geometry import course
from biobank.tables import Fill

CELL, PITCH, MARGIN = 44, 48, 28
"""Side of a cell, from one to the next, and the room for the letters around; SVG units."""

EVERY = 3
"""On a large map every third row and column is lettered, and the last; on a small one all are."""

SMALL = 12

LARGE = 2 * MARGIN + 14 * PITCH
"""From this width on a map is large."""


class Cell(msgspec.Struct, frozen=True):
    """A slot as it is drawn: its corner, its state as a class, its short text, what it names."""

    x: int
    y: int
    row: int
    col: int
    state: str
    text: str
    slot: SlotRow
    first: bool


class Axis(msgspec.Struct, frozen=True):
    """One letter or number beside the map."""

    x: float
    y: float
    text: str


class Drawing(msgspec.Struct, frozen=True):
    """A grid to be drawn. `outline` has its cut corner at A1; `order` is the arrow of the fill order."""

    width: int
    height: int
    rows: list[list[Cell]]
    axes: list[Axis]
    outline: str
    order: str

    @property
    def states(self) -> set[str]:
        """The states that some cell of it is in."""
        return {each.state for line in self.rows for each in line}

    @property
    def large(self) -> bool:
        """Whether it has so many columns that it is drawn at half its size, with larger letters."""
        return self.width > LARGE


def draw(found: BoxMap, marks: Mapping[str, str] | None = None) -> Drawing:
    """Draw a container with a grid. `marks` gives slots, by name, another state: found, cursor, stop."""
    rows, cols = found.rows or 0, found.cols or 0
    special = marks or {}
    start = next((slot.name for slot in found.slots if slot.name in special), found.slots[0].name)
    lines: list[list[Cell]] = [[] for _ in range(rows)]
    for slot in found.slots:
        row, col = slot.row or 0, slot.col or 0
        state = special.get(slot.name) or {"kept": "out"}.get(slot.state, slot.state)
        x, y = MARGIN + col * PITCH, MARGIN + row * PITCH
        lines[row].append(Cell(x, y, row, col, state, _short(slot), slot, slot.name == start))
    width, height = 2 * MARGIN + cols * PITCH - 4, 2 * MARGIN + rows * PITCH - 4
    axes, outline = _axes(found.row_names, found.col_names), _outline(width, height)
    return Drawing(width, height, lines, axes, outline, _order(found, width, height))


def _short(slot: SlotRow) -> str:
    """The last three characters of what is there: a box shows all its codes' ends at a glance."""
    return slot.code[-3:] if slot.code else ""


def _axes(rows: Sequence[str], cols: Sequence[str]) -> list[Axis]:
    far_x, far_y = MARGIN + len(cols) * PITCH - 4 + MARGIN / 2, MARGIN + len(rows) * PITCH - 4 + MARGIN / 2
    beside = [
        Axis(x, MARGIN + row * PITCH + CELL / 2, rows[row])
        for row in _lettered(len(rows))
        for x in (MARGIN / 2, far_x)
    ]
    above = [
        Axis(MARGIN + col * PITCH + CELL / 2, y, cols[col])
        for col in _lettered(len(cols))
        for y in (MARGIN / 2, far_y)
    ]
    return beside + above


def _lettered(count: int) -> list[int]:
    if count <= SMALL:
        return list(range(count))
    return [index for index in range(count) if index % EVERY == 0 or index == count - 1]


def _outline(width: int, height: int) -> str:
    """Around the cells, with the corner at A1 cut as on the box itself."""
    edge = MARGIN - 6
    right, bottom = width - edge, height - edge
    return f"M{edge + 14} {edge}H{right}V{bottom}H{edge}V{edge + 14}Z"


def _order(found: BoxMap, width: int, height: int) -> str:
    """An arrow in the empty corner where filling begins, the way the slots are filled."""
    by_column, from_below, from_the_right = course(Fill(found.fill))
    x, y = (width - MARGIN if from_the_right else 0), (height - MARGIN if from_below else 0)
    if by_column:
        return (
            f"M{x + 13} {y + 22}v-17m-4 5l4 -5l4 5" if from_below else f"M{x + 13} {y + 5}v17m-4 -5l4 5l4 -5"
        )
    if from_the_right:
        return f"M{x + 22} {y + 13}h-17m5 -4l-5 4l5 4"
    return f"M{x + 5} {y + 13}h17m-5 -4l5 4l-5 4"
