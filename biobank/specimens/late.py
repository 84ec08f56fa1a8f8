"""Handing in what a device kept without the network: each scan once, and none thrown away."""

from uuid import uuid5

from sqlmodel import Session

from biobank.door import Door
from biobank.errors import Busy, Conflict, NotFound, NotSignedIn, Refusal
from biobank.people import Actor
from biobank.specimens.finding import find
from biobank.storage import disputing
from biobank.storage.disputing import Late, LateScan


def hand_in(door: Door, scan: LateScan) -> Late:
    """What came of a late scan; the door's command id is the one that the device gave it.

    Whatever refuses it makes it a task instead. Refused: nobody signed in, a database that is busy (the
    device keeps it and tries again), and `command_id_reused` for the id of something else.
    """
    code = door.ask(lambda session, actor: _code(session, actor, scan.scan))
    try:
        return door.act(lambda session, actor: disputing.hand_in(session, actor, code, scan), Late)
    except (Busy, NotSignedIn):
        raise
    except Refusal as refusal:
        why = refusal
    if why.slug != "command_id_reused":
        return door.act(lambda session, actor: disputing.keep(session, actor, code, scan, why), Late)
    if door.command_id is None or not door.ask(
        lambda session, actor: _was_done(session, actor, door, code, scan)
    ):
        raise why
    # It counted when it was first sent, and its answer never came. The device may have told another slot.
    first = door.command_id
    again = Door(door.database, door.shown, uuid5(first, "late"), door.fingerprint)
    if door.ask(lambda session, _: disputing.went_elsewhere(session, first, code, scan)):
        return hand_in(again, scan)
    return again.act(lambda session, actor: disputing.note(session, actor, code, scan), Late)


def _was_done(session: Session, actor: Actor, door: Door, code: str, scan: LateScan) -> bool:
    return door.command_id is not None and disputing.was_done(session, actor, door.command_id, code, scan)


def _code(session: Session, actor: Actor, text: str) -> str:
    """The tube that a text names; what names none, or two things, stays as it was scanned."""
    try:
        found = find(session, actor, text)
    except (NotFound, Conflict):
        return text
    return found.code if found.kind == "specimen" else text
