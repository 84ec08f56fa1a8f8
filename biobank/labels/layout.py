"""Layout: where the symbol and every line of a label stand, fitted to its cell.

Pure geometry and the only place that decides fit. Positions are millimetres from the label's
top-left corner, sizes of type are points. The symbol stands on the left with its quiet zone.
The id stands in large type under it, across the label, where the stock is high enough, and
otherwise heads the text on the right.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from enum import StrEnum
from math import floor

from msgspec import Struct

from biobank.labels.stock import DOT, MODULES, QUIET, Stock

POINT = 25.4 / 72
SMALLEST = 4.0
"""Points below which text is cut instead of shrunk."""

_EDGE = 0.9
"""Text keeps this clear of the die cut (mm): sheets shift in printers."""
_QUIET_EDGE = 0.4
_GAP = 0.25
_FOOT = 3.0
"""Height (mm) the id needs to stand under the symbol."""
_LARGEST = 8.0
_LARGEST_CODE = 11.0
_LEADING = 1.15
_CODE_LEADING = 0.92
"""An id has capitals and digits only, so its line needs no room for descenders."""
_CODE_WEIGHT = 1.3
_CAPITALS = 0.718
"""Height of capitals in Helvetica (em)."""
_ELLIPSIS = "…"
_LONGEST = 400
"""No label holds more characters; the rest is not even measured."""

_LOOKALIKES = str.maketrans("\u03bc\u2212\u2010\u2011\u2044", "\u00b5---/")
"""Common signs that WinAnsi has only under another code: Greek mu, minus, two hyphens, a slash."""


class Font(StrEnum):
    """The two standard PDF fonts that every viewer and printer has."""

    REGULAR = "Helvetica"
    BOLD = "Helvetica-Bold"


Measure = Callable[[str, Font], float]
"""Width of a text in em."""


class Piece(Struct, frozen=True):
    """A text to be set, and its natural width in em."""

    text: str
    font: Font
    em: float


class LabelFace(Struct, frozen=True):
    """What one label says. Only the code is in the symbol; empty texts take no room."""

    code: str
    material: str
    event: str = ""
    amount: str = ""
    number: str = ""
    participant: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Everything but the code: what many labels of a batch have in common."""
        return (self.material, self.event, self.amount, self.number, self.participant)


class Box(Struct, frozen=True):
    """A rectangle in mm from the label's top-left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


class Line(Struct, frozen=True):
    """One piece of text: left end and baseline in mm, size in points."""

    text: str
    x: float
    baseline: float
    size: float
    font: Font


class Wording(Struct, frozen=True):
    """The lines beside the symbol, and the box that is left for the id."""

    lines: tuple[Line, ...]
    code: Box


def symbol(stock: Stock) -> Box:
    """The symbol without its quiet zone, on whole printer dots."""
    side, margin = MODULES * stock.module, QUIET * stock.module
    top = _QUIET_EDGE if _has_foot(stock) else (stock.height - side) / 2 - margin
    return Box(_on_dots(_QUIET_EDGE + margin), _on_dots(top + margin), side, side)


def quiet(stock: Stock) -> Box:
    """The symbol with its quiet zone: nothing else is drawn in here."""
    inner, margin = symbol(stock), QUIET * stock.module
    side = inner.width + 2 * margin
    return Box(inner.x - margin, inner.y - margin, side, side)


def wording(words: tuple[str, ...], stock: Stock, measure: Measure) -> Wording:
    """Fit the texts of a face, in the order of `LabelFace.words`, into the stock's label."""
    cell, foot = _cells(stock)
    rows = _rows(words, measure, high=foot is not None)
    weight = len(rows) + (0 if foot else _CODE_WEIGHT)
    row_height = min(cell.height / max(weight, 1), _LARGEST * _LEADING * POINT)
    top = cell.y + (cell.height - weight * row_height) / 2
    code = foot or Box(cell.x, top, cell.width, _CODE_WEIGHT * row_height)
    top += 0 if foot else code.height
    lines: list[Line] = []
    for index, (left, right) in enumerate(rows):
        lines += _row(left, right, Box(cell.x, top + index * row_height, cell.width, row_height), measure)
    return Wording(tuple(lines), code)


def code_line(code: str, box: Box, measure: Measure) -> Line:
    """The id in groups, as large as its box allows; it is never cut."""
    text = grouped(code)
    size = min(
        _LARGEST_CODE, box.height / POINT / _CODE_LEADING, box.width / POINT / measure(text, Font.BOLD)
    )
    return _line(text, box, _quarter(size), Font.BOLD)


def lines(face: LabelFace, stock: Stock, measure: Measure) -> tuple[Line, ...]:
    """Every line of one label, the id last."""
    placed = wording(face.words, stock, measure)
    return *placed.lines, code_line(face.code, placed.code, measure)


def grouped(code: str) -> str:
    """`SM9S346Q35` as people read it: `SM9S 346Q 35`."""
    return f"{code[:4]} {code[4:8]} {code[8:]}"


def drawable(text: str) -> str:
    """A text in what a standard PDF font can draw (WinAnsi), white space folded.

    A sign it lacks is written in its compatible form (`℃` as `°C`) or, failing that, as a visible
    `?`. It is never dropped: a label that hides a sign reads as a different label.
    """
    folded = " ".join(text[:_LONGEST].split())
    if folded.isascii() and folded.isprintable():
        return folded
    composed = unicodedata.normalize("NFC", folded).translate(_LOOKALIKES)
    return "".join(_sign(sign) for sign in composed)


def _sign(sign: str) -> str:
    if _has_glyph(sign):
        return sign
    compatible = unicodedata.normalize("NFKC", sign).translate(_LOOKALIKES)
    return "".join(each if _has_glyph(each) else "?" for each in compatible)


def _has_glyph(sign: str) -> bool:
    return sign.isprintable() and bool(sign.encode("cp1252", "ignore"))


def _has_foot(stock: Stock) -> bool:
    side = (MODULES + 2 * QUIET) * stock.module
    return stock.height - _QUIET_EDGE - side - _EDGE >= _FOOT


def _cells(stock: Stock) -> tuple[Box, Box | None]:
    """The cell of the texts and, where the id stands under the symbol, the cell of the id."""
    taken = quiet(stock)
    left = taken.right + _GAP
    width = stock.width - _EDGE - left
    if not _has_foot(stock):
        return Box(left, _EDGE, width, stock.height - 2 * _EDGE), None
    inset = symbol(stock).x
    foot = Box(inset, taken.bottom, stock.width - _EDGE - inset, stock.height - _EDGE - taken.bottom)
    return Box(left, _EDGE, width, taken.bottom - _GAP - _EDGE), foot


def _rows(words: tuple[str, ...], measure: Measure, *, high: bool) -> list[tuple[Piece, Piece]]:
    """What stands on each row, left and right; a high label gives the participant a row alone."""

    def piece(text: str, font: Font = Font.REGULAR) -> Piece:
        shown = drawable(text)
        return Piece(shown, font, measure(shown, font))

    material, event, amount, number, participant = words
    rows = [(piece(material, Font.BOLD), piece("")), (piece(event), piece(number, Font.BOLD))]
    last = [(amount, ""), (participant, "")] if high else [(amount, participant)]
    rows += [(piece(left), piece(right)) for left, right in last]
    return [(left, right) for left, right in rows if left.text or right.text]


def _row(left: Piece, right: Piece, row: Box, measure: Measure) -> list[Line]:
    """Up to two texts on one row, the second flush right; where both cannot fit, the longer yields."""
    size = _quarter(row.height / POINT / _LEADING)
    gap = 0.5 * size * POINT if left.text and right.text else 0
    room = row.width - gap
    width_left, width_right = (piece.em * size * POINT for piece in (left, right))
    if width_left + width_right > room:
        shorter = min(width_left, width_right, room / 2)
        width_left = shorter if width_left <= width_right else room - shorter
    places = (
        (left, Box(row.x, row.y, width_left, row.height), 0),
        (right, Box(row.right - room + width_left, row.y, room - width_left, row.height), 1),
    )
    return [_set(piece, box, size, flush, measure) for piece, box, flush in places if piece.text]


def _set(piece: Piece, box: Box, size: float, flush: int, measure: Measure) -> Line:
    """One text in its box, against the left side (flush 0) or the right (flush 1)."""
    fitted, size = _fitted(piece, box.width / POINT, size, measure)
    spare = box.width - fitted.em * size * POINT
    return _line(fitted.text, Box(box.x + flush * spare, box.y, box.width, box.height), size, fitted.font)


def _fitted(piece: Piece, width: float, size: float, measure: Measure) -> tuple[Piece, float]:
    """The text and size in points that keep within a width in points: shrunk, then cut."""
    if piece.em * size <= width + 1e-6:
        return piece, size
    shrunk = _quarter(width / piece.em)
    if shrunk >= SMALLEST:
        return piece, shrunk

    def cut(length: int) -> Piece:
        text = piece.text[:length].rstrip() + _ELLIPSIS
        return Piece(text, piece.font, measure(text, piece.font))

    lengths = range(1, len(piece.text))
    return cut(bisect_right(lengths, width / SMALLEST, key=lambda length: cut(length).em)), SMALLEST


def _line(text: str, box: Box, size: float, font: Font) -> Line:
    """Capitals centred on the height of the box."""
    return Line(text, box.x, box.y + (box.height + _CAPITALS * size * POINT) / 2, size, font)


def _quarter(points: float) -> float:
    return floor(points * 4 + 1e-6) / 4


def _on_dots(length: float) -> float:
    return round(length / DOT) * DOT
