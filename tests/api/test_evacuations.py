"""Emptying a freezer over HTTP."""

from tests.api.program import Program
from tests.test_evacuations import spare_shelf
from tests.test_storage import rack_of


def test_a_freezer_is_emptied_and_filled_again(program: Program) -> None:
    world = program.world
    world.put(world.boxes()[0], world.tubes(2))
    spare_shelf(world, "Freezer 2")
    rack = rack_of(world)
    made = program.made("/evacuations", {"container": world.freezer()})
    assert [(step["code"], step["tubes"], step["state"]) for step in made["steps"]] == [(rack, 2, "waiting")]
    order = {"evacuation": made["id"], "container": rack}
    carried = program.made("/evacuation-carryings", order)
    assert (carried["way"][0], carried["changed"]) == ("Freezer 2", True)
    assert program.told(f"/evacuations/{made['id']}")["steps"][0]["state"] == "done"
    back = program.made("/evacuation-returns", {"evacuation": made["id"]})
    assert (back["returning"], back["steps"][0]["state"]) == (True, "waiting")
    assert program.made("/evacuation-carryings", order)["way"][0] == "Freezer 1"
    assert program.told("/evacuations")["items"][0]["done"] == 1
    closed = program.made("/evacuation-closings", {"evacuation": made["id"]})
    assert closed["closed"] is True
    assert program.told("/evacuations")["items"] == []
    page = program.told("/evacuations", closed="true", limit=1)
    assert ([each["id"] for each in page["items"]], page["next"]) == ([made["id"]], None)
    assert program.told("/evacuations", closed="true", after=made["id"])["items"] == []
    late = program.post("/evacuation-carryings", order)
    assert (late.status_code, late.json()["title"]) == (409, "evacuation_closed")
    assert world.unproved() == []
