"""Layouts: which column of a scanner's file says what, told by the scanner's profile or guessed."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import pairwise

import msgspec

from biobank.errors import Malformed
from biobank.inputs import Input, Whole
from biobank.racks.lines import Line, cell, cut, delimiter_of, usual_width
from biobank.texts import N_

MOST_ROWS, MOST_COLUMNS = 32, 48
"""The sides of a plate of 1,536 wells: no scanner reads a larger one."""

SHORTEST_RACK = 4
"""What is shorter, such as `OK`, is no code of a rack."""

_POSITION = re.compile(r"([A-Z]{1,2})0*([1-9][0-9]?)", re.ASCII)
_ROW = re.compile(r"[A-Z]{1,2}|0*[1-9][0-9]?", re.ASCII)
_COLUMN = re.compile(r"0*[1-9][0-9]?", re.ASCII)
_DATE_OR_TIME = re.compile(r"\d{1,4}([/.:-])\d{1,2}\1\d{1,4}( .*)?|(19|20)\d{6}", re.ASCII)
_MOSTLY = 0.8


class Profile(StrEnum):
    """What is known of how a scanner writes its file."""

    VISIONMATE = "visionmate"
    TRAXCER = "traxcer"
    FLUIDX = "fluidx"
    EASYBLOOD = "easyblood"
    PAIRS = "pairs"
    HEADED = "headed"
    PLAIN = "plain"


PROFILES: dict[Profile, str] = {
    Profile.VISIONMATE: N_("VisionMate: LocationCell, TubeCode, RackID"),
    Profile.TRAXCER: N_("Traxcer or Micronic: the rack's code on the first line"),
    Profile.FLUIDX: N_("FluidX: rack, position, tube on each line"),
    Profile.EASYBLOOD: N_("EasyBlood: RackID, TPositionID, TTubeBC"),
    Profile.PAIRS: N_("Position and tube on each line, the file named after the rack"),
    Profile.HEADED: N_("Columns named in a header, such as Ziath writes them"),
    Profile.PLAIN: N_("Columns told by what stands in them"),
}
"""What people choose among. Ziath lets every laboratory choose its own columns: they are read by name."""


class RackFrom(StrEnum):
    """Where the rack's code was found."""

    COLUMN = "column"
    FIRST_LINE = "first_line"
    FILE_NAME = "file_name"


class ReadAs(Input):
    """How to read a file where the guess is wrong: as of another scanner, or by columns, from 1."""

    profile: Profile | None = None
    position: Whole | None = None
    tube: Whole | None = None
    rack: Whole | None = None


class Layout(msgspec.Struct, frozen=True):
    """How a file was read. Columns count from 0; a position stands in one column or in two."""

    profile: Profile
    delimiter: str
    width: int
    header: bool
    tube: int
    position: int | None = None
    row: int | None = None
    col: int | None = None
    rack: int | None = None
    rack_from: RackFrom = RackFrom.FILE_NAME


_NAMES = {
    "position": [
        "position",
        "pos",
        "locationcell",
        "location",
        "cell",
        "well",
        "wellposition",
        "tubeposition",
        "tpositionid",
        "positionid",
        "wellid",
        "coordinate",
    ],
    "row": ["row", "locationrow", "tuberow", "wellrow", "platerow"],
    "col": ["column", "col", "locationcolumn", "tubecolumn", "wellcolumn", "platecolumn"],
    "tube": [
        "tubecode",
        "tubeid",
        "tube",
        "tubebarcode",
        "barcode",
        "code",
        "ttubebc",
        "2dbarcode",
        "2dcode",
        "samplebarcode",
        "sampleid",
        "decodedtext",
        "tubenumber",
    ],
    "rack": [
        "rackid",
        "rack",
        "rackcode",
        "rackbarcode",
        "plate",
        "platebarcode",
        "plateid",
        "platecode",
        "containerbarcode",
    ],
}
"""What scanners call their columns, in small letters and digits alone."""


def layout_of(text: str, told: ReadAs) -> tuple[Layout, str, list[Line]]:
    """How a file is laid out, the rack's code where its first line is that, and the lines that are wells.

    Refused: a file in which no column names wells, one that is not of the profile it shall be read as.
    """
    delimiter = delimiter_of(text)
    lines = cut(text, delimiter)
    width = usual_width(lines)
    first = ""
    if (len(lines[0].cells) < width and _is_lone(lines[0])) or told.profile is Profile.TRAXCER:
        first, lines = next(filter(None, lines[0].cells)), lines[1:]
    if not lines:
        raise _no_wells()
    header = not _has_position(lines[0])
    named = _named(lines[0]) if header else {}
    wells = lines[1:] if header else lines
    if not wells:
        raise _no_wells()
    columns = _columns(wells, width, named, told)
    rack_from = RackFrom.FILE_NAME
    if "rack" in columns:
        rack_from = RackFrom.COLUMN
    elif first:
        rack_from = RackFrom.FIRST_LINE
    words = [_plain(word) for word in lines[0].cells] if header else []
    profile = _profile(words, columns, width, rack_from)
    if told.profile and told.profile is not profile and told.profile not in _COMMON:
        _require_profile(told.profile, words, columns, width)
    found = Layout(
        profile=told.profile or profile,
        delimiter=delimiter,
        width=width,
        header=header,
        rack_from=rack_from,
        **columns,
    )
    return found, first, wells


def place_of(text: str) -> tuple[int, int] | None:
    """The zero-based row and column of a position such as `A1`, `a01` or `AA48`; None for what is none."""
    match = _POSITION.fullmatch(text.upper())
    if not match:
        return None
    row, column = row_index(match[1]), int(match[2]) - 1
    return (row, column) if row < MOST_ROWS and column < MOST_COLUMNS else None


def row_index(text: str) -> int:
    """The zero-based row of `A`, `AA` or `1`."""
    if text.isdigit():
        return int(text) - 1
    index = 0
    for letter in text.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def place_in(line: Line, layout: Layout) -> tuple[int, int] | None:
    """The well that a line speaks of; None where it names none."""
    if layout.position is not None:
        return place_of(cell(line, layout.position))
    if layout.row is None or layout.col is None:
        return None
    row, column = cell(line, layout.row).upper(), cell(line, layout.col)
    if not _ROW.fullmatch(row) or not _COLUMN.fullmatch(column):
        return None
    found = row_index(row), int(column) - 1
    return found if found[0] < MOST_ROWS and found[1] < MOST_COLUMNS else None


# --- how ---

_COMMON = (Profile.HEADED, Profile.PLAIN, Profile.TRAXCER)


def _is_lone(line: Line) -> bool:
    return sum(map(bool, line.cells)) == 1 and not _has_position(line)


def _has_position(line: Line) -> bool:
    """Whether some cell names a well, or two that stand together name its row and its column."""
    pairs = pairwise(line.cells)
    return any(place_of(each) for each in line.cells) or any(
        re.fullmatch("[A-Za-z]{1,2}", row) and _COLUMN.fullmatch(column) for row, column in pairs
    )


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())


def _named(header: Line) -> dict[str, int]:
    """The columns that the header names; the first of a kind counts."""
    found: dict[str, int] = {}
    for column, word in enumerate(map(_plain, header.cells)):
        for kind, names in _NAMES.items():
            if word in names:
                found.setdefault(kind, column)
    return found


def _columns(wells: Sequence[Line], width: int, named: dict[str, int], told: ReadAs) -> dict[str, int]:
    columns = {} if told.profile is Profile.PLAIN else dict(named)
    for kind in ("position", "tube", "rack"):
        number = getattr(told, kind)
        if number is not None:
            columns[kind] = _require_column(number, width, kind)
    if "position" not in columns and not {"row", "col"} <= columns.keys():
        columns |= _position_columns(wells, width, columns)
    if "position" in columns:
        columns = {kind: column for kind, column in columns.items() if kind not in ("row", "col")}
    rest = [column for column in range(width) if column not in columns.values()]
    if "tube" not in columns:
        after = max(columns[kind] for kind in ("position", "col") if kind in columns)
        columns["tube"] = _most_various(wells, rest, after)
        rest.remove(columns["tube"])
    if "rack" not in columns:
        columns |= _rack_column(wells, rest, width)
    return columns


def _require_column(number: int, width: int, field: str) -> int:
    """The zero-based column of a number from 1. Refused: one that the file does not have."""
    if not 0 < number <= width:
        message = N_("The file has no column %(number)s: it has %(width)s.")
        raise Malformed("column_absent", message, field=field, number=number, width=width)
    return number - 1


def _position_columns(wells: Sequence[Line], width: int, known: dict[str, int]) -> dict[str, int]:
    free = [column for column in range(width) if column not in known.values()]
    for column in free:
        if _mostly(wells, column, lambda text: place_of(text) is not None):
            return {"position": column}
    for row, column in pairwise(free):
        if _mostly(wells, row, lambda text: re.fullmatch("[A-Za-z]{1,2}", text) is not None) and _mostly(
            wells, column, lambda text: _COLUMN.fullmatch(text) is not None
        ):
            return {"row": row, "col": column}
    raise _no_wells()


def _mostly(wells: Sequence[Line], column: int, fits: Callable[[str], bool]) -> bool:
    return sum(fits(cell(line, column)) for line in wells) > _MOSTLY * len(wells)


def _most_various(wells: Sequence[Line], rest: Sequence[int], after: int) -> int:
    """The column with the most different texts; where they are even, the one behind the position."""
    if not rest:
        raise Malformed("tubes_not_found", N_("No column of this file names tubes."), field="file")
    return max(
        rest, key=lambda column: (len({cell(line, column) for line in wells}), column == after + 1, -column)
    )


def _rack_column(wells: Sequence[Line], rest: Sequence[int], width: int) -> dict[str, int]:
    """The one column that says the same on every line and is no date; three columns are well known."""
    same = []
    for column in rest:
        said = Counter(cell(line, column) for line in wells)
        text = said.most_common(1)[0][0]
        often = said[text] > len(wells) / 2  # of mixed racks too, so that they are refused as such
        if often and len(text) >= SHORTEST_RACK and not _DATE_OR_TIME.fullmatch(text):
            same.append(column)
    return {"rack": same[0]} if len(same) == 1 or (same and width == 3) else {}


def _profile(words: Sequence[str], columns: dict[str, int], width: int, rack_from: RackFrom) -> Profile:
    if {"locationcell", "tubecode"} <= set(words):
        return Profile.VISIONMATE
    if {"tpositionid", "ttubebc"} <= set(words):
        return Profile.EASYBLOOD
    if rack_from is RackFrom.FIRST_LINE:
        return Profile.TRAXCER
    if words:
        return Profile.HEADED
    if (columns.get("rack"), columns.get("position"), columns["tube"]) == (0, 1, 2):
        return Profile.FLUIDX
    return Profile.PAIRS if width == 2 and columns.get("position") == 0 else Profile.PLAIN


def _require_profile(wanted: Profile, words: Sequence[str], columns: dict[str, int], width: int) -> None:
    """Refused: a file that cannot be what it shall be read as."""
    fits = {
        Profile.FLUIDX: not words and width >= 3,
        Profile.PAIRS: "position" in columns,
    }
    if not fits.get(wanted):
        message = N_("The file is not written as “%(profile)s” writes it. Let it be guessed.")
        raise Malformed("other_profile", message, field="profile", profile=wanted.value)


def _no_wells() -> Malformed:
    message = N_(
        "No column of this file names wells such as A1 or A01. Delimiters looked for: tab, semicolon, comma."
    )
    return Malformed("wells_not_found", message, field="file")
