"""What of audits waits for somebody, what one tap settles, and what an order would come to."""

from datetime import date, timedelta
from uuid import UUID

from biobank import audits, clock, storage
from biobank.audits import AuditOrder, Decide, Entrust, Waiting
from biobank.storage import Stored
from biobank.tables import Audit, AuditDecision, Result
from tests.audits.auditing import begun, counted, lines
from tests.world import MANAGER, TECHNICIAN, World


def found(world: World, audit: UUID, *words: Result) -> dict[str, UUID]:
    """The lines of an audit that ended so, by their tubes."""
    return {code: line.id for line, code in lines(world, audit) if line.result in words}


def decide(world: World, audit: UUID, decision: AuditDecision, *ids: UUID) -> None:
    order = Decide(audit=audit, lines=list(ids), decision=decision)
    world.act(lambda s, a: len(audits.decide(s, a, order)), person=MANAGER)


def plain(world: World, audit: UUID) -> dict[UUID, list[UUID]]:
    return world.ask(lambda s, a: audits.settled_by_a_tap(s, a, audit), MANAGER)


def test_one_tap_settles_what_the_records_have_room_for(world: World) -> None:
    first, second, lost, misplaced, onward = world.tubes(5)
    box, *_ = world.boxes()
    world.put(box, [first, second, lost, misplaced, onward])
    audit = begun(world, container=box)
    counted(world, audit, box, ("A2", first), ("A1", second), ("A3", misplaced), ("B1", onward))
    line = found(world, audit, Result.WRONG_SLOT, Result.MISSING)
    both = [line[first], line[second]]
    # Where the record of the lost tube still stands, whether it is sought or not, no other one can come.
    expected = {line[first]: both, line[second]: both[::-1], line[onward]: [line[onward]]}
    assert plain(world, audit) == expected
    decide(world, audit, AuditDecision.MISSING, line[lost])
    assert plain(world, audit) == expected
    order = storage.TakeOut(tubes=[onward])
    world.act(lambda s, a: storage.take_out(s, a, order), answer=list[Stored])
    del expected[line[onward]]  # somebody had it in a hand since: its record knows better
    assert plain(world, audit) == expected
    decide(world, audit, AuditDecision.MOVED, *plain(world, audit))
    assert plain(world, audit) == {}
    assert world.unproved() == []


def test_what_waits_is_counted_as_far_as_one_asks(world: World) -> None:
    def waits(most: int = 1000, person: str = TECHNICIAN) -> Waiting:
        return world.ask(lambda s, a: audits.waiting(s, a, most), person)

    tubes, box = world.tubes(4), world.boxes()[0]
    world.put(box, tubes)
    audit = begun(world, container=box, due=date(2026, 1, 1))
    assert waits() == Waiting(1, 0, 0)
    counted(world, audit, box, ("A1", tubes[0]))
    line = found(world, audit, Result.MISSING)
    decide(world, audit, AuditDecision.MISSING, line[tubes[1]], line[tubes[2]])
    tomorrow = clock.now().date() + timedelta(days=1)
    left = Entrust(audit=audit, lines=[line[tubes[3]]], owner=TECHNICIAN, due=tomorrow)
    world.act(lambda s, a: len(audits.entrust(s, a, left)), person=MANAGER)
    assert waits() == Waiting(1, 2, 1)
    assert waits(person=MANAGER) == Waiting(1, 2, 0)
    assert waits(most=1) == Waiting(1, 1, 1)
    assert len(world.ask(audits.missing)) == 2
    world.put(world.boxes()[1], tubes[1:])
    assert waits() == Waiting(1, 0, 0)
    assert world.ask(audits.missing) == world.ask(audits.entrusted) == []
    assert world.unproved() == []


def test_what_is_foreseen_is_what_an_audit_comes_to(world: World) -> None:
    world.put(world.boxes()[0], world.tubes(30))
    orders = [
        {"container": world.freezer()},
        {"container": world.freezer(), "method": "sample", "limit": "10", "confidence": "90"},
        {"study": "DEMO", "site": "BJ", "method": "sample", "share": "15"},
        {"site": "BJ", "method": "sample", "share": "15", "weighting": "risk"},
    ]
    for number, told in enumerate(orders):
        order = AuditOrder.model_validate({"name": str(number), "due": date(2026, 12, 1), **told})
        foreseen = world.ask(lambda s, a: audits.foresee(s, a, order), MANAGER)  # noqa: B023
        made: Audit = world.act(lambda s, a: audits.plan(s, a, order), person=MANAGER)  # noqa: B023
        chosen = audits.AuditChosen(audit=made.id)
        world.act(lambda s, a: audits.start(s, a, chosen).id, person=MANAGER)  # noqa: B023
        board = world.ask(lambda s, a: audits.board(s, a, chosen.audit), MANAGER)  # noqa: B023
        assert (foreseen.tubes, foreseen.drawn) == (board.population, board.drawn)
        assert (float(foreseen.limit), float(foreseen.confidence)) == (
            board.shows_limit,
            board.shows_confidence,
        )
        assert foreseen.boxes == 1
    assert world.unproved() == []
