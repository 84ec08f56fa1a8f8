"""Drawing: label faces into a PDF, ready for the printer.

The same faces always give the same bytes. A symbol is a 1-bit image mask of one pixel a module, so it has
hard edges at any resolution, and every label begins on a whole dot of the printer, so its modules do too.
Page content is written as PDF operators (ISO 32000-1, 8 and 9): a call for each string would cost more
than everything else together.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from biobank.errors import RuleBroken
from biobank.labels import symbols
from biobank.labels.fitting import MOST_KNOWN, Arranging, Wording
from biobank.labels.layouts import Layout, layout_for
from biobank.labels.pdf import Document, point
from biobank.labels.shapes import INCH, POINT, Face, Of, Symbol, SymbolKind
from biobank.labels.stock import Stock
from biobank.labels.wording import coded
from biobank.texts import N_

__all__ = ["one", "parts", "sheet", "single"]

DPI = 300
FARTHEST_OFFSET = 10.0
"""Millimetres a printer can be out; more is a mistake in typing."""


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

    A face that the layout is not for, or every face without a layout, has the shipped one of its object.
    `skip` labels of the first page are left empty, as already used. The offsets, in mm to the right and
    down, make up for a printer that is out.
    Refused: no faces, what fitting refuses, a skip or an offset out of range.
    """
    return b"".join(parts(faces, stock, layout, dpi=dpi, skip=skip, offset_x=offset_x, offset_y=offset_y))


def parts(
    faces: Iterable[Face],
    stock: Stock,
    layout: Layout | None = None,
    *,
    dpi: int = DPI,
    skip: int = 0,
    offset_x: float = 0,
    offset_y: float = 0,
) -> Iterator[bytes]:
    """The bytes of `sheet`, page by page, for faces that are not all in memory either."""
    _require_range("skip", skip, 0, stock.per_page - 1)
    _require_range("offset_x", offset_x, -FARTHEST_OFFSET, FARTHEST_OFFSET)
    _require_range("offset_y", offset_y, -FARTHEST_OFFSET, FARTHEST_OFFSET)
    document = Document(f"{stock.name} labels", stock.page_width, stock.page_height)
    corners = [_corner(stock, index, dpi, offset_x, offset_y) for index in range(stock.per_page)]
    labels = _Labels(document, stock, layout, dpi).drawn(faces)
    placed = _page(corners[skip:], labels)
    if not placed:
        message = N_("There is nothing to print: choose at least one label.")
        raise RuleBroken("labels_none", message, field="codes")
    yield document.start()
    while placed:
        yield document.page(placed)
        placed = _page(corners, labels)
    yield from document.end()


def _page(corners: Sequence[str], labels: Iterator[str]) -> str:
    """The next labels at these corners; empty when there are no more."""
    placed = zip(corners, labels, strict=False)
    return "\n".join(f"q 1 0 0 1 {corner} cm {label} Q" for corner, label in placed)


def one(face: Face, stock: Stock, layout: Layout | None = None, *, dpi: int = DPI) -> bytes:
    """A PDF of one label, as large as the label: for a proof or a preview."""
    return sheet([face], single(stock), layout, dpi=dpi)


def single(stock: Stock) -> Stock:
    """A label of a sheet as if it came on a roll."""
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


def _corner(stock: Stock, index: int, dpi: int, offset_x: float, offset_y: float) -> str:
    """A label's top-left corner on the nearest printer dot, from the page's."""
    x, y = stock.corner(index)
    dot = INCH / dpi
    return point(round((x + offset_x) / dot) * dot, round((y + offset_y) / dot) * dot)


class _Labels:
    """The operators of each label, about its top-left corner."""

    def __init__(self, document: Document, stock: Stock, layout: Layout | None, dpi: int) -> None:
        self.document = document
        self.stock = stock
        self.layout = layout
        self.dpi = dpi
        self.arranging: dict[Of, Arranging] = {}
        self.masks: dict[Of, list[tuple[SymbolKind, str]]] = {}
        self.known: dict[int, tuple[Wording, str]] = {}

    def drawn(self, faces: Iterable[Face]) -> Iterator[str]:
        text = self.document.text
        for face in faces:
            of = face.of
            if of not in self.arranging:
                self._begin(of)
            wording = self.arranging[of].wording(face)
            code = face.code
            made = [self._mask(kind, mask, code) for kind, mask in self.masks[of]]
            made.append(self._texts(wording))
            made += [text(line) for room in wording.rooms for line in coded(code, room)]
            yield " ".join(made)

    def _begin(self, of: Of) -> None:
        layout = self.layout if self.layout and of in self.layout.of else layout_for(of, self.stock)
        arranging = Arranging(layout, self.stock, self.dpi)
        self.arranging[of] = arranging
        self.masks[of] = [(each.kind, _place(each)) for each in arranging.symbols]

    def _mask(self, kind: SymbolKind, place: str, code: str) -> str:
        matrix = symbols.bits(kind, code)
        return place % (matrix.width, matrix.width, matrix.height, matrix.rows.hex())

    def _texts(self, wording: Wording) -> str:
        """The operators of texts that labels share; kept as long as fitting keeps them."""
        known = self.known.get(id(wording))
        if known is None or known[0] is not wording:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            known = self.known[id(wording)] = wording, " ".join(map(self.document.text, wording.lines))
        return known[1]


def _place(symbol: Symbol) -> str:
    """A mask's operators, but for its size in modules and its bits."""
    box, linear = symbol.box, symbol.kind is SymbolKind.CODE_128
    across = f"{symbol.module / POINT:.5f}"
    down = f"{(box.height if linear else symbol.module * symbols.size(symbol.kind)[1]) / POINT:.4f}"
    return (
        f"q {across} 0 0 {down} {point(box.x, box.bottom)} cm %d 0 0 1 0 0 cm "
        "BI /W %d /H %d /IM true /D [1 0] /F /AHx ID %s> EI Q"
    )
