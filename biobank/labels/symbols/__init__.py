"""Symbols: a code as black and white modules, whatever it is drawn with later."""

import re
from collections.abc import Mapping

from msgspec import Struct

from biobank.labels.shapes import SymbolKind


class Matrix(Struct, frozen=True):
    """Modules without the quiet zone; each row begins on a byte, its first module in the top bit, 1 is black.

    A linear symbol is one row, as high as who draws it wants.
    """

    width: int
    height: int
    rows: bytes

    @property
    def row_bytes(self) -> int:
        return (self.width + 7) // 8

    def black(self, x: int, y: int) -> bool:
        """Whether the module in that column and row is black."""
        return bool(self.rows[y * self.row_bytes + x // 8] & 0x80 >> x % 8)


_CODE = re.compile(r"[A-Z][0-9A-Z]{9}", re.ASCII)
_QUIET: Mapping[SymbolKind, int] = {
    SymbolKind.QR: 4,  # ISO/IEC 18004
    SymbolKind.DATA_MATRIX: 1,  # ISO/IEC 16022
    SymbolKind.CODE_128: 10,  # ISO/IEC 15417
}
_SIZES: Mapping[SymbolKind, tuple[int, int]] = {
    SymbolKind.QR: (21, 21),
    SymbolKind.DATA_MATRIX: (14, 14),
    SymbolKind.CODE_128: (145, 1),
}


def fits(code: str) -> bool:
    """Whether a text is a capital and nine digits or capitals, which is all that our symbols hold."""
    return _CODE.fullmatch(code) is not None


def bits(kind: SymbolKind, code: str) -> Matrix:
    """The symbol of a code that `fits`: the same modules for the same code, always."""
    from biobank.labels.symbols import encoded, qr

    if kind is SymbolKind.QR:
        return Matrix(*_SIZES[kind], qr.image(code))
    return encoded.matrix(kind, code)


def quiet(kind: SymbolKind) -> int:
    """Modules of white around it: on every side of a square symbol, at both ends of a linear one."""
    return _QUIET[kind]


def size(kind: SymbolKind) -> tuple[int, int]:
    """Modules across and down, the same for every code."""
    return _SIZES[kind]
