"""Collecting at the very same moment: a tube is there once, and a kit is of one visit."""

import threading
from collections import Counter

from sqlalchemy import create_engine, text

from biobank.errors import Refusal
from tests.collected import adopt, begin, begun, enrol, kinds, kits, seen, tick
from tests.races import together
from tests.world import World


def test_two_benches_that_scan_the_same_tube_at_once_write_one_event(world: World) -> None:
    visit, (blood, plasma, one, *_) = begun(world)
    answers = together(*[lambda: tick(world, visit, one) for _ in range(4)])
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert Counter(answer[0].changed for answer in answers) == {False: 3, True: 1}
    assert kinds(world, one) == ["registered", "processed"]
    assert kinds(world, blood) == ["registered", "collected", "amount_posted"]
    assert seen(world, plasma).amount == "4 mL"
    assert world.unproved() == []


def test_without_the_lock_the_same_race_ticks_a_tube_twice(address: str) -> None:
    """The control: looking whether it is there, and writing then, with nothing to hold anybody back."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE loose (tube INTEGER)"))
    looked = threading.Barrier(2)

    def scan() -> None:
        with engine.connect() as connection:
            there = connection.execute(text("SELECT count(*) FROM loose")).scalar_one()
            looked.wait(10)
            if not there:
                connection.execute(text("INSERT INTO loose VALUES (1)"))

    together(scan, scan)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM loose")).scalar_one() == 2
    engine.dispose()


def test_two_benches_that_begin_a_visit_or_take_a_kit_at_once_make_its_tubes_once(world: World) -> None:
    adopt(world)
    visit, other = enrol(world), enrol(world, "K-002")
    (kit,) = kits(world)
    same = together(lambda: begin(world, visit), lambda: begin(world, visit))
    assert same[0] == same[1]
    third = enrol(world, "K-003")
    answers = together(lambda: begin(world, third, kit.code), lambda: begin(world, other, kit.code))
    assert [answer.slug for answer in answers if isinstance(answer, Refusal)] == ["kit_bound"]
    assert world.unproved() == []
