"""What a scan at the bench says, and what it leads to."""

from enum import StrEnum
from uuid import UUID

import msgspec

from biobank import codes, inputs
from biobank.pages.bench.answers import Result
from biobank.pages.bench.scanning import Mode
from biobank.pages.storage.containers import Inside
from biobank.people import Actor
from biobank.printing.applying import TYPED


class Answer(StrEnum):
    """How a STOP was answered: where the tube in the hand goes."""

    NONE = ""
    NEXT = "next"
    SWAP = "swap"
    HERE = "here"


class Order(inputs.Input):
    """One scan, and the state of the bench it was made in.

    `at` is the slot that the cursor stands on, `about` the tube that was shown last, `answer` what was
    chosen at a STOP about this very scan, `undo` the gesture that the card UNDO means.
    """

    scan: inputs.Scanned
    mode: Mode = Mode.LOOKUP
    box: inputs.Scanned | None = None
    at: inputs.Scanned | None = None
    about: inputs.Scanned | None = None
    answer: Answer = Answer.NONE
    undo: UUID | None = None
    source: str = "scan"
    corrected: inputs.Flag = False


def hand(actor: Actor, order: Order) -> Actor:
    """Whose hand it was: the log tells that a code was typed and not scanned."""
    return msgspec.structs.replace(actor, source=TYPED) if order.source == TYPED else actor


def label_of(order: Order, tube: str) -> list[str]:
    """The code of a tube where that was scanned; none where an old label of it was, or another code."""
    return [tube] if codes.read(order.scan) == tube else []


class Shown(msgspec.Struct, frozen=True):
    """What is drawn beside the result: a container, with some of its slots marked."""

    inside: Inside
    marks: dict[str, str]


Came = tuple[Result, Shown | None]
"""What came of a scan, and what is drawn beside it where that is not the open box as it is."""
