"""Labels before they are printed: on which printer and stock, from which place on, and how they will look."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Template
from sqlmodel import Session

from biobank import codes, inputs, specimens, web
from biobank.codes import CodeKind
from biobank.errors import Refusal
from biobank.inputs import Input
from biobank.labels.layouts import Layout
from biobank.labels.shapes import Face, Of
from biobank.labels.stock import Stock
from biobank.pages import shell
from biobank.pages.labels import looks, papers, sheets
from biobank.pages.labels.jobs import zone_of
from biobank.pages.labels.sheets import Sheet
from biobank.pages.shell import Fields, Form
from biobank.people import Actor
from biobank.printing import copies, faces, ordering, previewing, printers, stocks
from biobank.printing.copies import Copies, Needs
from biobank.printing.ordering import CardLabels, ContainerLabels, JobMade, KitReprint, PrintOrder
from biobank.printing.previewing import Shown
from biobank.printing.printers import PrinterRow
from biobank.tables import PrinterLanguage
from biobank.texts import gettext

Asked = Request[Any, Any, Any]

LISTED = 12
"""So many codes are named before the page only counts them."""

_NAMES = ("of", "printer", "stock", "layout", "skip", "copies", "reason", "frozen")


class Wish(msgspec.Struct, frozen=True):
    """What somebody would print, as they said it; a `printer` of None was not chosen yet."""

    codes: list[str]
    of: str = ""
    printer: str | None = None
    stock: str = ""
    layout: str = ""
    skip: int = 0
    copies: int = 1
    reason: str = ""
    frozen: bool = False


class Choice(msgspec.Struct, frozen=True):
    """Everything to choose from, and what is chosen. `total` labels come of it; `first` is the first one."""

    printers: list[PrinterRow]
    own: str
    printer: PrinterRow | None
    of: Of = Of.SPECIMEN
    first: Face | None = None
    total: int = 0
    stocks: list[Stock] = []
    stock: Stock | None = None
    layouts: list[Layout] = []
    seen: Shown | None = None
    copies: list[Copies] = []
    refusal: Refusal | None = None

    @property
    def layout(self) -> Layout | None:
        """The layout of the first one, where there is one for it."""
        return self.seen.layout if self.seen else None

    @property
    def loaded(self) -> bool:
        """Whether the printer has one stock in it, so that there is none to choose."""
        return self.printer is not None and self.printer.language is not PrinterLanguage.PDF


# --- pages ---


@get("/labels/print", sync_to_thread=True)
def print_page(request: Asked, door: web.OpenDoor) -> Template:
    """Choose how labels are printed, beside how the first will look."""
    asked = request.query_params
    sent: Fields = {name: asked[name] for name in _NAMES if name in asked}
    return _page(door, _wish({**sent, "codes": list(asked.getall("codes", []))}))


@post("/labels/print/look", sync_to_thread=True, status_code=200)
def look(door: web.OpenDoor, form: Form) -> Template:
    """The same with other choices; nothing is printed."""
    return _page(door, _wish(form))


@post("/labels/print", sync_to_thread=True, status_code=200)
def print_now(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """Order the labels, and go to their job; a PDF is saved from there."""
    order, act = _ordered(_wish(form), papers.asked(door, form))
    made = door.act(lambda session, actor: act(session, actor, order), JobMade)
    return papers.to_job(request, door, made, shell.local(shell.one(form, "next"), ""))


# --- what is shown ---


def _page(door: web.OpenDoor, wish: Wish) -> Template:
    me, (choice, zone) = shell.ask(
        door, lambda session, actor: (_choice(session, actor, wish), zone_of(session, actor))
    )
    shown, refusal = None, choice.refusal
    seen = choice.seen
    if seen:
        try:
            shown = looks.looked(seen.face, seen.stock, seen.layout, seen.dpi)
        except Refusal as refused:
            # The page goes on with other choices; what does not fit is said beside them.
            refusal = refused
    return shell.page(
        "labels/print.html",
        me,
        wish=wish,
        zone=zone,
        choice=choice,
        codes=wish.codes,
        listed=wish.codes[:LISTED],
        look=shown,
        sheet=_sheet(choice, wish),
        refusal=web.in_words(refusal) if refusal else "",
        reasons={reason.value: gettext(name) for reason, name in copies.REASONS.items()},
        again=[each for each in choice.copies if each.copies],
        manager=any(each.needs is Needs.MANAGER for each in choice.copies),
        frozen=bool(choice.stock and choice.stock.frozen),
    )


def _choice(session: Session, actor: Actor, wish: Wish) -> Choice:
    known = printers.listed(session, actor)
    station = printers.of_station(session, actor)
    own = station.name if station else ""
    name = own if wish.printer is None else wish.printer
    printer = next((each for each in known if each.name == name), None)
    told = Choice(printers=known, own=own, printer=printer)
    if not wish.codes:
        return told
    try:
        of, first, total = _labels(session, actor, wish)
        told = msgspec.structs.replace(told, of=of, first=first, total=total * wish.copies)
        return _on_stock(session, actor, wish, told)
    except Refusal as refused:
        # A code that nobody knows is said on the page, where it can be taken out.
        return msgspec.structs.replace(told, refusal=refused)


def _on_stock(session: Session, actor: Actor, wish: Wish, told: Choice) -> Choice:
    offered = [row.stock for row in stocks.listed(session, told.of)]
    if wish.frozen:
        offered = [each for each in offered if each.frozen] or offered
    usual = ordering.USUAL[told.of]
    wanted = told.printer.stock if told.loaded and told.printer else wish.stock or _default(offered, usual)
    stock = stocks.stock(session, wanted)
    told = msgspec.structs.replace(told, stocks=offered, stock=stock)
    layouts = [row.layout for row in stocks.layouts(session, told.of) if row.layout.fits(stock)]
    told = msgspec.structs.replace(told, layouts=layouts)
    if told.of in (Of.SPECIMEN, Of.CAP, Of.KIT):
        told = msgspec.structs.replace(told, copies=copies.live(session, actor, _read(wish.codes), told.of))
    code = wish.layout if any(each.code == wish.layout for each in layouts) else ""
    if told.first is None:
        return told
    dpi = told.printer.dpi if told.printer else previewing.DPI
    try:
        seen = previewing.drawn_from(session, told.first, stock, code, dpi)
        return msgspec.structs.replace(told, seen=seen)
    except Refusal as refused:
        # Another stock can still be chosen.
        return msgspec.structs.replace(told, refusal=refused)


def _default(offered: list[Stock], usual: str) -> str:
    return usual if not offered or any(each.code == usual for each in offered) else offered[0].code


def _labels(session: Session, actor: Actor, wish: Wish) -> tuple[Of, Face, int]:
    """What the labels are of, the first one, and how many they are. Refused as the faces of each kind are."""
    first = codes.read(wish.codes[0]) or ""
    kind = CodeKind(first[0]) if first else CodeKind.SPECIMEN
    if kind is CodeKind.KIT:
        kits = specimens.kit_cards(session, specimens.load_kits(session, actor, _read(wish.codes)))
        labels = faces.of_kits(kits)
        return Of.KIT, labels[0].face, len(labels)
    face = previewing.face_of(session, actor, wish.codes[0], cap=wish.of == Of.CAP)
    return face.of, face, len(wish.codes)


def _sheet(choice: Choice, wish: Wish) -> Sheet | None:
    if choice.stock is None or choice.stock.per_page == 1:
        return None
    return sheets.drawn(choice.stock, min(wish.skip, choice.stock.per_page - 1), choice.total)


# --- how ---


def _wish(sent: Mapping[str, Any]) -> Wish:
    """What a form or an address says; a number that is none is the usual one."""
    form = dict(sent)
    told = {name: shell.one(form, name)[:60].strip() for name in _NAMES if name in form}
    return Wish(
        codes=[code for text in shell.several(form, "codes") for code in _split(text)],
        of=told.get("of", ""),
        printer=told.get("printer"),
        stock=told.get("stock", ""),
        layout=told.get("layout", ""),
        skip=_number(told.get("skip", ""), 0),
        copies=_number(told.get("copies", ""), 1),
        reason=told.get("reason", ""),
        frozen=bool(told.get("frozen")),
    )


def _split(text: str) -> list[str]:
    """The codes of a field, one a line; spaces within one are those that it is printed with."""
    lines = [line.strip() for line in text.replace(",", "\n").splitlines()]
    return [codes.read(line) or line for line in lines if line]


def _read(told: list[str]) -> list[str]:
    return [codes.read(text) or text for text in told]


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else otherwise


def _ordered(wish: Wish, paper: Mapping[str, str]) -> tuple[Input, Callable[[Session, Actor, Any], JobMade]]:
    """The order of what is wished, and the act that keeps it."""
    kind = (codes.read(wish.codes[0]) if wish.codes else None) or "S"
    if kind[0] == CodeKind.CONTAINER:
        return inputs.read(
            ContainerLabels, {**paper, "codes": wish.codes}, form=True
        ), ordering.print_container_labels
    if kind[0] == CodeKind.KIT:
        return inputs.read(KitReprint, {**paper, "kits": wish.codes}, form=True), ordering.reprint_kits
    if kind[0] == CodeKind.COMMAND:
        names = [previewing.card_of(code).name for code in wish.codes]
        return inputs.read(CardLabels, {**paper, "cards": names}, form=True), ordering.print_card_labels
    told = {**paper, "codes": wish.codes, "of": wish.of or Of.SPECIMEN.value}
    return inputs.read(PrintOrder, told, form=True), ordering.print_labels


HANDLERS = [print_page, look, print_now]
