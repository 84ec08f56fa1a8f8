"""Room: found by rules, planned for certain tubes, reserved for a time, and filled."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import inputs, storage, web
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.pages.storage import maps
from biobank.pages.storage.maps import Drawing
from biobank.people import Actor
from biobank.storage import (
    BoxMap,
    CarryOut,
    FillOrder,
    FillPlan,
    KeepOrder,
    PlannedSlot,
    PlanOrder,
    Prolonging,
    Reservation,
    ReserveOrder,
    RoomFound,
    RoomOrder,
    Stored,
    Strategy,
)

DRAWN = 8
"""So many boxes of a plan are drawn; the table has them all."""

_ASKED = tuple(RoomOrder.model_fields)


class Room(msgspec.Struct, frozen=True):
    """What was found, nothing where nothing was asked yet; and the types of containers to ask for."""

    found: RoomFound | None
    types: list[tuple[str, str]]


# --- finding ---


@get("/storage/room", sync_to_thread=True)
def room_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """Where so many tubes or boxes could stand; and a form for planning certain tubes."""
    told = {name: request.query_params.get(name, "").strip() for name in _ASKED}
    sent: dict[str, Any] = {**told, "within": scanned(told["within"])}
    order = inputs.read(RoomOrder, sent, form=True) if any(told.values()) else None

    def question(session: Session, actor: Actor) -> Room:
        types = [(kind.code, kind.name) for kind in storage.type_codes(session)]
        return Room(storage.find_room(session, actor, order) if order else None, types)

    me, room = shell.ask(door, question)
    return shell.page("storage/room.html", me, room=room, asked=told, strategies=list(Strategy))


@get("/storage/plan", sync_to_thread=True)
def preview_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """Where each of certain tubes would go: drawn, and as a table. Nothing is changed."""
    asked = {name: request.query_params.get(name, "") for name in ("tubes", "within", "strategy")}
    order = inputs.read(FillOrder, _filling(asked), form=True)

    def question(session: Session, actor: Actor) -> tuple[FillPlan, list[BoxMap]]:
        plan = storage.preview(session, actor, order)
        return plan, _maps(session, actor, plan.boxes)

    me, (plan, found) = shell.ask(door, question)
    return shell.page(
        "storage/plan_preview.html",
        me,
        plan=plan,
        asked=asked,
        order=order,
        drawings=drawings(plan.seats, found),
        seats=plan.seats,
        again=f"/storage/room?{urlencode({'tubes': asked['tubes']})}",
    )


# --- plans ---


@get("/storage/plans", sync_to_thread=True)
def plans_page(door: web.OpenDoor) -> Template:
    """What one has reserved, what ends first in front."""
    me, found = shell.ask(door, storage.my_reservations)
    return shell.page("storage/plans.html", me, found=found)


@get("/storage/plans/{plan:uuid}", sync_to_thread=True)
def plan_page(door: web.OpenDoor, plan: FromPath[UUID]) -> Template:
    """What is left of a plan, box by box."""

    def question(session: Session, actor: Actor) -> tuple[Reservation, list[BoxMap]]:
        held = storage.reservation(session, actor, plan)
        return held, _maps(session, actor, held.boxes)

    me, (held, found) = shell.ask(door, question)
    return shell.page(
        "storage/plan.html",
        me,
        held=held,
        seats=held.seats,
        tubes=sum(1 for seat in held.seats if seat.code),
        drawings=drawings(held.seats, found),
        leaving={seat.from_box: seat.from_name for seat in held.seats if seat.from_box},
    )


@post("/storage/plans", sync_to_thread=True)
def keep_plan(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """Reserve what a preview showed."""
    asked = {name: shell.one(form, name) for name in ("tubes", "within", "strategy")}
    order = inputs.read(KeepOrder, _filling(asked) | {"minutes": shell.one(form, "minutes")}, form=True)
    kept = door.act(lambda session, actor: storage.keep_plan(session, actor, order), Reservation)
    return shell.go(request, f"/storage/plans/{kept.plan}")


@post("/storage/fillings", sync_to_thread=True)
def fill(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """Put the tubes of a preview away at once."""
    asked = {name: shell.one(form, name) for name in ("tubes", "within", "strategy")}
    order = inputs.read(FillOrder, _filling(asked), form=True)
    stored = door.act(lambda session, actor: storage.fill(session, actor, order), list[Stored])
    return shell.go(request, f"/containers/{stored[0].box}")


@post("/storage/reservations", sync_to_thread=True)
def reserve(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """Reserve the next free slots of a container."""
    told: dict[str, Any] = {name: shell.one(form, name) for name in ("box", "count", "minutes")}
    told["slots"] = scanned(shell.one(form, "slots"))
    order = inputs.read(ReserveOrder, told, form=True)
    kept = door.act(lambda session, actor: storage.reserve(session, actor, order), Reservation)
    return shell.go(request, f"/storage/plans/{kept.plan}")


@post("/storage/plans/{plan:uuid}/carry", sync_to_thread=True)
def carry_out(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, plan: FromPath[UUID]
) -> Response[Any]:
    """The tubes of a plan are put away: all, or those of one box."""
    order = inputs.read(CarryOut, {"plan": str(plan), "box": shell.one(form, "box")}, form=True)

    def work(session: Session, actor: Actor) -> bool:
        storage.carry_out(session, actor, order)
        session.flush()
        return any(each.plan == plan for each in storage.my_reservations(session, actor))

    more = door.act(work, bool)
    return shell.go(request, f"/storage/plans/{plan}" if more else "/storage/plans")


@post("/storage/plans/{plan:uuid}/prolong", sync_to_thread=True)
def prolong(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, plan: FromPath[UUID]
) -> Response[Any]:
    """Keep it so many minutes from now."""
    order = inputs.read(Prolonging, {"plan": str(plan), "minutes": shell.one(form, "minutes")}, form=True)
    door.act(lambda session, actor: storage.prolong(session, actor, order), Reservation)
    return shell.go(request, f"/storage/plans/{plan}")


@post("/storage/plans/{plan:uuid}/release", sync_to_thread=True)
def release(request: Request[Any, Any, Any], door: web.OpenDoor, plan: FromPath[UUID]) -> Response[Any]:
    """Give it up."""
    order = PlanOrder(plan=plan)
    door.act(lambda session, actor: storage.release(session, actor, order), int)
    return shell.go(request, "/storage/plans")


# --- how ---


def scanned(text: str) -> list[str]:
    """Codes as somebody pasted them: one in a line, or with commas between."""
    return [part.strip() for part in re.split(r"[\r\n\t,;]+", text) if part.strip()]


def drawings(seats: Iterable[PlannedSlot], found: Iterable[BoxMap]) -> list[tuple[BoxMap, Drawing | None]]:
    """The boxes of a plan with its slots marked."""
    marks: dict[str, dict[str, str]] = {}
    for seat in seats:
        marks.setdefault(seat.box, {})[seat.slot] = "cursor"
    return [(box, maps.draw(box, marks[box.code]) if box.rows else None) for box in found]


def _maps(session: Session, actor: Actor, boxes: Mapping[str, str]) -> list[BoxMap]:
    return [storage.box_map(session, actor, code) for code in list(boxes)[:DRAWN]]


def _filling(asked: Mapping[str, str]) -> dict[str, Any]:
    """A form's tubes and containers as an order has them."""
    return {
        "tubes": scanned(asked["tubes"]),
        "within": scanned(asked["within"]),
        "strategy": asked["strategy"],
    }


HANDLERS = [
    room_page,
    preview_page,
    plans_page,
    plan_page,
    keep_plan,
    fill,
    reserve,
    carry_out,
    prolong,
    release,
]
