"""The board of what is out: which tubes, with whom, what for, how long; taking one out, bringing it back."""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import inputs, specimens, storage, web
from biobank.pages import files, shell
from biobank.pages.charts import lasting
from biobank.pages.shell import Form
from biobank.pages.studies.visits import with_offset
from biobank.people import Actor
from biobank.storage import BringBack, OutAsked, OutCounts, OutRow, Purpose, Stored, TakeOut
from biobank.texts import gettext as _

SHOWN = 200
"""So many rows are drawn; the file has all that the board tells."""

_FILTERS = tuple(OutAsked.model_fields)
TONES = {"ok": "ok", "amber": "notice", "red": "stop"}


class Board(msgspec.Struct, frozen=True):
    """What is sought, and how much there is of all."""

    rows: list[OutRow]
    counts: OutCounts
    choices: dict[str, list[str]]


class View:
    """What is sought on the board, and the addresses that keep it."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        told = {name: request.query_params.get(name, "").strip() for name in _FILTERS}
        self.asked = inputs.read(OutAsked, told, form=True)
        self.kept = {name: value for name, value in told.items() if value}

    def address(self, where: str = "", **changes: str) -> str:
        """Another view of the board, with the rest of what is sought kept."""
        query = urlencode({name: value for name, value in (self.kept | changes).items() if value})
        return f"/out{where}?{query}" if query else f"/out{where}"


@get("/out", sync_to_thread=True)
def board_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """What is out, those out longest first, and how the clock of each stands."""
    view = View(request)

    def question(session: Session, actor: Actor) -> Board:
        every = storage.what_is_out(session, actor)
        rows = storage.what_is_out(session, actor, view.asked) if view.kept else every
        return Board(rows, storage.out_counts(session, actor, every), _choices(every, view.kept))

    me, board = shell.ask(door, question)
    return shell.page(
        "out/board.html",
        me,
        view=view,
        board=board,
        shown=board.rows[:SHOWN],
        tones=TONES,
        lasting=lasting,
        purposes=list(Purpose),
    )


@get("/out/file", sync_to_thread=True)
def board_file(request: Request[Any, Any, Any], door: web.OpenDoor) -> Response[bytes]:
    """What is out and fits as a file, with every column there is."""
    view = View(request)
    files.kind_asked(request)
    rows = door.ask(lambda session, actor: storage.what_is_out(session, actor, view.asked))
    return files.sheet(request, ["out"], _header(), map(msgspec.structs.astuple, rows))


@post("/specimens/{code:str}/take-out", sync_to_thread=True)
def take_out(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Take one tube out; its slot is kept."""
    told: dict[str, Any] = {name: shell.one(form, name) for name in ("note", "holder", "purpose", "due")}
    if told["due"]:
        card = door.ask(lambda session, actor: specimens.card(session, actor, code))
        told["due"] = with_offset(told["due"], card.time_zone)
    order = inputs.read(TakeOut, {**told, "tubes": [code]}, form=True)
    door.act(lambda session, actor: storage.take_out(session, actor, order), list[Stored])
    return shell.go(request, shell.local(shell.one(form, "next"), f"/specimens/{code}"))


@post("/specimens/{code:str}/bring-back", sync_to_thread=True)
def bring_back(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Bring one tube back to the slot that was kept for it."""
    order = inputs.read(BringBack, {"tubes": [code]}, form=True)
    door.act(lambda session, actor: storage.bring_back(session, actor, order), list[Stored])
    return shell.go(request, shell.local(shell.one(form, "next"), f"/specimens/{code}"))


# --- how ---


def _choices(rows: Iterable[OutRow], kept: dict[str, str]) -> dict[str, list[str]]:
    """What can be chosen: whatever some tube that is out has, and what is chosen already."""
    found = {name: Counter(getattr(row, name) for row in rows) for name in ("holder", "study", "site")}
    return {
        name: sorted({*values, *([kept[name]] if name in kept else [])}) for name, values in found.items()
    }


def _header() -> list[str]:
    """The names of the columns of a file, in the order of OutRow."""
    return [
        _("Code"),
        _("Material"),
        _("Study"),
        _("Site"),
        _("With"),
        _("Purpose"),
        _("Since"),
        _("Due back"),
        _("Overdue"),
        _("Minutes out"),
        _("Warning (minutes)"),
        _("Limit (minutes)"),
        _("Clock"),
        _("Kept slot"),
        _("Box"),
        _("Time zone"),
    ]


HANDLERS = [board_page, board_file, take_out, bring_back]
