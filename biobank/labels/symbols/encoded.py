"""Data Matrix (ECC 200, 14 x 14 for a code of ours) and Code 128, as zxing-cpp encodes them."""

from collections.abc import Mapping
from functools import lru_cache

import zxingcpp

from biobank.labels.shapes import SymbolKind
from biobank.labels.symbols import Matrix, size

NAMES: Mapping[SymbolKind, str] = {
    SymbolKind.QR: "QRCode",
    SymbolKind.DATA_MATRIX: "DataMatrix",
    SymbolKind.CODE_128: "Code128",
}
"""What zxing-cpp calls the symbols. Its own objects are not kept: it tells of any that outlive it."""


@lru_cache(maxsize=256)
def matrix(kind: SymbolKind, code: str) -> Matrix:
    """The symbol. A Code 128 made shorter by digits in pairs is as wide as all others: its end is white.

    A linear symbol comes as many rows alike, of which one says it all.
    """
    width, height = size(kind)
    sort = getattr(zxingcpp.BarcodeFormat, NAMES[kind])
    drawn = zxingcpp.create_barcode(code, sort).to_image(scale=1, add_quiet_zones=False)
    grey = bytes(memoryview(drawn))  # type: ignore[arg-type]  # it is a buffer, though its types do not say so
    across = drawn.shape[1]
    rows = (grey[row * across : (row + 1) * across] for row in range(height))
    return Matrix(width, height, b"".join(_packed(row, (width + 7) // 8) for row in rows))


def _packed(row: bytes, length: int) -> bytes:
    """A row of grey values as bits: 0 is black."""
    ones = "".join("01"[value == 0] for value in row)
    return int(ones.ljust(length * 8, "0"), 2).to_bytes(length, "big")
