"""Containers over HTTP: a freezer in one act, single ones, maps, and moving a box with all it holds."""

from tests.api.program import Program, rows
from tests.world import MANAGER, OUTSIDER


def test_a_freezer_is_made_in_one_act_and_walked_down_to_a_box(program: Program) -> None:
    order = {"site": "BJ", "name": "Freezer 2", "shelves": 2, "racks": 3, "boxes": 4}
    made = program.made("/freezers", order, person=MANAGER)
    assert (made["containers"], made["slots"]) == (1 + 2 + 6 + 24, 24 * 81)
    assert made["code"] in {row["code"] for row in program.told("/containers")}
    inside = made["code"]
    for level, count in (("shelf", 2), ("rack", 3), ("box", 4)):
        contents = program.told(f"/containers/{inside}/contents")
        assert ([row["level"] for row in contents], len(contents)) == ([level] * count, count)
        inside = contents[0]["code"]
    box = program.told(f"/containers/{inside}")
    assert (box["rows"], box["cols"], box["free"], box["next_free"]) == (9, 9, 81, "A1")
    assert [step["level"] for step in box["path"]] == ["freezer", "shelf", "rack", "box"]
    assert program.world.unproved() == []


def test_a_box_moves_with_its_tubes_as_one_event_of_its_own(program: Program) -> None:
    made = program.made(
        "/freezers",
        {"site": "BJ", "name": "Freezer 2", "shelves": 1, "racks": 1, "boxes": 1, "box_type": "box-5x5"},
        person=MANAGER,
    )
    shelf = program.told(f"/containers/{made['code']}/contents")[0]["code"]
    rack = program.told(f"/containers/{shelf}/contents")[0]["code"]
    last = program.told(f"/containers/{rack}/contents")[0]["code"]
    box = program.world.boxes()[0]
    tube = program.world.tubes(1)[0]
    program.made("/moves", {"box": box, "tubes": [tube]})
    full = program.post("/container-moves", {"container": box, "into": rack})
    assert (full.status_code, full.json()["title"]) == (409, "container_full")
    bag = program.made("/containers", {"type": "bag", "name": "Bag", "site": "BJ"}, person=MANAGER)["code"]
    wrong = program.post("/container-moves", {"container": rack, "into": bag})
    assert (wrong.status_code, wrong.json()["title"]) == (422, "does_not_nest")
    itself = program.post("/container-moves", {"container": shelf, "into": rack})
    assert itself.json()["title"] in {"into_itself", "does_not_nest"}
    events = rows(program.world)["custody_event"]
    # The rack is full with its one box: that one goes elsewhere first.
    moved = program.made("/container-moves", {"container": last, "into": wide_rack(program)})
    assert moved["path"][-1]["code"] == last
    place = program.made("/container-moves", {"container": box, "into": rack})
    assert [step["code"] for step in place["path"]] == [made["code"], shelf, rack, box]
    assert rows(program.world)["custody_event"] == events + 4  # two moves, and the new rack on its shelf
    path = program.told(f"/specimens/{tube}")["place"]
    assert [step["code"] for step in path] == [made["code"], shelf, rack, box]
    assert path[-1]["slot"] == "A1"
    assert program.world.unproved() == []


def wide_rack(program: Program) -> str:
    """A rack of another freezer with a free slot, made in two events."""
    program.made("/container-types", {"code": "ledge", "name": "Ledge", "level": "shelf"}, person=MANAGER)
    shelf = program.made("/containers", {"type": "ledge", "name": "Ledge", "site": "BJ"}, person=MANAGER)
    order = {"type": "rack-3", "name": "Rack", "into": shelf["code"]}
    return str(program.made("/containers", order, person=MANAGER)["code"])


def test_a_container_type_is_added_and_listed_and_half_a_grid_is_refused(program: Program) -> None:
    order = {"code": "box-4x4", "name": "Box 4 x 4", "level": "box", "rows": 4, "cols": 4}
    assert program.made("/container-types", order, person=MANAGER)["fill"] == "by_row"
    assert "box-4x4" in {row["code"] for row in program.told("/container-types")}
    before = rows(program.world)
    half = {**order, "code": "half", "cols": None}
    assert program.post("/container-types", half, person=MANAGER).json()["title"] == "grid_incomplete"
    assert program.post("/container-types", order, person=MANAGER).json()["title"] == "type_exists"
    huge = {**order, "code": "huge", "rows": 101}
    assert program.post("/container-types", huge, person=MANAGER).status_code == 400
    assert program.post("/container-types", {**order, "code": "mine"}).json()["title"] == "not_allowed"
    assert rows(program.world) == before


def test_what_is_sought_is_found_on_the_map_and_in_the_tree(sqlite_program: Program) -> None:
    world = sqlite_program.world
    box, tubes = world.boxes()[0], world.tubes(3)
    world.put(box, tubes)
    assert sqlite_program.told("/container-matches", text=tubes[0]) == [{"container": box, "tubes": 1}]
    assert sqlite_program.told("/container-matches", study="DEMO")[0]["tubes"] == 3
    assert sqlite_program.told(f"/containers/{box}/matches", text=tubes[1]) == {"slots": ["A2"]}
    assert sqlite_program.told(f"/containers/{box}/classes", by="study")["classes"] == [["DEMO", 3]]
    shelf = sqlite_program.told(f"/containers/{world.freezer()}/tree")[0]
    (rack,) = shelf["inside"]
    assert [each["row"]["tubes"] for each in rack["inside"]] == [3, 0, 0]
    assert sqlite_program.get(f"/containers/{box}/tree", person=OUTSIDER).status_code == 404
    assert sqlite_program.told("/container-matches", person=OUTSIDER) == []
    sheet = sqlite_program.get(f"/containers/{world.freezer()}/tubes.csv").text.splitlines()
    assert sorted(line.split(",")[0].strip('"') for line in sheet[1:]) == sorted(tubes)
    assert sqlite_program.get(f"/containers/{box}/tubes.xlsx").content.startswith(b"PK")
    assert sqlite_program.get(f"/containers/{box}/tubes.csv", person=OUTSIDER).status_code == 404
