"""Refusals: every slug that the domain can say is provoked by some test."""

import ast
from collections.abc import Iterator
from pathlib import Path

from biobank import errors

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "biobank"
KINDS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.Refusal)
}
OURS = ("api", "pages", "commands", "exchange", "labels")
"""Packages whose refusals their own tests look after."""


def slugs(path: Path) -> Iterator[str]:
    """What a module refuses by name: the first argument of each refusal it makes."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name in KINDS | {"_fault"}:
                yield str(node.args[0].value)


def test_every_refusal_of_the_domain_is_provoked_by_a_test() -> None:
    modules = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in OURS]
    known = {slug for path in modules for slug in slugs(path)}
    tested = "".join(path.read_text("utf-8") for path in TESTS.rglob("test_*.py"))
    assert len(known) > 60
    assert sorted(slug for slug in known if f'"{slug}"' not in tested) == []


def test_a_refusal_that_nobody_tests_would_be_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('raise Conflict("never_heard_of" "_this", "x")\nraise ValueError("no refusal")\n')
    assert list(slugs(module)) == ["never_heard_of_this"]
