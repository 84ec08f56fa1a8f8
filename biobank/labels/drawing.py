"""Drawing: label faces into a PDF, ready for the printer.

The same faces always give the same bytes. A symbol is a 1-bit image mask of one pixel a module, so it has
hard edges at any resolution, and every label begins on a whole dot of the printer, so its modules do too.
Page content is written as PDF operators (ISO 32000-1, 8 and 9): a call for each string would cost more
than everything else together.
"""

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from biobank.errors import RuleBroken
from biobank.labels import symbols
from biobank.labels.fitting import Arranging, Wording
from biobank.labels.fonts import font_name, width
from biobank.labels.layouts import Layout, layout_for
from biobank.labels.shapes import INCH, POINT, Face, Font, Line, Of, Symbol, SymbolKind
from biobank.labels.stock import Stock
from biobank.labels.wording import coded
from biobank.texts import N_

__all__ = ["one", "sheet", "width"]

DPI = 300
FARTHEST_OFFSET = 10.0
"""Millimetres a printer can be out; more is a mistake in typing."""

_ESCAPES = {code: f"\\{code:03o}" for code in (*b"()\\", *range(128, 256))}
"""What a PDF string spells as an octal escape; WinAnsi above ASCII among it."""

_TURNED: Mapping[int, str] = {0: "1 0 0 1", 90: "0 -1 1 0", 180: "-1 0 0 -1", 270: "0 1 -1 0"}
"""The first four numbers of a text matrix (PDF's y runs up)."""


def sheet(
    faces: Sequence[Face],
    stock: Stock,
    layout: Layout | None = None,
    *,
    dpi: int = DPI,
    skip: int = 0,
    offset_x: float = 0,
    offset_y: float = 0,
) -> bytes:
    """A PDF of the faces in order, row by row, on as many pages as they need.

    Without a layout each face has the one that suits what it is stuck to. `skip` labels of the first page
    are left empty, as already used. The offsets, in mm to the right and down, make up for a printer that
    is out. Refused: no faces, what fitting refuses, a skip or an offset out of range.
    """
    if not faces:
        message = N_("There is nothing to print: choose at least one label.")
        raise RuleBroken("labels_none", message, field="codes")
    _require_range("skip", skip, 0, stock.per_page - 1)
    _require_range("offset_x", offset_x, -FARTHEST_OFFSET, FARTHEST_OFFSET)
    _require_range("offset_y", offset_y, -FARTHEST_OFFSET, FARTHEST_OFFSET)
    file = BytesIO()
    canvas = _canvas(file, stock)
    corners = [_corner(stock, index, dpi, offset_x, offset_y) for index in range(stock.per_page)]
    labels = _Labels(canvas, stock, layout, dpi).drawn(faces)
    for page in _pages(len(faces), skip, stock.per_page):
        placed = (f"q 1 0 0 1 {corners[index]} cm {next(labels)} Q" for index in page)
        canvas.addLiteral("\n".join(placed))
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def one(face: Face, stock: Stock, layout: Layout | None = None, *, dpi: int = DPI) -> bytes:
    """A PDF of one label, as large as the label: for a proof or a preview."""
    return sheet([face], single(stock), layout, dpi=dpi)


def single(stock: Stock) -> Stock:
    """A label of a sheet as if it came on a roll."""
    from msgspec.structs import replace

    alone = {"columns": 1, "rows": 1, "left": 0.0, "top": 0.0, "pitch_x": 0.0, "pitch_y": 0.0}
    return replace(stock, page_width=stock.reach, page_height=stock.height, **alone)


def _require_range(field: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise RuleBroken(
            "label_setting_out_of_range",
            N_("%(value)s is out of range here: it has to be from %(least)s to %(most)s."),
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


def _pages(count: int, skip: int, per_page: int) -> Iterator[range]:
    """The places used on each page: `skip` are passed over on the first."""
    for first in range(0, skip + count, per_page):
        yield range(max(skip - first, 0), min(skip + count - first, per_page))


def _corner(stock: Stock, index: int, dpi: int, offset_x: float, offset_y: float) -> str:
    """A label's top-left corner on the nearest printer dot, as PDF coordinates."""
    x, y = stock.corner(index)
    dot = INCH / dpi
    return _point(round((x + offset_x) / dot) * dot, round((y + offset_y) / dot) * dot - stock.page_height)


class _Labels:
    """The operators of each label, about its top-left corner."""

    def __init__(self, canvas: Canvas, stock: Stock, layout: Layout | None, dpi: int) -> None:
        self.canvas = canvas
        self.stock = stock
        self.layout = layout
        self.dpi = dpi
        self.names = {font: self._name(font) for font in (Font.REGULAR, Font.BOLD)}
        self.arranging: dict[Of, Arranging] = {}
        self.masks: dict[Of, list[tuple[SymbolKind, str]]] = {}
        self.known: dict[int, tuple[Wording, str]] = {}

    def drawn(self, faces: Sequence[Face]) -> Iterator[str]:
        for face in faces:
            of = face.of
            if of not in self.arranging:
                self._begin(of)
            wording = self.arranging[of].wording(face)
            code = face.code
            parts = [self._mask(kind, mask, code) for kind, mask in self.masks[of]]
            parts.append(self._texts(wording))
            parts += [self._text(line) for room in wording.rooms for line in coded(code, room)]
            yield " ".join(parts)

    def _begin(self, of: Of) -> None:
        arranging = Arranging(self.layout or layout_for(of, self.stock), self.stock, self.dpi)
        self.arranging[of] = arranging
        self.masks[of] = [(each.kind, _place(each)) for each in arranging.symbols]

    def _mask(self, kind: SymbolKind, place: str, code: str) -> str:
        matrix = symbols.bits(kind, code)
        return place % (matrix.width, matrix.width, matrix.height, matrix.rows.hex())

    def _texts(self, wording: Wording) -> str:
        """The operators of texts that labels share; kept as long as fitting keeps them."""
        known = self.known.get(id(wording))
        if known is None or known[0] is not wording:
            if len(self.known) > 4096:
                self.known.clear()
            known = self.known[id(wording)] = wording, " ".join(map(self._text, wording.lines))
        return known[1]

    def _text(self, line: Line) -> str:
        if line.font is Font.CHINESE:
            return self._embedded(line)
        shown = line.text.encode("cp1252").decode("latin-1").translate(_ESCAPES)
        place = f"{_point(line.x, line.baseline)} Td"
        if line.rotation:
            place = f"{_TURNED[line.rotation]} {_point(line.x, line.baseline)} Tm"
        return f"BT {self.names[line.font]} {line.size:g} Tf {place} ({shown}) Tj ET"

    def _embedded(self, line: Line) -> str:
        """A text in the embedded font: reportlab knows which glyphs of it the document needs."""
        text = self.canvas.beginText()
        a, b, c, d = (float(part) for part in _TURNED[line.rotation].split())
        text.setTextTransform(a, b, c, d, line.x / POINT, -line.baseline / POINT)
        text.setFont(font_name(line.font), line.size)
        text.textOut(line.text)
        return str(text.getCode())

    def _name(self, font: Font) -> str:
        """What the document calls a font; asking brings it into it."""
        text = self.canvas.beginText()
        text.setFont(font_name(font), 1)
        return next(part for part in str(text.getCode()).split() if part.startswith("/"))


def _place(symbol: Symbol) -> str:
    """A mask's operators, but for its size in modules and its bits."""
    box, linear = symbol.box, symbol.kind is SymbolKind.CODE_128
    across = f"{symbol.module / POINT:.5f}"
    down = f"{(box.height if linear else symbol.module * symbols.size(symbol.kind)[1]) / POINT:.4f}"
    return (
        f"q {across} 0 0 {down} {_point(box.x, box.bottom)} cm %d 0 0 1 0 0 cm "
        "BI /W %d /H %d /IM true /D [1 0] /F /AHx ID %s> EI Q"
    )


def _point(x: float, y: float) -> str:
    """Millimetres to the right and down, as PDF points to the right and up."""
    return f"{x / POINT:.4f} {-y / POINT:.4f}"
