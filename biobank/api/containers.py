"""Containers: freezers, shelves, racks, boxes; their types, maps and moves."""

from litestar import get, post
from litestar.params import FromPath, JSONBody

from biobank import storage
from biobank.api.documents import noun
from biobank.storage import (
    BoxMap,
    ContainerMove,
    ContainerOrder,
    ContainerPlace,
    ContainerRow,
    FreezerMade,
    FreezerOrder,
    TypeOrder,
    TypeRow,
)
from biobank.web import OpenDoor


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
def get_map(door: OpenDoor, code: FromPath[str]) -> BoxMap:
    """A container with every slot and who is in it."""
    return door.ask(lambda session, actor: storage.box_map(session, actor, code))


@get("/containers/{code:str}/contents", sync_to_thread=True)
def get_contents(door: OpenDoor, code: FromPath[str]) -> list[ContainerRow]:
    """The containers directly inside one, in slot order."""
    return door.ask(lambda session, actor: storage.contents(session, actor, code))


@post("/container-moves", sync_to_thread=True, status_code=200)
def move_container(door: OpenDoor, data: JSONBody[ContainerMove]) -> ContainerPlace:
    """Move a container with all it holds."""
    return door.act(
        lambda session, actor: storage.place_of(session, storage.move_container(session, actor, data)),
        ContainerPlace,
    )


router = noun(
    "containers",
    [
        make_freezer,
        make_container,
        add_type,
        list_types,
        list_roots,
        get_map,
        get_contents,
        move_container,
    ],
)
