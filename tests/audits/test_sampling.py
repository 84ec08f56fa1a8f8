"""How many tubes a sample needs, and which it draws."""

import math
import random
import tracemalloc
from collections import Counter
from decimal import Decimal

import pytest

from biobank.audits.sampling import draw, draw_weighted, limit_shown, share_size, zero_error_size
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


@pytest.mark.parametrize("confidence", ["0.90", "0.95", "0.99"])
@pytest.mark.parametrize("population", [None, 81, 1_000, 3_190])
def test_what_a_draw_shows_is_the_other_way_round_of_its_size(
    confidence: str, population: int | None
) -> None:
    told = Decimal(confidence)
    for drawn in (1, 7, 45, 80):
        limit = limit_shown(drawn, told, population)
        if limit == 1:
            continue  # so few show nothing: were all wrong but one, they might be that one
        assert zero_error_size(limit, told, population) <= drawn
        # One wrong tube less, or a rate a millionth smaller, takes a larger draw.
        less = limit - (Decimal(1) / population if population else Decimal("0.000001"))
        assert less <= 0 or zero_error_size(less, told, population) > drawn


def test_the_limits_that_shares_show_are_those_of_the_tables_read_backwards() -> None:
    told = [limit_shown(drawn, Decimal("0.95")).quantize(Decimal("0.001")) for drawn in (59, 149, 299, 598)]
    assert told == [Decimal(text) for text in ("0.050", "0.020", "0.010", "0.005")]
    assert limit_shown(258, Decimal("0.95"), 1_000) == Decimal("0.01")
    assert limit_shown(257, Decimal("0.95"), 1_000) == Decimal("0.011")
    assert limit_shown(81, Decimal("0.95"), 81) == Decimal("0.012345679")
    assert limit_shown(0, Decimal("0.95"), 81) == 1
    with pytest.raises(Malformed) as refused:
        limit_shown(10, Decimal(1), 81)
    assert refused.value.slug == "share_impossible"


def test_a_share_is_rounded_up_and_takes_no_more_than_there_is() -> None:
    tenth = Decimal("0.1")
    assert [share_size(tenth, population) for population in (0, 1, 10, 11, 81, 3_190)] == [0, 1, 1, 2, 9, 319]
    assert share_size(Decimal("0.999999"), 3) == 3


def test_the_size_of_a_sample_of_a_very_large_store_is_found_at_once() -> None:
    """Ten errors among a million tubes: the fraction of a draw one by one would have a million digits."""
    told = Decimal("0.95")
    assert zero_error_size(Decimal("0.00001"), told, 1_000_000) == 258_865
    assert limit_shown(258_865, told, 1_000_000) == Decimal("0.00001")
    assert limit_shown(258_864, told, 1_000_000) == Decimal("0.000011")


@pytest.mark.parametrize("codes", [20_000, pytest.param(1_000_000, marks=pytest.mark.prove)])
def test_a_draw_keeps_no_more_in_memory_than_it_draws(codes: int) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            every = ((f"S{number:07}", 1.0 + number % 3) for number in range(count))
            assert len(draw_weighted("a seed", every, 299)) == 299
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1_000)
    assert peak(codes) < peak(codes // 20) + 20_000
    kept = len([*draw("a seed", (f"S{number:07}" for number in range(codes // 20)), codes)])
    assert kept == codes // 20
