"""Declared: what a layout may say: which symbol, and which fields stand in the rows of which zones.

A layout has no places: it says how much room to leave beside and below the symbol, and fitting finds the
places and the sizes on a stock. There are no expressions in it.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from biobank.errors import Malformed, RuleBroken
from biobank.labels.shapes import Of, SymbolKind
from biobank.labels.stock import Shape, Stock, require_named, shown
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


MODULE = 0.51
"""Half a millimetre, 6 dots of 300 dpi and 4 of 203: as large a module as helps at a hand's breadth."""


class SymbolRule(_Declared, frozen=True):
    """Which symbol, and the room it leaves for texts beside and below it (mm); it takes all the rest.

    Its modules grow to `module` (mm) and no further: what is scanned from farther away needs larger ones.
    """

    kind: SymbolKind = SymbolKind.QR
    at: At = At.LEFT
    beside: float = 0.0
    below: float = 0.0
    module: float = MODULE


class Linear(_Declared, frozen=True):
    """A Code 128 of this height (mm): along the bottom, or at the right end."""

    height: float
    at_end: bool = False


class Piece(_Declared, frozen=True):
    """A field of the face."""

    field: str
    bold: bool = False


class Row(_Declared, frozen=True):
    """One text, or two at both ends of a row. Type in points; it may wrap into so many lines."""

    texts: Annotated[tuple[Piece, ...], Meta(min_length=1, max_length=2)]
    largest: float = 8.0
    smallest: float = 4.0
    lines: Annotated[int, Meta(ge=1, le=6)] = 1


class Inset(_Declared, frozen=True):
    """White kept inside a zone, in addition to the edge of the label (mm)."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


class Zone(_Declared, frozen=True):
    """Rows of text that share an area of the label; turned clockwise by `rotation` degrees."""

    area: Area
    rows: Annotated[tuple[Row, ...], Meta(min_length=1, max_length=12)]
    align: Align = Align.LEFT
    rotation: int = 0
    inset: Inset = Inset()


class Layout(_Declared, frozen=True):
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


def read_layout(text: str | bytes) -> Layout:
    """A layout from its JSON, checked. Refused: what is no layout, unknown keys, what `check` refuses."""
    try:
        found = msgspec.json.decode(text, type=Layout)
    except (msgspec.DecodeError, RecursionError) as error:
        message = N_("This is no label layout: %(why)s.")
        raise Malformed("layout_unreadable", message, field="body", why=str(error)[:200]) from error
    check(found)
    return found


def check(layout: Layout) -> None:
    """Refused: fields there are not, sizes out of bounds, a zone beside a symbol that is not there."""
    require_named(layout.code, layout.name)
    _check_size("least_width", layout.least_width, 5, 500)
    _check_size("least_height", layout.least_height, 5, 500)
    if layout.symbol:
        if layout.symbol.kind is SymbolKind.CODE_128:
            message = N_(
                "The symbol of a layout is a QR code or a Data Matrix; a linear code stands beside it."
            )
            raise RuleBroken("layout_symbol_wrong", message, field="symbol")
        _check_size("beside", layout.symbol.beside, 0, 500)
        _check_size("below", layout.symbol.below, 0, 500)
        _check_size("module", layout.symbol.module, 0.25, 5)
    if layout.linear:
        _check_size("height", layout.linear.height, 3, 50)
    for zone in layout.zones:
        _check_zone(zone, layout)
    beside = any(zone.area is Area.BESIDE for zone in layout.zones)
    leans = layout.symbol is not None and layout.symbol.at is At.LEFT
    if layout.shape is Shape.ROUND and (beside or leans or layout.linear):
        message = N_("A round label has its symbol in the middle or at the top, and texts below it.")
        raise RuleBroken("layout_shape_wrong", message, field="shape")


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
    if not least <= value <= most:  # nor is what is no number
        raise RuleBroken(
            "layout_size_wrong",
            N_("%(setting)s of a layout has to be from %(least)s to %(most)s, and is %(value)s."),
            field=field,
            setting=field,
            least=f"{least:g}",
            most=f"{most:g}",
            value=shown(value),
        )
