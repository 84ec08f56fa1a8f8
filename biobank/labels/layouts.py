"""Layouts: those that ship, for every object that has labels, from roomy stock to the smallest."""

from collections.abc import Mapping

from biobank.errors import RuleBroken
from biobank.labels.declared import (
    CODE,
    Align,
    Area,
    At,
    Inset,
    Layout,
    Linear,
    Piece,
    Row,
    SymbolRule,
    Zone,
    check,
    read_layout,
)
from biobank.labels.shapes import Of, SymbolKind
from biobank.labels.stock import Shape, Stock
from biobank.texts import N_

__all__ = [
    "CODE",
    "LAYOUTS",
    "Align",
    "Area",
    "At",
    "Inset",
    "Layout",
    "Linear",
    "Piece",
    "Row",
    "SymbolRule",
    "Zone",
    "check",
    "layout",
    "layout_for",
    "layouts_for",
    "no_layout",
    "read_layout",
]


def _row(*fields: str, largest: float = 8.0, smallest: float = 4.0, lines: int = 1) -> Row:
    """A row of fields; a leading `*` sets one bold."""
    pieces = tuple(Piece(field.removeprefix("*"), bold=field.startswith("*")) for field in fields)
    return Row(pieces, largest, smallest, lines)


_ID = _row("*code", largest=11, smallest=5)
_ID_PARTED = _row("*code", largest=9, smallest=5, lines=2)
_ID_LARGE = _row("*code", largest=24, smallest=6)

_TUBE_ROWS = (
    _row("*material", lines=2),
    _row("event", "*number", lines=2),
    _row("amount", lines=2),
    _row("participant", lines=2),
)
_TUBE_LOW_ROWS = (
    _ID,
    _row("*material", lines=2),
    _row("event", "*number", lines=2),
    _row("amount", "participant", lines=2),
)
_TUBE_NARROW_ROWS = (
    _ID_PARTED,
    _row("*material", lines=2),
    _row("event", lines=2),
    _row("amount", "*number", lines=2),
    _row("participant", lines=2),
)
_TUBE_MICRO_ROWS = (_ID_PARTED, _row("*material", lines=2), _row("event", "*number", lines=2))

_OTHER_ROWS = (
    _row("*kind", "*number", lines=2),
    _row("*name", lines=3),
    _row("text", lines=3),
    _row("event", lines=2),
    _row("participant", lines=2),
    _row("study", "site", lines=2),
)
_PLACE_ROWS = (
    _row("*name", largest=30, smallest=6, lines=2),
    _row("kind", "temperature", largest=14, smallest=5),
    _row("study", "site", largest=12, smallest=5),
    _row("text", largest=12, smallest=5, lines=2),
)
_PLACES = (Of.BOX, Of.RACK, Of.FREEZER)
_OTHERS = (Of.KIT, Of.BADGE, Of.CARD, Of.REQUEST)
_DATA_MATRIX = SymbolKind.DATA_MATRIX


def _beside(*rows: Row) -> Zone:
    return Zone(Area.BESIDE, rows)


_ID_BELOW = Zone(Area.BELOW, (_ID,))

_ALL = (
    Layout(
        "specimen",
        N_("Tube, id below"),
        (Of.SPECIMEN,),
        (_beside(*_TUBE_ROWS), _ID_BELOW),
        SymbolRule(beside=12, below=3),
        least_width=25,
        least_height=16.5,
    ),
    Layout(
        "specimen-low",
        N_("Tube, id beside"),
        (Of.SPECIMEN,),
        (_beside(*_TUBE_LOW_ROWS),),
        SymbolRule(beside=16),
        least_width=28,
        least_height=11.5,
    ),
    Layout(
        "specimen-short",
        N_("Tube, id beside a Data Matrix"),
        (Of.SPECIMEN,),
        (_beside(*_TUBE_LOW_ROWS),),
        SymbolRule(_DATA_MATRIX, beside=16.6),
        least_width=24,
        least_height=8.5,
    ),
    Layout(
        "specimen-tall",
        N_("Square, everything below"),
        (Of.SPECIMEN,),
        (
            _beside(_row("*number"), _row("amount", lines=2)),
            Zone(Area.BELOW, (_ID, _row("*material", lines=2), _row("event"), _row("participant"))),
        ),
        SymbolRule(_DATA_MATRIX, beside=7, below=7.5),
        least_width=16,
        least_height=16,
    ),
    Layout(
        "specimen-narrow",
        N_("Narrow tube, id in two lines"),
        (Of.SPECIMEN,),
        (_beside(*_TUBE_NARROW_ROWS),),
        SymbolRule(_DATA_MATRIX, beside=10),
        least_width=17,
        least_height=11.5,
    ),
    Layout(
        "specimen-micro",
        N_("Small tube, id in two lines; no amount, no participant"),
        (Of.SPECIMEN,),
        (_beside(*_TUBE_MICRO_ROWS),),
        SymbolRule(_DATA_MATRIX, beside=10),
        least_width=17,
        least_height=8.5,
    ),
    Layout(
        "specimen-square",
        N_("Square, id below"),
        (Of.SPECIMEN,),
        (Zone(Area.BELOW, (_row("*code", largest=9, smallest=4.5, lines=2),), Align.CENTRE),),
        SymbolRule(_DATA_MATRIX, At.TOP, below=2.5),
        least_width=12,
        least_height=12,
    ),
    Layout(
        "specimen-along",
        N_("Tube, texts along its axis"),
        (Of.SPECIMEN,),
        (Zone(Area.BESIDE, _TUBE_NARROW_ROWS, rotation=90),),
        SymbolRule(beside=17),
        least_width=28,
        least_height=11.5,
    ),
    Layout(
        "cap-large",
        N_("Large dot, id below"),
        (Of.CAP,),
        (Zone(Area.BELOW, (_row("*code", largest=8, smallest=4),), Align.CENTRE),),
        SymbolRule(at=At.TOP, below=3),
        shape=Shape.ROUND,
        least_width=17,
        least_height=17,
    ),
    Layout(
        "cap",
        N_("Cap dot"),
        (Of.CAP,),
        (),
        SymbolRule(_DATA_MATRIX, At.CENTRE),
        shape=Shape.ROUND,
        least_width=7.5,
        least_height=7.5,
    ),
    Layout(
        "door",
        N_("Freezer door read from a step away"),
        (Of.FREEZER,),
        (_beside(_ID_LARGE, *_PLACE_ROWS),),
        SymbolRule(beside=45, module=1.2),
        Linear(8),
        least_width=90,
        least_height=45,
        chinese=True,
    ),
    Layout(
        "place-large",
        N_("Freezer, rack or box with a linear code"),
        _PLACES,
        (_beside(_ID_LARGE, *_PLACE_ROWS),),
        SymbolRule(beside=25),
        Linear(7),
        least_width=50,
        least_height=20,
        chinese=True,
    ),
    Layout(
        "place-long",
        N_("Freezer, rack or box with a linear code at the end"),
        _PLACES,
        (_beside(_ID_LARGE, *_PLACE_ROWS),),
        SymbolRule(beside=25),
        Linear(9, at_end=True),
        least_width=90,
        least_height=11.5,
        chinese=True,
    ),
    Layout(
        "place",
        N_("Rack or box"),
        _PLACES,
        (_beside(_ID, *_PLACE_ROWS),),
        SymbolRule(beside=16),
        least_width=28,
        least_height=11.5,
        chinese=True,
    ),
    Layout(
        "plain-large",
        N_("Kit, badge, card or request with a linear code"),
        _OTHERS,
        (_beside(_ID_LARGE, *_OTHER_ROWS),),
        SymbolRule(beside=25),
        Linear(7),
        least_width=50,
        least_height=20,
        chinese=True,
    ),
    Layout(
        "plain",
        N_("Kit, badge, card or request, id below"),
        _OTHERS,
        (_beside(*_OTHER_ROWS), _ID_BELOW),
        SymbolRule(beside=12, below=3),
        least_width=25,
        least_height=16.5,
        chinese=True,
    ),
    Layout(
        "plain-low",
        N_("Kit, badge, card or request, id beside"),
        _OTHERS,
        (_beside(_ID, *_OTHER_ROWS),),
        SymbolRule(beside=16),
        least_width=28,
        least_height=11.5,
        chinese=True,
    ),
    Layout(
        "plain-short",
        N_("Kit, badge, card or request, Data Matrix"),
        _OTHERS,
        (_beside(_ID, *_OTHER_ROWS),),
        SymbolRule(_DATA_MATRIX, beside=16.6),
        least_width=24,
        least_height=8.5,
        chinese=True,
    ),
)

LAYOUTS: Mapping[str, Layout] = {each.code: each for each in _ALL}
"""The layouts that ship, by code, for each object from the roomiest to the smallest."""


def layout(code: str, own: Mapping[str, Layout] | None = None) -> Layout:
    """The layout of that code, the lab's own or a shipped one; refused with the known codes otherwise."""
    found = (own or {}).get(code) or LAYOUTS.get(code)
    if found is None:
        raise RuleBroken(
            "layout_unknown",
            N_("There is no label layout “%(code)s”. Known are: %(known)s."),
            field="layout",
            code=code[:40],
            known=", ".join([*(own or {}), *LAYOUTS]),
        )
    return found


def layouts_for(of: Of, stock: Stock) -> list[Layout]:
    """The shipped layouts that suit the object and the stock, the roomiest first."""
    return [each for each in LAYOUTS.values() if of in each.of and each.fits(stock)]


def layout_for(of: Of, stock: Stock) -> Layout:
    """The shipped layout that makes most of a stock. Refused: a stock that has none for such an object."""
    fitting = layouts_for(of, stock)
    if not fitting:
        raise no_layout(stock)
    return fitting[0]


def no_layout(stock: Stock) -> RuleBroken:
    """The refusal of a stock for labels that have no place on it."""
    return RuleBroken(
        "label_stock_unfit",
        N_("%(stock)s is not made for such labels: choose another stock."),
        field="stock",
        stock=stock.name,
    )
