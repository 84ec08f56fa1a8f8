"""Labels arranged by hand, for tests of what comes after arranging."""

import random

from biobank.labels.dots import Dots
from biobank.labels.fonts import drawable, font_for
from biobank.labels.shapes import INCH, Arranged, Box, Font, Line, Symbol, SymbolKind

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MODULE = 0.339
_QUIET = 4


def codes(count: int, seed: int) -> list[str]:
    """Texts of ten characters that a symbol holds."""
    chance = random.Random(seed)  # noqa: S311 (a test's seeded chance)
    return ["S" + "".join(chance.choices(_ALPHABET, k=9)) for _ in range(count)]


def arranged(code: str, dpi: int, *texts: str, width: float = 33, height: float = 13) -> Arranged:
    """A QR code on the left and rows of text beside it, each in a font that has its signs."""
    dot = INCH / dpi
    module = min(round(_MODULE / dot), int(height / dot) // (21 + 2 * _QUIET)) * dot
    symbol = Symbol(
        SymbolKind.QR, code, Box(_QUIET * module, _QUIET * module, 21 * module, 21 * module), module
    )
    left = symbol.box.right + _QUIET * module
    rows = [(code, Font.BOLD), *((drawable(text, font_for(text)), font_for(text)) for text in texts)]
    lines = tuple(Line(text, left, 2.5 + 2.5 * row, 6, font) for row, (text, font) in enumerate(rows))
    return Arranged(code, width, height, dpi, (symbol,), lines)


def noise(width: int, height: int, seed: int) -> Dots:
    """Rows of long runs and short ones, rows like the one before, white rows and black ones."""
    chance = random.Random(seed)  # noqa: S311 (a test's seeded chance)
    stride = (width + 7) // 8
    rows: list[bytes] = []
    for _ in range(height):
        made = b""
        while len(made) < stride:
            made += chance.choice((b"\0", b"\xff", chance.randbytes(1))) * chance.randint(1, 2 * stride)
        rows.append(rows[-1] if rows and chance.random() < 0.3 else made[:stride])
    return Dots("S000000000", 203, 8 * stride, height, b"".join(rows))
