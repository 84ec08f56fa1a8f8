"""Stocks and layouts of labels: those that are shipped, and the lab's own."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlmodel import Session

from biobank.api.documents import noun
from biobank.api.print_jobs import PDF, sheet
from biobank.inputs import Input, Line
from biobank.labels.layouts import Layout, layout
from biobank.labels.shapes import Of
from biobank.labels.stock import Stock
from biobank.people import Actor
from biobank.printing import stocks
from biobank.printing.stocks import LayoutOrder, LayoutRow, StockOrder, StockRow
from biobank.web import OpenDoor

For = Annotated[Of | None, QueryParameter(description="Only for labels of these.")]
Ended = Annotated[bool, QueryParameter(description="Those that are offered no more, too.")]
Offset = Annotated[
    int, QueryParameter(ge=-10_000, le=10_000, description="How far the printer is out, in micrometres.")
]


class StockEnd(Input):
    """A stock that is offered no more."""

    stock: Line


class LayoutEnd(Input):
    """A layout that is offered no more."""

    layout: Line


@get("/label-stocks", sync_to_thread=True)
def list_stocks(door: OpenDoor, of: For = None, ended: Ended = False) -> list[StockRow]:  # noqa: FBT002
    """Stocks to print on, measured in millimetres: the lab's own first."""
    return door.ask(lambda session, _: stocks.listed(session, of, ended=ended))


@get(
    "/label-stocks/{code:str}/ruler.pdf",
    sync_to_thread=True,
    media_type=PDF,
    responses=sheet("The outlines of the labels, and rulers."),
)
def get_ruler(
    door: OpenDoor, code: FromPath[str], offset_x_um: Offset = 0, offset_y_um: Offset = 0
) -> Response[bytes]:
    """The outlines of the labels with rulers: printed on plain paper, it shows how far a printer is out."""
    from biobank.labels import rulers

    stock = door.ask(lambda session, _: stocks.stock(session, code, ended=True))
    return Response(
        rulers.page(stock, offset_x=offset_x_um / 1000, offset_y=offset_y_um / 1000), media_type=PDF
    )


@post("/label-stocks", sync_to_thread=True)
def add_stock(door: OpenDoor, data: JSONBody[Stock]) -> StockRow:
    """Keep a stock of the lab's own; one whose labels overlap or leave the page is refused."""
    return door.act(lambda session, actor: stocks.add(session, actor, _stock(data)), StockRow)


@post("/label-stock-changes", sync_to_thread=True, status_code=200)
def change_stock(door: OpenDoor, data: JSONBody[Stock]) -> StockRow:
    """Measure a stock of the lab's own anew, as long as nothing was printed on it."""
    return door.act(lambda session, actor: stocks.change(session, actor, _stock(data)), StockRow)


@post("/label-stock-ends", sync_to_thread=True, status_code=200)
def end_stock(door: OpenDoor, data: JSONBody[StockEnd]) -> StockRow:
    """Offer a stock of the lab's own no more; the jobs on it stay as they are."""
    return door.act(lambda session, actor: stocks.end(session, actor, data.stock), StockRow)


@get("/label-stocks/{code:str}", sync_to_thread=True)
def get_stock(door: OpenDoor, code: FromPath[str]) -> StockRow:
    """One stock, offered or not."""

    def question(session: Session, _: Actor) -> StockRow:
        found = stocks.stock(session, code, ended=True)
        return next(row for row in stocks.listed(session, ended=True) if row.stock.code == found.code)

    return door.ask(question)


@get("/label-layouts/{code:str}", sync_to_thread=True)
def get_layout(door: OpenDoor, code: FromPath[str]) -> LayoutRow:
    """One layout, offered or not."""

    def question(session: Session, _: Actor) -> LayoutRow:
        found = layout(code, stocks.layouts_of_the_lab(session, ended=True))
        return next(row for row in stocks.layouts(session, ended=True) if row.layout.code == found.code)

    return door.ask(question)


@get("/label-layouts", sync_to_thread=True)
def list_layouts(door: OpenDoor, of: For = None, ended: Ended = False) -> list[LayoutRow]:  # noqa: FBT002
    """Layouts to print in: the lab's own first."""
    return door.ask(lambda session, _: stocks.layouts(session, of, ended=ended))


@post("/label-layouts", sync_to_thread=True)
def add_layout(door: OpenDoor, data: JSONBody[Layout]) -> LayoutRow:
    """Keep a layout of the lab's own. It says where fields stand; there are no expressions in it."""
    return door.act(lambda session, actor: stocks.add_layout(session, actor, _layout(data)), LayoutRow)


@post("/label-layout-changes", sync_to_thread=True, status_code=200)
def change_layout(door: OpenDoor, data: JSONBody[Layout]) -> LayoutRow:
    """Make a layout of the lab's own anew, as long as nothing was printed in it."""
    return door.act(lambda session, actor: stocks.change_layout(session, actor, _layout(data)), LayoutRow)


@post("/label-layout-ends", sync_to_thread=True, status_code=200)
def end_layout(door: OpenDoor, data: JSONBody[LayoutEnd]) -> LayoutRow:
    """Offer a layout of the lab's own no more; the jobs in it stay as they are."""
    return door.act(lambda session, actor: stocks.end_layout(session, actor, data.layout), LayoutRow)


def _stock(sent: Stock) -> StockOrder:
    return StockOrder(body=msgspec.json.encode(sent).decode())


def _layout(sent: Layout) -> LayoutOrder:
    return LayoutOrder(body=msgspec.json.encode(sent).decode())


HANDLERS = noun(
    "label stocks",
    [
        list_stocks,
        get_stock,
        get_ruler,
        add_stock,
        change_stock,
        end_stock,
        list_layouts,
        get_layout,
        add_layout,
        change_layout,
        end_layout,
    ],
)
