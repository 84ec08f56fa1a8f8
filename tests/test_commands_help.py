"""What the command line tells of itself: helps, examples, completion, exit codes, and its document."""

import inspect
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rich_click as click
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from biobank import codes, texts
from biobank.commands import biobank
from biobank.commands.examples import EXAMPLES
from biobank.commands.wording import walk
from setup.command_texts import extract
from tests.terminal import Terminal

ROOT = Path(__file__).parents[1]
COMMANDS = {path: each for path, each in walk(biobank) if not isinstance(each, click.Group)}
NO_ANSWER = {"serve", "demo", "rack watch", "completion", "study file"}
"""They answer nothing, or something that is a text of its own."""


def misread(path: str, words: list[str]) -> str:
    """What is wrong with what follows a command, as click says it; nothing is run."""
    try:
        COMMANDS[path].make_context(path, words).close()
    except click.UsageError as error:
        return f"{path}: {error.message}"
    return ""


# --- helps ---


def test_every_command_has_an_example_and_no_example_is_of_another() -> None:
    assert sorted(EXAMPLES) == sorted(COMMANDS)


def test_every_example_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "protocols").mkdir()
    for file in ("protocols/lbpb.toml", "protocols/ibdmdb.toml", "collections.csv", "scan.csv"):
        (tmp_path / file).touch()
    for file in ("ours.json", "scans.json"):
        (tmp_path / file).touch()
    here = {path: text.split(" > ")[0].replace("/srv/scanner", ".") for path, text in EXAMPLES.items()}
    assert [wrong for path in COMMANDS if (wrong := misread(path, shlex.split(here[path])))] == []


def test_codes_in_examples_are_such_as_a_scanner_reads() -> None:
    shown = re.findall(r"\b[A-Z][0-9A-Z]{9}\b", " ".join(EXAMPLES.values()))
    assert len(shown) > 60
    assert {code for code in shown if codes.read(code) != code} == set()


def test_a_wrong_example_would_be_seen() -> None:
    assert misread("take", ["--purpose", "fun"])
    assert misread("kit list", [])


def test_a_help_ends_with_the_example() -> None:
    told = CliRunner().invoke(biobank, ["kit", "list", "--help"], env={"LC_ALL": "C"}).stdout
    assert told.strip().endswith("Example: biobank kit list --study LBPB")


def test_every_help_is_a_message_of_the_catalogue() -> None:
    said: set[str] = set()
    for file in (ROOT / "biobank" / "commands").rglob("*.py"):
        with file.open("rb") as module:
            said.update(str(message) for _, _, message, _ in extract(module, {}, (), {}))
    CliRunner().invoke(biobank, ["--help"], env={"LC_ALL": "C"})
    helps = [each.help for each in parts() if each.help and each.help != "Show the version and exit."]
    assert len(helps) > 400
    assert [text for text in helps if text not in said] == []


def parts() -> Iterator[click.Command | click.Option]:
    """Every command and every option."""
    for _, command in walk(biobank):
        yield command
        yield from (each for each in command.params if isinstance(each, click.Option))


def test_a_help_is_told_in_the_language_of_the_reader_and_in_english_again() -> None:
    english = {id(each): each.help for each in parts()}
    told = CliRunner().invoke(biobank, ["find", "--help"], env={"LC_ALL": "zh_CN.UTF-8", "COLUMNS": "400"})
    chinese = texts.catalogue("zh_Hans").gettext
    assert chinese(inspect.cleandoc(str(COMMANDS["find"].callback.__doc__))).splitlines()[0] in told.stdout
    assert all(each.help == chinese(english[id(each)] or "") for each in parts() if each.help)
    CliRunner().invoke(biobank, ["find", "--help"], env={"LC_ALL": "C"})
    assert {id(each): each.help for each in parts()} == english


def test_every_command_that_answers_answers_in_json() -> None:
    without = {
        path for path, each in COMMANDS.items() if not any("--json" in one.opts for one in each.params)
    }
    assert without == NO_ANSWER


# --- exit codes ---


def test_done_refused_not_understood_and_a_fault_found_have_codes_of_their_own(terminal: Terminal) -> None:
    assert terminal.run("site", "list").exit_code == 0
    assert terminal.run("find", "nothing").exit_code == 1
    assert terminal.run("find").exit_code == 2
    kept = re.findall(
        r"^\| (\d) \|", (ROOT / "docs" / "commands.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert kept == ["0", "1", "2", "3"]  # 3: test_check_names_every_fault_and_exits_with_three


# --- completing ---


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_clicks_own(terminal: Terminal, shell: str) -> None:
    said = terminal.says("completion", shell)
    assert f"_BIOBANK_COMPLETE={shell}_complete" in said
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=said, text=True, check=True)


def completed(terminal: Terminal, *words: str) -> list[str]:
    """What a shell would offer for the last word."""
    found: list[Any] = []

    @click.command()
    def ask() -> None:
        found.extend(ShellComplete(biobank, {}, "biobank", "").get_completions([*words[:-1]], words[-1]))

    terminal.within(ask)
    return [each.value for each in found]


def test_codes_that_the_biobank_knows_complete(terminal: Terminal) -> None:
    assert completed(terminal, "participant", "list", "") == ["DEMO"]
    assert completed(terminal, "specimens", "--study", "DE") == ["DEMO"]
    assert completed(terminal, "study", "show", "X") == []
    assert completed(terminal, "agenda", "--site", "B") == ["BJ"]
    assert "box-9x9" in completed(terminal, "container", "make", "x", "--type", "box-")
    assert "herma-4100" in completed(terminal, "label", "stock", "show", "her")
    assert completed(terminal, "visit", "pl") == ["plan-again"]


def test_where_no_database_answers_nothing_completes_and_nothing_fails(empty: Terminal) -> None:
    assert completed(empty, "participant", "list", "") == []
    assert not empty.home.exists()


# --- the document ---


def test_every_command_stands_in_the_document() -> None:
    table = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").split("## Exit codes")[0]
    assert [path for path in COMMANDS if not re.search(f"`{path}[ `]", table)] == []
    options = set(re.findall(r"--[a-z][a-z0-9-]*", table))
    known = {
        opt for each in COMMANDS.values() for one in each.params for opt in (*one.opts, *one.secondary_opts)
    }
    assert sorted(options - known - {"--help"}) == []
