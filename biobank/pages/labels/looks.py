"""How a label will look: its picture for a page, what it reads as, and examples of what stands on one."""

import base64
from collections.abc import Mapping

import msgspec

from biobank.labels.layouts import Layout
from biobank.labels.shapes import Face, Of
from biobank.labels.stock import Shape, Stock
from biobank.texts import gettext

_LARGE_WIDTH, _LARGE_HEIGHT = 520, 280

_TUBE = {
    "material": "EDTA plasma",
    "event": "M12",
    "amount": "500 uL",
    "number": "3/8",
    "participant": "P-0137",
}
_PLACE = {"name": "Freezer 2 · Rack 4", "kind": "9 x 9", "site": "BJ", "temperature": "-80 °C"}
_OTHER = {"name": "Baseline", "kind": "Kit", "event": "BL", "number": "9", "study": "DEMO", "site": "BJ"}

EXAMPLES: Mapping[Of, Face] = {
    Of.SPECIMEN: Face("SM9S346Q35", Of.SPECIMEN, _TUBE),
    Of.CAP: Face("SM9S346Q35", Of.CAP, _TUBE),
    Of.BOX: Face("C7Q429KX1M", Of.BOX, _PLACE),
    Of.RACK: Face("C7Q429KX1M", Of.RACK, _PLACE),
    Of.FREEZER: Face("C7Q429KX1M", Of.FREEZER, _PLACE),
    Of.KIT: Face("K7Q429KX1M", Of.KIT, _OTHER),
    Of.BADGE: Face("P7Q429KX1M", Of.BADGE, {"name": "li.wei"}),
    Of.CARD: Face("X7Q429KX1M", Of.CARD, {"name": "DONE", "text": "Closes what is open."}),
    Of.REQUEST: Face("R7Q429KX1M", Of.REQUEST, {"text": "20 x EDTA plasma"}),
}
"""One label of each kind, to show a stock or a layout by."""


class Look(msgspec.Struct, frozen=True):
    """A label as it will be printed: its picture as a data address, its size (mm), and what it reads as."""

    picture: str
    width: float
    height: float
    dpi: int
    reads_as: str
    warnings: list[str]
    round: bool = False

    @property
    def large(self) -> tuple[float, float]:
        """Its size on a page where every dot is to be seen (px)."""
        scale = min(_LARGE_WIDTH / self.width, _LARGE_HEIGHT / self.height)
        return round(self.width * scale), round(self.height * scale)


def looked(face: Face, stock: Stock, layout: Layout, dpi: int) -> Look:
    """Draw a label in the printer's dots and read it. Refused: what does not fit on the stock."""
    from biobank.labels.preview import preview

    seen = preview(face, stock, layout, dpi=dpi)
    picture = "data:image/png;base64," + base64.b64encode(seen.png).decode()
    warnings = [gettext(each) for each in seen.warnings]
    alone = stock.shape is Shape.ROUND
    return Look(picture, seen.width, seen.height, dpi, seen.reads_as or "", warnings, alone)
