"""What labels are made of: what one says, and what was arranged for it. Lengths are mm, type is points.

A face knows nothing of millimetres, an arrangement nothing of where its texts came from: a PDF, the
printer languages and the preview are all drawn from the same arrangement.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

POINT = 25.4 / 72
"""A typographic point (mm)."""

INCH = 25.4


class Of(StrEnum):
    """What a label is stuck to."""

    SPECIMEN = "specimen"
    CAP = "cap"
    BOX = "box"
    RACK = "rack"
    FREEZER = "freezer"
    KIT = "kit"
    BADGE = "badge"
    CARD = "card"
    REQUEST = "request"


class Face(Struct, frozen=True):
    """What one label says. Only `code` is ever in a symbol; empty texts take no room.

    Names of `fields`: material, event, amount, number, participant, study, name, kind, site, temperature,
    text.
    """

    code: str
    of: Of
    fields: Mapping[str, str] = {}


class Font(StrEnum):
    """What text is set in. The first two every viewer and printer has; the third is embedded."""

    REGULAR = "Helvetica"
    BOLD = "Helvetica-Bold"
    CHINESE = "NotoSansSC"


class SymbolKind(StrEnum):
    """The symbols that a code is drawn as."""

    QR = "qr"
    DATA_MATRIX = "data_matrix"
    CODE_128 = "code_128"


class Box(Struct, frozen=True):
    """A rectangle in mm from the label's top-left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


class Symbol(Struct, frozen=True):
    """A code in a box without its quiet zone, on whole dots of the printer; a module is whole dots too."""

    kind: SymbolKind
    code: str
    box: Box
    module: float


class Line(Struct, frozen=True):
    """One piece of text: left end of its baseline in mm, size in points, turned clockwise about that end."""

    text: str
    x: float
    baseline: float
    size: float
    font: Font
    rotation: int = 0


class Arranged(Struct, frozen=True):
    """Everything of one label, in place; the resolution is the printer's, in dots per inch.

    `warnings` are message ids of what is allowed and not advised, such as a module under 0.33 mm.
    """

    code: str
    width: float
    height: float
    dpi: int
    symbols: tuple[Symbol, ...]
    lines: tuple[Line, ...]
    warnings: tuple[str, ...] = ()

    @property
    def dot(self) -> float:
        """One dot of the printer (mm)."""
        return INCH / self.dpi
