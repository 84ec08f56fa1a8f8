"""An audit from its plan to the judged box: what is found, what is not, and what was moved meanwhile."""

from biobank.tables import Result
from tests.audits.auditing import begun, counted, results
from tests.world import World


def test_every_way_in_which_a_slot_ends_is_told(world: World) -> None:
    first, second, third, fourth, fifth, sixth, *_ = tubes = world.tubes(8)
    box, other, _ = world.boxes()
    world.put(box, tubes[:5])
    world.put(other, tubes[5:7])
    audit = begun(world)
    count = counted(
        world,
        audit,
        box,
        ("A1", first),
        ("A2", third),  # its record has it at A3
        ("A3", ""),
        ("A4", "?"),
        ("A5", "NOBODYS"),
        ("A6", sixth),  # its record has it in the other box
        ("A7", tubes[7]),  # it has no place at all
        ("A8", first),
        ("A9", ""),
    )
    assert results(world, audit) == {
        first: Result.DUPLICATE,
        second: Result.MISSING,
        third: Result.WRONG_SLOT,
        fourth: Result.UNREADABLE,
        fifth: Result.UNKNOWN,
        sixth: Result.WRONG_CONTAINER,
        tubes[6]: None,
        tubes[7]: Result.UNEXPECTED,
    }
    assert count.results["empty"] == 81 - 8
    assert world.unproved() == []


def test_what_is_moved_by_the_log_while_the_audit_runs_is_no_finding(world: World) -> None:
    tubes = world.tubes(6)
    box, other, third = world.boxes()
    world.put(box, tubes[:4])
    world.put(other, tubes[4:5])
    audit = begun(world)
    world.put(third, tubes[:1])  # away before its box was counted
    world.put(box, tubes[5:], "I9")  # new, before its box was counted
    counted(world, audit, box, ("A2", tubes[1]), ("A3", tubes[2]), ("A4", tubes[3]), ("I9", tubes[5]))
    world.put(other, tubes[1:2])  # away after it was counted, to a box that is not
    counted(world, audit, other, ("A1", tubes[4]), ("A2", tubes[1]))
    counted(world, audit, third, ("A1", tubes[0]))
    assert set(results(world, audit).values()) == {Result.FOUND}
    assert world.unproved() == []
