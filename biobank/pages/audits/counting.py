"""Counting boxes of an audit by a hand scanner: container first, then everything in it."""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import audits, clock, codes, errors, inputs, web
from biobank.audits import AuditBoard, BoxRow, Counting
from biobank.errors import Refusal
from biobank.labels.cards import Card
from biobank.pages import shell
from biobank.pages.audits import drawing, taking, telling, walking
from biobank.pages.audits.scans import MODE, Order, Said, What
from biobank.pages.bench import answers
from biobank.pages.bench.answers import Result
from biobank.pages.bench.scanning import Mode
from biobank.pages.shell import Form
from biobank.people import Actor
from biobank.storage import BoxMap, box_map
from biobank.tables import BoxState

LATE, OLDEST = timedelta(seconds=30), timedelta(days=30)
"""A scan that was made so long before it came in keeps its own time; none older is believed."""

FORGETS = {"slot_scanned": "", "slot_in_question": "~"}
"""After these refusals the cursor goes on, or stands there without its question."""


class Around(msgspec.Struct, frozen=True):
    """What stands around a result: the open box, or where none is, the audit with the boxes that are left."""

    name: str
    box: Counting | None = None
    map: BoxMap | None = None
    board: AuditBoard | None = None

    @property
    def left(self) -> list[BoxRow]:
        """The boxes that are still to be counted, in walking order."""
        boxes = self.board.boxes if self.board else []
        return [each for each in boxes if each.state is not BoxState.COUNTED]


@get("/audits/{key:uuid}/boxes/{code:str}", sync_to_thread=True)
def count_page(
    request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID], code: FromPath[str]
) -> Template:
    """The count of a box as it stands: everything scanned so far, and the cursor.

    The query may name another box than the path: the one that was scanned on this page since.
    """
    asked = request.query_params
    box, at = codes.read(asked.get("box", "")) or code, asked.get("at", "")[:120].upper()
    me, around = shell.ask(door, lambda session, actor: _around(session, actor, key, box))
    return shell.page("audits/count.html", me, key=key, cards=Card, **_told(me, around, at))


@get("/audits/{key:uuid}/count/map", sync_to_thread=True)
def live_map(
    request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID]
) -> Template | Response[str]:
    """The open box as it is now, since others count too; 304 where it is as the page has it."""
    asked = request.query_params
    box, at = asked.get("box", ""), asked.get("at", "")[:120].upper()
    me, around = shell.ask(door, lambda session, actor: _around(session, actor, key, box))
    told = _told(me, around, at)
    if request.headers.get("if-none-match", "").strip('W/"') == told["etag"]:
        return Response("", status_code=304, media_type=MediaType.TEXT)
    answer = shell.page("audits/_count_map.html", me, key=key, **told)
    answer.headers["ETag"] = f'"{told["etag"]}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@post("/audits/{key:uuid}/count/scans", sync_to_thread=True, status_code=200)
def scan(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, key: FromPath[UUID]) -> Template:
    """Do what the scan means, and answer with its outcome and the box as it is now.

    On any other page of the audit the scan of a box opens its count. A refusal is an outcome too: STOP, in
    both languages.
    """
    order = inputs.read(Order, form, form=True)
    occurred = _occurred(request)
    said: Said | Refusal
    try:
        said = door.act(lambda session, actor: taking.take(session, actor, key, order, occurred), Said)
    except (errors.Busy, errors.NotSignedIn):
        raise
    except Refusal as refusal:
        said = refusal
    box = order.box if isinstance(said, Refusal) else said.box or _just_counted(said)
    me, around = shell.ask(door, lambda session, actor: _around(session, actor, key, box))
    if isinstance(said, Refusal):
        result = _stopped(said, order, me, around)
    else:
        result = _result(said, order, me, around)
        if order.mode != MODE and result.box:
            result = msgspec.structs.replace(result, leads=f"/audits/{key}/boxes/{result.box}")
    return shell.page(
        "audits/_counted.html",
        me,
        key=key,
        result=result,
        scanned=order.scan,
        visit_mode=MODE if order.mode == MODE else order.mode or "lookup",
        **_told(me, around, result.at),
    )


# --- how ---


def _just_counted(said: Said) -> str:
    """The box that is done: it stays in sight, though it is open no more."""
    return said.code if said.what is What.DONE and said.state == BoxState.COUNTED else ""


def _occurred(request: Request[Any, Any, Any]) -> datetime | None:
    """When a scan was made that waited for the network: told as how long ago, for its clock may be wrong."""
    told = request.headers.get("x-scanned-ago", "")
    ago = (
        timedelta(seconds=int(told)) if told.isascii() and told.isdecimal() and len(told) < 8 else timedelta()
    )
    return clock.now() - ago if LATE <= ago <= OLDEST else None


def _around(session: Session, actor: Actor, key: UUID, code: str) -> Around:
    audit = audits.by_id(session, actor, key)
    if not code:
        return Around(audit.name, board=audits.board(session, actor, key))
    box = audits.counted_box(session, actor, key, code)
    counted = box.state is BoxState.COUNTED
    board = audits.board(session, actor, key) if counted else None
    return Around(audit.name, box, box_map(session, actor, box.code), board)


def _result(said: Said, order: Order, me: Actor, around: Around) -> Result:
    coming = ""
    if said.what is What.DONE and around.board:
        coming = telling.coming(around.board.boxes, said.code, me.name)
    return telling.result(said, coming, corrected=order.corrected)


def _stopped(refusal: Refusal, order: Order, me: Actor, around: Around) -> Result:
    at = order.at
    if refusal.slug in FORGETS and around.box:
        cursor = walking.stand(around.box, order.at if FORGETS[refusal.slug] else "", me.name)
        at = msgspec.structs.replace(cursor, asked="").at
    return answers.refused(refusal, Mode.LOOKUP, order.box, at=at)


def _told(me: Actor, around: Around, at: str) -> dict[str, Any]:
    """What the parts of the page are drawn with."""
    box = around.box
    cursor = walking.stand(box, at, me.name) if box else walking.Cursor()
    if box and box.state is BoxState.COUNTED:
        cursor = walking.Cursor()
    marked = hashlib.sha256(msgspec.json.encode([around.box, cursor, around.board])).hexdigest()[:24]
    return {
        "audit_name": around.name,
        "box": box,
        "open": box is not None and box.state is not BoxState.COUNTED,
        "left": around.left,
        "cursor": cursor,
        "at_slot": walking.at(box, cursor.slot) if box else None,
        "unseen": len(walking.unseen(box)) if box else 0,
        "drawn": drawing.drawn(box, around.map, cursor, me) if box and around.map else None,
        "rows": drawing.rows(box) if box else [],
        "kinds": drawing.kinds(box) if box else {},
        "words": drawing.KINDS,
        "etag": marked,
        "at": cursor.at,
    }


HANDLERS = [count_page, live_map, scan]
