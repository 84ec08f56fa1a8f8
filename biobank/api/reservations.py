"""Slots for a time and for a plan: find room, see where tubes would go, reserve it, carry it out."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody

from biobank import storage
from biobank.api.answers import Count
from biobank.api.documents import Question, noun
from biobank.storage import (
    CarryOut,
    FillOrder,
    FillPlan,
    KeepOrder,
    PlanOrder,
    Prolonging,
    Reservation,
    ReserveOrder,
    RoomFound,
    RoomOrder,
    Stored,
)
from biobank.web import OpenDoor


@post("/room-searches", sync_to_thread=True, status_code=200, operation_class=Question)
def find_room(door: OpenDoor, data: JSONBody[RoomOrder]) -> RoomFound:
    """Find room for tubes or containers by what may stand where; nothing is changed."""
    return door.ask(lambda session, actor: storage.find_room(session, actor, data))


@post("/filling-previews", sync_to_thread=True, status_code=200, operation_class=Question)
def preview(door: OpenDoor, data: JSONBody[FillOrder]) -> FillPlan:
    """Where every tube would go; nothing is changed, and no slot is reserved."""
    return door.ask(lambda session, actor: storage.preview(session, actor, data))


@post("/fillings", sync_to_thread=True, status_code=200)
def fill(door: OpenDoor, data: JSONBody[FillOrder]) -> list[Stored]:
    """Put every tube where the strategy says, at once."""
    return door.act(lambda session, actor: storage.fill(session, actor, data), list[Stored])


@post("/plans", sync_to_thread=True)
def keep_plan(door: OpenDoor, data: JSONBody[KeepOrder]) -> Reservation:
    """Reserve for every tube the slot that the strategy gives it."""
    return door.act(lambda session, actor: storage.keep_plan(session, actor, data), Reservation)


@post("/plan-carryings", sync_to_thread=True, status_code=200)
def carry_out(door: OpenDoor, data: JSONBody[CarryOut]) -> list[Stored]:
    """Put away what a plan reserved: all of it, or what goes into or comes out of one box."""
    return door.act(lambda session, actor: storage.carry_out(session, actor, data), list[Stored])


@post("/reservations", sync_to_thread=True)
def reserve(door: OpenDoor, data: JSONBody[ReserveOrder]) -> Reservation:
    """Reserve slots of a container for whatever you put there."""
    return door.act(lambda session, actor: storage.reserve(session, actor, data), Reservation)


@get("/reservations", sync_to_thread=True)
def my_reservations(door: OpenDoor) -> list[Reservation]:
    """What you have reserved, what ends first in front."""
    return door.ask(storage.my_reservations)


@get("/reservations/{plan:uuid}", sync_to_thread=True)
def get_reservation(door: OpenDoor, plan: FromPath[UUID]) -> Reservation:
    """What is left of a reservation."""
    return door.ask(lambda session, actor: storage.reservation(session, actor, plan))


@post("/reservation-releases", sync_to_thread=True, status_code=200)
def release(door: OpenDoor, data: JSONBody[PlanOrder]) -> Count:
    """Give up what is left of a reservation; how many slots."""
    return Count(door.act(lambda session, actor: storage.release(session, actor, data), int))


@post("/reservation-prolongings", sync_to_thread=True, status_code=200)
def prolong(door: OpenDoor, data: JSONBody[Prolonging]) -> Reservation:
    """Let a reservation end so many minutes from now."""
    return door.act(lambda session, actor: storage.prolong(session, actor, data), Reservation)


HANDLERS = noun(
    "reservations",
    [
        find_room,
        preview,
        fill,
        keep_plan,
        carry_out,
        reserve,
        my_reservations,
        get_reservation,
        release,
        prolong,
    ],
)
