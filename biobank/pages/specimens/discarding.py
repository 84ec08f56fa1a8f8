"""Discarding a tube at the bench: scanned twice, a reason, a password."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Template

from biobank import codes, custody, inputs, web
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.specimens.ending import Discard, Discarded, Reason, discard, require_same

_FIELDS = ("tube", "again", "reason", "password", "note")


@get("/bench/discard", sync_to_thread=True)
def discard_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """The form; a tube that was shown at the bench stands in it already, and is scanned once more."""
    me = door.ask(lambda _, actor: actor)
    tube = codes.read(request.query_params.get("tube", "")) or ""
    query = "&".join(part for part in request.url.query.split("&") if not part.startswith("tube="))
    back = shell.local(f"/bench?{query}" if query else "/bench", "/bench")
    return shell.page("bench/discard.html", me, tube=tube, back=back, reasons=list(Reason))


@post("/bench/discards", sync_to_thread=True, opt={"secret": True})
def discard_tube(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """End the tube and sign that it was done, then go back to the bench. It cannot be undone."""
    told = {name: shell.one(form, name) for name in _FIELDS if name in form}
    order = inputs.read(Discard, told, form=True)
    require_same(order)
    proved = door.prove(lambda session, actor: custody.prove_password(session, actor, order))
    door.act(lambda session, actor: discard(session, actor, order, proved), Discarded)
    return shell.go(request, shell.local(shell.one(form, "next"), "/bench"))


HANDLERS = [discard_page, discard_tube]
