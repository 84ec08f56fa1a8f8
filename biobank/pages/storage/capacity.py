"""Capacity: slots used and free, when they run out, and how boxes come free."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Template
from sqlmodel import Session

from biobank import capacity, inputs, web
from biobank.capacity import Forecast, GapKeep, GapOrder, GapPlan, Use
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.pages.storage.rooms import scanned
from biobank.people import Actor
from biobank.storage import Reservation


class Looked(msgspec.Struct, frozen=True):
    """Everything the page tells; gaps where they were asked about."""

    use: Use
    forecast: Forecast
    gaps: GapPlan | None


@get("/capacity", sync_to_thread=True)
def capacity_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """What is used and free, what comes, and with `boxes`, how so many come free."""
    asked = {name: request.query_params.get(name, "").strip() for name in ("boxes", "within")}
    sent = {"boxes": asked["boxes"], "within": scanned(asked["within"])}
    order = inputs.read(GapOrder, sent, form=True) if asked["boxes"] else None

    def question(session: Session, actor: Actor) -> Looked:
        return Looked(
            capacity.use(session, actor),
            capacity.forecast(session, actor),
            capacity.gap_plan(session, actor, order) if order else None,
        )

    me, told = shell.ask(door, question)
    return shell.page("storage/capacity.html", me, told=told, use=told.use, asked=asked, gaps=told.gaps)


@post("/capacity/gaps", sync_to_thread=True)
def keep_gaps(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """Reserve the gaps that the page told."""
    sent = {"boxes": shell.one(form, "boxes"), "within": scanned(shell.one(form, "within"))}
    order = inputs.read(GapKeep, sent, form=True)
    kept = door.act(lambda session, actor: capacity.keep_gap_plan(session, actor, order), Reservation)
    return shell.go(request, f"/storage/plans/{kept.plan}")


HANDLERS = [capacity_page, keep_gaps]
