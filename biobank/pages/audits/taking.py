"""What a scan does while boxes are counted: it opens a box, tells what is in a slot, answers a question."""

import re
from datetime import datetime
from uuid import UUID

import msgspec
from sqlmodel import Session

from biobank import audits, codes, specimens
from biobank.audits import Counted, SlotTold
from biobank.codes import CodeKind
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.labels.cards import Card
from biobank.pages.audits import cards, walking
from biobank.pages.audits.scans import Answer, Hand, Order, Said, What, said, write_down
from biobank.pages.bench.answers import way
from biobank.people import Actor
from biobank.printing.applying import TYPED
from biobank.specimens import Found
from biobank.storage.maps import by_code
from biobank.tables import BoxState, Mark
from biobank.texts import N_

_LIKE_OURS = re.compile(r"[SCKVRHPX][0-9A-HJKMNP-TV-Z]{9}")


def take(session: Session, actor: Actor, audit: UUID, order: Order, occurred: datetime | None) -> Said:
    """Do what a scan means where the page stood. `occurred` is when it was made, where that is a while ago.

    Refused: a code that is no tube, a tube without an open box, a slot that somebody else scanned meanwhile,
    another tube while it is asked what the last one meant; what counting refuses.
    """
    code = codes.read(order.scan)
    kind = CodeKind(code[0]) if code else None
    if kind is CodeKind.BADGE:
        return Said(what=What.BADGE, box=order.box, at=order.at)
    found = None if kind is CodeKind.COMMAND else _found(session, actor, order.scan)
    if kind is CodeKind.CONTAINER or (found and found.kind == "container"):
        return _open(session, actor, audit, order, found.code if found else order.scan)
    if not order.box:
        return _without_box(order, code)
    if order.source == TYPED:
        actor = msgspec.structs.replace(actor, source=TYPED)
    box = audits.counted_box(session, actor, audit, order.box)
    cursor = walking.stand(box, order.at, actor.name)
    hand = Hand(session, actor, audit, order, occurred, box, cursor)
    if code == Card.ACKNOWLEDGE and cursor.asked not in ("", Card.DONE):
        there = order.model_copy(update={"scan": cursor.asked, "answer": Answer.HERE})
        return _tube(msgspec.structs.replace(hand, order=there), cursor.asked)
    if code and kind is CodeKind.COMMAND:
        return cards.command(hand, code)
    return _tube(hand, _tube_of(order.scan, found, kind))


# --- boxes ---


def _open(session: Session, actor: Actor, audit: UUID, order: Order, code: str) -> Said:
    box = by_code(session, actor, code)
    # Where it is not to be counted, it is refused now and not at its first tube.
    audits.count(session, actor, Counted(audit=audit, box=box.code))
    session.flush()
    now = audits.counted_box(session, actor, audit, box.code)
    cursor = walking.stand(now, order.at if order.box == box.code else "", actor.name)
    return Said(
        what=What.OPENED,
        box=box.code,
        at=cursor.at,
        name=box.name,
        ahead=cursor.slot,
        place=now.path,
        left=[each.name or each.expected for each in walking.unseen(now)],
        state=BoxState.AGAIN.value if now.number > 1 else now.state.value,
    )


def _without_box(order: Order, code: str | None) -> Said:
    if code == Card.HELP:
        return Said(what=What.HELP)
    message = N_("Scan the box first. Keep %(code)s in your hand: it was not counted.")
    if code and code[0] == CodeKind.COMMAND:
        message = N_("No box is open. Scan the box that you count.")
    shown = codes.grouped(code) if code else codes.fold(order.scan)[:60]
    raise RuleBroken("box_first", message, field="box", code=shown)


# --- tubes ---


def _tube(hand: Hand, code: str) -> Said:
    """A tube in the hand, at the slot of the cursor."""
    box, cursor, order = hand.box, hand.cursor, hand.order
    there = walking.seen_at(box, code)
    if not walking.has_slots(box):
        return said(hand, What.ALREADY, cursor, code=code) if there else _here(hand, code)
    if there and there.name == cursor.slot:
        onward = walking.walk(box, cursor.slot)
        return said(hand, What.ALREADY, onward, code=code, slot=there.name)
    cards.require_slot(hand)
    if order.answer is not Answer.NONE and cursor.asked != code:
        return said(hand, What.MOVED, cursor, slot=cursor.slot)  # that was asked before, and settled
    if order.answer is not Answer.NONE or cursor.asked not in ("", Card.DONE):
        return _answered(hand, code)
    if there:
        return _asks(hand, What.ASKS_TWICE, code, there.name)
    if beside := walking.next_door(box, cursor, code):
        return _asks(hand, What.ASKS_NEXT, code, beside)
    return _here(hand, code)


def _answered(hand: Hand, code: str) -> Said:
    """The next tube after a question: the same one again, or another."""
    box, cursor, answer = hand.box, hand.cursor, hand.order.answer
    beside = walking.next_door(box, cursor, code)
    if answer is Answer.HERE:
        return _here(hand, code)
    if answer is Answer.NEXT or code == cursor.asked:
        return _in_the_next(hand, code, beside) if beside else _here(hand, code)
    if asked := walking.next_door(box, cursor, cursor.asked):
        message = N_(
            "Is %(slot)s empty? The tube of %(next)s was scanned for it. Scan EMPTY HERE, or what stands in"
            " %(slot)s."
        )
        raise Conflict("slot_in_question", message, field="scan", slot=cursor.slot, next=asked)
    # The tube before was only scanned once more: on with this one.
    return _tube(msgspec.structs.replace(hand, cursor=msgspec.structs.replace(cursor, asked="")), code)


def _asks(hand: Hand, what: What, code: str, other: str) -> Said:
    asked = msgspec.structs.replace(hand.cursor, asked=code)
    return said(hand, what, asked, code=code, slot=asked.slot, other=other)


def _here(hand: Hand, code: str) -> Said:
    """The tube is written down at the slot of the cursor."""
    slot = hand.cursor.slot
    (seen,) = write_down(hand, SlotTold(slot=slot or None, code=_text(hand, code))).scans
    what, place = _verdict(hand, seen)
    onward = walking.walk(hand.box, slot, [slot])
    return said(
        hand, what, onward, code=seen.tube or seen.text, slot=slot, material=seen.material, place=place
    )


def _in_the_next(hand: Hand, code: str, beside: str) -> Said:
    """The slot of the cursor is empty, and the tube stands in the next, where it should."""
    slot = hand.cursor.slot
    empty, tube = SlotTold(slot=slot, mark=Mark.EMPTY), SlotTold(slot=beside, code=_text(hand, code))
    write_down(hand, empty, tube)
    onward = walking.walk(hand.box, beside, [slot, beside])
    return said(hand, What.NEXT_DOOR, onward, code=code, slot=beside, other=slot)


def _verdict(hand: Hand, seen: audits.Seen) -> tuple[What, str]:
    """Whether it stands where its record has it, and where that is; in a blind audit only what it is."""
    if not seen.tube:
        return What.UNKNOWN, ""
    if hand.box.blind:
        return What.SCANNED, ""
    if seen.rightly:
        return What.RIGHT, ""
    card = specimens.card(hand.session, hand.actor, seen.tube)
    steps = card.place
    if card.custody == "out":
        return What.OUT, card.holder or ""
    if not steps:
        return What.NOWHERE, ""
    if steps[-1].code == hand.box.code:
        return What.WRONG_SLOT, steps[-1].slot
    return What.ELSEWHERE, way(steps)


# --- how ---


def _found(session: Session, actor: Actor, text: str) -> Found | None:
    try:
        return specimens.find(session, actor, text)
    except (NotFound, Conflict):
        return None  # nobody's, or several people's: it is written down as it was read


def _tube_of(text: str, found: Found | None, kind: CodeKind | None) -> str:
    """Our code of the tube, or the text as it was read. Refused: what is no tube; ours, and misread."""
    if found and found.kind == "specimen":
        return found.code
    code, plain = codes.read(text), codes.fold(text)
    if kind not in (None, CodeKind.SPECIMEN):
        message = N_("%(code)s is no tube. Scan the tubes of the box that is open.")
        raise RuleBroken("no_tube", message, field="scan", code=codes.grouped(code or plain))
    if not code and _LIKE_OURS.fullmatch(plain):
        codes.require(text, CodeKind.SPECIMEN, "scan")
    return code or plain


def _text(hand: Hand, code: str) -> str:
    """What is written down of a scan: what was read, but of an old label the tube that it was on."""
    return code if codes.read(hand.order.scan) else hand.order.scan
