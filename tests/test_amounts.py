"""Amounts: whole inside, decimal texts outside, and nothing is ever rounded."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biobank import amounts
from biobank.amounts import LARGEST, MATERIALS, Dimension
from biobank.errors import Malformed, RuleBroken

DIMENSIONS = st.sampled_from(list(Dimension))


@given(st.integers(0, LARGEST), DIMENSIONS)
def test_what_is_written_is_read_back_exactly(amount: int, dimension: Dimension) -> None:
    said = amounts.canonical(amount, dimension)
    assert amounts.from_canonical(json.loads(json.dumps(said))) == amount
    assert amounts.from_canonical(amounts.canonical(-amount, dimension)) == -amount
    assert "E" not in said["v"]
    if len(said["v"]) <= 15:  # nobody writes a longer one
        assert amounts.parse(f"{said['v']} {said['u']}", dimension) == amount


@pytest.mark.parametrize(
    ("text", "dimension", "amount"),
    [
        ("250 uL", Dimension.VOLUME, 250_000),
        ("250 µL", Dimension.VOLUME, 250_000),
        ("250 μl", Dimension.VOLUME, 250_000),
        ("  0.25mL ", Dimension.VOLUME, 250_000),
        ("1 nL", Dimension.VOLUME, 1),
        ("0.000001 mL", Dimension.VOLUME, 1),
        ("0 uL", Dimension.VOLUME, 0),
        ("9007 L", Dimension.VOLUME, 9007 * 10**9),
        ("0.4 g", Dimension.MASS, 400_000_000),
        ("400 MG", Dimension.MASS, 400_000_000),
        ("3 pieces", Dimension.COUNT, 3),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, dimension: Dimension, amount: int) -> None:
    assert amounts.parse(text, dimension) == amount


@pytest.mark.parametrize(
    "text",
    [
        "", "250", "uL", "-5 uL", "+5 uL", "1e3 uL", "0x10 uL", "1,5 mL", "1.5.2 mL", ".5 mL", "5. mL",
        "NaN uL", "inf uL", "5 uL 5 uL", "5 cups", "1" * 16 + " uL", "5 u L", "1_000 uL", "5 uL\x00",
    ],
)  # fmt: skip
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        amounts.parse(text, Dimension.VOLUME, "specimens.0.amount")
    assert (refused.value.slug, refused.value.field) == ("amount_unreadable", "specimens.0.amount")


def test_digits_of_another_script_mean_what_they_say_or_are_refused() -> None:
    assert amounts.parse("２５０ uL", Dimension.VOLUME) == 250_000


@pytest.mark.parametrize("text", ["0.0000001 mL", "0.5 nL", "9007200 L", "999999999999999 kg"])
def test_too_fine_and_too_much_are_refused_not_rounded(text: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        amounts.parse(text, Dimension.MASS if "kg" in text else Dimension.VOLUME)
    assert refused.value.slug == "amount_out_of_range"


def test_half_a_piece_is_refused() -> None:
    with pytest.raises(RuleBroken) as refused:
        amounts.parse("0.5 pieces", Dimension.COUNT)
    assert refused.value.slug == "amount_out_of_range"


def test_a_mass_of_a_liquid_is_refused_and_the_right_unit_named() -> None:
    with pytest.raises(RuleBroken) as refused:
        amounts.parse("5 mg", Dimension.VOLUME)
    assert refused.value.slug == "amount_of_other_dimension"
    assert refused.value.facts["unit"] == "uL"


def test_an_unknown_material_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(RuleBroken) as refused:
        amounts.material("moon dust", "specimens.1.material")
    assert (refused.value.slug, refused.value.field) == ("material_unknown", "specimens.1.material")
    assert "plasma_edta" in str(refused.value.facts["known"])


def test_every_material_has_a_name_and_a_text_short_enough_for_a_label() -> None:
    for code, material in MATERIALS.items():
        assert code == material.code
        assert amounts.material_name(code)
        assert len(material.label) <= 12


def test_an_amount_is_shown_without_needless_zeros_and_an_unknown_one_not_at_all() -> None:
    assert amounts.shown(250_000, "serum") == "250 uL"
    assert amounts.shown(10_000_000, "serum") == "10 mL"
    assert amounts.shown(1, "serum") == "1 nL"
    assert amounts.shown(5_000, "dna") == "5 ug"
    assert amounts.shown(1_200_000_000, "stool") == "1.2 g"
    assert amounts.canonical_read_as({"u": "uL", "v": "-7000"}) == "-7 mL"
    assert amounts.shown(0, "dna") == "0 mg"
    assert amounts.shown(None, "dna") == ""
    assert Decimal(amounts.canonical(LARGEST, Dimension.VOLUME)["v"]) == Decimal(LARGEST) / 1000
