"""The check after a row that was filled by hand: one of its tubes is asked for again, and must be the one.

While a slot is asked about, the cursor says so: `?B4>C1` asks for the tube of B4 and goes on at C1.
"""

import re

import msgspec
from sqlmodel import Session

from biobank import clock, storage
from biobank.codes import grouped
from biobank.door import Door
from biobank.errors import Conflict
from biobank.labels.cards import Card
from biobank.pages.bench.answers import Outcome, Result, short
from biobank.pages.bench.looking import Seen
from biobank.pages.bench.order import Came, Order, hand, label_of
from biobank.pages.bench.scanning import Mode, Open, Thing
from biobank.people import Actor
from biobank.printing.applying import apply_scanned
from biobank.storage import BoxMap, PutAway, SlotRow, Stored
from biobank.texts import N_
from biobank.texts import gettext as _

OTHER_TUBE = N_("This is not the tube of %(slot)s: there should be %(expected)s. Look at that row again.")
TUBES = frozenset({Thing.TUBE, Thing.LABEL, Thing.UNASSIGNED, Thing.UNKNOWN})
"""What counts as the tube in the hand, whether anything is known by its code or not."""

_ASKED = re.compile(r"\?(\w+)>(\w*)")


class Question(msgspec.Struct, frozen=True):
    """A slot whose tube is asked for again, and the slot that the cursor goes on from after it."""

    slot: str
    then: str = ""

    @property
    def at(self) -> str:
        """How the cursor says it."""
        return f"?{self.slot}>{self.then}"


def question(at: str | None) -> Question | None:
    """What a cursor asks; None for one that stands on a slot."""
    found = _ASKED.fullmatch(at or "")
    return Question(*found.groups()) if found else None


def asked_after(box: BoxMap, slot: str, then: str = "") -> Question | None:
    """What is asked now that this slot was filled: any other tube of its row, where the row is full by it."""
    here = next((row for row in box.slots if row.name == slot), None)
    if here is None or here.row is None:
        return None
    row = [each for each in box.slots if _line(box, each) == _line(box, here)]
    others = [each.name for each in row if each.state == "occupied" and each.code and each.name != slot]
    if not others or any(each.state in ("empty", "reserved") for each in row):
        return None
    return Question(others[clock.chance(len(others))], then)


def is_answer(order: Order, seen: Seen, opened: Open) -> bool:
    """Whether a scan answers what the cursor asks: a tube, or the card that passes it over."""
    if order.mode is not Mode.STORE or opened is not Open.BOX or not question(order.at):
        return False
    return seen.thing in TUBES or (seen.thing is Thing.COMMAND and seen.code == Card.SKIP)


def answer(door: Door, order: Order, seen: Seen) -> Came:
    """Note that the tube was seen in its slot. Refused: another one than the one that was asked for."""
    asked = question(order.at)
    if asked is None:
        raise TypeError("nothing was asked")
    coming = _("Next: %(slot)s.") % {"slot": asked.then} if asked.then else _("Scan the tubes.")

    def result(outcome: Outcome, headline: str, detail: str = "") -> Result:
        return Result(
            outcome=outcome,
            headline=headline,
            detail=detail,
            next=coming,
            mode=Mode.STORE,
            box=order.box or "",
            at=asked.then,
        )

    if seen.thing is Thing.COMMAND:
        headline = _("%(slot)s was passed over") % {"slot": asked.slot}
        return result(Outcome.NOTICE, headline), None

    def work(session: Session, actor: Actor) -> list[Stored]:
        box = storage.box_map(session, actor, order.box or "")
        there = next(
            (row.code for row in box.slots if row.name == asked.slot and row.state == "occupied"), ""
        )
        if there != seen.code:
            expected = grouped(there) if there else "–"
            raise Conflict("other_tube_here", OTHER_TUBE, slot=asked.slot, expected=expected)
        seen_there = PutAway(box=box.code, tubes=[seen.code], slot=asked.slot)
        apply_scanned(session, hand(actor, order), label_of(order, seen.code))
        return storage.put_away(session, hand(actor, order), seen_there)

    (stored,) = door.act(work, list[Stored])
    place = short(stored.box_name, stored.slot)
    headline = _("It is right: %(place)s") % {"place": place}
    return result(Outcome.OK, headline, grouped(stored.code)), None


def _line(box: BoxMap, slot: SlotRow) -> int | None:
    """The row of a slot, or its column where boxes are filled by columns."""
    return slot.col if box.fill.startswith("by_col") else slot.row
