"""Brother QL: labels in the raster language of Brother's label printers, for DK rolls.

The language has pictures only: a page is rows of the 720 dots of the print head, at 300 dpi. Where a roll
lies under the head and how much of it can be printed depend on the roll, so a stock has to be one of
Brother's own. Every label is a page, cut off after printing; the rows are sent uncompressed, as every model
takes them.

Source: Brother, Raster Command Reference of QL-710W/720NW and QL-810W/820NWB: page sizes, raster lines,
and the order of the control codes.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from PIL import Image

from biobank.errors import RuleBroken
from biobank.labels.dots import Dots, of_image, pictures
from biobank.labels.shapes import INCH, Arranged
from biobank.labels.stock import Stock
from biobank.texts import N_

DPI = 300
PINS = 720
"""Dots of the print head."""

_SHORTEST = 150
"""Rows of the shortest piece of tape that the cutter lets go (12.7 mm)."""
_TAPE_MARGIN = 35
"""Rows that are fed before and after a piece of tape (3 mm)."""
_TOLERANCE = 2
"""Dots that a stock's measure may differ from the maker's."""
_WHITE = 255

_START = bytes(400) + b"\x1b@"
"""Forget what was begun, and start anew."""
_RASTER_MODE = b"\x1bia\x01"
_CUT_EACH = b"\x1biM\x40" + b"\x1biA\x01" + b"\x1biK\x08"
"""Cut by itself, after every label, and at the end."""
_UNCOMPRESSED = b"M\x00"
_NEXT_PAGE, _LAST_PAGE = b"\x0c", b"\x1a"


class Roll(Struct, frozen=True):
    """A DK roll: width and length of a label in mm (tape has no length), and what can be printed of it.

    `across` and `along` are dots; `right` are the dots of the head that stay clear on the right.
    """

    width: int
    length: int
    across: int
    along: int
    right: int


_ROLLS = (
    Roll(12, 0, 106, 0, 29),
    Roll(29, 0, 306, 0, 6),
    Roll(38, 0, 413, 0, 12),
    Roll(50, 0, 554, 0, 12),
    Roll(54, 0, 590, 0, 0),
    Roll(62, 0, 696, 0, 12),
    Roll(17, 54, 165, 566, 0),
    Roll(17, 87, 165, 956, 0),
    Roll(23, 23, 202, 202, 42),
    Roll(29, 42, 306, 425, 6),
    Roll(29, 90, 306, 991, 6),
    Roll(38, 90, 413, 991, 12),
    Roll(39, 48, 425, 495, 6),
    Roll(52, 29, 578, 271, 0),
    Roll(62, 29, 696, 271, 12),
    Roll(62, 100, 696, 1109, 12),
    Roll(12, 12, 94, 94, 113),
    Roll(24, 24, 236, 236, 42),
    Roll(58, 58, 618, 618, 51),
)


def roll(stock: Stock) -> Roll:
    """The DK roll that a stock is.

    Refused: a stock that is none of them, or wider than these printers' head.
    """
    across, along = (
        round(each * DPI / INCH)
        for each in ((stock.height, stock.width) if stock.turned else (stock.width, stock.height))
    )
    for each in _ROLLS:
        length = 0 if stock.continuous else along
        if abs(each.across - across) <= _TOLERANCE and abs(each.along - length) <= _TOLERANCE:
            return each
    raise RuleBroken(
        "label_stock_not_brother",
        N_("%(stock)s is not a roll that a Brother QL printer takes: choose one of its DK rolls."),
        field="stock",
        stock=stock.name,
    )


def written(
    labels: Iterable[Arranged], *, stock: Stock, offset_x_um: int = 0, offset_y_um: int = 0
) -> Iterator[bytes]:
    """What to send for each label, one after the other. All of it is one job, so send it to its end.

    The offsets, in micrometres to the right and down, make up for a printer that is out.
    Refused: a stock that is no DK roll, a resolution other than 300 dpi, an offset that would push ink
    off the label.
    """
    medium = roll(stock)
    shown = pictures(map(_at_300, labels), stock, offset_x_um, offset_y_um)
    return _job(_page(_on_head(each, medium, turned=stock.turned), medium) for each in shown)


def require_resolution(dpi: int) -> None:
    """Refused: any but 300 dpi."""
    if dpi != DPI:
        raise RuleBroken(
            "label_resolution_unfit",
            N_("A Brother QL printer has %(has)s dpi, not %(dpi)s: correct it at the printer's entry."),
            field="dpi",
            has=DPI,
            dpi=dpi,
        )


def _at_300(label: Arranged) -> Arranged:
    require_resolution(label.dpi)
    return label


def _on_head(picture: Dots, medium: Roll, *, turned: bool) -> Dots:
    """A label as it lies under the head, seen from the paper's back, as the rows are sent."""
    image = picture.image.transpose(Image.Transpose.ROTATE_270) if turned else picture.image
    rows = medium.along or max(image.height, _SHORTEST)
    head = Image.new("L", (PINS, rows), _WHITE)
    head.paste(image, (PINS - medium.right - medium.across + (medium.across - image.width) // 2, 0))
    mirrored = head.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return of_image(mirrored, code=picture.code, dpi=picture.dpi)


def _page(picture: Dots, medium: Roll) -> tuple[bytes, bytes]:
    """What comes before and after the mark of a first page."""
    kind = 0x0B if medium.length else 0x0A
    valid = 0x80 | 0x40 | 0x08 | 0x04 | 0x02
    media = bytes((valid, kind, medium.width, medium.length)) + picture.height.to_bytes(4, "little")
    margin = (0 if medium.length else _TAPE_MARGIN).to_bytes(2, "little")
    rows = b"".join(b"g\x00" + bytes((picture.stride,)) + row for row in picture)
    after = b"\x00" + _CUT_EACH + b"\x1bid" + margin + _UNCOMPRESSED + rows
    return _RASTER_MODE + b"\x1biz" + media, after


def _job(pages: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Each page with its mark and its end; only the last feeds the paper out."""
    waiting = b""
    for before, after in pages:
        if waiting:
            yield waiting + _NEXT_PAGE
        waiting = (before + b"\x01" + after) if waiting else (_START + before + b"\x00" + after)
    if waiting:
        yield waiting + _LAST_PAGE
