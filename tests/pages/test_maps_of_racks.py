"""Fronts of racks and freezers: each of the five ways of holding boxes is drawn as what it is."""

import pytest

from biobank import storage
from biobank.pages.storage import elevations, fronts
from biobank.pages.storage.containers import drawn, look_inside
from biobank.pages.storage.elevations import Bar, Elevation
from biobank.storage import FreezerOrder
from biobank.tables import Holder
from tests.world import MANAGER, World

BOXES = {
    Holder.STACK: {"boxes": 13},
    Holder.RACK: {"rows": 5, "cols": 4},
    Holder.TRAY_RACK: {"rows": 6, "cols": 3},
    Holder.SHELF: {"boxes": 8},
    Holder.LOOSE: {"boxes": 9},
}


def freezer(world: World, holder: Holder) -> str:
    told = {"site": "BJ", "name": "F", "shelves": 2, "racks": 3, "holder": holder, **BOXES[holder]}
    order = FreezerOrder.model_validate(told)
    made = world.act(lambda session, actor: storage.make_freezer(session, actor, order), person=MANAGER)
    return str(made.code)


def retire(world: World, code: str) -> None:
    order = storage.Retirement(container=code)
    world.act(lambda session, actor: storage.retire(session, actor, order), person=MANAGER)


def front(world: World, code: str) -> Elevation:
    found = drawn(world.ask(lambda session, actor: look_inside(session, actor, code)), {})["elevation"]
    assert isinstance(found, Elevation)
    return found


def inside(outer: Bar, inner: Bar) -> bool:
    right, bottom = outer.x + outer.width + 0.01, outer.y + outer.height + 0.01
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and (inner.x + inner.width <= right)
        and (inner.y + inner.height <= bottom)
    )


@pytest.mark.parametrize("holder", list(Holder))
def test_a_freezer_shows_each_box_in_what_holds_it(sqlite_world: World, holder: Holder) -> None:
    found = front(sqlite_world, freezer(sqlite_world, holder))
    racks = 1 if holder in {Holder.SHELF, Holder.LOOSE} else 3
    assert [caption.row.name for caption in found.captions] == ["Shelf 1", "Shelf 2"]
    assert found.whole
    assert len(found.holdings) == 2 * racks
    whole = Bar(0, 0, found.width, found.height)
    boxes = BOXES[holder]
    for each in found.holdings:
        assert each.holder == holder.value
        assert inside(whole, each.at)
        assert all(inside(each.at, place.at) for place in each.places)
        assert len({(place.at.x, place.at.y) for place in each.places}) == len(each.places)
        assert len(each.places) == boxes.get("boxes", boxes.get("rows", 0) * boxes.get("cols", 0))
        assert len(each.trays) == (6 if holder is Holder.TRAY_RACK else 0)


@pytest.mark.parametrize(("holder", "lines"), [(Holder.STACK, 13), (Holder.RACK, 5), (Holder.TRAY_RACK, 6)])
def test_a_rack_is_drawn_in_its_rows_and_each_box_is_a_link(
    sqlite_world: World, holder: Holder, lines: int
) -> None:
    world = sqlite_world
    rack = world.ask(lambda session, actor: storage.inside(session, actor, freezer(world, holder)))[0].inside[
        0
    ]
    found = front(world, rack.row.code)
    assert not found.whole
    places = found.holdings[0].places
    assert {place.line for place in places} == set(range(lines))
    written = str(fronts.front(found))
    assert written.count("<a ") == len(places) == rack.row.size
    assert written.count('tabindex="0"') == 1
    assert "slot" in written


def test_a_box_fills_with_its_tubes_and_what_is_sought_is_counted(world: World) -> None:
    boxes = world.boxes()
    world.put(boxes[0], world.tubes(27))
    found = front(world, world.freezer())
    first, second, _ = found.holdings[0].places
    assert first.fill is not None
    assert first.fill.width == pytest.approx(first.at.width / 3)
    assert second.fill is None
    branches = world.ask(lambda session, actor: storage.inside(session, actor, world.freezer()))
    hits = elevations.counted(branches, {boxes[0]: 4})
    assert hits[branches[0].row.code] == hits[branches[0].inside[0].row.code] == hits[boxes[0]] == 4
    written = str(fronts.front(found, "study=DEMO", hits))
    assert "4 sought" in written
    assert "?study=DEMO" in written
    assert written.count('class="place hit"') == 1


def test_an_empty_place_for_a_rack_is_drawn_and_leads_nowhere(world: World) -> None:
    made = FreezerOrder(site="BJ", name="Wide", shelves=2, racks=3, boxes=3)
    code = world.act(lambda session, actor: storage.make_freezer(session, actor, made), person=MANAGER).code
    rack = world.ask(lambda session, actor: storage.inside(session, actor, code))[0].inside[1].row.code
    boxes = world.ask(lambda session, actor: storage.contents(session, actor, rack))
    for each in [*(box.code for box in boxes), rack]:
        retire(world, each)
    found = front(world, code)
    assert [each.row.name if each.row else "" for each in found.holdings[:3]] == ["Rack 1", "", "Rack 3"]
    assert str(fronts.front(found)).count('data-row="0"') == 2


def test_a_thumbnail_has_a_cell_for_each_rack(world: World) -> None:
    code = freezer(world, Holder.RACK)
    small = next(elevations.thumbnail(each) for each in world.ask(storage.trees) if each.row.code == code)
    assert len(small.cells) == 6
    assert str(fronts.small(small)).count('class="slot"') == 6
