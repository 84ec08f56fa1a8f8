"""Labels, print jobs, printers, stocks and layouts on the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from biobank.codes import grouped
from biobank.labels.cards import Card
from tests.printing.fake_printer import FakePrinter
from tests.terminal import Terminal
from tests.world import World

ROLL = "roll-33x13"


@pytest.fixture
def world(terminal: Terminal) -> Iterator[World]:
    """What the terminal works on."""
    database = terminal.database()
    yield World(database)
    database.close()


def entered(terminal: Terminal, fake: FakePrinter) -> str:
    """A printer of the site BJ, which is the fake one; its id."""
    ways = ("--site", "BJ", "--language", "zpl", "--stock", ROLL, "--address", fake.address)
    return str(terminal.answers("printer", "add", "Zebra 1", *ways)["id"])


def test_labels_are_sent_to_a_printer_and_scanned_on_their_tubes(terminal: Terminal, world: World) -> None:
    tubes = world.tubes(2)
    with FakePrinter() as fake:
        entered(terminal, fake)
        said = terminal.says("label", *tubes, "--printer", "Zebra 1")
        assert said == f"2 labels on {ROLL}: Zebra 1\n"
        assert len(fake.printed) == 2
    (job,) = terminal.answers("label", "job", "list")
    assert (job["printer"], job["state"], job["done"]) == ("Zebra 1", "done", 2)
    waiting = terminal.answers("label", "waiting")
    assert [each["code"] for each in waiting] == tubes
    assert grouped(tubes[0]) in terminal.says("label", "waiting")
    assert terminal.says("label", "apply", tubes[0]) == f"{grouped(tubes[0])}: its label is on it.\n"
    assert "no label waits" in terminal.says("label", "apply", tubes[0])
    gone = ("label", "void", waiting[1]["label"], "--reason", "lost")
    assert terminal.says(*gone) == "1 labels are void.\n"
    assert terminal.answers("label", "copies", *tubes) == [
        {"code": tubes[0], "copies": 1, "applied": 1, "needs": "manager"},
        {"code": tubes[1], "copies": 0, "applied": 0, "needs": ""},
    ]
    assert "1 live, on the tube: 1" in terminal.says("label", "copies", tubes[0])
    assert world.unproved() == []


def test_a_job_that_asks_is_answered_and_printed_on(terminal: Terminal, world: World) -> None:
    tubes = world.tubes(3)
    with FakePrinter() as fake:
        entered(terminal, fake)
        fake.resets_after = 5
        refused = terminal.run("label", *tubes, "--printer", "Zebra 1")
        (job,) = terminal.answers("label", "job", "list")
        assert (refused.exit_code, job["state"], fake.printed) == (1, "asking", [])
        assert f"labels 1 to 3. Look there, and say which came out: biobank label job answer {job['id']}" in (
            refused.stderr
        )
        fake.mended()
        assert "from 0 to 3" in terminal.refused("label", "job", "answer", job["id"], "4")
        answered = terminal.answers("label", "job", "answer", job["id"], "1")
        assert (answered["state"], answered["counts"]["printed"], len(fake.printed)) == ("done", 3, 2)
    said = terminal.says("label", "job", "show", job["id"])
    assert "3 of 3 labels, Zebra 1" in said
    assert grouped(tubes[2]) in said
    assert world.unproved() == []


def test_a_printer_that_is_away_is_told_and_its_job_is_stopped_given_up_and_retried(
    terminal: Terminal, world: World
) -> None:
    with FakePrinter() as fake:
        key = entered(terminal, fake)
        with fake.away():
            told = terminal.run("label", *world.tubes(2), "--printer", "Zebra 1")
            assert (told.exit_code, told.stdout) == (1, "")
            assert "cannot be reached" in told.stderr
        (job,) = terminal.answers("label", "job", "list", "--under-way")
        assert terminal.answers("label", "job", "stop", job["id"])["state"] == "stopped"
        assert terminal.answers("label", "job", "void", job["id"], "1")["counts"]["void"] == 1
        assert terminal.answers("label", "job", "retry", job["id"], "--no-send")["state"] == "queued"
        assert terminal.answers("label", "job", "retry", job["id"])["counts"]["printed"] == 1
    moved = terminal.answers("printer", "calibrate", key, "--right", "300", "--down", "-200")
    assert (moved["offset_x_um"], moved["offset_y_um"]) == (300, -200)
    ways = ("--site", "BJ", "--language", "pdf", "--queue", "labels", "--stock", "herma-4100")
    assert terminal.answers("printer", "change", key, "Laser", *ways)["port"] == 631
    assert "Laser  BJ  pdf  labels" in terminal.says("printer", "list")
    assert terminal.says("printer", "end", key) == "Ended the printer Laser.\n"
    assert terminal.answers("printer", "list") == []
    assert "ended" in terminal.says("printer", "list", "--ended")
    assert world.unproved() == []


def test_labels_go_into_files_of_every_kind(terminal: Terminal, world: World, tmp_path: Path) -> None:
    out, (tube,), boxes = tmp_path / "labels", world.tubes(1), world.boxes()
    to = ("--out", str(out))
    zpl = ("--language", "zpl", "--dpi", "203", "--stock", ROLL)
    assert terminal.says("label", "print", tube, *zpl, *to) == f"1 labels on {ROLL}: {out}\n"
    assert out.read_bytes().startswith(b"^XA")
    assert "Say why" in terminal.refused("label", tube, *to)
    orders = {
        ("label", tube, "--caps"): "op3018",
        ("label", *boxes): "roll-50x25",
        ("label", "cards", "store"): "herma-4100",
        ("label", "print", tube, "--reason", "frost"): "herma-4100",
    }
    for words, stock in orders.items():
        assert f"labels on {stock}" in terminal.says(*words, *to)
        assert out.read_bytes().startswith(b"%PDF")
    assert "code of another kind" in terminal.refused("label", "request", tube, *to)
    last = terminal.answers("label", "job", "list")[0]["id"]
    kept = out.read_bytes()
    terminal.says("label", "job", "pdf", last, *to)
    assert out.read_bytes() == kept
    terminal.says("label", "job", "inventory", last, *to)
    assert out.read_bytes().startswith(b"%PDF")
    assert out.read_bytes() != kept


def test_a_label_is_replaced_and_looked_at(terminal: Terminal, world: World, tmp_path: Path) -> None:
    (tube,), out = world.tubes(1), tmp_path / "new.pdf"
    made = terminal.answers("label", "replace", tube, "--reason", "frost", "--out", str(out))
    assert out.read_bytes().startswith(b"%PDF")
    assert made["old"] == tube
    assert grouped(made["code"]) in terminal.says("find", tube)
    picture = tmp_path / "label.png"
    seen = ("label", "preview", made["code"], "--dpi", "203", "--out", str(picture))
    assert terminal.says(*seen).startswith(f"reads as {grouped(made['code'])}")
    assert picture.read_bytes().startswith(b"\x89PNG")
    card = terminal.answers("label", "preview", Card.STORE.value)
    assert (card["reads_as"], card["warnings"]) == (Card.STORE.value, [])
    assert "Scan the tube" in terminal.refused("label", "replace", "--reason", "torn", "--out", str(out))
    assert terminal.run("label", "replace", made["code"], "--reason", "torn").exit_code == 2
    assert world.unproved() == []


def test_stocks_and_layouts_are_copied_changed_and_ended(terminal: Terminal, tmp_path: Path) -> None:
    file, page = tmp_path / "ours.json", tmp_path / "ruler.pdf"
    for noun, shipped in (("stock", "herma-4100"), ("layout", "specimen")):
        one = {**json.loads(terminal.says("label", noun, "show", shipped)), "code": "ours", "name": "Ours"}
        file.write_text(json.dumps(one))
        assert terminal.says("label", noun, "add", str(file)) == "Kept Ours, ours.\n"
        assert "taken already" in terminal.refused("label", noun, "add", str(file))
        assert terminal.says("label", noun, "change", "-", typed=json.dumps(one)) == "Kept Ours, ours.\n"
        assert terminal.answers("label", noun, "list", "--of", "specimen")[0]["own"]
        assert terminal.says("label", noun, "list").startswith("ours")
        assert "is offered no more" in terminal.says("label", noun, "end", "ours")
        assert not terminal.says("label", noun, "list").startswith("ours")
        assert "own, ended" in terminal.says("label", noun, "list", "--ended")
        file.write_text(json.dumps({**one, "glue": "strong"}))
        assert "glue" in terminal.refused("label", noun, "add", str(file))
    terminal.says("label", "stock", "ruler", "herma-4100", "--right", "500", "--out", str(page))
    assert page.read_bytes().startswith(b"%PDF")


def test_the_name_of_the_group_alone_prints_and_what_lacks_is_asked_for(terminal: Terminal) -> None:
    assert "Say --out FILE, or --printer NAME." in terminal.run("label", "S0000000", "--copies", "2").stderr
    assert terminal.run("label", "--help").exit_code == 0
    assert "CODES" in terminal.run("label", "print", "-h").stdout
