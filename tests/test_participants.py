"""Participants: a pseudonym with consent and visits, and nobody's name."""

from collections.abc import Callable
from typing import Any

import pytest

from biobank import clock, inputs, participants
from biobank.custody import Kind, history
from biobank.errors import Conflict, NotFound, Refusal, Refusals, RuleBroken
from biobank.participants import ConsentOrder, Enrolment, ParticipantCard, VisitOrder
from biobank.tables import Attribute
from tests.races import together
from tests.world import MANAGER, OUTSIDER, PROTOCOL, World


def refusal(work: Callable[[], Any], kind: type[Refusal] = RuleBroken) -> Any:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def order(**other: Any) -> Enrolment:
    told = {
        "study": "DEMO",
        "site": "BJ",
        "pseudonym": "D-001",
        "consent": {"version": "1.0", "scopes": ["storage", "genetics"]},
    }
    return inputs.read(Enrolment, told | other)


def enroll(world: World, **other: Any) -> ParticipantCard:
    wish = order(**other)
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: participants.card(s, participants.enroll(s, a, wish)), answer=ParticipantCard
    )


def shown(world: World, pseudonym: str = "D-001") -> ParticipantCard:
    return world.ask(lambda s, a: participants.card(s, participants.by_pseudonym(s, a, "DEMO", pseudonym)))


def open_visit(world: World, **told: Any) -> str:
    wish = VisitOrder.model_validate({"study": "DEMO", "pseudonym": "D-001"} | told)
    return world.act(lambda s, a: participants.open_visit(s, a, wish).code)  # type: ignore[no-any-return]


def test_who_is_enrolled_has_the_visits_that_the_protocol_plans(world: World) -> None:
    card = enroll(world, enrolled_on="2026-05-04", attributes={"sex": "female"})
    planned = [(row.event, row.status, str(row.planned_on)) for row in card.visits]
    assert planned == [("BL", "planned", "2026-05-04"), ("M1", "planned", "2026-06-03")]
    assert (card.attributes, card.scopes) == ({"sex": "female"}, ["genetics", "storage"])
    assert world.unproved() == []


def test_a_pseudonym_is_enrolled_once_in_a_study(world: World) -> None:
    enroll(world)
    refused = refusal(lambda: enroll(world), Conflict)
    assert (refused.slug, refused.field, refused.facts["pseudonym"]) == (
        "pseudonym_taken",
        "pseudonym",
        "D-001",
    )


def test_a_pseudonym_enrolled_twice_at_once_is_enrolled_once(world: World) -> None:
    answers = together(lambda: enroll(world), lambda: enroll(world))
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "ParticipantCard"]
    assert world.unproved() == []


@pytest.mark.parametrize(
    ("other", "slug", "field"),
    [
        ({"site": "XX"}, "site_unknown", "site"),
        ({"arm": "A"}, "arm_unknown", "arm"),
        ({"attributes": {"shoe": 43}}, "attribute_unknown", "attributes.shoe"),
        ({"attributes": {"sex": "unsaid"}}, "attribute_value", "attributes.sex"),
        (
            {"consent": {"version": "1", "scopes": ["storage"], "given_on": "2999-01-01"}},
            "consent_in_future",
            "consent.given_on",
        ),
    ],
)
def test_what_the_protocol_does_not_know_is_refused(
    sqlite_world: World, other: dict[str, Any], slug: str, field: str
) -> None:
    refused = refusal(lambda: enroll(sqlite_world, **other))
    assert (refused.slug, refused.field) == (slug, field)
    assert sqlite_world.ask(lambda s, a: participants.page(s, a, "DEMO")) == []


@pytest.mark.parametrize(
    "other",
    [
        {"pseudonym": "13800138000"},
        {"pseudonym": "张三"},
        {"name": "somebody"},
        {"birth_date": "1990-01-01"},
        {"consent": {"version": "1", "scopes": []}},
        {"consent": {"version": "1", "scopes": ["everything"]}},
        {"consent": {"version": "x" * 41, "scopes": ["storage"]}},
        {"attributes": {"sex": "fe\x00male"}},
    ],
)
def test_no_identity_and_no_empty_consent_is_let_in(other: dict[str, Any]) -> None:
    assert refusal(lambda: order(**other), Refusals).slug == "input_refused"


@pytest.mark.parametrize(
    ("value", "good"), [(18, True), (99, True), (17, False), (100, False), ("18", False), (True, False)]
)
def test_a_number_is_noted_within_its_limits(value: Any, good: bool) -> None:  # noqa: FBT001 - a table
    known = [Attribute(protocol_id=clock.new_key(), name="age", lowest=18, highest=99)]
    if good:
        participants.require_attributes(known, {"age": value})
    else:
        refused = refusal(lambda: participants.require_attributes(known, {"age": value}))
        assert (refused.slug, refused.facts["lowest"], refused.facts["highest"]) == (
            "attribute_range",
            18,
            99,
        )


def test_a_further_consent_adds_its_scopes(world: World) -> None:
    enroll(world)
    more = ConsentOrder.model_validate({"version": "2.0", "scopes": ["microbiome"]})
    world.act(lambda s, a: participants.give_consent(s, a, "DEMO", "D-001", more))
    assert shown(world).scopes == ["genetics", "microbiome", "storage"]
    assert world.unproved() == []


def test_a_planned_visit_is_opened_once_and_an_unscheduled_one_each_time(world: World) -> None:
    card = enroll(world)
    assert open_visit(world, event="M1") == card.visits[1].code
    assert open_visit(world) != open_visit(world, label="Fever")
    assert [row.event for row in shown(world).visits] == ["BL", "M1", "UNS", "Fever"]
    refused = refusal(lambda: open_visit(world, event="M9"))
    assert (refused.slug, refused.field, refused.facts["known"]) == ("event_unknown", "event", "BL, M1")
    assert world.unproved() == []


def test_a_visit_planned_before_the_protocol_changed_is_the_same_visit_after(world: World) -> None:
    card = enroll(world)
    changed = PROTOCOL.replace(b"One month", b"Four weeks")
    world.act(lambda s, a: participants.adopt(s, a, changed), person=MANAGER)
    assert open_visit(world, event="M1") == card.visits[1].code
    assert len(shown(world).visits) == 2


def test_the_ledger_knows_no_pseudonym(world: World) -> None:
    card = enroll(world, attributes={"sex": "female"})
    lines = world.ask(lambda s, _: history(s, card.id))
    assert [line.kind for line in lines] == [Kind.OPENED]
    assert set(lines[0].change) == {
        "noun",
        "study",
        "site",
        "told",
        "consents",
        "withdrawn",
        "noted",
    }
    assert "D-001" not in str(lines)
    assert "female" not in str(lines)


def test_an_outsider_cannot_tell_who_is_elsewhere_from_who_is_nowhere(world: World) -> None:
    card = enroll(world)
    here, there = (
        refusal(
            lambda: world.ask(lambda s, a: participants.by_pseudonym(s, a, "DEMO", name), OUTSIDER),  # noqa: B023
            NotFound,
        )
        for name in ("D-001", "D-404")
    )
    assert here.slug == there.slug == "participant_not_found"
    visit = refusal(
        lambda: world.ask(lambda s, a: participants.visit_by_code(s, a, card.visits[0].code), OUTSIDER),
        NotFound,
    )
    assert visit.slug == "visit_not_found"
    assert world.ask(lambda s, a: participants.page(s, a, "DEMO"), OUTSIDER) == []


def test_participants_are_listed_page_by_page(world: World) -> None:
    for number in range(5):
        enroll(world, pseudonym=f"D-{number}")
    first = world.ask(lambda s, a: participants.page(s, a, "DEMO", limit=3))
    rest = world.ask(lambda s, a: participants.page(s, a, "DEMO", after=first[-1].pseudonym, limit=3))
    assert [card.pseudonym for card in first + rest] == [f"D-{number}" for number in range(5)]
