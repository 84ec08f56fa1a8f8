"""What labels are printed on, as a form has it; and where its sender is led, to the job or to a PDF."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response
from sqlmodel import Session

from biobank.door import Door
from biobank.labels.shapes import Of
from biobank.labels.stock import Stock
from biobank.pages import shell
from biobank.people import Actor
from biobank.printing import printers, spooler, stocks
from biobank.printing.ordering import USUAL, JobMade
from biobank.printing.printers import PrinterRow
from biobank.tables import PrinterLanguage

FIELDS = ("printer", "stock", "layout", "skip", "copies", "reason")


class Papers(msgspec.Struct, frozen=True):
    """What there is to print on: printers, the `own` one of this bench; stocks, the `usual` one."""

    printers: list[PrinterRow]
    own: str
    stocks: list[Stock]
    usual: str


def papers(session: Session, actor: Actor, of: Of) -> Papers:
    """What labels of a kind can be printed on here."""
    station = printers.of_station(session, actor)
    offered = [row.stock for row in stocks.listed(session, of)]
    return Papers(printers.listed(session, actor), station.name if station else "", offered, USUAL[of])


def settled(session: Session, actor: Actor, told: Mapping[str, str]) -> dict[str, str]:
    """Paper as it was told: by the printer of this bench where none was, and on the stock that is in it."""
    if "printer" in told:
        printer = printers.find(session, actor, told["printer"]) if told["printer"] else None
    else:
        printer = printers.of_station(session, actor)
    if printer is None:
        return {**told, "printer": ""}
    loaded = printer.language is not PrinterLanguage.PDF
    chosen = {name: text for name, text in told.items() if not (loaded and name in ("stock", "skip"))}
    return {**chosen, "printer": printer.name}


def asked(door: Door, form: shell.Fields) -> dict[str, str]:
    """The same of a form that was sent."""
    told = {name: shell.one(form, name) for name in FIELDS if name in form}
    return door.ask(lambda session, actor: settled(session, actor, told))


def handed(request: shell.Asked, door: Door, made: JobMade, kind: str) -> Response[Any]:
    """Labels that were ordered: their job where a printer or the queue has it, else the document at once."""
    if made.printer or made.total > spooler.AT_ONCE:
        return to_job(request, door, made)
    return pdf(door, made, kind)


def to_job(request: shell.Asked, door: Door, made: JobMade, back: str = "") -> Response[Any]:
    """Lead to a job that was just ordered; one without a printer is drawn now, and saved as a PDF there.

    `back` is the address of the page that it was ordered at, to go on with.
    """
    if not made.printer and made.total <= spooler.AT_ONCE:
        spooler.drain(door.database, made.job)
    told = {**({} if made.printer else {"save": "yes"}), **({"next": back} if back else {})}
    return shell.go(request, f"/labels/jobs/{made.job}" + (f"?{urlencode(told)}" if told else ""))


def pdf(door: Door, made: JobMade, kind: str) -> Response[bytes]:
    """The document of a job, drawn once the order is kept; the same command gives the same bytes.

    Refused: what the job failed by, such as a text that does not fit.
    """
    spooler.drain(door.database, made.job)
    name = f"{kind}-{made.first}-{made.total}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(spooler.pdf(door.database, made.job), media_type="application/pdf", headers=headers)
