"""The log: every event in somebody's scope, newest first, sought by filters that its address keeps."""

from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.response import Template
from sqlmodel import Session, col, select

from biobank import inputs, trail, web
from biobank.custody import Kind
from biobank.pages import files, shell
from biobank.pages.words import word
from biobank.people import Actor
from biobank.tables import Person, Station
from biobank.texts import gettext as _
from biobank.trail import LogAsked, LogPage, LogRow

_FILTERS = tuple(LogAsked.model_fields)


class Cursor(inputs.Input):
    """The event after which a page begins."""

    after: UUID | None = None


class Told(msgspec.Struct, frozen=True):
    """A page of the log, and whom and what can be chosen."""

    page: LogPage
    people: list[str]
    stations: list[str]


class View:
    """What of the log is asked for, and the addresses that keep it."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        told = {name: request.query_params.get(name, "").strip() for name in _FILTERS}
        self.asked = inputs.read(LogAsked, told, form=True)
        self.after = inputs.read(Cursor, {"after": request.query_params.get("after", "")}, form=True).after
        self.kept = {name: value for name, value in told.items() if value}

    def address(self, where: str = "", **changes: str) -> str:
        """Another place of the log, with what is asked kept."""
        query = urlencode({name: value for name, value in (self.kept | changes).items() if value})
        return f"/log{where}?{query}" if query else f"/log{where}"


@get("/log", sync_to_thread=True)
def log_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """What happened, newest first."""
    view = View(request)

    def question(session: Session, actor: Actor) -> Told:
        page = trail.log(session, actor, view.asked, after=view.after)
        people = list(session.exec(select(Person.name).order_by(col(Person.name))))
        return Told(page, people, list(session.exec(select(Station.name).order_by(col(Station.name)))))

    me, told = shell.ask(door, question)
    return shell.page(
        "log/log.html",
        me,
        view=view,
        told=told,
        zone=told.page.zone,
        address=address,
        kinds=sorted(((kind.value, word(kind.value)) for kind in Kind), key=lambda each: each[1]),
        abouts=[(about, word(about, "about")) for about in trail.ABOUT],
        most=trail.MOST,
    )


@get("/log/file", sync_to_thread=True)
def log_file(request: Request[Any, Any, Any], door: web.OpenDoor) -> Response[bytes]:
    """The newest events that fit, as CSV or as a spreadsheet."""
    view = View(request)
    rows = door.ask(lambda session, actor: trail.everything(session, actor, view.asked))
    return saved(request, ["log"], rows)


def saved(request: Request[Any, Any, Any], name: list[str], rows: list[LogRow]) -> Response[bytes]:
    """Events as a file, with every column there is."""
    return files.sheet(request, name, _header(), map(msgspec.structs.astuple, rows))


def address(row: LogRow) -> str:
    """The page of what an event is about; empty where it has none."""
    match row.about:
        case "specimen" | "container" | "visit" | "kit":
            return f"/{row.about}s/{row.code}"
        case "participant":
            return f"/studies/{quote(row.study, safe='')}/participants/{quote(row.code)}"
        case "study":
            return f"/studies/{quote(row.study, safe='')}"
        case "person":
            return f"/people/{row.code}"
        case "station" | "audit":
            return f"/{row.about}s"
        case _:
            return ""


def _header() -> list[str]:
    """The names of the columns of a file, in the order of LogRow."""
    return [
        _("Entry"),
        _("Recorded"),
        _("Happened"),
        _("Act"),
        _("Kind of thing"),
        _("Code"),
        _("Study"),
        _("Person"),
        _("Roles"),
        _("Station"),
        _("Source"),
        _("Scanned by"),
        _("Place"),
        _("Box"),
        _("Amount"),
        _("What changed"),
        _("Visit is now"),
        _("Reason"),
        _("Note"),
        _("Corrects"),
        _("Undoes"),
        _("Undone"),
        _("Command"),
        _("Number"),
        _("SHA-256"),
    ]


HANDLERS = [log_page, log_file]
