"""CSV files from elsewhere, read strictly: every fault is named by its line and column.

RFC 4180 in UTF-8, with a header. Quotes are closed, rows are as long as the header, lines end in
LF or CR LF. Cells are kept as they are, but for white space around them; nothing is computed.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO

import msgspec

from biobank.errors import Fact, Malformed, Refusal, Refusals, RuleBroken
from biobank.texts import N_

LARGEST = 64 * 1024 * 1024
MOST_COLUMNS = 200
MOST_ROWS = 200_000
MOST_FAULTS = 1000
"""How many faults of a file are told at once; more would help nobody."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONE_RETURN = re.compile(r"\r(?!\n)")


class Row(msgspec.Struct, frozen=True):
    """One row: the line of the file it begins on (the header is on 1), and its cells by column."""

    line: int
    cells: Mapping[str, str]


class Faults:
    """What is wrong with a file, collected so that all of it is told at once."""

    def __init__(self) -> None:
        self.each: list[Refusal] = []

    def add(self, line: int, column: str, slug: str, message: str, /, **facts: Fact) -> None:
        """Note that a cell is refused."""
        self.keep(line, column, RuleBroken(slug, message, field=None, **facts))

    def keep(self, line: int, column: str, refusal: Refusal) -> None:
        """Note a refusal of the domain, in its own words, with the cell it comes from."""
        refusal.field = f"{line}.{column}"
        self.each.append(refusal)
        if len(self.each) >= MOST_FAULTS:
            self.require_none()

    def require_none(self) -> None:
        """Refused: a file in which anything was found wrong, with each line and column."""
        if self.each:
            message = N_("The file was not taken in, nothing was written. Faults found: %(count)s.")
            raise Refusals("file_refused", message, self.each, count=len(self.each))


def read_rows(data: bytes, needed: Iterable[str]) -> list[Row]:
    """The rows of a CSV file that has the needed columns.

    Refused: not UTF-8 (with the byte), a NUL, a lone CR, an unclosed quote or a field above 128 KiB
    (with the line), a header with a column missing, empty or there twice, rows that are longer or
    shorter than the header (all of them named), more than 64 MiB, 200 columns or 200,000 rows.
    """
    records = _records(_text(data))
    header = [name.strip() for name in next(records, (1, []))[1]]
    _require_header(header, needed)
    faults = Faults()
    rows: list[Row] = []
    for line, cells in records:
        if len(cells) != len(header):
            message = N_("This row has %(found)s cells and the header %(wanted)s.")
            column = header[min(len(cells), len(header) - 1)]
            faults.add(line, column, "row_ragged", message, found=len(cells), wanted=len(header))
        rows.append(Row(line, dict(zip(header, map(str.strip, cells), strict=False))))
        if len(rows) > MOST_ROWS:
            message = N_("The file has more than %(most)s rows. Split it.")
            raise Malformed("file_too_long", message, most=MOST_ROWS)
    faults.require_none()
    return rows


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        message = N_("The file has %(found)s bytes; %(most)s are allowed. Split it.")
        raise Malformed("file_too_large", message, found=len(data), most=LARGEST)
    begins = len(_BYTE_ORDER_MARK) if data.startswith(_BYTE_ORDER_MARK) else 0
    try:
        text = data[begins:].decode()
    except UnicodeDecodeError as error:
        message = N_("The file is not UTF-8: byte %(offset)s cannot be read. Save it as UTF-8 CSV.")
        raise Malformed("file_not_utf8", message, offset=begins + error.start) from None
    _require_plain(text)
    return text


def _require_plain(text: str) -> None:
    nul = text.find("\0")
    if nul >= 0:
        message = N_("Line %(line)s holds a NUL character. This is not a text file.")
        raise Malformed("file_has_nul", message, line=_line_at(text, nul))
    lone = _LONE_RETURN.search(text)
    if lone:
        message = N_("Line %(line)s holds a CR without LF. Save the file with one kind of line end.")
        raise Malformed("file_lone_return", message, line=_line_at(text, lone.start()))


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it begins on; lines with nothing on them are passed over."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            message = N_("The row that begins on line %(line)s cannot be read: %(error)s.")
            raise Malformed("row_unreadable", message, line=line, error=str(error)) from None
        if cells:
            yield line, cells
        line = reader.line_num + 1


def _require_header(header: Sequence[str], needed: Iterable[str]) -> None:
    if len(header) > MOST_COLUMNS:
        message = N_("The file has %(found)s columns; %(most)s are allowed.")
        raise Malformed("file_too_wide", message, found=len(header), most=MOST_COLUMNS)
    if "" in header:
        message = N_("Column %(number)s has no name.")
        raise Malformed("column_unnamed", message, number=header.index("") + 1)
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice:
        message = N_("The column “%(column)s” is there twice.")
        raise Malformed("column_twice", message, column=twice[:60])
    lost = next((name for name in needed if name not in header), None)
    if lost:
        message = N_("There is no column “%(column)s”. The file has: %(known)s.")
        raise Malformed("column_missing", message, column=lost, known=", ".join(header)[:500])


def _line_at(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
