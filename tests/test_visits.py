"""Visits: done on the day it is at the site, missed for a reason, refused where they make no sense."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from biobank import accounts, inputs, participants, specimens
from biobank.accounts import SiteOrder
from biobank.errors import Conflict
from biobank.participants import Changes, ParticipantCard
from tests.test_planning import (
    EVENTS,
    LATER,
    adopt,
    arm,
    begin,
    cancel,
    change,
    collect,
    enrol,
    miss,
    open_visit,
    operate,
    protocol,
    refused,
    row,
    shown,
)
from tests.world import MANAGER, World


@pytest.fixture
def study(world: World) -> World:
    """The study with two anchors, on each engine."""
    adopt(world, protocol(*EVENTS))
    return world


# --- done, missed, planned again ---


@pytest.mark.parametrize(
    ("site", "zone", "when", "day"),
    [
        ("DE", "Europe/Berlin", "2026-03-28T23:30:00+00:00", "2026-03-29"),
        ("DE", "Europe/Berlin", "2026-10-24T22:30:00+00:00", "2026-10-25"),
        ("DE", "Europe/Berlin", "2026-10-25T22:30:00+00:00", "2026-10-25"),
        ("NY", "America/New_York", "2026-03-09T03:30:00+00:00", "2026-03-08"),
        ("NY", "America/New_York", "2026-11-02T04:30:00+00:00", "2026-11-01"),
        ("BJ", "", "2026-03-28T16:30:00+00:00", "2026-03-29"),
    ],
)
def test_they_came_on_the_day_that_it_was_at_the_site(
    sqlite_world: World, site: str, zone: str, when: str, day: str
) -> None:
    world = sqlite_world
    adopt(world, protocol(*EVENTS))
    if zone:
        order = SiteOrder(code=site, name="Elsewhere", time_zone=zone)
        world.act(lambda s, a: accounts.add_site(s, a, order).code, person=MANAGER)
    told = {"study": "DEMO", "site": site, "pseudonym": "D-1", "arm": "other", "enrolled_on": "2026-01-31"}
    consent = {"version": "1.0", "scopes": ["storage"]}
    enrolment = inputs.read(participants.Enrolment, {**told, "consent": consent})
    card = world.act(
        lambda s, a: participants.card(s, participants.enroll(s, a, enrolment)),
        person=MANAGER,
        answer=ParticipantCard,
    )
    new = {"material": "blood_edta", "amount": "10 mL", "collected": when}
    drawn = inputs.read(specimens.Registration, {"visit": row(card, "M1").code, "specimens": [new]})
    world.act(lambda s, a: specimens.register(s, a, drawn)[0].code, person=MANAGER)
    found = world.ask(
        lambda s, a: participants.card(s, participants.by_pseudonym(s, a, "DEMO", "D-1")), MANAGER
    )
    assert str(row(found, "M1").came_on) == day
    assert world.unproved() == []


def test_a_visit_of_unknown_time_is_done_on_no_day(study: World) -> None:
    card = enrol(study)
    collect(study, row(card, "BL").code, None)
    assert (row(shown(study), "BL").status, row(shown(study), "BL").came_on) == ("done", None)


def came(world: World, visit: str, **told: str) -> str:
    order = inputs.read(participants.CameOrder, {"visit": visit, **told})
    return world.act(lambda s, a: participants.came(s, a, order).status.value, answer=str)  # type: ignore[no-any-return]


def test_a_visit_that_collects_nothing_takes_place_on_the_day_somebody_came(study: World) -> None:
    card = enrol(study)
    run_in, month = row(card, "RUN").code, row(card, "M1").code
    assert came(study, run_in, took_place="2026-01-24T23:30:00+00:00") == "done"
    assert str(row(shown(study), "RUN").came_on) == "2026-01-25"
    assert came(study, run_in, took_place="2026-01-26T09:00:00+08:00") == "done"
    assert str(row(shown(study), "RUN").came_on) == "2026-01-25"
    early = "2026-01-02T09:00:00+08:00"
    refused(lambda: came(study, month, took_place=early), "visit_before_enrolment")
    miss(study, month)
    refused(lambda: came(study, month), "visit_not_open")
    assert came(study, row(card, "BL").code) == "done"
    assert row(shown(study), "BL").came_on is not None
    assert study.unproved() == []


def test_a_missed_visit_says_why_and_can_be_planned_again(study: World) -> None:
    card = enrol(study)
    code = row(card, "M1").code
    assert miss(study, code) == "ill"
    assert miss(study, code, "unreachable") == "unreachable"
    assert (row(shown(study), "M1").status, row(shown(study), "M1").reason) == ("missed", "unreachable")
    adopt(study, LATER)
    assert row(shown(study), "M1").status == "missed"
    study.act(lambda s, a: participants.plan_again(s, a, code).code)
    assert (row(shown(study), "M1").status, row(shown(study), "M1").reason) == ("planned", "")
    refused(lambda: study.act(lambda s, a: participants.plan_again(s, a, code)), "visit_not_missed")
    miss(study, code)
    assert open_visit(study, event="M1") == code
    miss(study, code)
    collect(study, code)
    assert (row(shown(study), "M1").status, row(shown(study), "M1").reason) == ("done", "")
    refused(lambda: miss(study, code), "visit_not_planned")
    assert study.unproved() == []


def test_a_visit_whose_tubes_are_expected_is_not_missed(study: World) -> None:
    card = enrol(study)
    begin(study, row(card, "BL").code)
    refused(lambda: miss(study, row(card, "BL").code), "visit_begun")


def test_a_second_baseline_is_refused_and_names_the_first(study: World) -> None:
    card = enrol(study)
    collect(study, row(card, "BL").code)
    second = refused(lambda: open_visit(study, event="BL"), "visit_done_already", Conflict)
    assert str(second.facts["code"]).replace("-", "").replace(" ", "") == row(card, "BL").code


def test_no_visit_is_before_the_enrolment_but_those_whose_window_is(study: World) -> None:
    card = enrol(study)
    for event_code, when in (("BL", "2026-01-30"), ("M1", "2026-01-30"), ("RUN", "2026-01-13")):
        refused(
            lambda: collect(study, row(card, event_code).code, f"{when}T09:00:00+08:00"),  # noqa: B023
            "visit_before_enrolment",
        )
    early = "2026-01-30T09:00:00+08:00"
    refused(lambda: open_visit(study, took_place=early), "visit_before_enrolment")
    collect(study, row(card, "RUN").code, "2026-01-14T09:00:00+08:00")
    collect(study, row(card, "BL").code, "2026-01-31T00:00:00+08:00")
    assert study.unproved() == []


# --- refusals ---


def test_what_no_course_can_be_is_refused(study: World) -> None:
    enrol(study)
    refused(lambda: operate(study, happens_on="2026-01-30"), "procedure_before_enrolment")
    refused(lambda: operate(study, happens_on="2099-01-01"), "procedure_too_far")
    refused(lambda: operate(study, number=1), "procedure_not_found")
    refused(lambda: cancel(study, 7), "procedure_not_found")
    refused(lambda: arm(study, "third"), "arm_unknown")
    refused(lambda: open_visit(study, event="SIX"), "event_not_of_arm")
    refused(lambda: open_visit(study, event="PRE"), "procedure_needed")
    operate(study)
    operate(study)
    refused(lambda: open_visit(study, event="PRE"), "procedure_needed")
    refused(lambda: open_visit(study, event="PRE", procedure=3), "procedure_not_found")
    assert open_visit(study, event="PRE", procedure=2) == row(shown(study), "PRE", 2).code
    cancel(study, 2)
    assert open_visit(study, event="PRE") == row(shown(study), "PRE", 1).code
    assert study.unproved() == []


def test_of_who_withdrew_nothing_further_is_planned(study: World) -> None:
    card = enrol(study)
    miss(study, row(card, "M1").code)
    order = {"level": "no_more_collection", "withdrawn_on": "2026-03-01"}
    gone = change(study, participants.withdraw, participants.WithdrawalOrder, **order)
    assert (gone.withdrawn, gone.withdrawn_on) == ("no_more_collection", date(2026, 3, 1))
    acts: list[Callable[[], Any]] = [
        lambda: operate(study, happens_on="2026-04-01"),
        lambda: arm(study, "other"),
        lambda: open_visit(study),
        lambda: study.act(lambda s, a: participants.plan_again(s, a, row(card, "M1").code)),
    ]
    for act in acts:
        refused(act, "withdrawn")
    assert adopt(study, LATER) == Changes()
    assert {each.status for each in shown(study).visits} == {"cancelled", "missed"}
    assert study.unproved() == []
