"""One audit: how far each box is, what was found, and what comes next; starting it and giving it up."""

from collections import Counter
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, audits, web
from biobank.audits import AuditBoard, AuditChosen, words
from biobank.labels.cards import Card
from biobank.pages import shell
from biobank.pages.audits import sayings
from biobank.people import Actor
from biobank.tables import BoxState, Result
from biobank.texts import gettext as _

SHOWN = 120
"""So many boxes are drawn at once."""

AWAITED = (BoxState.OPEN, BoxState.COUNTING, BoxState.AGAIN)


class Seen(msgspec.Struct, frozen=True):
    """An audit as its board shows it, with the zone of its site."""

    board: AuditBoard
    zone: str


def seen(session: Session, actor: Actor, key: UUID) -> Seen:
    """What every page of an audit tells of it."""
    board = audits.board(session, actor, key)
    return Seen(board, accounts.site_by_code(session, board.row.site).time_zone)


@get("/audits/{key:uuid}", sync_to_thread=True)
def board_page(request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID]) -> Template:
    """The boxes in the order in which one walks past them, what was found in them, and what comes next."""
    me, told = shell.ask(door, lambda session, actor: seen(session, actor, key))
    board = told.board
    state, first = request.query_params.get("state", ""), _first(request.query_params.get("from", ""))
    boxes = [box for box in board.boxes if not state or box.state == state]
    return shell.page(
        "audits/board.html",
        me,
        board=board,
        zone=told.zone,
        state=state,
        states=_states(board),
        boxes=boxes[first : first + SHOWN],
        further=first + SHOWN if len(boxes) > first + SHOWN else 0,
        next_box=next((box for box in board.boxes if box.state in AWAITED), None),
        results=[(result, board.results[result]) for result in Result if board.results.get(result)],
        claim=sayings.claim_of(board),
        rate=sayings.rate(board.rate),
        ring=sayings.ring,
        cards=Card,
        words=words,
    )


@post("/audits/{key:uuid}/start", sync_to_thread=True)
def start(request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID]) -> Response[Any]:
    """Write down what should be where, and draw the sample."""
    order = AuditChosen(audit=key)
    door.act(lambda session, actor: audits.start(session, actor, order).id, UUID)
    return shell.go(request, f"/audits/{key}")


@post("/audits/{key:uuid}/cancel", sync_to_thread=True)
def cancel(request: Request[Any, Any, Any], door: web.OpenDoor, key: FromPath[UUID]) -> Response[Any]:
    """Give it up; what was scanned stays."""
    order = AuditChosen(audit=key)
    door.act(lambda session, actor: audits.cancel(session, actor, order).id, UUID)
    return shell.go(request, "/audits")


# --- how ---


def _states(board: AuditBoard) -> list[tuple[str, str, int]]:
    """What of the boxes may be shown alone: how an address says it, its name, and how many they are."""
    found = Counter(box.state for box in board.boxes)
    every = [("", _("All"), len(board.boxes))]
    return [
        *every,
        *((state.value, _(words.STATES[state]), found[state]) for state in BoxState if found[state]),
    ]


def _first(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


HANDLERS = [board_page, start, cancel]
