"""Amounts and materials: whole nL, ng or pieces inside, decimal strings with a unit outside."""

import re
from decimal import Decimal
from enum import StrEnum

import msgspec

from biobank.errors import Malformed, RuleBroken
from biobank.texts import N_
from biobank.texts import gettext as _

LARGEST = 2**53 - 1
"""The largest amount kept: nine million litres or nine tonnes, and exact in every JSON reader."""

_WRITTEN = re.compile(r"(?P<value>\d{1,15}(?:\.\d{1,9})?)\s*(?P<unit>[^\d\s.]{1,8})")


class Dimension(StrEnum):
    """What an amount of a material is counted in."""

    VOLUME = "nL"
    MASS = "ng"
    COUNT = "pieces"


_UNITS: dict[str, tuple[Dimension, int]] = {
    "L": (Dimension.VOLUME, 10**9),
    "mL": (Dimension.VOLUME, 10**6),
    "uL": (Dimension.VOLUME, 10**3),
    "nL": (Dimension.VOLUME, 1),
    "kg": (Dimension.MASS, 10**12),
    "g": (Dimension.MASS, 10**9),
    "mg": (Dimension.MASS, 10**6),
    "ug": (Dimension.MASS, 10**3),
    "ng": (Dimension.MASS, 1),
    "pieces": (Dimension.COUNT, 1),
}
_FOLDED = {unit.lower(): unit for unit in _UNITS}
_READ_IN = {
    Dimension.VOLUME: ("mL", "uL", "nL"),
    Dimension.MASS: ("g", "mg", "ug", "ng"),
    Dimension.COUNT: ("pieces",),
}
_CANONICAL = {Dimension.VOLUME: "uL", Dimension.MASS: "mg", Dimension.COUNT: "pieces"}


class Material(msgspec.Struct, frozen=True):
    """What a tube holds: its code, its name as a message id, its short label text, its dimension."""

    code: str
    name: str
    label: str
    dimension: Dimension


def _materials(*each: Material) -> dict[str, Material]:
    return {material.code: material for material in each}


MATERIALS = _materials(
    Material("blood_edta", N_("EDTA blood"), "EDTA blood", Dimension.VOLUME),
    Material("blood_serum", N_("blood in a serum tube"), "serum tube", Dimension.VOLUME),
    Material("blood_paxgene", N_("PAXgene blood"), "PAXgene", Dimension.VOLUME),
    Material("plasma_edta", N_("EDTA plasma"), "EDTA plasma", Dimension.VOLUME),
    Material("serum", N_("serum"), "serum", Dimension.VOLUME),
    Material("buffy_coat", N_("buffy coat"), "buffy coat", Dimension.VOLUME),
    Material("dna", N_("DNA"), "DNA", Dimension.MASS),
    Material("rna", N_("RNA"), "RNA", Dimension.MASS),
    Material("stool", N_("stool"), "stool", Dimension.MASS),
    Material("stool_stabilised", N_("stabilised stool"), "stab. stool", Dimension.VOLUME),
)


def material(code: str, field: str = "material") -> Material:
    """The material of that code; refused with the known codes otherwise."""
    if code not in MATERIALS:
        raise RuleBroken(
            "material_unknown",
            "There is no material “%(code)s”. Known are: %(known)s.",
            field=field,
            code=code[:40],
            known=", ".join(MATERIALS),
        )
    return MATERIALS[code]


def material_name(code: str) -> str:
    """A material's name in the reader's language."""
    return _(MATERIALS[code].name)


def parse(text: str, dimension: Dimension, field: str = "amount") -> int:
    """Read `250 uL` or `0.4 g` into whole nL, ng or pieces.

    Refused: no unit, a sign, an exponent, a unit of another dimension, finer than the smallest
    whole, nothing at all. Both micro signs are accepted.
    """
    written = text.strip().replace("µ", "u").replace("μ", "u")
    match = _WRITTEN.fullmatch(written)
    unit = _FOLDED.get(match["unit"].lower()) if match else None
    if match is None or unit is None:
        raise Malformed(
            "amount_unreadable",
            "“%(text)s” is not an amount. Write a number and a unit, such as “250 uL”.",
            field=field,
            text=text[:40],
        )
    found, factor = _UNITS[unit]
    if found is not dimension:
        raise RuleBroken(
            "amount_of_other_dimension",
            "“%(text)s” does not fit: this material is measured in %(unit)s.",
            field=field,
            text=text[:40],
            unit=_CANONICAL[dimension],
        )
    whole = Decimal(match["value"]) * factor
    if whole != whole.to_integral_value() or not 0 <= whole <= LARGEST:
        raise RuleBroken(
            "amount_out_of_range",
            "“%(text)s” is too fine or too large to be kept exactly.",
            field=field,
            text=text[:40],
        )
    return int(whole)


def canonical(amount: int, dimension: Dimension) -> dict[str, str]:
    """An amount as the ledger writes it: `{"u": "uL", "v": "250"}`, no trailing zeros, no exponent."""
    unit = _CANONICAL[dimension]
    value = Decimal(amount) / _UNITS[unit][1]
    return {"u": unit, "v": f"{value.normalize():f}"}


def from_canonical(amount: dict[str, str]) -> int:
    """Back from the ledger's form to whole nL, ng or pieces (negative for what was taken)."""
    return int(Decimal(amount["v"]) * _UNITS[amount["u"]][1])


def shown(amount: int | None, material_code: str) -> str:
    """An amount as people read it, `250 uL` or `1.2 g`; empty where it is not known."""
    return "" if amount is None else read_as(amount, MATERIALS[material_code].dimension)


def measured(amount: int, material_code: str) -> tuple[Decimal, str]:
    """An amount as a number to reckon with and its unit: always uL, mg or pieces, exact to the last digit."""
    unit = _CANONICAL[MATERIALS[material_code].dimension]
    return Decimal(amount) / _UNITS[unit][1], unit


def read_as(amount: int, dimension: Dimension) -> str:
    """An amount in the largest unit of which it is at least one, exact to the last digit."""
    fitting = (unit for unit in _READ_IN[dimension] if abs(amount) >= _UNITS[unit][1])
    unit = next(fitting, _CANONICAL[dimension])
    return f"{(Decimal(amount) / _UNITS[unit][1]).normalize():f} {unit}"


def canonical_read_as(amount: dict[str, str]) -> str:
    """The ledger's form of an amount as people read it."""
    return read_as(from_canonical(amount), _UNITS[amount["u"]][0])
