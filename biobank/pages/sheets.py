"""CSV files for a spreadsheet: nothing is lost, and no cell is run as a formula."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from io import StringIO

Cell = str | int | date | None

RISKY = tuple("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet may take for the beginning of a formula, full width too."""


def sheet(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A CSV file (RFC 4180) in UTF-8, with the mark by which a spreadsheet knows it is that."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([cell(each) for each in header])
    writer.writerows([cell(each) for each in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def cell(value: Cell) -> str:
    """What stands in a cell. Text that begins like a formula gets an apostrophe in front.

    So does text that begins with an apostrophe: whoever takes one away has what it was. Numbers, below
    zero too, stay as they are.
    """
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        return "" if value is None else str(value)
    return f"'{value}" if value.startswith((*RISKY, "'")) else value
