"""Findings that turn up later close themselves; others are decided, entrusted, and keep a signature back."""

from functools import partial
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col

from biobank import audits, storage
from biobank.audits import Decide, Entrust, SoughtFindings
from biobank.tables import AuditDecision, AuditLine, Result
from tests.audits.auditing import DUE, begun, counted, decided, found, lines, refused, seen
from tests.audits.signing import REVIEWER, closed, signed, with_reviewer
from tests.world import MANAGER, TECHNICIAN, World


def entrusted(world: World, audit: UUID, *which: str, owner: str = TECHNICIAN) -> None:
    told = {"audit": audit, "lines": found(world, audit, *which), "owner": owner, "due": DUE}
    order = Entrust.model_validate(told)
    world.act(lambda s, a: audits.entrust(s, a, order), person=MANAGER)


def opened(world: World, audit: UUID) -> list[str]:
    """The codes of the findings that somebody still has to decide."""
    sought = SoughtFindings(open=True)
    return [each.code for each in world.ask(lambda s, a: audits.findings(s, a, audit, sought), MANAGER)]


def left(world: World) -> list[str]:
    """The codes of the findings that were left to the technician."""
    return [each.code for each in world.ask(lambda s, a: audits.entrusted(s, a, mine=True))]


def sought(world: World) -> list[str]:
    return [each.code for each in world.ask(audits.missing, MANAGER)]


def test_a_tube_that_turns_up_is_no_open_finding_any_more(world: World) -> None:
    """Put away, taken out, or counted in a later audit: each tells that it is there."""
    with_reviewer(world)
    tubes, (box, other, third) = world.tubes(6), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    counted(world, audit, box, ("A6", tubes[5]))
    counted(world, audit, other, ("A1", ""))
    entrusted(world, audit, *tubes[:4])
    decided(world, audit, AuditDecision.MISSING, tubes[4])
    assert opened(world, audit) == left(world) == tubes[:4]
    assert sought(world) == tubes[4:5]
    world.put(other, tubes[:1])
    out = storage.TakeOut(tubes=tubes[1:2])
    world.act(lambda s, a: storage.take_out(s, a, out))
    later = begun(world)
    counted(world, later, box, ("A3", tubes[2]), ("A5", tubes[4]), done=False)
    assert opened(world, audit) == left(world) == tubes[3:4]
    assert sought(world) == []
    assert seen(world, audit).row.open_findings == 1
    told = {
        each.code: each for each in world.ask(lambda s, a: audits.findings(s, a, audit, SoughtFindings()))
    }
    assert [bool(told[tube].turned_up) for tube in tubes[:5]] == [True, True, True, False, True]
    counted(world, audit, third, ("A1", ""))
    closed(world, audit)
    # What was left to somebody can be settled after the audit was signed.
    decided(world, audit, AuditDecision.EXPLAINED, tubes[3], reason="Given to the study in 2019")
    assert left(world) == []
    assert world.unproved() == []


def test_what_turned_up_keeps_no_signature_back(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, other, third) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    refused("audit_without_scans", lambda: signed(world, audit, audits.perform, MANAGER), "audit")
    counted(world, audit, box, ("A1", tubes[0]))
    refused("boxes_not_counted", lambda: signed(world, audit, audits.perform, MANAGER), "audit")
    for each in (other, third):
        counted(world, audit, each, ("A1", ""))
    refused("findings_open", lambda: signed(world, audit, audits.perform, MANAGER), "audit")
    world.put(other, tubes[1:])
    signed(world, audit, audits.perform, MANAGER)
    assert world.unproved() == []


def test_a_tube_that_is_missing_from_where_it_was_carried_has_not_turned_up(sqlite_world: World) -> None:
    """It was found in its box, and carried on by the log; it is not where it was carried to."""
    world = sqlite_world
    tubes, (box, other, _) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    counted(world, audit, box, ("A1", tubes[0]), ("A2", tubes[1]))
    world.put(other, tubes[:1])
    counted(world, audit, other, ("A1", ""))
    assert opened(world, audit) == tubes[:1]


def test_a_tube_that_two_audits_miss_is_held_once(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, other, _) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    for _ in range(2):
        audit = begun(world)
        counted(world, audit, box, ("A1", tubes[0]))
        decided(world, audit, AuditDecision.MISSING, Result.MISSING)
    assert sought(world) == tubes[1:] * 2
    world.put(other, tubes[1:])
    assert sought(world) == []
    assert world.unproved() == []


def test_a_decision_fits_its_finding(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, other, third) = world.tubes(5), world.boxes()
    world.put(box, tubes[:3])
    audit = begun(world)
    counted(world, audit, box, ("A2", tubes[0]), ("A3", "?"), ("A4", "NOBODYS"), ("A5", tubes[3]))
    unfit = [
        (AuditDecision.MOVED, tubes[1]),
        (AuditDecision.MOVED, "NOBODYS"),
        (AuditDecision.PUT_BACK, tubes[1]),
        (AuditDecision.PUT_BACK, tubes[3]),
        (AuditDecision.MISSING, tubes[0]),
        (AuditDecision.MISSING, "NOBODYS"),
    ]
    for decision, which in unfit:
        refused("decision_unfit", partial(decided, world, audit, decision, which), "decision")
    for decision in (AuditDecision.EXPLAINED, AuditDecision.REGISTERED, AuditDecision.RELABELLED):
        refused("reason_needed", partial(decided, world, audit, decision, "NOBODYS"), "reason")
    decided(world, audit, AuditDecision.REGISTERED, "NOBODYS", reason="Registered as S0")
    refused("finding_decided", lambda: decided(world, audit, AuditDecision.EXPLAINED, "NOBODYS"), "lines.0")
    decided(world, audit, AuditDecision.PUT_BACK, tubes[0])
    decided(world, audit, AuditDecision.RELABELLED, tubes[2], reason="A new label")
    (other_audit, key) = begun(world), found(world, audit, tubes[1])
    order = Decide(audit=other_audit, lines=key, decision=AuditDecision.MISSING)
    wrong = lambda: world.act(lambda s, a: audits.decide(s, a, order), person=MANAGER)  # noqa: E731
    refused("finding_not_found", wrong, "lines.0")
    counted(world, other_audit, other, ("A1", ""))
    counted(world, other_audit, third, ("A1", ""))
    assert opened(world, audit) == [tubes[1], tubes[3]]
    refused("person_not_found", lambda: entrusted(world, audit, tubes[1], owner="nobody"), "owner")
    assert world.unproved() == []


def test_who_counted_or_signed_does_not_review(sqlite_world: World) -> None:
    world = sqlite_world
    with_reviewer(world)
    tubes, (box, other, third) = world.tubes(1), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    counted(world, audit, box, ("A1", tubes[0]), person=REVIEWER)
    for each in (other, third):
        counted(world, audit, each, ("A1", ""))
    refused("not_performed", lambda: signed(world, audit, audits.review, REVIEWER), "audit")
    signed(world, audit, audits.perform, MANAGER)
    for person in (MANAGER, REVIEWER):
        refused("same_person", partial(signed, world, audit, audits.review, person), "audit")
    refused("audit_signed", lambda: signed(world, audit, audits.perform, MANAGER), "audit")
    second = begun(world)
    for each, scan in ((box, ("A1", tubes[0])), (other, ("A1", "")), (third, ("A1", ""))):
        counted(world, second, each, scan)
    closed(world, second)
    refused("audit_closed", lambda: signed(world, second, audits.review, REVIEWER), "audit")
    refused("audit_closed", lambda: counted(world, second, box, ("A1", "")), "audit")
    assert world.unproved() == []


def test_a_line_that_nothing_is_known_of_keeps_the_signature_back(sqlite_world: World) -> None:
    """No act leaves one: a hand in the database does."""
    world = sqlite_world
    tubes, boxes = world.tubes(1), world.boxes()
    world.put(boxes[0], tubes)
    audit = begun(world)
    for each, scan in zip(boxes, [("A1", tubes[0]), ("A1", ""), ("A1", "")], strict=True):
        counted(world, audit, each, scan)
    forgotten = update(AuditLine).where(col(AuditLine.audit_id) == audit).values(result=None)
    world.database.write(lambda s: s.connection().execute(forgotten))
    refused("lines_unclassified", lambda: signed(world, audit, audits.perform, MANAGER), "audit")
    assert [each.what for each in world.unproved()] != []


def test_several_unreadable_codes_where_things_lie_unplaced_are_several(sqlite_world: World) -> None:
    """Each is a thing of its own, and a second count of the same makes no more of them."""
    world, tubes = sqlite_world, sqlite_world.tubes(3)
    order = storage.ContainerOrder(type="bag", site="BJ", name="Bag 1")
    bag = world.act(lambda s, a: storage.make_container(s, a, order).code, person=MANAGER)
    world.put(bag, tubes)
    audit = begun(world, container=bag, second_count=True)
    scans = [("", tubes[0]), ("", "?"), ("", "?"), ("", "X"), ("", "X")]
    words = counted(world, audit, bag, *scans).results
    assert words == {"found": 1, "unreadable": 2, "unknown": 1, "missing": 2}
    again = counted(world, audit, bag, *scans[:3], ("", tubes[1]), person=TECHNICIAN)
    assert again.results == {"found": 2, "unreadable": 2, "missing": 1}
    assert len(lines(world, audit)) == 6
    assert world.unproved() == []


def test_more_findings_than_one_entry_of_the_log_can_name_are_settled_at_once(sqlite_world: World) -> None:
    world, tubes = sqlite_world, sqlite_world.tubes(1)
    order = storage.ContainerOrder(type="bag", site="BJ", name="Bag 1")
    bag = world.act(lambda s, a: storage.make_container(s, a, order).code, person=MANAGER)
    world.put(bag, tubes)
    audit = begun(world, container=bag)
    counted(world, audit, bag, ("", tubes[0]), *(("", f"STRANGE-{at}") for at in range(700)))
    entrusted(world, audit, Result.UNKNOWN)
    assert len(left(world)) == 700
    decided(world, audit, AuditDecision.EXPLAINED, Result.UNKNOWN, reason="Of another biobank")
    assert seen(world, audit).row.open_findings == 0
    assert world.unproved() == []
