"""What stands around a result at the bench: the band of the mode, and the map with its cursor."""

import hashlib
from typing import Any

import msgspec
from sqlmodel import Session

from biobank import storage
from biobank.pages.bench.looking import open_box
from biobank.pages.bench.neighbours import question
from biobank.pages.bench.order import Shown
from biobank.pages.bench.scanning import Mode
from biobank.pages.storage import containers
from biobank.pages.storage.containers import Inside
from biobank.people import Actor
from biobank.storage import BoxMap, Grid
from biobank.tables import Fill


def surroundings(session: Session, actor: Actor, code: str) -> Inside | None:
    """A container with what others do in it just now; none for a code that opens nothing."""
    inside = open_box(session, actor, code)
    if inside is None or inside.map.level != "box":
        return inside
    others = storage.others_here(session, actor, code)
    slots = [
        msgspec.structs.replace(slot, owner=others[slot.name]) if slot.name in others else slot
        for slot in inside.map.slots
    ]
    named = msgspec.structs.replace(inside.map, slots=slots)
    return msgspec.structs.replace(inside, map=named, others=others)


def with_cursor(inside: Inside | None, mode: Mode, at: str = "") -> Shown | None:
    """A container with the slot marked that the next tube goes to, or that was chosen."""
    if inside is None:
        return None
    slot = cursor(inside.map, mode, at)
    return Shown(inside, {slot: "cursor"} if slot else {})


def cursor(box: BoxMap, mode: Mode, at: str = "") -> str:
    """The slot that the cursor stands on: the chosen one, or the next free one where tubes are stored."""
    if box.level != "box":
        return ""
    if asked := question(at):
        return asked.slot
    if any(slot.name == at for slot in box.slots):
        return at
    return box.next_free if mode is Mode.STORE else ""


def beyond(box: BoxMap, at: str, *, next_row: bool = False) -> str:
    """The next free slot after this one as the box is filled, or the first one in a row further on."""
    names = {(slot.row, slot.col): slot for slot in box.slots}
    ordered = [names[slot] for slot in Grid(rows=box.rows, cols=box.cols, fill=Fill(box.fill)).slots()]
    here = next((place for place, slot in enumerate(ordered) if slot.name == at), -1)
    passed = {(slot.col if _by_column(box) else slot.row) for slot in ordered[: here + 1]}
    for slot in ordered[here + 1 :]:
        line = slot.col if _by_column(box) else slot.row
        if slot.state == "empty" and not (next_row and line in passed):
            return slot.name
    return ""


def around(mode: Mode, shown: Shown | None, box: str | None = None, at: str = "") -> dict[str, Any]:
    """What stands around a result: the band of the mode, and the map."""
    inside = shown.inside if shown else None
    opened = inside.map if inside is not None and box in (None, inside.map.code) else None
    drawn = containers.drawn(inside, shown.marks if shown else {}) if inside else {}
    chosen = next((slot for slot in opened.slots if slot.name == at), None) if opened and at else None
    asked = question(at) if opened and mode is Mode.STORE else None
    return {
        "mode": mode.value,
        "open_box": opened,
        "box": inside.map if inside else None,
        "drawing": drawn.get("drawing"),
        "elevation": drawn.get("elevation"),
        "chosen": chosen,
        "asked": asked,
        "at": chosen.name if chosen else asked.at if asked else "",
        "etag": tag(inside),
    }


def tag(inside: Inside | None) -> str:
    """What tells one state of a container from another: the same for the same slots."""
    return hashlib.sha256(msgspec.json.encode(inside)).hexdigest()[:24] if inside else ""


def _by_column(box: BoxMap) -> bool:
    return box.fill.startswith("by_col")
