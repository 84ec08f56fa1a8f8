from itertools import pairwise

import pytest

from biobank.errors import RuleBroken
from biobank.labels.stock import DOT, STOCKS, Stock, stock

each_stock = pytest.mark.parametrize("stock", STOCKS.values(), ids=STOCKS.keys())


@each_stock
def test_every_label_lies_on_its_page(stock: Stock) -> None:
    for index in range(stock.per_page):
        x, y = stock.corner(index)
        assert x >= 0
        assert y >= 0
        assert x + stock.width <= stock.page_width + 1e-9
        assert y + stock.height <= stock.page_height + 1e-9


@each_stock
def test_no_two_labels_overlap(stock: Stock) -> None:
    corners = [stock.corner(index) for index in range(stock.per_page)]
    for (x, y), (next_x, next_y) in pairwise(corners):
        beside = next_y == y and next_x >= x + stock.width - 1e-9
        below = next_x == stock.left and next_y >= y + stock.height - 1e-9
        assert beside or below


@each_stock
def test_modules_are_whole_dots_and_large_enough_to_scan(stock: Stock) -> None:
    assert stock.module >= 0.25
    assert stock.module / DOT == pytest.approx(round(stock.module / DOT))
    assert round(stock.module / DOT) >= 4


@pytest.mark.parametrize(
    ("code", "page", "per_page", "last_corner"),
    [
        ("herma-4100", (210, 297), 96, (202.48, 289.38)),
        ("avery-l4732", (210, 297), 80, (199.0, 283.4)),
        ("ttlw-2016", (215.9, 279.4), 85, (198.74, 269.85)),
        ("roll-33x13", (33, 13), 1, (33, 13)),
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


def test_an_unknown_stock_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RuleBroken) as refused:
        stock("avery-9999")
    assert refused.value.field == "stock"
    assert refused.value.slug == "stock_unknown"
    for code in STOCKS:
        assert code in str(refused.value)
