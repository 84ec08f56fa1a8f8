"""Codes: ten characters that scan, check themselves, and are read however they are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from biobank import codes
from biobank.codes import ALPHABET, CodeKind
from biobank.errors import Malformed

KINDS = st.sampled_from(list(CodeKind))


def drawn(kind: CodeKind, number: int) -> str:
    """The code of a number, or the next one whose check character can be printed."""
    numbers = iter(range(number, number + 100))
    return codes.new_code(kind, lambda below: next(numbers) % below)


@given(KINDS, st.integers(0, 32**8 - 1))
def test_every_code_checks_itself_and_is_read_back(kind: CodeKind, number: int) -> None:
    code = drawn(kind, number)
    assert len(code) == codes.LENGTH
    assert code[0] == kind
    assert set(code[1:]) <= set(ALPHABET)
    assert mod_37_36.is_valid(code)
    assert codes.read(code) == code
    assert codes.require(code, kind) == code


@given(KINDS, st.integers(0, 32**8 - 1), st.integers(1, 9), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_never_read_as_a_code(
    kind: CodeKind, number: int, place: int, other: str
) -> None:
    code = drawn(kind, number)
    wrong = code[:place] + other + code[place + 1 :]
    assert codes.read(wrong) == (code if wrong == code else None)


@given(KINDS, st.integers(0, 32**8 - 1), st.integers(1, 8))
def test_two_neighbours_that_changed_places_are_never_read_as_a_code(
    kind: CodeKind, number: int, place: int
) -> None:
    code = drawn(kind, number)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert codes.read(swapped) == (code if swapped == code else None)


@pytest.mark.parametrize(
    "form",
    [
        str.lower,
        codes.grouped,
        lambda code: codes.grouped(code).replace(" ", "-").lower(),
        lambda code: f"]Q1{code}",
        lambda code: f"]d2{code.lower()}\r\n",
        lambda code: f"  {code}\t",
        lambda code: f"{code}\x1d",
        lambda code: "".join(chr(ord(character) + 0xFEE0) for character in code),
        lambda code: code[0] + code[1:].replace("1", "I").replace("0", "O"),
        lambda code: code[0] + code[1:].replace("1", "l").replace("0", "o"),
        lambda code: code[0] + code[1:].replace("1", "L"),
    ],
    ids=[
        "lower case", "in groups", "with hyphens", "QR prefix", "data matrix prefix, CR LF", "spaces",
        "group separator", "full width", "I and O", "l and o", "L",
    ],
)  # fmt: skip
def test_a_code_is_read_however_it_is_sent(form: object) -> None:
    code = drawn(CodeKind.SPECIMEN, 0x0123_4567 << 5 | 1)
    assert {"0", "1"} & set(code)
    assert codes.read(form(code)) == code  # type: ignore[operator]


def test_a_check_character_that_cannot_be_printed_is_drawn_again() -> None:
    seen = {drawn(CodeKind.SPECIMEN, number)[-1] for number in range(500)}
    assert seen == set(ALPHABET)


@pytest.mark.parametrize(
    "text", ["", " ", "S", "A" * 10, "S" * 500, "]Q1", "S123456789", "１", "Ⅷ", "\x00" * 10, "🧊" * 10]
)
def test_what_is_not_a_code_is_refused_with_what_was_read(text: str) -> None:
    assert codes.read(text) is None
    with pytest.raises(Malformed) as refused:
        codes.require(text, CodeKind.SPECIMEN, "tube")
    assert (refused.value.slug, refused.value.field) == ("code_unreadable", "tube")
    assert len(str(refused.value.facts["text"])) <= 40


def test_a_code_of_another_kind_is_refused_and_both_kinds_are_named() -> None:
    box = drawn(CodeKind.CONTAINER, 5)
    with pytest.raises(Malformed) as refused:
        codes.require(box, CodeKind.SPECIMEN)
    assert refused.value.slug == "code_of_other_kind"
    assert (refused.value.facts["found"], refused.value.facts["wanted"]) == ("C", "S")
    assert codes.grouped(box) in str(refused.value)


def test_codes_of_chance_do_not_repeat() -> None:
    assert len({codes.new_code(CodeKind.SPECIMEN) for _ in range(2000)}) == 2000


def test_a_code_is_grouped_as_it_is_printed() -> None:
    assert codes.grouped("SM9S346Q35") == "SM9S 346Q 35"
