"""Stock: the sheets and rolls labels are printed on, measured in millimetres.

Sheets are as their makers' templates give them: print the ruler page before the first labels.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

import msgspec
from msgspec import Struct

from biobank.errors import Malformed, RuleBroken
from biobank.labels.shapes import INCH, Of
from biobank.texts import N_

MOST_ACROSS, MOST_DOWN = 40, 60
SMALLEST, LARGEST = 5.0, 500.0
"""Bounds of a label and of a page (mm)."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)
_LONGEST_NAME = 80
_NO_NUMBER = re.compile(r"Expected `(?:int|float)`.* at `\$\.([a-z_]+)`")

_ROUNDING = 0.01
"""Makers round to hundredths of a millimetre; neighbours may seem to overlap by as much."""


class Shape(StrEnum):
    """How a label is cut."""

    RECT = "rect"
    ROUND = "round"


class Stock(Struct, frozen=True, forbid_unknown_fields=True):
    """One product. Lengths are mm; `left` and `top` are the first label's corner on the page.

    A roll is a page of one label. `tail` is the clear end on the right that wraps over the print and is
    never printed. `dot` is the diameter of a round label for the cap that stands beside each label,
    `dot_x` from the label's left edge and level with its middle. `tube` is the diameter of the tube it is
    made for. `frozen` stock holds on frosted tubes. `turned` labels leave the printer sideways: their
    width runs along the tape. `continuous` tape is cut after each label, whose length can be changed.
    `uses` are what it is offered for; none means everything that has a layout for its size.
    """

    code: str
    name: str
    page_width: float
    page_height: float
    width: float
    height: float
    columns: int = 1
    rows: int = 1
    left: float = 0.0
    top: float = 0.0
    pitch_x: float = 0.0
    pitch_y: float = 0.0
    shape: Shape = Shape.RECT
    tail: float = 0.0
    dot: float = 0.0
    dot_x: float = 0.0
    tube: float = 0.0
    frozen: bool = False
    turned: bool = False
    continuous: bool = False
    uses: tuple[Of, ...] = ()

    @property
    def per_page(self) -> int:
        return self.columns * self.rows

    @property
    def reach(self) -> float:
        """Width of a label with the dot beside it (mm)."""
        return self.dot_x + self.dot if self.dot else self.width

    def corner(self, index: int) -> tuple[float, float]:
        """The top-left corner of a label on its page, in mm from the page's; filled row by row."""
        row, column = divmod(index, self.columns)
        return self.left + column * self.pitch_x, self.top + row * self.pitch_y

    def serves(self, of: Of) -> bool:
        """Whether it is offered for labels of these."""
        return not self.uses or of in self.uses


_TUBE = (Of.SPECIMEN, Of.KIT, Of.BADGE, Of.CARD, Of.REQUEST)
_SMALL = (Of.SPECIMEN,)
_CAP = (Of.CAP,)
_WIDE = (Of.BOX, Of.RACK, Of.FREEZER, Of.KIT, Of.BADGE, Of.CARD, Of.REQUEST)
_DOT_300 = INCH / 300


def _letter(  # noqa: PLR0913 (a line of the makers' table)
    code: str,
    name: str,
    size: tuple[float, float],
    grid: tuple[int, int],
    first: tuple[float, float],
    pitch: tuple[float, float],
    *,
    page: tuple[float, float] = (215.9, 279.4),
    shape: Shape = Shape.RECT,
    tube: float = 0.0,
    frozen: bool = False,
    uses: tuple[Of, ...] = _SMALL,
) -> Stock:
    """A sheet of US Letter, or of another page."""
    return Stock(
        code, name, *page, *size, *grid, *first, *pitch, shape=shape, tube=tube, frozen=frozen, uses=uses
    )


def _a4(  # noqa: PLR0913 (a line of the makers' table)
    code: str,
    name: str,
    size: tuple[float, float],
    grid: tuple[int, int],
    first: tuple[float, float],
    pitch: tuple[float, float],
    *,
    shape: Shape = Shape.RECT,
    tube: float = 0.0,
    uses: tuple[Of, ...] = _SMALL,
) -> Stock:
    return _letter(code, name, size, grid, first, pitch, page=(210, 297), shape=shape, tube=tube, uses=uses)


def _roll(
    code: str,
    name: str,
    width: float,
    height: float,
    *,
    dot: float = 0.0,
    tube: float = 0.0,
    uses: tuple[Of, ...] = _TUBE,
) -> Stock:
    """A roll of labels, each with a dot beside it or none."""
    dot_x = width + 2 if dot else 0.0
    page = dot_x + dot or width
    return Stock(code, name, page, height, width, height, dot=dot, dot_x=dot_x, tube=tube, uses=uses)


def _brother(
    code: str,
    name: str,
    dots: tuple[int, int],
    *,
    round_: bool = False,
    turned: bool = False,
    cut: bool = False,
) -> Stock:
    """The printable part of a DK label (dots of 300 dpi), as it is read: a `cut` one is continuous tape."""
    width, height = (each * _DOT_300 for each in dots)
    shape = Shape.ROUND if round_ else Shape.RECT
    uses = _CAP if round_ else _SMALL if width < 20 else _WIDE if width >= 45 else _TUBE
    return Stock(
        code, name, width, height, width, height, shape=shape, turned=turned, continuous=cut, uses=uses
    )


_SHEETS = (
    _a4(
        "herma-4100", "Herma 4100", (30.48, 16.93), (6, 16), (7.5, 18.5), (32.9, 16.93), tube=12.5, uses=_TUBE
    ),
    _a4("avery-l4732", "Avery L4732", (35.6, 16.9), (5, 16), (11, 13), (38.1, 16.9), tube=12.5, uses=_TUBE),
    _letter(
        "ttlw-2016",
        "Tough-Tags TTLW-2016",
        (32.51, 12.70),
        (5, 17),
        (23.99, 1.47),
        (35.56, 15.98),
        tube=12.5,
        uses=_TUBE,
    ),
    _letter("avery-5167", "Avery 5167", (44.45, 12.7), (4, 20), (7.14, 12.7), (52.39, 12.7), uses=_TUBE),
    _letter("avery-lsk-8", "Avery LSK-8", (28.7, 12.7), (4, 20), (12.7, 12.7), (54.1, 12.7), uses=_TUBE),
    _letter(
        "ol1930",
        "OnlineLabels OL1930",
        (25.4, 12.7),
        (8, 20),
        (6.35, 12.7),
        (25.4, 12.7),
        tube=12.5,
        uses=_TUBE,
    ),
    _letter(
        "ol1100",
        "OnlineLabels OL1100",
        (38.1, 12.7),
        (5, 20),
        (12.7, 12.7),
        (38.1, 12.7),
        tube=12.5,
        uses=_TUBE,
    ),
    _letter("ac-450", "Begalabel AC-450", (19.05, 12.7), (10, 20), (12.7, 12.7), (19.05, 12.7), tube=8),
    _letter("ol5400", "OnlineLabels OL5400", (25.4, 9.52), (7, 22), (11.43, 8.79), (27.94, 12.01), tube=8),
    _letter("ol2050", "OnlineLabels OL2050", (12.7, 12.7), (13, 17), (6.35, 6.36), (15.88, 15.88)),
    _letter(
        "ol32",
        "OnlineLabels OL32",
        (12.7, 12.7),
        (11, 14),
        (6.35, 9.52),
        (19.05, 19.05),
        shape=Shape.ROUND,
        uses=_CAP,
    ),
    _a4("herma-10001", "Herma 10001", (25.4, 10), (7, 27), (8, 14.4), (28.2, 10), tube=8),
    _a4("avery-8658", "Avery 8658", (25.4, 10), (7, 27), (5, 13), (28.5, 10.14), tube=8),
    _a4("avery-l4730", "Avery L4730", (17.8, 10), (10, 27), (6, 13), (20.3, 10), tube=8),
    _a4("vm-6083", "PEARL VM-6083", (25.4, 16.9), (7, 16), (9, 13), (27.9, 16.9), tube=12.5, uses=_TUBE),
    _a4("rayfilm-3032", "Rayfilm 3032", (30, 15), (7, 19), (0, 6), (30, 15), tube=12.5, uses=_TUBE),
    _a4(
        "avery-8651",
        "Avery 8651",
        (38.1, 21.2),
        (5, 13),
        (4.7, 10.9),
        (40.6, 21.2),
        tube=12.5,
        uses=(*_TUBE, Of.BOX),
    ),
    _a4(
        "herma-4606",
        "Herma 4606",
        (38, 21.2),
        (5, 13),
        (9.5, 10.5),
        (38, 21.2),
        tube=12.5,
        uses=(*_TUBE, Of.BOX),
    ),
    _a4("op3018", "Hisago OP3018", (11, 11), (10, 15), (32, 38), (15, 15), shape=Shape.ROUND, uses=_CAP),
    _a4("6500012x", "Endisch 6500012x", (12, 12), (13, 18), (9, 15), (15, 15), shape=Shape.ROUND, uses=_CAP),
)

_ROLLS = (
    _roll("roll-33x13", N_("Roll 33 x 13 mm"), 33, 13, tube=12.5),
    _roll("roll-33x13-cap-9", N_("Roll 33 x 13 mm with cap dot 9.5 mm"), 33, 13, dot=9.5, tube=12.5),
    _roll("roll-33x13-cap-11", N_("Roll 33 x 13 mm with cap dot 11 mm"), 33, 13, dot=11, tube=12.5),
    _roll("roll-25x13", N_("Roll 25.4 x 12.7 mm"), 25.4, 12.7, tube=12.5),
    _roll("roll-25x13-cap-9", N_("Roll 25.4 x 12.7 mm with cap dot 9.5 mm"), 25.4, 12.7, dot=9.5, tube=12.5),
    _roll("roll-25x13-cap-11", N_("Roll 25.4 x 12.7 mm with cap dot 11 mm"), 25.4, 12.7, dot=11, tube=12.5),
    _roll("roll-32x13", N_("Roll 32.5 x 12.7 mm"), 32.5, 12.7, tube=12.5),
    _roll("roll-32x13-cap-9", N_("Roll 32.5 x 12.7 mm with cap dot 9.5 mm"), 32.5, 12.7, dot=9.5, tube=12.5),
    _roll("roll-32x13-cap-11", N_("Roll 32.5 x 12.7 mm with cap dot 11 mm"), 32.5, 12.7, dot=11, tube=12.5),
    Stock("roll-cap-9", N_("Roll of cap dots 9.5 mm"), 9.5, 9.5, 9.5, 9.5, shape=Shape.ROUND, uses=_CAP),
    Stock("roll-cap-11", N_("Roll of cap dots 11 mm"), 11, 11, 11, 11, shape=Shape.ROUND, uses=_CAP),
    _roll("dymo-11353", "Dymo 11353, 25 x 13 mm", 25, 13),
    _roll("dymo-99017", "Dymo 99017, 50 x 12 mm", 50, 12, uses=(*_TUBE, Of.RACK)),
    _roll("roll-50x25", N_("Roll 50 x 25 mm"), 50, 25, uses=_WIDE),
    _roll("roll-100x15", N_("Roll 100 x 15 mm"), 100, 15, uses=(Of.RACK, Of.FREEZER)),
    _roll("roll-100x50", N_("Roll 100 x 50 mm"), 100, 50, uses=_WIDE),
)

_BROTHER = (
    _brother("dk-12", N_("Brother DK tape 12 mm cut at 30 mm"), (354, 106), turned=True, cut=True),
    _brother("dk-29", N_("Brother DK tape 29 mm cut at 13 mm"), (306, 150), cut=True),
    _brother("dk-38", N_("Brother DK tape 38 mm cut at 17 mm"), (413, 200), cut=True),
    _brother("dk-50", N_("Brother DK tape 50 mm cut at 25 mm"), (554, 295), cut=True),
    _brother("dk-62", N_("Brother DK tape 62 mm cut at 25 mm"), (696, 295), cut=True),
    _brother("dk-17x54", N_("Brother DK 17 x 54 mm"), (566, 165), turned=True),
    _brother("dk-23x23", N_("Brother DK 23 x 23 mm"), (202, 202)),
    _brother("dk-29x42", N_("Brother DK 29 x 42 mm"), (425, 306), turned=True),
    _brother("dk-29x90", N_("Brother DK 29 x 90 mm"), (991, 306), turned=True),
    _brother("dk-62x29", N_("Brother DK 62 x 29 mm"), (696, 271)),
    _brother("dk-dot-12", N_("Brother DK dot 12 mm"), (94, 94), round_=True),
    _brother("dk-dot-24", N_("Brother DK dot 24 mm"), (236, 236), round_=True),
)

STOCKS: Mapping[str, Stock] = {each.code: each for each in (*_SHEETS, *_ROLLS, *_BROTHER)}
"""The stocks that ship, by code; a lab's own stand beside them."""


def stock(code: str, own: Mapping[str, Stock] | None = None) -> Stock:
    """The stock of that code, the lab's own or a shipped one; refused with the known codes otherwise."""
    found = (own or {}).get(code) or STOCKS.get(code)
    if found is None:
        raise RuleBroken(
            "stock_unknown",
            N_("There is no label stock “%(code)s”. Known are: %(known)s."),
            field="stock",
            code=code[:40],
            known=", ".join([*(own or {}), *STOCKS]),
        )
    return found


def read_stock(text: str | bytes) -> Stock:
    """A stock from its JSON, checked. Refused: what is no stock, unknown keys, and what `check` refuses."""
    try:
        found = msgspec.json.decode(text, type=Stock)
    except (msgspec.DecodeError, RecursionError) as error:
        if misread := _NO_NUMBER.match(str(error)):
            message = N_("“%(setting)s” has to be a number.")
            raise Malformed("stock_unreadable", message, field=misread[1], setting=misread[1]) from error
        message = N_("This is no label stock: %(why)s.")
        raise Malformed("stock_unreadable", message, field="body", why=str(error)[:200]) from error
    check(found)
    return found


def shown(value: float) -> str:
    """A number in a message, however large."""
    try:
        return f"{value:g}"
    except OverflowError:  # a whole number that no float holds
        return f"{str(value)[:12]}..."


def require_named(code: str, name: str) -> None:
    """Refused: a code that would not do in an address, a name that cannot be shown."""
    if not _CODE.fullmatch(code):
        message = N_(
            "A code is 1 to 40 letters, digits, points, dashes and underscores, a letter or digit first."
        )
        raise RuleBroken("label_code_wrong", message, field="code")
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        message = N_("A name is 1 to %(most)s characters that can be seen.")
        raise RuleBroken("label_name_wrong", message, field="name", most=_LONGEST_NAME)


def check(stock: Stock) -> None:
    """Refused: sizes out of bounds, too many labels, labels that overlap or leave the page."""
    require_named(stock.code, stock.name)
    _check_sizes(stock)
    _check_parts(stock)
    for size, pitch, count, field in (
        (stock.reach, stock.pitch_x, stock.columns, "pitch_x"),
        (stock.height, stock.pitch_y, stock.rows, "pitch_y"),
    ):
        if count > 1 and pitch < size - _ROUNDING:
            raise RuleBroken(
                "stock_overlaps",
                N_("The labels overlap: each is %(size)s mm, and the next begins after %(pitch)s mm."),
                field=field,
                size=f"{size:g}",
                pitch=f"{pitch:g}",
            )
    x, y = stock.corner(stock.per_page - 1)
    for end, page, field in (
        (x + stock.reach, stock.page_width, "columns"),
        (y + stock.height, stock.page_height, "rows"),
    ):
        if end > page + _ROUNDING:
            raise RuleBroken(
                "stock_off_page",
                N_("The last label ends at %(end)s mm, but the page at %(page)s mm."),
                field=field,
                end=f"{end:g}",
                page=f"{page:g}",
            )


def _check_sizes(stock: Stock) -> None:
    bounds: tuple[tuple[str, float, float], ...] = (
        ("page_width", SMALLEST, LARGEST),
        ("page_height", SMALLEST, LARGEST),
        ("width", SMALLEST, LARGEST),
        ("height", SMALLEST, LARGEST),
        ("columns", 1, MOST_ACROSS),
        ("rows", 1, MOST_DOWN),
        ("left", 0, LARGEST),
        ("top", 0, LARGEST),
        ("pitch_x", 0, LARGEST),
        ("pitch_y", 0, LARGEST),
        ("tail", 0, stock.width - SMALLEST),
        ("dot", 0, stock.height),
        ("dot_x", 0, LARGEST),
        ("tube", 0, 100),
    )
    for field, least, most in bounds:
        value = getattr(stock, field)
        if not least <= value <= most:  # nor is what is no number
            raise RuleBroken(
                "stock_size_wrong",
                N_("“%(setting)s” has to be from %(least)s to %(most)s, and is %(value)s."),
                field=field,
                setting=field,
                least=f"{least:g}",
                most=f"{most:g}",
                value=shown(value),
            )


def _check_parts(stock: Stock) -> None:
    """A round label is as wide as high, and a dot stands clear of its label."""
    if stock.shape is Shape.ROUND and (abs(stock.width - stock.height) > _ROUNDING or stock.tail):
        message = N_("A round label is as wide as it is high, and has no clear end.")
        raise RuleBroken("stock_not_round", message, field="width")
    if stock.dot and (stock.dot < SMALLEST or stock.dot_x < stock.width - _ROUNDING):
        message = N_("The dot for the cap has to stand clear of the label: from %(width)s mm.")
        raise RuleBroken("stock_dot_misplaced", message, field="dot_x", width=f"{stock.width:g}")
