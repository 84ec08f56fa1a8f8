"""CSV files for elsewhere: no cell is a formula, and what stands in them can be read back."""

import csv
from datetime import date, datetime, timedelta, timezone
from io import StringIO

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biobank.exchange import csv_out


class Line(msgspec.Struct):
    """A row of a list."""

    name: str
    days: int | None
    on: date | None
    told: list[str]


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(data.decode(), newline="")))


@pytest.mark.parametrize("text", ["=1+1", "+8", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "'x"])
def test_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    (_, (first, *_)) = read(csv_out.written(Line, [Line(text, 1, None, [])]))
    assert first == f"'{text}"


def test_numbers_below_zero_days_times_and_lists_stay_what_they_are() -> None:
    data = csv_out.written(Line, [Line('a,"b"', -80, date(2026, 5, 4), ["=x", "y"])])
    assert data == b'"name","days","on","told"\r\n"a,""b""",-80,"2026-05-04","\'=x; y"\r\n'
    moment = datetime(2026, 5, 4, 9, 30, tzinfo=timezone(timedelta(hours=8)))
    assert read(csv_out.sheet(["at", "so"], [[moment, True]]))[1] == ["2026-05-04T09:30:00+08:00", "true"]


def test_an_empty_list_is_its_header_and_a_marked_one_is_known_by_a_spreadsheet() -> None:
    assert csv_out.written(Line, []) == b'"name","days","on","told"\r\n'
    assert csv_out.sheet(["一"], [], marked=True) == '\ufeff"一"\r\n'.encode()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_whoever_takes_the_apostrophe_away_has_what_it_was(text: str) -> None:
    (_, (cell,)) = read(csv_out.sheet(["x"], [[text]]))
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert (cell.removeprefix("'")) == text
