"""What the proof of audits must find: each harm is done behind the domain's back, and is told."""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlmodel import Session, col, select

from biobank import audits, clock, storage
from biobank.audits import Counted, Decide, Entrust, SlotTold, digests
from biobank.errors import Refusal
from biobank.guards import GUARDS
from biobank.storage import Undo
from biobank.storage.acts import NO_MOVE
from biobank.tables import (
    Audit,
    AuditBox,
    AuditDecision,
    AuditLine,
    AuditScan,
    BoxState,
    Mark,
    Person,
    Result,
)
from tests.audits.auditing import DUE, begun, counted, lines
from tests.audits.signing import closed, with_reviewer
from tests.templates import Furnishing, Templates
from tests.terminal import Terminal
from tests.world import MANAGER, TECHNICIAN, World

Harm = Callable[[Session], None]


def two_audits(world: World) -> None:
    """One that is closed, with findings that were decided and entrusted; and one that is being counted."""
    with_reviewer(world)
    tubes = world.tubes(8)
    box, other, third = world.boxes()
    world.put(box, tubes[:5])
    world.put(other, tubes[5:7])
    a_closed_one(world, tubes, [box, other, third])
    audit = begun(world, name="Under way")
    counted(world, audit, other, ("A1", tubes[5]), ("A2", ""), ("A3", tubes[0]), ("A4", ""))
    scans = [SlotTold(slot="A1", code=tubes[2]), SlotTold(slot="A2", mark=Mark.EMPTY)]
    order = Counted(audit=audit, box=box, scans=scans)
    world.act(lambda s, a: audits.count(s, a, order), person=TECHNICIAN)


def a_closed_one(world: World, tubes: list[str], boxes: list[str]) -> None:
    box, other, third = boxes
    audit = begun(world, name="Closed", second_count=True)
    scans = [("A1", tubes[0]), ("A2", tubes[2]), ("A3", ""), ("A4", "?"), ("A5", "NOBODYS"), ("A9", tubes[7])]
    counted(world, audit, box, *scans, person=TECHNICIAN)
    counted(world, audit, box, *scans)
    counted(world, audit, other, ("A1", tubes[5]), ("A2", tubes[6]))
    counted(world, audit, third, ("A1", ""))
    decide(world, audit, AuditDecision.PUT_BACK, Result.WRONG_SLOT)
    decide(world, audit, AuditDecision.MOVED, Result.UNEXPECTED)
    decide(world, audit, AuditDecision.EXPLAINED, Result.UNREADABLE)
    left = [line.id for line, _ in lines(world, audit) if line.decision is None and line.result != "found"]
    order = Entrust.model_validate({"audit": audit, "lines": left, "owner": TECHNICIAN, "due": DUE})
    world.act(lambda s, a: audits.entrust(s, a, order) and None, person=MANAGER)
    closed(world, audit)


def decide(world: World, audit: UUID, decision: AuditDecision, *words: Result) -> None:
    chosen = [line.id for line, _ in lines(world, audit) if line.result in words]
    order = Decide(audit=audit, lines=chosen, decision=decision, reason="Wet label")
    world.act(lambda s, a: audits.decide(s, a, order) and None, person=MANAGER)


@pytest.fixture(scope="module")
def furnishing() -> Furnishing:
    return two_audits


# --- where the harms are done ---


def of(session: Session, name: str) -> Audit:
    return session.exec(select(Audit).where(col(Audit.name) == name)).one()


def line_of(session: Session, name: str, *words: Result) -> AuditLine:
    asked = select(AuditLine).where(
        col(AuditLine.audit_id) == of(session, name).id, col(AuditLine.result).in_(words)
    )
    return session.exec(asked.limit(1)).one()


def box_of(session: Session, name: str, state: BoxState = BoxState.COUNTED) -> AuditBox:
    asked = select(AuditBox).where(
        col(AuditBox.audit_id) == of(session, name).id, col(AuditBox.state) == state
    )
    return session.exec(asked.order_by(col(AuditBox.position)).limit(1)).one()


def scan_of(session: Session, name: str, mark: Mark, state: BoxState = BoxState.COUNTED) -> AuditScan:
    box = box_of(session, name, state)
    asked = select(AuditScan).where(col(AuditScan.box_id) == box.id, col(AuditScan.mark) == mark)
    return session.exec(asked.limit(1)).one()


def somebody_else(session: Session, than: UUID | None) -> UUID:
    return session.exec(select(Person.id).where(col(Person.id) != than).limit(1)).one()


# --- harms to lines ---


def a_finding_that_is_none(session: Session) -> None:
    line_of(session, "Under way", Result.MISSING).result = Result.FOUND


def a_finding_of_another_box_that_is_none(session: Session) -> None:
    line_of(session, "Under way", Result.WRONG_CONTAINER).result = Result.FOUND


def a_result_changed_after_signing(session: Session) -> None:
    line_of(session, "Closed", Result.UNREADABLE).result = Result.MISSING


def a_text_changed_after_signing(session: Session) -> None:
    line_of(session, "Closed", Result.UNKNOWN).text = "ANOTHER"


def a_first_result_that_was_none(session: Session) -> None:
    line_of(session, "Closed", Result.FOUND).first_result = Result.MISSING


def another_slot_of_the_snapshot(session: Session) -> None:
    line = line_of(session, "Closed", Result.MISSING)
    line.col = (line.col or 0) + 1


def a_line_that_was_removed(session: Session) -> None:
    session.delete(line_of(session, "Closed", Result.UNKNOWN))


def a_line_that_nobody_found(session: Session) -> None:
    box = box_of(session, "Under way")
    row: dict[str, Any] = {"audit_id": box.audit_id, "box_id": box.id, "text": "X", "result": Result.UNKNOWN}
    session.add(AuditLine(**row))


def a_word_for_a_box_that_nobody_counted(session: Session) -> None:
    box = box_of(session, "Under way", BoxState.OPEN)
    row: dict[str, Any] = {"audit_id": box.audit_id, "box_id": box.id, "text": "X", "result": Result.UNKNOWN}
    session.add(AuditLine(**row))


def another_decision(session: Session) -> None:
    line_of(session, "Closed", Result.UNREADABLE).decision = AuditDecision.REGISTERED


def a_decision_of_somebody_else(session: Session) -> None:
    line = line_of(session, "Closed", Result.UNREADABLE)
    line.decided_by_id = somebody_else(session, line.decided_by_id)


def a_decision_that_nobody_took(session: Session) -> None:
    line_of(session, "Under way", Result.MISSING).decision = AuditDecision.EXPLAINED


def a_decision_taken_back(session: Session) -> None:
    line_of(session, "Closed", Result.UNREADABLE).decision = None


def another_owner(session: Session) -> None:
    line = line_of(session, "Closed", Result.MISSING)
    line.owner_id = somebody_else(session, line.owner_id)


def another_day(session: Session) -> None:
    line_of(session, "Closed", Result.MISSING).due_on = date(2030, 1, 1)


# --- harms to boxes ---


def another_container(session: Session) -> None:
    first, second = session.exec(
        select(AuditBox).where(col(AuditBox.audit_id) == of(session, "Closed").id).limit(2)
    )
    first.container_id, second.container_id = second.container_id, first.container_id


def another_way(session: Session) -> None:
    box_of(session, "Closed").path = "Elsewhere"


def fewer_expected(session: Session) -> None:
    box_of(session, "Closed").expected -= 1


def more_empty(session: Session) -> None:
    box_of(session, "Closed").empty = 81


def a_box_that_seems_counted(session: Session) -> None:
    box_of(session, "Under way", BoxState.OPEN).state = BoxState.COUNTED


def a_box_counted_by_somebody_else(session: Session) -> None:
    box = box_of(session, "Closed")
    box.counted_by_id = somebody_else(session, box.counted_by_id)


def no_second_count(session: Session) -> None:
    boxes = select(AuditBox).where(col(AuditBox.second_by_id).is_not(None))
    session.exec(boxes.limit(1)).one().second_by_id = None


# --- harms to audits ---


def another_seed(session: Session) -> None:
    of(session, "Closed").seed = "chosen"


def another_population(session: Session) -> None:
    of(session, "Closed").population = 1_000


def another_plan(session: Session) -> None:
    of(session, "Under way").second_count = True


def an_earlier_beginning(session: Session) -> None:
    audit = of(session, "Under way")
    audit.started_at = (audit.started_at or clock.now()) - timedelta(days=1)


def another_performer(session: Session) -> None:
    audit = of(session, "Closed")
    audit.performed_by_id = somebody_else(session, audit.performed_by_id)


def another_reviewer(session: Session) -> None:
    audit = of(session, "Closed")
    audit.reviewed_by_id = somebody_else(session, audit.reviewed_by_id)


def a_later_end(session: Session) -> None:
    of(session, "Closed").closed_at = clock.now() + timedelta(days=1)


# --- harms to scans ---


def a_scan_removed_while_its_box_is_counted(session: Session) -> None:
    session.delete(scan_of(session, "Under way", Mark.TUBE, BoxState.COUNTING))


def an_empty_slot_that_nobody_scanned_any_more(session: Session) -> None:
    session.delete(scan_of(session, "Under way", Mark.EMPTY))


def an_unreadable_code_that_is_gone(session: Session) -> None:
    session.delete(scan_of(session, "Closed", Mark.UNREADABLE))


def a_scan_by_somebody_else(session: Session) -> None:
    scan = scan_of(session, "Closed", Mark.TUBE)
    scan.person_id = somebody_else(session, scan.person_id)


def a_scan_at_another_time(session: Session) -> None:
    scan = scan_of(session, "Closed", Mark.TUBE)
    scan.scanned_at -= timedelta(hours=1)


def a_scan_at_another_slot(session: Session) -> None:
    scan_of(session, "Under way", Mark.TUBE, BoxState.COUNTING).row = 8


def a_scan_that_nobody_made(session: Session) -> None:
    scan = scan_of(session, "Under way", Mark.TUBE, BoxState.COUNTING)
    session.add(AuditScan(**scan.model_dump() | {"id": clock.new_key(), "col": 8}))


def a_scan_told_twice(session: Session) -> None:
    scan = scan_of(session, "Under way", Mark.TUBE, BoxState.COUNTING)
    session.add(AuditScan(**scan.model_dump() | {"id": clock.new_key()}))


HARMS: list[Harm] = [
    *(a_finding_that_is_none, a_finding_of_another_box_that_is_none, a_result_changed_after_signing),
    *(a_text_changed_after_signing, a_first_result_that_was_none, another_slot_of_the_snapshot),
    *(a_line_that_was_removed, a_line_that_nobody_found, a_word_for_a_box_that_nobody_counted),
    *(another_decision, a_decision_of_somebody_else, a_decision_that_nobody_took, a_decision_taken_back),
    *(another_owner, another_day, another_container, another_way, fewer_expected, more_empty),
    *(a_box_that_seems_counted, a_box_counted_by_somebody_else, no_second_count),
    *(another_seed, another_population, another_plan, an_earlier_beginning),
    *(another_performer, another_reviewer, a_later_end),
]

HARMS_TO_SCANS: list[Harm] = [
    *(a_scan_removed_while_its_box_is_counted, an_empty_slot_that_nobody_scanned_any_more),
    *(an_unreadable_code_that_is_gone, a_scan_by_somebody_else, a_scan_at_another_time),
    *(a_scan_at_another_slot, a_scan_that_nobody_made, a_scan_told_twice),
]


def unguarded(connection: Connection) -> None:
    """Take the guards of the scans away, as who owns the database can."""
    postgres = connection.dialect.name == "postgresql"
    for name, body in GUARDS[connection.dialect.name].items():
        if name.startswith("audit_scan"):
            table = f" ON {body.split(' ON ')[1].split()[0]}" if postgres else ""
            connection.execute(text(f"DROP TRIGGER {name}{table}"))


# --- proofs ---


def test_audits_as_they_happened_are_proved(world: World) -> None:
    assert world.unproved() == []


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_harm_to_an_audit_is_found(sqlite_world: World, harm: Harm) -> None:
    sqlite_world.database.write(harm)
    assert {each.kind for each in sqlite_world.unproved()} <= {"audit", "record"}
    assert sqlite_world.unproved()


@pytest.mark.parametrize("harm", HARMS_TO_SCANS, ids=lambda harm: harm.__name__)
def test_a_harm_to_a_scan_whose_guards_were_taken_away_is_found(sqlite_world: World, harm: Harm) -> None:
    sqlite_world.database.administer(unguarded)
    assert sqlite_world.unproved() == []
    sqlite_world.database.write(harm)
    assert {each.kind for each in sqlite_world.unproved()} == {"audit"}


@pytest.mark.postgres
@pytest.mark.parametrize("address", ["postgres"], indirect=True)
def test_harms_are_found_one_by_one_in_postgresql(world: World) -> None:
    world.database.administer(unguarded)
    for harm in (a_decision_that_nobody_took, another_way, a_scan_that_nobody_made, a_finding_that_is_none):
        before = world.unproved()
        world.database.write(harm)
        assert len(world.unproved()) > len(before), harm.__name__


def test_the_check_of_the_command_line_names_the_audit(
    templates: Templates, furnishing: Furnishing, tmp_path: Path
) -> None:
    shutil.copyfile(templates.sqlite(furnishing), tmp_path / "biobank.db")
    terminal = Terminal(tmp_path)
    database = terminal.database()
    database.write(a_finding_that_is_none)
    audit = database.read(lambda session: of(session, "Under way").id)
    database.close()
    result = terminal.run("check")
    assert result.exit_code == 3
    assert f"audit {audit}: box" in result.stdout


def test_a_scan_of_an_audit_is_not_undone(sqlite_world: World) -> None:
    tubes, box = sqlite_world.tubes(1, "D-003"), sqlite_world.boxes()[2]
    sqlite_world.put(box, tubes)
    order = Counted(
        audit=begun(sqlite_world, name="Third"), box=box, scans=[SlotTold(slot="A1", code=tubes[0])]
    )
    command = clock.new_key()
    sqlite_world.act(lambda s, a: audits.count(s, a, order), command=command)
    newest = sqlite_world.ask(storage.last_acts)[0]
    assert (newest.command, newest.in_the_way) == (command, NO_MOVE)
    with pytest.raises(Refusal) as refused:
        sqlite_world.act(lambda s, a: storage.undo(s, a, Undo(command=command)))
    assert refused.value.slug == "not_undoable"
    assert sqlite_world.unproved() == []


def test_lines_of_more_boxes_than_an_entry_holds_are_proved_at_the_latest_when_signed(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "MOST_TOLD", 0)
    tubes = sqlite_world.tubes(2, "D-002")
    box, other, third = sqlite_world.boxes()
    sqlite_world.put(box, tubes[:1], "I9")
    sqlite_world.put(other, tubes[1:], "I9")
    audit = begun(sqlite_world, name="Crossed")
    counted(sqlite_world, audit, third, ("A1", ""))
    counted(sqlite_world, audit, box, ("I9", tubes[1]))
    assert sqlite_world.unproved() == []
    counted(sqlite_world, audit, other, ("I9", tubes[0]))
    assert sqlite_world.unproved() == []
    misplaced = [line for line, _ in lines(sqlite_world, audit) if line.result is Result.WRONG_CONTAINER]
    assert len(misplaced) == 2
