import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from math import ceil

import pypdfium2
import pytest
from msgspec.structs import replace
from PIL import ImageDraw

from biobank.errors import RuleBroken
from biobank.labels.drawing import one, parts, sheet, single
from biobank.labels.fitting import Arranging, quiet
from biobank.labels.layouts import LAYOUTS, Area, Piece, Row, Zone, layout_for
from biobank.labels.shapes import INCH, POINT, Box, Face, Of
from biobank.labels.stock import STOCKS, Stock
from tests.labels.paper import SAID, codes, faces, faces_for, pages, printed, tube

each_stock = pytest.mark.parametrize("stock", STOCKS.values(), ids=STOCKS.keys())
some_stocks = pytest.mark.parametrize(
    "stock", [STOCKS[code] for code in ("herma-4100", "ttlw-2016", "roll-33x13")]
)
ROLL = STOCKS["roll-33x13"]
TOUGH_TAGS = STOCKS["ttlw-2016"]
PRECISION = 0.1
"""Millimetres that ink may be out of its place."""

HOSTILE = (
    "<b>bold</b>&amp;",
    "%s %(name)s",
    "( (( \\) Tj ET Q",
    "^XZ^XA ~JR",
    "\u8840\u6d46\x00\x1b\u202e",
    "\u00c5\u00c7g\u00ffj ",
    "ET Q EI >",
)


@some_stocks
def test_a_printed_page_reads_back_exactly_its_ids(stock: Stock) -> None:
    labels = faces(min(stock.per_page, 40) if stock.per_page > 1 else 12)
    paper = printed(labels, stock, 300)
    read = [page.read(index) for page in paper for index in range(stock.per_page)]
    assert [each for each in read if each] == [[face.code] for face in labels]
    assert set.union(*(page.read_all() for page in paper)) == {face.code for face in labels}


@some_stocks
@pytest.mark.parametrize("dpi", [203, 300])
def test_no_text_whatever_it_says_reaches_a_quiet_zone_or_leaves_the_label(stock: Stock, dpi: int) -> None:
    said = [HOSTILE[index % len(HOSTILE)] for index in range(28)]
    labels = [
        tube(code, said[at], event=said[at + 1], number=said[at + 2], amount=said[at + 3])
        for at, code in enumerate(codes(20, seed=3))
    ]
    paper = printed(labels, stock, dpi)
    assert all(page.outside_is_white() for page in paper)
    used = [(page, index) for page in paper for index in range(stock.per_page)][: len(labels)]
    assert all(page.quiet_zones_are_white(index) for page, index in used)
    assert [page.read(index) for page, index in used] == [[face.code] for face in labels]


@each_stock
def test_ink_stands_where_the_stock_says_to_a_tenth_of_a_millimetre(stock: Stock) -> None:
    """Edges of the first and last label's symbols, measured in the raster."""
    labels = faces_for(stock, stock.per_page)
    arranging = Arranging(layout_for(labels[0].of, stock), stock, 300)
    page = pypdfium2.PdfDocument(sheet(labels, stock))[0]
    for index in {0, stock.per_page - 1}:
        left, top = stock.corner(index)
        for symbol in arranging.symbols:
            box = symbol.box
            expected = [left + box.x, top + box.y, left + box.right, top + box.bottom]
            zone = quiet(symbol)
            around = Box(left + zone.x + 0.2, top + zone.y, zone.width - 0.4, zone.height)
            assert measured(page, around) == pytest.approx(expected, abs=PRECISION)


def measured(page: pypdfium2.PdfPage, around: Box, dpi: int = 1200) -> list[float]:
    """Left, top, right and bottom of the ink in a part of a page, all in mm from its top-left corner."""
    scale, (wide, high) = dpi / 72, page.get_size()
    edges = (around.x, high * POINT - around.bottom, wide * POINT - around.right, around.y)
    left, bottom, right, top = (max(edge, 0) / POINT for edge in edges)
    bitmap = page.render(scale=scale, grayscale=True, crop=(left, bottom, right, top))
    found = bitmap.to_pil().convert("L").point(lambda grey: 255 * (grey < 128)).getbbox()
    assert found is not None
    corner = (ceil(left * scale), ceil(top * scale))
    return [(corner[side % 2] + edge) * INCH / dpi for side, edge in enumerate(found)]


def test_the_measure_sees_a_sheet_that_is_out() -> None:
    (page,) = pages(sheet(faces(85), TOUGH_TAGS, offset_x=0.5), TOUGH_TAGS, 300)
    assert not page.quiet_zones_are_white(0)
    document = pypdfium2.PdfDocument(sheet(faces(85), TOUGH_TAGS, offset_x=0.3))
    symbol = page.arranging.symbols[0]
    left = measured(document[0], Box(23.99, 1.47, 13, 12.7))[0]
    assert left == pytest.approx(23.99 + symbol.box.x + 0.3, abs=PRECISION)
    assert left != pytest.approx(23.99 + symbol.box.x, abs=PRECISION)


def test_the_check_sees_ink_in_the_quiet_zone() -> None:
    (page, *_) = printed(faces(1), ROLL, 300)
    assert page.quiet_zones_are_white(0)
    zone = page.region(0, quiet(page.arranging.symbols[0]))
    ImageDraw.Draw(page.image).line((zone[2] - 3, zone[1], zone[2] - 3, zone[3]), fill=0)
    assert not page.quiet_zones_are_white(0)


def test_the_check_sees_labels_set_too_close() -> None:
    (page,) = printed(faces(85), replace(TOUGH_TAGS, pitch_x=9.0), 300)
    assert not any(page.quiet_zones_are_white(index) for index in range(85) if index % 5)


@each_stock
def test_pages_have_the_size_of_the_stock(stock: Stock) -> None:
    document = pypdfium2.PdfDocument(sheet(faces_for(stock, stock.per_page + 1), stock))
    assert len(document) == 2
    for page in document:
        size = tuple(points * 25.4 / 72 for points in page.get_size())
        assert size == pytest.approx((stock.page_width, stock.page_height), abs=PRECISION)


@some_stocks
def test_the_same_labels_give_the_same_bytes_whole_or_page_by_page(stock: Stock) -> None:
    drawn = sheet(faces(100), stock, skip=0)
    assert drawn == sheet(faces(100), stock) == b"".join(parts(iter(faces(100)), stock))
    assert drawn != sheet(faces(100, seed=2), stock)


def test_used_labels_of_the_first_sheet_are_passed_over() -> None:
    labels = faces(10)
    first, second = pages(sheet(labels, TOUGH_TAGS, skip=80), TOUGH_TAGS, 300)
    assert [first.read(index) for index in range(78, 85)] == [[], [], *([face.code] for face in labels[:5])]
    assert [second.read(index) for index in range(6)] == [*([face.code] for face in labels[5:]), []]


def test_a_sheet_used_but_for_its_last_label_takes_one() -> None:
    (page,) = pages(sheet(faces(1), TOUGH_TAGS, skip=84), TOUGH_TAGS, 203)
    assert page.read(84) == [faces(1)[0].code]


def test_an_offset_moves_the_ink_right_and_down() -> None:
    def corner(x: float, y: float) -> tuple[int, int, int, int]:
        (page,) = pages(sheet(faces(1), TOUGH_TAGS, offset_x=x, offset_y=y), TOUGH_TAGS, 300)
        box = page.image.point(lambda grey: 255 - grey).getbbox()
        assert box is not None
        return box

    still, moved = corner(0, 0), corner(2.54, 5.08)
    assert [after - before for before, after in zip(still, moved, strict=True)] == pytest.approx(
        [30, 60, 30, 60], abs=1
    )


def test_one_label_of_a_sheet_is_a_page_of_its_size() -> None:
    (face,) = faces(1)
    (page,) = pages(one(face, TOUGH_TAGS), single(TOUGH_TAGS), 300)
    assert page.image.size == (384, 150)
    assert page.read(0) == [face.code]


def test_a_kits_sheet_has_each_objects_own_layout() -> None:
    kit, *tubes = codes(3)
    mixed = [Face(kit, Of.KIT, SAID[Of.KIT]), *(tube(code, "RNA", amount="5 mg") for code in tubes)]
    for layout in (None, LAYOUTS["plain"]):
        text = _text(sheet(mixed, STOCKS["herma-4100"], layout))
        assert "Kit" in text
        assert text.count("5 mg") == 2


def test_the_texts_can_be_searched_for() -> None:
    face = tube("SM9S346Q35", "(a\\b) <i>", event="%s", amount="5 \u03bcL", number="1/2")
    text = _text(sheet([face], ROLL))
    for shown in ("SM9S 346Q 35", "(a\\b) <i>", "%s", "5 \u00b5L", "1/2"):
        assert shown in text


def test_chinese_is_embedded_with_the_signs_that_are_used_and_can_be_searched_for() -> None:
    names = ["\u8840\u6d46\u6837\u672c", "\u7ec4\u7ec7 tissue", "\u8840\u6d46\u6837\u672c"]
    labels = [Face(code, Of.BOX, {"name": name}) for code, name in zip(codes(3), names, strict=True)]
    pdf = sheet(labels, STOCKS["roll-50x25"])
    assert all(name in _text(pdf) for name in names)
    assert b"/FontFile2" in pdf
    assert len(pdf) < 40_000
    assert b"/FontFile2" not in sheet(faces(1), ROLL)
    read = [page.read(0) for page in pages(pdf, STOCKS["roll-50x25"], 300)]
    assert read == [[face.code] * 2 for face in labels]


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_turned_text_is_drawn_within_its_label_and_can_be_searched_for(rotation: int) -> None:
    rows = (Row((Piece("code"),), lines=3), Row((Piece("material"),)))
    turned = replace(LAYOUTS["specimen-low"], zones=(Zone(Area.BESIDE, rows, rotation=rotation),))
    pdf = sheet([tube("SM9S346Q35", "plasma")], ROLL, turned)
    (page,) = pages(pdf, ROLL, 300)
    assert page.outside_is_white()
    upright = replace(turned, zones=(Zone(Area.BESIDE, rows),))
    assert (
        page.image.tobytes()
        != next(pages(sheet([tube("SM9S346Q35", "plasma")], ROLL, upright), ROLL, 300)).image.tobytes()
    )
    assert page.read(0) == ["SM9S346Q35"]
    assert "plasma" in _text(pdf)


def test_viewers_are_asked_to_print_at_true_size() -> None:
    assert b"/PrintScaling /None" in sheet(faces(1), ROLL)


def test_memory_does_not_grow_with_the_number_of_labels() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            size = sum(map(len, parts(_many(count), TOUGH_TAGS)))
            assert size > 400 * count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(200)
    assert peak(4000) < peak(400) + 300_000


def _many(count: int) -> Iterator[Face]:
    for index in range(count):
        yield tube(f"S{index:09}", "EDTA plasma", event=f"V{index % 12:02}", number=f"{index % 8 + 1}/8")


def test_a_code_that_is_no_id_is_refused_and_nothing_drawn() -> None:
    with pytest.raises(RuleBroken) as refused:
        sheet([*faces(2), tube("sm9s346q35", "RNA")], ROLL)
    assert refused.value.slug == "label_code_unfit"
    assert refused.value.field == "codes"


def test_nothing_to_print_is_refused() -> None:
    with pytest.raises(RuleBroken) as refused:
        sheet([], ROLL)
    assert refused.value.slug == "labels_none"


@pytest.mark.parametrize(
    ("stock", "setting", "value"),
    [
        (TOUGH_TAGS, "skip", -1),
        (TOUGH_TAGS, "skip", 85),
        (ROLL, "skip", 1),
        (ROLL, "offset_x", 10.1),
        (ROLL, "offset_y", float("nan")),
        (ROLL, "offset_y", float("-inf")),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(stock: Stock, setting: str, value: float) -> None:
    with pytest.raises(RuleBroken) as refused:
        sheet(faces(1), stock, **{setting: value})  # type: ignore[arg-type]
    assert refused.value.slug == "label_setting_out_of_range"
    assert refused.value.field == setting


def test_asking_for_the_stocks_and_layouts_does_not_load_the_drawing_libraries() -> None:
    asked = (
        "import sys, biobank.labels.layouts, biobank.labels.stock;"
        "sys.exit('reportlab' in sys.modules or 'qrcode' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def _text(pdf: bytes) -> str:
    return "\n".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf))
