import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biobank.labels import layout
from biobank.labels.drawing import width
from biobank.labels.layout import POINT, SMALLEST, LabelFace, Line, drawable
from biobank.labels.stock import MODULES, QUIET, STOCKS, Stock
from tests.labels.paper import codes

each_stock = pytest.mark.parametrize("stock", STOCKS.values(), ids=STOCKS.keys())
FACE = LabelFace("SM9S346Q35", "EDTA plasma", "V03", "500 \u00b5L", "2/8", "LBP-01-0007")
HIGHEST, DEEPEST = 0.94, 0.23
"""How far the signs of Helvetica reach above and below the baseline (em): a ring, a cedilla."""


def right_end(line: Line) -> float:
    return line.x + width(line.text, line.font) * line.size * POINT


def top(line: Line) -> float:
    return line.baseline - HIGHEST * line.size * POINT


def bottom(line: Line) -> float:
    return line.baseline + DEEPEST * line.size * POINT


@each_stock
def test_the_quiet_zone_is_four_modules_and_on_the_label(stock: Stock) -> None:
    symbol, quiet = layout.symbol(stock), layout.quiet(stock)
    assert symbol.width == pytest.approx(MODULES * stock.module)
    assert symbol.x - quiet.x == pytest.approx(QUIET * stock.module)
    assert quiet.right - symbol.right == pytest.approx(QUIET * stock.module)
    assert quiet.x >= 0.3
    assert quiet.y >= 0.3
    assert quiet.bottom <= stock.height - 0.3


words = st.text(max_size=40) | st.text("Wi(\\%<\u00c5j", max_size=80)


@each_stock
@given(material=words, event=words, amount=words, number=words, participant=words)
@settings(max_examples=40, deadline=None)
def test_no_text_enters_the_quiet_zone_or_leaves_the_label(
    stock: Stock, material: str, event: str, amount: str, number: str, participant: str
) -> None:
    quiet = layout.quiet(stock)
    face = LabelFace("SM9S346Q35", material, event, amount, number, participant)
    for line in layout.lines(face, stock, width):
        assert line.x >= 0.5
        assert right_end(line) <= stock.width - 0.5
        assert bottom(line) <= stock.height - 0.2
        if "SM9S" not in line.text:
            assert top(line) >= 0.5
            assert line.x >= quiet.right
            assert line.size >= SMALLEST


@each_stock
def test_texts_of_one_label_do_not_touch(stock: Stock) -> None:
    long = "W" * 60
    for face in (
        FACE,
        msgspec.structs.replace(FACE, event=long, participant=long),
        LabelFace("SM9S346Q35", *[long] * 5),
    ):
        lines = layout.lines(face, stock, width)
        for index, one in enumerate(lines):
            for other in lines[index + 1 :]:
                apart = right_end(one) < other.x or right_end(other) < one.x
                above = one.baseline + 0.01 <= other.baseline - 0.7 * other.size * POINT
                below = other.baseline + 0.01 <= one.baseline - 0.7 * one.size * POINT
                assert apart or above or below, (one, other)


@each_stock
def test_the_id_is_whole_and_at_least_six_points(stock: Stock) -> None:
    for code in [*codes(500), "SWWWWWWWWW"]:
        line = layout.lines(msgspec.structs.replace(FACE, code=code), stock, width)[-1]
        assert line.text == f"{code[:4]} {code[4:8]} {code[8:]}"
        assert line.size >= 6


@each_stock
def test_the_id_is_the_largest_text(stock: Stock) -> None:
    *others, code = layout.lines(FACE, stock, width)
    assert code.size > max(line.size for line in others)


@each_stock
def test_ordinary_texts_are_shown_whole(stock: Stock) -> None:
    shown = {line.text for line in layout.lines(FACE, stock, width)}
    assert shown == {"SM9S 346Q 35", "EDTA plasma", "V03", "500 \u00b5L", "2/8", "LBP-01-0007"}
    assert min(line.size for line in layout.lines(FACE, stock, width)) >= 5


@each_stock
def test_a_long_text_shrinks_before_it_is_cut(stock: Stock) -> None:
    sizes = []
    for length in (5, 20, 24, 120):
        material = ("plasma " * 20)[:length].strip()
        line = layout.lines(msgspec.structs.replace(FACE, material=material), stock, width)[0]
        sizes.append(line.size)
        assert line.text == material or (line.size == SMALLEST and line.text.endswith("\u2026"))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[1] > SMALLEST
    assert sizes[-1] == SMALLEST


@each_stock
def test_a_long_event_leaves_the_tube_number_whole(stock: Stock) -> None:
    lines = layout.lines(msgspec.structs.replace(FACE, event="SURGERY" * 30), stock, width)
    number = next(line for line in lines if line.text == "2/8")
    assert number.size >= 6


@each_stock
def test_empty_texts_take_no_room(stock: Stock) -> None:
    full, few = layout.lines(FACE, stock, width), layout.lines(LabelFace("SM9S346Q35", "RNA"), stock, width)
    assert [line.text for line in few] == ["RNA", "SM9S 346Q 35"]
    assert few[0].size >= full[0].size
    assert [line.text for line in layout.lines(LabelFace("SM9S346Q35", " \n"), stock, width)] == [
        "SM9S 346Q 35"
    ]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("500 \u03bcL", "500 \u00b5L"),  # Greek mu and the micro sign
        ("\u221280 \u2103", "-80 \u00b0C"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("\uff21\uff11", "A1"),
        ("CO\u2082", "CO2"),
        ("\u8840\u6d46 plasma", "?? plasma"),
        ("a\u200bb\x00c\u202ed", "a?b?c?d"),
        ("two\r\nlines\tand\u00a0more ", "two lines and more"),
        ("<b>%s</b> (\\)", "<b>%s</b> (\\)"),
        ("\U0001f9ea\udc80", "??"),
    ],
)
def test_a_sign_the_font_lacks_is_replaced_in_plain_sight(written: str, shown: str) -> None:
    assert drawable(written) == shown


@given(st.text(st.characters(), max_size=50))
def test_whatever_is_written_can_be_drawn(text: str) -> None:
    shown = drawable(text)
    assert shown.encode("cp1252").decode("cp1252") == shown
    assert shown.isprintable()
    assert len(shown) > 0 or not text.split()
