"""Dots: a label as a printer burns it, black or white, with nothing left for the printer to decide.

The symbols are drawn from their modules, which are whole dots, and the text is what the PDF's reader draws
at the printer's resolution. All printer languages send these dots; `Dots.image` is what is read back from
them before anything is sent.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec import Struct
from PIL import Image, ImageChops

from biobank.errors import RuleBroken
from biobank.labels import proofing, symbols
from biobank.labels.pdf import Document
from biobank.labels.shapes import INCH, Arranged, Symbol
from biobank.labels.stock import Stock
from biobank.texts import N_

_MICROMETRES = 1000
_WHITE = 255
_SLACK = 0.01
"""Dots that a page is smaller, so that a reader that rounds up gives it exactly its dots."""


class Dots(Struct, frozen=True):
    """Rows of dots from the top; the leftmost dot is the top bit of a row's first byte, and 1 is ink."""

    code: str
    dpi: int
    width: int
    height: int
    rows: bytes

    @property
    def stride(self) -> int:
        """Bytes in a row."""
        return (self.width + 7) // 8

    def __iter__(self) -> Iterator[bytes]:
        return (self.rows[at : at + self.stride] for at in range(0, len(self.rows), self.stride))

    @property
    def image(self) -> Image.Image:
        """Black on white, a pixel a dot."""
        return ImageChops.invert(Image.frombytes("1", (self.width, self.height), self.rows)).convert("L")

    def moved(self, right_um: int, down_um: int) -> "Dots":
        """The same label with its ink so many micrometres further right and down, to the nearest dot.

        Refused: ink that would leave the label.
        """
        right, down = (round(each * self.dpi / INCH / _MICROMETRES) for each in (right_um, down_um))
        if not (right or down):
            return self
        image = self.image
        left, top, end, bottom = ImageChops.invert(image).getbbox() or (0, 0, 0, 0)
        if min(left + right, top + down) < 0 or end + right > self.width or bottom + down > self.height:
            raise RuleBroken(
                "label_offset_unfit",
                N_(
                    "The printer's offset of %(x)s mm to the right and %(y)s mm down pushes %(code)s off its "
                    "label: set the offset to 0 and adjust the position at the printer itself."
                ),
                field="offset",
                x=f"{right_um / _MICROMETRES:g}",
                y=f"{down_um / _MICROMETRES:g}",
                code=self.code,
            )
        paper = Image.new("L", image.size, _WHITE)
        paper.paste(image, (right, down))
        return of_image(paper, code=self.code, dpi=self.dpi)


def of_image(image: Image.Image, *, code: str, dpi: int) -> Dots:
    """The dots of a picture in black (0) and white (255), a dot a pixel."""
    ink = ImageChops.invert(image).convert("1", dither=Image.Dither.NONE)
    return Dots(code, dpi, *image.size, ink.tobytes())


@lru_cache(maxsize=4)  # whoever writes a label also reads it back
def dots(label: Arranged) -> Dots:
    """A label in the dots of the resolution it was arranged for."""
    size = round(label.width / label.dot), round(label.height / label.dot)
    paper = _text(label, size) if label.lines else Image.new("L", size, _WHITE)
    for symbol in label.symbols:
        left, top, width, height = (
            round(length / label.dot)
            for length in (symbol.box.x, symbol.box.y, symbol.box.width, symbol.box.height)
        )
        paper.paste(_modules(symbol).resize((width, height), Image.Resampling.NEAREST), (left, top))
    return of_image(paper, code=label.code, dpi=label.dpi)


def pictures(
    labels: Iterable[Arranged], stock: Stock, offset_x_um: int = 0, offset_y_um: int = 0
) -> Iterator[Dots]:
    """The labels of a job in dots, moved by the printer's offset, each made when it is asked for.

    Refused: a stock of sheets, which no label printer feeds; what `Dots.moved` refuses.
    """
    require_roll(stock)
    return (dots(label).moved(offset_x_um, offset_y_um) for label in labels)


def require_roll(stock: Stock) -> None:
    """Refused: a stock of sheets, which no label printer feeds."""
    if stock.per_page > 1:
        raise RuleBroken(
            "label_stock_is_sheets",
            N_("%(stock)s is sheets of labels: a label printer takes rolls. Print it as a PDF."),
            field="stock",
            stock=stock.name,
        )


def _text(label: Arranged, size: tuple[int, int]) -> Image.Image:
    """The lines of a label in black and white: what a PDF says of them, read as sheets are proofed."""
    width, height = ((each - _SLACK) * label.dot for each in size)
    document = Document(label.code, width, height)
    page = (document.start(), document.page("\n".join(map(document.text, label.lines))))
    (image,) = proofing.rasters(b"".join((*page, *document.end())), label.dpi)
    return image


def _modules(symbol: Symbol) -> Image.Image:
    """A symbol, a pixel a module."""
    matrix = symbols.bits(symbol.kind, symbol.code)
    return ImageChops.invert(Image.frombytes("1", (matrix.width, matrix.height), matrix.rows)).convert("L")
