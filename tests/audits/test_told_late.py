"""What a device tells late, and what is entered from paper, counts from when it happened."""

from datetime import UTC, datetime, timedelta

from biobank import clock, storage
from biobank.tables import Result
from tests.audits.auditing import begun, counted, lines, refused, results
from tests.world import World

MINUTE = timedelta(minutes=1)


class Watch:
    """A clock that stands until somebody sets it on."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) - timedelta(hours=4)
        clock.set_clock(self.read)

    def read(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def on(self, minutes: int) -> datetime:
        self.now += minutes * MINUTE
        return self.now


def test_a_scan_that_is_told_late_is_judged_by_where_the_record_had_the_tube_then(world: World) -> None:
    """One tube was carried away since, another came since, a third was carried by the same device before."""
    tubes, (box, other, third) = world.tubes(4), world.boxes()
    watch = Watch()
    try:
        world.put(box, tubes[:3])
        world.put(other, tubes[3:])
        watch.on(5)
        audit = begun(world)
        carried, scanned = watch.on(5), watch.on(5)
        watch.on(5)
        world.put(third, tubes[:1])
        world.put(box, tubes[3:], "I9")
        watch.on(5)
        late = storage.PutAway(box=third, tubes=tubes[2:3], slot="C3", occurred=carried)
        world.act(lambda s, a: storage.put_away(s, a, late))
        count = counted(world, audit, box, ("A1", tubes[0]), ("A2", tubes[1]), occurred=scanned)
        assert [each.rightly for each in count.scans] == [True, True]
        counted(world, audit, third, ("A1", ""), ("C3", tubes[2]), occurred=scanned)
        counted(world, audit, other, ("A1", tubes[3]), occurred=scanned)
    finally:
        clock.set_clock()
    assert set(results(world, audit).values()) == {Result.FOUND}
    assert world.unproved() == []


def test_of_two_scans_of_a_slot_the_one_that_was_made_later_counts(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, *_) = world.tubes(2), world.boxes()
    watch = Watch()
    try:
        world.put(box, tubes[:1])
        audit = begun(world)
        early, late = watch.on(5), watch.on(5)
        counted(world, audit, box, ("A1", tubes[0]), done=False, occurred=late)
        counted(world, audit, box, ("A1", tubes[1]), occurred=early, source="paper")
    finally:
        clock.set_clock()
    assert results(world, audit) == {tubes[0]: Result.FOUND}
    assert world.unproved() == []


def test_nothing_is_counted_before_the_audit_began(sqlite_world: World) -> None:
    """A bench whose clock is a minute slow is forgiven: its scan is of the moment at which it began."""
    world = sqlite_world
    tubes, (box, *_) = world.tubes(1), world.boxes()
    watch = Watch()
    try:
        watch.on(5)
        world.put(box, tubes)
        audit = begun(world)
        early = watch.now - 3 * MINUTE
        refused(
            "counted_too_early",
            lambda: counted(world, audit, box, ("A1", tubes[0]), occurred=early),
            "occurred",
        )
        counted(world, audit, box, ("A1", tubes[0]), occurred=watch.now - MINUTE)
    finally:
        clock.set_clock()
    ((line, _),) = lines(world, audit)
    assert line.result is Result.FOUND
    assert world.unproved() == []
