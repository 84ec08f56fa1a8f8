import msgspec
import pytest
from msgspec.structs import replace

from biobank.errors import Malformed, RuleBroken
from biobank.labels.layouts import (
    LAYOUTS,
    Area,
    Layout,
    Linear,
    Piece,
    Row,
    SymbolRule,
    Zone,
    check,
    layout,
    layout_for,
    layouts_for,
    read_layout,
)
from biobank.labels.shapes import Of, SymbolKind
from biobank.labels.stock import STOCKS, Shape, Stock

each_stock = pytest.mark.parametrize("stock", STOCKS.values(), ids=STOCKS.keys())
TUBE = LAYOUTS["specimen"]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_shipped_layout_passes_its_check_and_comes_back_from_json(layout: Layout) -> None:
    check(layout)
    assert read_layout(msgspec.json.encode(layout)) == layout


@each_stock
def test_a_stock_has_a_layout_for_everything_it_is_offered_for(stock: Stock) -> None:
    for of in Of:
        if stock.serves(of):
            assert of in layout_for(of, stock).of
            assert layout_for(of, stock) is layouts_for(of, stock)[0]


@pytest.mark.parametrize(
    ("stock", "of", "kind", "has_linear"),
    [
        ("herma-4100", Of.SPECIMEN, SymbolKind.QR, False),
        ("ol5400", Of.SPECIMEN, SymbolKind.DATA_MATRIX, False),
        ("ol32", Of.CAP, SymbolKind.DATA_MATRIX, False),
        ("roll-50x25", Of.BOX, SymbolKind.QR, True),
        ("roll-100x15", Of.RACK, SymbolKind.QR, True),
        ("roll-100x50", Of.FREEZER, SymbolKind.QR, True),
    ],
)
def test_small_labels_have_a_data_matrix_and_wide_ones_a_linear_code(
    stock: str, of: Of, kind: SymbolKind, *, has_linear: bool
) -> None:
    found = layout_for(of, STOCKS[stock])
    assert found.symbol is not None
    assert found.symbol.kind is kind
    assert (found.linear is not None) is has_linear


def test_a_stock_that_is_not_made_for_an_object_is_refused() -> None:
    with pytest.raises(RuleBroken) as refused:
        layout_for(Of.FREEZER, STOCKS["ol32"])
    assert refused.value.slug == "label_stock_unfit"
    assert "OL32" in str(refused.value)


def test_an_unknown_layout_is_refused_and_the_labs_own_is_found() -> None:
    with pytest.raises(RuleBroken) as refused:
        layout("poster")
    assert refused.value.slug == "layout_unknown"
    assert "specimen-micro" in str(refused.value)
    assert layout("ours", {"ours": TUBE}) is TUBE


def _zone(**changed: object) -> dict[str, object]:
    return {"zones": (replace(TUBE.zones[0], **changed),)}


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        ({"symbol": None}, "layout_zone_lost"),
        ({"symbol": SymbolRule(kind=SymbolKind.CODE_128)}, "layout_symbol_wrong"),
        ({"shape": Shape.ROUND}, "layout_shape_wrong"),
        ({"symbol": SymbolRule(beside=-1)}, "layout_size_wrong"),
        ({"symbol": SymbolRule(below=float("nan"))}, "layout_size_wrong"),
        ({"linear": Linear(1000)}, "layout_size_wrong"),
        ({"least_width": float("inf")}, "layout_size_wrong"),
        (_zone(rotation=45), "layout_size_wrong"),
        (_zone(rows=(Row((Piece("material"),), smallest=0.1),)), "layout_size_wrong"),
        (_zone(rows=(Row((Piece("material"),), largest=3, smallest=5),)), "layout_size_wrong"),
        (_zone(rows=(Row((Piece("__class__"),)),)), "layout_field_unknown"),
        (_zone(rows=(Row((Piece("name of the participant"),)),)), "layout_field_unknown"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(changed: dict[str, object], slug: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        check(replace(TUBE, **changed))
    assert refused.value.slug == slug
    assert str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"code": "x", "name": "x", "of": ["specimen"], "zones": [], "script": "1 + 1"}',
        '{"code": "x", "name": "x", "of": ["patient"], "zones": []}',
        '{"code": "x", "name": "x", "of": [], "zones": []}',
        "[" * 100_000,
    ],
)
def test_what_is_no_layout_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_layout(text)
    assert refused.value.slug == "layout_unreadable"
    assert len(str(refused.value)) < 300


def test_a_zone_holds_twelve_rows_at_most() -> None:
    row = Row((Piece("material"),))
    body = msgspec.json.encode(replace(TUBE, zones=(Zone(Area.BESIDE, (row,) * 13),)))
    with pytest.raises(Malformed):
        read_layout(body)
