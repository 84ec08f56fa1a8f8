"""Lists leave as CSV and XLSX and come back as they were; no cell of them is computed."""

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import msgspec
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from biobank.errors import RuleBroken
from biobank.exchange import csv_out, xlsx_out

HEADER = ["code", "number", "flag", "day", "moment"]
NASTY = ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r\nx", "'quoted", "＝1", "00123", "1E5", "TRUE", "#N/A"]
NASTY += [
    "https://example.org",
    "mailto:a@b",
    "internal:Sheet1!A1",
    "{=1}",
    "_x0041_",
    " ends ",
    "a\nb",
    '样本,"',
]
"""What spreadsheets are tempted to make something else of."""

texts = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
wholes = st.integers(-(2**62), 2**62)
days = st.dates(date(1850, 1, 1), date(2199, 12, 31))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
rows = st.lists(
    st.tuples(texts, st.none() | wholes, st.booleans(), st.none() | days, moments), max_size=8
)  # fmt: skip


@given(rows)
@settings(max_examples=60, deadline=None)
def test_a_list_comes_back_from_csv_as_it_was(written: Sequence[tuple[Any, ...]]) -> None:
    back = list(csv.reader(StringIO(csv_out.sheet(HEADER, written).decode(), newline="")))
    assert back[0] == HEADER
    assert [_of_csv(row) for row in back[1:]] == list(written)


@given(rows)
@settings(max_examples=60, deadline=None)
def test_a_list_comes_back_from_xlsx_as_it_was(written: Sequence[tuple[Any, ...]]) -> None:
    page = openpyxl.load_workbook(BytesIO(xlsx_out.sheet(HEADER, written))).active
    assert page is not None
    back = [list(row) for row in page.iter_rows()]
    assert [cell.value for cell in back[0]] == HEADER
    assert [_of_xlsx(row) for row in back[1 : len(written) + 1]] == list(written)
    assert {cell.data_type for row in back for cell in row} <= {"s", "n", "b", "d", "inlineStr"}
    assert all(cell.hyperlink is None for row in back for cell in row)


def test_a_spreadsheet_holds_neither_a_formula_nor_a_link() -> None:
    with ZipFile(BytesIO(xlsx_out.sheet(["text"], [[each] for each in NASTY]))) as parts:
        told = b"".join(parts.read(name) for name in parts.namelist())
    assert b"<f>" not in told
    assert b"hyperlink" not in told


def test_the_same_rows_give_the_same_bytes() -> None:
    assert xlsx_out.sheet(["a"], [["1"], [2]]) == xlsx_out.sheet(["a"], [["1"], [2]])


class Row(msgspec.Struct, frozen=True):
    """A row with all that a cell may be."""

    code: str
    many: list[str]
    count: int | None = None


def test_a_column_stands_for_each_field_even_where_there_is_no_row() -> None:
    for data in (csv_out.written(Row, []), csv_out.written(Row, [Row("a", [])])):
        assert data.startswith(b'"code","many","count"\r\n')
    page = openpyxl.load_workbook(BytesIO(xlsx_out.written(Row, [Row("007", ["=a", "b"], 5)]))).active
    assert page is not None
    assert [[cell.value for cell in row] for row in page.iter_rows()] == [
        ["code", "many", "count"],
        ["007", "=a; b", 5],
    ]


def test_what_no_sheet_holds_is_refused_and_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuleBroken) as refused:
        xlsx_out.sheet(["a"], [["x" * 32_768]])
    assert (refused.value.slug, refused.value.facts) == ("cell_too_long", {"row": 1})
    assert xlsx_out.sheet(["a"], [["x" * 32_767]])
    monkeypatch.setattr(xlsx_out, "MOST_ROWS", 2)
    with pytest.raises(RuleBroken) as refused:
        xlsx_out.sheet(["a"], [[1], [2], [3]])
    assert refused.value.slug == "sheet_too_long"


def _of_csv(row: list[str]) -> tuple[Any, ...]:
    text, number, flag, day, moment = row
    return (
        text.removeprefix("'"),
        int(number) if number else None,
        flag == "true",
        date.fromisoformat(day) if day else None,
        datetime.fromisoformat(moment),
    )


def _of_xlsx(row: list[Any]) -> tuple[Any, ...]:
    text, number, flag, day, moment = (cell.value for cell in row)
    return (
        unescape(text or ""),
        None if number is None else int(number),
        flag,
        date.fromisoformat(day) if isinstance(day, str) else day and day.date(),
        datetime.fromisoformat(moment),
    )
