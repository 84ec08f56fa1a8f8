"""The `biobank` command at a study: its protocol, participants, visits, kits and lists."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.collected import STUDY
from tests.terminal import Terminal
from tests.world import World

WHOSE = ("KIT", "K-001")
ENROLLED = ("--site", "BJ", "--enrolled-on", "2026-05-04", "--consent", "1.0", "--scope", "storage")
ARMS = b"""
[[arms]]
code = "knife"
title = "Surgical"
[[arms]]
code = "none"
title = "Not surgical"

[[events]]
code = "S+1"
title = "Day after the procedure"
anchor = "procedure"
day = 1
after = 2
arms = ["knife"]
"""


@pytest.fixture
def study(terminal: Terminal, tmp_path: Path) -> Path:
    """The file of a study that is loaded."""
    file = tmp_path / "kit.toml"
    file.write_bytes(STUDY)
    terminal.says("study", "load", str(file))
    return file


def enrolled(terminal: Terminal, *more: str) -> Any:
    return terminal.answers("participant", "enroll", *WHOSE, *ENROLLED, *more)


def at(card: Any, event: str) -> Any:
    """The visit of a participant's card at an event."""
    return next(each for each in card["visits"] if each["event"] == event)


def unproved(terminal: Terminal) -> list[str]:
    found: list[str] = terminal.answers("check")["faults"]
    return found


def test_a_protocol_is_previewed_loaded_and_told(terminal: Terminal, study: Path) -> None:
    enrolled(terminal)
    study.write_bytes(STUDY.replace(b"day = 30", b"day = 37"))
    told = terminal.answers("study", "preview", str(study))
    assert (len(told["differences"]), told["changes"]["redated"]) == (1, 1)
    assert "given other days: 1" in terminal.says("study", "preview", str(study))
    assert terminal.answers("study", "protocol", "KIT")["version"] == 1
    assert "given other days: 1" in terminal.says("study", "load", str(study))
    assert "Version 2 of KIT" in terminal.says("study", "protocol", "KIT")
    assert "no version 9" in terminal.refused("study", "protocol", "KIT", "--version", "9")
    study.write_text("[study")
    assert "The protocol file cannot be read" in terminal.refused("study", "preview", str(study))
    assert unproved(terminal) == []


def test_a_participant_changes_arm_has_procedures_consents_and_withdraws(
    terminal: Terminal, study: Path
) -> None:
    study.write_bytes(STUDY + ARMS)
    terminal.says("study", "load", str(study))
    enrolled(terminal, "--arm", "none")
    card = terminal.answers("participant", "arm", *WHOSE, "knife", "--since", "2026-06-01")
    assert [each["arm"] for each in card["arms"]] == ["none", "knife"]
    card = terminal.answers("participant", "procedure", *WHOSE, "discectomy", "--on", "2026-06-08")
    assert at(card, "S+1")["planned_on"] == "2026-06-09"
    moved = ("participant", "procedure", *WHOSE, "discectomy", "--number", "1", "--on", "2026-07-01")
    assert at(terminal.answers(*moved), "S+1")["planned_on"] == "2026-07-02"
    assert "S+1" in terminal.says("participant", "cancel-procedure", *WHOSE, "1")
    assert "no procedure 2" in terminal.refused("participant", "cancel-procedure", *WHOSE, "2")
    card = terminal.answers("participant", "enrolled-on", *WHOSE, "2026-05-05")
    assert at(card, "BL")["planned_on"] == "2026-05-05"
    card = terminal.answers("participant", "consent", *WHOSE, "1.0", "--declined", "storage")
    assert card["scopes"] == []
    withdrawn = ("participant", "withdraw", *WHOSE, "--level", "destroy", "--on", "2026-06-01")
    assert terminal.answers(*withdrawn)["withdrawn"] == "destroy"
    assert "has withdrawn" in terminal.refused("participant", "arm", *WHOSE, "none")
    assert unproved(terminal) == []


def test_what_is_wrong_with_an_enrolment_is_named(terminal: Terminal, study: Path) -> None:
    words = ("participant", "enroll", *WHOSE, *ENROLLED)
    assert "There is no site “NO”" in terminal.refused(*words, "--site", "NO")
    assert "The protocol notes no “age”" in terminal.refused(*words, "--attribute", "age=17")
    assert "consent: At least 1 is needed." in terminal.refused(*words[:-2])
    assert study.exists()
    assert unproved(terminal) == []


def test_a_visit_is_collected_by_kit_and_its_tubes_processed_and_listed(
    terminal: Terminal, study: Path, tmp_path: Path
) -> None:
    visit = at(enrolled(terminal), "BL")["code"]
    out = tmp_path / "kit.pdf"
    made = ("kit", "print", "--study", "KIT", "--event", "BL", "--site", "BJ", "--visit", visit)
    assert "10 labels on herma-4100" in terminal.says(*made, "--out", str(out))
    assert out.read_bytes().startswith(b"%PDF")
    (ready,) = terminal.answers("kit", "list", "--study", "KIT")
    assert (ready["visit"], ready["labels"]) == (visit, 9)  # and one of its own
    rows = terminal.answers("visit", "begin", visit)
    blood, aliquots = rows[0]["code"], [row["code"] for row in rows if row["kind"] == "aliquot"]
    assert terminal.answers("kit", "list", "--study", "KIT") == []
    kit = terminal.answers("visit", "bench", visit)["kit"]
    assert kit in terminal.says("find", kit).replace(" ", "")
    assert [each["code"] for each in terminal.answers("kit", "show", kit)["labels"]] == [blood, *aliquots]
    assert "10 labels" in terminal.says("kit", "print", kit, "--reason", "torn", "--out", str(out))
    assert "expected" in terminal.says("visit", "bench", visit)

    drawn = ("--collected", "2026-05-04T09:30:00+08:00", "--occurred", "2026-05-04T09:35:00+08:00")
    assert terminal.answers("visit", "tick", visit, blood, *drawn)[0]["changed"]
    noted = terminal.answers("note", blood, "--haemolysis", "1", "--kept", "room")
    assert noted[0]["code"] == blood
    assert "“Bristol stool scale” is not noted of EDTA blood" in terminal.refused(
        "note", blood, "--bristol", "4"
    )
    terminal.says("receive", blood, "--at", "2026-05-04T10:00:00+08:00")
    turned = ("spin", blood, "--g", "2000", "--minutes", "10", "--celsius", "4", "--no-brake")
    terminal.says(*turned, "--at", "2026-05-04T10:30:00+08:00")
    assert "g: This must be at least 1." in terminal.refused(
        "spin", blood, "--g", "0", "--minutes", "10", "--celsius", "4"
    )
    (plasma,) = terminal.answers("derive", blood, "plasma_edta", "--processed", "2026-05-04T10:45:00+08:00")
    words = ("aliquot", plasma["code"], "2", "--processed", "2026-05-04T10:50:00+08:00")
    assert [row["code"] for row in terminal.answers(*words)] == aliquots[:2]
    assert "Nothing was made" in terminal.refused("aliquot", plasma["code"], "1", "--amount", "90 mL")
    terminal.says("visit", "deviate", aliquots[2], "low_volume", "--amount", "100 uL")
    terminal.says("visit", "deviate", aliquots[7], "not_collected")
    assert len(terminal.answers("visit", "all-present", visit)) == 4
    assert terminal.answers("visit", "finish", visit)["there"] > 6
    assert "not collected: 1" in terminal.says("visit", "finish", visit)

    sought = ("specimens", "--study", "KIT", "--event", "BL", "--kind", "aliquot", "--life", "active")
    listed = terminal.answers(*sought)
    assert {row["code"] for row in listed} == set(aliquots[:7])
    table = list(csv.DictReader(StringIO(terminal.says(*sought, "--csv"))))
    assert [row["code"] for row in table] == [row["code"] for row in listed]
    assert len(terminal.says(*sought, "--deviation", "low_volume").splitlines()) == 1
    (told,) = [row for row in terminal.answers("study", "progress", "KIT")["rows"] if row["key"] == "BL"]
    assert (told["expected"], told["collected"]) == (8, 7)
    assert "BL" in terminal.says("study", "progress", "KIT", "--by", "event")
    for what in ("accrual", "delays", "shortfalls"):
        assert terminal.answers("study", "progress", "KIT", "--of", what) is not None
    assert unproved(terminal) == []


def test_visits_are_listed_missed_planned_again_linked_and_counted(terminal: Terminal, study: Path) -> None:
    study.write_bytes(STUDY.replace(b"[collecting]", b'[collecting]\ndatasets = ["fmri"]'))
    terminal.says("study", "load", str(study))
    card = enrolled(terminal)
    baseline = at(card, "BL")["code"]
    overdue = ("agenda", "--of", "overdue", "--study", "KIT", "--day", "2026-05-12")
    assert [row["visit"] for row in terminal.answers(*overdue)] == [baseline]
    assert baseline in terminal.says(*overdue).replace(" ", "")
    (line,) = csv.DictReader(StringIO(terminal.says(*overdue, "--csv")))
    assert (line["visit"], line["closes_on"], line["days"]) == (baseline, "2026-05-11", "1")
    numbers = json.loads(terminal.says(*overdue, "--counts", "--json"))
    assert (numbers["overdue"], numbers["upcoming"]) == (1, 2)
    assert "overdue" in terminal.says(*overdue, "--counts")
    assert "There is no study" in terminal.refused("agenda", "--study", "NONE")
    days = terminal.answers("calendar", "2026-05", "--study", "KIT")
    assert [row["visit"] for row in days[3]["visits"]] == [baseline]
    assert "2026-05-04" in terminal.says("calendar", "2026-05")
    assert "There is no such month" in terminal.refused("calendar", "2026-13")
    assert terminal.run("calendar", "May").exit_code == 2

    assert terminal.answers("visit", "miss", baseline, "--reason", "ill")["missed_reason"] == "ill"
    assert len(terminal.answers("agenda", "--of", "missed")) == 1
    assert terminal.answers("visit", "plan-again", baseline)["status"] == "planned"
    assert "Only a missed one" in terminal.refused("visit", "plan-again", baseline)
    linked = terminal.answers("visit", "link", baseline, "fmri", "SUB-01")
    assert [each["kind"] for each in linked["datasets"]] == ["fmri"]
    assert "linked to this visit already" in terminal.refused("visit", "link", baseline, "fmri", "SUB-01")
    assert terminal.answers("visit", "link", baseline, "fmri", "SUB-01", "--remove")["datasets"] == []
    fall = terminal.answers("visit", "open", *WHOSE, "--label", "FALL")
    assert (fall["event"], fall["status"]) == ("FALL", "planned")
    there = terminal.answers("visit", "came", fall["code"], "--took-place", "2026-05-04T09:00:00+08:00")
    assert (there["status"], there["came_on"]) == ("done", "2026-05-04")
    assert unproved(terminal) == []


def test_kits_need_either_codes_or_what_they_are_for(terminal: Terminal, study: Path, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "kit.pdf"))
    for words in (
        ("kit", "print"),
        ("kit", "print", "--study", "KIT"),
        ("kit", "print", "K1", "--event", "BL"),
    ):
        assert terminal.run(*words, *out).exit_code == 2
    assert "is not one of our codes" in terminal.refused("kit", "print", "K1", *out)
    wrong = ("kit", "print", "--study", "KIT", "--event", "M9", "--site", "BJ", *out)
    assert "There is no event “M9”" in terminal.refused(*wrong)
    assert not (tmp_path / "kit.pdf").exists()
    assert study.exists()
    database = terminal.database()
    assert World(database).unproved() == []
    database.close()
