"""Visits, planned and unscheduled."""

from litestar import get, post
from litestar.params import FromPath, JSONBody

from biobank import participants, specimens
from biobank.api.documents import noun
from biobank.participants import VisitOrder
from biobank.specimens import VisitCard
from biobank.web import OpenDoor


@post("/visits", sync_to_thread=True)
def open_visit(door: OpenDoor, data: JSONBody[VisitOrder]) -> VisitCard:
    """Open a visit at an event of the protocol, or an unscheduled one."""
    return door.act(
        lambda session, actor: specimens.visit_card(
            session, actor, participants.open_visit(session, actor, data).code
        ),
        VisitCard,
    )


@get("/visits/{code:str}", sync_to_thread=True)
def get_visit(door: OpenDoor, code: FromPath[str]) -> VisitCard:
    """A visit: what is expected of it, and what was collected."""
    return door.ask(lambda session, actor: specimens.visit_card(session, actor, code))


router = noun("visits", [open_visit, get_visit])
