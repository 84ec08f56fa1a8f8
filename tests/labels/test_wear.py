"""The published table of wear is what the script makes; one figure of it is made again here."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.wear import LARGE, SEEN, share

PUBLISHED = Path(__file__).parents[2] / "docs" / "labels-wear.md"


def figures(symbol: str, module: str) -> list[str]:
    (row,) = re.findall(rf"\| {symbol} \| {module} mm \| [\d.]+ mm \| (.*) \|", PUBLISHED.read_text())
    return [str(cell) for cell in row.split(" | ")]


@pytest.mark.slow
def test_a_published_figure_is_the_one_that_the_script_makes() -> None:
    *_, worst = figures("QR, level H", "0.34")
    assert worst == f"{share('QR, level H', 4, replace(SEEN, specks=0.06, sizes=LARGE)):.0%}"
