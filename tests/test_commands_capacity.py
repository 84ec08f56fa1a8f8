"""Room on the command line: found, reserved, planned, carried out."""

from contextlib import closing

from tests.terminal import Terminal
from tests.test_capacity import plan_visits
from tests.world import World


def stocked(terminal: Terminal) -> tuple[list[str], list[str]]:
    """Six tubes, three of them in the first box and one in the second; the codes of boxes and tubes."""
    with closing(terminal.database()) as database:
        world = World(database)
        boxes, tubes = world.boxes(), world.tubes(6)
        world.put(boxes[0], tubes[:3])
        world.put(boxes[1], tubes[3:4])
    return boxes, tubes


def test_room_is_found_reserved_prolonged_and_given_up(terminal: Terminal) -> None:
    boxes, _ = stocked(terminal)
    found = terminal.answers("room", "find", "--count", "80", "--together", "--storage", "-80")
    assert [place["code"] for place in found["places"]] == [boxes[1]]
    assert "Freezer 1 · Shelf 1 · Rack 1 · Box 2" in terminal.says(
        "room", "find", "--count", "80", "--together"
    )
    assert "no room for 500" in terminal.says("room", "find", "--count", "500", "--storage", "-150")
    (kept,) = terminal.answers("room", "reserve", boxes[2], "A1", "B2")
    assert [seat["slot"] for seat in kept["seats"]] == ["A1", "B2"]
    assert "2 slots until" in terminal.says("room", "list")
    (longer,) = terminal.answers("room", "prolong", kept["plan"], "--minutes", "600")
    assert longer["ends_at"] > kept["ends_at"]
    assert "2 slots are free again" in terminal.says("room", "release", kept["plan"])
    assert "This reservation is over" in terminal.refused("room", "release", kept["plan"])


def test_a_plan_is_shown_kept_and_carried_out(terminal: Terminal) -> None:
    boxes, tubes = stocked(terminal)
    seen = terminal.answers("plan", "show", *tubes[4:], "--strategy", "least_empty")
    assert {seat["box"] for seat in seen["seats"]} == {boxes[0]}
    assert "no place" in terminal.says("plan", "show", *tubes[4:], "--strategy", "split")
    (kept,) = terminal.answers("plan", "keep", *tubes[4:], "--within", boxes[2])
    assert "2 tubes were put away" in terminal.says("plan", "carry", kept["plan"], "--box", boxes[2])
    assert "A4" in terminal.says("plan", "fill", tubes[5], "--within", boxes[0])
    assert terminal.answers("check")["faults"] == []


def test_capacity_is_told_and_boxes_come_free(terminal: Terminal) -> None:
    boxes, _ = stocked(terminal)
    assert terminal.answers("capacity", "show")["free"] == 239
    assert "Freezer 1: 4 used, 0 kept, 239 free of 243" in terminal.says("capacity", "show")
    with closing(terminal.database()) as database:
        World(database).visit("D-002")
        plan_visits(World(database), 3)
    said = terminal.says("capacity", "forecast", "--months", "3")
    assert said == "-: 8 tubes to come, 239 slots free: enough.\n"
    assert terminal.answers("capacity", "forecast", "--site", "BJ")["visits"] == 3
    assert "1 of 1 boxes come free by 1 moves" in terminal.says("capacity", "gaps")
    assert terminal.answers("capacity", "gaps")["freed"][0]["box"] == boxes[1]
    (kept,) = terminal.answers("capacity", "gaps", "--keep")
    assert "1 tubes were put away" in terminal.says("plan", "carry", kept["plan"])
    assert "No box can come free" in terminal.refused("capacity", "gaps", "--keep")
