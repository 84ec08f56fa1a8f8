from itertools import pairwise

import msgspec
import pytest
from msgspec.structs import replace

from biobank import web
from biobank.errors import Malformed, RuleBroken
from biobank.labels.shapes import Of
from biobank.labels.stock import STOCKS, Shape, Stock, check, read_stock, stock

each_stock = pytest.mark.parametrize("stock", STOCKS.values(), ids=STOCKS.keys())
TOUGH_TAGS = STOCKS["ttlw-2016"]


@each_stock
def test_every_label_lies_on_its_page(stock: Stock) -> None:
    for index in range(stock.per_page):
        x, y = stock.corner(index)
        assert x >= 0
        assert y >= 0
        assert x + stock.reach <= stock.page_width + 1e-9
        assert y + stock.height <= stock.page_height + 1e-9


@each_stock
def test_no_two_labels_overlap(stock: Stock) -> None:
    corners = [stock.corner(index) for index in range(stock.per_page)]
    for (x, y), (next_x, next_y) in pairwise(corners):
        beside = next_y == y and next_x >= x + stock.reach - 1e-9
        below = next_x == stock.left and next_y >= y + stock.height - 1e-9
        assert beside or below


@each_stock
def test_a_shipped_stock_passes_its_check_and_comes_back_from_json(stock: Stock) -> None:
    check(stock)
    assert read_stock(msgspec.json.encode(stock)) == stock


@pytest.mark.parametrize(
    ("code", "page", "per_page", "last_corner"),
    [
        ("herma-4100", (210, 297), 96, (202.48, 289.38)),
        ("avery-l4732", (210, 297), 80, (199.0, 283.4)),
        ("avery-l4730", (210, 297), 270, (206.5, 283.0)),
        ("herma-10001", (210, 297), 189, (202.6, 284.4)),
        ("avery-8651", (210, 297), 65, (205.2, 286.5)),
        ("op3018", (210, 297), 150, (178.0, 259.0)),
        ("ttlw-2016", (215.9, 279.4), 85, (198.74, 269.85)),
        ("avery-5167", (215.9, 279.4), 80, (208.76, 266.7)),
        ("ol1930", (215.9, 279.4), 160, (209.55, 266.7)),
        ("ol32", (215.9, 279.4), 154, (209.55, 269.87)),
        ("roll-33x13", (33, 13), 1, (33, 13)),
        ("roll-100x50", (100, 50), 1, (100, 50)),
    ],
)
def test_a_page_is_what_the_maker_says(
    code: str, page: tuple[float, float], per_page: int, last_corner: tuple[float, float]
) -> None:
    found = stock(code)
    x, y = found.corner(per_page - 1)
    assert found.per_page == per_page
    assert (found.page_width, found.page_height) == page
    assert (x + found.width, y + found.height) == pytest.approx(last_corner)


@pytest.mark.parametrize(
    ("code", "dots"),
    [("dk-62x29", (696, 271)), ("dk-17x54", (566, 165)), ("dk-dot-12", (94, 94)), ("dk-12", (354, 106))],
)
def test_a_brother_label_has_the_dots_that_its_printer_prints(code: str, dots: tuple[int, int]) -> None:
    found = stock(code)
    assert (found.width * 300 / 25.4, found.height * 300 / 25.4) == pytest.approx(dots)


def test_a_dot_for_the_cap_stands_beside_its_label() -> None:
    plain, dotted = stock("roll-33x13"), stock("roll-33x13-cap-11")
    assert (plain.reach, dotted.reach) == (33, 46)
    assert dotted.page_width == 46


def test_every_object_has_a_stock_and_none_is_offered_for_what_it_is_not_made_for() -> None:
    for of in Of:
        assert any(each.serves(of) for each in STOCKS.values())
    assert not stock("ol32").serves(Of.FREEZER)
    assert not stock("roll-33x13").serves(Of.CAP)
    assert replace(TOUGH_TAGS, uses=()).serves(Of.FREEZER)


def test_an_unknown_stock_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RuleBroken) as refused:
        stock("avery-9999")
    assert refused.value.field == "stock"
    assert refused.value.slug == "stock_unknown"
    for code in STOCKS:
        assert code in str(refused.value)


def test_a_stock_of_the_lab_is_found_beside_the_shipped_ones_and_before_them() -> None:
    own = replace(TOUGH_TAGS, name="Our own")
    assert stock("ttlw-2016", {"ttlw-2016": own}) is own
    assert stock("ttlw-2016", {"ours": own}) is TOUGH_TAGS


@pytest.mark.parametrize(
    ("changed", "slug", "field"),
    [
        ({"pitch_x": 32.0}, "stock_overlaps", "pitch_x"),
        ({"pitch_y": 12.0}, "stock_overlaps", "pitch_y"),
        ({"dot": 9.5, "dot_x": 33.0}, "stock_overlaps", "pitch_x"),
        ({"left": 50.0}, "stock_off_page", "columns"),
        ({"rows": 18}, "stock_off_page", "rows"),
        ({"width": 0.0}, "stock_size_wrong", "width"),
        ({"height": float("nan")}, "stock_size_wrong", "height"),
        ({"page_width": float("inf")}, "stock_size_wrong", "page_width"),
        ({"columns": 10_000}, "stock_size_wrong", "columns"),
        ({"rows": 0}, "stock_size_wrong", "rows"),
        ({"top": -1.0}, "stock_size_wrong", "top"),
        ({"tail": 30.0}, "stock_size_wrong", "tail"),
        ({"shape": Shape.ROUND}, "stock_not_round", "width"),
        ({"dot": 9.5, "dot_x": 20.0}, "stock_dot_misplaced", "dot_x"),
    ],
)
def test_a_stock_that_cannot_be_is_refused_by_the_field(
    changed: dict[str, object], slug: str, field: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        check(replace(TOUGH_TAGS, **changed))
    assert (refused.value.slug, refused.value.field) == (slug, field)
    assert str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"code": "x"}', "1" * 1_000_000])
def test_what_is_no_stock_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_stock(text)
    assert refused.value.slug == "stock_unreadable"
    assert len(str(refused.value)) < 300


def test_a_measure_that_is_no_number_is_named_in_words() -> None:
    told = {**msgspec.to_builtins(TOUGH_TAGS), "dot_x": "12 mm"}
    with pytest.raises(Malformed) as refused:
        read_stock(msgspec.json.encode(told))
    assert (refused.value.slug, refused.value.field) == ("stock_unreadable", "dot_x")
    assert web.in_words(refused.value) == "“Cap dot from the left of the label” has to be a number."


def test_a_key_that_stocks_do_not_have_is_refused() -> None:
    body = msgspec.json.decode(msgspec.json.encode(TOUGH_TAGS))
    with pytest.raises(Malformed, match="widht"):
        read_stock(msgspec.json.encode({**body, "widht": 3}))
