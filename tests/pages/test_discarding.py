"""Discarding a tube: two scans, a reason, a password; and what holds and typed codes do at the bench."""

from typing import Any

import pytest
from sqlmodel import Session, col, select

from biobank import clock, custody, participants, specimens, web
from biobank.custody import Kind
from biobank.ledger import entries
from biobank.tables import CustodyEvent, Specimen, WithdrawalLevel
from tests.pages.visitor import Visitor, outcome, where
from tests.templates import on_both
from tests.world import MANAGER, PASSWORD, World


def told(tube: str, **more: str) -> dict[str, str]:
    return {"tube": tube, "again": tube, "reason": "broken", "password": PASSWORD, "next": "/bench", **more}


def program(visitor: Visitor, order: dict[str, str]) -> Any:
    """What the API answers to an order."""
    headers = {"Idempotency-Key": str(clock.new_key()), "X-CSRF-Token": web.csrf_token(visitor.secret)}
    return visitor.client.post("/api/v1/discards", json=order, headers=headers).json()


def card(world: World, tube: str) -> specimens.SpecimenCard:
    return world.ask(lambda session, actor: specimens.card(session, actor, tube))


def last_entries(world: World, tube: str) -> list[entries.Entry]:
    def read(session: Session, _: Any) -> list[entries.Entry]:
        asked = (
            select(CustodyEvent.entry)
            .join(Specimen, col(Specimen.id) == col(CustodyEvent.subject_id))
            .where(col(Specimen.code) == tube)
            .order_by(col(CustodyEvent.number))
        )
        return [entries.read(entry) for entry in session.exec(asked)]

    return world.ask(read)


def hold(world: World, tube: str, kind: str, reason: str) -> None:
    def work(session: Session, actor: Any) -> None:
        specimen = custody.load(session, actor, [tube])[0]
        holds = [{"id": str(clock.new_key()), "kind": kind, "reason": reason}]
        custody.record(session, actor, specimen, Kind.HOLD_SET, change={"holds": holds}, reason=reason)

    world.act(work, person=MANAGER)


@on_both
def test_a_discarded_tube_has_ended_leaves_its_slot_and_the_entry_is_signed(
    world: World, visitor: Visitor
) -> None:
    tubes, box = world.tubes(2), world.boxes()[0]
    world.put(box, tubes)
    assert visitor.get(f"/bench/discard?tube={tubes[0]}&mode=take").status_code == 200
    answer = visitor.post("/bench/discards", told(tubes[0]))
    assert answer.headers["location"] == "/bench"
    ended = card(world, tubes[0])
    assert (ended.life, ended.end_reason, ended.amount) == ("ended", "destroyed", "0 uL")
    assert where(world, tubes[0]) == ("", "")
    end = last_entries(world, tubes[0])[-1]
    assert (end.kind, end.reason) == ("ended", "broken")
    asked = select(CustodyEvent.entry).where(col(CustodyEvent.kind) == "signed")
    signature = entries.read(world.ask(lambda session, _: session.exec(asked).one()))
    assert signature.refs["entry"] == end.id
    assert signature.sig is not None
    assert signature.sig["meaning"] == "performed"
    assert where(world, tubes[1]) == ("Box 1", "A2")
    assert world.unproved() == []


@pytest.mark.parametrize(
    ("field", "value", "slug"),
    [
        ("password", "not the password", "password_wrong"),
        ("again", "", "other_tube_scanned"),
        ("tube", "S000000000", "code_unreadable"),
    ],
)
def test_nothing_is_discarded_without_the_same_tube_twice_and_the_password(
    world: World, visitor: Visitor, field: str, value: str, slug: str
) -> None:
    tube, other = world.tubes(2)
    order = {"tube": tube, "again": tube, "reason": "broken", "password": PASSWORD, field: value or other}
    assert program(visitor, order)["title"] == slug
    assert visitor.post("/bench/discards", {**order, "next": "/bench"}).status_code >= 400
    assert [card(world, code).life for code in (tube, other)] == ["active", "active"]
    assert world.unproved() == []


def test_a_tube_on_hold_is_discarded_only_for_the_consent_that_was_withdrawn(
    world: World, visitor: Visitor
) -> None:
    held, withdrawn = world.tubes(2)
    hold(world, held, "quarantine", "temperature")
    hold(world, withdrawn, "consent", "destroy")
    assert visitor.post("/bench/discards", told(held)).status_code == 409
    assert visitor.post("/bench/discards", told(withdrawn)).status_code == 409
    assert visitor.post("/bench/discards", told(withdrawn, reason="consent")).status_code == 303
    assert visitor.post("/bench/discards", told(withdrawn, reason="consent")).status_code == 422
    assert [card(world, tube).life for tube in (held, withdrawn)] == ["active", "ended"]
    assert world.unproved() == []


def test_a_program_discards_by_the_same_words_once(world: World, visitor: Visitor) -> None:
    tube = world.tubes(1)[0]
    order = {"tube": tube, "again": tube, "reason": "expired", "password": PASSWORD}
    assert program(visitor, order)["reason"] == "expired"
    assert program(visitor, order)["title"] == "not_discardable"
    hold(world, other := world.tubes(1, "D-002")[0], "quarantine", "temperature")
    assert program(visitor, {**order, "tube": other, "again": other})["title"] == "held"
    assert [card(world, code).life for code in (tube, other)] == ["ended", "active"]


def test_a_tube_on_hold_is_stored_with_a_notice_and_not_taken_out(world: World, visitor: Visitor) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    hold(world, tube, "quarantine", "temperature")
    stored = visitor.scan(tube, "store", box)
    assert outcome(stored) == "notice"
    assert "on hold" in stored
    assert where(world, tube) == ("Box 1", "A1")
    assert outcome(visitor.scan(tube, "lookup", box)) == "notice"
    assert outcome(visitor.scan(tube, "take", box)) == "stop"
    assert where(world, tube) == ("Box 1", "A1")
    assert world.unproved() == []


def test_after_a_withdrawal_a_tube_comes_back_and_goes_out_no_more(world: World, visitor: Visitor) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    assert outcome(visitor.scan(tube, "take", box)) == "ok"
    order = participants.WithdrawalOrder(
        study="DEMO",
        pseudonym="D-001",
        level=WithdrawalLevel.NO_FURTHER_USE,
        withdrawn_on="2026-01-02",  # type: ignore[arg-type]
    )
    world.act(lambda session, actor: participants.withdraw(session, actor, order))
    assert outcome(visitor.scan(tube, "store", box)) == "notice"
    assert outcome(visitor.scan(tube, "take", box)) == "stop"


def test_a_typed_code_is_marked_in_the_log_and_a_scanned_one_is_not(world: World, visitor: Visitor) -> None:
    tubes, box = world.tubes(2), world.boxes()[0]
    visitor.scan(tubes[0], "store", box)
    visitor.scan(tubes[1], "store", box, source="typed")
    marks = [last_entries(world, tube)[-1].refs.get("source") for tube in tubes]
    assert marks == [None, "typed"]
    assert world.unproved() == []
