"""Printers: the only addresses that labels are sent to."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import JSONBody, QueryParameter

from biobank.api.documents import noun
from biobank.inputs import Input
from biobank.printing import printers
from biobank.printing.printers import Calibration, PrinterChange, PrinterOrder, PrinterRow
from biobank.web import OpenDoor

Ended = Annotated[bool, QueryParameter(description="Those out of use too, after the others.")]


class PrinterEnd(Input):
    """A printer that goes out of use."""

    printer: UUID


@get("/printers", sync_to_thread=True)
def list_printers(door: OpenDoor, ended: Ended = False) -> list[PrinterRow]:  # noqa: FBT002 - a filter of the address
    """The printers in your scope, with what they wait for and why the last job did not get through."""
    return door.ask(lambda session, actor: printers.listed(session, actor, ended=ended))


@post("/printers", sync_to_thread=True)
def enter_printer(door: OpenDoor, data: JSONBody[PrinterOrder]) -> PrinterRow:
    """Enter a printer: from now on labels can be sent to its address."""
    return door.act(lambda session, actor: printers.enter(session, actor, data), PrinterRow)


@post("/printer-changes", sync_to_thread=True, status_code=200)
def change_printer(door: OpenDoor, data: JSONBody[PrinterChange]) -> PrinterRow:
    """Give a printer other ways; what is left out is as for a new one."""
    return door.act(lambda session, actor: printers.change(session, actor, data), PrinterRow)


@post("/printer-calibrations", sync_to_thread=True, status_code=200)
def calibrate_printer(door: OpenDoor, data: JSONBody[Calibration]) -> PrinterRow:
    """Keep how far a printer is out, for the jobs ordered from now on."""
    return door.act(lambda session, actor: printers.calibrate(session, actor, data), PrinterRow)


@post("/printer-ends", sync_to_thread=True, status_code=200)
def end_printer(door: OpenDoor, data: JSONBody[PrinterEnd]) -> PrinterRow:
    """Take a printer out of use; what it has still to print fails, for a person to print elsewhere."""
    return door.act(lambda session, actor: printers.end(session, actor, data.printer), PrinterRow)


HANDLERS = noun("printers", [list_printers, enter_printer, change_printer, calibrate_printer, end_printer])
