"""What a command card does at the bench."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import codes, specimens, storage, tasks, texts
from biobank.door import Door
from biobank.errors import NotFound
from biobank.labels.cards import Card
from biobank.pages.bench import answers, saying
from biobank.pages.bench.asking import acts, site_of
from biobank.pages.bench.drawing import beyond, cursor, with_cursor
from biobank.pages.bench.looking import Seen, open_box
from biobank.pages.bench.order import Came, Order
from biobank.pages.bench.scanning import CARD_MODES, Mode
from biobank.pages.storage.containers import Inside
from biobank.people import Actor
from biobank.printing import printers
from biobank.printing.copies import Needs, live
from biobank.printing.ordering import JobMade, PrintOrder, print_labels
from biobank.storage.geometry import Slot
from biobank.storage.undoing import Undo, Undone, undo
from biobank.tables import Specimen, TaskKind
from biobank.texts import N_
from biobank.texts import gettext as _

NOTHING_TO_UNDO = N_("There is nothing to undo: nothing was done here in the last eight hours.")


class _Noted(msgspec.Struct, frozen=True):
    """What somebody is asked to look after: at which slot, about which tube."""

    slot: str
    code: str


def command(door: Door, order: Order, seen: Seen) -> Came:
    """Do as the card says."""
    card = Card(seen.code)
    if card in CARD_MODES:
        return _change_mode(door, order, CARD_MODES[card])
    return _CARDS[card](door, order)


# --- the box and the cursor ---


def _change_mode(door: Door, order: Order, mode: Mode) -> Came:
    inside = _inside(door, order)
    # What is open only to be moved does not stay open where nothing is moved.
    stays = inside is not None and (inside.map.level == "box" or mode is Mode.STORE)
    result = answers.mode_chosen(mode, inside.map.code if inside and stays else "")
    return result, with_cursor(inside, mode) if stays else None


def _close(door: Door, order: Order) -> Came:
    inside = _inside(door, order)
    return answers.closed(inside.map if inside else None, order.mode), None


def _skip(door: Door, order: Order) -> Came:
    return _go_on(door, order, next_row=False)


def _next_row(door: Door, order: Order) -> Came:
    return _go_on(door, order, next_row=True)


def _go_on(door: Door, order: Order, *, next_row: bool) -> Came:
    inside = _inside(door, order)
    if inside is None or not inside.map.rows or order.mode is not Mode.STORE:
        return saying.needs_box(order), None
    here = cursor(inside.map, order.mode, order.at or "")
    at = beyond(inside.map, here, next_row=next_row)
    return saying.cursor_moved(inside.map, at), with_cursor(inside, order.mode, at)


# --- notes to people ---


def _empty_here(door: Door, order: Order) -> Came:
    return _not_there(door, order, None)


def _missing(door: Door, order: Order) -> Came:
    return _not_there(door, order, order.about)


def _not_there(door: Door, order: Order, about: str | None) -> Came:
    """Ask somebody to look for the tube of the slot that was chosen, or for the tube shown last."""
    inside = _inside(door, order)
    slot = next((row for row in inside.map.slots if row.name == order.at), None) if inside else None
    tube = about or (slot.code if slot and slot.state == "occupied" else "")
    if not tube:
        return saying.nothing_chosen(order), None
    noted = door.act(lambda session, actor: _note(session, actor, order, TaskKind.MISSING, tube), _Noted)
    return saying.asked_to_look(order, noted.code, noted.slot), with_cursor(
        inside, order.mode, order.at or ""
    )


def _unreadable(door: Door, order: Order) -> Came:
    inside = _inside(door, order)
    here = cursor(inside.map, order.mode, order.at or "") if inside else ""
    row = next((row for row in inside.map.slots if row.name == here), None) if inside else None
    tube = row.code if row and row.state == "occupied" else ""
    noted = door.act(
        lambda session, actor: _note(session, actor, order, TaskKind.UNREADABLE, tube, here), _Noted
    )
    return saying.wipe_first(order, noted.code, noted.slot), with_cursor(inside, order.mode, here)


def _note(session: Session, actor: Actor, order: Order, kind: TaskKind, tube: str, at: str = "") -> _Noted:
    site, box = site_of(session, actor, order.box)
    row = session.exec(select(Specimen).where(col(Specimen.code) == tube)).first() if tube else None
    card = specimens.card(session, actor, tube) if row else None  # refused where it is out of scope
    name = at or (card.place[-1].slot if card and card.place else "")
    slot = next((each for each in _slots(session, actor, order) if each[0] == name), None)
    tasks.open_task(
        session,
        actor,
        kind,
        site_id=row.site_id if row else site,
        study_id=row.study_id if row else None,
        specimen_id=row.id if row else None,
        container_id=box.id if box else None,
        slot=slot[1] if slot else None,
        code=tube,
        facts={"slot": name} if name else {},
    )
    return _Noted(name, tube)


# --- the rest ---


def _undo(door: Door, order: Order) -> Came:
    def work(session: Session, actor: Actor) -> Undone:
        return undo(session, actor, Undo(command=order.undo or _last(session, actor)))

    undone = door.act(work, Undone)
    inside = _inside(door, order)
    return saying.undone(order, undone), with_cursor(inside, order.mode)


def _last(session: Session, actor: Actor) -> UUID:
    for act in acts(session, actor):
        if not act.undone:
            return act.command
    raise NotFound("nothing_to_undo", NOTHING_TO_UNDO)


def _acknowledge(_door: Door, order: Order) -> Came:
    return answers.nothing_to_acknowledge(order.mode, order.box or ""), None


def _swap(_door: Door, order: Order) -> Came:
    return answers.nothing_to_swap(order.mode, order.box or ""), None


def _all_present(_door: Door, order: Order) -> Came:
    return answers.no_visit_open(order.mode, order.box or ""), None


def _discard(_door: Door, order: Order) -> Came:
    return saying.page_opens(order, "/bench/discard?" + _here(order, tube=order.about or "")), None


def _print_again(door: Door, order: Order) -> Came:
    """Print the label of the tube shown at this bench, where it is the only one of its code."""
    tube = codes.read(order.about or "")
    if not tube:
        return saying.nothing_chosen(order), None
    there, printer = door.ask(
        lambda session, actor: (live(session, actor, [tube])[0], printers.of_station(session, actor))
    )
    if there.needs is Needs.MANAGER:
        return saying.page_opens(order, f"/specimens/{tube}#replace"), None
    if printer is None or there.needs is Needs.REASON:
        return saying.page_opens(order, "/labels/print?" + urlencode({"codes": tube})), None
    wanted = PrintOrder(codes=[tube], printer=printer.name)
    made = door.act(lambda session, actor: print_labels(session, actor, wanted), JobMade)
    return saying.label_printed(order, made), None


def _language(_door: Door, order: Order) -> Came:
    other = next(code for code in texts.LANGUAGES if code != texts.language.get())
    to = f"/language/{other}?" + urlencode({"next": "/bench?" + _here(order)})
    return saying.page_opens(order, to), None


def _help(_door: Door, order: Order) -> Came:
    return saying.part_opens(order, "help", _("How to scan")), None


def _lock(_door: Door, order: Order) -> Came:
    return saying.part_opens(order, "lock", _("Locked")), None


_CARDS: Mapping[Card, Callable[[Door, Order], Came]] = {
    Card.DONE: _close,
    Card.UNDO: _undo,
    Card.ACKNOWLEDGE: _acknowledge,
    Card.SKIP: _skip,
    Card.SWAP: _swap,
    Card.NEXT_ROW: _next_row,
    Card.EMPTY_HERE: _empty_here,
    Card.UNREADABLE: _unreadable,
    Card.MISSING: _missing,
    Card.DISCARD: _discard,
    Card.PRINT_AGAIN: _print_again,
    Card.ALL_PRESENT: _all_present,
    Card.LANGUAGE: _language,
    Card.HELP: _help,
    Card.LOCK: _lock,
}


# --- how ---


def _inside(door: Door, order: Order) -> Inside | None:
    code = codes.read(order.box or "")
    return door.ask(lambda session, actor: open_box(session, actor, code)) if code else None


def _slots(session: Session, actor: Actor, order: Order) -> list[tuple[str, Slot]]:
    if not order.box:
        return []
    box = storage.box_map(session, actor, order.box)
    return [(row.name, Slot(row.row, row.col)) for row in box.slots]


def _here(order: Order, **more: str) -> str:
    """The bench as it is, to come back to."""
    told = {"mode": order.mode.value, "box": order.box or "", "at": order.at or "", **more}
    return urlencode({name: value for name, value in told.items() if value})
