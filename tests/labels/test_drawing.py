import subprocess
import sys

import msgspec
import pypdfium2
import pytest
from PIL import ImageDraw

from biobank.errors import RuleBroken
from biobank.labels import layout
from biobank.labels.drawing import sheet
from biobank.labels.layout import LabelFace
from biobank.labels.stock import STOCKS, Stock
from tests.labels.paper import codes, faces, pages, printed

each_stock = pytest.mark.parametrize("stock", STOCKS.values(), ids=STOCKS.keys())
each_printer = pytest.mark.parametrize("dpi", [203, 300, 600])
ROLL = STOCKS["roll-33x13"]
TOUGH_TAGS = STOCKS["ttlw-2016"]

HOSTILE = (
    "<b>bold</b>&amp;",
    "%s %d %(name)s",
    "( (( ) \\ \\) Tj ET Q",
    "W" * 10_000,
    "i" * 10_000,
    "\u8840\u6d46\x00\x1b\u202e\udc80",
    "\u00c5\u00c7g\u00ffj " * 50,
)


def count(stock: Stock) -> int:
    return stock.per_page if stock.per_page > 1 else 12


def hostile_faces(stock: Stock) -> list[LabelFace]:
    def text(index: int) -> str:
        return HOSTILE[index % len(HOSTILE)]

    return [
        LabelFace(code, *(text(index + field) for field in range(5)))
        for index, code in enumerate(codes(count(stock), seed=3))
    ]


@each_printer
@each_stock
def test_a_printed_page_reads_back_exactly_its_ids(stock: Stock, dpi: int) -> None:
    labels = faces(count(stock))
    paper = printed(labels, stock, dpi)
    read = [page.read(index) for page in paper for index in range(stock.per_page)]
    assert read == [[face.code] for face in labels]
    assert set.union(*(page.read_all() for page in paper)) == {face.code for face in labels}


@each_stock
def test_many_random_ids_read_back(stock: Stock) -> None:
    labels = faces(5 * stock.per_page if stock.per_page > 1 else 150, seed=4)
    paper = printed(labels, stock, 300)
    read = [page.read(index) for page in paper for index in range(stock.per_page)]
    assert read == [[face.code] for face in labels]


@each_printer
@each_stock
def test_no_text_however_long_reaches_the_quiet_zone_or_leaves_the_label(stock: Stock, dpi: int) -> None:
    labels = hostile_faces(stock)
    paper = printed(labels, stock, dpi)
    assert all(page.outside_is_white() for page in paper)
    for page in paper:
        assert all(page.quiet_zone_is_white(index) for index in range(stock.per_page))
    read = [page.read(index) for page in paper for index in range(stock.per_page)]
    assert read == [[face.code] for face in labels]


@each_stock
def test_the_check_sees_ink_in_the_quiet_zone(stock: Stock) -> None:
    (page, *_) = printed(faces(1), stock, 300)
    assert page.quiet_zone_is_white(0)
    quiet = page.region(0, layout.quiet(stock))
    pen = ImageDraw.Draw(page.image)
    pen.line((quiet[2] - 3, quiet[1], quiet[2] - 3, quiet[3]), fill=0)
    assert not page.quiet_zone_is_white(0)


def test_the_check_sees_labels_set_too_close() -> None:
    two_modules_apart = layout.symbol(TOUGH_TAGS).width + 2 * TOUGH_TAGS.module
    crowded = msgspec.structs.replace(TOUGH_TAGS, pitch_x=two_modules_apart)
    (page,) = printed(faces(85), crowded, 300)
    assert not any(page.quiet_zone_is_white(index) for index in range(85))


def test_the_check_sees_a_sheet_that_is_out() -> None:
    (page,) = pages(sheet(faces(85), TOUGH_TAGS, offset_x=0.5), TOUGH_TAGS, 300)
    assert not page.quiet_zone_is_white(0)


@each_stock
def test_pages_have_the_size_of_the_stock(stock: Stock) -> None:
    for page in pypdfium2.PdfDocument(sheet(faces(stock.per_page + 1), stock)):
        width, height = (points * 25.4 / 72 for points in page.get_size())
        assert width == pytest.approx(stock.page_width, abs=0.1)
        assert height == pytest.approx(stock.page_height, abs=0.1)


@each_stock
def test_the_same_labels_give_the_same_bytes(stock: Stock) -> None:
    assert sheet(faces(30), stock) == sheet(faces(30), stock)
    assert sheet(faces(30), stock) != sheet(faces(30, seed=2), stock)


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


def test_the_texts_can_be_searched_for() -> None:
    document = pypdfium2.PdfDocument(
        sheet([LabelFace("SM9S346Q35", "(a\\b) <i>", "%s", "5 \u03bcL", "1/2")], ROLL)
    )
    text = document[0].get_textpage().get_text_bounded()
    for shown in ("SM9S 346Q 35", "(a\\b) <i>", "%s", "5 \u00b5L", "1/2"):
        assert shown in text


def test_viewers_are_asked_to_print_at_true_size() -> None:
    assert b"/PrintScaling /None" in sheet(faces(1), ROLL)


@pytest.mark.parametrize("code", ["", "SM9S346Q3", "sm9s346q35", "S" * 10_000, "SM9S 346Q 35", "\u8840" * 10])
def test_a_code_that_is_no_id_is_refused_and_nothing_drawn(code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        sheet([*faces(2), LabelFace(code, "RNA")], ROLL)
    assert refused.value.slug == "label_code_unfit"
    assert refused.value.field == "codes"
    assert len(str(refused.value)) < 200


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
    assert refused.value.field == setting


def test_asking_for_the_labels_package_does_not_load_the_drawing_libraries() -> None:
    asked = (
        "import sys, biobank.labels, biobank.labels.layout;"
        "sys.exit('reportlab' in sys.modules or 'qrcode' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
