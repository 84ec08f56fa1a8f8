"""Room over HTTP: found, planned, reserved, carried out; how much there is of it."""

from uuid import uuid4

from tests.api.program import Program
from tests.test_capacity import plan_visits
from tests.world import MANAGER


def test_a_program_sees_a_plan_keeps_it_and_carries_it_out(program: Program) -> None:
    tubes, box = program.world.tubes(3), program.world.boxes()[1]
    order = {"tubes": tubes, "within": [box], "strategy": "together"}
    seen = program.made("/filling-previews", order)
    assert [seat["slot"] for seat in seen["seats"]] == ["A1", "A2", "A3"]
    kept = program.made("/plans", {**order, "minutes": 60})
    assert [each["plan"] for each in program.told("/reservations")] == [kept["plan"]]
    drawn = program.told(f"/containers/{box}")
    assert [slot["state"] for slot in drawn["slots"][:4]] == ["reserved", "reserved", "reserved", "empty"]
    assert drawn["slots"][0]["owner"] == "technician"
    longer = program.made("/reservation-prolongings", {"plan": kept["plan"], "minutes": 120})
    assert longer["ends_at"] > kept["ends_at"]
    command = uuid4()
    stored = program.made("/plan-carryings", {"plan": kept["plan"]}, key=command)
    assert [each["slot"] for each in stored] == ["A1", "A2", "A3"]
    assert program.made("/plan-carryings", {"plan": kept["plan"]}, key=command) == stored
    assert program.get(f"/reservations/{kept['plan']}").json()["title"] == "reservation_gone"
    assert program.world.unproved() == []


def test_a_program_reserves_slots_and_gives_them_up(program: Program) -> None:
    box = program.world.boxes()[0]
    kept = program.made("/reservations", {"box": box, "slots": ["A1", "A2"]})
    assert program.told(f"/reservations/{kept['plan']}")["seats"][1]["slot"] == "A2"
    other = program.post("/reservations", {"box": box, "slots": ["A2"]}, person=MANAGER)
    assert (other.status_code, other.json()["title"]) == (409, "slot_taken")
    assert program.made("/reservation-releases", {"plan": kept["plan"]}) == {"count": 2}
    assert program.told("/reservations") == []


def test_a_program_fills_boxes_and_finds_room(program: Program) -> None:
    tubes = program.world.tubes(2)
    stored = program.made("/fillings", {"tubes": tubes, "strategy": "least_empty"})
    assert [each["slot"] for each in stored] == ["A1", "A2"]
    found = program.made("/room-searches", {"count": 80, "together": True, "material": "plasma_edta"})
    assert [place["code"] for place in found["places"]] == [program.world.boxes()[1]]
    assert program.world.unproved() == []


def test_a_program_reads_what_is_used_what_comes_and_how_boxes_come_free(program: Program) -> None:
    world = program.world
    boxes, tubes = world.boxes(), world.tubes(4)
    world.put(boxes[0], tubes[:3])
    world.put(boxes[1], tubes[3:])
    found = program.told("/capacity")
    assert (found["slots"], found["used"], found["free"]) == (243, 4, 239)
    world.visit("D-200")
    plan_visits(world, 3)
    outlook = program.told("/capacity/forecast", months=2)
    assert [each["tubes"] for each in outlook["classes"]] == [8]
    seen = program.made("/gap-previews", {"boxes": 1})
    assert [each["box"] for each in seen["freed"]] == [boxes[1]]
    kept = program.made("/gap-plans", {"boxes": 1})
    assert [each["code"] for each in program.made("/plan-carryings", {"plan": kept["plan"]})] == tubes[3:]
    answer = program.post("/gap-plans", {"boxes": 1})
    assert (answer.status_code, answer.json()["title"]) == (409, "no_gaps")
    assert program.get("/capacity/forecast", months=0).status_code == 400
    assert world.unproved() == []
