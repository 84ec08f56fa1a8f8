"""The lines of a scanner's file: its text, its delimiter, its cells. Pure."""

import csv
from collections import Counter
from collections.abc import Sequence

import msgspec

from biobank.errors import Malformed
from biobank.texts import N_

LARGEST = 1024 * 1024
"""A rack of 1,536 wells is a few dozen KiB in the most talkative of formats."""

MOST_LINES, MOST_CELLS = 10_000, 200
"""Several times what any scanner writes: a file may be small and still take long to make sense of."""

DELIMITERS = ("\t", ";", ",")

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Line(msgspec.Struct, frozen=True):
    """One line that has anything on it: its number in the file, from 1, and its cells, bare of blanks."""

    number: int
    cells: list[str]


def text_of(data: bytes) -> str:
    """The text of a file in UTF-8, with or without a byte order mark, or in UTF-16 with one.

    Refused: more than 1 MiB, nothing at all, bytes that are no text.
    """
    if len(data) > LARGEST:
        message = N_("The file has %(found)s bytes; a rack's file has at most %(most)s.")
        raise Malformed("rack_file_too_large", message, field="file", found=len(data), most=LARGEST)
    try:
        text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        message = N_("This is not a text file. Export the rack as text, CSV or TSV.")
        raise Malformed("rack_file_not_text", message, field="file")
    if not text.strip():
        raise _empty()
    return text


def delimiter_of(text: str) -> str:
    """The delimiter of most lines: a tab, a semicolon or a comma, in this order where they are even."""
    lines = text.splitlines()
    return max(DELIMITERS, key=lambda each: sum(each in line for line in lines))


def cut(text: str, delimiter: str) -> list[Line]:
    """The lines that have anything on them.

    Refused: none, too many, too many cells on one, and quotes not closed, with the line.
    """
    found: list[Line] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error:
            message = N_("This line cannot be read: a quotation mark is not closed.")
            refusal = Malformed("line_unreadable", message, field="file")
            refusal.line = number
            raise refusal from None
        bare = [cell.strip() for cell in cells]
        if len(bare) > MOST_CELLS or len(found) == MOST_LINES:
            message = N_("This is no file of a rack: it goes beyond %(lines)s lines of %(cells)s columns.")
            raise Malformed("rack_file_too_long", message, field="file", lines=MOST_LINES, cells=MOST_CELLS)
        if any(bare):
            found.append(Line(number, bare))
    if not found:
        raise _empty()
    return found


def usual_width(lines: Sequence[Line]) -> int:
    """How many cells most lines have."""
    return Counter(len(line.cells) for line in lines).most_common(1)[0][0]


def cell(line: Line, column: int) -> str:
    """A cell, empty where the line ends before it."""
    return line.cells[column] if column < len(line.cells) else ""


def _empty() -> Malformed:
    return Malformed("rack_file_empty", N_("The file is empty."), field="file")
