"""Plans made at the very same moment: one of them stands, whole."""

from datetime import date
from threading import Barrier

import pytest
from sqlmodel import Session, col, select

from biobank import participants
from biobank.people import Actor
from biobank.tables import Procedure, Visit
from tests.races import together
from tests.test_planning import (
    EVENTS,
    adopt,
    change,
    collect,
    enrol,
    operate,
    protocol,
    row,
    shown,
    standing,
)
from tests.world import World


@pytest.fixture
def study(world: World) -> World:
    """The study with two anchors, on each engine."""
    adopt(world, protocol(*EVENTS))
    return world


def consistent(world: World) -> list[str]:
    """The visits of procedures that are not planned on the days their procedures give them."""

    def question(session: Session, _: Actor) -> list[str]:
        asked = select(Visit, Procedure).join(Procedure, col(Procedure.id) == col(Visit.procedure_id))
        off = {"PRE": -1, "POST": 1}
        return [
            visit.label
            for visit, procedure in session.exec(asked)
            if visit.planned_on is None
            or procedure.happens_on is None
            or (visit.planned_on - procedure.happens_on).days != off[visit.label]
        ]

    return world.ask(question)


def test_two_who_set_the_day_of_a_procedure_at_once_leave_one_plan(study: World) -> None:
    enrol(study)
    operate(study, happens_on="2026-03-01")
    for _ in range(3):
        answers = together(
            *[
                lambda day=day: operate(study, number=1, happens_on=day)
                for day in ("2026-04-01", "2026-05-01", "2026-06-01")
            ]
        )
        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        assert consistent(study) == []
    assert study.unproved() == []


def test_two_new_procedures_at_once_are_two(study: World) -> None:
    enrol(study)
    together(lambda: operate(study, happens_on="2026-04-01"), lambda: operate(study, happens_on="2026-05-01"))
    card = shown(study)
    assert [each.number for each in card.procedures] == [1, 2]
    assert consistent(study) == []
    assert study.unproved() == []


def test_without_the_lock_the_same_race_leaves_two_halves_of_two_plans(study: World) -> None:
    """The control: one day is kept for the procedure, and the visits follow the other."""
    enrol(study)
    operate(study, happens_on="2026-03-01")
    set_first, followed_first = Barrier(2), Barrier(2)

    def keep(day: date) -> None:
        def write(session: Session) -> None:
            session.exec(select(Procedure)).one().happens_on = day

        study.database.write(write)

    def follow(day: date) -> None:
        def write(session: Session) -> None:
            for visit in session.exec(select(Visit).where(col(Visit.procedure_id).is_not(None))):
                visit.planned_on = day

        study.database.write(write)

    def one(day: date) -> None:
        keep(day)
        set_first.wait(10)
        followed_first.wait(10)
        follow(day)

    def other(day: date) -> None:
        set_first.wait(10)
        keep(day)
        follow(day)
        followed_first.wait(10)

    assert together(lambda: one(date(2026, 4, 1)), lambda: other(date(2026, 5, 1))) == [None, None]
    assert consistent(study) == ["PRE", "POST"]


def test_a_visit_done_while_its_plan_moves_keeps_a_day_and_is_done(study: World) -> None:
    card = enrol(study)
    code = row(card, "M1").code
    later = participants.EnrolmentDateOrder
    answers = together(
        lambda: collect(study, code, "2026-03-01T09:00:00+08:00"),
        lambda: change(study, participants.set_enrolment_date, later, enrolled_on="2026-01-15"),
    )
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert standing(shown(study))["M1"] in {("done", "2026-02-28"), ("done", "2026-02-15")}
    assert study.unproved() == []
