"""Layouts: which fields stand where on a label, declared as data; fitting finds the places and sizes.

A layout knows no sizes of stock: it says which symbol, how much room to leave beside and below it, and
what stands in the rows of each zone. There are no expressions in it.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import isfinite
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from biobank.errors import Malformed, RuleBroken
from biobank.labels.shapes import Of, SymbolKind
from biobank.labels.stock import Shape, Stock
from biobank.texts import N_

CODE = "code"
FIELDS = (
    CODE,
    "material",
    "event",
    "amount",
    "number",
    "participant",
    "study",
    "name",
    "kind",
    "site",
    "temperature",
    "text",
)
"""What may stand in a row: the code in groups, or a text of the face."""


class At(StrEnum):
    """Where the symbol stands: beside its texts, above them, or alone in the middle."""

    LEFT = "left"
    TOP = "top"
    CENTRE = "centre"


class Area(StrEnum):
    """The part of a label that a zone fills."""

    LABEL = "label"
    BESIDE = "beside"
    BELOW = "below"


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class _Declared(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything in a layout: immutable, and strict about its keys."""


class SymbolRule(_Declared):
    """Which symbol, and the room it leaves for texts beside and below it (mm); it takes all the rest."""

    kind: SymbolKind = SymbolKind.QR
    at: At = At.LEFT
    beside: float = 0.0
    below: float = 0.0


class Linear(_Declared):
    """A Code 128 of this height (mm): along the bottom, or at the right end."""

    height: float
    at_end: bool = False


class Piece(_Declared):
    """A field of the face."""

    field: str
    bold: bool = False


class Row(_Declared):
    """One text, or two at both ends of a row. Type in points; it may wrap into so many lines."""

    texts: Annotated[tuple[Piece, ...], Meta(min_length=1, max_length=2)]
    largest: float = 8.0
    smallest: float = 4.0
    lines: Annotated[int, Meta(ge=1, le=6)] = 1


class Inset(_Declared):
    """White kept inside a zone, in addition to the edge of the label (mm)."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


class Zone(_Declared):
    """Rows of text that share an area of the label; turned clockwise by `rotation` degrees."""

    area: Area
    rows: Annotated[tuple[Row, ...], Meta(min_length=1, max_length=12)]
    align: Align = Align.LEFT
    rotation: int = 0
    inset: Inset = Inset()


class Layout(_Declared):
    """A layout for labels of some objects, on stocks of one shape and from a least size (mm) on."""

    code: str
    name: str
    of: Annotated[tuple[Of, ...], Meta(min_length=1)]
    zones: Annotated[tuple[Zone, ...], Meta(max_length=6)]
    symbol: SymbolRule | None = SymbolRule()
    linear: Linear | None = None
    shape: Shape = Shape.RECT
    least_width: float = 5.0
    least_height: float = 5.0
    chinese: bool = False

    def fits(self, stock: Stock) -> bool:
        """Whether a stock has its shape and is large enough."""
        return (
            stock.shape is self.shape
            and stock.width - stock.tail >= self.least_width
            and stock.height >= self.least_height
        )


def _row(*fields: str, largest: float = 8.0, smallest: float = 4.0, lines: int = 1) -> Row:
    """A row of fields; a leading `*` sets one bold."""
    pieces = tuple(Piece(field.removeprefix("*"), bold=field.startswith("*")) for field in fields)
    return Row(pieces, largest, smallest, lines)


_ID = _row("*code", largest=11, smallest=5)
_ID_WRAPPED = _row("*code", largest=9, smallest=6, lines=3)
_ID_LARGE = _row("*code", largest=24, smallest=6)

_TUBE_ROWS = (
    _row("*material", lines=2),
    _row("event", "*number", lines=2),
    _row("amount", lines=2),
    _row("participant", lines=2),
)
_TUBE_LOW_ROWS = (_ID, _row("*material"), _row("event", "*number"), _row("amount", "participant"))
_TUBE_MICRO_ROWS = (_row("*material"), _row("event", "*number"), _row("amount", "participant"))

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
        "Tube, id below",
        (Of.SPECIMEN,),
        (_beside(*_TUBE_ROWS), _ID_BELOW),
        SymbolRule(beside=12, below=3),
        least_width=25,
        least_height=16.5,
    ),
    Layout(
        "specimen-low",
        "Tube, id beside",
        (Of.SPECIMEN,),
        (_beside(*_TUBE_LOW_ROWS),),
        SymbolRule(beside=16.5),
        least_width=28,
        least_height=11.5,
    ),
    Layout(
        "specimen-short",
        "Tube, id beside, Data Matrix",
        (Of.SPECIMEN,),
        (_beside(*_TUBE_LOW_ROWS),),
        SymbolRule(_DATA_MATRIX, beside=15),
        least_width=24,
        least_height=11.5,
    ),
    Layout(
        "specimen-micro",
        "Small tube, id beside in lines",
        (Of.SPECIMEN,),
        (_beside(_ID_WRAPPED, *_TUBE_MICRO_ROWS),),
        SymbolRule(_DATA_MATRIX, beside=8.5),
        least_width=17,
        least_height=8,
    ),
    Layout(
        "specimen-square",
        "Square, id below",
        (Of.SPECIMEN,),
        (Zone(Area.BELOW, (_row("*code", largest=9, smallest=4.5, lines=2),), Align.CENTRE),),
        SymbolRule(_DATA_MATRIX, At.TOP, below=2.5),
        least_width=12,
        least_height=12,
    ),
    Layout(
        "cap-large",
        "Large dot, id below",
        (Of.CAP,),
        (Zone(Area.BELOW, (_row("*code", largest=8, smallest=4),), Align.CENTRE),),
        SymbolRule(at=At.TOP, below=2),
        shape=Shape.ROUND,
        least_width=17,
        least_height=17,
    ),
    Layout(
        "cap",
        "Cap dot",
        (Of.CAP,),
        (),
        SymbolRule(_DATA_MATRIX, At.CENTRE),
        shape=Shape.ROUND,
        least_width=7.5,
        least_height=7.5,
    ),
    Layout(
        "place-large",
        "Freezer, rack or box, with linear code",
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
        "Freezer, rack or box, linear code at the end",
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
        "Rack or box",
        _PLACES,
        (_beside(_ID, *_PLACE_ROWS),),
        SymbolRule(beside=16.5),
        least_width=28,
        least_height=11.5,
        chinese=True,
    ),
    Layout(
        "plain-large",
        "Kit, badge, card or request, with linear code",
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
        "Kit, badge, card or request, id below",
        _OTHERS,
        (_beside(*_OTHER_ROWS), _ID_BELOW),
        SymbolRule(beside=12, below=3),
        least_width=25,
        least_height=16.5,
        chinese=True,
    ),
    Layout(
        "plain-low",
        "Kit, badge, card or request, id beside",
        _OTHERS,
        (_beside(_ID, *_OTHER_ROWS),),
        SymbolRule(beside=16.5),
        least_width=28,
        least_height=11.5,
        chinese=True,
    ),
    Layout(
        "plain-short",
        "Kit, badge, card or request, Data Matrix",
        _OTHERS,
        (_beside(_ID, *_OTHER_ROWS),),
        SymbolRule(_DATA_MATRIX, beside=15),
        least_width=24,
        least_height=8,
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
        raise RuleBroken(
            "label_stock_unfit",
            N_("%(stock)s is not made for such labels: choose another stock."),
            field="stock",
            stock=stock.name,
            of=of.value,
        )
    return fitting[0]


def read_layout(text: str | bytes) -> Layout:
    """A layout from its JSON, checked. Refused: what is no layout, unknown keys, what `check` refuses."""
    try:
        found = msgspec.json.decode(text, type=Layout)
    except msgspec.DecodeError as error:
        message = N_("This is no label layout: %(why)s.")
        raise Malformed("layout_unreadable", message, field="body", why=str(error)[:200]) from error
    check(found)
    return found


def check(layout: Layout) -> None:
    """Refused: fields there are not, sizes out of bounds, a zone beside a symbol that is not there."""
    _check_size("least_width", layout.least_width, 5, 500)
    _check_size("least_height", layout.least_height, 5, 500)
    if layout.symbol:
        _check_size("beside", layout.symbol.beside, 0, 500)
        _check_size("below", layout.symbol.below, 0, 500)
    if layout.linear:
        _check_size("height", layout.linear.height, 3, 50)
    for zone in layout.zones:
        _check_zone(zone, layout)


def _check_zone(zone: Zone, layout: Layout) -> None:
    if zone.area is not Area.LABEL and layout.symbol is None:
        message = N_("A zone stands %(area)s the symbol, but the layout has none.")
        raise RuleBroken("layout_zone_lost", message, field="zones", area=zone.area.value)
    if zone.rotation not in {0, 90, 180, 270}:
        _check_size("rotation", zone.rotation, 0, 0)
    for name in ("left", "top", "right", "bottom"):
        _check_size("inset", getattr(zone.inset, name), 0, 500)
    for row in zone.rows:
        _check_size("smallest", row.smallest, 3, 100)
        _check_size("largest", row.largest, row.smallest, 100)
        for piece in row.texts:
            if piece.field not in FIELDS:
                message = N_("There is no field “%(name)s”. Known are: %(known)s.")
                raise RuleBroken(
                    "layout_field_unknown",
                    message,
                    field="field",
                    name=piece.field[:40],
                    known=", ".join(FIELDS),
                )


def _check_size(field: str, value: float, least: float, most: float) -> None:
    if not (isfinite(value) and least <= value <= most):
        raise RuleBroken(
            "layout_size_wrong",
            N_("%(field)s of a layout has to be from %(least)s to %(most)s, and is %(value)s."),
            field=field,
            least=f"{least:g}",
            most=f"{most:g}",
            value=f"{value:g}",
        )
