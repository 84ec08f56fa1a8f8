"""How containers are set up: type, name, barcode, what they may hold, blocked slots, and their end."""

from litestar import get, post
from litestar.params import FromPath, JSONBody

from biobank import storage
from biobank.api.documents import noun
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
from biobank.web import OpenDoor


@get("/containers/{code:str}/settings", sync_to_thread=True)
def get_settings(door: OpenDoor, code: FromPath[str]) -> ContainerSettings:
    """A container as it is set up, and what it may hold with where each rule comes from."""
    return door.ask(lambda session, actor: storage.container_settings(session, actor, code))


@post("/container-retypings", sync_to_thread=True, status_code=200)
def change_type(door: OpenDoor, data: JSONBody[Retype]) -> ContainerSettings:
    """Give a container another type. Refused below a slot that is in use."""
    return door.act(
        lambda session, actor: storage.settings_of(session, storage.change_type(session, actor, data)),
        ContainerSettings,
    )


@post("/container-names", sync_to_thread=True, status_code=200)
def rename_container(door: OpenDoor, data: JSONBody[Rename]) -> ContainerSettings:
    """Give a container another name; its code stays."""
    return door.act(
        lambda session, actor: storage.settings_of(session, storage.rename(session, actor, data)),
        ContainerSettings,
    )


@post("/container-barcodes", sync_to_thread=True, status_code=200)
def set_barcode(door: OpenDoor, data: JSONBody[BarcodeOrder]) -> ContainerSettings:
    """Say which code of its manufacturer a container bears, or none."""
    return door.act(
        lambda session, actor: storage.settings_of(session, storage.set_barcode(session, actor, data)),
        ContainerSettings,
    )


@post("/container-temperatures", sync_to_thread=True, status_code=200)
def set_temperature(door: OpenDoor, data: JSONBody[TemperatureOrder]) -> ContainerSettings:
    """Say what a container is kept at (°C), or that it is as cold as what it stands in."""
    return door.act(
        lambda session, actor: storage.settings_of(session, storage.set_temperature(session, actor, data)),
        ContainerSettings,
    )


@post("/container-limits", sync_to_thread=True, status_code=200)
def set_limits(door: OpenDoor, data: JSONBody[LimitsOrder]) -> ContainerSettings:
    """Say what a container may hold, and all that is in it; what is left out is not limited."""
    return door.act(
        lambda session, actor: storage.settings_of(session, storage.set_limits(session, actor, data)),
        ContainerSettings,
    )


@post("/container-blocks", sync_to_thread=True, status_code=200)
def block_slots(door: OpenDoor, data: JSONBody[BlockOrder]) -> ContainerSettings:
    """Say that slots cannot be used."""
    return door.act(
        lambda session, actor: storage.settings_of(session, storage.block_slots(session, actor, data)),
        ContainerSettings,
    )


@post("/container-unblocks", sync_to_thread=True, status_code=200)
def unblock_slots(door: OpenDoor, data: JSONBody[BlockOrder]) -> ContainerSettings:
    """Say that blocked slots can be used again."""
    return door.act(
        lambda session, actor: storage.settings_of(session, storage.unblock_slots(session, actor, data)),
        ContainerSettings,
    )


@post("/container-retirements", sync_to_thread=True, status_code=200)
def retire_container(door: OpenDoor, data: JSONBody[Retirement]) -> ContainerSettings:
    """Take an empty container out of use."""
    return door.act(
        lambda session, actor: storage.settings_of(session, storage.retire(session, actor, data)),
        ContainerSettings,
    )


router = noun(
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
