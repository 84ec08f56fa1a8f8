"""Printers: entered and changed by an administrator, each with what it last said and how far it is out."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, inputs, web
from biobank.accounts import SiteRow
from biobank.labels.cards import Card
from biobank.labels.stock import Stock
from biobank.pages import shell
from biobank.pages.labels import papers
from biobank.pages.labels.jobs import zone_of
from biobank.pages.shell import Form
from biobank.people import Actor, May
from biobank.printing import ordering, printers, stocks
from biobank.printing.ordering import CardLabels, JobMade
from biobank.printing.printers import Calibration, PrinterChange, PrinterOrder, PrinterRow
from biobank.tables import PrinterLanguage

Asked = Request[Any, Any, Any]

RESOLUTIONS = (203, 300, 600)


class Told(msgspec.Struct, frozen=True):
    """The printers in somebody's scope, and what is needed to enter another where they may."""

    printers: list[PrinterRow]
    sites: list[SiteRow]
    stocks: list[Stock]
    zone: str

    @property
    def names(self) -> dict[str, str]:
        """Names of stocks by their codes."""
        return {each.code: each.name for each in self.stocks}


@get("/printers", sync_to_thread=True)
def printers_page(request: Asked, door: web.OpenDoor) -> Template:
    """The printers with their state; with `ended` those out of use too, with `silent` who did not answer."""
    ended, silent = ("ended" in request.query_params), ("silent" in request.query_params)

    def question(session: Session, actor: Actor) -> Told:
        return Told(
            [each for each in printers.listed(session, actor, ended=ended) if each.fault or not silent],
            accounts.sites(session, actor, May.ADMINISTER),
            [row.stock for row in stocks.listed(session)],
            zone_of(session, actor),
        )

    me, told = shell.ask(door, question)
    return shell.page(
        "printers/printers.html",
        me,
        told=told,
        zone=told.zone,
        ended=ended,
        spoken=list(PrinterLanguage),
        resolutions=RESOLUTIONS,
    )


@post("/printers", sync_to_thread=True, status_code=200)
def enter(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """Enter a printer."""
    order = inputs.read(PrinterOrder, _in_micrometres(form), form=True)
    door.act(lambda session, actor: printers.enter(session, actor, order), PrinterRow)
    return shell.go(request, "/printers")


@post("/printers/{printer:uuid}", sync_to_thread=True, status_code=200)
def change(request: Asked, door: web.OpenDoor, printer: FromPath[UUID], form: Form) -> Response[Any]:
    """Change everything of a printer."""
    order = inputs.read(PrinterChange, {**_in_micrometres(form), "printer": str(printer)}, form=True)
    door.act(lambda session, actor: printers.change(session, actor, order), PrinterRow)
    return shell.go(request, "/printers")


@post("/printers/{printer:uuid}/offset", sync_to_thread=True, status_code=200)
def calibrate(request: Asked, door: web.OpenDoor, printer: FromPath[UUID], form: Form) -> Response[Any]:
    """Keep how far a printer is out."""
    order = inputs.read(Calibration, {**_in_micrometres(form), "printer": str(printer)}, form=True)
    door.act(lambda session, actor: printers.calibrate(session, actor, order), PrinterRow)
    return shell.go(request, "/printers")


@post("/printers/{printer:uuid}/end", sync_to_thread=True, status_code=200)
def end(request: Asked, door: web.OpenDoor, printer: FromPath[UUID]) -> Response[Any]:
    """Take a printer out of use."""
    door.act(lambda session, actor: printers.end(session, actor, printer), PrinterRow)
    return shell.go(request, "/printers")


@post("/printers/test", sync_to_thread=True, status_code=200)
def test_label(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """Print one label of no consequence, to see that the printer answers and how far it is out."""
    told = {"printer": shell.one(form, "printer"), "cards": [Card.ACKNOWLEDGE.name]}
    order = inputs.read(CardLabels, told, form=True)
    made = door.act(lambda session, actor: ordering.print_card_labels(session, actor, order), JobMade)
    return papers.to_job(request, door, made)


def _in_micrometres(form: shell.Fields) -> dict[str, Any]:
    """Offsets come in millimetres, as they are measured; what is no number stays to be refused."""
    told: dict[str, Any] = {name: value for name, value in form.items() if not name.endswith("_mm")}
    for axis in ("x", "y"):
        text = shell.one(form, f"offset_{axis}_mm").replace(",", ".").strip()
        if text:
            told[f"offset_{axis}_um"] = _micrometres(text)
    return told


def _micrometres(text: str) -> str:
    try:
        return str(round(float(text) * 1000))
    except (ValueError, OverflowError):
        return text


HANDLERS = [printers_page, enter, change, calibrate, end, test_label]
