"""Emptying a freezer: every rack to a slot that suits it, one scan each, and the way back."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, func, select

from biobank import clock, evacuations, storage
from biobank.errors import NotFound, RuleBroken
from biobank.evacuations import Board, Carried, Carry, Chosen, EvacuationOrder
from biobank.evacuations.targets import as_cold
from biobank.people import Actor
from biobank.tables import Keep, Level
from tests.test_storage import inside, make, move, rack_of, refusal, shelf_of, slots, take_out
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def begin(world: World, container: str, *into: str, person: str = TECHNICIAN) -> UUID:
    order = EvacuationOrder(container=container, into=list(into))
    return UUID(str(world.act(lambda s, a: evacuations.plan(s, a, order).id, person=person)))


def board(world: World, key: UUID) -> Board:
    return world.ask(lambda s, a: evacuations.board(s, a, key))


def carry(world: World, key: UUID, container: str, person: str = TECHNICIAN) -> Carried:
    order = Carry(evacuation=key, container=container)
    return world.act(lambda s, a: evacuations.carry(s, a, order), person=person)  # type: ignore[no-any-return]


def turn_back(world: World, key: UUID) -> int:
    return int(world.act(lambda s, a: evacuations.turn_back(s, a, Chosen(evacuation=key))))


def close(world: World, key: UUID) -> None:
    world.act(lambda s, a: evacuations.close(s, a, Chosen(evacuation=key)).id)


def freezer(world: World, name: str = "Freezer 2", racks: int = 2) -> str:
    """Another freezer, full of boxes."""
    order = storage.FreezerOrder(site="BJ", name=name, celsius=-80, shelves=1, racks=racks, boxes=3)
    return str(world.act(lambda s, a: storage.make_freezer(s, a, order), person=MANAGER).code)


def spare_shelf(world: World, name: str, celsius: int = -80, slots: int = 2) -> str:
    """A freezer with one shelf and room for racks on it."""
    known = world.ask(lambda s, _: [kind.code for kind in storage.type_codes(s)])
    for level in (Level.SHELF, Level.FREEZER):
        order = storage.TypeOrder(
            code=f"spare-{level.value}-{slots}", name="Spare", level=level, rows=slots, cols=1
        )
        if order.code not in known:
            world.act(partial(_add_type, order), person=MANAGER)
    outer = make(world, f"spare-freezer-{slots}", site="BJ", name=name, celsius=celsius)
    return make(world, f"spare-shelf-{slots}", into=outer, name=f"Shelf of {name}")


def _add_type(order: storage.TypeOrder, session: Session, actor: Actor) -> str:
    return storage.add_type(session, actor, order).code


def keeps(world: World) -> int:
    return world.database.read(lambda s: s.exec(select(func.count(col(Keep.id)))).one())


# --- the plan ---


def test_a_rack_goes_whole_to_a_slot_for_racks_that_is_reserved_for_it(world: World) -> None:
    tubes = world.tubes(2)
    world.put(world.boxes()[0], tubes)
    take_out(world, tubes[1])
    spare_shelf(world, "Freezer 2")
    rack, kept = rack_of(world), keeps(world)
    key = begin(world, world.freezer())
    (step,) = board(world, key).steps
    assert (step.code, step.level, step.tubes, step.state) == (rack, "rack", 2, "waiting")
    assert step.leaves.startswith("Freezer 1")
    assert step.goes == "Freezer 2 · Shelf of Freezer 2 · A1"
    assert keeps(world) == kept + 1
    assert world.unproved() == []


def test_boxes_go_one_by_one_where_no_slot_for_racks_is_free_and_what_finds_none_is_told(
    world: World,
) -> None:
    first, second, third = world.boxes()
    for box, tube in zip((first, second, third), world.tubes(3), strict=True):
        world.put(box, [tube])
    rack = make(world, "rack-3", site="BJ", name="Loose rack")
    make(world, "box-9x9", into=rack)
    key = begin(world, world.freezer())
    assert [step.state for step in board(world, key).steps] == ["no_room"] * 3
    close(world, key)
    freezer(world, racks=1)
    other = world.ask(storage.roots)[1].code
    inner = inside(world, inside(world, inside(world, other)))
    move(world, inner, rack)
    key = begin(world, world.freezer())
    steps = board(world, key).steps
    assert [(step.code, step.state) for step in steps] == [
        (first, "waiting"),
        (second, "no_room"),
        (third, "no_room"),
    ]
    assert world.unproved() == []


def test_nothing_goes_where_it_is_too_warm_or_where_it_may_not_be(world: World) -> None:
    world.put(world.boxes()[0], world.tubes(1))
    spare_shelf(world, "Freezer 2", celsius=-20)
    shelf = spare_shelf(world, "Freezer 3")
    order = storage.LimitsOrder(container=shelf, materials=["stool"])
    world.act(lambda s, a: storage.set_limits(s, a, order), person=MANAGER)
    key = begin(world, world.freezer())
    assert [step.state for step in board(world, key).steps] == ["no_room"]
    close(world, key)
    order = storage.LimitsOrder(container=shelf, materials=["plasma_edta", "blood_edta"])
    world.act(lambda s, a: storage.set_limits(s, a, order), person=MANAGER)
    key = begin(world, world.freezer())
    assert [step.goes.split(" · ")[0] for step in board(world, key).steps] == ["Freezer 3"]


@pytest.mark.parametrize(
    ("there", "was", "suits"),
    [
        (-80, -80, True),
        (-70, -80, True),
        (-150, -80, True),
        (-20, -80, False),
        (4, -20, False),
        (-20, 4, False),
        (4, 4, True),
        (None, -80, False),
        (None, None, True),
        (4, None, True),
    ],
)
def test_a_place_suits_that_is_as_cold_or_of_the_same_class(
    there: int | None, was: int | None, *, suits: bool
) -> None:
    assert as_cold(there, was) is suits


def test_a_plan_may_be_told_where_to_go(world: World) -> None:
    world.put(world.boxes()[0], world.tubes(1))
    spare_shelf(world, "Freezer 2")
    other = spare_shelf(world, "Freezer 3")
    key = begin(world, world.freezer(), other)
    assert [step.goes.split(" · ")[0] for step in board(world, key).steps] == ["Freezer 3"]


def test_no_plan_leads_into_a_freezer_that_is_being_emptied_itself(world: World) -> None:
    first, second, _ = world.boxes()
    world.put(first, world.tubes(1))
    shelf = spare_shelf(world, "Freezer 2")
    rack = make(world, "rack-3", into=shelf)
    world.put(make(world, "box-9x9", into=rack), world.tubes(1, "D-002"))
    begin(world, shelf)
    key = begin(world, world.freezer())
    assert [(step.level, step.state) for step in board(world, key).steps] == [("box", "no_room")]
    assert second not in {step.code for step in board(world, key).steps}


def test_what_cannot_be_emptied_is_refused(world: World) -> None:
    empty = refusal(lambda: begin(world, world.freezer()), RuleBroken)
    assert (empty.slug, empty.field) == ("nothing_to_carry", "container")
    world.put(world.boxes()[0], world.tubes(1))
    begin(world, world.freezer())
    assert refusal(lambda: begin(world, world.freezer())).slug == "evacuation_begun"
    with pytest.raises(NotFound):
        begin(world, world.freezer(), person=OUTSIDER)


# --- one scan for each ---


def test_a_rack_is_carried_by_one_scan_and_the_second_person_is_told(world: World) -> None:
    tubes = world.tubes(2)
    box, rack = world.boxes()[0], rack_of(world)
    world.put(box, tubes)
    spare_shelf(world, "Freezer 2")
    key, before = begin(world, world.freezer()), keeps(world)
    carried = carry(world, key, rack)
    assert (carried.slot, carried.way[0], carried.changed) == ("A1", "Freezer 2", True)
    assert carry(world, key, rack, MANAGER).changed is False
    told = board(world, key)
    assert (told.count("done"), told.tubes, told.tubes_done) == (1, 2, 2)
    assert keeps(world) == before - 1
    assert slots(world, box) == {"A1": tubes[0], "A2": tubes[1]}
    way = world.ask(lambda s, a: storage.box_map(s, a, box)).path
    assert way[0].name == "Freezer 2"
    assert [(row.steps, row.done) for row in world.ask(evacuations.boards)] == [(1, 1)]
    assert world.unproved() == []


def test_where_somebody_took_the_slot_another_is_found(world: World) -> None:
    world.put(world.boxes()[0], world.tubes(1))
    shelf = spare_shelf(world, "Freezer 2")
    key = begin(world, world.freezer())
    world.database.write(lambda s: s.exec(update(Keep).values(ends_at=clock.now())))
    make(world, "rack-3", into=shelf, slot="A1")  # the reservation was over
    carried = carry(world, key, rack_of(world))
    assert (carried.slot, carried.other_slot) == ("B1", True)
    assert board(world, key).count("done") == 1
    assert world.unproved() == []


def test_what_found_no_slot_is_carried_once_there_is_room(world: World) -> None:
    world.put(world.boxes()[0], world.tubes(1))
    key = begin(world, world.freezer())
    (step,) = board(world, key).steps
    assert (step.level, step.state, step.goes) == ("box", "no_room", "")
    assert refusal(lambda: carry(world, key, step.code)).slug == "no_room"
    freezer(world)  # full of boxes
    make(world, "rack-3", into=spare_shelf(world, "Freezer 3"), name="Rack with room")
    carried = carry(world, key, step.code)
    assert (carried.way[-1], carried.other_slot) == ("Rack with room", False)
    assert board(world, key).count("done") == 1
    assert world.unproved() == []


def test_a_scan_makes_the_reservations_last_and_moves_nothing_that_is_not_of_the_plan(world: World) -> None:
    boxes = world.boxes()
    for box, tube in zip(boxes, world.tubes(2), strict=False):
        world.put(box, [tube])
    shelf = spare_shelf(world, "Freezer 2", slots=1)
    rack = make(world, "rack-3", into=shelf)
    key = begin(world, world.freezer())
    assert [step.level for step in board(world, key).steps] == ["box", "box"]
    assert refusal(lambda: carry(world, key, rack), RuleBroken).slug == "not_to_be_carried"
    world.database.write(lambda s: s.exec(update(Keep).values(ends_at=clock.now() + timedelta(hours=1))))
    assert carry(world, key, boxes[0]).slot == "1"
    (ends,) = world.database.read(lambda s: s.exec(select(Keep.ends_at)).all())
    assert ends is not None
    assert ends > clock.now() + timedelta(days=6)


def test_what_was_carried_elsewhere_is_told(world: World) -> None:
    world.put(world.boxes()[0], world.tubes(1))
    spare_shelf(world, "Freezer 2")
    third = spare_shelf(world, "Freezer 3")
    key = begin(world, world.freezer())
    move(world, rack_of(world), third)
    (step,) = board(world, key).steps
    assert (step.state, step.now.split(" · ")[0]) == ("elsewhere", "Freezer 3")


# --- and back ---


def test_everything_goes_back_to_the_slot_it_came_from(world: World) -> None:
    tubes = world.tubes(2)
    box, rack, shelf = world.boxes()[0], rack_of(world), shelf_of(world)
    world.put(box, tubes)
    spare_shelf(world, "Freezer 2")
    key = begin(world, world.freezer())
    carry(world, key, rack)
    assert turn_back(world, key) == 1
    assert refusal(lambda: turn_back(world, key)).slug == "evacuation_returning"
    other = make(world, "rack-3", site="BJ")
    assert refusal(lambda: move(world, other, shelf)).slug == "container_full"
    told = board(world, key)
    assert (told.returning, told.count("waiting")) == (True, 1)
    assert told.steps[0].goes.startswith("Freezer 1")
    assert carry(world, key, rack).way[0] == "Freezer 1"
    assert board(world, key).count("done") == 1
    close(world, key)
    assert keeps(world) == 0
    assert refusal(lambda: carry(world, key, rack)).slug == "evacuation_closed"
    assert world.ask(evacuations.boards) == []
    closed = world.ask(lambda s, a: evacuations.boards(s, a, closed=True))
    assert [(row.done, row.closed) for row in closed] == [(1, True)]
    assert world.unproved() == []


def test_a_closed_evacuation_holds_no_slot_and_one_out_of_scope_is_not_there(world: World) -> None:
    world.put(world.boxes()[0], world.tubes(1))
    spare_shelf(world, "Freezer 2")
    key, kept = begin(world, world.freezer()), keeps(world)
    with pytest.raises(NotFound) as unknown:
        world.door(OUTSIDER).ask(lambda s, a: evacuations.board(s, a, key))
    assert unknown.value.slug == "evacuation_not_found"
    close(world, key)
    assert keeps(world) == kept - 1
    assert begin(world, world.freezer()) != key
