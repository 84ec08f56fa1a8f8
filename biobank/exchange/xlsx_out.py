"""Spreadsheets for elsewhere: rows of a list as XLSX, in which every text is a text and nothing is computed.

ECMA-376 (Office Open XML). A text is written as a text whatever it looks like, so that `=1+1` and
`https://...` stay words and `00123` keeps its zeros; no apostrophe is needed, unlike in CSV. Whole numbers
are numbers up to fifteen digits, which is what a spreadsheet shows exactly, and texts beyond. Days are
days; times are texts with their offset, which a spreadsheet has no place for. The same rows always give
the same bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import msgspec
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from biobank.errors import RuleBroken
from biobank.texts import N_

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

MOST_ROWS = 2**20 - 1
"""What fits a sheet below its header."""

_EXACT = 10**15
_FIRST_DAY = date(1900, 3, 1)
"""Spreadsheets count days from 1900 and believe that it had a 29 February."""

_ALWAYS = datetime(1980, 1, 1)  # noqa: DTZ001 - the day zip files know first, so that bytes tell no time
_MEASURED = 200
"""How many rows decide how wide a column is."""


def written(kind: type[msgspec.Struct], rows: Iterable[msgspec.Struct]) -> bytes:
    """Rows of one kind as a spreadsheet: a column for each field, by its name, even where there is no row.

    Refused: more rows than a sheet holds, a text longer than a cell holds.
    """
    return sheet(kind.__struct_fields__, map(msgspec.structs.astuple, rows))


def sheet(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A header and rows of values as a spreadsheet of one sheet, a row at a time in memory.

    Refused: more rows than a sheet holds, a text longer than a cell holds.
    """
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        book.set_properties({"created": _ALWAYS})
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        page = book.add_worksheet()
        page.freeze_panes(1, 0)
        widths = [len(name) for name in header]
        for place, name in enumerate(header):
            page.write_string(0, place, name, bold)
        last = 0
        for last, row in enumerate(rows, start=1):
            if last > MOST_ROWS:
                message = N_("A spreadsheet holds %(most)s rows. Seek fewer, or take the CSV file.")
                raise RuleBroken("sheet_too_long", message, most=MOST_ROWS)
            for place, value in enumerate(row):
                _write(page, last, place, value, day)
                if last <= _MEASURED:
                    widths[place] = max(widths[place], len(str(value)))
        for place, width in enumerate(widths):
            page.set_column(place, place, min(width, 60) + 2)
        page.autofilter(0, 0, last, max(len(header) - 1, 0))
    return out.getvalue()


def _write(page: Worksheet, row: int, place: int, value: Any, day: Format) -> None:
    match value:
        case None | "":
            pass
        case bool():
            page.write_boolean(row, place, value)
        case int() | float() | Decimal() if -_EXACT < value < _EXACT:
            page.write_number(row, place, value)
        case datetime():
            page.write_string(row, place, value.isoformat())
        case date() if value >= _FIRST_DAY:
            page.write_datetime(row, place, value, day)
        case _:
            _write_text(page, row, place, value)


def _write_text(page: Worksheet, row: int, place: int, value: Any) -> None:
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    if page.write_string(row, place, text):
        message = N_("A text of row %(row)s is longer than a spreadsheet's cell. Take the CSV file.")
        raise RuleBroken("cell_too_long", message, row=row)
