"""The scan grammar: what a scanned thing does in each mode, with a container open or not. Pure."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from biobank.codes import CodeKind
from biobank.labels.cards import Card


class Mode(StrEnum):
    """What the bench does with tubes. Look-up is where it rests, and changes nothing."""

    LOOKUP = "lookup"
    STORE = "store"
    TAKE = "take"


class Thing(StrEnum):
    """What a scanned code turned out to name."""

    TUBE = "tube"
    BOX = "box"
    RACK = "rack"
    SHELF = "shelf"
    FREEZER = "freezer"
    VISIT = "visit"
    KIT = "kit"
    LABEL = "a label of a kit, on no tube yet"
    PARTICIPANT = "participant"
    UNASSIGNED = "a code of ours that is on nothing yet"
    UNKNOWN = "nothing we know"
    BADGE = "a person's badge"
    NOT_IN_USE = "a request or a shipment"
    COMMAND = "a command card"


class Open(StrEnum):
    """What is open at the bench. A rack or a shelf is open only to be moved, so in store mode alone."""

    NOTHING = "nothing"
    BOX = "box"
    RACK = "rack"
    SHELF = "shelf"


class Deed(StrEnum):
    """What the bench then does. Only the last three change where anything is."""

    SHOW_TUBE = "show where the tube is"
    POINT_OUT = "show the tube in the open box, or that it is elsewhere"
    OPEN = "open it"
    SHOW_INSIDE = "show what stands in it, and close what is open"
    SHOW_VISIT = "go to the visit"
    SHOW_KIT = "go to the visit of the kit, or say what it is for"
    SAY_LABEL = "say which kit the label belongs to"
    SHOW_PARTICIPANT = "go to the participant"
    COMMAND = "do as the card says"
    SWITCH_PERSON = "let the person of the badge go on, with the open box"
    SAY_UNASSIGNED = "say that the code is on nothing yet"
    KEEP_UNASSIGNED = "say that the code is on nothing yet, and ask somebody to find out"
    SAY_UNKNOWN = "say that nothing is known by it"
    KEEP_UNKNOWN = "say that nothing is known by it, and ask somebody to find out"
    SAY_NOT_IN_USE = "say that such codes are not in use yet"
    BOX_FIRST = "stop: a box must be open"
    CLOSE_FIRST = "stop: the box must be closed"
    STORE = "store the tube in the open box"
    TAKE = "take the tube out"
    MOVE = "put the open container into it"


CARD_MODES: Mapping[Card, Mode] = {
    Card.LOOKUP: Mode.LOOKUP,
    Card.STORE: Mode.STORE,
    Card.TAKE: Mode.TAKE,
}

NOT_IN_USE = frozenset({CodeKind.REQUEST, CodeKind.SHIPMENT})

_Cell = tuple[Thing, Mode, Open]
_LOOKUP, _STORE, _TAKE = Mode
_NOTHING, _BOX, _RACK, _SHELF = Open


def _always(thing: Thing, deed: Deed, *, in_box: Deed | None = None) -> Iterator[tuple[_Cell, Deed]]:
    """The same in every mode, but where something is open and that is another matter."""
    return (
        ((thing, mode, opened), (in_box or deed) if opened is not _NOTHING else deed)
        for mode in Mode
        for opened in opens(mode)
    )


def opens(mode: Mode) -> tuple[Open, ...]:
    """What can be open in a mode."""
    return tuple(Open) if mode is _STORE else (_NOTHING, _BOX)


TABLE: Mapping[_Cell, Deed] = {
    (Thing.TUBE, _LOOKUP, _NOTHING): Deed.SHOW_TUBE,
    (Thing.TUBE, _LOOKUP, _BOX): Deed.POINT_OUT,
    (Thing.TUBE, _STORE, _NOTHING): Deed.BOX_FIRST,
    (Thing.TUBE, _STORE, _BOX): Deed.STORE,
    (Thing.TUBE, _STORE, _RACK): Deed.BOX_FIRST,
    (Thing.TUBE, _STORE, _SHELF): Deed.BOX_FIRST,
    (Thing.TUBE, _TAKE, _NOTHING): Deed.TAKE,
    (Thing.TUBE, _TAKE, _BOX): Deed.TAKE,
    **dict(_always(Thing.BOX, Deed.OPEN)),
    **dict(_always(Thing.RACK, Deed.SHOW_INSIDE)),
    (Thing.RACK, _STORE, _NOTHING): Deed.OPEN,
    (Thing.RACK, _STORE, _BOX): Deed.MOVE,
    (Thing.RACK, _STORE, _RACK): Deed.OPEN,
    (Thing.RACK, _STORE, _SHELF): Deed.OPEN,
    **dict(_always(Thing.SHELF, Deed.SHOW_INSIDE)),
    (Thing.SHELF, _STORE, _NOTHING): Deed.OPEN,
    (Thing.SHELF, _STORE, _BOX): Deed.MOVE,
    (Thing.SHELF, _STORE, _RACK): Deed.MOVE,
    (Thing.SHELF, _STORE, _SHELF): Deed.OPEN,
    **dict(_always(Thing.FREEZER, Deed.SHOW_INSIDE)),
    (Thing.FREEZER, _STORE, _SHELF): Deed.MOVE,
    **dict(_always(Thing.VISIT, Deed.SHOW_VISIT, in_box=Deed.CLOSE_FIRST)),
    **dict(_always(Thing.KIT, Deed.SHOW_KIT, in_box=Deed.CLOSE_FIRST)),
    **dict(_always(Thing.LABEL, Deed.SAY_LABEL)),
    **dict(_always(Thing.PARTICIPANT, Deed.SHOW_PARTICIPANT)),
    **dict(_always(Thing.UNASSIGNED, Deed.KEEP_UNASSIGNED)),
    (Thing.UNASSIGNED, _LOOKUP, _NOTHING): Deed.SAY_UNASSIGNED,
    (Thing.UNASSIGNED, _LOOKUP, _BOX): Deed.SAY_UNASSIGNED,
    **dict(_always(Thing.UNKNOWN, Deed.KEEP_UNKNOWN)),
    (Thing.UNKNOWN, _LOOKUP, _NOTHING): Deed.SAY_UNKNOWN,
    (Thing.UNKNOWN, _LOOKUP, _BOX): Deed.SAY_UNKNOWN,
    **dict(_always(Thing.BADGE, Deed.SWITCH_PERSON)),
    **dict(_always(Thing.NOT_IN_USE, Deed.SAY_NOT_IN_USE)),
    **dict(_always(Thing.COMMAND, Deed.COMMAND)),
}


def decide(thing: Thing, mode: Mode, opened: Open) -> Deed:
    """What a scan does. One answer for each cell: the bench never asks what is meant."""
    return TABLE[thing, mode, opened if opened in opens(mode) else _NOTHING]
