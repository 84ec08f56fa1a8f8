"""Fronts of racks, shelves and freezers: where each box is drawn, how full. Pure; no colours, no markup."""

from collections.abc import Mapping, Sequence

import msgspec

from biobank.storage import Branch, ContainerRow
from biobank.tables import Holder, Level

WIDE, WIDEST = 720, 1160
"""How wide a rack or one shelf is drawn where it fits, and a whole freezer; SVG units, as all here."""

EDGE, GAP = 12, 8
HEAD, FOOT = 22, 20
"""Room above the boxes of a rack for its name, and below for what is in it."""

SMALLEST, DEEP = 76, 86
"""The narrowest rack in a freezer, and how high its boxes stand together."""

LOOSE_IN_A_ROW = 6


class Bar(msgspec.Struct, frozen=True):
    """A rectangle: its corner and its sides."""

    x: float
    y: float
    width: float
    height: float


class Place(msgspec.Struct, frozen=True):
    """Where one box stands, or could: `fill` is the part of it that its tubes take; None where none is."""

    at: Bar
    fill: Bar | None
    row: ContainerRow | None
    slot: str
    line: int
    number: int


class Holding(msgspec.Struct, frozen=True):
    """What holds boxes, as it is drawn: its outline, its boxes, and the trays they stand on.

    `name` and `count` are written above and below the boxes where there is room for them; a place of a
    shelf in which no rack stands has no `row`.
    """

    at: Bar
    row: ContainerRow | None
    holder: str
    places: list[Place]
    trays: list[Bar]
    line: int
    number: int


class Caption(msgspec.Struct, frozen=True):
    """A shelf: its name at its left edge, and its floor."""

    row: ContainerRow
    y: float
    floor: float


class Elevation(msgspec.Struct, frozen=True):
    """A front as it is drawn. `whole` says that each holding is one link; else each box is."""

    width: int
    height: int
    holdings: list[Holding]
    captions: list[Caption]
    whole: bool

    @property
    def empty(self) -> bool:
        """Whether nothing at all stands there."""
        return not any(holding.row for holding in self.holdings)


class Thumbnail(msgspec.Struct, frozen=True):
    """A freezer drawn small: a cell for each rack or shelf of boxes, and the part that is full."""

    width: int
    height: int
    cells: list[tuple[ContainerRow, Bar, Bar | None]]


def counted(branches: Sequence[Branch], direct: Mapping[str, int]) -> dict[str, int]:
    """How many of some tubes are in each container, given how many are directly in each."""
    found: dict[str, int] = {}
    for each in branches:
        inside = counted(each.inside, direct)
        found |= inside
        found[each.row.code] = direct.get(each.row.code, 0) + sum(inside[one.row.code] for one in each.inside)
    return found


def elevation(row: ContainerRow, inside: Sequence[Branch]) -> Elevation:
    """The front of a container that holds containers: its boxes where it holds some, else shelf by shelf."""
    if any(each.row.level == Level.BOX.value for each in inside):
        return _front(row, inside)
    if any(each.row.level == Level.SHELF.value for each in inside):
        return _shelves([(each.row, each.inside) for each in inside], captioned=True)
    return _shelves([(row, inside)], captioned=False)


def thumbnail(freezer: Branch) -> Thumbnail:
    """A freezer so small that a whole room of them is seen at once."""
    lines = [each.inside if _racks(each) else [each] for each in freezer.inside] or [[]]
    width, high = 200, 18
    cells: list[tuple[ContainerRow, Bar, Bar | None]] = []
    for line, some in enumerate(lines):
        across = (width - 8) / max(1, len(some))
        for place, each in enumerate(some):
            bar = Bar(4 + place * across + 1, 4 + line * high + 1, across - 2, high - 2)
            cells.append((each.row, bar, _fill(bar, each.row)))
    return Thumbnail(width, 8 + len(lines) * high, cells)


def _racks(each: Branch) -> bool:
    return any(one.row.level == Level.RACK.value for one in each.inside)


def _front(row: ContainerRow, inside: Sequence[Branch]) -> Elevation:
    """A rack, or a shelf with boxes on it, so large that each box has its name."""
    rows, cols = _sides(row, inside)
    width = WIDE if cols > 1 else 360
    across = max(76.0, (width - 2 * EDGE) / cols)
    down = 84 if _holder(row) == Holder.SHELF else 56 if cols > 1 else 28 if rows > 12 else 34
    down += GAP if _holder(row) == Holder.TRAY_RACK else 0
    at = Bar(EDGE / 2, EDGE / 2, cols * across + EDGE, rows * down + EDGE)
    holding = _holding(row, inside, at, Bar(EDGE, EDGE, cols * across, rows * down), (0, 0))
    return Elevation(round(at.width + EDGE), round(at.height + EDGE), [holding], [], whole=False)


def _shelves(shelves: Sequence[tuple[ContainerRow, Sequence[Branch]]], *, captioned: bool) -> Elevation:
    """Shelf below shelf, each with what stands on it."""
    most = max((_standing(row, inside) for row, inside in shelves), default=1) or 1
    room = (WIDEST if captioned else WIDE) - 2 * EDGE
    wide = max(SMALLEST, min(260, room // most - GAP))
    high, caption = HEAD + DEEP + FOOT, 22 if captioned else 0
    across = most * (wide + GAP) - GAP if most > 1 else room
    holdings: list[Holding] = []
    captions: list[Caption] = []
    for line, (row, inside) in enumerate(shelves):
        top = EDGE + line * (high + caption + GAP) + caption
        captions += [Caption(row, top - 8, top + high + 3)] if captioned else []
        if _holds_boxes(row, inside):
            at = Bar(EDGE, top, across, high)
            room_here = Bar(at.x + 6, at.y + 6, at.width - 12, at.height - 12)
            holdings.append(_holding(row, inside, at, room_here, (line, 0)))
            continue
        stands = {_place(row, each.row, number): each for number, each in enumerate(inside)}
        for place in range(max(_size(row), len(inside))):
            at = Bar(EDGE + place * (wide + GAP), top, wide, high)
            rack = stands.get(place)
            if rack:
                holdings.append(_holding(rack.row, rack.inside, at, _room(at), (line, place)))
            else:
                holdings.append(Holding(at, None, "", [], [], line, place))
    height = EDGE + len(shelves) * (high + caption + GAP)
    return Elevation(round(across + 2 * EDGE), height, holdings, captions, whole=True)


def _holding(
    row: ContainerRow, inside: Sequence[Branch], at: Bar, room: Bar, here: tuple[int, int]
) -> Holding:
    """A container with the boxes in it, each in its slot, in the room there is for them."""
    rows, cols = _sides(row, inside)
    loose = row.size is None
    stands = {
        (divmod(number, cols) if loose else (each.row.row or 0, each.row.col or 0)): each.row
        for number, each in enumerate(inside)
    }
    across, down = room.width / cols, room.height / rows
    tray = min(GAP, down / 4) if _holder(row) == Holder.TRAY_RACK else 0
    space = min(4, across / 8, down / 6)
    places: list[Place] = []
    for line in range(rows):
        for number in range(cols):
            box = stands.get((line, number))
            if box is None and loose:
                continue
            # What lies loose is drawn as it lies: not in line.
            aslant = min(6, down / 8) * (number % 2) if loose else 0
            bar = Bar(
                room.x + number * across + space / 2,
                room.y + line * down + space / 2 + aslant,
                across - space,
                down - space - tray - (min(6, down / 8) if loose else 0),
            )
            places.append(Place(bar, _fill(bar, box), box, box.slot if box else "", line, number))
    trays = [Bar(room.x, room.y + line * down, room.width, down - tray / 2) for line in range(rows)]
    return Holding(at, row, _holder(row), places, trays if tray else [], *here)


def _fill(bar: Bar, box: ContainerRow | None) -> Bar | None:
    """The part of a box that its tubes take: along its longer side, from the left or from below."""
    if box is None or not box.slots or not box.tubes:
        return None
    share = min(1.0, box.tubes / box.slots)
    if bar.width >= bar.height:
        return Bar(bar.x, bar.y, bar.width * share, bar.height)
    return Bar(bar.x, bar.y + bar.height * (1 - share), bar.width, bar.height * share)


def _room(at: Bar) -> Bar:
    """Where the boxes are, between the name and the count."""
    return Bar(at.x + 6, at.y + HEAD, at.width - 12, DEEP)


def _holder(row: ContainerRow) -> str:
    if row.holder:
        return row.holder
    return (
        Holder.LOOSE.value if row.size is None else Holder.RACK.value if row.cols != 1 else Holder.STACK.value
    )


def _sides(row: ContainerRow, inside: Sequence[Branch]) -> tuple[int, int]:
    """Rows and columns: of its type, or as many as what lies loose in it needs."""
    if row.rows and row.cols:
        return row.rows, row.cols
    return max(1, -(-len(inside) // LOOSE_IN_A_ROW)), LOOSE_IN_A_ROW


def _holds_boxes(row: ContainerRow, inside: Sequence[Branch]) -> bool:
    boxes = any(each.row.level == Level.BOX.value for each in inside)
    return boxes or (not inside and row.holder is not None)


def _standing(row: ContainerRow, inside: Sequence[Branch]) -> int:
    """How many places for racks a shelf has; boxes share the whole of it."""
    return 1 if _holds_boxes(row, inside) else max(_size(row), len(inside))


def _size(row: ContainerRow) -> int:
    return (row.rows or 0) * (row.cols or 0)


def _place(shelf: ContainerRow, row: ContainerRow, number: int) -> int:
    """Which place from the left: shelves count theirs one after another, whatever their type."""
    return number if row.row is None else row.row * (shelf.cols or 1) + (row.col or 0)
