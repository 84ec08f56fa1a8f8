"""Labels as the dots that a printer burns."""

import pytest
from PIL import Image, ImageChops

from biobank.errors import RuleBroken
from biobank.labels import symbols
from biobank.labels.dots import dots, pictures
from biobank.labels.shapes import INCH, Arranged, Box, Font, Line, Symbol, SymbolKind
from biobank.labels.stock import STOCKS
from tests.labels.handmade import arranged, codes
from tests.labels.printers import WHITE, read

RESOLUTIONS = (203, 300, 600)


@pytest.mark.parametrize("dpi", RESOLUTIONS)
def test_a_label_has_the_dots_of_its_size_and_reads_as_its_code(dpi: int) -> None:
    for code in codes(3, seed=dpi):
        label = dots(arranged(code, dpi, "EDTA plasma"))
        assert label.image.size == (round(33 * dpi / INCH), round(13 * dpi / INCH))
        assert len(label.rows) == label.stride * label.height
        assert read(label.image) == [code]


@pytest.mark.parametrize("dpi", RESOLUTIONS)
def test_every_module_of_a_symbol_is_the_same_number_of_dots(dpi: int) -> None:
    label = arranged("SM9S346Q35", dpi, "EDTA plasma")
    (symbol,) = label.symbols
    each = round(symbol.module / label.dot)
    at = round(symbol.box.x / label.dot)
    matrix = symbols.bits(symbol.kind, symbol.code)
    image = dots(label).image
    for x in range(21):
        for y in range(21):
            corner = (at + x * each, at + y * each)
            module = image.crop((*corner, corner[0] + each, corner[1] + each))
            assert module.getextrema() == ((0, 0) if matrix.black(x, y) else (WHITE, WHITE))


def test_a_linear_symbol_is_as_high_as_its_box() -> None:
    width, _height = symbols.size(SymbolKind.CODE_128)
    module = 3 * INCH / 300
    symbol = Symbol(
        SymbolKind.CODE_128, "SM9S346Q35", Box(10 * module, 10 * module, width * module, 5), module
    )
    image = dots(Arranged("SM9S346Q35", 50, 10, 300, (symbol,), ())).image
    assert read(image) == ["SM9S346Q35"]
    ink = ImageChops.invert(image).getbbox()
    assert ink is not None
    assert (ink[0], ink[1], ink[3]) == (30, 30, 30 + round(5 * 300 / INCH))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_text_is_turned_clockwise_about_the_left_end_of_its_baseline(rotation: int) -> None:
    line = Line("Hn", 15, 15, 20, Font.REGULAR, rotation)
    image = dots(Arranged("SM9S346Q35", 30, 30, 300, (), (line,))).image
    ink = ImageChops.invert(image).getbbox()
    assert ink is not None
    middle = (ink[0] + ink[2]) / 2 - image.width / 2, (ink[1] + ink[3]) / 2 - image.height / 2
    towards = {0: (1, -1), 90: (1, 1), 180: (-1, 1), 270: (-1, -1)}[rotation]
    assert (middle[0] * towards[0] > 0, middle[1] * towards[1] > 0) == (True, True)
    upright = Image.Transpose.ROTATE_90 if rotation in {90, 270} else Image.Transpose.ROTATE_180
    wide, high = (image.crop(ink).transpose(upright) if rotation in {90, 270} else image.crop(ink)).size
    assert wide > high


def test_an_offset_moves_the_ink_to_the_nearest_dot() -> None:
    label = dots(arranged("SM9S346Q35", 300, "EDTA plasma"))
    moved = label.moved(500, -250)
    assert moved.image.size == label.image.size
    assert moved.image.crop((6, 0, 390, 100)).tobytes() == label.image.crop((0, 3, 384, 103)).tobytes()
    assert read(moved.image) == ["SM9S346Q35"]
    assert label.moved(20, -20) is label


@pytest.mark.parametrize("offset", [(-10_000, 0), (0, -10_000), (10_000, 0), (0, 10_000)])
def test_an_offset_that_pushes_ink_off_the_label_is_refused(offset: tuple[int, int]) -> None:
    label = dots(arranged("SM9S346Q35", 300, "EDTA plasma, a longer text"))
    with pytest.raises(RuleBroken) as refused:
        label.moved(*offset)
    assert refused.value.slug == "label_offset_unfit"
    assert "SM9S346Q35" in str(refused.value)


def test_a_label_printer_is_sent_no_sheets() -> None:
    with pytest.raises(RuleBroken) as refused:
        pictures([arranged("SM9S346Q35", 300)], STOCKS["herma-4100"])
    assert refused.value.slug == "label_stock_is_sheets"
