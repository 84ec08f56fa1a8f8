"""An audit from its plan to the judged box: what is found, what is not, and what was moved meanwhile."""

from functools import partial

from biobank import audits, participants, specimens, studies
from biobank.audits import Counted, SlotTold
from biobank.tables import BoxState, Result, Role
from tests.audits.auditing import begun, counted, refused, results
from tests.audits.signing import with_person
from tests.world import MANAGER, PROTOCOL, TECHNICIAN, World


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


def test_a_scan_says_what_is_in_which_slot_and_a_box_is_done_with_one(sqlite_world: World) -> None:
    world, (box, other, _) = sqlite_world, sqlite_world.boxes()
    (tube,) = world.tubes(1)
    world.put(box, [tube])
    audit = begun(world, container=box)
    refused("nothing_scanned", partial(counted, world, audit, box), "box")
    refused("slot_needed", partial(counted, world, audit, box, ("", tube)), "scans.0.slot")
    refused("slot_unknown", partial(counted, world, audit, box, ("A1", ""), ("J1", "")), "scans.1.slot")
    refused("box_not_audited", partial(counted, world, audit, other, ("A1", "")), "box")
    order = Counted(audit=audit, box=box, scans=[SlotTold(slot="A1")])
    bare = partial(world.act, lambda s, a: audits.count(s, a, order))
    refused("code_needed", bare, "scans.0.code")
    count = counted(world, audit, box, ("A1", tube), done=False)
    assert (count.state, count.results, count.scans[0].rightly) == (BoxState.COUNTING, {}, True)
    assert world.unproved() == []


def other_study(world: World) -> list[str]:
    """Three tubes of another study at the same site."""
    protocol = PROTOCOL.replace(b'"DEMO"', b'"OTHER"')
    world.act(lambda s, a: studies.load(s, a, protocol), person=MANAGER)
    consent = {"version": "1.0", "scopes": ["storage"]}
    told = {"study": "OTHER", "site": "BJ", "pseudonym": "O-001", "consent": consent}
    order = participants.Enrolment.model_validate(told)
    card = world.act(lambda s, a: participants.card(s, participants.enroll(s, a, order)))
    portions = specimens.Aliquots(parent=world.blood(card.visits[0].code), count=3, amount="100 uL")
    return [row.code for row in world.act(lambda s, a: specimens.aliquot(s, a, portions))]


def test_tubes_of_other_studies_are_no_part_of_an_audit_of_one(world: World) -> None:
    """Whether who counts may see them or not: rightly placed, misplaced, and in the slot of another."""
    with_person(world, "half", Role.TECHNICIAN, "DEMO")
    tubes, others, (box, beside, _) = world.tubes(3), other_study(world), world.boxes()
    world.put(box, [*tubes[:2], *others[:2]])
    world.put(beside, others[2:])
    scans = [("A1", tubes[0]), ("A2", others[2]), ("A3", others[0]), ("A9", others[1])]
    for person in ("half", TECHNICIAN):
        audit = begun(world, container=None, study="DEMO", site="BJ")
        refused("box_not_audited", partial(counted, world, audit, beside, ("A1", "")), "box")
        count = counted(world, audit, box, *scans, person=person)
        assert count.results == {"found": 1, "missing": 1}
        shown = ["", ""] if person == "half" else others[2:] + others[:1]
        assert [each.tube for each in count.scans][1 : 1 + len(shown)] == shown
        assert results(world, audit) == {tubes[0]: Result.FOUND, tubes[1]: Result.MISSING}
    whole = begun(world)
    refused("audit_not_found", lambda: counted(world, whole, box, *scans, person="half"), "audit")
    words = counted(world, whole, box, *scans).results
    assert words == {"found": 2, "missing": 1, "wrong_container": 1, "wrong_slot": 1, "empty": 76}
    assert world.unproved() == []
