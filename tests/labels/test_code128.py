import re

from reportlab.graphics.barcode.code128 import Code128

from biobank.labels.shapes import SymbolKind
from biobank.labels.symbols import bits
from tests.labels.paper import codes


def drawn_by_reportlab(code: str) -> str:
    """The modules that another encoder gives: letters name the widths of bars, small ones of spaces."""
    other = Code128(code, quiet=False)
    other.validate()
    other.encode()
    other.decompose()
    return "".join(
        ("1" if sign.isupper() else "0") * (ord(sign.upper()) - ord("A") + 1) for sign in other.decomposed
    )


def test_the_symbols_equal_the_ones_a_second_encoder_draws() -> None:
    # Digits in a row can be spelled in ways that are equally long: those are read, in test_data_matrix.
    plain = [code for code in codes(200) if not re.search(r"\d{4}|\d\d$", code)]
    assert len(plain) > 150
    for code in plain:
        drawn = bits(SymbolKind.CODE_128, code)
        modules = "".join("01"[drawn.black(x, 0)] for x in range(drawn.width))
        assert modules == drawn_by_reportlab(code).ljust(145, "0"), code
