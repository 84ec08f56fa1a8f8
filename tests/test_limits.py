"""The clocks to a protocol's limits: when they run, when they turn, and what they say once passed."""

from datetime import UTC, datetime, timedelta

import pytest

from biobank.preanalytics.limits import Reached, clock, clocks, passed

DRAWN = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LIMITS = {"receive": 60, "spin": 240, "freeze": 120}


def running(reached: Reached, limits: dict[str, int] = LIMITS) -> list[str]:
    return [each.name for each in clocks(limits, reached, DRAWN + MINUTE)]


def test_nothing_runs_before_anything_was_drawn() -> None:
    assert running(Reached()) == []


def test_a_clock_runs_from_what_it_counts_to_what_it_waits_for() -> None:
    spun, rested = DRAWN + 30 * MINUTE, DRAWN + 40 * MINUTE
    assert running(Reached(collected=DRAWN)) == ["receive", "spin"]
    assert running(Reached(collected=DRAWN, received=DRAWN)) == ["spin"]
    assert running(Reached(collected=DRAWN, spun=spun, rested=rested)) == ["freeze"]
    assert running(Reached(collected=DRAWN, spun=spun, rested=rested, frozen=rested)) == []


def test_the_freezer_waits_from_the_draw_where_nothing_is_to_be_spun() -> None:
    assert running(Reached(collected=DRAWN), {"freeze": 120}) == ["freeze"]


def test_a_clock_counts_from_the_end_of_the_last_spin() -> None:
    rested = DRAWN + 40 * MINUTE
    (shown,) = clocks({"freeze": 120}, Reached(collected=DRAWN, spun=DRAWN, rested=rested), rested)
    assert (shown.since, shown.due, shown.minutes_left) == (rested, rested + 120 * MINUTE, 120)


@pytest.mark.parametrize(
    ("gone", "left", "level"),
    [
        (0 * MINUTE, 120, "ok"),
        (90 * MINUTE - SECOND, 30, "ok"),
        (90 * MINUTE, 30, "amber"),
        (120 * MINUTE, 0, "amber"),
        (120 * MINUTE + SECOND, -1, "red"),
        (150 * MINUTE, -30, "red"),
    ],
)
def test_a_clock_turns_amber_at_three_quarters_and_red_past_the_limit(
    gone: timedelta, left: int, level: str
) -> None:
    shown = clock("freeze", DRAWN, 120, DRAWN + gone)
    assert (shown.minutes_left, shown.level) == (left, level)


def test_a_limit_is_passed_when_more_than_its_minutes_went_by() -> None:
    assert passed("freeze", DRAWN, DRAWN + 120 * MINUTE, LIMITS) is None
    assert passed("freeze", DRAWN, DRAWN + 120 * MINUTE + SECOND, LIMITS) == (121, 120)
    assert passed("freeze", DRAWN, DRAWN + 150 * MINUTE, LIMITS) == (150, 120)


def test_nothing_is_passed_where_a_time_or_a_limit_is_missing() -> None:
    late = DRAWN + 9999 * MINUTE
    assert passed("freeze", None, late, LIMITS) is None
    assert passed("freeze", DRAWN, None, LIMITS) is None
    assert passed("freeze", DRAWN, late, {}) is None
