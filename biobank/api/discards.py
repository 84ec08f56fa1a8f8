"""Discarding tubes, by signature."""

from litestar import post
from litestar.params import JSONBody

from biobank import custody
from biobank.api.documents import noun
from biobank.specimens.ending import Discard, Discarded, discard, require_same
from biobank.web import OpenDoor


@post("/discards", sync_to_thread=True, opt={"secret": True})
def discard_tube(door: OpenDoor, data: JSONBody[Discard]) -> Discarded:
    """End a tube for good, scanned twice, and sign that it was done with your password. A token cannot."""
    require_same(data)
    proved = door.prove(lambda session, actor: custody.prove_password(session, actor, data))
    return door.act(lambda session, actor: discard(session, actor, data, proved), Discarded)


HANDLERS = noun("discards", [discard_tube])
