"""The laws of the code that no linter knows, each with a source that breaks it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "biobank"
LONGEST = 400
STATE = {"life", "end_reason", "amount", "out_with", "out_since", "thaws", "exposure_s"}
"""What a specimen's last event says of it; assigned by custody alone."""

TRANSACTIONS = {"begin", "begin_nested", "commit", "rollback"}
TREE = re.compile(r"^(?P<indent> *)(?P<name>[\w./-]+?)(?P<folder>/?)(?: {2,}(?P<sentence>\S.*))?$")


def sources() -> list[Path]:
    """Every Python file that people write here."""
    folders = ("alembic", "bench", "biobank", "setup", "tests")
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
    )


# --- the rules ---


def transactions(tree: ast.Module) -> Iterator[int]:
    """The lines that end or begin a transaction: only `database.py` does.

    A collection is begun too, by `specimens.begin`.
    """
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in TRANSACTIONS:
            whose = called.value.id if isinstance(called.value, ast.Name) else ""
            if whose not in {"specimens", "collecting", "demo_visits"}:
                yield called.lineno


def assigned_state(tree: ast.Module) -> Iterator[int]:
    """The lines that set a state column of something: `x.life = ...`, `setattr(x, "life", ...)`."""
    for node in ast.walk(tree):
        assigned = isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
        if isinstance(node, ast.Attribute) and assigned and node.attr in STATE:
            yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
            name = node.args[1]
            if isinstance(name, ast.Constant) and name.value in STATE:
                yield node.lineno


def updated_specimens(tree: ast.Module) -> Iterator[int]:
    """The lines that change or remove specimens by a statement, behind the back of custody."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            named = node.args and isinstance(node.args[0], ast.Name) and node.args[0].id == "Specimen"
            if node.func.id in {"update", "delete"} and named:
                yield node.lineno


def postponed_annotations(tree: ast.Module) -> Iterator[int]:
    """The lines that put annotations off, which breaks SQLModel's relationships."""
    for node in ast.walk(tree):
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if isinstance(node, ast.ImportFrom) and future and "annotations" in [n.name for n in node.names]:
            yield node.lineno


def too_long(text: str) -> bool:
    """Whether a file is longer than anybody reads."""
    return len(text.splitlines()) > LONGEST


def tree_of(document: str) -> dict[str, str]:
    """Each file and folder of the document's tree with its sentence: `biobank/studies.py` -> `Studies ...`.

    The tree is the first block between ``` that has a line `biobank/`. Two more spaces stand for one
    folder deeper; a folder ends in `/`; two spaces or more part a name from its sentence.
    """
    blocks = re.findall(r"^```\w*\n(.*?)^```", document, re.MULTILINE | re.DOTALL)
    block = next((block for block in blocks if re.search(r"^biobank/", block, re.MULTILINE)), "")
    found: dict[str, str] = {}
    around: list[str] = []
    for line in block.splitlines():
        match = TREE.match(line.rstrip())
        if match is None or not line.strip():
            continue
        depth = len(match["indent"]) // 2
        around[depth:] = [match["name"]]
        found["/".join(around)] = (match["sentence"] or "").strip()
    return found


def sentence_of(path: Path) -> str:
    """The first line of a module's docstring; a package's stands in its `__init__`."""
    source = path / "__init__.py" if path.is_dir() else path
    docstring = ast.get_docstring(ast.parse(source.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0]


def untold(tree: dict[str, str], package: Path) -> Iterator[str]:
    """Modules whose sentence in the tree is missing or another; lines of the tree without a module."""
    modules = {path for path in package.glob("*.py") if path.name != "__init__.py"}
    modules |= {path.parent for path in package.glob("*/__init__.py")}
    for module in sorted(modules):
        name = f"{package.name}/{module.name}"
        if tree.get(name) != sentence_of(module):
            yield f"{name}   {sentence_of(module)}"
    for name in tree:
        ours = name.startswith(f"{package.name}/") and name.endswith(".py")
        if ours and not (package.parent / name).is_file():
            yield f"{name} is not there"


# --- what is true of our code ---


def test_only_the_database_module_begins_and_ends_transactions() -> None:
    broken = [
        f"{path.name}:{line}"
        for path in PACKAGE.rglob("*.py")
        if path.name != "database.py"
        for line in transactions(ast.parse(path.read_text("utf-8")))
    ]
    assert broken == []


def test_only_custody_assigns_the_state_of_a_specimen() -> None:
    broken = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "custody"
        for rule in (assigned_state, updated_specimens)
        for line in rule(ast.parse(path.read_text("utf-8")))
    ]
    assert broken == []


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = [path.name for path in sources() if too_long(path.read_text("utf-8"))]
    # A migration is frozen as it was generated: nobody shortens it afterwards.
    assert [name for name in long if not re.match(r"\d{4}_", name)] == []


def test_no_file_postpones_its_annotations() -> None:
    broken = [
        f"{path.name}:{line}"
        for path in sources()
        for line in postponed_annotations(ast.parse(path.read_text("utf-8")))
    ]
    assert broken == []


def test_every_module_is_told_in_the_architecture_in_its_own_sentence() -> None:
    tree = tree_of((ROOT / "ARCHITECTURE.md").read_text("utf-8"))
    assert list(untold(tree, PACKAGE)) == []


def test_no_migration_folder_hides_the_library_that_runs_it() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()


# --- each rule, broken ---


@pytest.mark.parametrize(
    "source",
    [
        "session.commit()",
        "def act(session):\n    session.rollback()",
        "with engine.begin() as connection:\n    pass",
        "with session.begin_nested():\n    pass",
    ],
)
def test_a_module_that_ends_a_transaction_would_be_seen(source: str) -> None:
    assert list(transactions(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    ["tube.life = Life.ENDED", "tube.amount -= 5", "setattr(tube, 'thaws', 1)", "(tube.out_with, x) = 1, 2"],
)
def test_a_module_that_assigns_state_would_be_seen(source: str) -> None:
    assert list(assigned_state(ast.parse(source)))


def test_reading_state_or_making_a_read_model_is_no_assignment() -> None:
    assert not list(assigned_state(ast.parse("card = Card(life=tube.life, amount=tube.amount)")))


def test_a_statement_that_updates_specimens_would_be_seen() -> None:
    assert list(updated_specimens(ast.parse("session.execute(update(Specimen).values(amount=0))")))


def test_a_postponed_annotation_would_be_seen() -> None:
    assert list(postponed_annotations(ast.parse("from __future__ import annotations")))


def test_a_file_of_four_hundred_and_one_lines_would_be_seen() -> None:
    assert too_long("x = 1\n" * 401)
    assert not too_long("x = 1\n" * 400)


def test_a_tree_that_tells_another_sentence_would_be_seen(tmp_path: Path) -> None:
    package = tmp_path / "biobank"
    (package / "storage").mkdir(parents=True)
    (package / "storage" / "__init__.py").write_text('"""Containers and slots."""\n')
    (package / "clock.py").write_text('"""The one clock.\n\nMore of it.\n"""\n')
    document = "```\nbiobank/\n  clock.py    The one clock.\n  storage/    Containers and slots.\n```\n"
    assert list(untold(tree_of(document), package)) == []
    other = document.replace("The one clock.", "Another clock.")
    assert list(untold(tree_of(other), package)) == ["biobank/clock.py   The one clock."]
    assert list(untold(tree_of(document.replace("clock.py", "clocks.py")), package))
    assert list(untold(tree_of("no tree at all"), package))
