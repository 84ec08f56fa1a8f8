"""The box that is counted as a map and as a list: what was scanned where, and what is awaited."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from biobank.audits import Counting, SlotSeen
from biobank.pages.audits.walking import Cursor
from biobank.pages.storage.maps import Drawing, draw
from biobank.people import Actor
from biobank.storage import BoxMap, SlotRow
from biobank.tables import BoxState, Mark
from biobank.texts import N_
from biobank.texts import gettext as _

KINDS: Mapping[str, str] = {
    "right": N_("Right"),
    "seen": N_("Scanned"),
    "wrong": N_("Wrong place"),
    "twice": N_("Same code twice"),
    "unknown": N_("Unknown code"),
    "unreadable": N_("Unreadable"),
    "gone": N_("Not there"),
    "empty": N_("Empty"),
}
"""How a slot that was scanned stands, in the order in which they are counted beside the map."""

OF_BLIND = frozenset({"seen", "twice", "unknown", "unreadable", "empty"})
"""What is told of a slot in a blind audit."""

STATES: Mapping[str, tuple[str, str]] = {
    "right": ("found", N_("stands where its record has it")),
    "seen": ("found", N_("scanned")),
    "wrong": ("notice", N_("stands where its record does not have it")),
    "twice": ("notice", N_("a code that stands in two slots")),
    "unknown": ("stop", N_("a code that nobody knows")),
    "unreadable": ("stop", N_("a code that cannot be read")),
    "gone": ("out", N_("empty, a tube is awaited")),
    "empty": ("out", N_("looked at, empty")),
    "lost": ("out", N_("a tube is missing")),
    "awaited": ("occupied", N_("a tube is awaited")),
    "open": ("empty", N_("not looked at")),
    "outside": ("blocked", N_("not part of the sample")),
}
"""How each is drawn, and what it is called: a state of the cells of all maps, and words."""

OTHERS = N_("scanned by somebody else")


class Row(msgspec.Struct, frozen=True):
    """A slot that was scanned, in the list beside the map."""

    slot: SlotSeen
    kind: str


class Drawn(msgspec.Struct, frozen=True):
    """The map, the box whose slots it draws, and what its cells mean."""

    drawing: Drawing
    map: BoxMap
    keys: list[tuple[str, str]]


def kind(box: Counting, slot: SlotSeen, twice: frozenset[str] = frozenset()) -> str:
    """How a slot stands."""
    match slot.mark:
        case "" if not slot.expected:
            return "open"
        case "":
            return "lost" if box.state is BoxState.COUNTED else "awaited"
        case Mark.EMPTY:
            return "gone" if slot.expected else "empty"
        case Mark.UNREADABLE:
            return "unreadable"
        case _ if slot.tube in twice:
            return "twice"
        case _ if not slot.tube:
            return "unknown"
        case _:
            return "seen" if box.blind else "right" if slot.rightly else "wrong"


def kinds(box: Counting) -> dict[str, str]:
    """The words by which the list of a box can be filtered."""
    told = OF_BLIND if box.blind else KINDS.keys() - {"seen"}
    return {name: words for name, words in KINDS.items() if name in told}


def rows(box: Counting) -> list[Row]:
    """What was scanned, the newest on top."""
    twice = _twice(box)
    scanned = sorted(
        (each for each in box.slots if each.mark), key=lambda each: str(each.seen_at), reverse=True
    )
    return [Row(each, kind(box, each, twice)) for each in scanned]


def drawn(box: Counting, found: BoxMap, cursor: Cursor, me: Actor) -> Drawn | None:
    """The map of a box with slots: of each what is known of it in this count, and nothing else."""
    if not found.rows:
        return None
    twice, known = _twice(box), {each.name: each for each in box.slots}
    over = box.state is BoxState.COUNTED
    slots, marks = [], {}
    words: dict[str, dict[str, None]] = {}
    for each in found.slots:
        slot = known.get(each.name)
        state, name = STATES[kind(box, slot, twice) if slot else "outside"]
        if slot and slot.mark and slot.by != me.name and state == "found" and not over:
            state, name = "other", OTHERS
        slots.append(_slot(each, slot, name, me))
        marks[each.name] = "cursor" if each.name == cursor.slot else state
        words.setdefault(state, {})[name] = None
    words["cursor"] = {N_("the next scan is of this slot"): None}
    keys = [(state, " / ".join(_(name) for name in names)) for state, names in words.items()]
    shown = msgspec.structs.replace(found, slots=slots)
    return Drawn(draw(shown, marks), shown, keys)


def _slot(drawn_as: SlotRow, slot: SlotSeen | None, name: str, me: Actor) -> SlotRow:
    code = (slot.tube or slot.expected) if slot and slot.mark != Mark.EMPTY else ""
    owner = slot.by if slot and slot.by != me.name else ""
    return SlotRow(drawn_as.name, drawn_as.row, drawn_as.col, name, code=code, owner=owner)


def _twice(box: Counting) -> frozenset[str]:
    tubes = Counter(each.tube for each in box.slots if each.tube)
    return frozenset(tube for tube, often in tubes.items() if often > 1)
