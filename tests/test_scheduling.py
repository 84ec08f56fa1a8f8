"""Schedules on the calendar: months of every length, windows, arms, and the days of a site."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biobank import clock
from biobank.participants.scheduling import planned_on, site_day, wanted, window
from biobank.tables import Anchor, Event, Procedure

KEY = clock.new_key()


def event(
    code: str = "M1", months: int = 0, days: int = 0, *, anchor: str = "enrolment", **more: Any
) -> Event:
    told: dict[str, Any] = {"title": code, "position": 0, "offset_months": months, "offset_days": days} | more
    return Event(protocol_id=KEY, code=code, anchor=Anchor(anchor), **told)


def procedure(number: int, day: date | None, *, cancelled: bool = False) -> Procedure:
    return Procedure(participant_id=KEY, number=number, name="x", happens_on=day, cancelled=cancelled)


@pytest.mark.parametrize(
    ("anchor", "months", "days", "due"),
    [
        ("2026-05-04", 0, 0, "2026-05-04"),
        ("2026-01-31", 1, 0, "2026-02-28"),
        ("2024-01-31", 1, 0, "2024-02-29"),
        ("2024-02-29", 12, 0, "2025-02-28"),
        ("2024-02-29", 48, 0, "2028-02-29"),
        ("2026-08-31", 1, 0, "2026-09-30"),
        ("2026-12-31", 2, 0, "2027-02-28"),
        ("2026-01-31", 1, 1, "2026-03-01"),
        ("2026-03-31", -1, 0, "2026-02-28"),
        ("2026-01-15", -1, 0, "2025-12-15"),
        ("2026-01-01", 0, -1, "2025-12-31"),
        ("2026-03-29", 0, 1, "2026-03-30"),
        ("1999-12-31", 1200, 0, "2099-12-31"),
    ],
)
def test_an_event_is_due_its_months_and_then_its_days_after_the_anchor(
    anchor: str, months: int, days: int, due: str
) -> None:
    assert planned_on(event(months=months, days=days), date.fromisoformat(anchor)) == date.fromisoformat(due)


@given(st.dates(date(1950, 1, 1), date(2100, 12, 31)), st.integers(-240, 240))
def test_months_on_it_is_the_same_day_or_the_last_one_of_a_shorter_month(day: date, months: int) -> None:
    due = planned_on(event(months=months), day)
    assert (due.year - day.year) * 12 + due.month - day.month == months
    assert due.day == day.day or (due.day < day.day and (due + timedelta(days=1)).day == 1)


def test_a_window_begins_and_ends_so_many_days_off_over_a_change_of_clocks() -> None:
    wide = event(window_before=2, window_after=3)
    assert window(wide, date(2026, 3, 29)) == (date(2026, 3, 27), date(2026, 4, 1))
    assert window(event(), date(2026, 3, 29)) == (date(2026, 3, 29), date(2026, 3, 29))


def test_each_standing_procedure_wants_its_own_visits_and_enrolment_each_event_once() -> None:
    events = [event("BL"), event("PRE", days=-1, anchor="procedure")]
    procedures = [
        procedure(1, date(2026, 6, 1)),
        procedure(2, None),
        procedure(3, date(2026, 8, 1), cancelled=True),
    ]
    found = wanted("", date(2026, 5, 4), procedures, events)
    assert [(each.event.code, each.occasion, each.planned_on) for each in found] == [
        ("BL", 0, date(2026, 5, 4)),
        ("PRE", 1, date(2026, 5, 31)),
        ("PRE", 2, None),
    ]
    assert (found[2].opens_on, found[2].closes_on) == (None, None)
    assert wanted("", None, [], events)[0].planned_on is None


def test_an_event_for_some_arms_is_wanted_in_them_alone() -> None:
    events = [event("BL"), event("OP", arms=["surgical"])]
    for arm, codes in (("surgical", ["BL", "OP"]), ("other", ["BL"]), ("", ["BL"])):
        assert [each.event.code for each in wanted(arm, None, [], events)] == codes


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("Asia/Shanghai", "2026-03-28T15:59:00", "2026-03-28"),
        ("Asia/Shanghai", "2026-03-28T16:00:00", "2026-03-29"),
        ("Europe/Berlin", "2026-03-28T22:59:00", "2026-03-28"),
        ("Europe/Berlin", "2026-03-28T23:00:00", "2026-03-29"),
        ("Europe/Berlin", "2026-03-29T21:59:00", "2026-03-29"),
        ("Europe/Berlin", "2026-03-29T22:00:00", "2026-03-30"),
        ("America/New_York", "2026-11-01T03:59:00", "2026-10-31"),
        ("America/New_York", "2026-11-02T04:59:00", "2026-11-01"),
        ("America/New_York", "2026-11-02T05:00:00", "2026-11-02"),
    ],
)
def test_the_day_is_the_one_on_the_wall_of_the_site(zone: str, moment: str, day: str) -> None:
    told = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert site_day(zone, told) == date.fromisoformat(day)
