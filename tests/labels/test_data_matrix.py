from collections import Counter
from collections.abc import Sequence
from itertools import chain

import pytest
import zxingcpp
from PIL import Image, ImageOps

from biobank.labels.shapes import SymbolKind
from biobank.labels.symbols import bits, fits, quiet, size
from tests.labels import second
from tests.labels.paper import codes

SIDE, DATA = 14, 8
"""ECC 200 of 14 x 14 modules holds eight codewords of data (ISO/IEC 16022, table 7)."""


def modules(code: str) -> list[bool]:
    drawn = bits(SymbolKind.DATA_MATRIX, code)
    assert (drawn.width, drawn.height, len(drawn.rows)) == (SIDE, SIDE, 2 * SIDE)
    return [drawn.black(x, y) for y in range(SIDE) for x in range(SIDE)]


def places() -> tuple[list[bool], list[int]]:
    """The second encoder's symbol of eight zeros, and the module in which each bit of data stands.

    A bit of data changes its own module, which no other does, and modules of error correction.
    """
    single = [[1 << (7 - bit) if word == at else 0 for word in range(DATA)] for at, bit in _bits()]
    blank, *changed = second.data_matrix([[0] * DATA, *single])
    flips = [[at for at in range(SIDE * SIDE) if each[at] != blank[at]] for each in changed]
    shared = Counter(chain.from_iterable(flips))
    return blank, [next(at for at in flip if shared[at] == 1) for flip in flips]


def _bits() -> list[tuple[int, int]]:
    return [(at, bit) for at in range(DATA) for bit in range(8)]


def codewords(symbol: Sequence[bool], blank: Sequence[bool], stands: Sequence[int]) -> list[int]:
    words = [0] * DATA
    for (at, bit), module in zip(_bits(), stands, strict=True):
        words[at] |= (symbol[module] != blank[module]) << (7 - bit)
    return words


def test_every_symbol_equals_the_one_a_second_encoder_makes_of_its_codewords() -> None:
    # Which codewords spell a text is an encoder's choice; where they stand and what corrects them is not.
    symbols = [modules(code) for code in codes(60)]
    blank, stands = places()
    assert second.data_matrix([codewords(each, blank, stands) for each in symbols]) == symbols


def test_a_wrong_module_is_noticed() -> None:
    blank, stands = places()
    symbol = modules("SM9S346Q35")
    harmed = [
        [black != (at == place) for place, black in enumerate(symbol)] for at in range(0, SIDE * SIDE, 37)
    ]
    made = second.data_matrix([codewords(each, blank, stands) for each in harmed])
    assert all(one != other for one, other in zip(made, harmed, strict=True))


@pytest.mark.parametrize("kind", list(SymbolKind))
def test_the_same_code_is_always_the_same_symbol_and_reads_as_itself(kind: SymbolKind) -> None:
    for code in [*codes(40), "S123456789", "SA0000000A", "XTAKE0000X"]:
        drawn = bits(kind, code)
        assert (drawn, (drawn.width, drawn.height)) == (bits(kind, code), size(kind))
        ink = Image.frombytes("1", (drawn.width, drawn.height), drawn.rows).convert("L")
        high = 3 * drawn.height if drawn.height > 1 else 60
        paper = ImageOps.expand(ImageOps.invert(ink).resize((3 * drawn.width, high)), 3 * quiet(kind), 255)
        assert [each.text for each in zxingcpp.read_barcodes(paper)] == [code]


@pytest.mark.parametrize(
    "code", ["", "SM9S346Q3", "SM9S346Q355", "sm9s346q35", "SM9S346Q3\u0660", "0M9S346Q35"]
)
def test_a_text_that_is_no_code_of_ours_does_not_fit(code: str) -> None:
    assert fits("SM9S346Q35")
    assert not fits(code)
