"""How many tubes a sample needs, and which it draws."""

import math
import random
from collections import Counter
from decimal import Decimal

import pytest

from biobank.audits.sampling import draw, zero_error_size
from biobank.errors import Malformed

CODES = [f"S{number:05}" for number in range(2_000)]


def size(limit: str, confidence: str, population: int | None = None) -> int:
    return zero_error_size(Decimal(limit), Decimal(confidence), population)


def test_the_sizes_are_those_of_the_published_tables() -> None:
    """The table that the design keeps of zero-error samples, for an endless store and for real ones."""
    confidences = ("0.90", "0.95", "0.99")
    assert [size("0.05", each) for each in confidences] == [45, 59, 90]
    assert [size("0.02", each) for each in confidences] == [114, 149, 228]
    assert [size("0.01", each) for each in confidences] == [230, 299, 459]
    assert [size("0.005", each) for each in confidences] == [460, 598, 919]
    limits = ("0.05", "0.01", "0.005")
    assert [size(each, "0.95", 1_000) for each in limits] == [57, 258, 450]
    assert [size(each, "0.95", 5_000) for each in limits] == [59, 290, 564]
    assert [size(each, "0.95", 25_200) for each in limits] == [59, 297, 591]
    assert size("0.05", "0.95", 81) == 36


def test_a_store_that_is_small_is_looked_at_wholly() -> None:
    assert [size("0.01", "0.99", population) for population in (1, 2, 10)] == [1, 2, 10]


@pytest.mark.parametrize(
    ("limit", "confidence"), [("0", "0.95"), ("1", "0.95"), ("0.01", "1"), ("0.01", "0")]
)
def test_a_share_that_is_none_is_refused(limit: str, confidence: str) -> None:
    with pytest.raises(Malformed) as refused:
        size(limit, confidence)
    assert refused.value.slug == "share_impossible"


@pytest.mark.parametrize("population", [400, 3_190])
def test_the_claim_of_a_sample_holds_in_ten_thousand_draws_in_both_directions(population: int) -> None:
    """A store at the limit slips through at most as often as said; one tube fewer would slip too often."""
    limit, confidence, runs = Decimal("0.02"), Decimal("0.95"), 10_000
    drawn, errors = zero_error_size(limit, confidence, population), math.ceil(limit * population)
    chance = random.Random(20261122)  # noqa: S311 - the draws of a test

    def slips(looked_at: int) -> float:
        return sum(min(chance.sample(range(population), errors)) >= looked_at for _ in range(runs)) / runs

    exact = math.comb(population - drawn, errors) / math.comb(population, errors)
    assert exact <= 0.05 < math.comb(population - drawn + 1, errors) / math.comb(population, errors)
    # Four standard errors of ten thousand draws: a wrong size by a tenth would stand far outside.
    noise = 4 * math.sqrt(0.05 * 0.95 / runs)
    assert abs(slips(drawn) - exact) < noise
    assert slips(drawn - drawn // 5) > 0.05 + noise


def test_the_same_seed_draws_the_same_tubes_and_another_seed_others() -> None:
    first = draw("a seed", CODES, 299)
    assert draw("a seed", reversed(CODES), 299) == first
    assert len(set(first)) == 299
    assert len(set(first) & set(draw("b seed", CODES, 299))) < 299 / 2
    assert draw("a seed", CODES, 100) == first[:100]


def test_every_tube_is_drawn_as_often_as_another() -> None:
    often = Counter(code for run in range(2_000) for code in draw(str(run), CODES[:20], 5))
    expected = 2_000 * 5 / 20
    chi = sum((often[code] - expected) ** 2 / (expected * (1 - 5 / 20)) for code in CODES[:20])
    # 19 degrees of freedom: beyond 43.8 once in a thousand; the seeds stand fixed, so it is beyond or not.
    assert chi < 43.8


def test_one_of_three_times_the_weight_is_drawn_first_three_times_as_often() -> None:
    runs = 4_000
    heavy = sum(draw(str(run), ["a", "b"], 1, {"b": 3.0}) == ["b"] for run in range(runs))
    assert abs(heavy / runs - 0.75) < 4 * math.sqrt(0.75 * 0.25 / runs)
