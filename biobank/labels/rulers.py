"""Rulers: a page that shows where a printer puts the labels of a stock, to measure its offset from.

Print it at true size on plain paper, hold it over a sheet of labels against the light, and enter how far
the outlines are out.
"""

import itertools
from collections.abc import Iterator

from biobank.labels.fonts import drawable, font_for, width
from biobank.labels.pdf import Document, point
from biobank.labels.shapes import POINT, Line
from biobank.labels.stock import Shape, Stock
from biobank.texts import N_, gettext

_TICKS = ((10, 3.0), (5, 2.0), (1, 1.2))
"""Every so many millimetres a tick so long (mm)."""
_LOW_PAGE = 40.0
"""On lower pages (mm) the ticks are shorter, to leave room for the texts."""
_CROSS = 4.0
_HAIR = "0.1 w"
_CIRCLE = 0.5523
"""Where the control points of four Bézier curves stand that make a circle (radii)."""


def page(stock: Stock, *, offset_x: float = 0.0, offset_y: float = 0.0) -> bytes:
    """A PDF of one page: outlines of all labels, millimetres along the edges, a cross at both end corners.

    The offsets, in mm to the right and down, are those that the labels would be drawn with; the rulers
    stay at the edges of the page.
    """
    document = Document(f"{stock.name} rulers", stock.page_width, stock.page_height)
    parts = [
        _HAIR,
        *_outlines(stock, offset_x, offset_y),
        *_rulers(stock),
        *_crosses(stock, offset_x, offset_y),
    ]
    parts += [document.text(line) for line in _said(stock, offset_x, offset_y)]
    return b"".join((document.start(), document.page("\n".join(parts)), *document.end()))


def _outlines(stock: Stock, offset_x: float, offset_y: float) -> Iterator[str]:
    """Each label as it is cut, the end that is never printed crossed out, and its dot."""
    for index in range(stock.per_page):
        x, y = stock.corner(index)
        x, y = x + offset_x, y + offset_y
        if stock.shape is Shape.ROUND:
            yield _circle(x + stock.width / 2, y + stock.height / 2, stock.width / 2)
        else:
            yield f"{point(x, y)} {stock.width / POINT:.4f} {-stock.height / POINT:.4f} re S"
        if stock.tail:
            right, low = x + stock.width, y + stock.height
            yield (
                _stroke(right - stock.tail, y, right, low) + " " + _stroke(right - stock.tail, low, right, y)
            )
        if stock.dot:
            yield _circle(x + stock.dot_x + stock.dot / 2, y + stock.height / 2, stock.dot / 2)


def _rulers(stock: Stock) -> Iterator[str]:
    """Millimetres from the page's top-left corner along all four edges."""
    wide, high = stock.page_width, stock.page_height
    shorter = min(1.0, high / _LOW_PAGE)
    for at in range(1, int(wide) + 1):
        long = _tick(at) * shorter
        yield _stroke(at, 0, at, long)
        yield _stroke(at, high, at, high - long)
    for at in range(1, int(high) + 1):
        long = _tick(at) * shorter
        yield _stroke(0, at, long, at)
        yield _stroke(wide, at, wide - long, at)


def _crosses(stock: Stock, offset_x: float, offset_y: float) -> Iterator[str]:
    """At the first label's top-left corner and at the last one's bottom-right."""
    first, last = stock.corner(0), stock.corner(stock.per_page - 1)
    for x, y in (first, (last[0] + stock.width, last[1] + stock.height)):
        x, y = x + offset_x, y + offset_y  # noqa: PLW2901
        yield _stroke(x - _CROSS, y, x + _CROSS, y) + " " + _stroke(x, y - _CROSS, x, y + _CROSS)


def _said(stock: Stock, offset_x: float, offset_y: float) -> Iterator[Line]:
    """What stock it is, in the first label, and how to print the page, in the next, where there is room."""
    messages = (
        stock.name,
        f"{stock.width:g} x {stock.height:g} mm",
        gettext(N_("offset %(x)s, %(y)s mm")) % {"x": f"{offset_x:g}", "y": f"{offset_y:g}"},
        gettext(N_("Print at 100 %%, without fitting to the page.")) % {},
    )
    x, y = stock.corner(0)
    step = min(stock.height / (len(messages) + 1), 3.5)
    for number, message in enumerate(messages, 1):
        font = font_for(message)
        text = drawable(message, font)
        room = (stock.width - 3) / POINT
        size = min(step / POINT * 0.8, room / width(text, font))
        yield Line(text, x + 1.5 + offset_x, y + number * step + offset_y, round(size, 2), font)


def _tick(at: int) -> float:
    return next(long for every, long in _TICKS if at % every == 0)


def _stroke(x0: float, y0: float, x1: float, y1: float) -> str:
    return f"{point(x0, y0)} m {point(x1, y1)} l S"


def _circle(x: float, y: float, radius: float) -> str:
    bent = _CIRCLE * radius
    corners = ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 0))
    drawn = [f"{point(x + radius, y)} m"]
    for (a, b), (c, d) in itertools.pairwise(corners):
        first = point(x + a * radius + c * bent, y + b * radius + d * bent)
        second = point(x + c * radius + a * bent, y + d * radius + b * bent)
        drawn.append(f"{first} {second} {point(x + c * radius, y + d * radius)} c")
    return " ".join((*drawn, "S"))
