"""Stocks and layouts: those that ship and the lab's own, drawn as they are measured before they are kept."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import inputs, web
from biobank.errors import Refusal
from biobank.labels import layouts as shipped_layouts
from biobank.labels import stock as shipped_stocks
from biobank.labels.layouts import Layout
from biobank.labels.shapes import Of
from biobank.labels.stock import Shape, Stock
from biobank.pages import shell
from biobank.pages.labels import looks, sheets
from biobank.pages.labels.jobs import pdf
from biobank.pages.labels.looks import Look
from biobank.pages.shell import Fields, Form
from biobank.people import Actor
from biobank.printing import ordering, stocks
from biobank.printing.stocks import LayoutOrder, LayoutRow, StockOrder, StockRow

Asked = Request[Any, Any, Any]

LENGTHS = (
    "page_width",
    "page_height",
    "width",
    "height",
    "left",
    "top",
    "pitch_x",
    "pitch_y",
    "tail",
    "dot",
    "dot_x",
    "tube",
)
COUNTS = ("columns", "rows")
FLAGS = ("frozen", "turned", "continuous")
_DPI = 300


class OnStock(msgspec.Struct, frozen=True):
    """How a label of one kind looks on a stock, or why it does not fit."""

    of: Of
    look: Look | None
    why: str = ""


# --- stocks ---


@get("/labels/stocks", sync_to_thread=True)
def stocks_page(door: web.OpenDoor) -> Template:
    """All stocks, the lab's own first."""
    me, rows = shell.ask(door, lambda session, _: stocks.listed(session, ended=True))
    return shell.page("labels/stocks.html", me, rows=rows)


@get("/labels/stocks/new", sync_to_thread=True)
def new_stock_page(request: Asked, door: web.OpenDoor) -> Template:
    """Measure a stock: a copy of another one, to be changed."""
    like = request.query_params.get("like", "") or ordering.USUAL[Of.SPECIMEN]
    me, found = shell.ask(door, lambda session, _: stocks.stock(session, like[:40], ended=True))
    told = {**msgspec.to_builtins(found), "code": "", "name": ""}
    return _stock_form(me, told, found)


@post("/labels/stocks/look", sync_to_thread=True, status_code=200)
def look_at_stock(door: web.OpenDoor, form: Form) -> Template:
    """Draw a stock as it is measured so far; nothing is kept."""
    me, _ = shell.ask(door, lambda _session, _actor: None)
    told = _geometry(form)
    named = {name: told[name] or "x" for name in ("code", "name")}  # it is drawn before it has a name
    try:
        read = shipped_stocks.read_stock(msgspec.json.encode({**told, **named}))
    except Refusal as refusal:
        # What is measured wrongly is said beside the form, where it can be mended.
        return _stock_form(me, told, None, web.in_words(refusal))
    return _stock_form(me, told, read)


@get("/labels/stocks/{code:str}", sync_to_thread=True)
def stock_page(door: web.OpenDoor, code: FromPath[str]) -> Template:
    """One stock drawn, with its measures, and an example of each label that it is offered for."""

    def question(session: Session, _: Actor) -> StockRow:
        found = stocks.stock(session, code, ended=True)
        return next(row for row in stocks.listed(session, ended=True) if row.stock.code == found.code)

    me, row = shell.ask(door, question)
    return shell.page(
        "labels/stock.html",
        me,
        row=row,
        stock=row.stock,
        sheet=sheets.drawn(row.stock, 0, row.stock.per_page),
        examples=[each for each in _on(row.stock) if each.look],
    )


@get("/labels/stocks/{code:str}/ruler", sync_to_thread=True)
def ruler(door: web.OpenDoor, code: FromPath[str]) -> Response[bytes]:
    """A page of rulers and outlines of labels: laid over the stock, it shows how far a printer is out."""
    from biobank.labels import rulers

    found = door.ask(lambda session, _: stocks.stock(session, code, ended=True))
    return pdf(rulers.page(found), f"ruler-{found.code}.pdf")


@post("/labels/stocks", sync_to_thread=True, status_code=200)
def keep_stock(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """Keep a stock of the lab's own, or measure it anew."""
    told = _geometry(form)
    order = inputs.read(StockOrder, {"body": msgspec.json.encode(told).decode()}, form=True)
    act = stocks.change if "again" in form else stocks.add
    row = door.act(lambda session, actor: act(session, actor, order), StockRow)
    return shell.go(request, f"/labels/stocks/{row.stock.code}")


@post("/labels/stocks/{code:str}/end", sync_to_thread=True, status_code=200)
def end_stock(request: Asked, door: web.OpenDoor, code: FromPath[str]) -> Response[Any]:
    """Offer a stock of the lab's own no more."""
    door.act(lambda session, actor: stocks.end(session, actor, code), StockRow)
    return shell.go(request, "/labels/stocks")


# --- layouts ---


@get("/labels/layouts", sync_to_thread=True)
def layouts_page(door: web.OpenDoor) -> Template:
    """All layouts, the lab's own first, each on the usual stock of what it is for."""
    me, rows = shell.ask(door, lambda session, _: stocks.layouts(session, ended=True))
    return shell.page("labels/layouts.html", me, rows=rows)


@get("/labels/layouts/{code:str}", sync_to_thread=True)
def layout_page(request: Asked, door: web.OpenDoor, code: FromPath[str]) -> Template:
    """One layout as it is declared, beside a label in it; an administrator copies and changes it here."""

    def question(session: Session, _: Actor) -> tuple[LayoutRow, list[Stock]]:
        rows = {row.layout.code: row for row in stocks.layouts(session, ended=True)}
        found = shipped_layouts.layout(code, {name: row.layout for name, row in rows.items()})
        return rows[found.code], [row.stock for row in stocks.listed(session)]

    me, (row, known) = shell.ask(door, question)
    body = msgspec.json.format(msgspec.json.encode(row.layout), indent=2).decode()
    return _layout_form(me, row, body, known, request.query_params.get("stock", ""))


@post("/labels/layouts/{code:str}/look", sync_to_thread=True, status_code=200)
def look_at_layout(door: web.OpenDoor, form: Form, code: FromPath[str]) -> Template:
    """Draw a label in a layout as it is written so far; nothing is kept."""

    def question(session: Session, _: Actor) -> tuple[LayoutRow | None, list[Stock]]:
        rows = stocks.layouts(session, ended=True)
        found = next((row for row in rows if row.layout.code == code), None)
        return found, [row.stock for row in stocks.listed(session)]

    me, (row, known) = shell.ask(door, question)
    return _layout_form(me, row, shell.one(form, "body"), known, shell.one(form, "stock"))


@post("/labels/layouts", sync_to_thread=True, status_code=200)
def keep_layout(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """Keep a layout of the lab's own, or declare it anew."""
    order = inputs.read(LayoutOrder, {"body": shell.one(form, "body")}, form=True)
    act = stocks.change_layout if "again" in form else stocks.add_layout
    row = door.act(lambda session, actor: act(session, actor, order), LayoutRow)
    return shell.go(request, f"/labels/layouts/{row.layout.code}")


@post("/labels/layouts/{code:str}/end", sync_to_thread=True, status_code=200)
def end_layout(request: Asked, door: web.OpenDoor, code: FromPath[str]) -> Response[Any]:
    """Offer a layout of the lab's own no more."""
    door.act(lambda session, actor: stocks.end_layout(session, actor, code), LayoutRow)
    return shell.go(request, "/labels/layouts")


# --- how ---


def _stock_form(me: Actor, told: dict[str, Any], read: Stock | None, why: str = "") -> Template:
    return shell.page(
        "labels/new_stock.html",
        me,
        told=told,
        lengths=LENGTHS,
        uses=list(Of),
        shapes=list(Shape),
        why=why,
        sheet=sheets.drawn(read, 0, read.per_page) if read else None,
        examples=_on(read) if read else [],
    )


def _on(stock: Stock) -> list[OnStock]:
    """An example of each kind of label that a stock is offered for."""
    found: list[OnStock] = []
    shown: set[str] = set()
    for of in stock.uses or tuple(Of):
        try:
            layout = shipped_layouts.layout_for(of, stock)
            if layout.code in shown:
                continue
            shown.add(layout.code)
            found.append(OnStock(of, looks.looked(looks.EXAMPLES[of], stock, layout, _DPI)))
        except Refusal as refusal:
            # A stock may be too small for some of what it could be used for: that is shown, not hidden.
            found.append(OnStock(of, None, web.in_words(refusal)))
    return found


def _layout_form(
    me: Actor, row: LayoutRow | None, body: str, known: Sequence[Stock], wanted: str
) -> Template:
    look, why, fitting = None, "", list[Stock]()
    chosen: Stock | None = None
    try:
        layout = shipped_layouts.read_layout(body)
        fitting = [each for each in known if _suits(layout, each)]
        chosen = next((each for each in fitting if each.code == wanted), _usual(layout, fitting))
        if chosen:
            look = looks.looked(looks.EXAMPLES[layout.of[0]], chosen, layout, _DPI)
    except Refusal as refusal:
        # What is declared wrongly is said beside the form, where it can be mended.
        why = web.in_words(refusal)
    return shell.page(
        "labels/layout.html", me, row=row, body=body, stocks=fitting, chosen=chosen, look=look, why=why
    )


def _suits(layout: Layout, stock: Stock) -> bool:
    return layout.fits(stock) and any(stock.serves(of) for of in layout.of)


def _usual(layout: Layout, fitting: Sequence[Stock]) -> Stock | None:
    usual = {ordering.USUAL[of] for of in layout.of}
    return next((each for each in fitting if each.code in usual), next(iter(fitting), None))


def _geometry(form: Fields) -> dict[str, Any]:
    """What a form says of a stock; what is no number stays a text, to be refused by its name."""
    told: dict[str, Any] = {name: shell.one(form, name).strip() for name in ("code", "name")}
    for name in LENGTHS:
        told[name] = _length(shell.one(form, name))
    for name in COUNTS:
        text = shell.one(form, name).strip() or "1"
        told[name] = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else text
    told["shape"] = shell.one(form, "shape") or Shape.RECT.value
    for name in FLAGS:
        told[name] = name in form
    told["uses"] = shell.several(form, "uses")
    return told


def _length(text: str) -> float | str:
    try:
        return float(text.replace(",", ".") or 0)
    except ValueError:
        return text


HANDLERS = [
    stocks_page,
    new_stock_page,
    look_at_stock,
    stock_page,
    ruler,
    keep_stock,
    end_stock,
    layouts_page,
    layout_page,
    look_at_layout,
    keep_layout,
    end_layout,
]
