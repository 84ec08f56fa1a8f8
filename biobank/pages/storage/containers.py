"""Storage: the tree of what stands where, maps of containers, moving them, a new freezer."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, inputs, storage, web
from biobank.accounts import SiteRow
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.pages.storage import elevations, maps, seeking
from biobank.pages.storage.elevations import Elevation
from biobank.pages.storage.maps import Drawing
from biobank.pages.storage.past import When, when_asked
from biobank.pages.storage.seeking import Choices, Seen, Wish
from biobank.people import Actor, May
from biobank.storage import BoxMap, Branch, ContainerMove, ContainerRow, ContainerSettings, FreezerOrder
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
    choices: Choices
    seen: Seen

    @property
    def by_site(self) -> list[tuple[str, list[Branch]]]:
        """What stands by itself, site by site."""
        return [(site, list(some)) for site, some in groupby(self.roots, key=lambda each: each.row.site)]


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


class Opened(msgspec.Struct, frozen=True):
    """All that the page of a container shows; of a past moment neither settings nor what is sought."""

    when: When
    inside: Inside
    settings: ContainerSettings | None
    choices: Choices
    seen: Seen


@get("/storage", sync_to_thread=True)
def storage_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """All freezers of each site with how full they are; their shelves and racks; what is sought in them."""
    wish = Wish(request)

    def question(session: Session, actor: Actor) -> Tree:
        return Tree(
            roots=storage.trees(session, actor),
            sites=accounts.sites(session, actor, May.SET_UP),
            box_types=[
                BoxType(kind.code, kind.name)
                for kind in storage.type_codes(session)
                if kind.level is Level.BOX
            ],
            choices=seeking.choices(session, actor),
            seen=seeking.look(session, actor, wish),
        )

    me, tree = shell.ask(door, question)
    return shell.page(
        "storage/storage.html",
        me,
        tree=tree,
        thumbnail=elevations.thumbnail,
        holders=[each.value for each in Holder],
        wish=wish,
        trail=wish.query,
        hits=_hits(tree.roots, tree.seen),
    )


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
    wish = Wish(request)

    def question(session: Session, actor: Actor) -> Opened:
        when = when_asked(session, actor, code, request.query_params.get("at", ""))
        inside = look_inside(session, actor, code, when.at)
        if when.at:
            return Opened(when, inside, None, Choices([], [], []), Seen())
        box = inside.map.code if inside.map.level == Level.BOX.value else ""
        settings = storage.container_settings(session, actor, code)
        found = seeking.look(session, actor, wish, box)
        return Opened(when, inside, settings, seeking.choices(session, actor), found)

    me, told = shell.ask(door, question)
    inside, settings = told.inside, told.settings
    hits = _hits(inside.branches, told.seen)
    wanted = request.query_params.get("slot", "").strip().upper()
    chosen = next((slot for slot in inside.map.slots if slot.name == wanted), None) if wanted else None
    return shell.page(
        "storage/container.html",
        me,
        box=inside.map,
        inside=inside,
        when=told.when,
        wish=wish,
        seen=told.seen,
        choices=told.choices,
        trail=told.when.query or wish.query,
        hits=hits,
        sought_in=sum(hits[each.row.code] for each in inside.branches) if hits else 0,
        rules=settings.rules if settings else [],
        celsius=settings.celsius if settings else None,
        retired=settings is not None and settings.retired,
        chosen=chosen,
        marked=chosen.code if chosen else "",
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
    """The one drawing that fits: a grid for a box, a front for what holds containers, none where unplaced."""
    found = inside.map
    if found.level == Level.BOX.value:
        special = {**dict.fromkeys(inside.others, "other"), **marks}
        return {"drawing": maps.draw(found, special) if found.rows else None, "elevation": None}
    size = found.rows * found.cols if found.rows and found.cols else None
    row = ContainerRow(
        code=found.code,
        name=found.name,
        level=found.level,
        slot="",
        used=found.used,
        size=size,
        rows=found.rows,
        cols=found.cols,
        holder=found.holder,
    )
    return {"drawing": None, "elevation": elevations.elevation(row, inside.branches)}


def _hits(branches: Sequence[Branch], seen: Seen) -> dict[str, int] | None:
    """How many of the tubes sought are in each container, by its code; None where nothing is sought."""
    return elevations.counted(branches, seen.direct) if seen.direct is not None else None


HANDLERS = [storage_page, make_freezer, container_page, move_container]
