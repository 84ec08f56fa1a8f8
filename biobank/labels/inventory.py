"""Inventory: the list that goes with a job's labels, in the order they are worked in, to be ticked off."""

from collections.abc import Iterator, Sequence

from qrcode import ERROR_CORRECT_M, QRCode

from biobank.labels.fonts import drawable, font_for, width
from biobank.labels.pdf import Document, point
from biobank.labels.shapes import POINT, Face, Line
from biobank.labels.wording import grouped
from biobank.texts import N_, gettext

_WIDE, _HIGH = 210.0, 297.0
_MARGIN = 15.0
_HEAD, _ROW, _LOW = 48.0, 7.0, 280.0
_SIDE = 22.0
"""Side of the job's symbol (mm)."""
_TICK = 3.6
_SIZE = 9.0
_CODE_AT, _TEXT_AT, _TICK_AT = 26.0, 60.0, 189.0
"""Where the columns begin (mm)."""
_BETWEEN = " \u00b7 "


def sheet(faces: Sequence[Face], *, job: str, about: Sequence[str] = ()) -> bytes:
    """A PDF on A4: the job's id as text and QR code, lines about it, and a row for each label.

    A row has the number in the job, the code, what the label says and a box to tick. Texts are shrunk to
    the row, never cut.
    """
    document = Document(f"{gettext(N_('Labels of one job'))} {job}", _WIDE, _HIGH)
    per_page = int((_LOW - _HEAD) / _ROW)
    starts = range(0, max(len(faces), 1), per_page)
    parts = [document.start()]
    for number, start in enumerate(starts, 1):
        rows = faces[start : start + per_page]
        drawn = [
            *_head(document, job, about, f"{number}/{len(starts)}"),
            *(part for index, face in enumerate(rows) for part in _row(document, start + index, index, face)),
        ]
        parts.append(document.page("\n".join(drawn)))
    return b"".join((*parts, *document.end()))


def _head(document: Document, job: str, about: Sequence[str], number: str) -> Iterator[str]:
    yield _symbol(job, _WIDE - _MARGIN - _SIDE, _MARGIN)
    yield _text(document, gettext(N_("Labels of one job")), _MARGIN, 20, 14, bold=True)
    yield _text(document, job, _MARGIN, 26, _SIZE)
    for index, line in enumerate(about[:3]):
        yield _text(document, line, _MARGIN, 31 + 4.5 * index, _SIZE)
    yield _text(document, number, _TICK_AT, _LOW + 8, _SIZE)


def _row(document: Document, serial: int, index: int, face: Face) -> Iterator[str]:
    low = _HEAD + (index + 1) * _ROW
    yield f"0.2 w {point(_MARGIN, low)} m {point(_WIDE - _MARGIN, low)} l S"
    side = _TICK / POINT
    yield f"0.6 w {point(_TICK_AT, low - 1.6)} {side:.4f} {side:.4f} re S"
    yield _text(document, str(serial + 1), _MARGIN, low - 2, _SIZE)
    yield _text(document, grouped(face.code), _CODE_AT, low - 2, _SIZE, bold=True)
    yield _text(
        document, _BETWEEN.join(text for text in face.fields.values() if text), _TEXT_AT, low - 2, _SIZE
    )


def _text(
    document: Document, text: str, x: float, baseline: float, size: float, *, bold: bool = False
) -> str:
    """A text that ends before the boxes, in smaller type where it would not."""
    font = font_for(text, bold=bold)
    shown = drawable(text, font)
    room = (_WIDE - _MARGIN - _SIDE if baseline < _HEAD else _TICK_AT) - 2 - x
    wide = max(width(shown, font), 0.1)
    fitted = size if x >= _TICK_AT else min(size, room / POINT / wide)
    return document.text(Line(shown, x, baseline, round(fitted, 3), font))


def _symbol(text: str, x: float, y: float) -> str:
    """A QR code of any text, its modules as squares; the white around it is the margin's."""
    symbol = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    symbol.add_data(text.upper())
    symbol.make()
    rows = symbol.get_matrix()
    module = _SIDE / len(rows)
    side = f"{module / POINT:.4f} {-module / POINT:.4f} re"
    squares = (
        f"{point(x + across * module, y + down * module)} {side}"
        for down, row in enumerate(rows)
        for across, black in enumerate(row)
        if black
    )
    return " ".join((*squares, "f"))
