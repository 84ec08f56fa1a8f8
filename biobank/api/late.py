"""Scans that came late, and how they are settled."""

from litestar import post
from litestar.params import JSONBody

from biobank import specimens, storage
from biobank.api.documents import noun
from biobank.storage import Late, LateScan, Settled, Settlement
from biobank.web import OpenDoor


@post("/late-scans", sync_to_thread=True, status_code=200)
def hand_in(door: OpenDoor, data: JSONBody[LateScan]) -> Late:
    """Hand in one scan that a device kept; send each with the id the device gave it, in their order.

    It is never refused for what it says: a place that is disputed puts the tube into quarantine, and what
    cannot be done becomes a task.
    """
    return specimens.hand_in(door, data)


@post("/settlements", sync_to_thread=True, status_code=200)
def settle(door: OpenDoor, data: JSONBody[Settlement]) -> Settled:
    """Decide about a late scan that is in dispute, or that could not be done."""
    return door.act(lambda session, actor: storage.settle(session, actor, data), Settled)


HANDLERS = noun("late scans", [hand_in, settle])
