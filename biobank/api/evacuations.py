"""Emptying containers: the plan, one scan for each rack, the way back."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlmodel import Session

from biobank import evacuations
from biobank.api.answers import Limit, Page, page
from biobank.api.documents import noun
from biobank.evacuations import Board, BoardRow, Carried, Carry, Chosen, EvacuationOrder
from biobank.people import Actor
from biobank.web import OpenDoor

AfterEvacuation = Annotated[UUID | None, QueryParameter(description="`next` of the page before.")]


@post("/evacuations", sync_to_thread=True)
def plan_evacuation(door: OpenDoor, data: JSONBody[EvacuationOrder]) -> Board:
    """Begin to empty a container: a reserved slot for each rack, or for its boxes one by one."""
    return door.act(
        lambda session, actor: evacuations.board(session, actor, evacuations.plan(session, actor, data).id),
        Board,
    )


@get("/evacuations", sync_to_thread=True)
def list_evacuations(
    door: OpenDoor,
    *,
    closed: Annotated[bool, QueryParameter(name="closed")] = False,
    limit: Limit = 50,
    after: AfterEvacuation = None,
) -> Page[BoardRow]:
    """The evacuations in your scope, newest first: those under way, or those that are closed."""
    rows = door.ask(
        lambda session, actor: evacuations.boards(session, actor, closed=closed, limit=limit + 1, after=after)
    )
    return page(rows, limit, lambda row: str(row.id))


@get("/evacuations/{key:uuid}", sync_to_thread=True)
def get_evacuation(door: OpenDoor, key: FromPath[UUID]) -> Board:
    """One evacuation with its steps, and where everything stands now."""
    return door.ask(lambda session, actor: evacuations.board(session, actor, key))


@post("/evacuation-carryings", sync_to_thread=True, status_code=200)
def carry(door: OpenDoor, data: JSONBody[Carry]) -> Carried:
    """Move a rack or a box of the plan to its slot; on the way back, to its own."""
    return door.act(lambda session, actor: evacuations.carry(session, actor, data), Carried)


@post("/evacuation-returns", sync_to_thread=True, status_code=200)
def turn_back(door: OpenDoor, data: JSONBody[Chosen]) -> Board:
    """Begin the way back: everything goes to the slot it came from."""

    def work(session: Session, actor: Actor) -> Board:
        evacuations.turn_back(session, actor, data)
        return evacuations.board(session, actor, data.evacuation)

    return door.act(work, Board)


@post("/evacuation-closings", sync_to_thread=True, status_code=200)
def close_evacuation(door: OpenDoor, data: JSONBody[Chosen]) -> Board:
    """End an evacuation, whatever stands where; what is still reserved for it is free again."""

    def work(session: Session, actor: Actor) -> Board:
        evacuations.close(session, actor, data)
        return evacuations.board(session, actor, data.evacuation)

    return door.act(work, Board)


HANDLERS = noun(
    "evacuations",
    [plan_evacuation, list_evacuations, get_evacuation, carry, turn_back, close_evacuation],
)
