"""The scan grammar: what a scanned thing does in each mode, with a box open or not. Pure."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from biobank.codes import CodeKind


class Mode(StrEnum):
    """What the bench does with tubes. Look-up is where it rests, and changes nothing."""

    LOOKUP = "lookup"
    STORE = "store"
    TAKE = "take"


class Thing(StrEnum):
    """What a scanned code turned out to name."""

    TUBE = "tube"
    BOX = "box"
    HOLDER = "rack or shelf"
    FREEZER = "freezer"
    VISIT = "visit"
    KIT = "kit"
    LABEL = "a label of a kit, on no tube yet"
    PARTICIPANT = "participant"
    UNASSIGNED = "a code of ours that is on nothing yet"
    UNKNOWN = "nothing we know"
    NOT_IN_USE = "a badge, a request or a shipment"
    COMMAND = "a command card"


class Deed(StrEnum):
    """What the bench then does. Only the last three change anything."""

    SHOW_TUBE = "show where the tube is"
    POINT_OUT = "show the tube in the open box, or that it is elsewhere"
    OPEN_BOX = "open the box"
    SHOW_INSIDE = "show what stands in it, and close the open box"
    SHOW_VISIT = "go to the visit"
    SHOW_KIT = "go to the visit of the kit, or say what it is for"
    SAY_LABEL = "say which kit the label belongs to"
    SHOW_PARTICIPANT = "go to the participant"
    COMMAND = "do as the card says"
    SAY_UNASSIGNED = "say that the code is on nothing yet"
    SAY_UNKNOWN = "say that nothing is known by it"
    SAY_NOT_IN_USE = "say that such codes are not in use yet"
    BOX_FIRST = "stop: a box must be open"
    CLOSE_FIRST = "stop: the box must be closed"
    STORE = "store the tube in the open box"
    TAKE = "take the tube out"
    MOVE_BOX = "put the open box into it"


class Card(StrEnum):
    """The command cards, by their codes."""

    LOOKUP = "XSEE000002"
    STORE = "XST0RE000P"
    TAKE = "XTAKE0000X"
    DONE = "XD0NE0000W"
    ALL_PRESENT = "XA11PR000X"
    ACKNOWLEDGE = "XACK00000F"


CARD_MODES: Mapping[Card, Mode] = {
    Card.LOOKUP: Mode.LOOKUP,
    Card.STORE: Mode.STORE,
    Card.TAKE: Mode.TAKE,
}

NOT_IN_USE = frozenset({CodeKind.BADGE, CodeKind.REQUEST, CodeKind.SHIPMENT})

_Cell = tuple[Thing, Mode, bool]


def _same(thing: Thing, deed: Deed) -> Iterator[tuple[_Cell, Deed]]:
    return (((thing, mode, is_open), deed) for mode in Mode for is_open in (False, True))


def _unless_open(thing: Thing, deed: Deed) -> Iterator[tuple[_Cell, Deed]]:
    return (
        ((thing, mode, is_open), Deed.CLOSE_FIRST if is_open else deed)
        for mode in Mode
        for is_open in (False, True)
    )


TABLE: Mapping[_Cell, Deed] = {
    (Thing.TUBE, Mode.LOOKUP, False): Deed.SHOW_TUBE,
    (Thing.TUBE, Mode.LOOKUP, True): Deed.POINT_OUT,
    (Thing.TUBE, Mode.STORE, False): Deed.BOX_FIRST,
    (Thing.TUBE, Mode.STORE, True): Deed.STORE,
    (Thing.TUBE, Mode.TAKE, False): Deed.TAKE,
    (Thing.TUBE, Mode.TAKE, True): Deed.TAKE,
    **dict(_same(Thing.BOX, Deed.OPEN_BOX)),
    **dict(_same(Thing.HOLDER, Deed.SHOW_INSIDE)),
    (Thing.HOLDER, Mode.STORE, True): Deed.MOVE_BOX,
    **dict(_same(Thing.FREEZER, Deed.SHOW_INSIDE)),
    **dict(_unless_open(Thing.VISIT, Deed.SHOW_VISIT)),
    **dict(_unless_open(Thing.KIT, Deed.SHOW_KIT)),
    **dict(_same(Thing.LABEL, Deed.SAY_LABEL)),
    **dict(_same(Thing.PARTICIPANT, Deed.SHOW_PARTICIPANT)),
    **dict(_same(Thing.UNASSIGNED, Deed.SAY_UNASSIGNED)),
    **dict(_same(Thing.UNKNOWN, Deed.SAY_UNKNOWN)),
    **dict(_same(Thing.NOT_IN_USE, Deed.SAY_NOT_IN_USE)),
    **dict(_same(Thing.COMMAND, Deed.COMMAND)),
}


def decide(thing: Thing, mode: Mode, *, box_open: bool) -> Deed:
    """What a scan does. One answer for each cell: the bench never asks what is meant."""
    return TABLE[thing, mode, box_open]
