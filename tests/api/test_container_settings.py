"""Containers set up over HTTP: types of five holders, limits with where they come from, blocked slots."""

from tests.api.program import Program, rows
from tests.world import MANAGER


def test_a_container_is_set_up_by_a_program_and_tells_where_each_limit_comes_from(program: Program) -> None:
    freezer, box = program.world.freezer(), program.world.boxes()[0]
    program.made("/container-limits", {"container": freezer, "materials": ["blood_edta"]}, person=MANAGER)
    told = program.made("/container-limits", {"container": box, "studies": ["DEMO"]}, person=MANAGER)
    assert told["may_hold"] == {"studies": ["DEMO"]}
    program.made("/container-names", {"container": box, "name": "Plasma 1"}, person=MANAGER)
    program.made("/container-barcodes", {"container": box, "barcode": "FD1"}, person=MANAGER)
    program.made("/container-retypings", {"container": box, "type": "box-10x10"}, person=MANAGER)
    program.made("/container-blocks", {"container": "FD1", "slots": ["A1", "A2"]})
    program.made("/container-unblocks", {"container": box, "slots": ["A1"]})
    found = program.told(f"/containers/{box}/settings")
    assert (found["name"], found["barcode"], found["blocked"]) == ("Plasma 1", "FD1", ["A2"])
    limits = {rule["about"]: [limit["code"] for limit in rule["limits"]] for rule in found["rules"]}
    assert limits == {"studies": [box], "materials": [freezer]}
    done = program.made("/container-retirements", {"container": box}, person=MANAGER)
    assert done["retired"] is True
    assert program.world.unproved() == []


def test_what_is_refused_changes_nothing(program: Program) -> None:
    box = program.world.boxes()[0]
    program.made("/moves", {"box": box, "tubes": program.world.tubes(1), "slot": "I9"})
    before = rows(program.world)
    for path, order, slug, status in (
        ("/container-retypings", {"container": box, "type": "box-5x5"}, "slot_occupied_outside", 409),
        ("/container-retypings", {"container": box, "type": "rack-20"}, "other_level", 422),
        ("/container-limits", {"container": box, "materials": ["serum"]}, "holds_what_it_may_not", 409),
        ("/container-limits", {"container": box, "materials": ["tears"]}, "limit_unknown", 422),
        ("/container-retirements", {"container": box}, "container_not_empty", 409),
        ("/container-blocks", {"container": box, "slots": ["I9"]}, "slot_taken", 409),
        ("/container-barcodes", {"container": box, "barcode": box}, "barcode_is_ours", 422),
    ):
        answer = program.post(path, order, person=MANAGER)
        assert (answer.status_code, answer.json()["title"]) == (status, slug), path
    assert program.post("/container-names", {"container": box, "name": "Mine"}).status_code == 403
    assert rows(program.world) == before


def test_a_program_makes_freezers_of_racks_and_of_loose_boxes(program: Program) -> None:
    order = {"site": "BJ", "name": "F2", "holder": "rack", "shelves": 1, "racks": 2, "rows": 3, "cols": 4}
    assert program.made("/freezers", order, person=MANAGER)["containers"] == 1 + 1 + 2 + 24
    order = {"site": "BJ", "name": "F3", "holder": "loose", "shelves": 2, "boxes": 5}
    assert program.made("/freezers", order, person=MANAGER)["containers"] == 1 + 2 + 10
    types = {row["code"]: row["holder"] for row in program.told("/container-types")}
    assert (types["rack-3x4"], types["shelf-loose"], types["box-9x9"]) == ("rack", "loose", None)
    stack = {"code": "stack", "name": "Stack", "level": "rack", "rows": 5, "cols": 2, "holder": "stack"}
    answer = program.post("/container-types", stack, person=MANAGER)
    assert (answer.status_code, answer.json()["title"]) == (422, "holder_does_not_fit")
