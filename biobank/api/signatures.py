"""Signatures on entries of the log."""

from litestar import post
from litestar.params import JSONBody

from biobank import custody
from biobank.api.documents import noun
from biobank.custody import SignatureOrder, Signed
from biobank.web import OpenDoor


@post("/signatures", sync_to_thread=True, opt={"secret": True})
def sign(door: OpenDoor, data: JSONBody[SignatureOrder]) -> Signed:
    """Sign an entry with your password. A token cannot sign."""
    proved = door.prove(lambda session, actor: custody.prove_password(session, actor, data))
    return door.act(lambda session, actor: custody.sign(session, actor, data, proved), Signed)


HANDLERS = noun("signatures", [sign])
