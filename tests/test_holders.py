"""Freezers of each of the five holders, and types that fit none of them."""

from typing import Any

import pytest

from biobank import storage
from biobank.errors import RuleBroken
from biobank.storage import FreezerMade
from biobank.tables import Holder, Level
from tests.test_storage import make, move, refusal, slots
from tests.world import MANAGER, World


def freezer(world: World, **order: Any) -> FreezerMade:
    told = storage.FreezerOrder.model_validate({"site": "BJ", "name": "F2", **order})
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: storage.make_freezer(s, a, told), person=MANAGER, answer=FreezerMade
    )


def levels(world: World, code: str) -> list[list[tuple[str, str]]]:
    """The slot and level of the first thing inside, then of the first inside that, down to a box."""
    found = []
    while rows := world.ask(lambda s, a: storage.contents(s, a, code)):  # noqa: B023
        found.append([(row.slot, row.level) for row in rows])
        code = rows[0].code
    return found


@pytest.mark.parametrize(
    ("order", "containers", "steps"),
    [
        ({"holder": Holder.STACK, "boxes": 4}, 1 + 2 + 6 + 24, ["1", "1", "1"]),
        ({"holder": Holder.RACK, "rows": 2, "cols": 3}, 1 + 2 + 6 + 36, ["1", "1", "A1"]),
        ({"holder": Holder.TRAY_RACK, "rows": 2, "cols": 3}, 1 + 2 + 6 + 36, ["1", "1", "1-1"]),
        ({"holder": Holder.SHELF, "boxes": 4}, 1 + 2 + 8, ["1", "1"]),
        ({"holder": Holder.LOOSE, "boxes": 4}, 1 + 2 + 8, ["1", ""]),
    ],
)
def test_each_way_of_holding_boxes_has_its_levels_and_slots(
    world: World, order: dict[str, Any], containers: int, steps: list[str]
) -> None:
    made = freezer(world, shelves=2, racks=3, **order)
    assert made.containers == containers
    inside = levels(world, made.code)
    assert [rows[0][0] for rows in inside] == steps
    assert inside[-1][0][1] == Level.BOX.value
    assert made.slots == 81 * (containers - 1 - 2 - (6 if len(steps) == 3 else 0))
    assert world.unproved() == []


def test_a_loose_shelf_is_never_full_and_a_row_of_boxes_is(world: World) -> None:
    loose = freezer(world, holder="loose", shelves=1, boxes=2)
    row = freezer(world, holder="shelf", shelves=1, boxes=2)
    (tube,) = world.tubes(1)
    box = make(world, "box-5x5", site="BJ")
    world.put(box, [tube])
    there = [world.ask(lambda s, a: storage.contents(s, a, made.code))[0].code for made in (loose, row)]  # noqa: B023
    move(world, box, there[0])
    assert len(world.ask(lambda s, a: storage.contents(s, a, there[0]))) == 3
    assert refusal(lambda: move(world, box, there[1])).slug == "container_full"
    assert slots(world, box) == {"A1": tube}
    assert world.unproved() == []


@pytest.mark.parametrize(
    "order",
    [
        {"holder": "rack", "shelves": 50, "racks": 50, "rows": 5, "cols": 1},
        {"holder": "tray_rack", "shelves": 2, "racks": 1, "rows": 100, "cols": 100},
        {"holder": "stack", "shelves": 5, "racks": 50, "boxes": 50},
    ],
)
def test_more_boxes_than_any_freezer_holds_are_a_slip_of_the_hand(
    sqlite_world: World, order: dict[str, Any]
) -> None:
    assert refusal(lambda: freezer(sqlite_world, **order), RuleBroken).slug == "too_many_boxes"


@pytest.mark.parametrize(
    "told",
    [
        {"level": "box", "rows": 2, "cols": 2, "holder": "rack"},
        {"level": "shelf", "rows": 2, "cols": 2, "holder": "stack"},
        {"level": "rack", "rows": 2, "cols": 2, "holder": "stack"},
        {"level": "rack", "holder": "rack"},
        {"level": "shelf", "rows": 1, "cols": 2, "holder": "loose"},
        {"level": "shelf", "holder": "shelf"},
    ],
)
def test_a_type_holds_boxes_only_in_a_way_that_it_can(sqlite_world: World, told: dict[str, Any]) -> None:
    order = storage.TypeOrder.model_validate({"code": "mine", "name": "Mine", **told})

    def add() -> None:
        sqlite_world.act(lambda s, a: storage.add_type(s, a, order), person=MANAGER)

    refused = refusal(add, RuleBroken)
    assert (refused.slug, refused.field) == ("holder_does_not_fit", "holder")
