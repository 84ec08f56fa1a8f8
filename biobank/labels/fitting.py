"""Fitting: the one place that decides what fits, from a layout, a stock, a printer's dots and a face.

Symbols stand on whole dots and their modules are whole dots, as large as there is room for. Texts keep
clear of the edge and of every quiet zone; what cannot is a refusal, never a text cut short.
"""

from collections.abc import Mapping
from math import ceil, floor, hypot, pi, sqrt

from msgspec import Struct

from biobank.errors import RuleBroken
from biobank.labels import symbols
from biobank.labels.declared import CODE, MODULE, Area, At, Layout, SymbolRule, Zone
from biobank.labels.layouts import layout_for, no_layout
from biobank.labels.shapes import INCH, Arranged, Box, Face, Line, Of, Symbol, SymbolKind
from biobank.labels.stock import Shape, Stock
from biobank.labels.wording import Frame, Room, Unfit, coded, worded
from biobank.texts import N_

FLOOR = 0.25
"""The least module (mm): scanners resolve 0.1 to 0.25 mm."""

ADVISED = 0.33
"""Below this (mm) a module is allowed and warned of; it is four dots of 300 dpi."""

EDGE = 0.9
"""Text keeps this clear of the die cut (mm): sheets shift in printers."""

QUIET_EDGE = 0.4
GAP = 0.25
"""Between the quiet zone and the texts (mm)."""

SMALL_MODULES = N_(
    "The dots of the symbol are smaller than 0.33 mm and may not read through frost: a larger label or a "
    "finer printer makes them larger, and so does a layout with a Data Matrix."
)

MOST_KNOWN = 4096
"""So many different texts are kept ready; a job of more begins again."""


class Wording(Struct, frozen=True):
    """What labels with the same texts share: their lines, and the rooms that their codes will stand in."""

    lines: tuple[Line, ...]
    rooms: tuple[Room, ...]


class Arranging:
    """A layout on a stock for a printer: everything that labels have in common is worked out once.

    Refused: a stock that leaves no room for the symbol (`label_symbol_unfit`), zones of a layout that lie
    on each other or in a symbol's quiet zone (`layout_zone_overlaps`), a round layout on square stock.
    """

    def __init__(self, layout: Layout, stock: Stock, dpi: int) -> None:
        if layout.shape is not stock.shape:
            raise no_layout(stock)
        self.layout = layout
        self.stock = stock
        self.dpi = dpi
        self.width = stock.width - stock.tail
        self.right, self.bottom = self.width, stock.height
        self.linear = self._linear()
        if self.linear and layout.linear:
            taken = quiet(self.linear)
            self.right, self.bottom = (
                (taken.x, self.bottom) if layout.linear.at_end else (self.right, taken.y)
            )
        self.symbol = self._symbol(layout.symbol) if layout.symbol else None
        self.symbols = tuple(each for each in (self.symbol, self.linear, self._cap()) if each)
        self.frames = tuple(Frame(self._area(zone), zone.rotation) for zone in layout.zones)
        self._require_apart()
        self.warnings = (SMALL_MODULES,) if any(_is_small(each) for each in self.symbols) else ()
        self.fields = tuple(
            dict.fromkeys(
                piece.field
                for zone in layout.zones
                for row in zone.rows
                for piece in row.texts
                if piece.field != CODE
            )
        )
        self._known: dict[tuple[str, ...], Wording] = {}
        self._others: dict[Of, Arranging] = {}

    def serving(self, of: Of) -> "Arranging":
        """The arranging of labels of these: itself or, where its layout is not for them, a shipped one's.

        A kit's sheet has labels of tubes on it.

        Refused: a stock that is too small for such labels.
        """
        if of in self.layout.of:
            return self
        if of not in self._others:
            self._others[of] = Arranging(layout_for(of, self.stock), self.stock, self.dpi)
        return self._others[of]

    def arranged(self, face: Face) -> Arranged:
        """One label. Refused: a code that symbols do not hold, and a text that does not fit."""
        if face.of not in self.layout.of:
            return self.serving(face.of).arranged(face)
        wording = self.wording(face)
        return Arranged(
            face.code,
            self.stock.reach,
            self.stock.height,
            self.dpi,
            tuple(_with_code(each, face.code) for each in self.symbols),
            (*wording.lines, *(line for room in wording.rooms for line in coded(face.code, room))),
            self.warnings,
        )

    def wording(self, face: Face) -> Wording:
        """The lines of a face but for its code; the same object for the same texts."""
        if not symbols.fits(face.code):
            raise RuleBroken(
                "label_code_unfit",
                N_("“%(code)s” cannot be printed: a label's code has ten digits and capital letters."),
                field="codes",
                code=face.code[:40],
            )
        fields = face.fields
        texts = tuple([fields.get(name, "") for name in self.fields])
        known = self._known.get(texts)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[texts] = self._worded(face, dict(zip(self.fields, texts, strict=True)))
        return known

    def _worded(self, face: Face, texts: Mapping[str, str]) -> Wording:
        lines: list[Line] = []
        rooms: list[Room] = []
        try:
            for zone, frame in zip(self.layout.zones, self.frames, strict=True):
                more, codes = worded(zone.rows, texts, frame, zone.align, chinese=self.layout.chinese)
                lines += more
                rooms += codes
        except Unfit as unfit:
            message = N_(
                "Label %(code)s: “%(text)s” (%(name)s) does not fit on %(stock)s. Shorten the text, or "
                "choose a larger stock or another layout."
            )
            raise RuleBroken(
                "label_text_unfit",
                message,
                field="stock",
                code=face.code,
                name=unfit.field,
                text=unfit.text[:40],
                stock=self.stock.name,
            ) from None
        return Wording(tuple(lines), tuple(rooms))

    def _symbol(self, rule: SymbolRule) -> Symbol:
        """The largest symbol that leaves the room its layout asks for."""
        for module in self._modules(rule.module):
            side = (symbols.size(rule.kind)[0] + 2 * symbols.quiet(rule.kind)) * module
            if self._has_room(rule, side) and self._on_tube(symbols.size(rule.kind)[0] * module):
                return self._placed(rule, module)
        raise self._unfit()

    def _modules(self, largest: float = MODULE) -> list[float]:
        """Modules of whole dots (mm), the largest first."""
        dot = INCH / self.dpi
        return [dots * dot for dots in range(floor(largest / dot), ceil(FLOOR / dot - 1e-6) - 1, -1)]

    def _on_tube(self, side: float) -> bool:
        """A scanner sees about a third of a tube's circumference."""
        return not self.stock.tube or side <= pi * self.stock.tube / 3

    def _has_room(self, rule: SymbolRule, side: float) -> bool:
        """Whether a symbol with its quiet zone leaves enough beside and below it."""
        if self.stock.shape is Shape.ROUND:
            low = self._round_top(side) + side if rule.at is At.TOP else side / 2
            return hypot(max(low, side / 2), side / 2) <= self._radius and low + rule.below <= self._radius
        beside = GAP + rule.beside + EDGE if rule.beside else QUIET_EDGE
        below = rule.below + EDGE if rule.below else QUIET_EDGE
        return QUIET_EDGE + side + beside <= self.right and QUIET_EDGE + side + below <= self.bottom

    def _placed(self, rule: SymbolRule, module: float) -> Symbol:
        count, quiet = symbols.size(rule.kind)[0], symbols.quiet(rule.kind) * module
        side = count * module
        x, y = (self.right - side) / 2, (self.bottom - side) / 2
        if rule.at is At.LEFT:
            x = QUIET_EDGE + quiet
        if rule.at is At.TOP and self.stock.shape is Shape.ROUND:
            y = self.stock.height / 2 + self._round_top(side + 2 * quiet) + quiet
        elif rule.at is At.TOP or (rule.at is At.LEFT and rule.below):
            y = QUIET_EDGE + quiet
        return Symbol(rule.kind, "", Box(self._on_dots(x), self._on_dots(y), side, side), module)

    @property
    def _radius(self) -> float:
        return self.stock.width / 2 - QUIET_EDGE

    def _round_top(self, side: float) -> float:
        """How far below the middle a square begins that stands as high in a round label as it can (< 0)."""
        return -sqrt(max(self._radius**2 - side**2 / 4, 0))

    def _linear(self) -> Symbol | None:
        """The Code 128, across the bottom or at the right end; a shorter one leaves its end white."""
        rule, kind = self.layout.linear, SymbolKind.CODE_128
        if rule is None:
            return None
        count, quiet = symbols.size(kind)[0], symbols.quiet(kind)
        beside = self.layout.symbol.beside if self.layout.symbol and rule.at_end else 0
        for module in self._modules():
            length = (count + 2 * quiet) * module
            if length + 2 * beside <= self.width and rule.height + 2 * EDGE <= self.stock.height:
                down = (
                    (self.stock.height - rule.height) / 2 if rule.at_end else self.bottom - EDGE - rule.height
                )
                across = self.width - length if rule.at_end else 0
                box = Box(
                    self._on_dots(across + quiet * module), self._on_dots(down), count * module, rule.height
                )
                return Symbol(kind, "", box, module)
        raise self._unfit()

    def _cap(self) -> Symbol | None:
        """The Data Matrix on the dot beside the label."""
        stock, kind = self.stock, SymbolKind.DATA_MATRIX
        if not stock.dot:
            return None
        count = symbols.size(kind)[0]
        for module in self._modules():
            if (count + 2 * symbols.quiet(kind)) * module * sqrt(2) <= stock.dot - 2 * QUIET_EDGE:
                side = count * module
                x, y = stock.dot_x + (stock.dot - side) / 2, (stock.height - side) / 2
                return Symbol(kind, "", Box(self._on_dots(x), self._on_dots(y), side, side), module)
        raise self._unfit()

    def _area(self, zone: Zone) -> Box:
        """The place of a zone's texts, clear of the edge and of the quiet zones."""
        box, inset = self._bare_area(zone), zone.inset
        return Box(
            box.x + inset.left,
            box.y + inset.top,
            box.width - inset.left - inset.right,
            box.height - inset.top - inset.bottom,
        )

    def _require_apart(self) -> None:
        boxes = [frame.box for frame in self.frames]
        taken = [quiet(each) for each in self.symbols]
        for at, box in enumerate(boxes):
            if any(_overlap(box, other) for other in [*boxes[:at], *taken]):
                message = N_(
                    "Zones of the layout lie on each other, on its symbol or on the white around it."
                )
                raise RuleBroken("layout_zone_overlaps", message, field="zones")

    def _bare_area(self, zone: Zone) -> Box:
        right, bottom = self.right - EDGE, self.bottom - EDGE
        if zone.area is Area.LABEL or self.symbol is None or self.layout.symbol is None:
            inner = Box(EDGE, EDGE, right - EDGE, bottom - EDGE)
            return _inscribed(self.stock) if self.stock.shape is Shape.ROUND else inner
        taken = quiet(self.symbol)
        if zone.area is Area.BESIDE:
            has_foot = any(each.area is Area.BELOW for each in self.layout.zones)
            low = taken.bottom - GAP if has_foot else bottom
            return Box(taken.right + GAP, EDGE, right - taken.right - GAP, low - EDGE)
        if self.stock.shape is Shape.ROUND:
            return self._chord(taken.bottom)
        left = self.symbol.box.x if self.layout.symbol.at is At.LEFT else EDGE
        return Box(left, taken.bottom, right - left, bottom - taken.bottom)

    def _chord(self, top: float) -> Box:
        """The part of a round label under a symbol, as high as two fifths of what is left there."""
        radius, middle = self.stock.width / 2 - EDGE, self.stock.width / 2
        height = max((middle + radius - top) * 0.4, 0)
        half = sqrt(max(radius**2 - (top + height - middle) ** 2, 0))
        return Box(middle - half, top, 2 * half, height)

    def _on_dots(self, length: float) -> float:
        return round(length * self.dpi / INCH) * INCH / self.dpi

    def _unfit(self) -> RuleBroken:
        return RuleBroken(
            "label_symbol_unfit",
            N_(
                "On %(stock)s at %(dpi)s dots per inch the symbol's dots would be smaller than 0.25 mm. "
                "Choose a larger stock, a printer of more dots per inch, or a layout with a Data Matrix."
            ),
            field="stock",
            stock=self.stock.name,
            dpi=self.dpi,
        )


def quiet(symbol: Symbol) -> Box:
    """A symbol with its quiet zone: nothing else is drawn in here. A linear one has it at both ends only."""
    margin = symbols.quiet(symbol.kind) * symbol.module
    down = 0.0 if symbol.kind is SymbolKind.CODE_128 else margin
    box = symbol.box
    return Box(box.x - margin, box.y - down, box.width + 2 * margin, box.height + 2 * down)


def _with_code(symbol: Symbol, code: str) -> Symbol:
    box = symbol.box
    if symbol.kind is SymbolKind.CODE_128:
        width = symbols.bits(symbol.kind, code).width * symbol.module
        box = Box(box.x, box.y, width, box.height)
    return Symbol(symbol.kind, code, box, symbol.module)


def _is_small(symbol: Symbol) -> bool:
    return symbol.module < ADVISED and symbol.kind is not SymbolKind.CODE_128


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.right - 1e-6
        and other.x < one.right - 1e-6
        and one.y < other.bottom - 1e-6
        and other.y < one.bottom - 1e-6
    )


def _inscribed(stock: Stock) -> Box:
    """The square inside a round label."""
    side = (stock.width - 2 * EDGE) / sqrt(2)
    return Box((stock.width - side) / 2, (stock.height - side) / 2, side, side)
