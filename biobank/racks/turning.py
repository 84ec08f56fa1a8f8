"""A rack that lay in the scanner the wrong way round: told by what the database knows of it. Pure."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from biobank.racks.reading import Well
from biobank.storage.geometry import Grid, Slot

Tube = TypeVar("Tube")


class Fit(msgspec.Struct, frozen=True):
    """How many tubes stand where the file says: as it is, and with the rack turned by half a circle.

    `known` is how many of its tubes the database has in this box at all.
    """

    straight: int
    turned: int
    known: int

    @property
    def is_turned(self) -> bool:
        """Whether the mirror fits better, and fits most of what is known."""
        return self.turned > self.straight and self.turned * 2 > self.known


def mirrored(grid: Grid, slot: Slot) -> Slot:
    """The slot on the other side of the middle: A1 and H12 of a rack of 8 x 12."""
    if slot.row is None or slot.col is None:
        return slot
    return Slot((grid.rows or 0) - 1 - slot.row, (grid.cols or 0) - 1 - slot.col)


def turned(grid: Grid, wells: list[Well]) -> list[Well]:
    """The wells as they are with the rack the right way round."""
    places = [(well, mirrored(grid, Slot(well.row, well.col))) for well in wells]
    return [msgspec.structs.replace(well, row=slot.row or 0, col=slot.col or 0) for well, slot in places]


def fit(grid: Grid, found: Mapping[Slot, Tube], stored: Mapping[Slot, Tube]) -> Fit:
    """Hold what the scanner found against what is stored in the box."""
    here = set(stored.values())
    return Fit(
        straight=sum(stored.get(slot) == tube for slot, tube in found.items()),
        turned=sum(stored.get(mirrored(grid, slot)) == tube for slot, tube in found.items()),
        known=sum(tube in here for tube in found.values()),
    )
