"""The QR code of a ten-character id, version 1 at level H, as a 1-bit image.

With version, level and mask fixed, every module is an exclusive-or of payload bits. Alphanumeric
mode packs two characters into 11 bits, so the symbol of any id is the symbol of `0000000000`
changed by what each of its five pairs changes, and 55 symbols that differ from it by one bit each
tell all of that. `qrcode` draws those 56 through its public interface; a test holds every symbol
equal to the one it would have drawn itself.
"""

from functools import cache, reduce
from operator import xor

from qrcode import ERROR_CORRECT_H, QRCode
from qrcode.util import ALPHA_NUM, MODE_ALPHA_NUM, QRData

MODULES = 21
"""Modules on a side, version 1."""

QUIET = 4
"""Modules of white that ISO/IEC 18004 asks for on every side."""

LENGTH = 10
MASK = 6
"""Of the eight, the one with the lowest mean and the lowest worst penalty over random ids."""

_ALPHABET = ALPHA_NUM.decode("ascii")
_CHARACTERS = frozenset(_ALPHABET)
_PAIRS = LENGTH // 2
_PAIR_BITS = 11
_ROW_BYTES = 3
_BLANK_ID = _ALPHABET[0] * LENGTH


def fits(code: str) -> bool:
    """Whether a text is ten characters of the alphanumeric set, all this symbol holds."""
    return len(code) == LENGTH and _CHARACTERS.issuperset(code)


def image(code: str) -> bytes:
    """The symbol without its quiet zone: 21 rows of 3 bytes, first module in the top bit, 1 is black."""
    pairs = (_change(place, code[2 * place : 2 * place + 2]) for place in range(_PAIRS))
    return reduce(xor, pairs, _drawn(_BLANK_ID)).to_bytes(MODULES * _ROW_BYTES, "big")


@cache
def _change(place: int, pair: str) -> int:
    """What a pair of characters changes in the blank id's symbol."""
    value = _ALPHABET.index(pair[0]) * len(_ALPHABET) + _ALPHABET.index(pair[1])
    return reduce(xor, (_bit(place, bit) for bit in range(_PAIR_BITS) if value >> bit & 1), 0)


@cache
def _bit(place: int, bit: int) -> int:
    """What one bit of one pair changes."""
    first, second = divmod(1 << bit, len(_ALPHABET))
    before, after = _BLANK_ID[: 2 * place], _BLANK_ID[2 * place + 2 :]
    return _drawn(before + _ALPHABET[first] + _ALPHABET[second] + after) ^ _drawn(_BLANK_ID)


@cache
def _drawn(code: str) -> int:
    """The symbol as `qrcode` draws it, all rows as one number; asked for 56 times in a process."""
    symbol = QRCode(version=1, error_correction=ERROR_CORRECT_H, mask_pattern=MASK, border=0)
    symbol.add_data(QRData(code, mode=MODE_ALPHA_NUM))
    symbol.make(fit=False)
    padding = "0" * (_ROW_BYTES * 8 - MODULES)
    rows = ("".join("01"[bool(module)] for module in row) for row in symbol.get_matrix())
    return int("".join(row + padding for row in rows), 2)
