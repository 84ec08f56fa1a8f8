"""A sheet of labels as it is drawn: which are used already, which will be printed. Pure; millimetres."""

import msgspec

from biobank.labels.stock import Shape, Stock


class Cell(msgspec.Struct, frozen=True):
    """One label of the sheet: its corner, and whether it is `used`, `next` to be printed, or `free`."""

    index: int
    x: float
    y: float
    state: str


class Sheet(msgspec.Struct, frozen=True):
    """The first sheet of a job, with how many follow it."""

    width: float
    height: float
    label_width: float
    label_height: float
    dot: float
    dot_x: float
    tail: float
    round: bool
    cells: list[Cell]
    further: int


def drawn(stock: Stock, skip: int, total: int) -> Sheet:
    """The first sheet: `skip` labels are used already, `total` are to be printed on it and those after it."""
    end = skip + total
    cells = []
    for index in range(stock.per_page):
        x, y = stock.corner(index)
        state = "used" if index < skip else "next" if index < end else "free"
        cells.append(Cell(index, round(x, 2), round(y, 2), state))
    return Sheet(
        width=stock.page_width,
        height=stock.page_height,
        label_width=stock.width,
        label_height=stock.height,
        dot=stock.dot,
        dot_x=stock.dot_x,
        tail=stock.tail,
        round=stock.shape is Shape.ROUND,
        cells=cells,
        further=max(0, -(-end // stock.per_page) - 1),
    )
