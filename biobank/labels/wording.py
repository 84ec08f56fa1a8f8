"""Wording: texts set into the rows of a zone, at the size that fits, shrunk and wrapped but never cut.

Lengths are mm, type is points, widths of text are em. Nothing here knows of symbols or of stock.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from math import floor

from msgspec import Struct

from biobank.labels.declared import CODE, Align, Piece, Row
from biobank.labels.fonts import drawable, font_for, width
from biobank.labels.shapes import POINT, Box, Font, Line

LONGEST = 400
"""No label holds more characters; longer texts are refused before they are measured."""

CODE_PARTS: Mapping[int, tuple[slice, ...]] = {
    1: (slice(None),),
    2: (slice(0, 4), slice(5, None)),
    3: (slice(0, 4), slice(5, 9), slice(10, None)),
}
"""Where a code in groups is parted to stand in one, two or three lines."""

_WIDE_CODE = "HHHH HHHH HH"
"""Sizes are chosen for a code this wide; the few that are wider are set a little smaller."""

_LEADING = 1.15
_CODE_LEADING = 0.92
"""A code has capitals and digits only, so its line needs no room for descenders."""
_CODE_WEIGHT = 1.3
_CAPITALS = 0.718
"""Height of capitals in Helvetica (em)."""
_BETWEEN = 0.5
"""White between two texts of a row (em)."""
_STEP = 0.25
"""Sizes of type are whole quarters of a point."""
_BREAK_AFTER = frozenset(" -/+_,;")


class Unfit(Exception):
    """A text does not fit its zone."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(field)
        self.field = field
        self.text = text


class Room(Struct, frozen=True):
    """The lines that a code stands in, and the largest type there, upright in their zone's frame."""

    boxes: tuple[Box, ...]
    size: float
    font: Font
    align: Align
    frame: "Frame"


class Frame(Struct, frozen=True):
    """A zone on its label, and how far it is turned (degrees clockwise)."""

    box: Box
    rotation: int = 0

    @property
    def width(self) -> float:
        return self.box.height if self.rotation % 180 else self.box.width

    @property
    def height(self) -> float:
        return self.box.width if self.rotation % 180 else self.box.height

    def placed(self, line: Line) -> Line:
        """A line set in the upright zone, on the label."""
        along, down = line.x, line.baseline
        x, y = {
            0: (self.box.x + along, self.box.y + down),
            90: (self.box.right - down, self.box.y + along),
            180: (self.box.right - along, self.box.bottom - down),
            270: (self.box.x + down, self.box.bottom - along),
        }[self.rotation]
        return Line(line.text, x, y, line.size, line.font, self.rotation)


class _Text(Struct, frozen=True):
    """A text to be set, and its natural width in em."""

    field: str
    text: str
    font: Font
    em: float


class _Block(Struct, frozen=True):
    """A row as it will be set: its lines, the largest and smallest size that its width allows."""

    lines: tuple[tuple[_Text, ...], ...]
    largest: float
    smallest: float

    @property
    def is_code(self) -> bool:
        return self.lines[0][0].field == CODE

    @property
    def leading(self) -> float:
        return _CODE_LEADING if self.is_code else _LEADING

    def size(self, share: float) -> float:
        """The size at a common size of the zone, larger for a code."""
        wanted = share * (_CODE_WEIGHT if self.is_code else 1)
        return quarter(max(self.smallest, min(self.largest, wanted)))

    def height(self, share: float) -> float:
        return len(self.lines) * self.leading * self.size(share) * POINT


def worded(
    rows: Sequence[Row], texts: Mapping[str, str], frame: Frame, align: Align, *, chinese: bool
) -> tuple[tuple[Line, ...], tuple[Room, ...]]:
    """The lines of a zone on its label, and the rooms of the codes in it.

    Raises `Unfit` with the field for which there is no size and no wrapping.
    """
    return _Setting(frame, align, chinese=chinese).zone(rows, texts)


def coded(code: str, room: Room) -> list[Line]:
    """A code in groups in its room, as large as that allows; it is never cut."""
    text = grouped(code)
    parts = [text[part].rstrip() for part in CODE_PARTS[len(room.boxes)]]
    widest = max(width(part, room.font) for part in parts)
    size = min(room.size, quarter(room.boxes[0].width / POINT / widest))
    return [
        room.frame.placed(_line(part, box, size, room.font, room.align))
        for part, box in zip(parts, room.boxes, strict=True)
    ]


def grouped(code: str) -> str:
    """`SM9S346Q35` as people read it: `SM9S 346Q 35`."""
    return f"{code[:4]} {code[4:8]} {code[8:]}"


def quarter(points: float) -> float:
    """A size of type, down to a whole quarter of a point."""
    return floor(points / _STEP + 1e-6) * _STEP


def _drawn(text: str, *, bold: bool, chinese: bool) -> tuple[str, Font]:
    """A text as it can be drawn, and the font for it."""
    font = font_for(text, bold=bold) if chinese else Font.BOLD if bold else Font.REGULAR
    return drawable(text, font), font


class _Setting:
    """One zone being set."""

    def __init__(self, frame: Frame, align: Align, *, chinese: bool) -> None:
        self.frame = frame
        self.align = align
        self.chinese = chinese

    def zone(
        self, rows: Sequence[Row], texts: Mapping[str, str]
    ) -> tuple[tuple[Line, ...], tuple[Room, ...]]:
        blocks = [block for row in rows for block in self._blocks(row, texts)]
        share = self._share(blocks)
        top = (self.frame.height - sum(block.height(share) for block in blocks)) / 2
        lines: list[Line] = []
        rooms: list[Room] = []
        for block in blocks:
            size = block.size(share)
            height = block.leading * size * POINT
            boxes = [
                Box(0, top + index * height, self.frame.width, height) for index in range(len(block.lines))
            ]
            if block.is_code:
                rooms.append(Room(tuple(boxes), size, block.lines[0][0].font, self.align, self.frame))
            else:
                for pieces, box in zip(block.lines, boxes, strict=True):
                    lines += [self.frame.placed(line) for line in self._row(pieces, box, size)]
            top += len(boxes) * height
        return tuple(lines), tuple(rooms)

    def _share(self, blocks: Sequence[_Block]) -> float:
        """The common size at which all blocks together are as high as the zone at most."""
        if not blocks:
            return 0.0

        def fits(share: float) -> bool:
            return sum(block.height(share) for block in blocks) <= self.frame.height + 1e-6

        least = min(block.smallest for block in blocks) / _CODE_WEIGHT
        most = max(block.largest for block in blocks)
        if fits(most):
            return most
        if not fits(least):
            longest = max(blocks, key=lambda block: (len(block.lines), block.lines[0][0].em))
            raise Unfit(longest.lines[0][0].field, " ".join(each[0].text for each in longest.lines))
        while most - least > _STEP / 4:
            middle = (least + most) / 2
            least, most = (middle, most) if fits(middle) else (least, middle)
        return least

    def _blocks(self, row: Row, texts: Mapping[str, str]) -> list[_Block]:
        """A row without its empty texts; two that are too wide for one row stand in two."""
        pieces = [piece for piece in (self._text(each, texts) for each in row.texts) if piece.text]
        if not pieces:
            return []
        if len(pieces) == 1:
            return [self._block(pieces[0], row)]
        em = sum(piece.em for piece in pieces) + _BETWEEN
        if em * row.smallest * POINT <= self.frame.width:
            return [_Block((tuple(pieces),), row.largest, row.smallest)]
        if row.lines == 1:
            longest = max(pieces, key=lambda piece: piece.em)
            raise Unfit(longest.field, longest.text)
        return [self._block(piece, row) for piece in pieces]

    def _text(self, piece: Piece, texts: Mapping[str, str]) -> _Text:
        if piece.field == CODE:
            text, font = _WIDE_CODE, Font.BOLD if piece.bold else Font.REGULAR
        else:
            written = texts.get(piece.field, "")
            if len(written) > LONGEST:
                raise Unfit(piece.field, written)
            text, font = _drawn(written, bold=piece.bold, chinese=self.chinese)
        return _Text(piece.field, text, font, width(text, font))

    def _block(self, piece: _Text, row: Row) -> _Block:
        """One text in the fewest lines that let it have its smallest size at least."""
        room = self.frame.width / POINT
        if piece.em * row.smallest <= room:
            return _Block(((piece,),), min(row.largest, room / piece.em), row.smallest)
        if piece.field == CODE:
            return self._code_block(piece, row)
        for count in range(2, row.lines + 1):
            if len(self._wrapped(piece, room / row.smallest)) <= count:
                return self._wrapped_block(piece, row, count)
        raise Unfit(piece.field, piece.text)

    def _code_block(self, piece: _Text, row: Row) -> _Block:
        room = self.frame.width / POINT
        for count in range(2, min(row.lines, len(CODE_PARTS)) + 1):
            parts = [piece.text[part] for part in CODE_PARTS[count]]
            widest = max(width(part, piece.font) for part in parts)
            if widest * row.smallest <= room:
                lines = tuple((_Text(CODE, part, piece.font, widest),) for part in parts)
                return _Block(lines, min(row.largest, room / widest), row.smallest)
        raise Unfit(CODE, piece.text)

    def _wrapped_block(self, piece: _Text, row: Row, count: int) -> _Block:
        """The largest size at which a text takes so many lines."""
        room = self.frame.width / POINT
        size = row.smallest
        while size + _STEP <= row.largest and len(self._wrapped(piece, room / (size + _STEP))) <= count:
            size += _STEP
        lines = tuple((line,) for line in self._wrapped(piece, room / size))
        return _Block(lines, size, row.smallest)

    def _wrapped(self, piece: _Text, room: float) -> list[_Text]:
        """A text in lines of a width (em); what cannot be broken anywhere makes one line too many."""
        lines = [""]
        for part in _parts(piece.text):
            if lines[-1] and width((lines[-1] + part).rstrip(), piece.font) > room:
                lines.append("")
            lines[-1] += part
        made = [
            _Text(piece.field, line.rstrip(), piece.font, width(line.rstrip(), piece.font)) for line in lines
        ]
        if any(line.em > room + 1e-6 for line in made):
            raise Unfit(piece.field, piece.text)
        return made

    def _row(self, pieces: tuple[_Text, ...], box: Box, size: float) -> list[Line]:
        """One text, or two at both ends of the box: where both cannot be at full size, the longer yields."""
        if len(pieces) == 1:
            return [self._line(pieces[0], box, size, self.align)]
        room = box.width / POINT - _BETWEEN * size
        shorter, longer = sorted(pieces, key=lambda piece: piece.em)
        sizes = {True: size, False: quarter((room - shorter.em * size) / longer.em)}
        if sizes[False] < min(size, quarter(room / (shorter.em + longer.em))):
            sizes = dict.fromkeys(sizes, quarter(room / (shorter.em + longer.em)))
        return [
            self._line(piece, box, min(size, sizes[piece is shorter]), align)
            for piece, align in zip(pieces, (Align.LEFT, Align.RIGHT), strict=True)
        ]

    def _line(self, piece: _Text, box: Box, size: float, align: Align) -> Line:
        return _line(piece.text, box, size, piece.font, align)


def _parts(text: str) -> list[str]:
    """The parts between which a text may be broken: after spaces and signs, and at Chinese characters."""
    parts = [""]
    for sign in text:
        chinese = unicodedata.east_asian_width(sign) in "WF"
        if parts[-1] and (chinese or parts[-1][-1] in _BREAK_AFTER or _is_wide(parts[-1][-1])):
            parts.append("")
        parts[-1] += sign
    return parts


def _is_wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in "WF"


def _line(text: str, box: Box, size: float, font: Font, align: Align) -> Line:
    """Capitals centred on the height of the box."""
    spare = box.width - width(text, font) * size * POINT if align is not Align.LEFT else 0.0
    x = box.x + spare * (0.5 if align is Align.CENTRE else 1)
    return Line(text, x, box.y + (box.height + _CAPITALS * size * POINT) / 2, size, font)
