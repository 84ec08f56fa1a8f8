"""Many tubes at once, a spilled box seated anew, what one did last, and taking it back."""

from typing import Annotated

from litestar import get, post
from litestar.params import JSONBody, QueryParameter

from biobank import storage
from biobank.api.documents import Question, noun
from biobank.storage import Act, Rearrangement, Reseat, Reseating, Stored, Undo, Undone
from biobank.web import OpenDoor

MOST = 20
"""How many acts are told at most: a person looks for the last ones."""


@post("/rearrangements", sync_to_thread=True, status_code=200)
def rearrange(door: OpenDoor, data: JSONBody[Rearrangement]) -> list[Stored]:
    """Put tubes to named slots in one gesture: all leave before any arrives, so two may change places."""
    return door.act(lambda session, actor: storage.rearrange(session, actor, data), list[Stored])


@post("/reseating-previews", sync_to_thread=True, status_code=200, operation_class=Question)
def reseat_preview(door: OpenDoor, data: JSONBody[Reseat]) -> Reseating:
    """The permutation that seating a box anew would be; nothing is changed."""
    return door.ask(lambda session, actor: storage.reseat_preview(session, actor, data))


@post("/reseatings", sync_to_thread=True, status_code=200)
def reseat(door: OpenDoor, data: JSONBody[Reseat]) -> list[Stored]:
    """Seat the tubes of a box anew, as they stand now."""
    return door.act(lambda session, actor: storage.reseat(session, actor, data), list[Stored])


@get("/acts", sync_to_thread=True)
def last_acts(
    door: OpenDoor, limit: Annotated[int, QueryParameter(name="limit", ge=1, le=MOST)] = MOST
) -> list[Act]:
    """What you did in this shift, newest first, and what can be undone of it."""
    return door.ask(lambda session, actor: storage.last_acts(session, actor, limit))


@post("/undoings", sync_to_thread=True, status_code=200)
def undo(door: OpenDoor, data: JSONBody[Undo]) -> Undone:
    """Take back one of your own acts: everything is as if it had not happened."""
    return door.act(lambda session, actor: storage.undo(session, actor, data), Undone)


HANDLERS = noun("undoing", [rearrange, reseat_preview, reseat, last_acts, undo])
