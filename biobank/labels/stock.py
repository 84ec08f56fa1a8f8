"""Stock: the sheets and rolls labels are printed on, measured in millimetres."""

from collections.abc import Mapping

from msgspec import Struct

from biobank.errors import RuleBroken

DOT = 25.4 / 300
"""One dot of a 300 dpi printer; a module of whole dots prints without a ragged edge."""

MODULES = 21
"""Modules on a side of the symbol, QR version 1."""

QUIET = 4
"""Modules of white that ISO/IEC 18004 asks for on every side of it."""


class Stock(Struct, frozen=True):
    """One product. Lengths are mm; `left` and `top` are the first label's corner on the page.

    `module` is the side of one QR module: 4 dots of 300 dpi where the label is 13 mm high or less,
    5 where there is room, since larger modules are what still reads through frost.
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
    module: float = 4 * DOT

    @property
    def per_page(self) -> int:
        return self.columns * self.rows

    def corner(self, index: int) -> tuple[float, float]:
        """The top-left corner of a label on its page, in mm from the page's; filled row by row."""
        row, column = divmod(index, self.columns)
        return self.left + column * self.pitch_x, self.top + row * self.pitch_y


_ALL = (
    Stock("herma-4100", "Herma 4100", 210, 297, 30.48, 16.93, 6, 16, 7.5, 18.5, 32.9, 16.93, module=5 * DOT),
    Stock("avery-l4732", "Avery L4732", 210, 297, 35.6, 16.9, 5, 16, 11.0, 13.0, 38.1, 16.9, module=5 * DOT),
    Stock("ttlw-2016", "Tough-Tags TTLW-2016", 215.9, 279.4, 32.51, 12.7, 5, 17, 23.99, 1.47, 35.56, 15.98),
    Stock("roll-33x13", "Roll 33 x 13 mm", 33, 13, 33, 13),
)

STOCKS: Mapping[str, Stock] = {each.code: each for each in _ALL}


def stock(code: str) -> Stock:
    """The stock of that code; refused with the known codes otherwise."""
    if code not in STOCKS:
        raise RuleBroken(
            "stock_unknown",
            "There is no label stock “%(code)s”. Known are: %(known)s.",
            field="stock",
            code=code[:40],
            known=", ".join(STOCKS),
        )
    return STOCKS[code]
