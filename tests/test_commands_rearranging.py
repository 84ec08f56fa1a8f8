"""Rearranging, undo and evacuations from the command line."""

import pytest

from tests.terminal import Terminal
from tests.test_evacuations import spare_shelf
from tests.test_storage import rack_of, slots
from tests.world import World


class Room:
    """A terminal on a database with two tubes in a box, put there from the terminal."""

    def __init__(self, terminal: Terminal) -> None:
        database = terminal.database()
        world = World(database)
        self.first, self.second = world.tubes(2)
        self.box, self.freezer, self.rack = world.boxes()[0], world.freezer(), rack_of(world)
        spare_shelf(world, "Freezer 2")
        database.close()
        self.terminal = terminal
        terminal.says("store", "--box", self.box, self.first, self.second)

    def slots(self) -> dict[str, str]:
        database = self.terminal.database()
        found = slots(World(database), self.box)
        database.close()
        return found


@pytest.fixture
def room(terminal: Terminal) -> Room:
    return Room(terminal)


def test_tubes_are_rearranged_and_put_back(room: Room) -> None:
    says = room.terminal.says
    says("rearrange", f"{room.first}={room.box}:A2", f"{room.second}={room.box}:A1")
    assert room.slots() == {"A1": room.second, "A2": room.first}
    assert "2 tubes stored in Box 1" in says("acts")
    assert "2 tubes stored in Box 1" in says("undo")
    assert room.slots() == {"A1": room.first, "A2": room.second}
    acts = room.terminal.answers("acts")
    assert [act["undone"] for act in acts[:2]] == [True, False]
    room.terminal.answers("undo", acts[1]["command"])
    assert room.slots() == {}
    assert "cannot be undone" in room.terminal.refused("undo")


def test_a_spilled_box_is_shown_and_seated_anew(room: Room) -> None:
    shown = room.terminal.says("reseat", room.box, room.second, "-", room.first, "--check")
    assert "A2  →  A1" in shown
    partly = room.terminal.says("reseat", room.box, room.second, "--check")
    assert "of A1 was not scanned" in partly
    assert room.terminal.answers("reseat", room.box, room.second, "--check")["missing"]
    room.terminal.says("reseat", room.box, room.second, "-", room.first)
    assert room.slots() == {"A1": room.second, "A3": room.first}


def test_a_freezer_is_emptied_and_filled_again(room: Room) -> None:
    says, answers = room.terminal.says, room.terminal.answers
    key = answers("evacuation", "plan", room.freezer)["id"]
    assert "Freezer 1" in says("evacuation", "list")
    assert "to be carried" in says("evacuation", "show", key)
    assert "Freezer 2" in says("evacuation", "carry", key, room.rack)
    assert "1 of 1 carried" in says("evacuation", "show", key)
    assert "to be carried" in says("evacuation", "back", key)
    assert answers("evacuation", "carry", key, room.rack)["way"][0] == "Freezer 1"
    says("evacuation", "close", key)
    assert answers("evacuation", "list") == []
    assert answers("evacuation", "list", "--closed")[0]["closed"] is True
