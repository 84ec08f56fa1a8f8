"""Pages of container types and of how a container is set up: read by everybody, changed by managers."""

import re

import pytest

from biobank import storage
from biobank.pages.storage import maps
from biobank.pages.storage.types import COURSES
from biobank.storage import Grid
from biobank.tables import Fill, Holder
from tests.pages.test_maps import box as drawn_box
from tests.pages.visitor import Visitor, inside, visit
from tests.test_may_hold import rules
from tests.test_storage import slots
from tests.world import MANAGER, World


def settings(world: World, code: str) -> storage.ContainerSettings:
    return world.ask(lambda s, a: storage.container_settings(s, a, code))


@pytest.fixture
def manager(world: World) -> Visitor:
    return visit(world, MANAGER)


# --- types ---


def test_types_are_listed_with_their_fill_order_drawn_and_a_manager_adds_one(
    world: World, visitor: Visitor, manager: Visitor
) -> None:
    page = visitor.get("/storage/types").text
    assert "Box 9 × 9" in page
    assert "A1 … I9" in page
    assert 'class="fill-order"' in page
    assert "New type" not in page
    assert "New type" in manager.get("/storage/types").text
    told = {"code": "box-4x4", "name": "Four", "level": "box", "rows": "4", "cols": "4"}
    made = manager.post("/storage/types", {**told, "fill": "by_col_low_right", "holder": ""})
    assert made.headers["location"] == "/storage/types#box-4x4"
    row = next(
        storage.type_row(kind)
        for kind in world.ask(lambda s, _: storage.type_codes(s))
        if kind.code == "box-4x4"
    )
    assert (row.first, row.last) == ("D4", "A1")
    assert visitor.post("/storage/types", {**told, "code": "mine"}).status_code == 403
    half = manager.post("/storage/types", {**told, "code": "half", "cols": ""}, **{"hx-request": "1"})
    assert half.status_code == 422


def test_every_fill_order_is_drawn_otherwise_in_lists_and_on_maps() -> None:
    assert len({(course.way, course.head) for course in COURSES.values()}) == len(Fill)
    arrows = {maps.draw(drawn_box(9, 9, fill.value)).order for fill in Fill}
    assert len(arrows) == len(Fill)


@pytest.mark.parametrize("fill", Fill)
def test_the_arrow_of_a_map_stands_in_the_corner_where_filling_begins(fill: Fill) -> None:
    drawing = maps.draw(drawn_box(5, 9, fill.value))
    first = next(Grid(5, 9, fill=fill).slots())
    begin = re.match(r"M(\d+) (\d+)", drawing.order)
    assert begin
    x, y = int(begin[1]), int(begin[2])
    assert (x < maps.MARGIN) == (first.col == 0)
    assert (x > drawing.width - maps.MARGIN) == (first.col == 8)
    assert (y < maps.MARGIN) == (first.row == 0)
    assert (y > drawing.height - maps.MARGIN) == (first.row == 4)


# --- a freezer of each kind ---


@pytest.mark.parametrize("holder", Holder)
def test_a_freezer_is_made_with_boxes_held_in_each_of_the_five_ways(
    sqlite_world: World, holder: Holder
) -> None:
    told = {"site": "BJ", "name": "F2", "holder": holder.value, "shelves": "2", "racks": "2"}
    told |= {"boxes": "3", "rows": "2", "cols": "4", "box_type": "box-5x5"}
    manager = visit(sqlite_world, MANAGER)
    made = manager.post("/storage/freezers", told).headers["location"].rsplit("/", 1)[-1]
    shelves = inside(sqlite_world, made)
    held = inside(sqlite_world, shelves[0])
    boxes = held if holder in {Holder.SHELF, Holder.LOOSE} else inside(sqlite_world, held[0])
    wanted = {Holder.RACK: 8, Holder.TRAY_RACK: 8}.get(holder, 3)
    assert (len(shelves), len(boxes)) == (2, wanted)
    first = sqlite_world.ask(lambda s, a: storage.path(s, storage.by_code(s, a, boxes[0]).id))
    slot = {Holder.RACK: "A1", Holder.TRAY_RACK: "1-1", Holder.LOOSE: ""}.get(holder, "1")
    assert first[-2].slot == slot
    assert manager.get(f"/containers/{made}").status_code == 200
    assert manager.get(f"/containers/{shelves[0]}").status_code == 200
    assert sqlite_world.unproved() == []


# --- settings ---


def test_a_manager_changes_a_box_on_its_page(world: World, manager: Visitor) -> None:
    box = world.boxes()[0]
    at = f"/containers/{box}/settings"
    for what, told in (
        ("name", {"name": "Plasma 1"}),
        ("type", {"type": "box-10x10"}),
        ("barcode", {"barcode": "FD77"}),
        ("limits", {"materials": ["plasma_edta", "blood_edta"], "vessels": "cryovial 2 mL\nEDTA 10 mL\n"}),
        ("blocks", {"slots": "a1, A2 B1"}),
        ("unblocks", {"slots": ["A1", "B1"]}),
    ):
        answer = manager.post(f"{at}/{what}", told)
        assert (answer.status_code, answer.headers["location"]) == (303, at), answer.text
    found = settings(world, box)
    assert (found.name, found.type, found.barcode, found.blocked) == ("Plasma 1", "box-10x10", "FD77", ["A2"])
    assert found.may_hold == {
        "materials": ["plasma_edta", "blood_edta"],
        "vessels": ["cryovial 2 mL", "EDTA 10 mL"],
    }
    page = manager.get(at).text
    assert "said of it itself" in page
    assert "cryovial 2 mL" in manager.get(f"/containers/{box}").text
    manager.post(f"{at}/barcode", {"barcode": ""})
    manager.post(f"{at}/limits", {"vessels": ""})
    assert (settings(world, box).barcode, rules(world, box)) == ("", {})
    assert manager.post(f"{at}/nonsense", {}).status_code == 404
    assert world.unproved() == []


def test_a_technician_blocks_slots_and_sees_where_a_limit_comes_from_but_changes_nothing_else(
    world: World, visitor: Visitor, manager: Visitor
) -> None:
    freezer, box = world.freezer(), world.boxes()[0]
    manager.post(f"/containers/{freezer}/settings/limits", {"studies": "DEMO"})
    page = visitor.get(f"/containers/{box}/settings").text
    assert f'<a href="/containers/{freezer}/settings">Freezer 1</a>' in page
    assert "Retire it" not in page
    assert "Slots that cannot be used" in page
    answer = visitor.post(f"/containers/{box}/settings/blocks", {"slots": "A1"})
    assert answer.status_code == 303
    assert visitor.post(f"/containers/{box}/settings/name", {"name": "Mine"}).status_code == 403
    assert world.put(box, world.tubes(1))[0].slot == "A2"
    assert world.unproved() == []


def test_an_empty_box_is_retired_and_its_page_says_so(world: World, manager: Visitor) -> None:
    box, other = world.boxes()[:2]
    world.put(other, world.tubes(1))
    refused = manager.post(f"/containers/{other}/settings/retirement", {}, **{"hx-request": "1"})
    assert refused.status_code == 409
    assert "is not empty" in refused.text
    assert manager.post(f"/containers/{box}/settings/retirement", {}).status_code == 303
    page = manager.get(f"/containers/{box}/settings").text
    assert "retired" in page
    assert "Retire it" not in page
    page = manager.get(f"/containers/{box}").text
    assert "retired" in page
    assert "Store here" not in page
    assert slots(world, box) == {}
    assert world.unproved() == []
