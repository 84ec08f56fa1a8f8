"""The `biobank` command at what is out and at what was where."""

import pytest

from biobank import clock
from biobank.codes import grouped
from tests.terminal import Terminal
from tests.world import MANAGER, World


@pytest.fixture
def stored(terminal: Terminal) -> tuple[str, list[str]]:
    """A box with two tubes in it."""
    database = terminal.database()
    world = World(database)
    box, tubes = world.boxes()[0], world.tubes(2)
    world.put(box, tubes)
    database.close()
    return box, tubes


def test_tubes_go_out_to_somebody_and_come_back(terminal: Terminal, stored: tuple[str, list[str]]) -> None:
    box, (one, two) = stored
    assert "Every tube is in its place." in terminal.says("out")
    told = ("--holder", MANAGER, "--purpose", "aliquoting", "--due", "2099-01-01T09:00:00+08:00")
    assert grouped(one) in terminal.says("take", one, *told)
    terminal.answers("take", two)
    listed = terminal.says("out")
    assert (MANAGER in listed, "aliquoting" in listed, "Box 1 · A1" in listed) == (True, True, True)
    assert [row["code"] for row in terminal.answers("out", "--holder", MANAGER)] == [one]
    assert terminal.says("out", "--csv", "--purpose", "aliquoting").count("\n") == 2
    assert "not in a box" in terminal.refused("take", one)
    assert [row["slot"] for row in terminal.answers("back", one, two)] == ["A1", "A2"]
    assert terminal.answers("out") == []
    assert box in terminal.says("inside", box, "--csv")


def test_a_container_is_told_now_and_as_it_was(terminal: Terminal, stored: tuple[str, list[str]]) -> None:
    box, (one, two) = stored
    at = clock.now().isoformat()
    terminal.says("take", one)
    assert [row["state"] for row in terminal.answers("map", box)["slots"][:2]] == ["kept", "occupied"]
    assert [row["state"] for row in terminal.answers("map", box, "--at", at)["slots"][:2]] == ["occupied"] * 2
    assert grouped(two) in terminal.says("map", box)
    assert {row["code"]: row["state"] for row in terminal.answers("inside", box)} == {
        one: "kept",
        two: "occupied",
    }
    then = terminal.answers("inside", box, "--at", at)
    assert {row["state"] for row in then} == {"occupied"}
    assert "Tubes: 1, out of their slots: 1" in terminal.says("inside", box, "--count")
    assert terminal.answers("inside", box, "--count", "--at", at)["tubes"] == 2
    assert terminal.says("inside", box, "--not-seen-since", "2020-01-01") == ""
    assert grouped(one) in terminal.says("inside", box)
    assert "was not there yet" in terminal.refused("map", box, "--at", "2001-02-03T04:05:06+08:00")
