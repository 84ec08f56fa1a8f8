"""How a study is coming along: counts that hold on both engines, within each person's scope."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from biobank import accounts, clock, codes, people, progress, studies
from biobank.codes import CodeKind
from biobank.errors import NotFound
from biobank.people import Actor, Credentials
from biobank.progress import By
from biobank.tables import (
    Deviation,
    DeviationCode,
    Life,
    Participant,
    Role,
    SignIn,
    Site,
    Specimen,
    SpecimenKind,
    Study,
    Visit,
    VisitStatus,
)
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World

PROTOCOL = b"""
[study]
code = "SPINE"
title = "A study with two arms"

[[arms]]
code = "surgical"
title = "Surgical"
[[arms]]
code = "other"
title = "Not surgical"

[[events]]
code = "BL"
title = "Baseline"
day = 0
collects = ["blood", "stool"]
[[events]]
code = "M1"
title = "One month"
day = 30
collects = ["blood"]

[[collections.blood]]
material = "blood_edta"
count = 2
limits = { spin = 60 }
[[collections.blood.derivatives]]
material = "plasma_edta"
[[collections.blood.derivatives.aliquots]]
material = "plasma_edta"
count = 4
limits = { freeze = 30 }
[[collections.blood.derivatives]]
material = "buffy_coat"

[[collections.stool]]
material = "stool"
storage = "-80"
[[collections.stool.aliquots]]
material = "stool"
count = 3
limits = { freeze = 120 }
"""

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLASMA = (SpecimenKind.ALIQUOT, "plasma_edta")
STOOL = (SpecimenKind.PRIMARY, "stool")


class Field:
    """Rows of the study, put where they are needed: what is asked here only reads."""

    def __init__(self, world: World) -> None:
        self.world = world

    def person(
        self,
        name: str,
        arm: str = "surgical",
        site: str = "BJ",
        enrolled_on: date | None = None,
        study: str = "SPINE",
    ) -> Participant:
        def add(session: Session) -> Participant:
            found = session.exec(select(Study).where(col(Study.code) == study)).one()
            at = session.exec(select(Site).where(col(Site.code) == site)).one()
            one = Participant(
                study_id=found.id,
                site_id=at.id,
                pseudonym=name,
                arm=arm,
                enrolled_on=enrolled_on,
                salt=b"0123456789abcdef",
            )
            session.add(one)
            return one

        return self.world.database.write(add)

    def visit(self, one: Participant, label: str, status: str = "done", **told: Any) -> Visit:
        def add(session: Session) -> Visit:
            events = studies.events(session, session.get_one(Study, one.study_id))
            made = Visit(
                code=codes.new_code(CodeKind.VISIT),
                participant_id=one.id,
                event_id=next((each.id for each in events if each.code == label), None),
                label=label,
                status=VisitStatus(status),
                **told,
            )
            session.add(made)
            return made

        return self.world.database.write(add)

    def tubes(
        self, one: Participant, visit: Visit, what: tuple[SpecimenKind, str], count: int = 1, **told: Any
    ) -> list[UUID]:
        def add(session: Session) -> list[UUID]:
            made = [
                Specimen(
                    code=codes.new_code(CodeKind.SPECIMEN),
                    study_id=one.study_id,
                    site_id=one.site_id,
                    participant_id=one.id,
                    visit_id=visit.id,
                    kind=what[0],
                    material=what[1],
                    **{"life": Life.ACTIVE, **told},
                )
                for _ in range(count)
            ]
            session.add_all(made)
            return [each.id for each in made]

        return self.world.database.write(add)

    def deviates(self, visit: Visit, tubes: list[UUID], code: str) -> None:
        def add(session: Session) -> None:
            session.add_all(
                [
                    Deviation(specimen_id=tube, visit_id=visit.id, code=DeviationCode(code), at=NOON)
                    for tube in tubes
                ]
            )

        self.world.database.write(add)

    def collected(self, by: By = By.EVENT, person: str = TECHNICIAN) -> progress.Collected:
        return self.world.ask(lambda session, actor: progress.collected(session, actor, "SPINE", by), person)


@pytest.fixture
def field(world: World) -> Iterator[Field]:
    clock.set_clock(lambda: NOON)
    world.database.write(_open_sessions_again)
    world.act(lambda session, actor: studies.load(session, actor, PROTOCOL), person=MANAGER)
    yield Field(world)
    clock.set_clock()


def _open_sessions_again(session: Session) -> None:
    for sign_in in session.exec(select(SignIn)):
        sign_in.ends_at = NOON + timedelta(hours=1)


def of(question: Callable[[Session, Actor, str], Any]) -> Callable[[Session, Actor], Any]:
    """The question, asked of our study."""
    return lambda session, actor: question(session, actor, "SPINE")


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


def test_minutes_to_the_freezer_fall_into_bins_that_hold_their_upper_edge(field: Field) -> None:
    one = field.person("S-1")
    visit = field.visit(one, "BL")
    for minutes, count in ((0, 1), (15, 2), (16, 1), (90, 4), (91, 1), (241, 1)):
        frozen = NOON + timedelta(minutes=minutes, seconds=59)
        field.tubes(one, visit, PLASMA, count, collected_at=NOON, frozen_at=frozen)
    field.tubes(one, visit, PLASMA, 2, collected_at=NOON)
    field.tubes(one, visit, STOOL, 1, collected_at=NOON, frozen_at=NOON + timedelta(minutes=121))
    field.tubes(one, visit, (SpecimenKind.DERIVATIVE, "dna"), 1, frozen_at=NOON)
    plasma, stool = field.world.ask(of(progress.delays))
    assert plasma.material == "plasma_edta"
    assert plasma.bins == [3, 1, 0, 0, 4, 1, 0, 0, 1]
    assert (plasma.count, plasma.median, plasma.nine_of_ten) == (10, 90, 91)
    assert (plasma.allowed, plasma.scale) == (progress.Allowed(60, 30), progress.SCALES[0])
    assert (stool.allowed, stool.median, stool.nine_of_ten) == (progress.Allowed(0, 120), 121, 121)
    assert (plasma.late, stool.late) == (0, 0)


def test_tubes_frozen_too_late_are_those_that_deviate_from_their_own_protocol(field: Field) -> None:
    one = field.person("S-1")
    visit = field.visit(one, "BL")
    tubes = field.tubes(one, visit, PLASMA, 3, collected_at=NOON, frozen_at=NOON + timedelta(hours=3))
    field.deviates(visit, tubes[:2], "late_freezing")
    field.deviates(visit, tubes, "low_volume")
    (found,) = field.world.ask(of(progress.delays))
    assert found.late == 2


@pytest.mark.parametrize(
    ("limit", "unit"), [(b"240", "min"), (b"241", "h"), (b"4320", "h"), (b"4321", "d"), (b"40000", "d")]
)
def test_the_scale_is_the_finest_on_which_the_limit_stands(field: Field, limit: bytes, unit: str) -> None:
    text = PROTOCOL.replace(b"SPINE", b"LATER").replace(b"freeze = 120", b"freeze = " + limit)
    field.world.act(lambda session, actor: studies.load(session, actor, text), person=MANAGER)
    one = field.person("S-1", study="LATER")
    field.tubes(one, field.visit(one, "BL"), STOOL, collected_at=NOON, frozen_at=NOON)
    (found,) = field.world.ask(lambda session, actor: progress.delays(session, actor, "LATER"))
    assert (found.allowed, found.scale.unit) == (progress.Allowed(0, int(limit)), unit)


@pytest.mark.parametrize(
    ("hours", "unit", "place"), [(4, "min", 7), (5, "h", 3), (73, "d", 3), (999, "d", 8)]
)
def test_without_a_limit_the_scale_holds_nine_of_ten_tubes(
    field: Field, hours: int, unit: str, place: int
) -> None:
    one = field.person("S-1")
    frozen = NOON + timedelta(hours=hours)
    dna = (SpecimenKind.DERIVATIVE, "dna")
    field.tubes(one, field.visit(one, "BL"), dna, 2, collected_at=NOON, frozen_at=frozen)
    (found,) = field.world.ask(of(progress.delays))
    assert (found.allowed, found.scale.unit) == (None, unit)
    assert found.bins.index(2) == place


def test_what_is_spun_without_a_limit_to_the_spin_has_no_limit_from_the_draw(field: Field) -> None:
    text = PROTOCOL.replace(b"limits = { spin = 60 }\n", b"")
    field.world.act(lambda session, actor: studies.load(session, actor, text), person=MANAGER)
    one = field.person("S-1")
    field.tubes(one, field.visit(one, "BL"), PLASMA, collected_at=NOON, frozen_at=NOON)
    # The first version set one, and it stays what the tubes under it are held against.
    (found,) = field.world.ask(of(progress.delays))
    assert found.allowed == progress.Allowed(60, 30)
    alone = field.world.database.read(
        lambda session: progress.freezing.allowed(
            studies.requirements(
                session,
                studies.events(session, session.exec(select(Study).where(Study.code == "SPINE")).one())[1].id,
            )
        )
    )
    assert alone == {}


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
