"""How a container is set up: its type, name and barcode, what it may hold and why, blocked slots, its end."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import amounts, inputs, people, storage, studies, web
from biobank.inputs import Input
from biobank.pages import shell
from biobank.pages.shell import Fields, Form
from biobank.people import Actor, May
from biobank.storage import (
    BarcodeOrder,
    BlockOrder,
    ContainerSettings,
    LimitsOrder,
    Rename,
    Retirement,
    Retype,
    Step,
    TemperatureOrder,
    TypeRow,
)
from biobank.tables import Level

LEVELS = [level.value for level in Level]
_BETWEEN = re.compile(r"[,;\s]+")


class SetUp(msgspec.Struct, frozen=True):
    """A container's settings, the way to it, what it could be or be limited to, and who may change it."""

    settings: ContainerSettings
    path: list[Step]
    types: list[TypeRow]
    choices: dict[str, list[str]]
    may_set_up: bool
    may_handle: bool


@get("/containers/{code:str}/settings", sync_to_thread=True)
def settings_page(door: web.OpenDoor, code: FromPath[str]) -> Template:
    """A container as it is set up, and forms for whoever may change it."""
    me, told = shell.ask(door, lambda session, actor: _set_up(session, actor, code))
    return shell.page("storage/settings.html", me, told=told, box=told.settings)


@post("/containers/{code:str}/settings/{what:str}", sync_to_thread=True)
def change(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str], what: FromPath[str]
) -> Response[Any]:
    """One change of a container: its type, name, barcode, limits, blocked slots, or its retirement."""
    if what not in _CHANGES:
        return Response("", status_code=404)
    model, read, work = _CHANGES[what]
    order = inputs.read(model, {"container": code, **read(form)}, form=True)
    done = door.act(lambda session, actor: work(session, actor, order).code, str)
    return shell.go(request, f"/containers/{done}/settings")


# --- how ---


def _set_up(session: Session, actor: Actor, code: str) -> SetUp:
    container = storage.by_code(session, actor, code, field="code")
    settings = storage.settings_of(session, container)
    rows = [storage.type_row(kind) for kind in storage.type_codes(session)]
    known = {
        "studies": [row.code for row in studies.everything(session, actor)],
        "materials": list(amounts.MATERIALS),
        "storage": storage.storage_classes(session),
        "types": [row.code for row in rows if LEVELS.index(row.level) > LEVELS.index(settings.level)],
    }
    # What a limit names stays to be chosen, whoever looks: a form must not drop it unseen.
    choices = {
        about: list(dict.fromkeys([*each, *settings.may_hold.get(about, ())]))
        for about, each in known.items()
    }
    return SetUp(
        settings=settings,
        path=storage.path(session, container.id),
        types=[row for row in rows if row.level == settings.level],
        choices=choices,
        may_set_up=people.allowed(actor, May.SET_UP, container) and not settings.retired,
        may_handle=people.allowed(actor, May.HANDLE, container) and not settings.retired,
    )


def _limited(form: Fields) -> dict[str, Any]:
    told: dict[str, Any] = {
        about: shell.several(form, about) for about in ("studies", "materials", "storage", "types")
    }
    return {
        **told,
        "vessels": [line.strip() for line in shell.one(form, "vessels").splitlines() if line.strip()],
    }


def _slots(form: Fields) -> dict[str, Any]:
    return {"slots": [name for each in shell.several(form, "slots") for name in _BETWEEN.split(each) if name]}


Change = tuple[type[Input], Callable[[Fields], dict[str, Any]], Callable[[Session, Actor, Any], Any]]

_CHANGES: dict[str, Change] = {
    "type": (Retype, lambda form: {"type": shell.one(form, "type")}, storage.change_type),
    "name": (Rename, lambda form: {"name": shell.one(form, "name")}, storage.rename),
    "barcode": (BarcodeOrder, lambda form: {"barcode": shell.one(form, "barcode")}, storage.set_barcode),
    "temperature": (
        TemperatureOrder,
        lambda form: {"celsius": shell.one(form, "celsius")},
        storage.set_temperature,
    ),
    "limits": (LimitsOrder, _limited, storage.set_limits),
    "blocks": (BlockOrder, _slots, storage.block_slots),
    "unblocks": (BlockOrder, _slots, storage.unblock_slots),
    "retirement": (Retirement, lambda _: {}, storage.retire),
}

HANDLERS = [settings_page, change]
