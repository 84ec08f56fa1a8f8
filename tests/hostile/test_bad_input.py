"""The table of bad input: each row is refused as it must be on both databases, and writes nothing at all."""

from collections import defaultdict
from pathlib import Path

import pytest
from litestar.testing import TestClient
from sqlalchemy import func, select
from sqlmodel import SQLModel

from tests.api.program import Program
from tests.hostile import rows_addresses, rows_audits, rows_files, rows_json, rows_sessions
from tests.hostile.furnished import Known
from tests.hostile.matrix import ABSENT, ELSEWHERE, NUMBERS
from tests.hostile.row import Row, order
from tests.quick import app_of
from tests.world import World

ROOT = Path(__file__).parents[2]
SOURCES = {
    "bodies": rows_json.rows,
    "addresses": rows_addresses.rows,
    "sessions": rows_sessions.rows,
    "files": rows_files.rows,
    "audits": rows_audits.rows,
}


def state(world: World) -> list[object]:
    """How many rows each table has, and when the log was last written.

    But for the wrong passwords, which are counted although they are refused.
    """
    tables = [table for table in SQLModel.metadata.sorted_tables if table.name != "password_tries"]
    counts = [select(func.count()).select_from(table).scalar_subquery() for table in tables]
    log = SQLModel.metadata.tables["custody_event"]
    heads = select(func.max(log.c.recorded_at)).scalar_subquery()
    return list(world.database.read(lambda s: s.connection().execute(select(heads, *counts)).one()))


def faults(program: Program, rows: list[Row]) -> list[list[str]]:
    """Every row that was answered otherwise than it must be, or that left something behind."""
    found = []
    before = state(program.world)
    for row in rows:
        wrong = row.faults(row.send(program))
        after = state(program.world)
        if after != before:
            wrong.append(f"{row.number} {row.path[:120]} was refused and left something behind")
        found += [wrong] * bool(wrong)
        before = after
    return found


@pytest.mark.parametrize("source", SOURCES)
def test_bad_input_is_refused_by_its_name_and_nothing_is_written(
    world: World, told: Known, source: str
) -> None:
    with TestClient(app_of(world), raise_server_exceptions=False) as client:
        program = Program(world, client)
        program.secrets |= told.secrets
        rows = SOURCES[source](told)
        assert len(rows) > 30
        assert faults(program, rows) == []
    assert world.unproved() == []


def test_a_row_that_is_let_in_or_refused_otherwise_is_found(sqlite_world: World, known: Known) -> None:
    box, tube = known.boxes[1], known.tubes[5]
    let_in = order("B0", "/moves", {"box": box, "tubes": [tube], "slot": "A1"}, 400, "slot_unknown", "slot")
    otherwise = order("B0", "/moves", {"box": box, "tubes": [tube], "slot": "A0"}, 400, "slot_unknown", "box")
    with TestClient(app_of(sqlite_world)) as client:
        (first, second) = faults(Program(sqlite_world, client), [let_in, otherwise])
    assert first[1:3] == ["200 ", "names []"]
    assert first[-1].endswith("left something behind")
    assert second[1:] == ["422 slot_unknown", "names ['slot']"]


def test_no_address_that_is_no_text_reaches_a_page_or_the_database(known: Known) -> None:
    rows = [row for row in rows_addresses.rows(known) if row.number in ("B24", "B25")]
    assert {row.slug for row in rows} == {"address_unreadable"}
    assert {row.path.startswith("/api/") for row in rows} == {True, False}


def test_every_row_of_the_table_is_sent_or_shown_elsewhere_or_has_a_reason(known: Known) -> None:
    sent: defaultdict[str, int] = defaultdict(int)
    for rows in SOURCES.values():
        for row in rows(known):
            sent[row.number] += 1
    assert sorted({*sent, *ELSEWHERE, *ABSENT}, key=NUMBERS.index) == NUMBERS
    assert all(ABSENT.values())


def test_what_is_said_to_be_shown_elsewhere_is_there() -> None:
    for shown in ELSEWHERE.values():
        for place in shown:
            path, _, name = place.partition("::")
            assert f"def {name}" in (ROOT / path).read_text("utf-8"), place
