"""What is done about findings, and how an audit is signed."""

import pytest
from sqlmodel import Session

from biobank import audits, custody, storage
from biobank.audits import Entrust
from biobank.errors import Refusal
from biobank.people import Actor
from biobank.tables import AuditDecision, Result
from tests.audits.auditing import DUE, begun, counted, decided, found, results
from tests.audits.signing import signed
from tests.world import MANAGER, TECHNICIAN, World


def test_the_records_follow_two_tubes_that_changed_places(world: World) -> None:
    first, second, third = world.tubes(3)
    box, *_ = world.boxes()
    world.put(box, [first, second, third])
    audit = begun(world)
    counted(world, audit, box, ("A1", second), ("A2", first), ("A3", third))
    assert set(results(world, audit).values()) == {Result.WRONG_SLOT, Result.FOUND}
    decided(world, audit, AuditDecision.MOVED, Result.WRONG_SLOT)
    shown = world.ask(lambda s, a: storage.box_map(s, a, box))
    assert {row.name: row.code for row in shown.slots if row.code} == {"A1": second, "A2": first, "A3": third}
    assert world.unproved() == []


def test_a_missing_tube_is_held_until_it_is_in_a_hand_again(world: World) -> None:
    first, second = world.tubes(2)
    box, other, _ = world.boxes()
    world.put(box, [first, second])
    audit = begun(world)
    counted(world, audit, box, ("A1", first))
    decided(world, audit, AuditDecision.MISSING, Result.MISSING)

    def asked(session: Session, actor: Actor) -> list[str]:
        (tube,) = custody.load(session, actor, [second])
        return [each["reason"] for each in custody.state(session, tube)["holds"]]

    def holds() -> list[str]:
        return world.act(asked, answer=list[str])  # type: ignore[no-any-return]

    assert holds() == ["missing"]
    world.put(other, [second])
    assert holds() == []
    assert world.unproved() == []


def test_an_audit_is_signed_by_who_counted_and_reviewed_by_another(world: World) -> None:
    first, second = world.tubes(2)
    box, other, third = world.boxes()
    world.put(box, [first, second])
    audit = begun(world, every_days=90)
    with pytest.raises(Refusal) as refused:
        signed(world, audit, audits.perform, MANAGER)
    assert refused.value.slug == "audit_without_scans"
    counted(world, audit, box, ("A1", first), person=TECHNICIAN)
    with pytest.raises(Refusal) as refused:
        signed(world, audit, audits.perform, MANAGER)
    assert refused.value.slug == "boxes_not_counted"
    for each in (other, third):
        counted(world, audit, each, ("A1", ""))
    with pytest.raises(Refusal) as refused:
        signed(world, audit, audits.perform, MANAGER)
    assert refused.value.slug == "findings_open"
    (line,) = found(world, audit, Result.MISSING)
    order = Entrust.model_validate({"audit": audit, "lines": [line], "owner": TECHNICIAN, "due": DUE})
    world.act(lambda s, a: audits.entrust(s, a, order), person=MANAGER)
    signed(world, audit, audits.perform, MANAGER)
    with pytest.raises(Refusal) as refused:
        signed(world, audit, audits.review, MANAGER)
    assert refused.value.slug == "same_person"
    assert world.unproved() == []
