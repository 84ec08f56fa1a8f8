"""Printed paper: sheets rendered at a printer's resolution, read and looked at label by label."""

import random
from collections.abc import Iterator, Sequence

import pypdfium2
import zxingcpp
from PIL import Image
from stdnum.iso7064 import mod_37_36

from biobank.labels import drawing, layout
from biobank.labels.layout import Box, LabelFace
from biobank.labels.stock import DOT, Stock

WHITE = 255
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def codes(count: int, seed: int = 1) -> list[str]:
    """Random specimen ids, each with its check character."""
    chance = random.Random(seed)  # noqa: S311 (a test's seeded chance)
    made: list[str] = []
    while len(made) < count:
        body = "S" + "".join(chance.choice(CROCKFORD) for _ in range(8))
        check = mod_37_36.calc_check_digit(body)
        if check in CROCKFORD:
            made.append(body + check)
    return made


def faces(count: int, seed: int = 1) -> list[LabelFace]:
    """Labels as a visit of the study gives them."""
    materials = ("EDTA plasma", "stab. stool", "buffy coat", "RNA")
    amounts = ("500 \u00b5L", "0.4 g", "1.25 mL")
    return [
        LabelFace(
            code=code,
            material=materials[index % 4],
            event="SURGERY+6M" if index % 5 == 0 else f"V{index % 12:02}",
            amount=amounts[index % 3],
            number=f"{index % 8 + 1}/8",
            participant="LBP-01-0007" if index % 7 == 0 else "",
        )
        for index, code in enumerate(codes(count, seed))
    ]


class Page:
    """One rendered page of a stock."""

    def __init__(self, image: Image.Image, stock: Stock, dpi: float) -> None:
        self.image = image
        self.stock = stock
        self.dpi = dpi

    def region(self, index: int, box: Box, grow: int = 0) -> tuple[int, int, int, int]:
        """A box of one label in pixels, made larger or smaller by whole pixels."""
        left, top = (round(edge / DOT) * DOT for edge in self.stock.corner(index))
        edges = (left + box.x, top + box.y, left + box.right, top + box.bottom)
        x0, y0, x1, y1 = (round(edge * self.dpi / 25.4) for edge in edges)
        return x0 - grow, y0 - grow, x1 + grow, y1 + grow

    def label(self, index: int) -> Image.Image:
        return self.image.crop(self.region(index, self.cell))

    @property
    def cell(self) -> Box:
        return Box(0, 0, self.stock.width, self.stock.height)

    def read(self, index: int) -> list[str]:
        """What a scanner held to one label reads."""
        return _texts(self.label(index))

    def read_all(self) -> set[str]:
        """What a scanner finds on the page at once."""
        return set(_texts(self.image))

    def quiet_zone_is_white(self, index: int) -> bool:
        """Whether the four modules around a symbol hold no ink, to the pixel beside its edge."""
        left, top, right, bottom = self.region(index, layout.quiet(self.stock), grow=-1)
        x0, y0, x1, y1 = self.region(index, layout.symbol(self.stock), grow=1)
        paper = self.image.crop((left, top, right, bottom))
        paper.paste(WHITE, (x0 - left, y0 - top, x1 - left, y1 - top))
        return _is_white(paper)

    def outside_is_white(self) -> bool:
        """Whether all ink stands within labels, at least half a millimetre from the cut."""
        paper = self.image.copy()
        inner = Box(0.5, 0.5, self.stock.width - 1, self.stock.height - 1)
        for index in range(self.stock.per_page):
            paper.paste(WHITE, self.region(index, inner))
        return _is_white(paper)


def pages(pdf: bytes, stock: Stock, dpi: float) -> Iterator[Page]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            bitmap = page.render(scale=dpi / 72, grayscale=True)
            yield Page(bitmap.to_pil().convert("L"), stock, dpi)
    finally:
        document.close()


def printed(labels: Sequence[LabelFace], stock: Stock, dpi: float) -> list[Page]:
    return list(pages(drawing.sheet(labels, stock), stock, dpi))


def _texts(image: Image.Image) -> list[str]:
    found = zxingcpp.read_barcodes(image)
    for each in found:
        assert (each.symbology_identifier, each.ec_level) == ("]Q1", "H")
        assert isinstance(each.extra, dict)
        assert each.extra["Version"] == "1"
    return [each.text for each in found]


def _is_white(image: Image.Image) -> bool:
    return image.getextrema() == (WHITE, WHITE)
