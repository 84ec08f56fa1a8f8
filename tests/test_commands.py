"""The `biobank` command: it does the work, or refuses in one line and with the exit code 1."""

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import select

from biobank import accounts, clock, custody, people
from biobank.errors import NotFound
from biobank.tables import LedgerOrigin
from tests.terminal import Terminal
from tests.world import World

LINK = re.compile(r"http://localhost:8000/first/(\S+)")


@pytest.fixture
def tubes(terminal: Terminal) -> list[str]:
    """Three aliquots that stand nowhere."""
    database = terminal.database()
    made = World(database).tubes(3)
    database.close()
    return made


@pytest.fixture
def box(terminal: Terminal) -> str:
    """The first box of the freezer."""
    database = terminal.database()
    found = World(database).boxes()[0]
    database.close()
    return found


def come_in(terminal: Terminal, secret: str) -> str:
    """Choose a password by a one-time link."""
    database = terminal.database()
    try:
        kept, session_secret = people.hash_password("four words make one"), clock.new_secret()
        return database.write(lambda s: accounts.choose_password(s, secret, kept, session_secret))
    finally:
        database.close()


def dump(terminal: Terminal) -> list[str]:
    """All that the database holds."""
    kept = sqlite3.connect(terminal.home / "biobank.db")
    held = list(kept.iterdump())
    kept.close()
    return held


# --- beginning ---


def test_help_is_quick_because_nothing_of_the_database_is_loaded_for_it() -> None:
    asked = (
        "import sys; from biobank.__main__ import main; main(['--help'], standalone_mode=False);"
        "sys.exit('sqlalchemy' in sys.modules or 'pydantic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True)


def test_init_makes_an_empty_biobank_with_a_link_that_lets_the_first_person_in(empty: Terminal) -> None:
    said = empty.says("init", "--first", "lena")
    assert (empty.home / "keys").stat().st_mode & 0o777 == 0o700
    assert (empty.home / "logs").is_dir()
    found = LINK.search(said)
    assert found
    assert come_in(empty, found[1]) == "lena"
    database = empty.database()
    assert database.read(lambda session: session.exec(select(LedgerOrigin.name)).one()).endswith("/1")
    assert database.read(custody.unproved) == []
    database.close()


def test_a_second_init_is_refused_and_changes_nothing(empty: Terminal) -> None:
    empty.says("init")
    before = dump(empty)
    assert "There is a biobank already" in empty.refused("init")
    assert dump(empty) == before


def test_once_somebody_came_in_every_other_link_of_theirs_has_ended(empty: Terminal) -> None:
    found = LINK.search(empty.says("init"))
    assert found
    database = empty.database()
    invited = database.write(lambda session: accounts.invite_first(session, "a second link"))
    assert invited
    assert come_in(empty, found[1]) == "first"
    with pytest.raises(NotFound):
        come_in(empty, "a second link")
    assert database.write(lambda session: accounts.invite_first(session, "a third link")) is None
    database.close()


def test_a_name_that_nobody_can_sign_in_with_is_refused_before_anything_is_made(empty: Terminal) -> None:
    assert "name:" in empty.refused("init", "--first", "Not A Name")
    assert "The database is empty" in empty.refused("migrate")


@pytest.mark.parametrize("words", [("check",), ("find", "x"), ("serve",), ("migrate",)])
def test_without_a_database_the_line_says_how_to_make_one(empty: Terminal, words: tuple[str, ...]) -> None:
    assert empty.refused(*words).endswith("Make one: biobank init\n")
    assert not empty.home.exists()


def test_an_empty_database_is_not_ready_and_migrate_says_to_begin_one(empty: Terminal) -> None:
    empty.home.mkdir()
    (empty.home / "biobank.db").touch()
    assert "Run: biobank migrate" in empty.refused("check")
    assert "biobank init" in empty.refused("migrate")


def test_migrate_leaves_a_database_that_is_up_to_date_as_it_is(terminal: Terminal) -> None:
    assert "is at revision" in terminal.says("migrate")


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = Terminal(tmp_path / "file" / "home").refused("init")
    assert said == f"{tmp_path / 'file' / 'home'} cannot be used: Not a directory.\n"


ADDRESSES = ["biobank", "mysql://host/name", "sqlite:///", "postgresql+no://x", "postgresql://host:port/x"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_of_no_database_is_one_line(empty: Terminal, address: str) -> None:
    said = empty.refused("init", BIOBANK_DATABASE_URL=address)
    assert len(said.splitlines()) == 1


def test_a_server_out_of_reach_is_one_line(empty: Terminal) -> None:
    said = empty.refused("init", BIOBANK_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert said == "The database cannot answer just now. Nothing was changed. Try again.\n"


def test_a_file_that_is_no_database_is_one_line_and_stays_as_it_is(empty: Terminal) -> None:
    empty.home.mkdir()
    (empty.home / "biobank.db").write_text("a letter to the lab " * 50)
    for words in (("check",), ("serve",), ("migrate",), ("init",)):
        assert empty.refused(*words) == "The database cannot be opened: file is not a database.\n"
    assert (empty.home / "biobank.db").read_text().startswith("a letter")


def test_a_setting_that_cannot_be_read_is_named(terminal: Terminal) -> None:
    said = terminal.refused("serve", BIOBANK_PORT="eighty")
    assert said == "BIOBANK_PORT must be a whole number, not “eighty”.\n"


def test_wrong_usage_has_an_exit_code_of_its_own(terminal: Terminal) -> None:
    for words in (("stroe",), ("find",), ("store", "--box", "x"), ("label", "--out", "x.pdf")):
        assert terminal.run(*words).exit_code == 2
    assert terminal.run("user", "add", "x", "--role", "queen").exit_code == 2


# --- setting up ---


def test_sites_people_and_freezers_are_set_up(terminal: Terminal) -> None:
    assert "Added site SH" in terminal.says("site", "add", "SH", "Shanghai", "--time-zone", "Asia/Shanghai")
    assert "There is no time zone" in terminal.refused("site", "add", "XX", "X", "--time-zone", "Moon/Sea")
    found = LINK.search(terminal.says("user", "add", "bench", "--role", "technician", "--site", "SH"))
    assert found
    assert come_in(terminal, found[1]) == "bench"
    assert "There is no site “XX”" in terminal.refused(
        "user", "add", "other", "--role", "auditor", "--site", "XX"
    )
    words = ("freezer", "create", "F2", "--site", "SH", "--shelves", "1", "--racks", "2", "--boxes", "3")
    made = terminal.answers(*words)
    assert (made["containers"], made["slots"]) == (1 + 1 + 2 + 6, 6 * 81)
    assert "F2" in terminal.says("find", made["code"])
    assert "racks: This must be at most 50." in terminal.refused(
        "freezer", "create", "F3", "--site", "SH", "--racks", "51"
    )


def test_a_protocol_file_is_loaded_once_and_a_broken_one_is_refused(
    terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "study.toml"
    text = '[study]\ncode = "NEW"\ntitle = "New"\n[[events]]\ncode = "BL"\ntitle = "Baseline"\nday = 0\n'
    file.write_text(text)
    assert terminal.answers("study", "load", str(file))["study"]["version"] == 1
    assert terminal.answers("study", "load", str(file))["study"]["version"] == 1
    file.write_text(text.replace("Baseline", "Begin"))
    assert terminal.answers("study", "load", str(file))["study"]["version"] == 2
    file.write_text("[study")
    assert "The protocol file cannot be read" in terminal.refused("study", "load", str(file))


# --- the daily work ---


def test_one_specimen_is_registered_by_options_and_found_by_the_code_it_bears(terminal: Terminal) -> None:
    database = terminal.database()
    World(database).visit("D-001")
    database.close()
    whose = ("--study", "DEMO", "--participant", "D-001", "--event", "M1")
    what = ("--material", "blood_edta", "--amount", "10 mL", "--identifier", "tube=A-17")
    (made,) = terminal.answers("register", *whose, *what)
    assert (made["event"], made["amount"]) == ("M1", "10 mL")
    assert terminal.answers("find", "a-17")["card"]["code"] == made["code"]
    assert "had visit M1 already" in terminal.refused("register", *whose, *what)
    again = ("--visit", made["visit"], *what)
    assert "A-17 (tube) is the identifier of another tube" in terminal.refused("register", *again)
    assert "D-001" in terminal.says("find", made["visit"])
    assert "M1" in terminal.says("find", "D-001")


def test_several_specimens_are_registered_from_json_as_the_api_takes_it(terminal: Terminal) -> None:
    database = terminal.database()
    visit = World(database).visit("D-001")
    database.close()
    order = {"visit": visit, "specimens": [{"material": "blood_edta", "amount": "10 mL"}] * 2}
    assert len(terminal.answers("register", "-", typed=json.dumps(order))) == 2
    order["colour"] = "red"
    assert "colour: There is no such field" in terminal.refused("register", "-", typed=json.dumps(order))
    assert "This is not JSON" in terminal.refused("register", "-", typed="{")


def test_tubes_are_stored_in_a_box_and_nobody_is_displaced(
    terminal: Terminal, tubes: list[str], box: str
) -> None:
    first, second, third = tubes
    stored = terminal.answers("store", "--box", box, first, second)
    assert [each["slot"] for each in stored] == ["A1", "A2"]
    assert "Nothing was moved" in terminal.refused("store", "--box", box, "--slot", "A1", third)
    assert "Box 1 · A2" in terminal.says("find", second)
    assert "nowhere" in terminal.says("find", third)


def test_all_aliquots_of_a_study_that_stand_nowhere_are_stored_in_one_freezer(
    terminal: Terminal, tubes: list[str], box: str
) -> None:
    terminal.says("store", "--box", box, "--slot", "A2", tubes[0])
    database = terminal.database()
    freezer = World(database).freezer()
    everything = ("store", "--freezer", freezer, "--study", "DEMO", "--all")
    assert terminal.says(*everything) == "Aliquots stored: 2, in boxes: 1.\n"
    assert World(database).unproved() == []
    database.close()
    assert "Box 1 · A2" in terminal.says("find", tubes[0])
    assert "Box 1 · A3" in terminal.says("find", tubes[2])


def test_labels_are_printed_in_the_order_asked_and_not_where_they_cannot_be_written(
    terminal: Terminal, tubes: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "labels.pdf"
    assert terminal.says("label", *tubes, "--out", str(out)) == f"3 labels on herma-4100: {out}\n"
    assert out.read_bytes().startswith(b"%PDF")
    again = ("label", *tubes, "--reason", "frost", "--out")
    assert "There is no label stock" in terminal.refused(*again, str(out), "--stock", "x")
    before = printed(terminal)
    assert "cannot be written" in terminal.refused(*again, str(tmp_path / "no" / "x.pdf"))
    assert printed(terminal) == before == 3


def printed(terminal: Terminal) -> int:
    """How many label events the log holds."""
    kept = sqlite3.connect(terminal.home / "biobank.db")
    asked = "SELECT count(*) FROM custody_event WHERE kind = 'label_printed'"
    found: int = kept.execute(asked).fetchone()[0]
    kept.close()
    return found


def test_what_is_not_known_is_not_found(terminal: Terminal) -> None:
    assert "Nothing is known by “NOTHING”" in terminal.refused("find", "nothing")


# --- proving ---


def test_check_names_every_fault_and_exits_with_three(terminal: Terminal, tubes: list[str]) -> None:
    assert terminal.answers("check")["faults"] == []
    kept = sqlite3.connect(terminal.home / "biobank.db")
    kept.execute("UPDATE specimen SET amount = amount + 1 WHERE code = ?", (tubes[0],))
    kept.commit()
    result = terminal.run("check", "--json")
    faults = json.loads(result.stdout)["faults"]
    assert result.exit_code == 3
    assert any("the log says otherwise of amount" in fault for fault in faults)
    assert "Faults found: 2." in terminal.run("check").stdout

    kept.execute("UPDATE specimen SET amount = amount - 1 WHERE code = ?", (tubes[0],))
    (guard,) = kept.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' LIMIT 1").fetchone()
    kept.execute(f"DROP TRIGGER {guard}")
    kept.commit()
    kept.close()
    result = terminal.run("check")
    assert result.exit_code == 3
    assert guard in result.stdout
    terminal.says("migrate")
    assert "all proved" in terminal.says("check")
