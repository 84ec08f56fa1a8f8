"""Command cards: what a scanned card orders, and what is printed on it.

Their codes are fixed for ever, for the cards hang laminated at freezers; each keeps its check character.
"""

from collections.abc import Mapping
from enum import StrEnum

from biobank.texts import N_


class Card(StrEnum):
    """The command cards, by their codes."""

    LOOKUP = "XSEE000002"
    STORE = "XST0RE000P"
    TAKE = "XTAKE0000X"
    DONE = "XD0NE0000W"
    UNDO = "XVND000006"
    ACKNOWLEDGE = "XACK00000F"
    SKIP = "XSK1P0000B"
    SWAP = "XSWAP0000S"
    NEXT_ROW = "XNEXTR0W00"
    EMPTY_HERE = "XEMPTYHERQ"
    UNREADABLE = "XVNREADA1D"
    MISSING = "XM1SS1NG06"
    DISCARD = "XD1SCARD0V"
    PRINT_AGAIN = "XPR1NTAGAM"
    ALL_PRESENT = "XA11PR000X"
    LANGUAGE = "X1ANGVAGE1"
    HELP = "XHE1P00006"
    LOCK = "X10CK0000E"


NAMES: Mapping[Card, str] = {
    Card.LOOKUP: N_("LOOK UP"),
    Card.STORE: N_("STORE"),
    Card.TAKE: N_("CHECK OUT"),
    Card.DONE: N_("DONE"),
    Card.UNDO: N_("UNDO"),
    Card.ACKNOWLEDGE: N_("ACK"),
    Card.SKIP: N_("SKIP POSITION"),
    Card.SWAP: N_("SWAP"),
    Card.NEXT_ROW: N_("NEXT ROW"),
    Card.EMPTY_HERE: N_("EMPTY HERE"),
    Card.UNREADABLE: N_("UNREADABLE"),
    Card.MISSING: N_("MISSING"),
    Card.DISCARD: N_("DISCARD"),
    Card.PRINT_AGAIN: N_("PRINT AGAIN"),
    Card.ALL_PRESENT: N_("ALL PRESENT"),
    Card.LANGUAGE: N_("LANGUAGE"),
    Card.HELP: N_("HELP"),
    Card.LOCK: N_("LOCK"),
}
"""What stands on each card."""

MEANINGS: Mapping[Card, str] = {
    Card.LOOKUP: N_("Scans change nothing."),
    Card.STORE: N_("Scan a box, then its tubes."),
    Card.TAKE: N_("Scanned tubes leave their boxes."),
    Card.DONE: N_("Close the box, end the task."),
    Card.UNDO: N_("Take back the last act."),
    Card.ACKNOWLEDGE: N_("The red screen was read."),
    Card.SKIP: N_("Leave this slot free."),
    Card.SWAP: N_("The two tubes change places."),
    Card.NEXT_ROW: N_("Go on in the next row."),
    Card.EMPTY_HERE: N_("The tube of this slot is not in it."),
    Card.UNREADABLE: N_("The code cannot be read."),
    Card.MISSING: N_("The tube shown is not there."),
    Card.DISCARD: N_("Discard a tube, by signature."),
    Card.PRINT_AGAIN: N_("Print the label of the tube shown."),
    Card.ALL_PRESENT: N_("All tubes of the kit are there."),
    Card.LANGUAGE: N_("English or Chinese."),
    Card.HELP: N_("How to scan."),
    Card.LOCK: N_("Lock this bench."),
}
"""What each card does, in a few words."""
