"""ZPL II: labels for Zebra printers and those that speak like them.

A label is one picture (`^GF`) of the dots that were proofed, and no command holds a word of it. The
printer's own commands for symbols and text would print something else: its firmware chooses the version and
mask of a QR code, its fonts differ from model to model and have no Chinese, and text given to it has to be
kept from being read as commands. A stream of pictures has nothing to choose and nothing to escape: whatever
a label says, it consists of digits, letters, commas, colons and the commands written here.

Source: Zebra, ZPL II Programming Guide: `^GF`, and the compression of hexadecimal data described for `~DG`.
"""

import re
from collections.abc import Iterable, Iterator

from biobank.labels.dots import Dots, pictures
from biobank.labels.shapes import Arranged
from biobank.labels.stock import Stock

_MANY = "ghijklmnopqrstuvwxyz"
"""Repeats in steps of 20: `g` is 20, `z` is 400."""
_FEW = "GHIJKLMNOPQRSTUVWXY"
"""Repeats from 1 to 19."""
_RUN = re.compile(r"(.)\1{2,418}")
"""Runs of 3 to 419: two are as short as they are."""


def written(
    labels: Iterable[Arranged], *, stock: Stock, offset_x_um: int = 0, offset_y_um: int = 0
) -> Iterator[bytes]:
    """What to send for each label, one after the other; any number of them may be sent in a row.

    The offsets, in micrometres to the right and down, make up for a printer that is out.
    Refused: a stock of sheets, an offset that would push ink off the label.
    """
    return map(label, pictures(labels, stock, offset_x_um, offset_y_um))


def label(picture: Dots) -> bytes:
    """One label: upright, not mirrored, not inverted, from the corner, whatever was printed before."""
    size = len(picture.rows)
    return (
        f"^XA^PON^PMN^LRN^LH0,0^PW{picture.width}^LL{picture.height}"
        f"^FO0,0^GFA,{size},{size},{picture.stride},{packed(picture)}^FS^PQ1^XZ\n"
    ).encode("ascii")


def packed(picture: Dots) -> str:
    """The rows in hexadecimal, shortened: `:` is the row before, `,` the rest white.

    `!` is not used: whether it stands for ones in binary or in hexadecimal is understood differently.
    """
    rows = [row.hex().upper() for row in picture]
    befores = ["", *rows]
    return "".join(":" if row == before else _row(row) for row, before in zip(rows, befores, strict=False))


def _row(row: str) -> str:
    kept = len(row.rstrip("0"))
    whole = kept + kept % 2
    return _runs(row[:whole]) + "," if whole < len(row) else _runs(row)


def _runs(digits: str) -> str:
    """Runs of one digit as a count and the digit: `FFFFFFF` is `MF`."""
    return _RUN.sub(lambda run: _count(len(run[0])) + run[1], digits)


def _count(count: int) -> str:
    many, few = divmod(count, len(_FEW) + 1)
    return (_MANY[many - 1] if many else "") + (_FEW[few - 1] if few else "")
