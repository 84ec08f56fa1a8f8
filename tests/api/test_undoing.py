"""Rearranging, seating anew and undoing over HTTP."""

from tests.api.program import Program
from tests.test_storage import slots
from tests.world import MANAGER


def test_two_tubes_change_places_and_change_back(program: Program) -> None:
    first, second = program.world.tubes(2)
    box = program.world.boxes()[0]
    program.made("/moves", {"box": box, "tubes": [first, second]})
    swap = [{"tube": first, "box": box, "slot": "A2"}, {"tube": second, "box": box, "slot": "A1"}]
    done = program.made("/rearrangements", {"moves": swap})
    assert [row["slot"] for row in done] == ["A2", "A1"]
    last = program.told("/acts")[0]
    assert (last["undone"], last["in_the_way"]) == (False, None)
    assert last["said"]["facts"] == {"count": 2, "name": "Box 1"}
    undone = program.made("/undoings", {"command": last["command"]})
    assert [row["slot"] for row in undone["places"]] == ["A1", "A2"]
    assert slots(program.world, box) == {"A1": first, "A2": second}
    again = program.post("/undoings", {"command": last["command"]})
    assert (again.status_code, again.json()["title"]) == (409, "not_undoable")
    other = program.post("/undoings", {"command": last["command"]}, person=MANAGER)
    assert (other.status_code, other.json()["title"]) == (404, "act_not_found")
    assert program.told("/acts", limit=1)[0]["undone"] is True
    assert program.world.unproved() == []


def test_a_box_is_seated_anew_after_its_permutation_was_seen(program: Program) -> None:
    first, second = program.world.tubes(2)
    box = program.world.boxes()[0]
    program.made("/moves", {"box": box, "tubes": [first, second]})
    order = {"box": box, "tubes": [second, "", first]}
    shown = program.made("/reseating-previews", order)
    assert [(seat["was"], seat["goes"]) for seat in shown["seats"]] == [("A2", "A1"), ("A1", "A3")]
    assert slots(program.world, box) == {"A1": first, "A2": second}
    program.made("/reseatings", order)
    assert slots(program.world, box) == {"A1": second, "A3": first}
    partly = program.post("/reseatings", {"box": box, "wells": {"A1": first}})
    assert (partly.status_code, partly.json()["title"]) == (409, "tubes_not_scanned")
    assert program.world.unproved() == []
