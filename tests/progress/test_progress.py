"""How a study is coming along: counts that hold on both engines, within each person's scope."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from biobank import accounts, clock, people, progress, studies
from biobank.errors import NotFound
from biobank.people import Credentials
from biobank.progress import By
from biobank.tables import (
    Life,
    Role,
    SpecimenKind,
)
from tests.progress.rows import NOON, PLASMA, PROTOCOL, STOOL, Field, of
from tests.world import MANAGER, OUTSIDER, TECHNICIAN


def figures(found: progress.Collected) -> dict[str, tuple[int, int]]:
    return {row.key: (row.expected, row.collected) for row in found.rows}


def test_a_visit_expects_the_leaves_and_the_stored_primaries_each_times_its_parents(field: Field) -> None:
    one = field.person("S-1")
    field.visit(one, "BL")
    found = field.collected()
    assert found.materials == ["plasma_edta", "buffy_coat", "stool"]
    (row,) = found.rows
    assert [(part.material, part.expected) for part in row.parts] == [
        ("plasma_edta", 8),
        ("buffy_coat", 2),
        ("stool", 4),
    ]
    assert (row.key, row.title, row.expected, row.collected) == ("BL", "Baseline", 14, 0)
    assert found.total.parts == row.parts


def test_only_what_was_really_there_is_collected(field: Field) -> None:
    one = field.person("S-1")
    visit = field.visit(one, "BL")
    field.tubes(one, visit, PLASMA, 3)
    field.tubes(one, visit, PLASMA, 1, life=Life.ENDED, end_reason="depleted")
    field.tubes(one, visit, PLASMA, 2, life=Life.ENDED, end_reason="not_collected")
    field.tubes(one, visit, PLASMA, 2, life=Life.EXPECTED)
    field.tubes(one, visit, (SpecimenKind.DERIVATIVE, "plasma_edta"), 2)
    field.tubes(one, visit, (SpecimenKind.PRIMARY, "blood_edta"), 2)
    field.tubes(one, visit, STOOL, life=Life.COLLECTED)
    (row,) = field.collected().rows
    assert [part.collected for part in row.parts] == [4, 0, 1]
    assert row.collected == 5


def test_a_visit_is_due_when_done_or_missed_or_its_window_has_closed(field: Field) -> None:
    one = field.person("S-1")
    field.visit(one, "BL", "missed")
    field.visit(one, "M1", "planned", closes_on=date(2026, 11, 20))
    field.visit(one, "M1", "planned", occasion=1, closes_on=date(2026, 11, 21))
    field.visit(one, "M1", "planned", occasion=2)
    field.visit(one, "M1", "cancelled", occasion=3, closes_on=date(2026, 11, 1))
    found = field.collected()
    assert [(row.key, row.done, row.missed, row.overdue) for row in found.rows] == [
        ("BL", 0, 1, 0),
        ("M1", 0, 0, 1),
    ]
    assert figures(found) == {"BL": (14, 0), "M1": (10, 0)}
    assert (found.total.expected, found.total.missed, found.total.overdue) == (24, 1, 1)


def test_today_is_the_day_at_the_site_of_the_participant(field: Field) -> None:
    far = accounts.SiteOrder(code="HI", name="Honolulu", time_zone="Pacific/Honolulu")
    field.world.act(lambda session, actor: accounts.add_site(session, actor, far), person=MANAGER)
    clock.set_clock(lambda: datetime(2026, 11, 20, 20, tzinfo=UTC))  # the 21st in Beijing, the 20th there
    for site in ("BJ", "HI"):
        one = field.person(f"S-{site}", site=site)
        field.visit(one, "M1", "planned", closes_on=date(2026, 11, 20))
    assert {row.key: row.overdue for row in field.collected(By.SITE, MANAGER).rows} == {"BJ": 1}


def test_the_same_count_is_told_by_event_arm_material_and_site(field: Field) -> None:
    for name, arm, site, plasma in (("S-1", "surgical", "BJ", 8), ("S-2", "other", "NT", 5)):
        one = field.person(name, arm, site)
        field.tubes(one, field.visit(one, "BL"), PLASMA, plasma)
        field.tubes(one, field.visit(one, "M1"), PLASMA, 8)
    assert figures(field.collected(By.EVENT, MANAGER)) == {"BL": (28, 13), "M1": (20, 16)}
    by_arm = field.collected(By.ARM, MANAGER)
    assert [(row.key, row.title) for row in by_arm.rows] == [
        ("surgical", "Surgical"),
        ("other", "Not surgical"),
    ]
    assert figures(by_arm) == {"surgical": (24, 16), "other": (24, 13)}
    by_site = field.collected(By.SITE, MANAGER)
    assert [row.title for row in by_site.rows] == ["Beijing", "Nantong"]
    assert figures(by_site) == {"BJ": (24, 16), "NT": (24, 13)}
    by_material = field.collected(By.MATERIAL, MANAGER)
    assert figures(by_material) == {"plasma_edta": (32, 29), "buffy_coat": (8, 0), "stool": (8, 0)}
    assert {row.key: row.done for row in by_material.rows} == {"plasma_edta": 4, "buffy_coat": 4, "stool": 2}
    assert {(each.total.expected, each.total.collected, each.total.done) for each in (by_arm, by_site)} == {
        (48, 29, 4)
    }
    assert by_material.total.done == 4


def test_a_visit_expects_what_the_version_it_stands_under_asked_for(field: Field) -> None:
    one, two = field.person("S-1"), field.person("S-2")
    field.visit(one, "M1")
    newer = PROTOCOL.replace(b"count = 4", b"count = 6").replace(b'"One month"', b'"Month one"')
    field.world.act(lambda session, actor: studies.load(session, actor, newer), person=MANAGER)
    field.visit(two, "M1")
    (row,) = field.collected().rows
    assert (row.title, row.expected) == ("Month one", 10 + 14)


def test_an_unscheduled_visit_expects_nothing_and_is_not_in_the_count(field: Field) -> None:
    one = field.person("S-1")
    field.tubes(one, field.visit(one, "UNS"), PLASMA, 2)
    found = field.collected()
    assert (found.rows, found.total.collected, found.total.done) == ([], 0, 0)


def test_nothing_is_counted_outside_the_scope_of_who_asks(field: Field) -> None:
    for site in ("BJ", "NT"):
        one = field.person(f"S-{site}", site=site, enrolled_on=date(2026, 11, 2))
        visit = field.visit(one, "BL", "missed", missed_reason="moved")
        tubes = field.tubes(one, visit, PLASMA, 1, collected_at=NOON, frozen_at=NOON)
        field.deviates(visit, tubes, "late_spin")

    def everything(person: str) -> list[Any]:
        asked = (progress.collected, progress.accrual, progress.delays, progress.shortfalls)
        return [field.world.ask(of(each), person) for each in asked]

    for person, count in ((TECHNICIAN, 1), (OUTSIDER, 1), (MANAGER, 2)):
        counted, accrual, delays, shortfalls = everything(person)
        assert counted.total.missed == counted.total.collected == count
        assert accrual.months[-1].total == count
        assert delays[0].count == count
        assert shortfalls.missed == [progress.Reason("moved", count)]
        assert shortfalls.deviations == [progress.Deviated("late_spin", count, [count])]


def test_a_study_that_a_person_has_no_grant_for_is_not_there(field: Field) -> None:
    order = accounts.PersonOrder(name="elsewhere", role=Role.TECHNICIAN, site="BJ", study="DEMO")
    field.world.act(
        lambda session, actor: accounts.add_person(session, actor, order, clock.new_secret()), person=MANAGER
    )
    for asked in (progress.collected, progress.accrual, progress.delays, progress.shortfalls):

        def question(session: Session, asked: Callable[..., Any] = asked) -> None:
            asked(session, people.resolve(session, Credentials(name="elsewhere")), "SPINE")

        with pytest.raises(NotFound) as refused:
            field.world.database.read(question)
        assert refused.value.slug == "study_not_found"


def test_enrolment_is_counted_by_month_and_arm_with_the_months_in_which_nobody_came(field: Field) -> None:
    for place, (arm, day) in enumerate(
        [
            ("other", date(2026, 8, 31)),
            ("surgical", date(2026, 8, 1)),
            ("surgical", date(2026, 10, 15)),
            ("surgical", None),
        ]
    ):
        field.person(f"S-{place}", arm, enrolled_on=day)
    found = field.world.ask(of(progress.accrual))
    assert (found.arms, found.undated) == (["surgical", "other"], 1)
    assert found.months == [
        progress.Month("2026-08", 2, 2, [1, 1]),
        progress.Month("2026-09", 0, 2, [1, 1]),
        progress.Month("2026-10", 1, 3, [2, 1]),
        progress.Month("2026-11", 0, 3, [2, 1]),
    ]


def test_missed_visits_are_told_by_reason_and_deviations_by_code_and_event(field: Field) -> None:
    one = field.person("S-1")
    for occasion, reason in enumerate(("moved", "ill", "ill")):
        field.visit(one, "M1", "missed", occasion=occasion, missed_reason=reason)
    baseline, unscheduled = field.visit(one, "BL"), field.visit(one, "UNS")
    lost = field.tubes(one, baseline, PLASMA, 2, life=Life.ENDED, end_reason="not_collected")
    field.deviates(baseline, lost[:1], "not_collected")
    late = field.tubes(one, baseline, PLASMA, 3)
    field.deviates(baseline, [*late, late[0]], "late_freezing")
    field.deviates(unscheduled, field.tubes(one, unscheduled, PLASMA, 1), "late_freezing")
    found = field.world.ask(of(progress.shortfalls))
    assert found.missed == [progress.Reason("ill", 2), progress.Reason("moved", 1)]
    assert found.events == ["BL", "UNS"]
    assert found.deviations == [
        progress.Deviated("not_collected", 2, [2, 0]),
        progress.Deviated("late_freezing", 4, [3, 1]),
    ]


def test_a_study_in_which_nothing_happened_yet_answers_with_nothing(field: Field) -> None:
    ask = field.world.ask
    assert field.collected().rows == []
    assert ask(of(progress.accrual)) == progress.Accrual([], [], 0)
    assert ask(of(progress.delays)) == []
    assert ask(of(progress.shortfalls)) == progress.Shortfalls([], [], [])


def test_many_participants_ask_no_more_statements_than_one(field: Field) -> None:
    asked: list[str] = []

    def listen(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    def count() -> list[int]:
        each = []
        for question in (progress.collected, progress.accrual, progress.delays, progress.shortfalls):
            asked.clear()
            field.world.ask(of(question))
            each.append(len(asked))
        return each

    def come(name: str) -> None:
        one = field.person(name, enrolled_on=date(2026, 10, 1))
        visit = field.visit(one, "BL")
        field.visit(one, "M1", "missed", missed_reason="ill")
        tubes = field.tubes(one, visit, PLASMA, 2, collected_at=NOON, frozen_at=NOON)
        field.deviates(visit, tubes, "late_spin")

    event.listen(field.world.database.reading, "before_cursor_execute", listen)
    come("S-0")
    few = count()
    for name in range(1, 6):
        come(f"S-{name}")
    assert count() == few
    assert max(few) <= 8, few
