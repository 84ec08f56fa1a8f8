"""Stocks and layouts of labels: those that are shipped, and the lab's own."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.commands import labels, running
from biobank.texts import N_, gettext, listed

if TYPE_CHECKING:
    from biobank.labels.layouts import Layout
    from biobank.labels.stock import Stock
    from biobank.printing.stocks import LayoutRow, StockRow

OF = ("specimen", "cap", "box", "rack", "freezer", "kit", "badge", "card", "request")

Command = Callable[..., Any]

_for = click.option("--of", type=click.Choice(OF), help="Only for labels of these.")
_ended = click.option("--ended", is_flag=True, help="Those that are offered no more, too.")
_file = click.argument("file", type=click.File("rb"))


@click.group("stock")
def stock_group() -> None:
    """Stocks: sheets, rolls and tapes, measured in millimetres."""


@stock_group.command("list")
@_for
@_ended
@running.as_json
def list_stocks(of: str | None, ended: bool, as_json: bool) -> None:  # noqa: FBT001 - flags
    """List the stocks to print on, the lab's own first."""
    from biobank.labels.shapes import Of
    from biobank.printing import stocks

    wanted = Of(of) if of else None
    rows = running.asked(lambda session, _: stocks.listed(session, wanted, ended=ended))
    if as_json:
        running.tell_json(rows)
    elif rows:
        running.table([(row.stock.code, row.stock.name, _size(row.stock), _own(row)) for row in rows])


@stock_group.command("show")
@click.argument("code")
@running.json_anyway
def show_stock(code: str) -> None:
    """Tell a stock as JSON, to be copied and measured anew."""
    from biobank.printing import stocks

    running.tell_json(running.asked(lambda session, _: stocks.stock(session, code, ended=True)))


@stock_group.command("add")
@_file
@running.as_json
def add_stock(file: Any, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Keep the stock that FILE tells as JSON; - is stdin."""
    from biobank.printing import stocks

    order = running.ordered(stocks.StockOrder, {"body": file.read().decode("utf-8", "replace")})
    row = running.acted(lambda session, actor: stocks.add(session, actor, order), stocks.StockRow)
    _tell_kept(row, row.stock, as_json=as_json)


@stock_group.command("change")
@_file
@running.as_json
def change_stock(file: Any, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Measure a stock of the lab's own anew, as long as nothing was printed on it."""
    from biobank.printing import stocks

    order = running.ordered(stocks.StockOrder, {"body": file.read().decode("utf-8", "replace")})
    row = running.acted(lambda session, actor: stocks.change(session, actor, order), stocks.StockRow)
    _tell_kept(row, row.stock, as_json=as_json)


@stock_group.command("end")
@click.argument("code")
@running.as_json
def end_stock(code: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Offer a stock of the lab's own no more; the jobs on it stay as they are."""
    from biobank.printing import stocks

    row = running.acted(lambda session, actor: stocks.end(session, actor, code), stocks.StockRow)
    message = N_("%(name)s, %(code)s, is offered no more.")
    running.answer(row, message, as_json=as_json, name=row.stock.name, code=row.stock.code)


@stock_group.command("ruler")
@click.argument("code")
@click.option("--right", default=0, show_default=True, help="As the printer is calibrated, in micrometres.")
@click.option("--down", default=0, show_default=True)
@click.option("--out", type=labels.FILE, required=True, help="The PDF to write.")
@running.as_json
def ruler(code: str, right: int, down: int, out: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Draw the outlines of the labels with rulers: on plain paper it shows how far a printer is out."""
    from biobank.labels import rulers
    from biobank.printing import stocks

    running.require_writable(out)
    stock = running.asked(lambda session, _: stocks.stock(session, code, ended=True))
    out.write_bytes(rulers.page(stock, offset_x=right / 1000, offset_y=down / 1000))
    running.tell_written(out, as_json=as_json)


@click.group("layout")
def layout_group() -> None:
    """Layouts: which texts stand where, as data."""


@layout_group.command("list")
@_for
@_ended
@running.as_json
def list_layouts(of: str | None, ended: bool, as_json: bool) -> None:  # noqa: FBT001 - flags
    """List the layouts to print in, the lab's own first."""
    from biobank.labels.shapes import Of
    from biobank.printing import stocks

    wanted = Of(of) if of else None
    rows = running.asked(lambda session, _: stocks.layouts(session, wanted, ended=ended))
    if as_json:
        running.tell_json(rows)
    elif rows:
        shown = [(row.layout, listed(each.value for each in row.layout.of), _own(row)) for row in rows]
        running.table([(layout.code, layout.name, of_what, own) for layout, of_what, own in shown])


@layout_group.command("show")
@click.argument("code")
@running.json_anyway
def show_layout(code: str) -> None:
    """Tell a layout as JSON, to be copied and changed."""
    from biobank.labels import layouts
    from biobank.printing import stocks

    own = running.asked(lambda session, _: stocks.layouts_of_the_lab(session, ended=True))
    running.tell_json(layouts.layout(code, own))


@layout_group.command("add")
@_file
@running.as_json
def add_layout(file: Any, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Keep the layout that FILE tells as JSON; - is stdin."""
    from biobank.printing import stocks

    order = running.ordered(stocks.LayoutOrder, {"body": file.read().decode("utf-8", "replace")})
    row = running.acted(lambda session, actor: stocks.add_layout(session, actor, order), stocks.LayoutRow)
    _tell_kept(row, row.layout, as_json=as_json)


@layout_group.command("change")
@_file
@running.as_json
def change_layout(file: Any, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Make a layout of the lab's own anew, as long as nothing was printed in it."""
    from biobank.printing import stocks

    order = running.ordered(stocks.LayoutOrder, {"body": file.read().decode("utf-8", "replace")})
    row = running.acted(lambda session, actor: stocks.change_layout(session, actor, order), stocks.LayoutRow)
    _tell_kept(row, row.layout, as_json=as_json)


@layout_group.command("end")
@click.argument("code")
@running.as_json
def end_layout(code: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Offer a layout of the lab's own no more; the jobs in it stay as they are."""
    from biobank.printing import stocks

    row = running.acted(lambda session, actor: stocks.end_layout(session, actor, code), stocks.LayoutRow)
    message = N_("%(name)s, %(code)s, is offered no more.")
    running.answer(row, message, as_json=as_json, name=row.layout.name, code=row.layout.code)


def _tell_kept(row: "StockRow | LayoutRow", what: "Stock | Layout", *, as_json: bool) -> None:
    message = N_("Kept %(name)s, %(code)s.")
    running.answer(row, message, as_json=as_json, name=what.name, code=what.code)


def _size(stock: "Stock") -> str:
    sheet = f", {stock.columns} x {stock.rows}" if stock.per_page > 1 else ""
    return f"{stock.width:.4g} x {stock.height:.4g} mm{sheet}"


def _own(row: "StockRow | LayoutRow") -> str:
    parts = (gettext(N_("own")) if row.own else "", gettext("ended") if row.ended else "")
    return listed(filter(None, parts))
