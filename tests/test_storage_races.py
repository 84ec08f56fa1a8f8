"""Storage at the very same moment: every bench is answered, and no slot is given twice."""

import threading

from sqlalchemy import create_engine, text

from biobank.errors import Conflict, RuleBroken
from biobank.tables import Container
from tests.races import together
from tests.test_storage import make, move, rack_of, shelf_of, slots
from tests.world import World


def test_a_slot_that_two_want_at_once_goes_to_one_and_the_other_learns_who_has_it(world: World) -> None:
    first, second = world.tubes(2)
    box = world.boxes()[0]
    answers = together(
        lambda: world.put(box, [first], slot="C3"), lambda: world.put(box, [second], slot="C3")
    )
    lost = [answer for answer in answers if isinstance(answer, Conflict)]
    assert len(lost) == 1
    assert lost[0].slug == "slot_taken"
    winner = slots(world, box)["C3"]
    assert winner[:4] in str(lost[0].facts["occupant"])
    assert world.unproved() == []


def test_twenty_four_at_once_into_one_box_are_all_answered_and_no_slot_is_given_twice(world: World) -> None:
    tubes, box = world.tubes(24), world.boxes()[0]
    answers = together(*[lambda tube=tube: world.put(box, [tube]) for tube in tubes])
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert len({answer[0].slot for answer in answers}) == 24
    assert set(slots(world, box).values()) == set(tubes)
    assert world.unproved() == []


def test_without_the_lock_and_the_key_the_same_race_gives_a_slot_twice(address: str) -> None:
    """The control: looking first and writing then, with nothing to hold anybody back."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE loose (slot INTEGER, tube INTEGER)"))
    looked = threading.Barrier(2)

    def put(tube: int) -> None:
        with engine.connect() as connection:
            free = connection.execute(text("SELECT count(*) FROM loose")).scalar_one()
            looked.wait(10)
            connection.execute(text("INSERT INTO loose VALUES (:slot, :tube)"), {"slot": free, "tube": tube})

    together(lambda: put(1), lambda: put(2))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT slot FROM loose")).scalars().all() == [0, 0]
    engine.dispose()


def test_boxes_that_change_racks_at_the_same_moment_do_not_wait_for_each_other_for_ever(
    world: World,
) -> None:
    one, two = make(world, "rack-3", site="BJ"), make(world, "rack-3", site="BJ")
    first, second = make(world, "box-5x5", one), make(world, "box-5x5", two)
    there = together(lambda: move(world, first, two), lambda: move(world, second, one))
    back = together(lambda: move(world, first, one), lambda: move(world, second, two))
    assert [answer for answer in there + back if isinstance(answer, Exception)] == []
    assert world.unproved() == []


def test_a_shelf_into_its_rack_is_refused_even_while_the_rack_moves(world: World) -> None:
    shelf, rack, other = shelf_of(world), rack_of(world), make(world, "shelf-1", site="BJ")
    answers = together(lambda: move(world, rack, other), lambda: move(world, shelf, rack))
    assert [type(answer) for answer in answers] == [Container, RuleBroken]
    assert world.unproved() == []
