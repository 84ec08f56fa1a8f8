"""Reconciling: what an audit found otherwise, both places side by side, and what is done about each line."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import audits, clock, inputs, web
from biobank.audits import Decide, Entrust, Finding, SoughtFindings, words
from biobank.pages import files, shell
from biobank.pages.audits import boards
from biobank.pages.audits.boards import Seen
from biobank.pages.shell import Form
from biobank.people import Actor, May, allowed
from biobank.tables import AuditDecision, Result
from biobank.texts import N_
from biobank.texts import gettext as _

PAGE = 200

MOST = 1_000
"""So many findings are settled by one tap."""

OF_TUBES = (AuditDecision.MOVED, AuditDecision.PUT_BACK, AuditDecision.MISSING)
"""What only those may decide who handle tubes: it is written into their chains."""

ENTRUST = "entrust"
"""What may be chosen besides the decisions: somebody looks after it, and it stays open."""

SOON = timedelta(days=7)
"""Until when somebody is to look after a finding, if nobody says."""

_KEPT = ("result", "box", "open")


class Found(msgspec.Struct, frozen=True):
    """The findings that are sought, those that one tap settles with what moves besides, and their audit."""

    seen: Seen
    rows: list[Finding]
    plain: dict[UUID, list[UUID]]


@get("/audits/{key:uuid}/findings", sync_to_thread=True)
def findings_page(request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID]) -> Template:
    """Every finding that is sought, with both places, what was done and by whom."""
    sought, kept = _sought(request)
    me, told = shell.ask(door, lambda session, actor: _found(session, actor, key, sought))
    board = told.seen.board
    return shell.page(
        "audits/findings.html",
        me,
        board=board,
        zone=told.seen.zone,
        rows=told.rows[:PAGE],
        more=str(told.rows[PAGE - 1].id) if len(told.rows) > PAGE else "",
        plain=told.plain,
        at_once=list(told.plain)[:MOST],
        view=View(f"/audits/{key}/findings", kept),
        results=[(result, board.results[result]) for result in Result if _counted(board.results, result)],
        decisions=[each for each in AuditDecision if each not in OF_TUBES or allowed(me, May.HANDLE)],
        entrust=ENTRUST,
        today=clock.now().date(),
        soon=clock.now().date() + SOON,
        words=words,
    )


@get("/audits/{key:uuid}/findings.csv", sync_to_thread=True)
def findings_file(
    request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID]
) -> Response[bytes]:
    """All the findings that are sought, however many, as a file."""
    sought, _kept = _sought(request)
    files.kind_asked(request)
    rows = door.ask(lambda session, actor: audits.every_finding(session, actor, key, sought))
    return files.sheet(request, ["findings"], header(), map(msgspec.structs.astuple, rows))


@post("/audits/{key:uuid}/decisions", sync_to_thread=True)
def decide(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, key: FromPath[UUID]
) -> Response[Any]:
    """Say what is done about some findings, all alike, or who looks after them."""
    told = {"audit": str(key), "lines": shell.several(form, "lines")}
    if shell.one(form, "decision") == ENTRUST:
        entrusting = inputs.read(Entrust, told | _fields(form, "owner", "due"), form=True)
        door.act(lambda session, actor: len(audits.entrust(session, actor, entrusting)), int)
    else:
        order = inputs.read(Decide, told | _fields(form, "decision", "reason"), form=True)
        door.act(lambda session, actor: len(audits.decide(session, actor, order)), int)
    return shell.go(request, shell.local(shell.one(form, "next"), f"/audits/{key}/findings"))


@get("/audits/entrusted", sync_to_thread=True)
def entrusted_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """Findings of all audits that somebody is to look after, or those of whoever asks alone."""
    mine = "mine" in request.query_params
    me, rows = shell.ask(door, lambda session, actor: audits.entrusted(session, actor, mine=mine))
    return shell.page(
        "audits/entrusted.html", me, rows=rows, mine=mine, today=clock.now().date(), words=words
    )


@get("/missing", sync_to_thread=True)
def missing_page(door: web.OpenDoor) -> Template:
    """The tubes that are sought, in the order in which one walks past the places where they should be."""

    def question(session: Session, actor: Actor) -> tuple[list[Finding], dict[UUID, str]]:
        rows = audits.missing(session, actor)
        return rows, audits.zones_of(session, rows)

    me, (rows, zones) = shell.ask(door, question)
    return shell.page("audits/missing.html", me, rows=rows, zones=zones)


# --- words ---


_NAMES = {
    "id": N_("Finding (id)"),
    "audit": N_("Audit (id)"),
    "audit_name": N_("Audit"),
    "result": N_("Result"),
    "code": N_("Code"),
    "material": N_("Material"),
    "text": N_("Read"),
    "box": N_("Should be in box"),
    "path": N_("Should be at"),
    "slot": N_("Should be in slot"),
    "found_box": N_("Found in box"),
    "found_path": N_("Found at"),
    "found_slot": N_("Found in slot"),
    "decision": N_("Decision"),
    "reason": N_("Reason"),
    "decided_by": N_("Decided by"),
    "decided_at": N_("Decided at"),
    "owner": N_("Looked after by"),
    "due_on": N_("Due on"),
    "turned_up": N_("Turned up at"),
}


# --- how ---


class View:
    """What is sought among the findings, and the addresses that keep it."""

    def __init__(self, path: str, kept: dict[str, str]) -> None:
        self.path = path
        self.kept = kept

    def address(self, where: str = "", **changes: str) -> str:
        """Another view of them, with the rest of what is sought kept; the files for `/file`."""
        told = {name: value for name, value in (self.kept | changes).items() if value}
        path = f"{self.path}.csv" if where else self.path
        return f"{path}?{urlencode(told)}" if told else path


def header() -> list[str]:
    """The names of the columns of a file, in the order of Finding."""
    return [_(_NAMES[name]) for name in Finding.__struct_fields__]


def _sought(request: Request[Any, Any, Any]) -> tuple[SoughtFindings, dict[str, str]]:
    asked = request.query_params
    kept = {name: asked[name] for name in _KEPT if asked.get(name)}
    after = {"after": asked["after"]} if asked.get("after") else {}
    return inputs.read(SoughtFindings, {**kept, **after, "limit": PAGE + 1}, form=True), kept


def _found(session: Session, actor: Actor, key: UUID, sought: SoughtFindings) -> Found:
    return Found(
        boards.seen(session, actor, key),
        audits.findings(session, actor, key, sought),
        audits.settled_by_a_tap(session, actor, key),
    )


def _fields(form: shell.Fields, *names: str) -> dict[str, str]:
    return {name: shell.one(form, name) for name in names}


def _counted(results: dict[str, int], result: Result) -> bool:
    return bool(results.get(result)) and result not in (Result.FOUND, Result.EMPTY)


HANDLERS = [findings_page, findings_file, decide, entrusted_page, missing_page]
