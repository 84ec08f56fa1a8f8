"""Printed paper: sheets rendered at a printer's resolution, read and looked at label by label."""

import random
from collections.abc import Iterator, Sequence

import pypdfium2
import zxingcpp
from PIL import Image
from stdnum.iso7064 import mod_37_36

from biobank.labels import drawing
from biobank.labels.fitting import Arranging, quiet
from biobank.labels.layouts import layout_for
from biobank.labels.shapes import Box, Face, Of
from biobank.labels.stock import Stock

WHITE = 255
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SAID = {
    Of.SPECIMEN: {
        "material": "EDTA plasma",
        "event": "SURGERY+6M",
        "amount": "500 \u00b5L",
        "number": "2/8",
        "participant": "LBP-01-0007",
    },
    Of.CAP: {},
    Of.BOX: {"name": "\u8840\u6d46 12", "kind": "9 x 9 box", "study": "LBPB", "site": "Leuven"},
    Of.RACK: {"name": "Rack 3", "kind": "rack", "site": "Leuven", "temperature": "-80 \u00b0C"},
    Of.FREEZER: {"name": "\u51b0\u7bb1 2", "kind": "freezer", "site": "Leuven", "temperature": "-80 \u00b0C"},
    Of.KIT: {"kind": "Kit", "event": "V03", "number": "8", "participant": "LBP-01-0007"},
    Of.BADGE: {"kind": "Badge", "name": "\u738b\u82b3"},
    Of.CARD: {"name": "LOOK UP", "text": "shows what is scanned"},
    Of.REQUEST: {"kind": "Request", "text": "12 tubes for Leuven"},
}
"""What labels of each object say in the tests."""


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


def tube(code: str, material: str = "", **fields: str) -> Face:
    """The face of a tube."""
    return Face(code, Of.SPECIMEN, {"material": material, **fields})


def faces(count: int, seed: int = 1) -> list[Face]:
    """Labels as a visit of the study gives them."""
    materials = ("EDTA plasma", "stab. stool", "buffy coat", "RNA")
    amounts = ("500 \u00b5L", "0.4 g", "1.25 mL")
    return [
        tube(
            code,
            materials[index % 4],
            event="SURGERY+6M" if index % 5 == 0 else f"V{index % 12:02}",
            amount=amounts[index % 3],
            number=f"{index % 8 + 1}/8",
            participant="LBP-01-0007" if index % 7 == 0 else "",
        )
        for index, code in enumerate(codes(count, seed))
    ]


def faces_for(stock: Stock, count: int, seed: int = 1) -> list[Face]:
    """Labels of the first object that a stock is made for."""
    of = stock.uses[0] if stock.uses else Of.SPECIMEN
    if of is Of.SPECIMEN:
        return faces(count, seed)
    return [Face(code, of, SAID[of]) for code in codes(count, seed)]


class Page:
    """One rendered page of a stock; its labels are tubes' or whatever the stock is made for."""

    def __init__(self, image: Image.Image, stock: Stock, dpi: int, *, arranged_at: int = 300) -> None:
        self.image = image
        self.stock = stock
        self.dpi = dpi
        of = stock.uses[0] if stock.uses else Of.SPECIMEN
        self.arranging = Arranging(layout_for(of, stock), stock, arranged_at)

    def region(self, index: int, box: Box, grow: int = 0) -> tuple[int, int, int, int]:
        """A box of one label in pixels, made larger or smaller by whole pixels."""
        dot = 25.4 / self.arranging.dpi
        left, top = (round(edge / dot) * dot for edge in self.stock.corner(index))
        edges = (left + box.x, top + box.y, left + box.right, top + box.bottom)
        x0, y0, x1, y1 = (round(edge * self.dpi / 25.4) for edge in edges)
        return x0 - grow, y0 - grow, x1 + grow, y1 + grow

    def label(self, index: int) -> Image.Image:
        return self.image.crop(self.region(index, self.cell))

    @property
    def cell(self) -> Box:
        return Box(0, 0, self.stock.reach, self.stock.height)

    def read(self, index: int) -> list[str]:
        """What a scanner held to one label reads."""
        return _texts(self.label(index))

    def read_all(self) -> set[str]:
        """What a scanner finds on the page at once."""
        return set(_texts(self.image))

    def quiet_zones_are_white(self, index: int) -> bool:
        """Whether the white around the symbols holds no ink, to the pixel beside their edges."""
        for symbol in self.arranging.symbols:
            left, top, right, bottom = self.region(index, quiet(symbol), grow=-1)
            x0, y0, x1, y1 = self.region(index, symbol.box, grow=1)
            paper = self.image.crop((left, top, right, bottom))
            paper.paste(WHITE, (x0 - left, y0 - top, x1 - left, y1 - top))
            if not _is_white(paper):
                return False
        return True

    def outside_is_white(self) -> bool:
        """Whether all ink stands within labels, at least 0.4 mm from the cut and never on a clear end."""
        paper = self.image.copy()
        wide = self.stock.reach - self.stock.tail
        inner = Box(0.4, 0.4, wide - 0.8, self.stock.height - 0.8)
        for index in range(self.stock.per_page):
            paper.paste(WHITE, self.region(index, inner))
        return _is_white(paper)


def pages(pdf: bytes, stock: Stock, dpi: int, *, arranged_at: int = 300) -> Iterator[Page]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            bitmap = page.render(scale=dpi / 72, grayscale=True)
            yield Page(bitmap.to_pil().convert("L"), stock, dpi, arranged_at=arranged_at)
    finally:
        document.close()


def printed(labels: Sequence[Face], stock: Stock, dpi: int) -> list[Page]:
    """The labels arranged for a printer, as it prints them."""
    return list(pages(drawing.sheet(labels, stock, dpi=dpi), stock, dpi, arranged_at=dpi))


def _texts(image: Image.Image) -> list[str]:
    found = zxingcpp.read_barcodes(image)
    for each in found:
        if each.format == zxingcpp.BarcodeFormat.QRCode:
            assert (each.symbology_identifier, each.ec_level) == ("]Q1", "H")
            assert isinstance(each.extra, dict)
            assert each.extra["Version"] == "1"
    return [each.text for each in found]


def _is_white(image: Image.Image) -> bool:
    return image.getextrema() == (WHITE, WHITE)
