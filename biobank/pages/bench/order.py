"""What a scan at the bench says, and what it leads to."""

import msgspec

from biobank import inputs
from biobank.pages.answers import Result
from biobank.pages.scanning import Mode
from biobank.pages.storage import Inside


class Order(inputs.Input):
    """One scan, and the state of the bench it was made in."""

    scan: inputs.Scanned
    mode: Mode = Mode.LOOKUP
    box: inputs.Scanned | None = None
    source: str = "scan"
    corrected: inputs.Flag = False


class Shown(msgspec.Struct, frozen=True):
    """What is drawn beside the result: a container, with some of its slots marked."""

    inside: Inside
    marks: dict[str, str]


Outcome = tuple[Result, Shown | None]
