"""Printers: the only addresses that labels are sent to, entered by an administrator."""

import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints
from sqlalchemy import func
from sqlmodel import Session, col, select

from biobank import accounts, clock, people
from biobank.errors import NotFound, RuleBroken
from biobank.inputs import Input, Naming, Whole
from biobank.labels.stock import Stock
from biobank.people import Actor, May
from biobank.printing import stocks
from biobank.tables import Printer, PrinterLanguage, PrintJob, Site, Station
from biobank.texts import N_

RAW, QUEUED = 9100, 631
"""The two ports that labels leave by: a printer's own, and that of a print server."""

FARTHEST_UM = 10_000
"""Micrometres a printer can be out; more is a mistake in typing."""

_HOST = re.compile(r"(?=.{1,200}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}", re.ASCII)
_QUEUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)

Offset = Annotated[Whole, Field(ge=-FARTHEST_UM, le=FARTHEST_UM)]

# --- words ---


class PrinterOrder(Input):
    """A printer: where it stands, what it is spoken to in, its resolution and the stock in it.

    A label printer has an `address` on port 9100. What is printed by the system (`pdf`) has a `queue`, of
    this machine or of the print server at `address`, port 631. The offsets are micrometres to the right
    and down.
    """

    name: Annotated[Naming, StringConstraints(max_length=60)]
    site: str
    language: PrinterLanguage
    address: Annotated[str, StringConstraints(max_length=200)] = ""
    port: Literal[9100, 631] | None = None
    queue: Annotated[str, StringConstraints(max_length=80)] = ""
    dpi: Annotated[Whole, Field(ge=150, le=600)] = 300
    stock: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    offset_x_um: Offset = 0
    offset_y_um: Offset = 0


class PrinterChange(PrinterOrder):
    """Everything of a printer from now on. Jobs that were ordered before keep what they were ordered with."""

    printer: UUID


class Calibration(Input):
    """How far a printer is out, as measured on its test page: micrometres to the right and down."""

    printer: UUID
    offset_x_um: Offset = 0
    offset_y_um: Offset = 0


class PrinterRow(msgspec.Struct, frozen=True):
    """A printer in a list.

    `fault` is the slug of why the last job did not get through, empty when it did; `waiting` is how many
    jobs it has still to print; `heard_at` is when it last took labels.
    """

    id: UUID
    name: str
    site: str
    language: PrinterLanguage
    address: str
    port: int
    queue: str
    dpi: int
    stock: str
    offset_x_um: int
    offset_y_um: int
    fault: str
    waiting: int
    heard_at: datetime | None
    ended_at: datetime | None


# --- rules ---


def require_address(order: PrinterOrder) -> None:
    """Refused: a label printer without an address, a queue without a name, what is no host, another port."""
    if order.address and not _HOST.fullmatch(order.address):
        message = N_("“%(address)s” is no name or address of a printer. Write only the host, without a port.")
        raise RuleBroken("printer_address", message, field="address", address=order.address[:60])
    if order.queue and not _QUEUE.fullmatch(order.queue):
        message = N_("“%(queue)s” is no name of a queue: letters, digits, points, dashes and underscores.")
        raise RuleBroken("printer_queue", message, field="queue", queue=order.queue[:60])
    if order.language is PrinterLanguage.PDF and not order.queue:
        message = N_("A printer of the system needs the name of its queue.")
        raise RuleBroken("printer_queue_needed", message, field="queue")
    if order.language is not PrinterLanguage.PDF and not order.address:
        message = N_("A label printer needs its address.")
        raise RuleBroken("printer_address_needed", message, field="address")
    if order.port not in (None, _port(order)):
        message = N_("This kind of printer is reached on port %(port)s.")
        raise RuleBroken("printer_port", message, field="port", port=_port(order))


def _require_feeds(order: PrinterOrder, stock: Stock) -> None:
    """Refused: sheets in a label printer; in a Brother what is none of its rolls, and other than 300 dpi."""
    if order.language is PrinterLanguage.PDF:
        return
    from biobank.labels import brother, dots

    dots.require_roll(stock)
    if order.language is PrinterLanguage.BROTHER:
        brother.roll(stock)
        brother.require_resolution(order.dpi)


def _port(order: PrinterOrder) -> int:
    return QUEUED if order.language is PrinterLanguage.PDF else RAW


# --- actions ---


def enter(session: Session, actor: Actor, order: PrinterOrder) -> PrinterRow:
    """Enter a printer.

    Refused besides what its address is refused for: a name that is taken, an unknown site or stock, a
    stock or a resolution that its language cannot print, anybody but an administrator of the site.
    """
    site = accounts.site_by_code(session, order.site)
    people.require_over(actor, May.ADMINISTER, site.id, None)
    _require_name(session, order.name)
    printer = Printer(
        name=order.name, site_id=site.id, language=order.language, port=_port(order), stock=order.stock
    )
    _set(session, printer, order)
    session.add(printer)
    session.flush()
    return _row(printer, site.code, 0)


def change(session: Session, actor: Actor, order: PrinterChange) -> PrinterRow:
    """Give a printer other ways. Refused as when it is entered, and one that ended."""
    printer = _own(session, actor, order.printer)
    site = accounts.site_by_code(session, order.site)
    people.require_over(actor, May.ADMINISTER, site.id, None)
    _require_name(session, order.name, printer.id)
    if printer.name != order.name:
        named = select(Station).where(col(Station.printer) == printer.name)
        for station in session.exec(named):
            station.printer = order.name
    printer.name, printer.site_id, printer.fault = order.name, site.id, ""
    _set(session, printer, order)
    session.flush()
    return row(session, printer)


def calibrate(session: Session, actor: Actor, order: Calibration) -> PrinterRow:
    """Keep how far a printer is out, for the jobs ordered from now on."""
    printer = _own(session, actor, order.printer)
    printer.offset_x_um, printer.offset_y_um = order.offset_x_um, order.offset_y_um
    session.flush()
    return row(session, printer)


def end(session: Session, actor: Actor, printer_id: UUID) -> PrinterRow:
    """Take a printer out of use. What it has still to print waits as a failed job for a person."""
    printer = _own(session, actor, printer_id)
    printer.ended_at = clock.now()
    session.flush()
    return row(session, printer)


# --- questions ---


def listed(session: Session, actor: Actor, *, ended: bool = False) -> list[PrinterRow]:
    """The printers of the sites where the actor may print, see or administer, by site and name.

    With `ended` those out of use too, after the others.
    """
    asked = select(Printer, Site.code).join(Site, col(Site.id) == col(Printer.site_id))
    if not ended:
        asked = asked.where(col(Printer.ended_at).is_(None))
    rows = session.exec(
        asked.order_by(col(Printer.ended_at).is_not(None), col(Site.code), col(Printer.name))
    ).all()
    waiting = _waiting(session)
    return [_row(each, site, waiting.get(each.id, 0)) for each, site in rows if _seen(actor, each)]


def row(session: Session, printer: Printer) -> PrinterRow:
    """One printer as lists show it."""
    site = session.get_one(Site, printer.site_id)
    return _row(printer, site.code, _waiting(session).get(printer.id, 0))


def find(session: Session, actor: Actor, name: str) -> Printer:
    """The printer in use of that name, at a site where the actor may print.

    Refused: one that does not exist or is out of scope, alike; one that ended.
    """
    printer = session.exec(select(Printer).where(col(Printer.name) == name)).first()
    if printer is None or not people.allowed(actor, May.PRINT, _Site(printer.site_id)):
        message = N_("There is no printer “%(name)s” where you may print.")
        raise NotFound("printer_not_found", message, field="printer", name=name[:60])
    if printer.ended_at:
        raise RuleBroken(
            "printer_ended", N_("The printer %(name)s is out of use."), field="printer", name=printer.name
        )
    return printer


def of_station(session: Session, actor: Actor) -> Printer | None:
    """The printer of the bench where the actor stands; None where it has none, or none in use."""
    station = session.get(Station, actor.station_id) if actor.station_id else None
    if station is None or not station.printer:
        return None
    named = select(Printer).where(col(Printer.name) == station.printer, col(Printer.ended_at).is_(None))
    return session.exec(named).first()


# --- how ---


class _Site(msgspec.Struct, frozen=True):
    site_id: UUID


def _seen(actor: Actor, printer: Printer) -> bool:
    return any(people.allowed(actor, may, printer) for may in (May.SEE, May.PRINT, May.ADMINISTER))


def _own(session: Session, actor: Actor, printer_id: UUID) -> Printer:
    printer = session.get(Printer, printer_id, with_for_update=True)
    if printer is None or not _seen(actor, printer):
        raise NotFound("printer_not_found", N_("There is no such printer."), field="printer")
    people.require(actor, May.ADMINISTER, printer)
    if printer.ended_at:
        raise RuleBroken(
            "printer_ended", N_("The printer %(name)s is out of use."), field="printer", name=printer.name
        )
    return printer


def _require_name(session: Session, name: str, but: UUID | None = None) -> None:
    taken = session.exec(select(Printer.id).where(col(Printer.name) == name)).first()
    if taken is not None and taken != but:
        message = N_("There is a printer “%(name)s” already. Choose another name.")
        raise RuleBroken("printer_exists", message, field="name", name=name)


def _set(session: Session, printer: Printer, order: PrinterOrder) -> None:
    require_address(order)
    _require_feeds(order, stocks.stock(session, order.stock))
    printer.language, printer.address, printer.port = order.language, order.address, _port(order)
    printer.queue = order.queue if order.language is PrinterLanguage.PDF else ""
    printer.dpi, printer.stock = order.dpi, order.stock
    printer.offset_x_um, printer.offset_y_um = order.offset_x_um, order.offset_y_um


def _waiting(session: Session) -> dict[UUID | None, int]:
    asked = (
        select(PrintJob.printer_id, func.count())
        .where(col(PrintJob.ended_at).is_(None), col(PrintJob.printer_id).is_not(None))
        .group_by(col(PrintJob.printer_id))
    )
    return dict(session.exec(asked).all())


def _row(printer: Printer, site: str, waiting: int) -> PrinterRow:
    return PrinterRow(
        id=printer.id,
        name=printer.name,
        site=site,
        language=printer.language,
        address=printer.address,
        port=printer.port,
        queue=printer.queue,
        dpi=printer.dpi,
        stock=printer.stock,
        offset_x_um=printer.offset_x_um,
        offset_y_um=printer.offset_y_um,
        fault=printer.fault,
        waiting=waiting,
        heard_at=printer.heard_at,
        ended_at=printer.ended_at,
    )
