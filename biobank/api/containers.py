"""Containers: freezers, shelves, racks, boxes; their types, maps and moves."""

from datetime import datetime
from typing import Annotated

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from biobank import clock, inputs, storage
from biobank.api.answers import CSV, After, Limit, Page, csv_file, page, spread_sheet
from biobank.api.documents import noun
from biobank.api.files import XLSX, work_book, xlsx_file
from biobank.door import Door
from biobank.storage import (
    AsOf,
    BoxMap,
    Branch,
    ContainerMove,
    ContainerOrder,
    ContainerPlace,
    ContainerRow,
    FreezerMade,
    FreezerOrder,
    PastCount,
    SeenAsked,
    TubeRow,
    TypeOrder,
    TypeRow,
)
from biobank.web import OpenDoor

At = Annotated[
    str | None, QueryParameter(description="A past moment with its offset: what was recorded by then.")
]
Unseen = Annotated[
    str | None, QueryParameter(description="In no hand since this day began (UTC); not together with `at`.")
]


@post("/freezers", sync_to_thread=True)
def make_freezer(door: OpenDoor, data: JSONBody[FreezerOrder]) -> FreezerMade:
    """Make a freezer with its shelves, racks and boxes in one act."""
    return door.act(lambda session, actor: storage.make_freezer(session, actor, data), FreezerMade)


@post("/containers", sync_to_thread=True)
def make_container(door: OpenDoor, data: JSONBody[ContainerOrder]) -> ContainerPlace:
    """Make one container, into another one or by itself at a site."""
    return door.act(
        lambda session, actor: storage.place_of(session, storage.make_container(session, actor, data)),
        ContainerPlace,
    )


@post("/container-types", sync_to_thread=True)
def add_type(door: OpenDoor, data: JSONBody[TypeOrder]) -> TypeRow:
    """Add a container type."""
    return door.act(lambda session, actor: storage.type_row(storage.add_type(session, actor, data)), TypeRow)


@get("/container-types", sync_to_thread=True)
def list_types(door: OpenDoor) -> list[TypeRow]:
    """Every container type, by code."""
    return door.ask(lambda session, _: [storage.type_row(kind) for kind in storage.type_codes(session)])


@get("/containers", sync_to_thread=True)
def list_roots(door: OpenDoor) -> list[ContainerRow]:
    """The containers in your scope that stand in no other: freezers."""
    return door.ask(storage.roots)


@get("/containers/{code:str}", sync_to_thread=True)
def get_map(door: OpenDoor, code: FromPath[str], at: At = None) -> BoxMap:
    """A container with every slot and who is in it, now or at a past moment."""
    then = moment(at)
    if then:
        return door.ask(lambda session, actor: storage.box_map_at(session, actor, code, then))
    return door.ask(lambda session, actor: storage.box_map(session, actor, code))


@get("/containers/{code:str}/contents", sync_to_thread=True)
def get_contents(door: OpenDoor, code: FromPath[str], at: At = None) -> list[ContainerRow]:
    """The containers directly inside one, in slot order, now or at a past moment."""
    then = moment(at)
    if then:
        return door.ask(lambda session, actor: storage.contents_at(session, actor, code, then))
    return door.ask(lambda session, actor: storage.contents(session, actor, code))


@get("/containers/{code:str}/tree", sync_to_thread=True)
def get_container_tree(door: OpenDoor, code: FromPath[str], at: At = None) -> list[Branch]:
    """All that stands in a container, down to its boxes, with the tubes and slots of each, now or then."""
    then = moment(at)
    if then:
        return door.ask(lambda session, actor: storage.inside_at(session, actor, code, then))
    return door.ask(lambda session, actor: storage.inside(session, actor, code))


@get("/containers/{code:str}/count", sync_to_thread=True)
def get_count(door: OpenDoor, code: FromPath[str], at: At = None) -> PastCount:
    """How many tubes and containers are in a container, however deep, now or at a past moment."""
    then = moment(at) or clock.now()
    return door.ask(lambda session, actor: storage.count_at(session, actor, code, then))


@get("/containers/{code:str}/tubes", sync_to_thread=True)
def list_tubes(
    door: OpenDoor,
    code: FromPath[str],
    at: At = None,
    not_seen_since: Unseen = None,
    limit: Limit = 50,
    after: After = "",
) -> Page[TubeRow]:
    """The tubes in a container, however deep, by code: now or at a past moment, or those nobody saw for long.

    Of a past moment it is not told when each was last seen.
    """
    rows = _tubes(door, code, at, not_seen_since, limit + 1, after)
    return page(rows, limit, lambda row: row.code)


@get("/containers/{code:str}/tubes.csv", sync_to_thread=True, media_type=CSV, responses=spread_sheet())
def list_tubes_as_csv(
    door: OpenDoor, code: FromPath[str], at: At = None, not_seen_since: Unseen = None
) -> Response[bytes]:
    """All those tubes as CSV."""
    return csv_file("tubes.csv", TubeRow, _tubes(door, code, at, not_seen_since))


@get("/containers/{code:str}/tubes.xlsx", sync_to_thread=True, media_type=XLSX, responses=work_book())
def list_tubes_as_xlsx(
    door: OpenDoor, code: FromPath[str], at: At = None, not_seen_since: Unseen = None
) -> Response[bytes]:
    """All those tubes as a spreadsheet."""
    return xlsx_file("tubes.xlsx", TubeRow, _tubes(door, code, at, not_seen_since))


def _tubes(
    door: Door,
    code: str,
    at: str | None,
    not_seen_since: str | None,
    most: int | None = None,
    after: str = "",
) -> list[TubeRow]:
    asked = inputs.read(SeenAsked, {"not_seen_since": not_seen_since})
    then = moment(at)
    if then is None:
        return door.ask(lambda session, actor: storage.tubes_in(session, actor, code, asked, most, after))
    rows = door.ask(lambda session, actor: storage.tubes_at(session, actor, code, then))
    return [row for row in rows if row.code > after][:most]


def moment(told: str | None) -> datetime | None:
    """A moment with its offset. Refused: what is no such time."""
    return inputs.read(AsOf, {"at": told}).at


@post("/container-moves", sync_to_thread=True, status_code=200)
def move_container(door: OpenDoor, data: JSONBody[ContainerMove]) -> ContainerPlace:
    """Move a container with all it holds."""
    return door.act(
        lambda session, actor: storage.place_of(session, storage.move_container(session, actor, data)),
        ContainerPlace,
    )


HANDLERS = noun(
    "containers",
    [
        make_freezer,
        make_container,
        add_type,
        list_types,
        list_roots,
        get_map,
        get_contents,
        get_container_tree,
        get_count,
        list_tubes,
        list_tubes_as_csv,
        list_tubes_as_xlsx,
        move_container,
    ],
)
