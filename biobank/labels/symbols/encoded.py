"""Data Matrix (ECC 200, 14 x 14 for a code of ours) and Code 128, as zxing-cpp encodes them."""

from functools import lru_cache

import zxingcpp

from biobank.labels.shapes import SymbolKind
from biobank.labels.symbols import Matrix

_FORMATS = {
    SymbolKind.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    SymbolKind.CODE_128: zxingcpp.BarcodeFormat.Code128,
}


@lru_cache(maxsize=256)
def matrix(kind: SymbolKind, code: str) -> Matrix:
    """The symbol; a linear one comes as many rows alike, of which one says it all."""
    drawn = zxingcpp.create_barcode(code, _FORMATS[kind]).to_image(scale=1, add_quiet_zones=False)
    grey = memoryview(drawn).tolist()
    rows = grey[:1] if kind is SymbolKind.CODE_128 else grey
    width = len(rows[0])
    return Matrix(width, len(rows), b"".join(_packed(row, width) for row in rows))


def _packed(row: list[int], width: int) -> bytes:
    """A row of grey values as bits: 0 is black."""
    ones = "".join("1" if value == 0 else "0" for value in row)
    return int(ones.ljust((width + 7) // 8 * 8, "0"), 2).to_bytes((width + 7) // 8, "big")
