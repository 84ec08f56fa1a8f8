"""Stations, badges, people who leave, and tasks on the command line."""

import re
from pathlib import Path

from tests.terminal import Terminal
from tests.world import MANAGER, OUTSIDER, TECHNICIAN


def test_a_bench_is_enrolled_listed_and_ended(terminal: Terminal) -> None:
    said = terminal.says("station", "add", "Bench 1", "--site", "BJ", "--idle-minutes", "9")
    assert re.search(r"http://localhost:8000/stations/claim/\d+\.[\w-]{40,}", said)
    (row,) = terminal.answers("station", "list")
    assert (row["name"], row["idle_minutes"]) == ("Bench 1", 9)
    assert "Bench 1  BJ  -" in terminal.says("station", "list")
    assert "/stations/claim/" in terminal.says("station", "link", row["id"])
    assert terminal.says("station", "end", row["id"]) == "Ended the station Bench 1.\n"
    assert "ended" in terminal.says("station", "list")
    assert "was ended" in terminal.refused("station", "link", row["id"])
    assert '"name","site"' in terminal.says("station", "list", "--csv")


def test_badges_and_people_end(terminal: Terminal, tmp_path: Path) -> None:
    sheet = tmp_path / "badges.pdf"
    said = terminal.says("badge", "print", TECHNICIAN, MANAGER, "--out", str(sheet))
    assert said.startswith("2 labels on herma-4100")
    assert sheet.read_bytes().startswith(b"%PDF")
    assert terminal.says("badge", "end", TECHNICIAN) == "Ended the badge of technician.\n"
    assert "has no badge" in terminal.refused("badge", "end", TECHNICIAN)
    role = ("user", "end", OUTSIDER, "--role", "technician", "--site", "NT")
    assert terminal.says(*role) == "Ended the role technician of outsider.\n"
    assert terminal.says("user", "end", TECHNICIAN) == "Ended the account of technician.\n"
    assert "technician  ended" in terminal.says("user", "list")
    rows = {row["name"]: row for row in terminal.answers("user", "list")}
    assert rows[OUTSIDER]["grants"] == []
    assert not rows[TECHNICIAN]["active"]


def test_who_forgot_the_password_gets_a_new_link_from_a_shell(terminal: Terminal) -> None:
    said = terminal.says("user", "link", TECHNICIAN)
    assert re.search(r"http://localhost:8000/first/[\w-]{40,}\n", said)
    told = terminal.answers("user", "link", MANAGER)
    assert (told["name"], told["link"][:7]) == (MANAGER, "/first/")
    assert "nobody with the name" in terminal.refused("user", "link", "nobody.here")


def test_tasks_are_listed_and_closed(terminal: Terminal) -> None:
    from biobank import clock
    from biobank.database import Database
    from biobank.tables import TaskKind
    from tests import test_tasks as tasks
    from tests.world import World

    database = Database(terminal.address)
    task = tasks.opened(World(database), "ABC-1", kind=TaskKind.UNRESOLVED_SCAN)
    database.close()
    said = terminal.says("task", "list")
    assert f"{task}  BJ  ABC-1" in said
    assert "nothing is known by it" in said
    assert [row["code"] for row in terminal.answers("task", "list", "--kind", "unresolved_scan")] == ["ABC-1"]
    assert "kind" in terminal.refused("task", "list", "--kind", "nonsense")
    assert terminal.says("task", "close", str(task), "--resolution", "a reagent") == "Closed: a reagent.\n"
    assert terminal.answers("task", "list") == []
    assert "no such task" in terminal.refused("task", "close", str(clock.new_key()))
