"""The exact interval of an error rate, against an independent computation."""

import pytest
from scipy.stats import binomtest

from biobank.audits.intervals import error_rate

CASES = [
    (0, 1),
    (1, 1),
    (0, 299),
    (1, 299),
    (299, 299),
    (3, 81),
    (40, 3_190),
    (12, 40_500),
    (40_499, 40_500),
    (1_000, 1_000_000),
]


@pytest.mark.parametrize("confidence", [0.90, 0.95, 0.99])
@pytest.mark.parametrize(("errors", "looked_at"), CASES)
def test_the_interval_is_that_of_an_independent_computation(
    errors: int, looked_at: int, confidence: float
) -> None:
    ours = error_rate(errors, looked_at, confidence)
    theirs = binomtest(errors, looked_at).proportion_ci(confidence, "exact")
    assert ours.low == pytest.approx(theirs.low, abs=1e-9, rel=0)
    assert ours.high == pytest.approx(theirs.high, abs=1e-9, rel=0)


def test_every_count_of_a_box_has_the_interval_of_an_independent_computation() -> None:
    for errors in range(82):
        ours, theirs = error_rate(errors, 81), binomtest(errors, 81).proportion_ci(0.95, "exact")
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9, rel=0)


def test_where_nothing_was_looked_at_nothing_is_known() -> None:
    nothing = error_rate(0, 0)
    assert (nothing.rate, nothing.low, nothing.high) == (0.0, 0.0, 1.0)
