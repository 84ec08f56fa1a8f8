"""Plans: visits follow their anchors, arms and protocol, and what was done never moves."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlmodel import Session, select

from biobank import custody, inputs, participants, specimens, studies
from biobank.errors import Refusal, RuleBroken
from biobank.participants import Changes, ParticipantCard, VisitRow
from biobank.participants.planning import followed
from biobank.people import Actor
from biobank.tables import Life, Participant, SpecimenKind, Visit, VisitStatus
from tests.world import MANAGER, World

HEAD = """
[study]
code = "DEMO"
title = "A study with two anchors"

[[arms]]
code = "surgical"
title = "With surgery"
[[arms]]
code = "other"
title = "Without"

[[collections.blood]]
material = "blood_edta"
container = "EDTA 10 mL"
amount = "10 mL"
"""

EVENTS = (
    "code='RUN' day=-14 before=3 after=7",
    "code='BL' day=0 after=3 collects=['blood']",
    "code='M1' month=1 before=7 after=7 collects=['blood']",
    "code='M3' month=3 before=14 after=14",
    "code='SIX' month=6 arms=['other']",
    "code='PRE' anchor='procedure' day=-1 arms=['surgical'] collects=['blood']",
    "code='POST' anchor='procedure' day=1 after=2 arms=['surgical']",
)


def protocol(*events: str) -> bytes:
    """A protocol file of these events: each in one line, its fields with spaces between them."""
    parts = ["\n[[events]]\ntitle='A visit'\n" + each.replace(" ", "\n") for each in events]
    return (HEAD + "".join(parts)).encode()


LATER = protocol(
    *(each.replace("month=3", "month=4") for each in EVENTS if "SIX" not in each), "code='M12' month=12"
)


@pytest.fixture
def study(world: World) -> World:
    """The study with two anchors, on each engine."""
    adopt(world, protocol(*EVENTS))
    return world


def adopt(world: World, text: bytes) -> Changes:
    """Load a version; how many visits it changed."""
    adopted = world.act(
        lambda s, a: participants.adopt(s, a, text), person=MANAGER, answer=participants.Adopted
    )
    return adopted.changes  # type: ignore[no-any-return]


def refused(work: Callable[[], Any], slug: str, kind: type[Refusal] = RuleBroken) -> Refusal:
    with pytest.raises(kind) as caught:
        work()
    assert caught.value.slug == slug
    assert str(caught.value)
    return caught.value


def enrol(world: World, pseudonym: str = "D-1", **other: Any) -> ParticipantCard:
    told = {
        "study": "DEMO",
        "site": "BJ",
        "pseudonym": pseudonym,
        "arm": "surgical",
        "enrolled_on": "2026-01-31",
        "consent": {"version": "1.0", "scopes": ["storage"]},
    }
    order = inputs.read(participants.Enrolment, told | other)
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: participants.card(s, participants.enroll(s, a, order)), answer=ParticipantCard
    )


def change(world: World, act: Any, order: type[Any], **told: Any) -> ParticipantCard:
    """One of the acts on a participant's course; the card after it."""
    sent = inputs.read(order, {"study": "DEMO", "pseudonym": "D-1"} | told)
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: participants.card(s, act(s, a, sent)), answer=ParticipantCard
    )


def operate(world: World, **told: Any) -> ParticipantCard:
    order = {"name": "Resection"} | told
    return change(world, participants.set_procedure, participants.ProcedureOrder, **order)


def cancel(world: World, number: int) -> ParticipantCard:
    order = participants.ProcedureCancellation
    return change(world, participants.cancel_procedure, order, number=number)


def arm(world: World, to: str, **told: Any) -> ParticipantCard:
    return change(world, participants.change_arm, participants.ArmOrder, arm=to, **told)


def collect(world: World, visit: str, when: str | None = "2026-02-01T09:00:00+08:00") -> str:
    """Draw a tube at a visit, which is done by that; its code."""
    new = {"material": "blood_edta", "amount": "10 mL"} | ({"collected": when} if when else {})
    order = inputs.read(specimens.Registration, {"visit": visit, "specimens": [new]})
    return str(world.act(lambda s, a: specimens.register(s, a, order)[0].code))


def begin(world: World, code: str) -> None:
    """Expect a tube at a visit."""

    def work(session: Session, actor: Actor) -> None:
        visit, participant = participants.visit_by_code(session, actor, code)
        tube = specimens.new_specimen(
            visit=visit, participant=participant, kind=SpecimenKind.PRIMARY, material="blood_edta"
        )
        line = specimens.registration_of(tube, life=Life.EXPECTED)
        custody.record_all(session, actor, [line])

    world.act(work)


def miss(world: World, visit: str, reason: str = "ill") -> str:
    order = inputs.read(participants.MissOrder, {"visit": visit, "reason": reason})
    return world.act(lambda s, a: participants.miss(s, a, order).missed_reason)  # type: ignore[no-any-return]


def open_visit(world: World, **told: Any) -> str:
    order = inputs.read(participants.VisitOrder, {"study": "DEMO", "pseudonym": "D-1"} | told)
    return world.act(lambda s, a: participants.open_visit(s, a, order).code)  # type: ignore[no-any-return]


def shown(world: World, pseudonym: str = "D-1") -> ParticipantCard:
    return world.ask(lambda s, a: participants.card(s, participants.by_pseudonym(s, a, "DEMO", pseudonym)))


def row(card: ParticipantCard, code: str, occasion: int = 0) -> VisitRow:
    return next(each for each in card.visits if (each.event, each.occasion) == (code, occasion))


def standing(card: ParticipantCard) -> dict[str, tuple[str, str]]:
    """Status and day of each visit, by its event and the number of its procedure."""
    return {f"{each.event}{each.occasion or ''}": (each.status, str(each.planned_on)) for each in card.visits}


# --- the plan ---


def test_who_is_enrolled_has_the_visits_of_the_arm_each_with_its_window(study: World) -> None:
    card = enrol(study)
    assert [(each.event, str(each.planned_on)) for each in card.visits] == [
        ("RUN", "2026-01-17"),
        ("BL", "2026-01-31"),
        ("M1", "2026-02-28"),
        ("M3", "2026-04-30"),
    ]
    first = row(card, "M1")
    assert (first.opens_on, first.closes_on) == (date(2026, 2, 21), date(2026, 3, 7))
    assert [(each.arm, each.since) for each in card.arms] == [("surgical", date(2026, 1, 31))]
    assert study.unproved() == []


def test_a_day_of_enrolment_told_late_dates_what_is_planned(study: World) -> None:
    before = enrol(study, enrolled_on=None)
    assert {each.planned_on for each in before.visits} == {None}
    after = change(
        study, participants.set_enrolment_date, participants.EnrolmentDateOrder, enrolled_on="2026-03-31"
    )
    assert standing(after)["M1"] == ("planned", "2026-04-30")
    assert {each.code for each in after.visits} == {each.code for each in before.visits}
    operate(study, happens_on="2026-05-01")
    again = participants.EnrolmentDateOrder
    refused(
        lambda: change(study, participants.set_enrolment_date, again, enrolled_on="2026-05-02"),
        "procedure_before_enrolment",
    )
    assert study.unproved() == []


def test_each_procedure_brings_its_visits_and_its_day_may_come_late_and_move(study: World) -> None:
    enrol(study)
    assert standing(operate(study))["PRE1"] == ("planned", "None")
    operate(study, number=1, happens_on="2026-03-01")
    card = operate(study, happens_on="2026-06-01", name="Second look")
    assert standing(card)["PRE1"] == ("planned", "2026-02-28")
    assert standing(card)["POST2"] == ("planned", "2026-06-02")
    assert [(each.number, each.name) for each in card.procedures] == [(1, "Resection"), (2, "Second look")]
    assert row(card, "POST", 2).procedure == "Second look"
    collect(study, row(card, "PRE", 1).code, "2026-02-28T09:00:00+08:00")
    moved = operate(study, number=1, happens_on="2026-03-15")
    assert standing(moved)["PRE1"] == ("done", "2026-02-28")
    assert standing(moved)["POST1"] == ("planned", "2026-03-16")
    assert standing(moved)["POST2"] == ("planned", "2026-06-02")
    assert standing(operate(study, number=1))["POST1"] == ("planned", "None")
    assert study.unproved() == []


def test_a_cancelled_procedure_takes_what_nobody_began_and_comes_back_with_it(study: World) -> None:
    enrol(study)
    card = operate(study, happens_on="2026-03-01")
    begin(study, row(card, "PRE", 1).code)
    gone = cancel(study, 1)
    assert (standing(gone)["PRE1"][0], standing(gone)["POST1"][0]) == ("planned", "cancelled")
    assert gone.procedures[0].cancelled
    assert cancel(study, 1) == gone
    refused(lambda: open_visit(study, event="POST", procedure=1), "procedure_cancelled")
    back = operate(study, number=1, happens_on="2026-03-08")
    assert standing(back)["POST1"] == ("planned", "2026-03-09")
    assert row(back, "POST", 1).code == row(card, "POST", 1).code
    assert study.unproved() == []


def test_another_arm_has_other_visits_and_what_was_collected_stays(study: World) -> None:
    enrol(study)
    card = operate(study, happens_on="2026-03-01")
    tube = collect(study, row(card, "PRE", 1).code, "2026-02-28T09:00:00+08:00")
    other = arm(study, "other", since="2026-03-05")
    assert standing(other)["PRE1"] == ("done", "2026-02-28")
    assert standing(other)["POST1"][0] == "cancelled"
    assert standing(other)["SIX"] == ("planned", "2026-07-31")
    back = arm(study, "surgical", since="2026-03-09")
    assert standing(back)["POST1"] == ("planned", "2026-03-02")
    assert standing(back)["SIX"][0] == "cancelled"
    assert [(each.arm, str(each.since)) for each in back.arms] == [
        ("surgical", "2026-01-31"),
        ("other", "2026-03-05"),
        ("surgical", "2026-03-09"),
    ]
    assert arm(study, "surgical") == back
    assert study.ask(lambda s, a: specimens.card(s, a, tube)).code == tube
    assert study.unproved() == []


def test_without_a_day_the_other_arm_begins_today_at_the_site(study: World) -> None:
    enrol(study)
    told = arm(study, "other").arms[-1].since
    now = datetime.now(UTC)
    assert told in {now.date(), datetime.fromtimestamp(now.timestamp() + 8 * 3600, UTC).date()}


# --- versions of the protocol ---


def test_a_new_version_moves_what_is_planned_and_nothing_that_was_done(study: World) -> None:
    card = enrol(study)
    arm(study, "other")
    collect(study, row(card, "BL").code)
    before, seen = events_of(study), shown(study)
    told = study.ask(lambda s, a: participants.preview(s, a, LATER), MANAGER)
    assert (events_of(study), shown(study)) == (before, seen)
    assert told.changes == Changes(opened=1, redated=1, cancelled=1) == adopt(study, LATER)
    assert [each.in_words("en") for each in told.differences]
    after = shown(study)
    assert row(after, "BL") == row(seen, "BL")
    assert standing(after)["M3"] == ("planned", "2026-05-31")
    assert standing(after)["M12"] == ("planned", "2027-01-31")
    assert standing(after)["SIX"][0] == "cancelled"
    moved = events_of(study)
    assert moved["BL"] == before["BL"]
    assert moved["M1"] != before["M1"]
    assert adopt(study, LATER) == Changes()
    assert study.ask(lambda s, a: participants.preview(s, a, LATER), MANAGER).changes == Changes()
    assert adopt(study, protocol(*EVENTS)) == Changes(redated=1, cancelled=1, revived=1)
    assert study.unproved() == []


def test_a_preview_of_a_study_that_is_not_there_plans_nothing(study: World) -> None:
    text = protocol(*EVENTS).replace(b'"DEMO"', b'"NEW"')
    told = study.ask(lambda s, a: participants.preview(s, a, text), MANAGER)
    assert told.changes == Changes()


def test_a_visit_that_was_begun_keeps_the_version_it_was_begun_under(study: World) -> None:
    card = enrol(study)
    begin(study, row(card, "M3").code)
    before = events_of(study)
    adopt(study, LATER)
    assert events_of(study)["M3"] == before["M3"]
    assert standing(shown(study))["M3"] == ("planned", "2026-05-31")
    assert study.unproved() == []


def test_who_was_taken_in_with_what_was_done_alone_is_left_alone(study: World) -> None:
    """Files of collections bring participants without a day, and visits that were done."""

    def take_in(session: Session, actor: Actor) -> None:
        order = inputs.read(
            participants.Enrolment,
            {
                "study": "DEMO",
                "site": "BJ",
                "pseudonym": "D-1",
                "arm": "other",
                "consent": {"version": "1", "scopes": ["storage"], "imported": True},
            },
        )
        found = studies.by_code(session, actor, "DEMO")
        (participant,) = participants.enroll_all(session, actor, found, [order])
        visit = participants.new_visit(participant, studies.events(session, found)[1])
        visit.status = VisitStatus.DONE
        custody.record_all(session, actor, [participants.opening_of(visit)])

    study.act(take_in, person=MANAGER)
    assert adopt(study, LATER) == Changes()
    operated = operate(arm_world(study), happens_on="2026-03-01")
    assert set(standing(operated)) == {"BL", "PRE1", "POST1"}
    assert study.unproved() == []


def arm_world(world: World) -> World:
    arm(world, "surgical")
    return world


def events_of(world: World) -> dict[str, Any]:
    """Which event's row each visit is of."""

    def question(session: Session, _: Actor) -> dict[str, Any]:
        return dict(session.exec(select(Visit.label, Visit.event_id)).all())

    return world.ask(question)


@pytest.mark.parametrize("people", [12, 60])
def test_a_version_is_adopted_in_as_many_statements_for_few_as_for_many(
    sqlite_world: World, people: int
) -> None:
    adopt(sqlite_world, protocol(*EVENTS))

    def enrol_all(session: Session, actor: Actor) -> None:
        base = {"study": "DEMO", "site": "BJ", "arm": "other", "enrolled_on": "2026-01-31"}
        consent = {"version": "1", "scopes": ["storage"], "imported": True}
        orders = [
            inputs.read(participants.Enrolment, {**base, "pseudonym": f"D-{number}", "consent": consent})
            for number in range(people)
        ]
        found = studies.by_code(session, actor, "DEMO")
        participants.plan(session, actor, participants.enroll_all(session, actor, found, orders))

    sqlite_world.act(enrol_all, person=MANAGER)
    asked: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(sqlite_world.database.writing, "before_cursor_execute", note)
    assert adopt(sqlite_world, LATER) == Changes(opened=people, redated=people, cancelled=people)
    event.remove(sqlite_world.database.writing, "before_cursor_execute", note)
    planning = [statement for statement in asked if "visit" in statement or "custody" in statement]
    assert len(planning) <= 20, planning


def test_who_has_no_day_and_no_visit_to_come_is_not_followed(study: World) -> None:
    enrol(study, "D-1", enrolled_on=None)
    enrol(study, "D-2")

    def names(session: Session, actor: Actor) -> list[str]:
        found: list[Participant] = list(followed(session, studies.by_code(session, actor, "DEMO")))
        return [each.pseudonym for each in found]

    assert study.ask(names) == ["D-1", "D-2"]
    for visit in shown(study).visits:
        miss(study, visit.code)
    assert study.ask(names) == ["D-2"]
