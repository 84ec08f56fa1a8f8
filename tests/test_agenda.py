"""The agenda: what is due, overdue, to come, out of its window or missed, on the day it is at each site."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from biobank import accounts, clock, inputs, participants
from biobank.accounts import SiteOrder
from biobank.errors import Malformed, NotFound, RuleBroken
from biobank.participants import AgendaRow, Asked, CalendarDay, Counts
from biobank.participants.agenda import Pressing, pressing
from tests.test_planning import EVENTS, adopt, change, collect, enrol, miss, operate, protocol, row
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Noon of 2 March at the site BJ."""


@pytest.fixture
def study(world: World) -> Iterator[World]:
    """Three participants of the study with two anchors, at noon of a day in March."""
    clock.set_clock(lambda: NOON)  # only now: the world is furnished once for all tests, on the day it is
    adopt(world, protocol(*EVENTS))
    enrol(world, "D-1", enrolled_on="2026-01-31")
    enrol(world, "D-2", enrolled_on="2026-02-28", arm="other")
    enrol(world, "D-3", enrolled_on=None)
    yield world
    clock.set_clock()


def listed(world: World, of: str, person: str = TECHNICIAN, **told: object) -> list[AgendaRow]:
    limit, after = int(str(told.pop("limit", 50))), str(told.pop("after", ""))
    asked = inputs.read(Asked, {"of": of} | told)
    return world.ask(lambda s, a: participants.agenda(s, a, asked, limit, after), person)


def briefly(rows: list[AgendaRow]) -> list[tuple[str, str, int | None]]:
    return [(each.participant, each.event, each.days) for each in rows]


def counted(world: World, person: str = TECHNICIAN, **told: object) -> Counts:
    asked = inputs.read(Asked, told)
    return world.ask(lambda s, a: participants.counts(s, a, asked), person)


def test_each_planned_visit_stands_in_one_list_by_the_day_it_is(study: World) -> None:
    assert briefly(listed(study, "due")) == [("D-2", "BL", 1), ("D-1", "M1", 5)]
    assert briefly(listed(study, "overdue")) == [("D-1", "RUN", 37), ("D-1", "BL", 27), ("D-2", "RUN", 9)]
    assert briefly(listed(study, "upcoming")) == [
        ("D-2", "M1", 19),
        ("D-1", "M3", 45),
        ("D-2", "M3", 73),
        ("D-2", "SIX", 179),
    ]
    assert counted(study) == Counts(due=2, overdue=3, upcoming=4, out_of_window=0, missed=0)
    assert study.ask(pressing) == Pressing(due=2, overdue=3)
    assert study.ask(lambda s, a: pressing(s, a, 2)) == Pressing(due=2, overdue=2)
    due = listed(study, "due", participant="D-1")[0]
    assert (due.study, due.site, due.arm, due.title, due.status) == (
        "DEMO",
        "BJ",
        "surgical",
        "A visit",
        "planned",
    )


def test_a_visit_out_of_its_window_says_how_far(study: World) -> None:
    card = enrol(study, "D-4")
    collect(study, row(card, "RUN").code, "2026-01-26T09:00:00+08:00")
    collect(study, row(card, "BL").code, "2026-02-03T23:30:00+08:00")
    early = row(card, "M1").code
    collect(study, early, "2026-02-20T00:30:00+08:00")
    out = briefly(listed(study, "out_of_window"))
    assert out == [("D-4", "RUN", 2), ("D-4", "M1", -1)]
    assert counted(study, participant="D-4").out_of_window == 2
    assert study.unproved() == []


def test_what_was_missed_says_why_and_one_without_a_day_comes_last(study: World) -> None:
    card = enrol(study, "D-4")
    undated = participants.by_pseudonym
    cardless = study.ask(lambda s, a: participants.card(s, undated(s, a, "DEMO", "D-3")))
    for code, reason in ((row(cardless, "BL").code, "declined"), (row(card, "RUN").code, "moved_away")):
        miss(study, code, reason)
    missed = listed(study, "missed")
    assert [(each.participant, each.reason) for each in missed] == [
        ("D-4", "moved_away"),
        ("D-3", "declined"),
    ]
    following = listed(study, "missed", after=missed[0].place)
    assert [each.participant for each in following] == ["D-3"]
    assert listed(study, "missed", after=missed[1].place) == []


def test_who_withdrew_has_nothing_due(study: World) -> None:
    told = {"level": "no_more_collection", "withdrawn_on": "2026-03-01"}
    change(study, participants.withdraw, participants.WithdrawalOrder, **told)
    for of in ("due", "overdue", "upcoming"):
        assert {each.participant for each in listed(study, of)} == {"D-2"}
    # Neither is a visit that stayed planned, should there ever be one.
    with study.database.writing.begin() as connection:
        connection.execute(text("UPDATE visit SET status = 'planned' WHERE status = 'cancelled'"))
    for of in ("due", "overdue", "upcoming"):
        assert {each.participant for each in listed(study, of)} == {"D-2"}
    days = study.ask(lambda s, a: participants.month(s, a, "DEMO", 2026, 2))
    assert "D-1" not in {each.participant for day in days for each in day.visits}


def test_a_visit_of_a_procedure_without_a_day_is_in_no_list_until_it_has_one(study: World) -> None:
    operate(study)
    assert "PRE" not in {each.event for of in ("due", "overdue", "upcoming") for each in listed(study, of)}
    operate(study, number=1, happens_on="2026-03-03")
    due = next(each for each in listed(study, "due") if each.event == "PRE")
    assert (due.procedure, due.days) == ("1. Resection", 0)


def test_a_list_is_read_page_by_page_in_the_order_in_which_windows_close(study: World) -> None:
    whole = listed(study, "upcoming") + listed(study, "overdue")
    for of in ("upcoming", "overdue"):
        found: list[AgendaRow] = []
        while some := listed(study, of, limit=1, after=found[-1].place if found else ""):
            found += some
        assert found == listed(study, of)
        closing = [each.closes_on for each in found if each.closes_on]
        assert closing == sorted(closing)
    assert len({each.visit for each in whole}) == 7
    with pytest.raises(Malformed) as refused:
        listed(study, "due", after="yesterday")
    assert refused.value.slug == "place_unreadable"


def test_a_list_is_of_one_study_or_site_and_of_what_one_may_see(study: World) -> None:
    assert briefly(listed(study, "due", study="DEMO", site="BJ")) == briefly(listed(study, "due"))
    assert listed(study, "due", site="NT") == []
    assert listed(study, "due", OUTSIDER) == []
    assert counted(study, OUTSIDER) == Counts(0, 0, 0, 0, 0)
    with pytest.raises(NotFound):
        listed(study, "due", study="OTHER")
    with pytest.raises(RuleBroken):
        listed(study, "due", site="XX")


def test_today_is_the_day_it_is_at_the_site(study: World) -> None:
    """At one moment the last day of a window is over in Beijing and has hours left in New York."""
    site = SiteOrder(code="NY", name="New York", time_zone="America/New_York")
    study.act(lambda s, a: accounts.add_site(s, a, site).code, person=MANAGER)

    def enrol_there() -> None:
        told = {"study": "DEMO", "site": "NY", "pseudonym": "D-9", "arm": "other"}
        consent = {"version": "1.0", "scopes": ["storage"]}
        sent = {**told, "enrolled_on": "2026-02-27", "consent": consent}
        order = inputs.read(participants.Enrolment, sent)
        study.act(lambda s, a: participants.enroll(s, a, order).id, person=MANAGER)

    enrol_there()
    enrol(study, "D-8", enrolled_on="2026-02-27", arm="other")
    clock.set_clock(lambda: datetime(2026, 3, 2, 18, tzinfo=UTC))
    baselines = {
        of: {each.participant for each in listed(study, of, MANAGER) if each.event == "BL"}
        for of in ("due", "overdue")
    }
    assert baselines["due"] >= {"D-9"}
    assert baselines["overdue"] >= {"D-8"}
    assert "D-8" not in baselines["due"]
    on_a_day = listed(study, "due", MANAGER, day="2026-03-02")
    assert {"D-8", "D-9"} <= {each.participant for each in on_a_day}
    assert study.unproved() == []


def on(days: list[CalendarDay], day: str) -> list[str]:
    found = next(each for each in days if each.day == date.fromisoformat(day))
    return [f"{each.participant} {each.event} {each.status}" for each in found.visits]


def test_a_month_shows_what_is_planned_and_what_was_done_on_its_day(study: World) -> None:
    card = enrol(study, "D-4")
    collect(study, row(card, "M1").code, "2026-02-27T09:00:00+08:00")
    days = study.ask(lambda s, a: participants.month(s, a, "DEMO", 2026, 2))
    assert [each.day.day for each in days] == list(range(1, 29))
    assert on(days, "2026-02-28") == ["D-1 M1 planned", "D-2 BL planned"]
    assert on(days, "2026-02-27") == ["D-4 M1 done"]
    assert on(study.ask(lambda s, a: participants.month(s, a, "DEMO", 2026, 2, "NT")), "2026-02-28") == []
    with pytest.raises(Malformed) as refused:
        study.ask(lambda s, a: participants.month(s, a, "DEMO", 2026, 13))
    assert refused.value.slug == "month_unknown"


def test_due_and_overdue_visits_are_found_by_their_index(sqlite_world: World) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: object, statement: str, told: Any, *_: object) -> None:
        if "FROM visit JOIN participant" in statement:
            asked.append((statement, told))

    reading = sqlite_world.database.reading
    event.listen(reading, "before_cursor_execute", note)
    for of in ("due", "overdue"):
        now = inputs.read(Asked, {"of": of})
        sqlite_world.ask(lambda s, a, now=now: participants.agenda(s, a, now), MANAGER)  # type: ignore[misc]
    event.remove(reading, "before_cursor_execute", note)
    assert len(asked) == 2
    with reading.connect() as connection:
        for statement, told in asked:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", told).all()
            assert "ix_visit_status_closes_on (status=? AND closes_on" in str(steps)
