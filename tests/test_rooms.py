"""Finding room: for tubes and for boxes, by what may stand where and how cold it is."""

from typing import Any

from biobank import storage
from biobank.errors import RuleBroken
from biobank.storage import RoomFound, RoomOrder
from tests.test_filling import limit, second_freezer
from tests.test_storage import make, refusal
from tests.world import OUTSIDER, TECHNICIAN, World


def find(world: World, person: str = TECHNICIAN, **order: Any) -> RoomFound:
    told = RoomOrder(**order)
    return world.ask(lambda s, a: storage.find_room(s, a, told), person)


def test_room_for_tubes_is_told_box_by_box_with_the_way_there(world: World) -> None:
    boxes = world.boxes()
    world.put(boxes[0], world.tubes(3))
    found = find(world, count=100)
    assert [(place.code, place.free, place.takes) for place in found.places] == [
        (boxes[0], 78, 78),
        (boxes[1], 81, 22),
    ]
    assert found.places[0].path[0].name == "Freezer 1"
    assert (found.lacking, found.free) == (0, 240)
    assert find(world, count=300).lacking == 60
    assert [place.code for place in find(world, count=80, together=True).places] == [boxes[1]]
    assert find(world, count=82, together=True).places == []


def test_room_is_only_where_it_is_cold_enough_and_allowed(world: World) -> None:
    boxes = world.boxes()
    _, fridge = second_freezer(world, celsius=4)
    assert [place.code for place in find(world, storage="4").places] == [fridge]
    assert fridge not in [place.code for place in find(world, count=300, storage="-80").places]
    assert find(world, storage="-150").lacking == 1
    limit(world, boxes[0], materials=["stool"])
    assert find(world, material="plasma_edta").places[0].code == boxes[1]
    assert find(world, material="stool").places[0].code == boxes[0]


def test_room_for_boxes_is_in_racks(world: World) -> None:
    rack = make(world, "rack-20", site="BJ", name="Spare rack")
    found = find(world, count=5, type="box-9x9")
    assert [(place.code, place.free, place.takes) for place in found.places] == [(rack, 20, 5)]
    limit(world, rack, types=["box-5x5"])
    assert find(world, count=5, type="box-9x9").lacking == 5
    assert find(world, count=5, type="box-5x5").lacking == 0


def test_a_type_that_nobody_knows_and_a_place_out_of_scope_are_told(world: World) -> None:
    assert refusal(lambda: find(world, type="crate"), RuleBroken).slug == "type_unknown"
    assert find(world, person=OUTSIDER).places == []
