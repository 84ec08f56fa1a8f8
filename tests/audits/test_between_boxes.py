"""Tubes of one box that are scanned in another, carried between boxes, put back, or lost on the way."""

from functools import partial

from biobank import storage
from biobank.tables import AuditDecision, Result
from tests.audits.auditing import begun, counted, decided, found, lines, refused, results, seen
from tests.world import World


def place(world: World, tube: str) -> tuple[str, str]:
    """Where the record of a tube has it."""
    for box in world.boxes():
        shown = world.ask(partial(storage.box_map, text=box))
        for row in shown.slots:
            if row.code == tube:
                return box, row.name
    return "", ""


def test_a_tube_of_another_box_is_one_finding_whichever_is_counted_first(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, other, third) = world.tubes(4), world.boxes()
    world.put(box, tubes[:2])
    world.put(other, tubes[2:])
    for first in (True, False):
        audit = begun(world)
        boxes = [(box, [("A1", tubes[0])]), (third, [("C5", tubes[1])])]
        for each, scans in boxes if first else boxes[::-1]:
            counted(world, audit, each, *scans)
        assert results(world, audit)[tubes[1]] is Result.WRONG_CONTAINER
        (line,) = [line for line, code in lines(world, audit) if code == tubes[1]]
        assert (line.row, line.col, line.found_row, line.found_col) == (0, 1, 2, 4)
        assert seen(world, audit).row.findings == 1
    assert world.unproved() == []


def test_a_finding_that_was_corrected_stays_so_when_its_own_box_is_counted_later(world: World) -> None:
    tubes, (box, other, third) = world.tubes(4), world.boxes()
    world.put(box, tubes[:2])
    world.put(other, tubes[2:])
    audit = begun(world)
    counted(world, audit, third, ("A1", tubes[0]), ("A2", tubes[2]))
    assert len(found(world, audit, Result.WRONG_CONTAINER)) == 2
    # The record of one follows it; the other is carried back to where its record has it.
    decided(world, audit, AuditDecision.MOVED, tubes[0])
    decided(world, audit, AuditDecision.PUT_BACK, tubes[2])
    assert place(world, tubes[0]) == (third, "A1")
    counted(world, audit, box, ("A2", tubes[1]))
    counted(world, audit, other, ("A1", tubes[2]), ("A2", tubes[3]))
    told = {code: (line.result, line.decision) for line, code in lines(world, audit)}
    assert told == {
        tubes[0]: (Result.WRONG_CONTAINER, AuditDecision.MOVED),
        tubes[1]: (Result.FOUND, None),
        tubes[2]: (Result.WRONG_CONTAINER, AuditDecision.PUT_BACK),
        tubes[3]: (Result.FOUND, None),
    }
    assert seen(world, audit).row.open_findings == 0
    assert world.unproved() == []


def test_a_tube_that_was_said_to_be_put_back_and_is_not_there_is_missing(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, other, _) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    counted(world, audit, other, ("A1", tubes[0]))
    decided(world, audit, AuditDecision.PUT_BACK, Result.WRONG_CONTAINER)
    counted(world, audit, box, ("A2", tubes[1]))
    (line,) = [line for line, code in lines(world, audit) if code == tubes[0]]
    assert (line.result, line.decision) == (Result.MISSING, None)
    assert seen(world, audit).row.open_findings == 1
    assert world.unproved() == []


def test_a_decision_about_a_missing_tube_is_taken_anew_when_it_is_found_elsewhere(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    tubes, (box, other, _) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    counted(world, audit, box, ("A2", tubes[1]))
    decided(world, audit, AuditDecision.MISSING, Result.MISSING)
    counted(world, audit, other, ("A1", tubes[0]))
    (line,) = [line for line, code in lines(world, audit) if code == tubes[0]]
    assert (line.result, line.decision, line.first_result) == (Result.WRONG_CONTAINER, None, None)
    decided(world, audit, AuditDecision.MOVED, Result.WRONG_CONTAINER)
    assert place(world, tubes[0]) == (other, "A1")
    assert world.unproved() == []


def test_what_is_lost_on_its_way_to_a_box_that_is_counted_is_missing(world: World) -> None:
    """The record was moved before the count and the tube is not there, whichever box is counted first."""
    tubes, (box, other, third) = world.tubes(4), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    world.put(other, tubes[:1])
    world.put(third, tubes[1:2])
    counted(world, audit, other, ("A1", ""))
    counted(world, audit, box, ("A3", tubes[2]), ("A4", tubes[3]))
    told = results(world, audit)
    assert (told[tubes[0]], told[tubes[1]]) == (Result.MISSING, Result.FOUND)
    counted(world, audit, third, ("A1", ""))
    assert results(world, audit)[tubes[1]] is Result.MISSING
    assert world.unproved() == []


def test_what_is_carried_within_a_box_is_looked_for_where_its_record_has_it(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, *_) = world.tubes(4), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    world.put(box, tubes[:1], "I1")  # before the count, and really there
    world.put(box, tubes[1:2], "I2")  # before the count, and not there
    counted(world, audit, box, ("I1", tubes[0]), done=False)
    world.put(box, tubes[2:3], "I3")  # while it is counted: nobody knows which slots were looked at
    world.put(box, tubes[3:], "A1")
    counted(world, audit, box, ("A1", tubes[3]))
    told = results(world, audit)
    assert [told[tube] for tube in tubes] == [Result.FOUND, Result.MISSING, Result.FOUND, Result.FOUND]
    assert world.unproved() == []


def test_what_was_taken_out_and_brought_back_before_the_count_must_be_there(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, *_) = world.tubes(3), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    out = storage.TakeOut(tubes=tubes[:2])
    world.act(lambda s, a: storage.take_out(s, a, out))
    back = storage.BringBack(tubes=tubes[:1])
    world.act(lambda s, a: storage.bring_back(s, a, back))
    counted(world, audit, box, ("A3", tubes[2]))
    told = results(world, audit)
    assert [told[tube] for tube in tubes] == [Result.MISSING, Result.FOUND, Result.FOUND]
    assert world.unproved() == []


def test_of_two_scans_of_a_slot_the_newer_counts_in_other_boxes_too(sqlite_world: World) -> None:
    """A slip of the hand that was corrected at once makes no duplicate of a tube of another box."""
    world = sqlite_world
    tubes, (box, other, _) = world.tubes(3), world.boxes()
    world.put(box, tubes[:2])
    world.put(other, tubes[2:])
    audit = begun(world)
    counted(world, audit, box, ("A1", tubes[2]), ("A2", tubes[1]), done=False)
    counted(world, audit, box, ("A1", tubes[0]))
    counted(world, audit, other, ("A1", tubes[2]))
    assert set(results(world, audit).values()) == {Result.FOUND}
    assert world.unproved() == []


def test_a_slip_that_is_corrected_after_the_other_box_was_counted_is_forgotten(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, other, _) = world.tubes(3), world.boxes()
    world.put(box, tubes[:2])
    world.put(other, tubes[2:])
    audit = begun(world)
    counted(world, audit, box, ("A1", tubes[2]), done=False)
    counted(world, audit, other, ("A1", tubes[2]))
    assert results(world, audit)[tubes[2]] is Result.DUPLICATE
    counted(world, audit, box, ("A1", tubes[0]), ("A2", tubes[1]))
    assert set(results(world, audit).values()) == {Result.FOUND}
    assert world.unproved() == []


def test_no_record_follows_a_tube_that_was_carried_on_since(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, other, third) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    counted(world, audit, other, ("A1", tubes[0]))
    world.put(third, tubes[:1], "E5")
    refused(
        "carried_on", lambda: decided(world, audit, AuditDecision.MOVED, Result.WRONG_CONTAINER), "lines.0"
    )
    assert place(world, tubes[0]) == (third, "E5")
    decided(world, audit, AuditDecision.EXPLAINED, Result.WRONG_CONTAINER, reason="Carried on")
    assert world.unproved() == []
