"""Random codes on every stock that ships, at every resolution: two readers, none of them ours.

In the ordinary run twenty codes stand on single labels; `make prove` prints whole sheets of five hundred.
"""

import sys
from collections.abc import Sequence
from itertools import product

import pytest
from PIL import Image, ImageOps

from biobank.labels import drawing, proofing
from biobank.labels.fitting import Arranging, quiet
from biobank.labels.layouts import Layout, layouts_for
from biobank.labels.shapes import Arranged, Face, Of, Symbol, SymbolKind
from biobank.labels.stock import STOCKS, Stock
from tests.labels import second
from tests.labels.paper import codes

RESOLUTIONS = (203, 300, 600)
WHITE = 255
WORDS = {"material": "RNA", "event": "V3", "number": "1/8", "name": "B 12", "kind": "box"}


def offered(stock: Stock) -> list[Layout]:
    """Every layout that is chosen by itself for something on a stock, each once."""
    firsts = [layouts_for(of, stock)[:1] for of in Of if stock.serves(of)]
    return list({layout.code: layout for each in firsts for layout in each}.values())


def printed(
    stock: Stock, layout: Layout, dpi: int, count: int, seed: int = 0
) -> tuple[list[Arranged], list[Image.Image]]:
    """Labels of random codes, and the picture of each cut out of its page."""
    faces = [Face(code, layout.of[0], WORDS) for code in codes(count, 1000 * dpi + seed)]
    arranging = Arranging(layout, stock, dpi)
    labels = [arranging.arranged(face) for face in faces]
    pages = proofing.rasters(drawing.sheet(faces, stock, layout, dpi=dpi), dpi)
    cells = [proofing.cell(stock, index, labels[0]) for index in range(stock.per_page)]
    pictures = (page.crop(cell) for page in pages for cell in cells)
    return labels, [picture for picture, _label in zip(pictures, labels, strict=False)]


def unread(labels: Sequence[Arranged], pictures: Sequence[Image.Image]) -> list[str]:
    """The codes that zxing-cpp does not read from every symbol of their label."""
    return [
        label.code
        for label, picture in zip(labels, pictures, strict=True)
        if not proofing.verdict(1, label, picture).good
    ]


def with_qr(labels: Sequence[Arranged], pictures: Sequence[Image.Image]) -> list[tuple[str, Image.Image]]:
    """What jsQR can read: the QR code of each label with its quiet zone, and the paper around."""
    return [
        (label.code, ImageOps.expand(picture.crop(zone(label, symbol)), 20, WHITE))
        for label, picture in zip(labels, pictures, strict=True)
        for symbol in label.symbols
        if symbol.kind is SymbolKind.QR
    ]


def zone(label: Arranged, symbol: Symbol) -> tuple[int, int, int, int]:
    box = quiet(symbol)
    left, top, right, bottom = (round(edge / label.dot) for edge in (box.x, box.y, box.right, box.bottom))
    return left, top, right, bottom


def missed(shown: Sequence[tuple[str, Image.Image]]) -> list[str]:
    read = second.read([picture for _code, picture in shown])
    return [code for (code, _picture), text in zip(shown, read, strict=True) if text != code]


@pytest.mark.slow
@pytest.mark.parametrize("dpi", RESOLUTIONS)
def test_every_label_reads_on_every_stock(dpi: int) -> None:
    shown: list[tuple[str, Image.Image]] = []
    for stock in STOCKS.values():
        for place, layout in enumerate(offered(stock)):
            labels, pictures = printed(drawing.single(stock), layout, dpi, 2 if place else 20)
            assert unread(labels, pictures) == [], (stock.code, layout.code)
            shown += with_qr(labels, pictures)[:2]
    assert len(shown) > 80
    assert missed(shown) == []


@pytest.mark.prove
@pytest.mark.parametrize("dpi", RESOLUTIONS)
@pytest.mark.parametrize("stock", list(STOCKS.values()), ids=list(STOCKS))
def test_five_hundred_labels_read_on_sheets_of_every_stock(stock: Stock, dpi: int) -> None:
    missing, asked = [], 0
    for seed, layout in product(range(-(-500 // lot(stock))), offered(stock)):
        labels, pictures = printed(stock, layout, dpi, lot(stock), seed)
        assert unread(labels, pictures) == []
        shown = with_qr(labels, pictures)
        missing += missed(shown)
        asked += len(shown)
    sys.stdout.write("".join(f"jsQR missed {code} on {stock.code} at {dpi} dpi\n" for code in missing))
    assert len(missing) * 100 <= asked


def lot(stock: Stock) -> int:
    """So many at a time, so that pictures do not fill the memory: a whole sheet, or 50 of a roll."""
    return max(50, stock.per_page)
