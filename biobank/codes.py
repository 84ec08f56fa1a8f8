"""Our printed ids: made, checked, and read back from what a scanner sends.

A code is one letter for its kind, eight random Crockford base-32 characters and an ISO 7064
MOD 37,36 check character: ten characters that fit QR version 1 at level H.
"""

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

from stdnum.iso7064 import mod_37_36

from biobank import clock
from biobank.errors import Malformed

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BODY = 8
LENGTH = BODY + 2

_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)
_SHAPE = re.compile(rf"[SCKVRHPX][{ALPHABET}]{{{BODY + 1}}}")
_AIM_PREFIX = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0"})
_SENT_BY_SCANNERS = str.maketrans(dict.fromkeys("\r\n\t\x1d"))


class CodeKind(StrEnum):
    """What a code names, told by its first letter."""

    SPECIMEN = "S"
    CONTAINER = "C"
    KIT = "K"
    VISIT = "V"
    REQUEST = "R"
    SHIPMENT = "H"
    BADGE = "P"
    COMMAND = "X"


def new_code(kind: CodeKind, chance: Callable[[int], int] = clock.chance) -> str:
    """Draw a new code. A body whose check character would be I, L, O or U is drawn again."""
    while True:
        number = chance(32**BODY)
        body = "".join([_PAIRS[number >> shift & 1023] for shift in range(5 * BODY - 10, -1, -10)])
        check = mod_37_36.calc_check_digit(kind + body)
        if check in ALPHABET:
            return f"{kind}{body}{check}"


def fold(text: str) -> str:
    """What a scanner or a hand sent, in the one form it is looked up by (outside codes keep their marks)."""
    plain = unicodedata.normalize("NFKC", text).translate(_SENT_BY_SCANNERS).strip()
    return _AIM_PREFIX.sub("", plain).upper()


def is_code(text: str) -> bool:
    """Whether a folded text is one of our codes, check character and all."""
    return _SHAPE.fullmatch(text) is not None and mod_37_36.is_valid(text)


@lru_cache(4096)
def read(text: str) -> str | None:
    """Our code in what was scanned or typed, or None where it is not one of ours.

    Spaces and hyphens are dropped and I, L and O read as digits after the kind letter, as people
    type and speak codes; a wrong check character makes it not ours, never a nearest match.
    """
    bare = fold(text).replace(" ", "").replace("-", "")
    candidate = bare[:1] + bare[1:].translate(_LOOKALIKES)
    return candidate if is_code(candidate) else None


def require(text: str, kind: CodeKind, field: str = "code") -> str:
    """Our code of one kind in what was scanned; refused with the reason otherwise."""
    code = read(text)
    if code is None:
        raise Malformed(
            "code_unreadable",
            "“%(text)s” is not one of our codes: the check character does not fit. Scan it again.",
            field=field,
            text=fold(text)[:40],
        )
    if code[0] != kind:
        raise Malformed(
            "code_of_other_kind",
            "%(code)s is a code of another kind: it begins with %(found)s, and %(wanted)s is needed here.",
            field=field,
            code=grouped(code),
            found=code[0],
            wanted=kind.value,
        )
    return code


def grouped(code: str) -> str:
    """A code as it is printed: `SM9S 346Q 35`."""
    return f"{code[:4]} {code[4:8]} {code[8:]}"
