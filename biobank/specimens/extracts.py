"""What is measured of an extract: its concentration and its purity, exact to what is kept."""

import re
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from biobank.errors import Malformed, RuleBroken
from biobank.tables import Extract
from biobank.texts import N_

EXTRACTS = ("dna", "rna")
"""The materials that are extracts."""

LARGEST = 10**9
"""The largest concentration kept, in pg/uL: a milligram in a microlitre is no solution any more."""

LOWEST_RATIO, HIGHEST_RATIO = 500, 3000

MeasuredText = Annotated[str, Field(min_length=1, max_length=40)]

_WRITTEN = re.compile(r"(?P<value>\d{1,9}(?:\.\d{1,9})?)\s*(?P<unit>[^\d\s.]{1,8})", re.ASCII)
_RATIO = re.compile(r"\d(\.\d{1,9})?", re.ASCII)
_UNITS = {"pg/ul": 1, "ng/ul": 10**3, "ug/ml": 10**3, "ug/ul": 10**6, "mg/ml": 10**6}


def concentration(text: str) -> int:
    """Read `52.3 ng/uL` into whole pg/uL.

    Refused: no number and unit (pg/uL, ng/uL, ug/mL, ug/uL or mg/mL), finer than a pg/uL, too much.
    """
    folded = text.strip().replace("µ", "u").replace("μ", "u").lower()
    match = re.fullmatch(_WRITTEN, folded)
    factor = _UNITS.get(match["unit"]) if match else None
    if match is None or factor is None:
        message = N_("“%(text)s” is not a concentration. Write a number and a unit, such as “52.3 ng/uL”.")
        raise Malformed("concentration_unreadable", message, field="concentration", text=text[:40])
    whole = Decimal(match["value"]) * factor
    if whole != whole.to_integral_value() or not 0 <= whole <= LARGEST:
        message = N_("“%(text)s” is too fine or too large to be a concentration that is kept exactly.")
        raise RuleBroken("concentration_out_of_range", message, field="concentration", text=text[:40])
    return int(whole)


def ratio(text: str) -> int:
    """Read the A260/280 ratio `1.84` into thousandths. Refused: no number, finer, outside of 0.5 to 3.0."""
    if not _RATIO.fullmatch(text.strip()):
        message = N_("“%(text)s” is not a ratio. Write a number such as “1.84”.")
        raise Malformed("ratio_unreadable", message, field="a260_280", text=text[:40])
    whole = Decimal(text.strip()) * 1000
    if whole != whole.to_integral_value() or not LOWEST_RATIO <= whole <= HIGHEST_RATIO:
        message = N_("An A260/280 of %(text)s cannot be: it is from 0.5 to 3.0, to the thousandth.")
        raise RuleBroken("ratio_out_of_range", message, field="a260_280", text=text[:40])
    return int(whole)


def extract(
    specimen_id: UUID, material: str, concentration_text: str | None, ratio_text: str | None
) -> Extract | None:
    """What was measured of an extract, not yet kept; None where nothing was.

    Refused: a material that is no extract, and what `concentration` and `ratio` refuse.
    """
    if concentration_text is None and ratio_text is None:
        return None
    if material not in EXTRACTS:
        message = N_("Only DNA and RNA have a concentration and an A260/280.")
        field = "a260_280" if concentration_text is None else "concentration"
        raise RuleBroken("not_an_extract", message, field=field, material=material)
    return Extract(
        specimen_id=specimen_id,
        concentration=concentration(concentration_text) if concentration_text is not None else None,
        a260_280=ratio(ratio_text) if ratio_text is not None else None,
    )


def shown_concentration(kept: int) -> str:
    """A kept concentration as people read it: `52.3 ng/uL`."""
    return f"{(Decimal(kept) / 1000).normalize():f} ng/uL"


def shown_ratio(kept: int) -> str:
    """A kept ratio as people read it: `1.84`."""
    return f"{Decimal(kept) / 1000:.3f}".rstrip("0").rstrip(".")
