"""Stocks and layouts: those that are shipped, and those that the lab measured and made itself."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from pydantic import StringConstraints
from sqlmodel import Session, col, select

from biobank import clock, people
from biobank.errors import NotFound, RuleBroken
from biobank.inputs import Input
from biobank.labels import layouts as shipped_layouts
from biobank.labels import stock as shipped_stocks
from biobank.labels.layouts import Layout
from biobank.labels.shapes import Of
from biobank.labels.stock import Stock
from biobank.people import Actor, May
from biobank.tables import LabelLayout, LabelStock, PrintJob
from biobank.texts import N_

Own = TypeVar("Own", LabelStock, LabelLayout)

# --- words ---


class StockOrder(Input):
    """A stock that the lab measured: its geometry as JSON, in millimetres (see `labels.stock.Stock`)."""

    body: Annotated[str, StringConstraints(min_length=2, max_length=4000)]


class LayoutOrder(Input):
    """A layout that the lab made: its declaration as JSON (see `labels.layouts.Layout`)."""

    body: Annotated[str, StringConstraints(min_length=2, max_length=8000)]


class StockRow(msgspec.Struct, frozen=True):
    """A stock to choose. `own` ones are the lab's; one that was printed on is `used` and stays as it is."""

    stock: Stock
    own: bool = False
    used: bool = False
    ended: bool = False


class LayoutRow(msgspec.Struct, frozen=True):
    """A layout to choose; as of a stock."""

    layout: Layout
    own: bool = False
    used: bool = False
    ended: bool = False


# --- actions ---


def add(session: Session, actor: Actor, order: StockOrder) -> StockRow:
    """Keep a stock of the lab's own.

    Refused: what is no stock or has labels that overlap or leave the page, a code that is taken, anybody
    but an administrator of all sites.
    """
    people.require_over(actor, May.ADMINISTER, None, None)
    read = shipped_stocks.read_stock(order.body)
    _require_free(session, LabelStock, read.code, shipped_stocks.STOCKS)
    session.add(LabelStock(code=read.code, body=_body(read)))
    session.flush()
    return StockRow(read, own=True)


def change(session: Session, actor: Actor, order: StockOrder) -> StockRow:
    """Measure a stock of one's own anew. Refused besides as when added: one that was printed on already."""
    people.require_over(actor, May.ADMINISTER, None, None)
    read = shipped_stocks.read_stock(order.body)
    kept = _own(session, LabelStock, read.code)
    _require_unused(session, read.code, PrintJob.stock)
    kept.body = _body(read)
    session.flush()
    return StockRow(read, own=True)


def end(session: Session, actor: Actor, code: str) -> StockRow:
    """Offer a stock of one's own no more; the jobs on it stay as they are. Refused: a shipped one."""
    people.require_over(actor, May.ADMINISTER, None, None)
    kept = _own(session, LabelStock, code)
    kept.ended_at = clock.now()
    session.flush()
    return StockRow(shipped_stocks.read_stock(kept.body), own=True, ended=True)


def add_layout(session: Session, actor: Actor, order: LayoutOrder) -> LayoutRow:
    """Keep a layout of the lab's own. Refused: what is none, a code that is taken, no administrator."""
    people.require_over(actor, May.ADMINISTER, None, None)
    read = shipped_layouts.read_layout(order.body)
    _require_free(session, LabelLayout, read.code, shipped_layouts.LAYOUTS)
    session.add(LabelLayout(code=read.code, body=_body(read)))
    session.flush()
    return LayoutRow(read, own=True)


def change_layout(session: Session, actor: Actor, order: LayoutOrder) -> LayoutRow:
    """Make a layout of one's own anew. Refused besides as when added: one that was printed with already."""
    people.require_over(actor, May.ADMINISTER, None, None)
    read = shipped_layouts.read_layout(order.body)
    kept = _own(session, LabelLayout, read.code)
    _require_unused(session, read.code, PrintJob.layout)
    kept.body = _body(read)
    session.flush()
    return LayoutRow(read, own=True)


def end_layout(session: Session, actor: Actor, code: str) -> LayoutRow:
    """Offer a layout of one's own no more; the jobs with it stay as they are. Refused: a shipped one."""
    people.require_over(actor, May.ADMINISTER, None, None)
    kept = _own(session, LabelLayout, code)
    kept.ended_at = clock.now()
    session.flush()
    return LayoutRow(shipped_layouts.read_layout(kept.body), own=True, ended=True)


# --- questions ---


def stock(session: Session, code: str, *, ended: bool = False) -> Stock:
    """The stock of that code, shipped or the lab's own; with `ended` also one that is offered no more.

    Refused: one that does not exist, with those there are.
    """
    if code in shipped_stocks.STOCKS:
        return shipped_stocks.STOCKS[code]
    return shipped_stocks.stock(
        code, _of_the_lab(session, LabelStock, shipped_stocks.read_stock, ended=ended)
    )


def layout(session: Session, code: str, of: Of, on: Stock, *, ended: bool = False) -> Layout:
    """The layout of that code; of an empty one, the shipped layout for these labels on this stock.

    Refused: one that does not exist, that is for other labels or that the stock is too small for.
    """
    if not code:
        return shipped_layouts.layout_for(of, on)
    own = {} if code in shipped_layouts.LAYOUTS else layouts_of_the_lab(session, ended=ended)
    found = shipped_layouts.layout(code, own)
    if of not in found.of or not found.fits(on):
        message = N_(
            "The layout %(layout)s is not for such labels on %(stock)s. Choose another, or leave it out."
        )
        raise RuleBroken("layout_unfit", message, field="layout", layout=found.name, stock=on.name)
    return found


def layouts_of_the_lab(session: Session, *, ended: bool = False) -> dict[str, Layout]:
    """The lab's own layouts by code."""
    return _of_the_lab(session, LabelLayout, shipped_layouts.read_layout, ended=ended)


def listed(session: Session, of: Of | None = None, *, ended: bool = False) -> list[StockRow]:
    """Stocks to choose from, the lab's own first; those that serve some labels, where told which."""
    used = set(session.exec(select(PrintJob.stock).distinct()))
    rows = [
        StockRow(
            shipped_stocks.read_stock(each.body), own=True, used=each.code in used, ended=bool(each.ended_at)
        )
        for each in session.exec(select(LabelStock).order_by(col(LabelStock.code)))
    ]
    rows += [StockRow(each) for each in shipped_stocks.STOCKS.values()]
    return [row for row in rows if (ended or not row.ended) and (of is None or row.stock.serves(of))]


def names(session: Session) -> dict[str, str]:
    """What every stock is called, by its code: shipped ones and the lab's own, in use or not."""
    own = _of_the_lab(session, LabelStock, shipped_stocks.read_stock, ended=True)
    return {code: each.name for code, each in {**shipped_stocks.STOCKS, **own}.items()}


def layouts(session: Session, of: Of | None = None, *, ended: bool = False) -> list[LayoutRow]:
    """Layouts to choose from, the lab's own first; those for some labels, where told which."""
    used = set(session.exec(select(PrintJob.layout).distinct()))
    rows = [
        LayoutRow(
            shipped_layouts.read_layout(each.body),
            own=True,
            used=each.code in used,
            ended=bool(each.ended_at),
        )
        for each in session.exec(select(LabelLayout).order_by(col(LabelLayout.code)))
    ]
    rows += [LayoutRow(each) for each in shipped_layouts.LAYOUTS.values()]
    return [row for row in rows if (ended or not row.ended) and (of is None or of in row.layout.of)]


# --- how ---


def _body(read: Stock | Layout) -> str:
    return msgspec.json.encode(read).decode()


Read = TypeVar("Read", Stock, Layout)


def _of_the_lab(
    session: Session, table: type[Own], read: Callable[[str | bytes], Read], *, ended: bool
) -> dict[str, Read]:
    asked = select(table)
    if not ended:
        asked = asked.where(col(table.ended_at).is_(None))
    return {each.code: read(each.body) for each in session.exec(asked)}


def _own(session: Session, table: type[Own], code: str) -> Own:
    asked = select(table).where(col(table.code) == code, col(table.ended_at).is_(None)).with_for_update()
    kept = session.exec(asked).first()
    if kept is None:
        message = N_("“%(code)s” is none of the lab's own. Shipped ones stay as they are: copy it first.")
        raise NotFound("not_of_the_lab", message, field="code", code=code[:40])
    return kept


def _require_free(session: Session, table: type[Own], code: str, shipped: object) -> None:
    taken = code in shipped or session.exec(select(table.id).where(col(table.code) == code)).first()  # type: ignore[operator]
    if taken:
        message = N_("“%(code)s” is taken already. Choose another code.")
        raise RuleBroken("label_code_taken", message, field="code", code=code[:40])


def _require_unused(session: Session, code: str, column: str) -> None:
    if session.exec(select(PrintJob.id).where(col(column) == code).limit(1)).first():
        message = N_("Labels were printed with “%(code)s”, so it stays as it is. Keep it under another code.")
        raise RuleBroken("label_code_used", message, field="code", code=code[:40])
