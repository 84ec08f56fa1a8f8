"""Emptying a freezer: what has to be carried where, ticked by one scan for each rack."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import codes, errors, evacuations, inputs, web
from biobank.codes import CodeKind, grouped
from biobank.door import Door
from biobank.errors import NotFound, Refusal
from biobank.evacuations import Board, BoardRow, Carried, Carry, Chosen, EvacuationOrder
from biobank.labels.cards import NAMES, Card
from biobank.pages import shell
from biobank.pages.bench import answers
from biobank.pages.bench.answers import Outcome, Result
from biobank.pages.bench.scanning import Mode
from biobank.pages.shell import Form
from biobank.people import Actor
from biobank.texts import N_
from biobank.texts import gettext as _

_UNKNOWN_CARD = N_("%(code)s is no card that is known here. Nothing was done.")
_TONES = {"done": "ok", "waiting": "", "elsewhere": "notice", "no_room": "stop"}
MODE = "carry"


class Order(inputs.Input):
    """One scan on the board of an evacuation."""

    scan: inputs.Scanned
    mode: str = ""
    box: str = ""
    at: str = ""
    about: str = ""
    source: str = "scan"
    corrected: inputs.Flag = False


class Told(msgspec.Struct, frozen=True):
    """The evacuations under way, and those that are over."""

    open: list[BoardRow]
    closed: list[BoardRow]


@get("/evacuations", sync_to_thread=True)
def evacuations_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """What is being emptied; a form to begin with another container."""

    def question(session: Session, actor: Actor) -> Told:
        return Told(evacuations.boards(session, actor), evacuations.boards(session, actor, closed=True))

    me, told = shell.ask(door, question)
    wanted = codes.read(request.query_params.get("container", "")) or ""
    return shell.page("evacuations/list.html", me, told=told, wanted=wanted)


@post("/evacuations", sync_to_thread=True)
def begin(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """Plan to empty a container, into those named or wherever there is room."""
    into = [text.strip() for text in shell.one(form, "into").splitlines() if text.strip()]
    told = {"container": shell.one(form, "container"), "into": into}
    order = inputs.read(EvacuationOrder, told, form=True)
    key = door.act(lambda session, actor: evacuations.plan(session, actor, order).id, UUID)
    return shell.go(request, f"/evacuations/{key}")


@get("/evacuations/{key:uuid}", sync_to_thread=True)
def board_page(door: web.OpenDoor, key: FromPath[UUID]) -> Template:
    """One evacuation: how far it has come, and every rack with where it goes."""
    me, board = shell.ask(door, lambda session, actor: evacuations.board(session, actor, key))
    return shell.page("evacuations/board.html", me, cards=Card, **_around(board))


@get("/evacuations/{key:uuid}/steps", sync_to_thread=True)
def steps_fragment(door: web.OpenDoor, key: FromPath[UUID]) -> Template:
    """The racks as they stand now: others carry too."""
    me, board = shell.ask(door, lambda session, actor: evacuations.board(session, actor, key))
    return shell.page("evacuations/_steps.html", me, **_around(board))


@post("/evacuations/{key:uuid}/scans", sync_to_thread=True, status_code=200)
def scan(door: web.OpenDoor, form: Form, key: FromPath[UUID]) -> Template:
    """Carry the rack that was scanned, and answer with where it stands and the board as it is now."""
    order = inputs.read(Order, form, form=True)
    result: Result
    try:
        result = _do(door, key, order)
    except (errors.Busy, errors.NotSignedIn):
        raise
    except Refusal as refusal:
        result = answers.refused(refusal, Mode.LOOKUP, "")
    me, board = shell.ask(door, lambda session, actor: evacuations.board(session, actor, key))
    return shell.page(
        "evacuations/_carried.html", me, result=_complete(result, board), visit_mode=MODE, **_around(board)
    )


@post("/evacuations/{key:uuid}/turn-back", sync_to_thread=True)
def turn_back(request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID]) -> Response[Any]:
    """Begin the way back."""
    order = Chosen(evacuation=key)
    door.act(lambda session, actor: evacuations.turn_back(session, actor, order), int)
    return shell.go(request, f"/evacuations/{key}")


@post("/evacuations/{key:uuid}/close", sync_to_thread=True)
def close(request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID]) -> Response[Any]:
    """End it, whatever stands where."""
    order = Chosen(evacuation=key)
    door.act(lambda session, actor: evacuations.close(session, actor, order).id, UUID)
    return shell.go(request, "/evacuations")


# --- how ---


def _do(door: Door, key: UUID, order: Order) -> Result:
    code = codes.read(order.scan)
    if code and CodeKind(code[0]) is CodeKind.COMMAND:
        return _command(code)
    if code and CodeKind(code[0]) is CodeKind.BADGE:
        return answers.badge_elsewhere(Mode.LOOKUP, "")
    wanted = Carry(evacuation=key, container=order.scan)
    carried = door.act(lambda session, actor: evacuations.carry(session, actor, wanted), Carried)
    way = " · ".join([*carried.way, *([carried.slot] if carried.slot else [])])
    detail = f"{carried.name} · {grouped(carried.code)}"
    layout = answers.layout_words(corrected=order.corrected)
    if not carried.changed:
        headline = _("It is there already: %(place)s") % {"place": way}
        return Result(outcome=Outcome.NOTICE, headline=headline, detail=detail, meta=layout, mode=Mode.LOOKUP)
    other = _("The planned slot was taken: carry it to this one.") if carried.other_slot else ""
    outcome = Outcome.NOTICE if other or layout else Outcome.OK
    return Result(outcome=outcome, headline=way, detail=detail, next=other, meta=layout, mode=Mode.LOOKUP)


def _command(code: str) -> Result:
    if code not in set(Card):
        raise NotFound("card_unknown", _UNKNOWN_CARD, field="scan", code=grouped(code))
    headline = _("The card %(card)s does nothing here") % {"card": _(NAMES[Card(code)])}
    return Result(outcome=Outcome.NOTICE, headline=headline, mode=Mode.LOOKUP)


def _complete(result: Result, board: Board) -> Result:
    """The last one that was carried says so."""
    if result.outcome is not Outcome.OK:
        return result
    left = len(board.steps) - board.count("done")
    if left:
        return msgspec.structs.replace(result, next=_("%(count)s to go") % {"count": left})
    return msgspec.structs.replace(result, outcome=Outcome.DONE, next=_("Everything was carried."))


def _around(board: Board) -> dict[str, Any]:
    return {"board": board, "tones": _TONES, "states": evacuations.WORDS}


HANDLERS = [evacuations_page, begin, board_page, steps_fragment, scan, turn_back, close]
