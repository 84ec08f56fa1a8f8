"""Withdrawal: one act that stops everything it must stop, wherever it is and whoever is at work."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlmodel import Session, col, select

from biobank import clock, custody, inputs, participants, specimens, storage
from biobank.custody import Kind
from biobank.errors import NotFound, Refusal, Refusals, RuleBroken
from biobank.participants import ConsentOrder, ParticipantCard, WithdrawalOrder
from biobank.people import Actor
from biobank.specimens import Aliquots, Derivative, NewSpecimen, Registration
from biobank.specimens.registering import new_specimen, registration_of
from biobank.tables import (
    CustodyEvent,
    Hold,
    HoldKind,
    Life,
    Participant,
    Scope,
    Specimen,
    SpecimenKind,
    Visit,
    Withdrawal,
    WithdrawalLevel,
)
from tests.world import OUTSIDER, World

LEVELS = list(WithdrawalLevel)
HOLDING = LEVELS[1:]

Told = tuple[str, list[tuple[str, str]]]
"""Of a tube: its life, and its holds with their reasons."""


def refusal(work: Callable[[], Any], kind: type[Refusal] = RuleBroken) -> Any:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def order(level: str = "no_further_use", **told: Any) -> WithdrawalOrder:
    wish = {"study": "DEMO", "pseudonym": "D-001", "level": level, "withdrawn_on": "2026-05-04"}
    return inputs.read(WithdrawalOrder, wish | told)


def withdraw(world: World, level: str = "no_further_use", person: str = "technician", **told: Any) -> None:
    wish = order(level, **told)
    world.act(lambda s, a: participants.withdraw(s, a, wish), person=person)


def register(world: World, visit: str) -> list[str]:
    wish = Registration(visit=visit, specimens=[NewSpecimen(material="blood_edta", amount="10 mL")])
    return world.act(lambda s, a: [each.code for each in specimens.register(s, a, wish)])  # type: ignore[no-any-return]


def aliquot(world: World, parent: str, count: int = 2) -> list[str]:
    wish = Aliquots(parent=parent, count=count, amount="1 mL")
    return world.act(lambda s, a: [each.code for each in specimens.aliquot(s, a, wish)])  # type: ignore[no-any-return]


def expect(world: World, visit: str) -> str:
    """A tube that a visit is expected to bring."""

    def work(session: Session, actor: Actor) -> str:
        there = session.exec(select(Visit).where(col(Visit.code) == visit)).one()
        whose = session.get_one(Participant, there.participant_id)
        tube = new_specimen(visit=there, participant=whose, kind=SpecimenKind.PRIMARY, material="blood_edta")
        line = msgspec.structs.replace(registration_of(tube), change={}, kind=Kind.REGISTERED)
        custody.record_all(session, actor, [line])
        return tube.code

    return world.act(work)  # type: ignore[no-any-return]


def end(world: World, code: str) -> None:
    def work(session: Session, actor: Actor) -> None:
        (tube,) = custody.load(session, actor, [code])
        custody.record(session, actor, tube, Kind.ENDED, change={"life": "ended", "end_reason": "broken"})

    world.act(work)


def tubes_of(world: World, pseudonym: str = "D-001") -> dict[str, Told]:
    """Every tube of a participant: its life, and its holds with their reasons."""

    def question(session: Session) -> dict[str, Told]:
        asked = (
            select(Specimen.code, Specimen.life, Hold.kind, Hold.reason)
            .join(Participant, col(Participant.id) == col(Specimen.participant_id))
            .outerjoin(Hold, col(Hold.specimen_id) == col(Specimen.id))
            .where(col(Participant.pseudonym) == pseudonym)
        )
        found: dict[str, Told] = {}
        for code, life, kind, reason in session.exec(asked).all():
            found.setdefault(code, (life, []))[1].extend([(kind, reason)] if kind else [])
        return found

    return world.database.read(question)


def visits_of(world: World, pseudonym: str = "D-001") -> dict[str, str]:
    card = world.ask(lambda s, a: participants.card(s, participants.by_pseudonym(s, a, "DEMO", pseudonym)))
    return {visit.event: visit.status for visit in card.visits}


# --- one act ---


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_planned_and_expected_ends_at_every_level_and_what_was_done_stays(
    world: World, level: WithdrawalLevel
) -> None:
    visit = world.visit()
    blood = world.blood(visit)
    expected = expect(world, visit)
    withdraw(world, level.value)
    assert visits_of(world) == {"BL": "done", "M1": "cancelled"}
    tubes = tubes_of(world)
    assert (tubes[expected], tubes[blood][0]) == ((Life.ENDED, []), Life.ACTIVE)
    reason = world.database.read(
        lambda s: s.exec(select(Specimen.end_reason).where(col(Specimen.code) == expected)).one()
    )
    assert reason == "not_collected"
    assert world.unproved() == []


@pytest.mark.parametrize("level", HOLDING)
def test_every_living_tube_is_held_wherever_it_is(world: World, level: WithdrawalLevel) -> None:
    stored, out, loose, gone = world.tubes(4)
    world.put(world.boxes()[0], [stored, out])
    world.act(lambda s, a: storage.take_out(s, a, storage.TakeOut(tubes=[out])))
    end(world, gone)
    withdraw(world, level.value)
    tubes = tubes_of(world)
    held = (Life.ACTIVE, [(HoldKind.CONSENT, level.value)])
    assert [tubes[code] for code in (stored, out, loose)] == [held] * 3
    assert tubes.pop(gone) == (Life.ENDED, [])
    assert set(map(str, tubes.values())) == {str(held)}  # and so is the blood they were made of
    card = world.ask(lambda s, a: specimens.card(s, a, stored))
    assert (card.available, len(card.holds)) == (False, 1)
    assert world.unproved() == []


def test_who_only_gives_no_more_lets_what_was_given_be_used(world: World) -> None:
    tubes = world.tubes(2)
    withdraw(world, "no_more_collection")
    assert [tubes_of(world)[code] for code in tubes] == [(Life.ACTIVE, [])] * 2
    assert world.unproved() == []


def test_nobody_elses_tubes_and_visits_are_touched(world: World) -> None:
    world.tubes(1)
    (other,) = world.tubes(1, "D-002")
    withdraw(world, "destroy")
    assert tubes_of(world, "D-002")[other] == (Life.ACTIVE, [])
    assert visits_of(world, "D-002") == {"BL": "done", "M1": "planned"}
    assert world.unproved() == []


def test_a_second_withdrawal_can_only_go_further_and_its_hold_replaces_the_first(world: World) -> None:
    (tube,) = world.tubes(1)
    for level in LEVELS:
        withdraw(world, level.value)
        for back in LEVELS[: LEVELS.index(level) + 1]:
            refused = refusal(lambda: withdraw(world, back.value))  # noqa: B023 - called at once
            assert (refused.slug, refused.facts["level"]) == ("withdrawn_already", level.value)
    assert tubes_of(world)[tube] == (Life.ACTIVE, [(HoldKind.CONSENT, "destroy")])
    kinds = [line.kind for line in world.ask(lambda s, a: specimens.timeline(s, a, tube))]
    assert kinds.count("hold_set") == 2
    rows = world.database.read(lambda s: list(s.exec(select(Withdrawal.level))))
    assert rows == [WithdrawalLevel.DESTROY]
    assert world.unproved() == []


def test_another_hold_stays_beside_the_one_of_consent(world: World) -> None:
    (tube,) = world.tubes(1)

    def quarantine(session: Session, actor: Actor) -> None:
        (row,) = custody.load(session, actor, [tube])
        hold = {"id": str(clock.new_key()), "kind": "quarantine", "reason": "leaking"}
        custody.record(session, actor, row, Kind.HOLD_SET, change={"holds": [hold]})

    world.act(quarantine)
    withdraw(world, "no_further_use")
    withdraw(world, "destroy")
    assert sorted(tubes_of(world)[tube][1]) == [
        (HoldKind.CONSENT, "destroy"),
        (HoldKind.QUARANTINE, "leaking"),
    ]
    assert world.unproved() == []


def test_the_same_command_withdraws_once(world: World) -> None:
    world.tubes(1)
    wish, command = order(), clock.new_key()

    def once() -> Any:
        return world.act(
            lambda s, a: participants.card(s, participants.withdraw(s, a, wish)),
            command=command,
            answer=ParticipantCard,
        )

    assert once() == once()
    entries = world.database.read(
        lambda s: s.exec(select(CustodyEvent).where(col(CustodyEvent.kind) == Kind.HOLD_SET)).all()
    )
    assert len(entries) == 2  # the blood and its aliquot, once each
    assert world.unproved() == []


def test_after_it_nothing_is_collected_made_or_asked(world: World) -> None:
    visit = world.visit()
    blood = world.blood(visit)
    withdraw(world, "no_more_collection")
    more = ConsentOrder(version="1.0", scopes=[Scope.STORAGE])
    plasma = Derivative(parent=blood, material="plasma_edta")
    for work in (
        lambda: register(world, visit),
        lambda: aliquot(world, blood),
        lambda: world.act(lambda s, a: specimens.derive(s, a, plasma)),
        lambda: world.act(lambda s, a: participants.give_consent(s, a, "DEMO", "D-001", more)),
    ):
        refused = refusal(work)
        assert (refused.slug, refused.facts) == ("withdrawn", {"pseudonym": "D-001"})
    assert list(tubes_of(world)) == [blood]
    assert world.unproved() == []


def test_what_was_said_about_it_and_when_stands_outside_the_ledger(world: World) -> None:
    world.tubes(1)
    withdraw(world, "destroy", note="moves abroad", withdrawn_on="2026-04-30")
    entries = world.database.read(lambda s: b"".join(s.exec(select(CustodyEvent.entry)).all()))
    assert b'"withdrawn":"destroy"' in entries
    assert b"moves abroad" not in entries
    assert b"2026-04-30" not in entries
    assert world.unproved() == []


@pytest.mark.parametrize(
    ("told", "slug"),
    [
        ({"withdrawn_on": "2999-01-01"}, "time_in_future"),
        ({"level": "forget me"}, "enum"),
        ({"level": None}, "enum"),
        ({"withdrawn_on": None}, "date_type"),
        ({"note": "call 13800138000"}, "note_names_somebody"),
    ],
)
def test_what_is_no_withdrawal_is_refused(told: dict[str, Any], slug: str) -> None:
    refused = refusal(lambda: order(**told), Refusals)
    assert [each.slug for each in refused.each] == [slug]


def test_a_withdrawal_is_recorded_only_where_the_participant_is_known(sqlite_world: World) -> None:
    sqlite_world.tubes(1)
    nobody = refusal(lambda: withdraw(sqlite_world, pseudonym="D-404"), NotFound)
    outsider = refusal(lambda: withdraw(sqlite_world, person=OUTSIDER), NotFound)
    assert nobody.slug == outsider.slug == "participant_not_found"


def test_who_withdrew_is_told_to_whoever_plans(sqlite_world: World) -> None:
    sqlite_world.visit()
    sqlite_world.visit("D-002")
    withdraw(sqlite_world)

    def question(session: Session) -> dict[str, WithdrawalLevel | None]:
        found = {}
        for each in session.exec(select(Participant)).all():
            withdrawal = participants.withdrawal_of(session, each.id)
            found[each.pseudonym] = withdrawal.level if withdrawal else None
        return found

    told = sqlite_world.database.read(question)
    assert told == {"D-001": WithdrawalLevel.NO_FURTHER_USE, "D-002": None}
