"""The same face on the same stock: a PDF and every printer language put the same dots on the label.

The PDF is rendered, the ZPL drawn by an interpreter that is not ours, TSPL and Brother's raster read as
their manuals say.
"""

from collections.abc import Iterator, Sequence
from itertools import cycle, product

import pytest
from msgspec import Struct
from PIL import Image, ImageChops, ImageFilter

from biobank.labels import brother, drawing, proofing, tspl, zpl
from biobank.labels.fitting import Arranging, quiet
from biobank.labels.layouts import layout_for
from biobank.labels.shapes import Arranged, Face, Of
from biobank.labels.stock import STOCKS, Stock
from tests.labels import printers
from tests.labels.handmade import codes
from tests.labels.test_zpl import COMMAND, HOSTILE

ROLLS = ("roll-33x13", "roll-32x13-cap-11", "roll-25x13", "roll-cap-9", "roll-50x25", "roll-100x15")
BROTHER = ("dk-12", "dk-29", "dk-62", "dk-29x90", "dk-62x29", "dk-dot-12", "dk-dot-24")
RESOLUTIONS = (203, 300, 600)
FIELDS = {
    "material": "EDTA plasma",
    "event": "V03",
    "amount": "500 \u00b5L",
    "number": "1/8",
    "participant": "LBP-01-0007",
    "name": "Box 12",
    "kind": "9 x 9",
    "site": "Lab",
}


class Shown(Struct):
    """One face on one stock: how it was arranged, and as a PDF in the printer's dots."""

    stock: Stock
    face: Face
    arranged: Arranged
    pdf: Image.Image


def _shown(papers: Sequence[tuple[str, int]], seed: int, count: int) -> Iterator[Shown]:
    """So many random ids on each stock at its resolution."""
    ids = iter(codes(len(papers) * count, seed))
    for code, dpi in papers:
        stock = STOCKS[code]
        of = next(iter(stock.uses), Of.SPECIMEN)
        for _ in range(count):
            yield _one(stock, dpi, Face(next(ids), of, FIELDS))


def _one(stock: Stock, dpi: int, face: Face) -> Shown:
    layout = layout_for(face.of, stock)
    (pdf,) = proofing.rasters(drawing.one(face, stock, layout, dpi=dpi), dpi)
    return Shown(stock, face, Arranging(layout, stock, dpi).arranged(face), pdf)


def _agree(shown: Shown, printed: Image.Image) -> None:
    """Both read as the id alone; no dot of a symbol lies further than one from where the PDF has it.

    A reader of PDF sets letters to whole dots and rounds a page up to them, so letters may be two out.
    """
    pdf = shown.pdf.crop((0, 0, *printed.size))
    symbols = len(shown.arranged.symbols)
    for image in (pdf, printed):
        assert proofing.read(_on_paper(image)) == [shown.face.code] * symbols, shown.stock.code
    assert _within(pdf, printed, 2), shown.stock.code
    for symbol in shown.arranged.symbols:
        zone = quiet(symbol)
        edges = (zone.x, zone.y, zone.right, zone.bottom)
        left, top, right, bottom = (round(edge / shown.arranged.dot) for edge in edges)
        area = (left + 1, top + 1, right - 1, bottom - 1)
        assert _within(pdf.crop(area), printed.crop(area), 1), shown.stock.code


def _within(one: Image.Image, other: Image.Image, dots: int) -> bool:
    """Whether every dot of each has one of the other no further away than that."""
    first, second = ImageChops.invert(one), ImageChops.invert(other)
    return not any(
        ImageChops.subtract(ink, spread.filter(ImageFilter.MaxFilter(2 * dots + 1))).getbbox()
        for ink, spread in ((first, second), (second, first))
    )


def _on_paper(image: Image.Image) -> Image.Image:
    paper = Image.new("L", (image.width + 40, image.height + 40), printers.WHITE)
    paper.paste(image, (20, 20))
    return paper


def _zpl_and_tspl_agree(papers: Sequence[tuple[str, int]], seed: int, count: int) -> None:
    every = list(_shown(papers, seed, count))
    streams = [next(zpl.written([each.arranged], stock=each.stock)) for each in every]
    drawn = printers.zpl([(stream, each.arranged.dpi) for stream, each in zip(streams, every, strict=True)])
    for each, (image,) in zip(every, drawn, strict=True):
        _agree(each, image)
        (burned,) = printers.tspl(next(tspl.written([each.arranged], stock=each.stock)), each.arranged.dpi)
        assert burned.tobytes() == image.tobytes()


def _brother_agrees(seed: int, count: int) -> None:
    for each in _shown([(code, brother.DPI) for code in BROTHER], seed, count):
        stream = next(brother.written([each.arranged], stock=each.stock))
        (burned,) = printers.brother_labels(stream, each.stock)
        _agree(each, burned)


def test_zpl_and_tspl_put_on_a_label_what_the_pdf_does() -> None:
    _zpl_and_tspl_agree(list(zip(ROLLS, cycle(RESOLUTIONS), strict=False)), seed=5, count=1)


def test_brother_puts_on_a_label_what_the_pdf_does() -> None:
    _brother_agrees(seed=6, count=2)


def test_hostile_texts_stand_on_the_label_as_the_pdf_has_them_and_change_no_command() -> None:
    stock = STOCKS["roll-50x25"]
    faces = [Face("SM9S346Q35", Of.BOX, {**FIELDS, "name": text}) for text in ("Box 12", *HOSTILE)]
    every = [_one(stock, 203, face) for face in faces]
    streams = [next(zpl.written([each.arranged], stock=stock)) for each in every]
    assert len({tuple(COMMAND.findall(stream.decode())) for stream in streams}) == 1
    for each, (image,) in zip(every, printers.zpl([(stream, 203) for stream in streams]), strict=True):
        _agree(each, image)


def test_a_label_that_stands_three_dots_away_would_be_noticed() -> None:
    (shown,) = _shown([("roll-33x13", 300)], seed=7, count=1)
    (stream,) = tspl.written([shown.arranged], stock=shown.stock, offset_x_um=3 * 25_400 // 300)
    (image,) = printers.tspl(stream, 300)
    with pytest.raises(AssertionError, match="roll-33x13"):
        _agree(shown, image)


@pytest.mark.prove
def test_over_many_ids_every_language_puts_on_a_label_what_the_pdf_does() -> None:
    _zpl_and_tspl_agree(list(product(ROLLS, RESOLUTIONS)), seed=8, count=20)
    _brother_agrees(seed=9, count=40)
