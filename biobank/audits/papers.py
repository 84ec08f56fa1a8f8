"""The sheet on which an audit is counted by hand: a code for each box and for each of its lines.

For hours without power. Nothing on it is the code of a tube in a symbol: a sheet that is scanned where
tubes are counted never passes for them.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
from stdnum.iso7064 import mod_37_36

from biobank import codes
from biobank.labels.fonts import drawable, font_for, width
from biobank.labels.pdf import Document, point
from biobank.labels.shapes import POINT, Font, Line, SymbolKind
from biobank.labels.symbols import bits
from biobank.texts import N_, in_language

LINE = "L"
"""What the code of a line begins with; no code of ours does."""

_DIGITS = 4
_WIDE, _HIGH, _MARGIN = 210.0, 297.0, 14.0
_FIRST, _ROW, _ROWS = 50.0, 9.3, 25
_COLUMNS = (14.0, 109.0)
"""Where the two columns of lines begin (mm)."""
_ACROSS = 87.0
_SLOT_AT, _SYMBOL_AT, _ASIDE, _TUBE_AT, _WRITE_AT = 6.5, 19.5, 10.0, 39.0, 63.0
"""Where the parts of a line begin; every second symbol stands aside, so that none is taken for the next."""
_SIDE, _BOX_SIDE = 7.0, 16.0
_TICK = 4.2
_CELL, _GAP = 4.5, 1.2
"""Side of the cells that a code is written into by hand, and the white between their groups (mm)."""

TITLE = N_("To count on paper")
GUIDED = N_(
    "Tick what stands in its slot. Where it does not, write what stands there: its code, – for nothing,"
    " ? for a code that cannot be read."
)
BLIND = N_("Write the code of each tube at its slot; – for nothing, ? for a code that cannot be read.")
UNPLACED = N_("Tick each tube that lies in it. Write the codes of all others.")

# --- words ---


class PaperLine(msgspec.Struct, frozen=True):
    """One line: its number in the box, the slot's name, and the tube that should be there with its material.

    Blind, and where a slot should be empty, no tube is told; nor is one out of the reader's scope, which
    is `strange`.
    """

    number: int
    slot: str
    tube: str = ""
    material: str = ""
    strange: bool = False


class PaperBox(msgspec.Struct, frozen=True):
    """A box on the sheet; `position` is its own in the audit, `again` that this is its second count."""

    position: int
    code: str
    name: str
    path: str
    again: bool
    lines: Sequence[PaperLine]


class Paper(msgspec.Struct, frozen=True):
    """What a sheet says besides its boxes; times are told in `time_zone`."""

    audit: str
    started_at: datetime
    time_zone: str
    blind: bool


# --- rules ---


def line_code(position: int, number: int) -> str:
    """The code of a line: box and line in our digits, and the same check character that our codes have."""
    return _checked(f"{LINE}{_digits(position)}{_digits(number)}")


def line_named(text: str) -> tuple[int, int] | None:
    """Position of the box and number of the line in what was scanned; None where it is no code of a line."""
    code = codes.fold(text).replace(" ", "").replace("-", "")
    if len(code) != codes.LENGTH or code[0] != LINE or _checked(code[:-1]) != code:
        return None
    digits = [codes.ALPHABET.find(digit) for digit in code[1:-1]]
    if -1 in digits:
        return None
    return _number(digits[:_DIGITS]), _number(digits[_DIGITS:])


def sheet(paper: Paper, boxes: Iterable[PaperBox], language: str) -> bytes:
    """A PDF on A4 in that language: each box on pages of its own, a code in its head and on each line."""
    drawn = _Sheet(paper, language)
    parts = [drawn.document.start()]
    for box in boxes:
        parts += drawn.box(box)
    return b"".join((*parts, *drawn.document.end()))


# --- how ---


def _checked(text: str) -> str:
    return f"{text}{mod_37_36.calc_check_digit(text)}"


def _digits(number: int) -> str:
    """A number of four digits to the base 32."""
    return "".join(codes.ALPHABET[number >> shift & 31] for shift in range(5 * _DIGITS - 5, -1, -5))


def _number(digits: Sequence[int]) -> int:
    found = 0
    for digit in digits:
        found = found << 5 | digit
    return found


class _Sheet:
    """The pages of one sheet in one language."""

    def __init__(self, paper: Paper, language: str) -> None:
        self.paper, self.language = paper, language
        self.document = Document(f"{self.said(TITLE)}: {paper.audit}", _WIDE, _HIGH)

    def said(self, message: str, **facts: object) -> str:
        return in_language(self.language, message, facts)

    def box(self, box: PaperBox) -> Iterator[bytes]:
        """Its pages; where things lie in it without slots, there is room for a page of others."""
        lines = list(box.lines)
        if not any(line.slot for line in lines):
            lines += [PaperLine(0, "")] * (2 * _ROWS - len(lines) % (2 * _ROWS))
        starts = range(0, len(lines), 2 * _ROWS)
        for number, start in enumerate(starts, 1):
            parts = [*self._head(box, f"{number} / {len(starts)}")]
            for place, line in enumerate(lines[start : start + 2 * _ROWS]):
                column, row = divmod(place, _ROWS)
                parts += self._line(box, line, _COLUMNS[column], _FIRST + row * _ROW, aside=row % 2 == 1)
            yield self.document.page("\n".join(parts))

    def _head(self, box: PaperBox, page: str) -> Iterator[str]:
        right = _WIDE - _MARGIN - _BOX_SIDE
        yield _symbol(box.code, right, 12, _BOX_SIDE)
        yield self._text(codes.grouped(box.code), right - 30, 17, 9, 28, bold=True)
        yield self._text(page, right - 30, 27, 9, 28)
        title = f"{self.said(TITLE)} · {self.paper.audit}"
        yield self._text(title, _MARGIN, 15, 9, 130)
        yield self._text(box.name, _MARGIN, 22.5, 17, 130, bold=True)
        yield self._text(box.path, _MARGIN, 27.5, 8.5, 130)
        yield self._text(self._about(box), _MARGIN, 32, 8.5, 160)
        for at, words, room in (
            (_MARGIN, N_("Counted by"), 62),
            (100.0, N_("Day"), 34),
            (150.0, N_("Time"), 34),
        ):
            text = self.said(words)
            yield self._text(text, at, 39.5, 8.5, room)
            yield _rule(at + _across(text, 8.5) + 2, at + room, 40.2)
        kind = BLIND if self.paper.blind else GUIDED if box.lines and box.lines[0].slot else UNPLACED
        yield self._text(self.said(kind), _MARGIN, 46, 8.5, _WIDE - 2 * _MARGIN)

    def _about(self, box: PaperBox) -> str:
        moment = self.paper.started_at.astimezone(ZoneInfo(self.paper.time_zone))
        parts = [self.said(N_("as of %(time)s"), time=moment.isoformat(" ", "minutes"))]
        if self.paper.blind:
            parts.append(self.said(N_("blind: it does not tell what should be there")))
        if box.again:
            parts.append(self.said(N_("second count, by another person")))
        return " · ".join(parts)

    def _line(self, box: PaperBox, line: PaperLine, x: float, y: float, *, aside: bool) -> Iterator[str]:
        yield f"0.7 G {_rule(x, x + _ACROSS, y + _ROW)} 0 G"
        if line.number:
            code = line_code(box.position, line.number)
            yield _symbol(code, x + _SYMBOL_AT + aside * _ASIDE, y + (_ROW - _SIDE) / 2, _SIDE)
        if line.slot:
            yield self._text(line.slot, x + _SLOT_AT, y + 6, 10, 12, bold=True)
        if self.paper.blind or not line.number:
            yield _cells(x + _TUBE_AT, y + (_ROW - _CELL) / 2)
            return
        yield _square(x, y + (_ROW - _TICK) / 2, _TICK)
        if line.tube:
            yield self._text(codes.grouped(line.tube), x + _TUBE_AT, y + 4.4, 8, 23, bold=True)
            yield self._text(line.material, x + _TUBE_AT, y + 7.8, 6.5, 23)
        else:
            said = self.said(N_("of another study") if line.strange else N_("free"))
            yield self._text(said, x + _TUBE_AT, y + 6, 8, 23)
        if line.slot:
            yield _rule(x + _WRITE_AT, x + _ACROSS, y + 7.4)

    def _text(
        self, text: str, x: float, baseline: float, size: float, room: float, *, bold: bool = False
    ) -> str:
        """A text in smaller type where it would leave its room, never cut."""
        shown, fitted, font = _fitted(text, size, room, bold)
        return self.document.text(Line(shown, x, baseline, fitted, font))


@lru_cache(1024)
def _fitted(text: str, size: float, room: float, bold: bool) -> tuple[str, float, Font]:  # noqa: FBT001 - a key
    font = font_for(text, bold=bold)
    shown = drawable(text, font)
    return shown, round(min(size, room / POINT / max(width(shown, font), 0.1)), 3), font


def _across(text: str, size: float) -> float:
    font = font_for(text)
    return width(drawable(text, font), font) * size * POINT


def _rule(x: float, end: float, y: float) -> str:
    return f"0.4 w {point(x, y)} m {point(end, y)} l S"


def _square(x: float, y: float, side: float) -> str:
    return f"0.8 w {point(x, y + side)} {side / POINT:.4f} {side / POINT:.4f} re S"


def _cells(x: float, y: float) -> str:
    """A cell for each character of a code, in groups as codes are printed."""
    gaps = ((place >= 4) + (place >= 8) for place in range(codes.LENGTH))
    return " ".join(_square(x + place * _CELL + gap * _GAP, y, _CELL) for place, gap in enumerate(gaps))


def _symbol(code: str, x: float, y: float, side: float) -> str:
    """A QR code as a mask of bits; its quiet zone is the white around it."""
    drawn = bits(SymbolKind.QR, code)
    return (
        f"q {side / POINT:.4f} 0 0 {side / POINT:.4f} {point(x, y + side)} cm "
        f"BI /W {drawn.width} /H {drawn.height} /IM true /D [1 0] /F /AHx ID {drawn.rows.hex()}> EI Q"
    )
