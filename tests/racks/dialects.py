"""Real plates, written out as the scanners of several makers write their files."""

import csv
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

PLATES = Path(__file__).parents[1] / "data" / "tcga_lgg_aliquots.csv"
ROWS, COLS = 8, 12

Plate = Mapping[tuple[int, int], str]
"""The code on the bottom of each tube, by zero-based row and column."""


@cache
def plates() -> dict[str, Plate]:
    """The 152 plates of the data, by their numbers."""
    found: dict[str, dict[tuple[int, int], str]] = {}
    with PLATES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            place = ord(row["plate_row"]) - ord("A"), int(row["plate_column"]) - 1
            found.setdefault(row["plate_id"], {})[place] = row["biospecimen_barcode_bottom"]
    return {number: dict(sorted(wells.items())) for number, wells in found.items()}


def _all(plate: Plate, empty: str) -> list[tuple[int, int, str]]:
    return [(row, col, plate.get((row, col), empty)) for row in range(ROWS) for col in range(COLS)]


def _name(row: int, col: int, zero: str = "") -> str:
    number = str(col + 1)
    return chr(65 + row) + (number.rjust(2, zero) if zero else number)


def visionmate(rack: str, plate: Plate) -> bytes:
    """Tabs, a header, CR LF, date and time on each line."""
    head = "Date\tTime\tLocationCell\tLocationColumn\tLocationRow\tTubeCode\tRackID"
    lines = [
        f"20230627\t09:26:10\t{_name(row, col)}\t{col + 1}\t{chr(65 + row)}\t{code}\t{rack}"
        for row, col, code in _all(plate, "NO TUBE")
    ]
    return "\r\n".join([head, *lines, ""]).encode()


def traxcer(rack: str, plate: Plate) -> bytes:
    """The rack's code alone on the first line, then position and tube."""
    lines = [f"{_name(row, col, '0')},{code}" for row, col, code in _all(plate, "No Tube")]
    return "\n".join([rack, "Position,Tube ID", *lines]).encode()


def fluidx(rack: str, plate: Plate) -> bytes:
    """Rack, position, tube; no header."""
    return "\n".join(f"{rack},{_name(r, c)},{code}" for r, c, code in _all(plate, "NO TUBE")).encode()


def pairs(rack: str, plate: Plate) -> bytes:
    """Position and tube with a blank after the comma, and only where there is a tube."""
    return "".join(f"{_name(r, c, '0')}, {code}\n" for (r, c), code in plate.items()).encode()


def easyblood(rack: str, plate: Plate) -> bytes:
    """A header of its own, and a byte order mark."""
    lines = [f"{rack},{_name(row, col)},{code}" for row, col, code in _all(plate, "")]
    return b"\xef\xbb\xbf" + "\r\n".join(["RackID,TPositionID,TTubeBC", *lines]).encode()


def rows_and_columns(rack: str, plate: Plate) -> bytes:
    """Semicolons, row and column apart, quotes, in an order of the laboratory's own; UTF-16."""
    lines = [f'"{code}";"{chr(65 + r)}";"{c + 1}";"{rack}"' for r, c, code in _all(plate, "----------")]
    return "\r\n".join(['"Tube Barcode";"Row";"Column";"Rack Barcode"', *lines]).encode("utf-16")


def bare(rack: str, plate: Plate) -> bytes:
    """No header, row and column apart, a status beside, the rack last."""
    lines = [f"{chr(65 + r)}\t{c + 1}\t{code}\tOK\t{rack}" for r, c, code in _all(plate, "EMPTY")]
    return "\r".join(lines).encode()


DIALECTS: dict[str, Callable[[str, Plate], bytes]] = {
    "visionmate": visionmate,
    "traxcer": traxcer,
    "fluidx": fluidx,
    "pairs": pairs,
    "easyblood": easyblood,
    "headed": rows_and_columns,
    "plain": bare,
}
"""Each writer under the profile its files shall be recognised as."""
