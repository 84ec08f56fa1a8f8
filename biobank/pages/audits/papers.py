"""Counting on paper: the sheet to print, and what is entered from it when there is power again."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import audits, codes, errors, inputs, web
from biobank.audits import BoxCount, CountedOnPaper, Entered, words
from biobank.codes import CodeKind
from biobank.door import Door
from biobank.errors import NotFound, Refusal
from biobank.labels.cards import Card
from biobank.pages import shell
from biobank.pages.audits.boards import Seen, seen
from biobank.pages.bench import answers
from biobank.pages.bench.answers import Outcome, Result
from biobank.pages.bench.scanning import Mode
from biobank.pages.labels.jobs import pdf
from biobank.pages.shell import Form
from biobank.pages.storage.rooms import scanned
from biobank.pages.studies.visits import with_offset
from biobank.people import Actor
from biobank.tables import BoxState
from biobank.texts import N_

_ANSWERED = ("found", "missing", "other", "left")
"""What the address says of the sheet that was entered last."""


class Order(inputs.Input):
    """One scan where a sheet is to be chosen."""

    scan: inputs.Scanned
    mode: str = ""
    box: str = ""
    at: str = ""
    about: str = ""
    source: str = "scan"
    corrected: inputs.Flag = False


class Shown(msgspec.Struct, frozen=True):
    """An audit, and the box whose sheet is entered, if one is chosen."""

    audit: Seen
    entered: Entered | None = None


@get("/audits/{key:uuid}/sheet.pdf", sync_to_thread=True)
def sheet_pdf(request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID]) -> Response[bytes]:
    """The sheet of the boxes that the address names by `box`, or of all that are not counted yet."""
    wanted = [code for each in request.query_params.getall("box", []) for code in scanned(each)]

    def question(session: Session, actor: Actor) -> bytes:
        paper, boxes = audits.paper_of(session, actor, key, wanted)
        language = audits.require_language(request.query_params.get("language", ""))
        return audits.sheet(paper, boxes, language)

    return pdf(door.ask(question), f"sheet-{key}.pdf")


@get("/audits/{key:uuid}/paper", sync_to_thread=True)
def paper_page(request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID]) -> Template:
    """The boxes whose sheets can be entered; with `box`, the sheet of that one."""
    query = {name: value.strip() for name, value in request.query_params.items()}
    told = {"audit": key, "box": query.get("box", "")}
    order = inputs.read(CountedOnPaper, told, form=True) if told["box"] else None
    me, shown = shell.ask(door, lambda session, actor: _shown(session, actor, key, order))
    done = {name: query[name] for name in _ANSWERED if query.get(name, "").isdecimal()}
    waiting = [box for box in shown.audit.board.boxes if box.state is not BoxState.COUNTED]
    last = next((box for box in shown.audit.board.boxes if box.code == query.get("of")), None)
    return shell.page("audits/paper.html", me, **_around(shown), done=done, last=last, waiting=waiting)


@post("/audits/{key:uuid}/paper/look", sync_to_thread=True, status_code=200)
def look(door: web.OpenDoor, form: Form, key: FromPath[UUID]) -> Template:
    """What the entries come to so far; nothing is kept."""
    order = inputs.read(CountedOnPaper, _told(form, key), form=True)
    me, shown = shell.ask(door, lambda session, actor: _shown(session, actor, key, order))
    return shell.page("audits/_entered.html", me, **_around(shown), rest_absent=order.rest_absent)


@post("/audits/{key:uuid}/paper/scans", sync_to_thread=True, status_code=200)
def scan(door: web.OpenDoor, form: Form, key: FromPath[UUID]) -> Template:
    """Open the sheet of the box that was scanned, by its own code or by that of any of its lines."""
    order = inputs.read(Order, form, form=True)
    try:
        result = _opened(door, key, order.scan)
    except (errors.Busy, errors.NotSignedIn):
        raise
    except Refusal as refusal:
        result = answers.refused(refusal, Mode.LOOKUP, "")
    return shell.page("bench/_result.html", result=result)


@post("/audits/{key:uuid}/paper", sync_to_thread=True)
def enter(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, key: FromPath[UUID]
) -> Response[Any]:
    """Count the box from its sheet, and go on with the next one."""
    zone = door.ask(lambda session, actor: seen(session, actor, key).zone)
    told = _told(form, key) | {"occurred": with_offset(shell.one(form, "occurred"), zone)}
    order = inputs.read(CountedOnPaper, told, form=True)
    count = door.act(lambda session, actor: audits.count_on_paper(session, actor, order), BoxCount)
    return shell.go(request, f"/audits/{key}/paper?{urlencode(_came_to(count))}")


# --- how ---


def _told(form: Form, key: UUID) -> dict[str, Any]:
    return {"audit": key} | {name: shell.one(form, name) for name in ("box", "entries", "rest_absent")}


def _opened(door: Door, key: UUID, scanned: str) -> Result:
    code = codes.read(scanned) or ""
    if code and CodeKind(code[0]) is CodeKind.BADGE:
        return answers.badge_elsewhere(Mode.LOOKUP, "")
    board = door.ask(lambda session, actor: audits.board(session, actor, key))
    line = audits.line_named(scanned)
    boxes = board.boxes[line[0] - 1 : line[0]] if line else [box for box in board.boxes if box.code == code]
    if not boxes:
        message = N_("No box of this audit has that code. Scan the code in the head of its sheet.")
        raise NotFound("sheet_unknown", message, field="scan")
    box = boxes[0]
    leads = f"/audits/{key}/paper?box={box.code}"
    return Result(outcome=Outcome.OK, headline=box.name, detail=box.path, leads=leads, mode=Mode.LOOKUP)


def _shown(session: Session, actor: Actor, key: UUID, order: CountedOnPaper | None) -> Shown:
    entered = audits.entered(session, actor, order) if order else None
    return Shown(seen(session, actor, key), entered)


def _around(shown: Shown) -> dict[str, Any]:
    return {
        "board": shown.audit.board,
        "zone": shown.audit.zone,
        "began": _local(shown.audit),
        "shown": shown.entered,
        "words": words,
        "cards": Card,
    }


def _local(audit: Seen) -> str:
    """When it began, as a field of a form takes it; what is counted earlier is refused."""
    began = audit.board.started_at
    return began.astimezone(ZoneInfo(audit.zone)).strftime("%Y-%m-%dT%H:%M") if began else ""


def _came_to(count: BoxCount) -> dict[str, str | int]:
    """What the next page says of a sheet: how its box ended, or that it is still open."""
    if count.state not in (BoxState.COUNTED, BoxState.AGAIN):
        return {"of": count.box, "left": len(count.scans), "box": count.box}
    found, missing = (count.results.get(word, 0) for word in ("found", "missing"))
    others = sum(often for word, often in count.results.items() if word not in ("found", "missing", "empty"))
    return {"of": count.box, "found": found, "missing": missing, "other": others}


HANDLERS = [sheet_pdf, paper_page, look, scan, enter]
