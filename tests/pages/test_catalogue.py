"""The Chinese catalogue says everything that the program says, with the same places for facts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from biobank import amounts, texts
from biobank.pages import words

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "biobank/locale/zh_Hans/LC_MESSAGES/biobank.po"
REFUSALS = ("Busy", "Conflict", "Malformed", "NotAllowed", "NotFound", "NotSignedIn", "RuleBroken")
SAME_IN_BOTH = {"DNA", "RNA"}


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    found = tmp_path_factory.mktemp("texts") / "biobank.pot"
    pybabel = Path(sys.executable).parent / "pybabel"
    keywords = [part for name in REFUSALS for part in ("-k", f"{name}:2")]
    skip = ["--ignore-dirs", ".* node_modules", "-o", str(found)]
    command = [str(pybabel), "-q", "extract", "-F", "pyproject.toml", *keywords, *skip, "biobank"]
    subprocess.run(command, cwd=ROOT, check=True)
    with found.open("rb") as file:
        return read_po(file)


@pytest.fixture(scope="module")
def kept() -> Catalog:
    with KEPT.open("rb") as file:
        return read_po(file)


def places(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text))


def whole(text: object) -> str:
    """A translation; of a message that counts, all its forms."""
    return "".join(text) if isinstance(text, list | tuple) else str(text or "")


def test_every_message_is_translated(extracted: Catalog, kept: Catalog) -> None:
    said = {str(message.id): whole(message.string) for message in kept if message.id}
    assert len(extracted) > 900
    assert [message.id for message in extracted if message.id and not said.get(str(message.id))] == []


def test_nothing_is_kept_that_is_no_longer_said(extracted: Catalog, kept: Catalog) -> None:
    said = {message.id for message in extracted}
    assert [message.id for message in kept if message.id and message.id not in said] == []


def test_each_translation_has_the_same_places(kept: Catalog) -> None:
    wrong = [each.id for each in kept if each.id and places(str(each.id)) != places(str(each.string))]
    assert wrong == []


def test_a_translation_is_chinese(kept: Catalog) -> None:
    plain = {str(each.id) for each in kept if each.id and not re.search(r"[\u4e00-\u9fff]", str(each.string))}
    assert plain == SAME_IN_BOTH


def test_the_header_names_nobody() -> None:
    head = KEPT.read_text(encoding="utf-8").split("\n\n")[0]
    assert re.findall(r"@|FIRST AUTHOR|YEAR|Last-Translator|http", head) == []


def test_the_words_for_codes_are_messages_too(kept: Catalog) -> None:
    said = {message.id for message in kept}
    assert [word for word in words.WORDS.values() if word not in said] == []
    assert [word for word in (*texts.CODES.values(), *texts.TIMES.values()) if word not in said] == []
    assert [each.name for each in amounts.MATERIALS.values() if each.name not in said] == []


def test_nothing_is_left_in_doubt(kept: Catalog) -> None:
    assert [message.id for message in kept if message.fuzzy] == []
    assert kept.obsolete == {}


def test_a_refusal_puts_our_words_into_the_language_too() -> None:
    facts = {"name": "Rack 1", "level": "rack"}
    said = texts.in_language(
        texts.CHINESE, "%(name)s is a %(level)s and holds no tubes itself. Scan a box.", facts
    )
    assert "冻存架" in said
    assert "Rack 1" in said
