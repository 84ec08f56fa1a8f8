"""How containers are set up: type, name, barcode, what they may hold, blocked slots, and their end."""

from collections.abc import Callable
from typing import TypeVar

from litestar import get, post
from litestar.params import FromPath, JSONBody
from sqlmodel import Session

from biobank import storage
from biobank.api.documents import noun
from biobank.people import Actor
from biobank.storage import (
    BarcodeOrder,
    BlockOrder,
    ContainerSettings,
    LimitsOrder,
    Rename,
    Retirement,
    Retype,
    TemperatureOrder,
)
from biobank.tables import Container
from biobank.web import OpenDoor

Order = TypeVar("Order")


def _changed(
    door: OpenDoor, change: Callable[[Session, Actor, Order], Container], order: Order
) -> ContainerSettings:
    """Every change here is one order about one container, and is answered by how that is set up now."""
    return door.act(
        lambda session, actor: storage.settings_of(session, change(session, actor, order)), ContainerSettings
    )


@get("/containers/{code:str}/settings", sync_to_thread=True)
def get_settings(door: OpenDoor, code: FromPath[str]) -> ContainerSettings:
    """A container as it is set up, and what it may hold with where each rule comes from."""
    return door.ask(lambda session, actor: storage.container_settings(session, actor, code))


@post("/container-retypings", sync_to_thread=True, status_code=200)
def change_type(door: OpenDoor, data: JSONBody[Retype]) -> ContainerSettings:
    """Give a container another type. Refused below a slot that is in use."""
    return _changed(door, storage.change_type, data)


@post("/container-names", sync_to_thread=True, status_code=200)
def rename_container(door: OpenDoor, data: JSONBody[Rename]) -> ContainerSettings:
    """Give a container another name; its code stays."""
    return _changed(door, storage.rename, data)


@post("/container-barcodes", sync_to_thread=True, status_code=200)
def set_barcode(door: OpenDoor, data: JSONBody[BarcodeOrder]) -> ContainerSettings:
    """Say which code of its manufacturer a container bears, or none."""
    return _changed(door, storage.set_barcode, data)


@post("/container-temperatures", sync_to_thread=True, status_code=200)
def set_temperature(door: OpenDoor, data: JSONBody[TemperatureOrder]) -> ContainerSettings:
    """Say what a container is kept at (°C), or that it is as cold as what it stands in."""
    return _changed(door, storage.set_temperature, data)


@post("/container-limits", sync_to_thread=True, status_code=200)
def set_limits(door: OpenDoor, data: JSONBody[LimitsOrder]) -> ContainerSettings:
    """Say what a container may hold, and all that is in it; what is left out is not limited."""
    return _changed(door, storage.set_limits, data)


@post("/container-blocks", sync_to_thread=True, status_code=200)
def block_slots(door: OpenDoor, data: JSONBody[BlockOrder]) -> ContainerSettings:
    """Say that slots cannot be used."""
    return _changed(door, storage.block_slots, data)


@post("/container-unblocks", sync_to_thread=True, status_code=200)
def unblock_slots(door: OpenDoor, data: JSONBody[BlockOrder]) -> ContainerSettings:
    """Say that blocked slots can be used again."""
    return _changed(door, storage.unblock_slots, data)


@post("/container-retirements", sync_to_thread=True, status_code=200)
def retire_container(door: OpenDoor, data: JSONBody[Retirement]) -> ContainerSettings:
    """Take an empty container out of use."""
    return _changed(door, storage.retire, data)


HANDLERS = noun(
    "containers",
    [
        get_settings,
        change_type,
        rename_container,
        set_barcode,
        set_temperature,
        set_limits,
        block_slots,
        unblock_slots,
        retire_container,
    ],
)
