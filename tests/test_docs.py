"""The documents told by the code: links, commands, settings, addresses, words on the screen, functions."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import rich_click as click

from biobank.commands import biobank
from biobank.settings import Settings
from tests.test_three_faces import TABLE, of_the_api, places

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "biobank"
# Below `assets` there are no modules of ours, but thousands of files of others.
FOLDERS = [folder for folder in PACKAGE.glob("*/*/") if folder.name != "assets"]
MODULES = [
    *PACKAGE.glob("*.py"),
    *PACKAGE.glob("*/*.py"),
    *(path for each in FOLDERS for path in each.glob("*.py")),
]
DOCUMENTS = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
READERS = sorted(ROOT.glob("docs/for-*.md"))
DEFINITION = re.compile(
    r"^ *(?:(?:async )?(?:def|class) )(\w+)|^ *([A-Za-z_]\w*)(?:: [^=\n]+)? = ", re.MULTILINE
)
OF_TESTS = {"BIOBANK_TEST_DATABASE_URL"}
OF_MSGSPEC = {"Struct"}
NO_ADDRESSES = {"/demo"}
"""The end of the name of a demonstration's log."""


def told(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def fenced(text: str) -> list[str]:
    """The blocks between three backticks."""
    return re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def unfenced(text: str) -> str:
    return re.sub(r"^```[^\n]*\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def spans(text: str) -> list[str]:
    """What stands in backticks within sentences."""
    return re.findall(r"`([^`]+)`", unfenced(text))


# --- links ---


@cache
def anchors(path: Path) -> set[str]:
    """The headings of a page as a link names them."""
    headings = re.findall(r"^#+ +(.+)$", unfenced(told(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(path: Path, text: str) -> Iterator[str]:
    """Links and pictures that lead to no file, or to no heading of one."""
    for address in re.findall(r"\]\(([^)\s]+)\)", unfenced(text)):
        if re.match(r"https?:", address):
            continue
        file, _, heading = address.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (heading and heading not in anchors(target)):
            yield f"{path.name}: {address}"


def test_every_link_leads_somewhere() -> None:
    assert [dead for path in DOCUMENTS for dead in dead_links(path, told(path))] == []


def test_every_document_of_a_subject_or_a_reader_stands_in_the_index() -> None:
    index = told(ROOT / "docs/README.md")
    pages = {path.name for path in ROOT.glob("docs/*.md")} - {"README.md"}
    assert [name for name in sorted(pages) if f"]({name})" not in index] == []


# --- commands ---


def unknown_commands(text: str) -> Iterator[str]:
    """Lines that call `biobank` with a command or an option that it has not."""
    lines = [line for block in fenced(text) for line in block.splitlines()]
    for line in [*lines, *spans(text)]:
        found = re.match(r"(?:\$ )?(?:[^ ]+ -m |docker compose run --rm )?biobank ((?:-|[a-z]).*)$", line)
        if found:
            yield from misnamed(re.split(r" [|>#;] | && ", found[1])[0])


def misnamed(line: str) -> Iterator[str]:
    """What of one command line, without its `biobank`, is none of ours."""
    command: click.Command = biobank
    words = line.split()
    while words and isinstance(command, click.Group) and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    takes_more = command is not biobank and words and not re.fullmatch(r"[a-z][a-z-]*", words[0])
    if isinstance(command, click.Group) and words and not takes_more and not words[0].startswith("-"):
        yield line
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    options = {option for each in (command, *inner) for one in each.params for option in one.opts}
    yield from (
        f"{line}: {option}"
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", " ".join(words))
        if option not in options | {"--help", "--version"}
    )


def test_every_command_named_is_one_of_ours_with_its_options() -> None:
    assert [f"{path.name}: {each}" for path in DOCUMENTS for each in unknown_commands(told(path))] == []


# --- settings ---


def test_every_setting_stands_on_the_page_for_administrators_and_no_other_does() -> None:
    ours = {f"BIOBANK_{name.upper()}" for name in Settings.__annotations__}
    page = told(ROOT / "docs/for-administrators.md").split("## Settings")[1]
    assert set(re.findall(r"\bBIOBANK_[A-Z_]+", page)) == ours
    assert set(re.findall(r"^#(BIOBANK_[A-Z_]+)=", told(ROOT / ".env.example"), re.MULTILINE)) == ours
    named = {name for path in DOCUMENTS for name in re.findall(r"\bBIOBANK_[A-Z_]*[A-Z]\b", told(path))}
    assert named - ours == OF_TESTS


# --- addresses ---


def shape(address: str) -> str:
    """An address with what differs from one to the next left out: `/visits/{}`."""
    address = re.split(r"[?#]", address)[0].removeprefix("/api/v1")
    named = re.sub(r"\{[^}]*}|(?<=/)[A-Z][A-Z0-9-]+(?=[/.]|$)|(?<=/)\.\.\.(?=/|$)", "{}", address)
    return named if named == "/" else named.rstrip("/")


@cache
def shapes() -> set[str]:
    """The addresses of pages and of the API."""
    rows = [*(place for row in TABLE for place in places(row.page))]
    rows += [of_the_api(place) for row in TABLE for place in places(row.api)]
    return {shape(place.split()[-1]) for place in rows}


def no_addresses(text: str) -> Iterator[str]:
    """What is written as an address of ours and is none; one may be told by its end alone."""
    for span in spans(text):
        found = re.fullmatch(r"(?:(?:GET|POST) )?(/[\w{}./-]*(?:[?#].*)?)", span)
        wanted = shape(found[1]) if found else ""
        if (
            wanted
            and span not in NO_ADDRESSES
            and not any(each == wanted or each.endswith(wanted) for each in shapes())
        ):
            yield span


def test_every_address_named_is_one_of_ours() -> None:
    # What has changed is told with the address of before.
    pages = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
    assert [f"{path.name}: {each}" for path in pages for each in no_addresses(told(path))] == []


# --- words on the screen ---


@cache
def messages() -> set[str]:
    """The texts that pages say, as their sources mark them."""
    sources = [*MODULES, *PACKAGE.glob("pages/templates/**/*.html")]
    marked = re.compile(r"(?:\b_|N_|gettext)\(\s*\"([^\"]+)\"")
    return {
        text for path in sources if "node_modules" not in path.parts for text in marked.findall(told(path))
    }


def unsaid(text: str) -> list[str]:
    """Bold words that no page says. A sentence in bold, which ends in a full stop, claims to be no button."""
    bold = re.findall(r"\*\*([^*]+)\*\*", unfenced(text))
    return [words for words in bold if not words.endswith(".") and " ".join(words.split()) not in messages()]


def test_every_word_in_bold_stands_on_a_page() -> None:
    pages = [*READERS, ROOT / "README.md"]
    assert [f"{path.name}: {words}" for path in pages for words in unsaid(told(path))] == []


# --- functions ---


@cache
def defined() -> dict[str, set[str]]:
    """For each module and package by its last name, what is defined in it or in what it holds."""
    found: dict[str, set[str]] = {}
    for path in MODULES:
        names = {path.stem, *(each[1] or each[2] for each in DEFINITION.finditer(told(path)))}
        for part in {path.stem, *path.relative_to(PACKAGE).parent.parts}:
            found.setdefault(part, set()).update(names)
    return found


def strangers(text: str) -> Iterator[str]:
    """Functions, modules and classes in backticks that our code has not."""
    every = OF_MSGSPEC.union(*defined().values())
    for span in spans(text):
        name = re.sub(r"\(.*\)$", "", span)
        if re.fullmatch(r"[a-z_/]+\.py", name):
            if not (ROOT / name).is_file() and not any(path.match(name) for path in MODULES):
                yield span
        elif re.fullmatch(r"[a-z_]+\.[A-Za-z_]+", name):
            module, _, what = name.partition(".")
            if module in defined() and what not in defined()[module]:
                yield span
        elif re.fullmatch(r"(?:[A-Z][a-z]+)+", name) and name not in every:
            yield span


def test_every_function_and_module_that_the_architecture_names_is_there() -> None:
    assert list(strangers(told(ROOT / "ARCHITECTURE.md"))) == []
    assert len([span for span in spans(told(ROOT / "ARCHITECTURE.md")) if "." in span]) > 60


# --- each rule, broken ---


@pytest.mark.parametrize("link", ["nowhere.md", "bench.md#no-such-heading", "#no-such-heading", "no.png"])
def test_a_dead_link_would_be_seen(link: str) -> None:
    page = ROOT / "docs/storage.md"
    assert list(dead_links(page, f"[there]({link})"))
    assert not list(
        dead_links(page, "[there](bench.md#scanning) and [the tree](../ARCHITECTURE.md#the-tree)")
    )


@pytest.mark.parametrize("line", ["biobank fly", "biobank check --loudly", "$ biobank study lode FILE"])
def test_a_command_that_is_not_there_would_be_seen(line: str) -> None:
    assert list(unknown_commands(f"Say `{line}`."))
    assert list(unknown_commands(f"```\n{line}\n```\n"))


def test_an_address_a_button_and_a_function_that_are_not_there_would_be_seen() -> None:
    assert list(no_addresses("Open `/freezers-of-the-world`.")) == ["/freezers-of-the-world"]
    assert not list(
        no_addresses("Open `/visits/{code}`, `/containers/{code}?slot=B7`, `/api/v1/find?code=...`.")
    )
    assert unsaid("Press **Fly**, then **Store**. **This is a sentence.**") == ["Fly"]
    wrong = "`custody.fly`, `flying.py`, `FlyingCard`, `custody.record_all`, `database.py`, `Door`"
    assert list(strangers(wrong)) == ["custody.fly", "flying.py", "FlyingCard"]
