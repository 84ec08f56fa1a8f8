"""A scan while boxes are counted: what the page sends with it, what came of it, and what is written down."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from sqlmodel import Session

from biobank import audits, inputs
from biobank.audits import Counted, Counting, SlotTold
from biobank.pages.audits import walking
from biobank.pages.audits.walking import Cursor
from biobank.people import Actor
from biobank.printing.applying import TYPED
from biobank.tables import ScanSource

MODE = "count"
"""What the page of a count says that it is; from any other page of an audit the scan of a box leads there."""

# --- words ---


class Answer(StrEnum):
    """How a question about a scan was answered by touch."""

    NONE = ""
    HERE = "here"
    NEXT = "next"


class Order(inputs.Input):
    """One scan, and where the page stood: the open box, and the cursor in it (see `walking`)."""

    scan: inputs.Scanned
    mode: str = ""
    box: str = ""
    at: str = ""
    about: str = ""
    answer: Answer = Answer.NONE
    undo: str = ""
    source: str = "scan"
    corrected: inputs.Flag = False


class What(StrEnum):
    """What came of a scan."""

    OPENED = "a box is open"
    RIGHT = "the tube stands where its record has it"
    WRONG_SLOT = "its record has it in another slot of this box"
    ELSEWHERE = "its record has it in another box"
    NOWHERE = "its record has it in no box"
    OUT = "its record has it taken out"
    UNKNOWN = "nothing is known by the code"
    SCANNED = "it is written down, and in a blind audit nothing is told"
    NEXT_DOOR = "the cursor's slot is empty, and the tube stands in the next"
    EMPTY = "the slot is empty"
    UNREADABLE = "the code cannot be read"
    ALREADY = "it was scanned in this slot before"
    ASKS_TWICE = "it was scanned in another slot: is there a second tube with this code?"
    ASKS_NEXT = "it is expected in the next slot: is this one empty?"
    ASKS_DONE = "some slots were not looked at: are they empty?"
    MOVED = "the cursor moved"
    BACK = "the cursor went back"
    NOTHING_BACK = "there is nothing to go back to"
    DONE = "the box is counted"
    CARD = "the card does nothing here"
    HELP = "help opens"
    BADGE = "a badge where no station is"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a scan, before it is put into words. `box` is open from now on, the cursor stands `at`.

    `slot` is what was told of, `other` another slot, `ahead` the next one. `place` is where the record has
    the tube `code`, `left` what was not looked at, `results` how the slots of a counted box ended.
    """

    what: What
    box: str = ""
    at: str = ""
    name: str = ""
    slot: str = ""
    other: str = ""
    ahead: str = ""
    code: str = ""
    material: str = ""
    place: str = ""
    left: list[str] = []
    results: dict[str, int] = {}
    state: str = ""


class Hand(msgspec.Struct, frozen=True):
    """A scan in its transaction: whose hand it was, when, and where it stood."""

    session: Session
    actor: Actor
    audit: UUID
    order: Order
    occurred: datetime | None
    box: Counting
    cursor: Cursor


TOLD = {
    What.RIGHT,
    What.WRONG_SLOT,
    What.ELSEWHERE,
    What.NOWHERE,
    What.OUT,
    What.UNKNOWN,
    What.SCANNED,
    What.NEXT_DOOR,
    What.EMPTY,
    What.UNREADABLE,
}
"""What tells of a slot."""

# --- actions ---


def write_down(hand: Hand, *scans: SlotTold, done: bool = False) -> audits.BoxCount:
    """Keep what was told of some slots of the open box; with `done` its count is over."""
    order = Counted(
        audit=hand.audit,
        box=hand.box.code,
        scans=list(scans),
        done=done,
        source=ScanSource.TYPED if hand.order.source == TYPED else ScanSource.SCANNER,
        occurred=hand.occurred if scans else None,
    )
    return audits.count(hand.session, hand.actor, order)


def said(hand: Hand, what: What, cursor: Cursor, **more: str) -> Said:
    """What came of a scan of the open box, and where the cursor stands then."""
    told_of = ("slot", "other") if walking.has_slots(hand.box) else ("code",)
    gone = [more.get(name, "") for name in told_of] if what in TOLD else []
    left = [each.name or each.expected for each in walking.unseen(hand.box, gone)]
    told = {"box": hand.box.code, "name": hand.box.name, "at": cursor.at, "ahead": cursor.slot, **more}
    return msgspec.convert({"what": what.value, "left": left, **told}, Said)
