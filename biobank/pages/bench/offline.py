"""What the bench does without the network: its worker, the maps it keeps, and the scans it hands in late."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import clock, inputs, specimens, storage, tasks, texts, web
from biobank.codes import grouped
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.pages.words import word
from biobank.people import Actor
from biobank.storage import Late, LateScan, Settled, Settlement
from biobank.tables import TaskKind
from biobank.texts import N_


class KeptMap(msgspec.Struct, frozen=True):
    """A container as a device keeps it: its free slots in fill order, and which tube is in which slot."""

    code: str
    name: str
    level: str
    free: list[str]
    tubes: dict[str, str]
    unplaced: bool


class Clock(msgspec.Struct, frozen=True):
    """What a device asks now and then: the last number of its bench that came in, and our time."""

    last: int
    now: datetime


SAYS = {
    "done": N_("%(code)s: done as scanned, %(place)s."),
    "seen": N_("%(code)s: seen where it is, %(place)s."),
    "disputed": N_("%(code)s was handled by somebody else meanwhile. It is in quarantine; see the tasks."),
    "kept": N_("%(code)s could not be done as scanned. It is kept; see the tasks."),
}
"""What came of a late scan, for the list of the last scans."""


@get("/bench-worker.js", sync_to_thread=True)
def worker() -> Response[bytes]:
    """The service worker. It stands at the root, since it may look after no page outside its own folder."""
    name = shell.tags("src/worker.js")[1].removeprefix("/static/")
    script = (shell.STATIC / name).read_bytes()
    return Response(script, media_type="text/javascript", headers={"Service-Worker-Allowed": "/bench"})


@get("/bench/maps/{code:str}", sync_to_thread=True)
def kept_map(door: web.OpenDoor, code: FromPath[str]) -> Response[KeptMap]:
    """A container for a device to keep."""
    told = door.ask(lambda session, actor: _kept(session, actor, code))
    return Response(told, media_type=MediaType.JSON)


@get("/bench/last", sync_to_thread=True)
def last_number(door: web.OpenDoor) -> Response[Clock]:
    """The last number that came in of this bench's scans, and what time it is for us."""
    told = door.ask(lambda session, actor: Clock(storage.last_number(session, actor), clock.now()))
    return Response(told, media_type=MediaType.JSON)


@post("/bench/late", sync_to_thread=True, status_code=200)
def late(door: web.OpenDoor, form: Form) -> Template:
    """Take a scan that was kept on a device, and say what came of it."""
    scan = inputs.read(LateScan, form, form=True)
    came = specimens.hand_in(door, scan)
    return shell.page("bench/_late.html", came=came, says=_says(came))


@get("/tasks/{task:uuid}/settling", sync_to_thread=True)
def settling_page(door: web.OpenDoor, task: FromPath[UUID]) -> Template:
    """Both claims about a tube, to decide between when somebody has looked."""
    me, row = shell.ask(door, lambda session, actor: storage.task_card(session, actor, task))
    return shell.page(
        "bench/settling.html",
        me,
        row=row,
        says=tasks.sentence(row),
        disputed=row.kind is TaskKind.PLACE_DISPUTED,
    )


@post("/tasks/{task:uuid}/settling", sync_to_thread=True, status_code=200)
def settle(
    request: Request[Any, Any, Any], door: web.OpenDoor, task: FromPath[UUID], form: Form
) -> Response[Any]:
    """Decide, and go back to the tasks."""
    order = inputs.read(Settlement, {**form, "task": str(task)}, form=True)
    door.act(lambda session, actor: storage.settle(session, actor, order), Settled)
    return shell.go(request, "/tasks")


# --- how ---


def _kept(session: Session, actor: Actor, code: str) -> KeptMap:
    found = storage.box_map(session, actor, code)
    container = storage.by_code(session, actor, code)
    grid_names = {(slot.row, slot.col): slot.name for slot in found.slots}
    free = [grid_names[slot] for slot in storage.free_in(session, container, actor)]
    tubes = {slot.code: slot.name for slot in found.slots if slot.state == "occupied" and slot.code}
    return KeptMap(found.code, found.name, found.level, free, tubes, unplaced=found.rows is None)


def _says(came: Late) -> str:
    message = texts.gettext(SAYS[came.came.value])
    return message % {"code": grouped(came.code), "place": word(came.place) or "–"}


HANDLERS = [worker, kept_map, last_number, late, settling_page, settle]
