"""What a command card does while a box is counted."""

from collections.abc import Callable, Mapping

import msgspec

from biobank import codes
from biobank.audits import SlotTold
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.labels.cards import NAMES, Card
from biobank.pages.audits import walking
from biobank.pages.audits.scans import Hand, Said, What, said, write_down
from biobank.pages.audits.walking import Cursor
from biobank.tables import Mark
from biobank.texts import N_


def command(hand: Hand, code: str) -> Said:
    """Do as the card says. Refused: one that nobody printed."""
    if code not in set(NAMES):
        message = N_("%(code)s is no card that is known here. Nothing was done.")
        raise NotFound("card_unknown", message, field="scan", code=codes.grouped(code))
    return _CARDS.get(Card(code), nothing)(hand)


def nothing(hand: Hand) -> Said:
    """A card that means nothing here."""
    return said(hand, What.CARD, hand.cursor, code=codes.read(hand.order.scan) or "")


def require_slot(hand: Hand) -> None:
    """Refused: no slot is left to scan, or somebody else scanned it since the cursor came there."""
    cursor = hand.cursor
    if not cursor.slot:
        message = N_("Every slot of %(box)s was scanned. Scan DONE, or tap the slot that you look at.")
        raise RuleBroken("no_slot_left", message, field="at", box=hand.box.name)
    here = walking.at(hand.box, cursor.slot)
    if here and here.mark and cursor.walking:
        message = N_("%(slot)s was scanned by %(person)s meanwhile. Look where you are, and scan it again.")
        raise Conflict("slot_scanned", message, field="at", slot=cursor.slot, person=here.by)


# --- what is in a slot ---


def _empty(hand: Hand) -> Said:
    return _mark(hand, Mark.EMPTY, What.EMPTY) if walking.has_slots(hand.box) else nothing(hand)


def _unreadable(hand: Hand) -> Said:
    return _mark(hand, Mark.UNREADABLE, What.UNREADABLE)


def _mark(hand: Hand, mark: Mark, what: What) -> Said:
    slot = hand.cursor.slot
    if walking.has_slots(hand.box):
        require_slot(hand)
    write_down(hand, SlotTold(slot=slot or None, mark=mark))
    here = walking.at(hand.box, slot)
    onward = walking.walk(hand.box, slot, [slot])
    return said(hand, what, onward, slot=slot, code=here.expected if here else "")


def _done(hand: Hand) -> Said:
    """The count of the box is over; asked for once more where something was not looked at."""
    cursor = hand.cursor
    if walking.unseen(hand.box) and cursor.asked != Card.DONE:
        return said(hand, What.ASKS_DONE, msgspec.structs.replace(cursor, asked=Card.DONE.value))
    count = write_down(hand, done=True)
    return Said(
        what=What.DONE, code=hand.box.code, name=hand.box.name, results=count.results, state=count.state.value
    )


# --- the cursor ---


def _skip(hand: Hand) -> Said:
    return _moved(hand, walking.walk(hand.box, hand.cursor.slot, [hand.cursor.slot]))


def _next_row(hand: Hand) -> Said:
    return _moved(hand, walking.next_row(hand.box, hand.cursor.slot))


def _moved(hand: Hand, cursor: Cursor) -> Said:
    return said(hand, What.MOVED, cursor, slot=cursor.slot)


def _back(hand: Hand) -> Said:
    """Scans are never taken away: the cursor goes back to the last, and what is scanned then counts."""
    cursor = hand.cursor
    if cursor.asked:
        return _moved(hand, msgspec.structs.replace(cursor, asked=""))
    last = walking.last_of(hand.box, hand.actor.name, "" if cursor.walking else cursor.slot)
    if last is None or not last.name:
        return said(hand, What.NOTHING_BACK, cursor)
    return said(hand, What.BACK, Cursor(last.name), slot=last.name, code=last.tube or last.text)


def _help(hand: Hand) -> Said:
    return said(hand, What.HELP, hand.cursor)


_CARDS: Mapping[Card, Callable[[Hand], Said]] = {
    Card.DONE: _done,
    Card.EMPTY_HERE: _empty,
    Card.MISSING: _empty,
    Card.UNREADABLE: _unreadable,
    Card.SKIP: _skip,
    Card.NEXT_ROW: _next_row,
    Card.UNDO: _back,
    Card.HELP: _help,
}
"""ACK answers a question about a tube, so it stands with the tubes."""
