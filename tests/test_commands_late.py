"""Late scans from the command line: the file that a bench exported."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from biobank import clock
from biobank.commands.late import read_export
from biobank.errors import Malformed
from tests.terminal import Terminal


def exported(folder: Path, **words: str) -> Path:
    """The file of a bench with one scan of what nobody knows."""
    when = (clock.now() - timedelta(minutes=5)).isoformat()
    scan = {"scan": "NOTHING-OF-OURS", "mode": "take", "occurred": when, **words}
    file = folder / "scans.json"
    file.write_text(json.dumps({"form": "biobank scans", "scans": [{"key": str(uuid4()), "scan": scan}]}))
    return file


def test_an_exported_file_comes_in_once_and_what_cannot_be_done_is_kept(
    terminal: Terminal, tmp_path: Path
) -> None:
    file = str(exported(tmp_path))
    (first,) = terminal.answers("late", "import", file)
    assert (first["code"], first["came"]) == ("NOTHING-OF-OURS", "kept")
    assert terminal.answers("late", "import", file) == [first]
    assert "the log was right" in terminal.says("late", "settle", first["task"], "log")


def test_another_file_is_refused_before_anything_of_it_is_done(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    for text in ("{}", "nothing", '{"scans": [1]}', '{"scans": [{"key": "no-uuid", "scan": {}}]}'):
        file.write_text(text)
        assert terminal.refused("late", "import", str(file))
    with pytest.raises(Malformed) as caught:
        read_export(b"nothing")
    assert caught.value.slug == "export_unreadable"
