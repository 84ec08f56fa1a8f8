"""What is asked on the command line: lists and cards of what the pages show, and acts that go with them."""

import csv
import json
import sqlite3
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from biobank import accounts, clock, codes
from tests.racks.benches import RACK, plate, rack
from tests.racks.dialects import visionmate
from tests.terminal import Terminal
from tests.world import MANAGER, World

NOBODY = str(clock.new_key())


@pytest.fixture
def furnished(terminal: Terminal) -> Iterator[World]:
    """The world behind the terminal."""
    database = terminal.database()
    yield World(database)
    database.close()


def test_studies_participants_and_visits_are_listed_and_shown(terminal: Terminal, furnished: World) -> None:
    visit = furnished.visit("D-001")
    assert [row["code"] for row in terminal.answers("study", "list")] == ["DEMO"]
    assert terminal.says("study", "list") == terminal.says("study", "show", "DEMO")
    assert terminal.answers("study", "show", "DEMO")["version"] == 1
    assert 'code = "DEMO"' in terminal.says("study", "file", "DEMO", "--version", "1")
    assert terminal.says("study", "file", "DEMO") == terminal.says("study", "file", "DEMO", "--version", "1")
    assert "There is no study" in terminal.refused("study", "show", "NONE")
    for pseudonym in ("D-003", "D-002"):
        furnished.visit(pseudonym)
    card, *others = terminal.answers("participant", "list", "DEMO")
    assert [row["pseudonym"] for row in others] == ["D-002", "D-003"]
    assert card == terminal.answers("participant", "show", "DEMO", "D-001")
    assert "D-001  BJ" in terminal.says("participant", "list", "DEMO")
    assert "D-001 of DEMO at BJ" in terminal.says("participant", "show", "DEMO", "D-001")
    answers = terminal.answers("participant", "answers", "DEMO", "D-001")
    assert {row["scope"] for row in answers if row["granted"]} == set(card["scopes"])
    assert "storage" in terminal.says("participant", "answers", "DEMO", "D-001")
    assert terminal.answers("participant", "at-stake", "DEMO", "D-001")["tubes"] == 0
    assert "tubes kept: 0" in terminal.says("participant", "at-stake", "DEMO", "D-001")
    assert terminal.answers("visit", "show", visit)["participant"] == "D-001"
    assert "D-001" in terminal.says("visit", "show", visit)


def test_what_happened_to_a_tube_and_what_was_made_of_it_is_told(
    terminal: Terminal, furnished: World
) -> None:
    blood = furnished.blood(furnished.visit())
    made = terminal.answers("derive", blood, "plasma_edta", "--amount", "4 mL")[0]["code"]
    assert [row["code"] for row in terminal.answers("family", blood)] == [made]
    assert "plasma_edta" in terminal.says("family", blood)
    assert terminal.says("family", made) == ""
    kinds = [row["kind"] for row in terminal.answers("history", blood)]
    assert kinds[0] == "registered"
    assert kinds == [
        row["kind"] for row in csv.DictReader(StringIO(terminal.says("history", blood, "--csv")))
    ]
    assert "registered" in terminal.says("history", blood)
    assert terminal.answers("chain", blood)["fault"] == ""
    assert terminal.says("chain", blood) == f"{len(kinds)} events: all proved.\n"


def test_a_history_that_was_changed_is_a_fault_with_an_exit_code(
    terminal: Terminal, furnished: World
) -> None:
    tube = furnished.tubes(1)[0]
    kept = sqlite3.connect(terminal.home / "biobank.db")
    asked = "SELECT sql FROM sqlite_master WHERE name = 'custody_event_no_update'"
    (guard,) = kept.execute(asked).fetchone()
    kept.execute("DROP TRIGGER custody_event_no_update")
    kept.execute("UPDATE custody_event SET entry = replace(entry, 'technician', 'somebody')")
    kept.execute(guard)
    kept.commit()
    kept.close()
    result = terminal.run("chain", tube)
    assert result.exit_code == 3
    assert "Fault:" in result.stdout


def test_containers_are_listed_now_and_then_and_moved(terminal: Terminal, furnished: World) -> None:
    (freezer,) = terminal.answers("container", "list")
    assert freezer["code"] == furnished.freezer()
    (shelf, *_) = terminal.answers("container", "list", freezer["code"])
    (first,) = terminal.answers("container", "list", shelf["code"])
    assert first["name"] in terminal.says("container", "list", shelf["code"])
    (box, *_) = terminal.answers("container", "list", first["code"])
    kind = terminal.answers("container", "show", first["code"])["type"]
    made = terminal.answers("container", "make", "Rack 2", "--type", kind, "--site", "BJ")
    before = clock.now().isoformat()
    said = terminal.says("container", "move", box["code"], made["code"])
    assert said.endswith("stands in Rack 2 now.\n")
    assert [row["code"] for row in terminal.answers("container", "list", made["code"])] == [box["code"]]
    then = terminal.answers("container", "list", first["code"], "--at", before)
    assert box["code"] in [row["code"] for row in then]
    assert terminal.run("container", "list", "--at", before).exit_code == 2
    assert "cannot go into" in terminal.refused("container", "move", freezer["code"], freezer["code"])
    assert furnished.unproved() == []


def test_sites_tokens_and_stations_are_looked_after(terminal: Terminal, furnished: World) -> None:
    assert [row["code"] for row in terminal.answers("site", "list")] == ["BJ", "NT"]
    assert "Asia/Shanghai" in terminal.says("site", "list")
    order = accounts.TokenOrder(name="freezer log", days=7)
    furnished.act(lambda s, a: accounts.make_token(s, a, order, "a secret"), person=MANAGER)
    (token,) = terminal.answers("token", "list")
    assert (token["person"], token["name"]) == (MANAGER, "freezer log")
    assert "freezer log" in terminal.says("token", "list")
    assert terminal.says("token", "end", token["id"]) == f"Ended the token freezer log of {MANAGER}.\n"
    assert terminal.answers("token", "list") == []
    assert terminal.run("token", "end", NOBODY).exit_code == 1
    station = terminal.answers("station", "add", "Bench 1", "--site", "BJ")
    assert station["link"].startswith("/stations/claim/")
    changed = terminal.answers("station", "change", station["id"], "--volume", "80")
    assert (changed["name"], changed["volume"]) == ("Bench 1", 80)
    assert terminal.says("station", "change", station["id"]) == "Changed the station Bench 1.\n"
    assert terminal.answers("task", "counts") == {}
    assert terminal.run("task", "show", NOBODY).exit_code == 1
    assert terminal.answers("user", "add", "lin", "--role", "auditor")["link"].startswith("/first/")
    assert furnished.unproved() == []


def test_a_reservation_is_shown_until_it_is_given_up(terminal: Terminal, furnished: World) -> None:
    (kept,) = terminal.answers("room", "reserve", furnished.boxes()[0], "--count", "2")
    assert terminal.answers("room", "show", kept["plan"]) == kept
    assert "2 slots until" in terminal.says("room", "show", kept["plan"])
    assert terminal.answers("room", "release", kept["plan"]) == 2
    assert "is over" in terminal.refused("room", "show", kept["plan"])


def test_a_rack_file_is_kept_shown_written_and_set_aside(
    terminal: Terminal, furnished: World, tmp_path: Path
) -> None:
    rack(furnished)
    file, out = tmp_path / "scan.txt", tmp_path / "again.txt"
    file.write_bytes(visionmate(RACK, plate([f"01086865{number}" for number in range(90, 96)])))
    assert "scan.txt waits for" in terminal.says("rack", "keep", str(file))
    (kept,) = terminal.answers("rack", "waiting")
    assert terminal.answers("rack", "show", kept["id"], "--out", str(out)) == kept
    assert out.read_bytes() == file.read_bytes()
    assert RACK in terminal.says("rack", "show", kept["id"])
    assert terminal.answers("rack", "set-aside", kept["id"])["settled_at"]
    assert terminal.answers("rack", "waiting") == []
    assert terminal.run("rack", "show", NOBODY).exit_code == 1


def test_what_is_written_to_a_file_is_told_in_json_too(
    terminal: Terminal, furnished: World, tmp_path: Path
) -> None:
    tubes, out = furnished.tubes(2), ("--out", str(tmp_path / "x.pdf"))
    assert terminal.answers("label", *tubes, *out)["total"] == 2
    assert terminal.answers("label", "cards", "STORE", *out)["total"] == 1
    assert terminal.answers("label", "request", codes.new_code(codes.CodeKind.REQUEST), *out)["total"] == 1
    assert terminal.answers("badge", "print", MANAGER, *out)["total"] == 1
    assert terminal.answers("badge", "end", MANAGER) == {"name": MANAGER}
    (job, *_) = terminal.answers("label", "job", "list")
    assert terminal.answers("label", "job", "pdf", job["id"], *out) == {"out": out[1]}
    assert terminal.answers("label", "job", "inventory", job["id"], *out) == {"out": out[1]}
    assert terminal.answers("label", "stock", "ruler", "herma-4100", *out) == {"out": out[1]}
    assert terminal.answers("cards", *out)["out"] == out[1]
    stock = terminal.answers("label", "stock", "show", "herma-4100")
    own = tmp_path / "own.json"
    own.write_text(json.dumps({**stock, "code": "ours", "name": "Ours"}))
    assert terminal.answers("label", "stock", "add", str(own))["stock"]["code"] == "ours"
    assert terminal.answers("label", "stock", "end", "ours")["ended"]


def test_a_biobank_begins_with_its_link_in_json(empty: Terminal) -> None:
    begun = empty.answers("init", "--first", "lena")
    assert (begun["name"], begun["log"][-2:]) == ("lena", "/1")
    assert begun["link"].startswith("/first/")
    revisions = empty.answers("migrate")
    assert revisions["now"] == revisions["before"]
