"""Printers: the only addresses that labels are sent to."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import rich_click as click

from biobank.commands import running
from biobank.texts import N_, gettext

if TYPE_CHECKING:
    from biobank.printing.printers import PrinterRow

LANGUAGES = ("zpl", "tspl", "brother", "pdf")

Command = Callable[..., Any]


def _ways(command: Command) -> Command:
    """The options that say how a printer is reached and what is in it."""
    for option in (
        click.option("--offset-y-um", default=None, help="How far it is to be moved down, in micrometres."),
        click.option("--offset-x-um", default=None, help="How far it is to be moved right, in micrometres."),
        click.option("--dpi", default=None, help="Dots per inch: 203, 300 or 600; left out, 300."),
        click.option("--queue", default=None, help="With --language pdf: the queue of the system."),
        click.option("--address", default=None, help="Its host name or address, without a port."),
        click.option("--stock", required=True, help="The labels in it."),
        click.option("--language", type=click.Choice(LANGUAGES), required=True),
        click.option("--site", required=True),
    ):
        command = option(command)
    return command


@click.group()
def printer() -> None:
    """Printers: what labels may be sent to."""


@printer.command("add")
@click.argument("name")
@_ways
@running.as_json
def add_printer(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Enter a printer; a station names it, and so does `biobank label --printer`."""
    from biobank.printing import printers

    order = running.ordered(printers.PrinterOrder, told)
    made = running.acted(lambda session, actor: printers.enter(session, actor, order), printers.PrinterRow)
    _tell(made, N_("Entered the printer %(name)s."), as_json=as_json)


@printer.command("change")
@click.argument("key", type=click.UUID)
@click.argument("name")
@_ways
@running.as_json
def change_printer(key: UUID, as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag
    """Give a printer other ways; KEY is its id in the list. What is left out is as for a new one."""
    from biobank.printing import printers

    order = running.ordered(printers.PrinterChange, {"printer": str(key), **told})
    made = running.acted(lambda session, actor: printers.change(session, actor, order), printers.PrinterRow)
    _tell(made, N_("Changed the printer %(name)s."), as_json=as_json)


@printer.command("calibrate")
@click.argument("key", type=click.UUID)
@click.option("--right", default="0", help="Move what is printed so many micrometres to the right.")
@click.option("--down", default="0", help="And so many down; less than nothing is up.")
@running.as_json
def calibrate(key: UUID, right: str, down: str, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Keep how far a printer is out, as its ruler shows: `biobank label stock ruler`."""
    from biobank.printing import printers

    told = {"printer": str(key), "offset_x_um": right, "offset_y_um": down}
    order = running.ordered(printers.Calibration, told)
    made = running.acted(
        lambda session, actor: printers.calibrate(session, actor, order), printers.PrinterRow
    )
    _tell(made, N_("Changed the printer %(name)s."), as_json=as_json)


@printer.command("list")
@click.option("--ended", is_flag=True, help="Those out of use too.")
@running.as_json
@running.as_csv
def list_printers(ended: bool, as_json: bool, as_csv: bool) -> None:  # noqa: FBT001 - flags of the command line
    """List the printers, with how many jobs each has still to print and why the last did not get through."""
    from biobank.printing import printers

    rows = running.asked(lambda session, actor: printers.listed(session, actor, ended=ended))
    if not running.tell_rows(printers.PrinterRow, rows, as_json=as_json, as_csv=as_csv) and rows:
        running.table([_cells(row) for row in rows])


@printer.command("end")
@click.argument("key", type=click.UUID)
@running.as_json
def end_printer(key: UUID, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Take a printer out of use; KEY is its id in the list."""
    from biobank.printing import printers

    row = running.acted(lambda session, actor: printers.end(session, actor, key), printers.PrinterRow)
    _tell(row, N_("Ended the printer %(name)s."), as_json=as_json)


def _tell(row: "PrinterRow", message: str, *, as_json: bool) -> None:
    if as_json:
        running.tell_json(row)
    else:
        running.say(message, name=row.name)


def _cells(row: "PrinterRow") -> tuple[object, ...]:
    where = ":".join(filter(None, (row.address, str(row.port) if row.address else "", row.queue)))
    state = gettext("ended") if row.ended_at else row.fault or "-"
    return row.id, row.name, row.site, row.language.value, where, row.dpi, row.stock, row.waiting, state
