"""Tubes into boxes and out again."""

from litestar import post
from litestar.params import JSONBody

from biobank import storage
from biobank.api.documents import noun
from biobank.storage import BringBack, PutAway, Stored, TakeOut
from biobank.web import OpenDoor


@post("/moves", sync_to_thread=True, status_code=200)
def move(door: OpenDoor, data: JSONBody[PutAway]) -> list[Stored]:
    """Put tubes into a box, or move them there."""
    return door.act(lambda session, actor: storage.put_away(session, actor, data), list[Stored])


@post("/takings", sync_to_thread=True, status_code=200)
def take(door: OpenDoor, data: JSONBody[TakeOut]) -> list[Stored]:
    """Take tubes out; their slots are kept for them."""
    return door.act(lambda session, actor: storage.take_out(session, actor, data), list[Stored])


@post("/returns", sync_to_thread=True, status_code=200)
def bring_back(door: OpenDoor, data: JSONBody[BringBack]) -> list[Stored]:
    """Bring tubes back to the slots that were kept for them."""
    return door.act(lambda session, actor: storage.bring_back(session, actor, data), list[Stored])


router = noun("moves", [move, take, bring_back])
