"""CSV files for elsewhere: rows of a list, in which no cell can be taken for a formula.

RFC 4180 in UTF-8: a header, every text in quotes, lines ending in CR LF. A text that a spreadsheet would
compute, since it begins with = + - @ TAB CR or LF, gets an apostrophe before it, and so does one that begins
with an apostrophe: whoever takes one away has what it was. Numbers, below zero too, stay as they are.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import msgspec

MEDIA_TYPE = "text/csv"

_RISKY = tuple("=+-@\t\r\n＝＋－＠'")
"""What a spreadsheet may take for the beginning of a formula, full width too; and the apostrophe itself."""


def written(kind: type[msgspec.Struct], rows: Iterable[msgspec.Struct]) -> bytes:
    """Rows of one kind as a CSV file: a column for each field, by its name, even where there is no row."""
    return sheet(kind.__struct_fields__, map(msgspec.structs.astuple, rows))


def sheet(header: Sequence[str], rows: Iterable[Sequence[Any]], *, marked: bool = False) -> bytes:
    """A header and rows of values as a CSV file. Times keep their offset; a list stands in one cell.

    `marked` puts the mark of UTF-8 before it, by which a spreadsheet knows it; programs need none.
    """
    out = StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([safe(name) for name in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig" if marked else "utf-8")


def safe(text: str) -> str:
    """A text that no spreadsheet computes."""
    return f"'{text}" if text.startswith(_RISKY) else text


def _cell(value: Any) -> str | int | float | Decimal:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return value
        case datetime() | date():
            return value.isoformat()
        case list() | tuple():
            return safe("; ".join(map(str, value)))
        case _:
            return safe(str(value))
