"""TSPL: labels for TSC printers and those that speak like them.

A label is a picture (`BITMAP`) of the dots that were proofed, for the reasons that `zpl.py` gives. Their
bytes are counted, so none is read as a command, but for one thing: these printers act at once on what begins
with `ESC !` or `~!`, and the manual does not say that a picture is safe from that. A picture is cut in two
wherever its dots would spell one of them.

Source: TSC, TSPL/TSPL2 Programming Manual: `SIZE`, `DIRECTION`, `REFERENCE`, `CLS`, `BITMAP`, `PRINT`,
and its status and immediate commands.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from biobank.labels.dots import Dots, pictures
from biobank.labels.shapes import INCH, Arranged
from biobank.labels.stock import Stock

_LISTENED_FOR = (b"\x1b!", b"~!")
_INVERTED = bytes(255 - each for each in range(256))
"""A dot is burned where the bit is 0."""


class _Piece(Struct):
    """Part of a picture: rows of so many bytes, from a byte's column and a row."""

    column: int
    top: int
    stride: int
    data: bytes

    @property
    def rows(self) -> int:
        return len(self.data) // self.stride


def written(
    labels: Iterable[Arranged], *, stock: Stock, offset_x_um: int = 0, offset_y_um: int = 0
) -> Iterator[bytes]:
    """What to send for each label, one after the other; any number of them may be sent in a row.

    The offsets, in micrometres to the right and down, make up for a printer that is out.
    Refused: a stock of sheets, an offset that would push ink off the label.
    """
    return map(label, pictures(labels, stock, offset_x_um, offset_y_um))


def label(picture: Dots) -> bytes:
    """One label: upright, not mirrored, from the corner, whatever was printed before."""
    size = ",".join(f"{each * INCH / picture.dpi:.2f} mm" for each in (picture.width, picture.height))
    start = f"\r\nSIZE {size}\r\nDIRECTION 0,0\r\nREFERENCE 0,0\r\nCLS\r\n".encode("ascii")
    return start + b"".join(map(_bitmap, _pieces(picture))) + b"PRINT 1,1\r\n"


def _bitmap(piece: _Piece) -> bytes:
    place = f"BITMAP {8 * piece.column},{piece.top},{piece.stride},{piece.rows},0,"
    return place.encode("ascii") + piece.data + b"\r\n"


def _pieces(picture: Dots) -> Iterator[_Piece]:
    """The whole picture in as few pieces as hold nothing that the printer listens for."""
    band = _Piece(0, 0, picture.stride, b"")
    for top, ink in enumerate(picture):
        row = ink.translate(_INVERTED)
        if _speaks(band.data[-1:] + row):
            if band.data:
                yield band
            yield from _halves(row, top)
            band = _Piece(0, top + 1, picture.stride, b"")
        else:
            band.data += row
    if band.data:
        yield band


def _halves(row: bytes, top: int) -> Iterator[_Piece]:
    """One row, cut between the two bytes of whatever is listened for."""
    start = 0
    for end in range(1, len(row) + 1):
        if end == len(row) or _speaks(row[end - 1 : end + 1]):
            yield _Piece(start, top, end - start, row[start:end])
            start = end


def _speaks(data: bytes) -> bool:
    return any(each in data for each in _LISTENED_FOR)
