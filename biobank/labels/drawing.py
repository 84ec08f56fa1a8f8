"""Drawing: label faces into a PDF, ready for the printer.

The same faces always give the same bytes. A symbol is a 1-bit image mask of one pixel a module,
so it has hard edges at any resolution, and every label begins on a whole dot of a 300 dpi
printer, so its modules do too. Page content is written as PDF operators (ISO 32000-1, 8 and 9):
a call for each string would cost more than everything else together.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from io import BytesIO

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from biobank.errors import RuleBroken
from biobank.labels import layout
from biobank.labels.layout import POINT, Font, LabelFace, Line, Wording
from biobank.labels.stock import DOT, MODULES, Stock
from biobank.labels.symbols import qr

FARTHEST_OFFSET = 10.0
"""Millimetres a printer can be out; more is a mistake in typing."""

FontNames = Mapping[Font, str]

_ESCAPES = {code: f"\\{code:03o}" for code in (*b"()\\", *range(128, 256))}
"""What a PDF string spells as an octal escape; WinAnsi above ASCII among it."""


def sheet(
    faces: Sequence[LabelFace], stock: Stock, *, skip: int = 0, offset_x: float = 0, offset_y: float = 0
) -> bytes:
    """A PDF of the faces in order, row by row, on as many pages as they need.

    `skip` labels of the first page are left empty, as already used. The offsets, in mm to the
    right and down, make up for a printer that is out.
    Refused: no faces, a code the symbol cannot hold, a skip or an offset out of range.
    """
    _require_codes(faces)
    _require_range("skip", skip, 0, stock.per_page - 1)
    _require_range("offset_x", offset_x, -FARTHEST_OFFSET, FARTHEST_OFFSET)
    _require_range("offset_y", offset_y, -FARTHEST_OFFSET, FARTHEST_OFFSET)
    file = BytesIO()
    canvas = _canvas(file, stock)
    fonts = _font_names(canvas)
    corners = [_corner(stock, index, offset_x, offset_y) for index in range(stock.per_page)]
    labels = _labels(faces, stock, fonts)
    for page in _pages(len(faces), skip, stock.per_page):
        placed = (f"q 1 0 0 1 {corners[index]} cm {next(labels)} Q" for index in page)
        canvas.addLiteral("\n".join(placed))
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def width(text: str, font: Font) -> float:
    """The width of a text in em, as the PDF's own font measures it."""
    return sum(map(_widths(font).__getitem__, text)) / 1000


@cache
def _widths(font: Font) -> Mapping[str, int]:
    """Width of every sign the font draws, in thousandths of an em."""
    signs = (bytes([code]).decode("cp1252", "replace") for code in range(256))
    return dict(zip(signs, pdfmetrics.getFont(font.value).widths, strict=True))


def _require_codes(faces: Sequence[LabelFace]) -> None:
    if not faces:
        raise RuleBroken(
            "labels_none", "There is nothing to print: choose at least one label.", field="codes"
        )
    for face in faces:
        if not qr.fits(face.code):
            raise RuleBroken(
                "label_code_unfit",
                "“%(code)s” cannot be printed: a label's code has %(length)s digits and capital letters.",
                field="codes",
                code=face.code[:40],
                length=qr.LENGTH,
            )


def _require_range(field: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise RuleBroken(
            "label_setting_out_of_range",
            "%(value)s is out of range here: it has to be from %(least)s to %(most)s.",
            field=field,
            value=f"{value:g}",
            least=f"{least:g}",
            most=f"{most:g}",
        )


def _canvas(file: BytesIO, stock: Stock) -> Canvas:
    """An empty document that asks viewers to print at true size, on one side.

    Uncompressed, 0.5 kB a label: compressing as reportlab does takes as long as all the rest.
    """
    canvas = Canvas(
        file, pagesize=(stock.page_width / POINT, stock.page_height / POINT), invariant=1, pageCompression=0
    )
    canvas.setTitle(f"{stock.name} labels")
    canvas.setViewerPreference("PrintScaling", "None")
    canvas.setViewerPreference("Duplex", "Simplex")
    return canvas


def _font_names(canvas: Canvas) -> FontNames:
    """What the document calls its fonts; asking brings them into it."""
    names = {}
    for font in Font:
        text = canvas.beginText()
        text.setFont(font.value, 1)
        names[font] = next(part for part in text.getCode().split() if part.startswith("/"))
    return names


def _pages(count: int, skip: int, per_page: int) -> Iterator[range]:
    """The places used on each page: `skip` are passed over on the first."""
    for first in range(0, skip + count, per_page):
        yield range(max(skip - first, 0), min(skip + count - first, per_page))


def _corner(stock: Stock, index: int, offset_x: float, offset_y: float) -> str:
    """A label's top-left corner on the nearest printer dot, as PDF coordinates."""
    x, y = stock.corner(index)
    dots_x, dots_y = round((x + offset_x) / DOT), round((y + offset_y) / DOT)
    return _point(dots_x * DOT, dots_y * DOT - stock.page_height)


def _labels(faces: Sequence[LabelFace], stock: Stock, fonts: FontNames) -> Iterator[str]:
    """The operators of each label, about its top-left corner."""
    box = layout.symbol(stock)
    side = f"{box.width / POINT:.4f}"
    place = f"q {side} 0 0 {side} {_point(box.x, box.bottom)} cm"
    mask = f"{place} BI /W {MODULES} /H {MODULES} /IM true /D [1 0] /F /AHx ID"
    known: dict[tuple[str, ...], tuple[str, Wording]] = {}
    for face in faces:
        words = face.words
        if words not in known:
            placed = layout.wording(words, stock, width)
            known[words] = " ".join(_text(line, fonts) for line in placed.lines), placed
        text, placed = known[words]
        code = _text(layout.code_line(face.code, placed.code, width), fonts)
        yield f"{mask} {qr.image(face.code).hex()}> EI Q {text} {code}"


def _text(line: Line, fonts: FontNames) -> str:
    shown = line.text.encode("cp1252").decode("latin-1").translate(_ESCAPES)
    return f"BT {fonts[line.font]} {line.size:g} Tf {_point(line.x, line.baseline)} Td ({shown}) Tj ET"


def _point(x: float, y: float) -> str:
    """Millimetres to the right and down, as PDF points to the right and up."""
    return f"{x / POINT:.4f} {-y / POINT:.4f}"
