import random

import pytest
from qrcode import ERROR_CORRECT_H, QRCode

from biobank.labels.symbols import qr
from tests.labels.paper import codes

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def drawn_by_the_library(code: str) -> list[list[bool]]:
    """The same symbol with nothing but the text, the size, the level and the mask said."""
    symbol = QRCode(version=1, error_correction=ERROR_CORRECT_H, mask_pattern=qr.MASK, border=0)
    symbol.add_data(code)
    symbol.make(fit=False)
    return [[bool(module) for module in row] for row in symbol.get_matrix()]


def modules(image: bytes) -> list[list[bool]]:
    rows = [image[start : start + 3] for start in range(0, len(image), 3)]
    bits = [f"{int.from_bytes(row, 'big'):024b}" for row in rows]
    assert all(row.endswith("000") for row in bits)
    return [[bit == "1" for bit in row[:21]] for row in bits]


def test_every_symbol_equals_the_one_the_library_draws() -> None:
    chance = random.Random(2)  # noqa: S311 (a test's seeded chance)
    anything = ["".join(chance.choice(ALPHABET[10:]) for _ in range(10)) for _ in range(60)]
    for code in [*codes(100), *anything, "::::::::::", "ZZZZZZZZZZ", "A000000000"]:
        assert modules(qr.image(code)) == drawn_by_the_library(code), code


def test_each_character_changes_the_symbol_in_every_place() -> None:
    blank = "0" * 10
    images = {qr.image(blank[:place] + sign + blank[place + 1 :]) for place in range(10) for sign in ALPHABET}
    assert len(images) == 1 + 10 * 44


@pytest.mark.parametrize(
    "code", ["", "SM9S346Q3", "SM9S346Q355", "sm9s346q35", "SM9S346Q3\u0660", "SM9S_46Q35"]
)
def test_a_text_the_symbol_cannot_hold_does_not_fit(code: str) -> None:
    assert not qr.fits(code)


def test_an_id_fits() -> None:
    assert qr.fits("SM9S346Q35")
