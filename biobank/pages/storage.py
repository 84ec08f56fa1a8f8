"""Storage: the tree of what stands where, maps of containers, moving them, a new freezer."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, inputs, storage, web
from biobank.accounts import SiteRow
from biobank.pages import maps, shell
from biobank.pages.maps import Drawing, Elevation
from biobank.pages.past import When, when_asked
from biobank.pages.shell import Form
from biobank.people import Actor, May
from biobank.storage import BoxMap, Branch, ContainerMove, ContainerSettings, FreezerOrder
from biobank.storage.making import FreezerMade
from biobank.tables import Holder, Level


class BoxType(msgspec.Struct, frozen=True):
    """A kind of box to choose from."""

    code: str
    name: str


class Tree(msgspec.Struct, frozen=True):
    """Everything that stands by itself with all that is in it, and what a new freezer asks."""

    roots: list[Branch]
    sites: list[SiteRow]
    box_types: list[BoxType]


class Inside(msgspec.Struct, frozen=True):
    """A container: its slots, and for one that holds containers those and what is in each.

    `others` names who else filled a slot a short while ago, by the slot's name.
    """

    map: BoxMap
    branches: list[Branch]
    others: dict[str, str] = {}

    @property
    def tubes(self) -> int:
        """How many tubes are in the boxes in it."""
        return sum(branch.row.tubes for branch in self.branches)

    @property
    def slots(self) -> int:
        """How many slots those boxes have."""
        return sum(branch.row.slots for branch in self.branches)


@get("/storage", sync_to_thread=True)
def storage_page(door: web.OpenDoor) -> Template:
    """Freezers, shelves and racks; a box is one step further."""

    def question(session: Session, actor: Actor) -> Tree:
        return Tree(
            roots=storage.trees(session, actor),
            sites=accounts.sites(session, actor, May.SET_UP),
            box_types=[
                BoxType(kind.code, kind.name)
                for kind in storage.type_codes(session)
                if kind.level is Level.BOX
            ],
        )

    me, tree = shell.ask(door, question)
    return shell.page("storage/storage.html", me, tree=tree, holders=[each.value for each in Holder])


@post("/storage/freezers", sync_to_thread=True)
def make_freezer(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """A freezer with its shelves, racks and boxes in one act."""
    names = ("site", "name", "holder", "shelves", "racks", "boxes", "rows", "cols", "box_type")
    order = inputs.read(FreezerOrder, {name: shell.one(form, name) for name in names}, form=True)
    made = door.act(lambda session, actor: storage.make_freezer(session, actor, order), FreezerMade)
    return shell.go(request, f"/containers/{made.code}")


@get("/containers/{code:str}", sync_to_thread=True)
def container_page(request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str]) -> Template:
    """A box slot by slot, a rack's front, or a freezer with its door open; now, or as it was."""

    def question(session: Session, actor: Actor) -> tuple[When, Inside, ContainerSettings | None]:
        when = when_asked(session, actor, code, request.query_params.get("at", ""))
        settings = None if when.at else storage.container_settings(session, actor, code)
        return when, look_inside(session, actor, code, when.at), settings

    me, (when, inside, settings) = shell.ask(door, question)
    wanted = request.query_params.get("slot", "").strip().upper()
    chosen = next((slot for slot in inside.map.slots if slot.name == wanted), None) if wanted else None
    return shell.page(
        "storage/container.html",
        me,
        box=inside.map,
        inside=inside,
        when=when,
        rules=settings.rules if settings else [],
        retired=settings is not None and settings.retired,
        chosen=chosen,
        lost=wanted if wanted and chosen is None else "",
        **drawn(inside, {chosen.name: "cursor"} if chosen else {}),
    )


@post("/containers/{code:str}/move", sync_to_thread=True)
def move_container(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Put a container with all it holds into another one."""
    told = {"container": code, "into": shell.one(form, "into"), "slot": shell.one(form, "slot")}
    order = inputs.read(ContainerMove, told, form=True)
    door.act(lambda session, actor: storage.move_container(session, actor, order).code, str)
    return shell.go(request, f"/containers/{code}")


def look_inside(session: Session, actor: Actor, code: str, at: datetime | None = None) -> Inside:
    """A container as its page and the bench draw it, now or at a past moment. Refused: out of scope."""
    if at:
        found = storage.box_map_at(session, actor, code, at)
        held = [] if found.level == Level.BOX.value else storage.inside_at(session, actor, code, at)
        return Inside(found, held)
    found = storage.box_map(session, actor, code)
    if found.level == Level.BOX.value:
        return Inside(found, [])
    return Inside(found, storage.inside(session, actor, code))


def drawn(inside: Inside, marks: dict[str, str]) -> dict[str, Drawing | Elevation | None]:
    """The one drawing that fits: a grid for a box, bars for what holds containers, none where unplaced."""
    found = inside.map
    if found.level == Level.BOX.value:
        special = {**dict.fromkeys(inside.others, "other"), **marks}
        return {"drawing": maps.draw(found, special) if found.rows else None, "elevation": None}
    chosen = {slot.code for slot in found.slots if slot.name in marks}
    if found.level == Level.FREEZER.value and any(branch.inside for branch in inside.branches):
        shelves = [(branch.row, [rack.row for rack in branch.inside]) for branch in inside.branches]
        return {"drawing": None, "elevation": maps.freezer(shelves, chosen)}
    return {"drawing": None, "elevation": maps.front([branch.row for branch in inside.branches], chosen)}


HANDLERS = [storage_page, make_freezer, container_page, move_container]
