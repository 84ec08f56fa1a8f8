"""Reading the file of a rack scanner: which tube is in which well. Pure; nothing is asked or kept."""

import re
from enum import StrEnum
from pathlib import PurePath

import msgspec

from biobank import codes
from biobank.errors import Fact, Malformed, Refusal, Refusals, RuleBroken
from biobank.racks.layouts import Layout, RackFrom, ReadAs, layout_of, place_in
from biobank.racks.lines import Line, cell, text_of
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.texts import N_

LONGEST_CODE = 60

NO_TUBE = frozenset(("", "NO TUBE", "NOTUBE", "EMPTY", "NONE", "NO VIAL", "ABSENT"))
"""What scanners write of a well in which nothing stands; so is a line of dashes."""

NO_READ = frozenset(
    ("NO READ", "NOREAD", "NO CODE", "NOCODE", "NO SCAN", "NOSCAN", "MISREAD", "UNREADABLE", "READ ERROR")
)
"""What scanners write of a tube whose code they could not read; some write it of empty wells as well."""

_DASHES = re.compile(r"-{2,}")
_NUMBER_OF_A_SPREADSHEET = re.compile(r"\d([.,]\d+)?E\+?\d+", re.ASCII)


class Said(StrEnum):
    """What the scanner says of a well."""

    TUBE = "tube"
    NO_TUBE = "no_tube"
    NO_READ = "no_read"


class Well(msgspec.Struct, frozen=True):
    """One line of the file: its well, zero-based, and the code of the tube in it, as text."""

    line: int
    row: int
    col: int
    said: Said
    code: str = ""


class Reading(msgspec.Struct, frozen=True):
    """A file as it was read: how, of which rack, and what is in its wells, in the order of the lines."""

    layout: Layout
    rack: str
    wells: list[Well]


def read(data: bytes, name: str = "", told: ReadAs | None = None, *, twice: bool = False) -> Reading:
    """Read the file of a rack scanner, whichever wrote it.

    With `twice` a code may stand there more than once: who counts wants to know of it.

    The rack's code is that of a column, of the first line, or the file's name. Codes are kept as text:
    leading zeros count. Refused, all at once and with their lines: a line that names no well, a well or
    a tube that is there twice, lines of several racks, codes that a spreadsheet turned into numbers;
    and what is no text, has more than 1 MiB or names no wells.
    """
    layout, first, lines = layout_of(text_of(data), told or ReadAs())
    faults: list[Refusal] = []
    wells = [found for line in lines if (found := _well(line, layout, faults))]
    faults += _twice(wells, tubes=not twice)
    racks = _racks(lines, layout, faults)
    _require_none(faults)
    if not wells:
        raise Malformed("wells_not_found", N_("The file tells of no well."), field="file")
    rack = {RackFrom.COLUMN: racks, RackFrom.FIRST_LINE: first}.get(layout.rack_from) or ""
    return Reading(layout, rack or _stem(name), wells)


def require_grid(reading: Reading, grid: Grid) -> None:
    """Refused: wells outside the grid of the box, a file that tells of empty wells but not of all."""
    faults: list[Refusal] = []
    for well in reading.wells:
        if not grid.has(Slot(well.row, well.col)):
            message = N_("%(well)s is outside: the box has %(rows)s rows and %(cols)s columns.")
            facts: dict[str, Fact] = {"rows": grid.rows or 0, "cols": grid.cols or 0}
            faults.append(_fault(well.line, "well_outside", message, well=well_name(well), **facts))
    told = len(reading.wells)
    if not faults and told != grid.size and any(well.said is Said.NO_TUBE for well in reading.wells):
        message = N_("The file tells of %(told)s wells, and the box has %(size)s. Is it of another rack?")
        raise RuleBroken("wells_missing", message, field="file", told=told, size=grid.size or 0)
    _require_none(faults)


def well_name(well: Well) -> str:
    """A well as scanners name it: `A1`, whatever the box's own names are."""
    return slot_name(Grid(rows=1, cols=1), Slot(well.row, well.col))


# --- how ---


def _well(line: Line, layout: Layout, faults: list[Refusal]) -> Well | None:
    place = place_in(line, layout)
    if place is None:
        faults.append(_fault(line.number, "well_unreadable", N_("This line names no well.")))
        return None
    code = cell(line, layout.tube)
    word = " ".join(code.upper().replace("_", " ").split())
    if word in NO_TUBE or _DASHES.fullmatch(word):
        return Well(line.number, *place, Said.NO_TUBE)
    if word in NO_READ:
        return Well(line.number, *place, Said.NO_READ)
    if _NUMBER_OF_A_SPREADSHEET.fullmatch(word):
        message = N_("“%(code)s” is a number of a spreadsheet and no code any more. Export the file again.")
        faults.append(_fault(line.number, "code_damaged", message, code=code))
    if len(code) > LONGEST_CODE or not code.isprintable():
        message = N_("This is no code of a tube: it is too long, or holds what cannot be printed.")
        faults.append(_fault(line.number, "tube_code_unusable", message))
        return None
    return Well(line.number, *place, Said.TUBE, code)


def _twice(wells: list[Well], *, tubes: bool) -> list[Refusal]:
    """A fault for every line that says again what another one said."""
    faults: list[Refusal] = []
    places: dict[tuple[int, int], int] = {}
    codes_before: dict[str, int] = {}
    for well in wells:
        first = places.setdefault((well.row, well.col), well.line)
        if first != well.line:
            message = N_("%(well)s is there twice, on line %(first)s before.")
            faults.append(_fault(well.line, "well_twice", message, well=well_name(well), first=first))
        if well.said is not Said.TUBE or not tubes:
            continue
        first = codes_before.setdefault(codes.fold(well.code), well.line)
        if first != well.line:
            message = N_("Tube %(code)s is there twice, on line %(first)s before.")
            faults.append(_fault(well.line, "tube_twice", message, code=well.code, first=first))
    return faults


def _racks(lines: list[Line], layout: Layout, faults: list[Refusal]) -> str:
    """The one rack that all lines name, where a column does."""
    if layout.rack is None:
        return ""
    named = [(line, cell(line, layout.rack)) for line in lines]
    rack = next((text for _, text in named if text), "")
    for line, text in named:
        if text and codes.fold(text) != codes.fold(rack):
            message = N_("This line is of rack %(other)s, and those before are of %(rack)s.")
            faults.append(_fault(line.number, "racks_mixed", message, other=text[:60], rack=rack[:60]))
    return rack


def _stem(name: str) -> str:
    """A file's name without its folder and its ending."""
    return PurePath(name.replace("\\", "/")).stem.strip()[:LONGEST_CODE]


def _fault(line: int, slug: str, message: str, **facts: Fact) -> Refusal:
    fault = RuleBroken(slug, message, field="file", **facts)
    fault.line = line
    return fault


def _require_none(faults: list[Refusal]) -> None:
    if faults:
        message = N_("The rack's file cannot be used; nothing was written. Faults found: %(count)s.")
        each = sorted(faults, key=lambda fault: fault.line or 0)[:200]
        raise Refusals("rack_file_refused", message, each, count=len(faults))
