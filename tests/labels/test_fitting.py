from functools import partial
from math import hypot, pi

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from biobank.errors import RuleBroken
from biobank.labels.declared import MODULE
from biobank.labels.fitting import ADVISED, FLOOR, SMALL_MODULES, Arranging, quiet
from biobank.labels.fonts import drawable, width
from biobank.labels.layouts import (
    LAYOUTS,
    Align,
    Area,
    Inset,
    Layout,
    Piece,
    Row,
    SymbolRule,
    Zone,
    layout_for,
    layouts_for,
)
from biobank.labels.shapes import POINT, Arranged, Box, Face, Font, Line, Of, SymbolKind
from biobank.labels.stock import STOCKS, Shape, Stock
from tests.effort import takes_less
from tests.labels.paper import SAID, codes, tube

CODE = "SM9S346Q35"
MADE = [(stock, of) for stock in STOCKS.values() for of in Of if stock.serves(of)]
each_object = pytest.mark.parametrize("of", Of)
each_tube = pytest.mark.parametrize(
    "stock", [STOCKS[code] for code in ("herma-4100", "ttlw-2016", "roll-25x13", "ac-450", "avery-l4730")]
)
TUBES = STOCKS["ttlw-2016"]
HIGHEST, DEEPEST = 0.94, 0.23
"""How far the signs of Helvetica reach above and below the baseline (em): a ring, a cedilla."""


def label(stock: Stock, of: Of = Of.SPECIMEN, dpi: int = 300, **fields: str) -> Arranged:
    return Arranging(layout_for(of, stock), stock, dpi).arranged(Face(CODE, of, fields or SAID[of]))


def ink(line: Line) -> Box:
    """Where a line may have ink: as wide as its text, as high as the font's capitals."""
    em = line.size * POINT
    long, up = width(line.text, line.font) * em, 0.72 * em
    x, y = line.x, line.baseline
    return {
        0: Box(x, y - up, long, up),
        90: Box(x, y, up, long),
        180: Box(x - long, y, long, up),
        270: Box(x - up, y - long, up, long),
    }[line.rotation]


def overlap(one: Box, other: Box) -> bool:
    slack = 0.001
    across = one.x < other.right - slack and other.x < one.right - slack
    return across and one.y < other.bottom - slack and other.y < one.bottom - slack


def is_clear(made: Arranged, stock: Stock) -> bool:
    """Whether all stands on the label, texts apart from each other, the edge and the quiet zones."""
    inks = [ink(line) for line in made.lines]
    zones = [quiet(symbol) for symbol in made.symbols]
    apart = not any(overlap(one, other) for at, one in enumerate(inks) for other in [*inks[:at], *zones])
    edge = 0.5
    inside = all(
        edge <= box.x
        and edge <= box.y
        and box.right <= stock.width - stock.tail - edge
        and box.bottom <= stock.height - edge
        for box in inks
    )
    return apart and inside and not any(overlap(a, b) for at, a in enumerate(zones) for b in zones[:at])


def shown(made: Arranged) -> str:
    return "".join(line.text for line in made.lines).replace(" ", "")


@each_object
@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_a_label_is_clear_and_its_modules_are_whole_dots_over_the_floor(of: Of, dpi: int) -> None:
    for stock in (stock for stock in STOCKS.values() if stock.serves(of)):
        made = label(stock, of, dpi)
        rule = layout_for(of, stock).symbol
        assert is_clear(made, stock), stock.code
        assert (made.width, made.height, made.dpi) == (stock.reach, stock.height, dpi)
        for symbol in made.symbols:
            for length in (symbol.module, symbol.box.x, symbol.box.y):
                assert length / made.dot == pytest.approx(round(length / made.dot), abs=1e-6)
            assert FLOOR <= symbol.module <= (rule.module if rule else MODULE)
            zone = quiet(symbol)
            assert min(zone.x, zone.y) >= 0
            assert zone.right <= stock.reach
            assert zone.bottom <= stock.height
            if stock.tube:
                assert symbol.box.width <= pi * stock.tube / 3


@each_object
def test_everything_a_label_says_is_on_it(of: Of) -> None:
    for stock in (stock for stock in STOCKS.values() if stock.serves(of)):
        made = label(stock, of)
        layout = layout_for(of, stock)
        fields = {piece.field for zone in layout.zones for row in zone.rows for piece in row.texts}
        for field, text in SAID[of].items():
            if field in fields:
                assert text.replace(" ", "") in shown(made)
        if "code" in fields:
            assert CODE in shown(made)
        assert all(symbol.code == CODE for symbol in made.symbols)


@pytest.mark.parametrize(
    ("stock", "dpi", "module"),
    [
        ("herma-4100", 300, 5),
        ("ttlw-2016", 300, 4),
        ("ttlw-2016", 203, 3),
        ("ttlw-2016", 600, 9),
        ("roll-100x50", 300, 6),
    ],
)
def test_a_symbol_is_as_large_as_there_is_room_for(stock: str, dpi: int, module: int) -> None:
    of = STOCKS[stock].uses[0]
    symbol = label(STOCKS[stock], of, dpi).symbols[0]
    assert symbol.kind is SymbolKind.QR
    assert symbol.module / 25.4 * dpi == pytest.approx(module)


@pytest.mark.parametrize(("dot", "dpi"), [(9.5, 203), (9.5, 300), (9.5, 600), (11, 300)])
def test_a_cap_dot_holds_a_data_matrix_with_its_quiet_zone(dot: float, dpi: int) -> None:
    code = "roll-cap-9" if dot == 9.5 else "roll-cap-11"
    (symbol,) = label(STOCKS[code], Of.CAP, dpi).symbols
    zone = quiet(symbol)
    assert symbol.kind is SymbolKind.DATA_MATRIX
    for x in (zone.x, zone.right):
        for y in (zone.y, zone.bottom):
            assert hypot(x - dot / 2, y - dot / 2) <= dot / 2 - 0.3


def test_a_label_with_a_dot_beside_it_has_its_code_on_both() -> None:
    stock = STOCKS["roll-33x13-cap-9"]
    first, second = label(stock).symbols
    assert (first.kind, second.kind) == (SymbolKind.QR, SymbolKind.DATA_MATRIX)
    assert first.box.right < stock.width < stock.dot_x < second.box.x
    assert first.code == second.code == CODE


def test_a_linear_code_stands_only_where_a_label_is_fifty_wide() -> None:
    for stock, of in MADE:
        made = label(stock, of)
        if any(symbol.kind is SymbolKind.CODE_128 for symbol in made.symbols):
            assert stock.width >= 50


def test_small_modules_are_warned_of_with_what_to_do_and_large_ones_not() -> None:
    square = LAYOUTS["specimen-low"]
    small = Arranging(replace(square, symbol=SymbolRule(beside=22.5)), TUBES, 300).arranged(tube(CODE))
    assert small.symbols[0].module < ADVISED
    assert small.warnings == (SMALL_MODULES,)
    assert "Data Matrix" in SMALL_MODULES
    assert label(TUBES).warnings == ()
    assert label(STOCKS["roll-50x25"], Of.BOX).warnings == ()


@pytest.mark.parametrize(
    ("stock", "dpi"),
    [(replace(TUBES, height=7.0), 300), (TUBES, 60), (replace(STOCKS["roll-cap-9"], width=5, height=5), 300)],
)
def test_a_stock_without_room_for_the_symbol_is_refused_with_the_remedy(stock: Stock, dpi: int) -> None:
    layout = LAYOUTS["cap" if stock.shape is Shape.ROUND else "specimen-low"]
    with pytest.raises(RuleBroken) as refused:
        Arranging(layout, stock, dpi)
    assert refused.value.slug == "label_symbol_unfit"
    assert "larger stock" in str(refused.value)


def test_a_zone_on_the_symbol_is_refused_and_one_beside_it_by_its_inset_is_not() -> None:
    zone = Zone(Area.LABEL, (Row((Piece("material"),)),))
    over = replace(LAYOUTS["specimen-low"], zones=(zone,))
    with pytest.raises(RuleBroken) as refused:
        Arranging(over, TUBES, 300)
    assert refused.value.slug == "layout_zone_overlaps"
    twice = replace(LAYOUTS["specimen-low"], zones=(LAYOUTS["specimen-low"].zones[0],) * 2)
    with pytest.raises(RuleBroken) as refused:
        Arranging(twice, TUBES, 300)
    assert refused.value.slug == "layout_zone_overlaps"
    clear = replace(over, zones=(replace(zone, inset=Inset(left=12)),))
    assert is_clear(Arranging(clear, TUBES, 300).arranged(tube(CODE, "RNA")), TUBES)


@each_tube
def test_the_id_is_whole_on_every_tube_and_six_points_where_there_is_room(stock: Stock) -> None:
    arranging = Arranging(layout_for(Of.SPECIMEN, stock), stock, 300)
    for code in [*codes(200), "SWWWWWWWWW"]:
        made = arranging.arranged(Face(code, Of.SPECIMEN, SAID[Of.SPECIMEN]))
        assert code in shown(made)
        assert is_clear(made, stock)
        if stock.width >= 25 and code != "SWWWWWWWWW":
            assert made.lines[-1].size >= 5.75


@each_tube
def test_a_long_text_shrinks_then_wraps_then_is_refused_and_never_cut(stock: Stock) -> None:
    seen: list[tuple[float, int]] = []
    refusals: list[RuleBroken] = []
    arranging = Arranging(layout_for(Of.SPECIMEN, stock), stock, 300)
    for words in range(1, 12):
        material = " ".join(["plasma"] * words)
        try:
            made = arranging.arranged(tube(CODE, material))
        except RuleBroken as refused:
            refusals.append(refused)
            seen.append((0.0, 0))
            continue
        lines = [line for line in made.lines if line.text.startswith("plasma")]
        assert " ".join(line.text for line in lines) == material
        assert all(line.size >= 4 for line in lines)
        assert is_clear(made, stock)
        seen.append((lines[0].size, len(lines)))
    assert {(each.slug, each.facts["name"], each.facts["code"]) for each in refusals} == {
        ("label_text_unfit", "material", CODE)
    }
    counts = [count for _size, count in seen]
    assert counts[0] == 1
    assert 2 in counts
    assert counts[-1] == 0
    first_of_two = counts.index(2)
    assert all(size >= 4 for size, _count in seen[:first_of_two])
    assert seen[0][0] > seen[first_of_two - 1][0] or first_of_two == 1


def test_two_texts_too_wide_for_one_row_stand_in_two() -> None:
    made = label(TUBES, event="SURGERY AND SIX MONTHS", number="2/8 and more", material="RNA")
    event, number = (next(line for line in made.lines if line.text.startswith(s)) for s in ("SURG", "2/8"))
    assert number.baseline > event.baseline
    assert is_clear(made, TUBES)


def test_a_word_that_cannot_be_broken_is_refused_whole() -> None:
    with pytest.raises(RuleBroken) as refused:
        label(TUBES, material="W" * 60)
    assert refused.value.slug == "label_text_unfit"


@pytest.mark.parametrize(
    "text", ["W" * 80_000, "i " * 500_000, "\u8840" * 1_000_000, "-" * 401, "\x00\u202e" * 400_000]
)
@pytest.mark.parametrize("of", [Of.SPECIMEN, Of.BADGE])
def test_a_text_without_end_is_refused_at_once(of: Of, text: str) -> None:
    arranging = Arranging(layout_for(of, TUBES), TUBES, 300)
    said: list[RuleBroken] = []

    def refuse() -> None:
        with pytest.raises(RuleBroken) as refused:
            arranging.arranged(Face(CODE, of, {"material": text, "name": text}))
        said.append(refused.value)

    assert takes_less(refuse, 0.2)
    assert {each.slug for each in said} == {"label_text_unfit"}
    assert max(len(str(each)) for each in said) < 300


def test_the_longest_text_that_is_measured_takes_no_time_to_speak_of() -> None:
    for text in ("a " * 200, "W" * 400, "\u8840" * 400, "a-" * 200):
        too_long = partial(label, TUBES, Of.BADGE, name=text)
        assert takes_less(partial(pytest.raises, RuleBroken, too_long), 1)


@pytest.mark.parametrize("code", ["", "SM9S346Q3", "sm9s346q35", "SM9S 346Q 35", "S" * 10_000, "\u8840" * 10])
def test_a_code_that_is_no_id_is_refused(code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        Arranging(layout_for(Of.SPECIMEN, TUBES), TUBES, 300).arranged(tube(code, "RNA"))
    assert refused.value.slug == "label_code_unfit"
    assert len(str(refused.value)) < 200


def test_empty_texts_take_no_room() -> None:
    few = label(TUBES, material="RNA", event=" \n", amount="")
    assert [line.text for line in few.lines] == ["RNA", "SM9S 346Q 35"]
    assert few.lines[0].size > label(TUBES).lines[0].size


def test_tubes_stay_latin_and_boxes_may_be_chinese() -> None:
    assert {line.font for line in label(TUBES, material="\u8840\u6d46 plasma").lines} == {Font.BOLD}
    assert label(TUBES, material="\u8840\u6d46 plasma").lines[0].text == "?? plasma"
    box = label(STOCKS["roll-50x25"], Of.BOX, name="\u8840\u6d46 plasma", site="Leuven")
    assert {line.text: line.font for line in box.lines} == {
        "\u8840\u6d46 plasma": Font.CHINESE,
        "Leuven": Font.REGULAR,
        "SM9S 346Q 35": Font.BOLD,
    }


def test_chinese_breaks_between_any_two_signs() -> None:
    made = label(STOCKS["roll-33x13"], Of.BADGE, name="\u8840\u6d46\u4e0e\u7ec4\u7ec7" * 5)
    lines = [line for line in made.lines if line.font is Font.CHINESE]
    assert len(lines) > 1
    assert "".join(line.text for line in lines) == "\u8840\u6d46\u4e0e\u7ec4\u7ec7" * 5
    assert is_clear(made, STOCKS["roll-33x13"])


def test_the_clear_end_of_a_label_is_never_printed() -> None:
    stock = replace(STOCKS["roll-33x13"], width=60.0, page_width=60.0, tail=27.0)
    made = label(stock)
    assert is_clear(made, stock)
    assert made.lines == label(STOCKS["roll-33x13"]).lines


def test_a_square_layout_is_refused_on_a_round_label() -> None:
    with pytest.raises(RuleBroken) as refused:
        Arranging(LAYOUTS["specimen-low"], STOCKS["ol32"], 300)
    assert refused.value.slug == "label_stock_unfit"


@each_object
def test_every_layout_that_suits_a_stock_can_be_chosen_for_it(of: Of) -> None:
    for stock in (stock for stock in STOCKS.values() if stock.serves(of)):
        for layout in layouts_for(of, stock):
            made = Arranging(layout, stock, 300).arranged(Face(CODE, of, SAID[of]))
            assert is_clear(made, stock), (stock.code, layout.code)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("align", list(Align))
def test_a_turned_zone_stays_within_its_place(rotation: int, align: Align) -> None:
    rows = (Row((Piece("material", bold=True),), lines=2), Row((Piece("event"), Piece("number"))))
    zones = (Zone(Area.BESIDE, (Row((Piece("code"),), lines=3), *rows), align, rotation),)
    turned = Layout("turned", "Turned", (Of.SPECIMEN,), zones)
    stock = STOCKS["roll-33x13"]
    made = Arranging(turned, stock, 300).arranged(tube(CODE, "plasma", event="V03", number="2/8"))
    assert is_clear(made, stock)
    assert {line.rotation for line in made.lines} == {rotation}
    assert CODE in shown(made)


def test_a_kits_sheet_gives_each_object_its_own_layout() -> None:
    stock = STOCKS["herma-4100"]
    arranging = Arranging(layout_for(Of.KIT, stock), stock, 300)
    own = arranging.arranged(Face(CODE, Of.KIT, SAID[Of.KIT]))
    tubes = arranging.arranged(Face(CODE, Of.SPECIMEN, SAID[Of.SPECIMEN]))
    assert "Kit" in shown(own)
    assert tubes == label(stock)


def test_labels_with_the_same_texts_share_their_wording_and_only_those() -> None:
    arranging = Arranging(layout_for(Of.SPECIMEN, TUBES), TUBES, 300)
    first, second = (tube(code, "RNA", event="V01") for code in codes(2))
    assert arranging.wording(first) is arranging.wording(second)
    assert arranging.wording(first) is not arranging.wording(tube(CODE, "RNA", event="V02"))


words = (
    st.text(max_size=40) | st.text("Wi(\\%<\u00c5j -/", max_size=60) | st.text("\u8840\u6d46a ", max_size=30)
)


@pytest.mark.parametrize(
    ("stock", "of"),
    [
        ("herma-4100", Of.SPECIMEN),
        ("avery-l4730", Of.SPECIMEN),
        ("ttlw-2016", Of.KIT),
        ("roll-50x25", Of.BOX),
    ],
)
@given(
    texts=st.fixed_dictionaries({}, optional=dict.fromkeys(("material", "event", "name", "number"), words))
)
@settings(max_examples=40, deadline=None)
def test_whatever_is_written_is_refused_or_stands_whole_and_clear(
    stock: str, of: Of, texts: dict[str, str]
) -> None:
    paper = STOCKS[stock]
    layout = layout_for(of, paper)
    try:
        made = Arranging(layout, paper, 300).arranged(Face(CODE, of, texts))
    except RuleBroken as refused:
        assert refused.slug == "label_text_unfit"  # noqa: PT017 (a refusal is one of the outcomes)
        return
    assert is_clear(made, paper)
    fields = {piece.field for zone in layout.zones for row in zone.rows for piece in row.texts}
    for field in fields & texts.keys():
        drawn = [drawable(texts[field], font).replace(" ", "") for font in (Font.REGULAR, Font.CHINESE)]
        assert any(each in shown(made) for each in drawn)
