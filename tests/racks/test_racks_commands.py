"""Rack files on the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from biobank.commands.racks import _parts, _written
from biobank.errors import Malformed
from tests.racks.benches import RACK, plate, rack, slots, tubes
from tests.racks.dialects import DIALECTS, fluidx, visionmate
from tests.terminal import Terminal
from tests.world import World

CODES = [f"01086865{number:02}" for number in range(90, 96)]


@pytest.fixture
def furnished(terminal: Terminal) -> Iterator[World]:
    """The world behind the terminal."""
    database = terminal.database()
    yield World(database)
    database.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a rack of six tubes."""
    path = tmp_path / "scan.txt"
    path.write_bytes(visionmate(RACK, plate(CODES)))
    return path


def test_a_file_is_read_without_any_database(empty: Terminal, file: Path) -> None:
    found = empty.answers("rack", "read", str(file))
    assert (found["rack"], found["layout"]["profile"], len(found["wells"])) == (RACK, "visionmate", 96)
    assert "A1" in empty.says("rack", "read", str(file), "--position", "3", "--tube", "6", "--rack", "7")


def test_a_file_is_checked_and_confirmed(terminal: Terminal, furnished: World, file: Path) -> None:
    box, ours = rack(furnished), tubes(furnished, CODES)
    assert terminal.answers("rack", "check", str(file), "--box", box)["counts"]["new_here"] == 6
    assert "new here 6" in terminal.says("rack", "check", str(file), "--box", RACK)
    said = terminal.says("rack", "confirm", str(file), "--box", box, "--wells", "A1,A2")
    assert "2 stored" in said
    assert slots(furnished, box) == {"A1": ours[CODES[0]], "A2": ours[CODES[1]]}
    file.write_bytes(visionmate(RACK, plate(CODES[:1])))
    assert "Say why" in terminal.refused("rack", "confirm", str(file), "--box", box)
    again = ("rack", "confirm", str(file), "--box", box, "--absent-reason", "in_use")
    assert terminal.answers(*again)["tasks"] == 1
    assert furnished.unproved() == []


def test_checking_tells_of_another_rack_and_of_one_that_was_turned(
    terminal: Terminal, furnished: World, file: Path
) -> None:
    box = rack(furnished)
    tubes(furnished, CODES)
    terminal.says("rack", "confirm", str(file), "--box", box)
    upside = {(7 - row, 11 - col): code for (row, col), code in plate(CODES).items()}
    file.write_bytes(fluidx("FX-OTHER-1", upside))
    said = terminal.says("rack", "check", str(file), "--box", box)
    assert "not of this rack" in said
    assert "turned by half a circle" in said
    assert "other" not in terminal.says("rack", "check", str(file), "--box", box, "--turned")
    file.write_bytes(DIALECTS["pairs"]("", plate(CODES)))
    told = ("rack", "confirm", str(file), "--box", box, "--rack-code", RACK)
    assert terminal.answers(*told)["sighted"] == 6


def test_a_rack_is_registered_on_the_command_line(terminal: Terminal, furnished: World, file: Path) -> None:
    box, visit = rack(furnished), furnished.visit()
    parent = furnished.blood(visit)
    told = ("rack", "register", str(file), "--box", box, "--scheme", "micronic")
    plans = ("--aliquots", f"{parent}=A1-A5=200 uL", "--primaries", f"{visit}=blood_edta=A6=1 mL")
    refused = terminal.refused(*told, "--aliquots", parent)
    assert "PARENT=WELLS=AMOUNT" in refused
    made = terminal.answers(*told, *plans)
    assert [tube["identifier"] for tube in made["tubes"]] == CODES
    assert len(slots(furnished, box)) == 6
    assert furnished.unproved() == []


def test_a_plan_that_has_too_few_parts_is_refused() -> None:
    with pytest.raises(Malformed) as refused:
        _parts("SM9S346Q35=A1", ("parent", "wells", "amount"))
    assert refused.value.slug == "plan_unreadable"


def test_a_watched_folder_keeps_what_can_be_read_and_tells_of_the_rest(
    terminal: Terminal, furnished: World, tmp_path: Path
) -> None:
    box = rack(furnished)
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "good.txt").write_bytes(visionmate(RACK, plate(CODES)))
    (folder / "bad.txt").write_bytes(b"nothing of use")
    done = terminal.run("rack", "watch", str(folder), "--once")
    assert (done.exit_code, "good.txt waits for Rack of tubes" in done.stdout) == (0, True)
    assert "bad.txt" in done.stderr
    waiting = terminal.answers("rack", "waiting")
    assert [(each["name"], each["box"], each["source"]) for each in waiting] == [("good.txt", box, "folder")]
    assert RACK in terminal.says("rack", "waiting")


def test_a_file_is_taken_when_it_has_stopped_growing_and_again_when_it_was_overwritten(
    tmp_path: Path,
) -> None:
    seen: dict[Path, tuple[int, int]] = {}
    path = tmp_path / "vialreaderresults.txt"
    path.write_bytes(b"A1,1")
    found = _written(tmp_path, seen, once=False, every=0.01)
    assert next(found) == path
    path.write_bytes(b"A1,22")
    assert next(found) == path
