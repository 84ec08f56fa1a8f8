"""Freezer audits on the command line: planned, counted, reconciled, and what they say over time."""

import csv
from contextlib import closing
from io import StringIO
from pathlib import Path

from tests.terminal import Terminal
from tests.world import World

DUE = "2026-12-31"


def stocked(terminal: Terminal) -> tuple[str, list[str], list[str]]:
    """Five tubes in two of three boxes, and one that stands nowhere; the freezer, the boxes, the tubes."""
    with closing(terminal.database()) as database:
        world = World(database)
        boxes, tubes = world.boxes(), world.tubes(6)
        world.put(boxes[0], tubes[:4])
        world.put(boxes[1], tubes[4:5])
        return world.freezer(), boxes, tubes


def begun(terminal: Terminal, freezer: str, *options: str) -> str:
    """An audit of the freezer that has begun; its id."""
    plan = ("audit", "plan", "Yearly", "--container", freezer, "--due", DUE, *options)
    key = terminal.answers(*plan)["row"]["id"]
    assert "0 of 3 boxes counted" in terminal.says("audit", "start", key)
    return str(key)


def test_an_audit_is_counted_and_reconciled(terminal: Terminal, tmp_path: Path) -> None:
    freezer, boxes, tubes = stocked(terminal)
    key = begun(terminal, freezer)
    assert "Yearly" in terminal.says("audit", "list", "--site", "BJ")
    first, second, third, fourth, fifth, _ = tubes
    said = terminal.says("audit", "count", key, boxes[0], f"A1={first}", f"A2={third}", f"A3={second}")
    assert "Being counted" in said
    shown = terminal.answers("audit", "box", key, boxes[0])
    assert [slot["tube"] for slot in shown["slots"]][:3] == [first, third, second]
    assert "NOBODYS" in terminal.says("audit", "count", key, boxes[0], "A6=NOBODYS")
    told = terminal.says("audit", "box", key, boxes[0]).splitlines()
    assert [line[:2] for line in told[1:]] == ["A1", "A2", "A3", "A4", "A6"]
    said = terminal.says("audit", "count", key, boxes[0], "A4=", "A5=?", "--done")
    assert "Wrong slot here: 2" in said
    good, other = tmp_path / "good.csv", tmp_path / "other.csv"
    good.write_text(f"{boxes[1]},A1,{fifth}\n")
    other.write_text(f"{boxes[0]},A1,{first}\n")
    counted = terminal.run("audit", "count-file", key, str(other), str(good))
    assert (counted.exit_code, counted.stderr.splitlines()[0]) == (1, "other.csv:")
    assert "Found: 1" in counted.stdout
    sheet = tmp_path / "sheet.pdf"
    assert "Written" in terminal.says("audit", "sheet", key, "--box", boxes[2], "--out", str(sheet))
    assert sheet.read_bytes().startswith(b"%PDF")
    assert "Found" not in terminal.says("audit", "paper", key, boxes[2], "A1 -", "--rest-absent")
    said = terminal.says("audit", "show", key)
    assert "3 of 3 boxes counted, 5 findings" in said
    assert "5 of 7" in said
    assert "Missing" in terminal.says("audit", "findings", key)
    assert "0 of" not in terminal.says("audit", "decide", key, "moved", "--plain")
    assert "No finding is left" in terminal.refused("audit", "decide", key, "moved", "--plain")
    (gone,) = terminal.answers("audit", "findings", key, "--result", "missing")
    assert gone["code"] == fourth
    terminal.says("audit", "decide", key, "missing", gone["id"])
    assert [each["code"] for each in terminal.answers("audit", "missing")] == [fourth]
    assert boxes[0][:3] in terminal.says("audit", "missing", "--csv")
    left = [row["id"] for row in terminal.answers("audit", "findings", key, "--open")]
    assert "Say why" in terminal.refused("audit", "decide", key, "explained", *left)
    terminal.says("audit", "entrust", key, *left, "--owner", "technician", "--due", DUE)
    assert f"{DUE}  technician  Yearly" in terminal.says("audit", "entrusted")
    table = csv.DictReader(StringIO(terminal.says("audit", "findings", key, "--csv"), newline=""))
    assert sorted(row["decision"] for row in table) == ["", "", "missing", "moved", "moved"]
    out = tmp_path / "certificate.pdf"
    assert "Written" in terminal.says("audit", "certificate", key, "--out", str(out))
    assert out.read_bytes().startswith(b"%PDF")
    terminal.refused("audit", "certificate", key, "--out", str(out), "--language", "tlh")
    assert terminal.answers("check")["faults"] == []


def test_a_sample_is_foreseen_and_an_audit_given_up(terminal: Terminal) -> None:
    freezer, _, tubes = stocked(terminal)
    sample = ("--container", freezer, "--due", DUE, "--limit", "40", "--confidence", "80")
    said = terminal.says("audit", "plan", "A sample", *sample, "--look")
    assert "5 tubes in 2 boxes" in said
    assert "with 80 % confidence" in said
    by_risk = ("--container", freezer, "--due", DUE, "--share", "30", "--by-risk", "--look")
    assert "says nothing of the rest" in terminal.says("audit", "plan", "By risk", *by_risk)
    assert terminal.answers("audit", "list") == []
    key = terminal.answers("audit", "plan", "A sample", *sample)["row"]["id"]
    assert "0 of 0 boxes counted" in terminal.says("audit", "cancel", key)
    assert [row["id"] for row in terminal.answers("audit", "list", "--closed")] == [key]
    assert "signed or was given up" in terminal.refused("audit", "start", key)
    assert "Say one scope" in terminal.refused("audit", "plan", "x", "--due", DUE)
    listed = ("--tube", tubes[0], "--tube", tubes[1], "--site", "BJ", "--share", "50", "--by-risk")
    assert terminal.answers("audit", "plan", "Two", *listed, "--due", DUE)["row"]["scope"] == "2"


def test_what_audits_say_over_time_is_told(terminal: Terminal) -> None:
    freezer, boxes, tubes = stocked(terminal)
    assert terminal.answers("audit", "trend", "--by", "freezer", "--since", "2026-01-01") == []
    assert terminal.says("audit", "trend") == ""
    told = terminal.answers("audit", "coverage", freezer, "--since", "2026-01-01")
    assert (told[boxes[0]]["tubes"], told[boxes[0]]["seen"]) == (4, 4)
    assert "5/5" in terminal.says("audit", "coverage", freezer, "--since", "2026-01-01")
    assert "This cannot be read" in terminal.refused("audit", "trend", "--since", "yesterday")
    assert tubes
