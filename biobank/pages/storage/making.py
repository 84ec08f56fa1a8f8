"""A new container inside another one: what it is, where in it, how cold, and its manufacturer's code."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import inputs, people, storage, web
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.people import Actor, May
from biobank.storage import BoxMap, ContainerOrder, TypeRow
from biobank.tables import Level

FIELDS = ("type", "name", "slot", "celsius", "barcode")
LEVELS = [level.value for level in Level]


class Outer(msgspec.Struct, frozen=True):
    """What the new container goes into, the types that go into it, and the kind of those it holds already."""

    box: BoxMap
    types: list[TypeRow]
    usual: str


@get("/containers/{code:str}/new", sync_to_thread=True)
def new_page(request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str]) -> Template:
    """A form for one container that goes into this one."""

    def question(session: Session, actor: Actor) -> Outer:
        people.require(actor, May.SET_UP, storage.by_code(session, actor, code, field="code"))
        found = storage.box_map(session, actor, code)
        rows = [storage.type_row(kind) for kind in storage.type_codes(session)]
        fitting = [row for row in rows if LEVELS.index(row.level) > LEVELS.index(found.level)]
        held = next((slot.code for slot in found.slots if slot.label), "")
        usual = storage.container_settings(session, actor, held).type if held else ""
        return Outer(found, fitting, usual)

    me, outer = shell.ask(door, question)
    slot = request.query_params.get("slot", "")
    return shell.page("storage/new.html", me, outer=outer, box=outer.box, slot=slot)


@post("/containers/{code:str}/new", sync_to_thread=True)
def make(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Make it, and lead to its page."""
    told = {name: shell.one(form, name) for name in FIELDS}
    order = inputs.read(ContainerOrder, {**told, "into": code}, form=True)
    made = door.act(lambda session, actor: storage.make_container(session, actor, order).code, str)
    return shell.go(request, f"/containers/{made}")


HANDLERS = [new_page, make]
