"""Where a field of a protocol file stands, and that a refusal says so wherever it is read."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from biobank import studies, web
from biobank.app import create_app
from biobank.errors import Refusal, Refusals
from biobank.settings import Settings
from biobank.studies.lines import line_of, lines_of
from tests.api.program import Program
from tests.terminal import Terminal
from tests.world import MANAGER, World

PROTOCOLS = Path(__file__).parent.parent / "protocols"

TEXT = '''# a comment
[study]
code = "S" # [events]
title = """
[[events]]
not = "a field"
"""

[collecting]
datasets = [
  "fmri",  # ]
  "psg",
]

[vessels."EDTA 4.5 mL"]
primary = "PED"

[collections]
[[collections.blood]]
material = "blood_edta"
[[collections.blood.derivatives]]
material = "plasma_edta"

  [[ collections.blood.derivatives ]]
  material = 'buffy_coat'
  limits = { spin = 240, freeze = 60 }
  [collections.blood.derivatives.more]
  amount = "1 mL"
[[collections.blood]]
"material" = "serum"
labels.participant = true

[[events]]
code = "BL"
[[events]]
code = "M1"
day = 30
'''


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("study", 2),
        ("study.code", 3),
        ("study.title", 4),
        ("collecting.datasets", 10),
        ("collecting.datasets.1", 10),
        ("vessels.EDTA 4.5 mL", 15),
        ("vessels.EDTA 4.5 mL.primary", 16),
        ("vessels.EDTA 4.5 mL.volume", 15),
        ("collections", 18),
        ("collections.blood.0", 19),
        ("collections.blood.0.material", 20),
        ("collections.blood.0.derivatives.0.material", 22),
        ("collections.blood.0.derivatives.1.material", 25),
        ("collections.blood.0.derivatives.1.limits.freeze", 26),
        ("collections.blood.0.derivatives.1.more.amount", 28),
        ("collections.blood.1.material", 30),
        ("collections.blood.1.labels.participant", 31),
        ("collections.blood.2.material", 19),
        ("events.0.code", 34),
        ("events.0.title", 33),
        ("events.1.day", 37),
        ("nothing.at.all", 1),
    ],
)
def test_a_field_has_its_line_or_that_of_what_stands_around_it(field: str, line: int) -> None:
    tomllib.loads(TEXT)
    assert line_of(lines_of(TEXT), field) == line
    assert line_of(lines_of(TEXT.replace("\n", "\r\n")), field) == line


def fields(found: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a file that was read, with its value."""
    for name, value in found.items() if isinstance(found, dict) else enumerate(found):
        at = f"{path}.{name}" if path else str(name)
        if isinstance(value, dict | list):
            yield from fields(value, at)
        else:
            yield at, value


@pytest.mark.parametrize("name", ["lbpb", "icbt-fusion", "ibdmdb"])
def test_every_value_of_our_own_protocols_stands_on_the_line_it_is_found_on(name: str) -> None:
    text = (PROTOCOLS / f"{name}.toml").read_text("utf-8")
    written, lines = text.splitlines(), lines_of(text)
    for field, value in fields(tomllib.loads(text)):
        on = written[line_of(lines, field) - 1]
        assert json.dumps(value, ensure_ascii=False) in on, (field, on)


STUDY = '[study]\ncode = "S"\ntitle = "T"\n'
EVENT = '[[events]]\ncode = "BL"\ntitle = "Baseline"\nday = 0\n'


def refused(text: bytes) -> Refusal:
    with pytest.raises(Refusal) as found:
        studies.read_protocol(text)
    return found.value


def test_each_field_that_cannot_be_read_has_its_line() -> None:
    found = refused((STUDY + EVENT + 'before = -1\n[[events]]\ncode = "M 1"\ntitle = "x"\n').encode())
    assert isinstance(found, Refusals)
    assert [(each.field, each.line) for each in found.each] == [("events.0.before", 8), ("events.1.code", 10)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"[study]\ncode = \n", 2),
        (b"[study]\ncode = 'x\xff'", 2),
        (b"[study]\ncode = '''", 2),
        (STUDY.encode() + b'[vessels."a"]\n[vessels."a"]\n', 5),
    ],
)
def test_what_is_no_toml_has_a_line(text: bytes, line: int) -> None:
    found = refused(text)
    assert (found.slug, found.line) == ("protocol_unreadable", line)


WRONG = STUDY + EVENT + 'arms = ["A"]\n'


def test_a_terminal_says_the_line_and_the_field(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(WRONG)
    assert terminal.refused("study", "load", str(file)) == (
        "line 8, events.0.arms: Event BL refers to A, which the protocol does not describe.\n"
    )
    file.write_text(STUDY + EVENT + "colour = 5\n")
    assert terminal.refused("study", "load", str(file)).splitlines()[1] == (
        "  line 8, events.0.colour: There is no such field. Leave it out."
    )


def test_a_program_is_told_the_line_and_the_field(sqlite_world: World) -> None:
    with TestClient(create_app(Settings(), database=sqlite_world.database)) as client:
        program = Program(sqlite_world, client)
        told, each = (
            program.post("/studies", content=text.encode(), Content_Type="application/toml", person=MANAGER)
            for text in (WRONG, STUDY + EVENT + "colour = 5\n")
        )
    problem = told.json()
    assert (problem["title"], problem["line"], problem["field"]) == ("protocol_lost", 8, "events.0.arms")
    assert each.json()["errors"][0]["line"] == 8


def test_a_page_says_the_line_and_the_field(sqlite_world: World) -> None:
    app = create_app(Settings(), database=sqlite_world.database)
    page = app.template_engine.engine.get_template("refusal.html")  # type: ignore[union-attr]
    for text, field in ((WRONG, "events.0.arms"), (STUDY + EVENT + "colour = 5\n", "events.0.colour")):
        shown = page.render(refusal=web.problem(refused(text.encode())), both=[])
        assert f"line 8 · <code>{field}</code>" in shown


def test_a_refusal_of_no_file_has_no_line(world: World) -> None:
    with pytest.raises(Refusal) as found:
        world.ask(lambda session, actor: studies.by_code(session, actor, "NONE"))
    assert found.value.line is None
