"""Tubes into the open box and out of it, at the slot that the cursor stands on."""

from typing import Any

import msgspec
from sqlmodel import Session

from biobank import codes, specimens, storage
from biobank.door import Door
from biobank.errors import Conflict, Refusal
from biobank.labels.cards import Card
from biobank.pages.bench import answers
from biobank.pages.bench.answers import Choice, Clock
from biobank.pages.bench.asking import ways
from biobank.pages.bench.drawing import beyond, with_cursor
from biobank.pages.bench.looking import Seen, tube_of
from biobank.pages.bench.neighbours import asked_after
from biobank.pages.bench.order import Answer, Came, Order, Shown, hand, label_of
from biobank.pages.bench.scanning import Thing
from biobank.pages.storage import containers
from biobank.people import Actor
from biobank.printing.applying import apply_scanned
from biobank.specimens import SpecimenCard
from biobank.storage import BoxMap, BringBack, PutAway, Stored, TakeOut
from biobank.storage.rearranging import Going, Rearrangement, rearrange
from biobank.texts import gettext as _


class Moved(msgspec.Struct, frozen=True):
    """A tube that was stored or taken, and how it was before; of one that was taken its clock now."""

    stored: Stored
    before: SpecimenCard
    clock: Clock | None = None


def store(door: Door, order: Order, seen: Seen) -> Came:
    """Put the tube where the cursor stands, or at the next free slot; one that is there already stays.

    Refused: a slot that is taken, a tube that is out and whose slot is kept in another box, a full box.
    """
    tube = tube_of(seen)

    def work(session: Session, actor: Actor) -> Moved:
        before, who = specimens.card(session, actor, tube.code), hand(actor, order)
        stored = _put(session, who, order, before)
        apply_scanned(session, who, label_of(order, tube.code))
        return Moved(stored, before)

    moved = door.act(work, Moved)
    inside, checks = door.ask(
        lambda session, actor: (
            containers.look_inside(session, actor, moved.stored.box),
            ways(session, actor).checks_rows,
        )
    )
    # A cursor that somebody set goes on from there; it does not come back for the slots that were passed.
    at = (order.at or "") if not moved.stored.changed else ""
    if order.at and moved.stored.changed and order.answer is not Answer.NEXT:
        at = beyond(inside.map, moved.stored.slot)
    following = at or inside.map.next_free
    marks = {moved.stored.slot: "found" if moved.stored.changed else "notice"}
    if following:
        marks[following] = "cursor"
    result = answers.stored(moved.stored, moved.before, inside.map, following, corrected=order.corrected)
    asked = asked_after(inside.map, moved.stored.slot, at) if checks and moved.stored.changed else None
    if asked:
        marks = {moved.stored.slot: "found", asked.slot: "cursor"}
        coming = _("Scan %(slot)s again to confirm the row.") % {"slot": asked.slot}
        return msgspec.structs.replace(result, at=asked.at, next=coming), Shown(inside, marks)
    return msgspec.structs.replace(result, at=at), Shown(inside, marks)


def take(door: Door, order: Order, seen: Seen) -> Came:
    """Take the tube out; its slot is kept. Refused: one that is not from the open box, or is on hold."""
    tube, box = tube_of(seen), order.box or ""
    if box and tube.place and tube.place[-1].code != box:
        place = answers.way(tube.place)
        raise Conflict("other_box", answers.OTHER_BOX, code=codes.grouped(tube.code), place=place)
    wanted = TakeOut(tubes=[tube.code])

    def work(session: Session, actor: Actor) -> Moved:
        before = specimens.card(session, actor, tube.code)
        if before.custody == "out":
            return Moved(Stored(tube.code, "", "", "", changed=False), before)
        taken = storage.take_out(session, hand(actor, order), wanted)[0]
        apply_scanned(session, hand(actor, order), label_of(order, tube.code))
        return Moved(taken, before, answers.clock_of(specimens.card(session, actor, tube.code)))

    moved = door.act(work, Moved)
    if not moved.stored.changed:
        return answers.where(moved.before, order.mode, box, corrected=order.corrected), None
    inside = door.ask(lambda session, actor: containers.look_inside(session, actor, moved.stored.box))
    result = answers.taken(moved.stored, moved.before, box, moved.clock, corrected=order.corrected)
    return result, with_cursor(inside, order.mode)


def ways_on(order: Order, seen: Seen, refusal: Refusal, box: BoxMap | None) -> list[Choice]:
    """What can be done with the tube in the hand instead of what was refused, by a button or a card."""
    if seen.thing is not Thing.TUBE:
        return []
    if refusal.slug == "kept_elsewhere":
        return [Choice(Answer.HERE, _("Store it here"), Card.STORE.value)]
    if refusal.slug != "slot_taken" or not order.at or box is None:
        return []
    found: list[Choice] = []
    following = beyond(box, order.at) or box.next_free
    if following:
        name = _("Choose %(slot)s") % {"slot": following}
        found.append(Choice(Answer.NEXT, name, Card.SKIP.value))
    there = next((slot for slot in box.slots if slot.name == order.at), None)
    tube = tube_of(seen)
    if there and there.state == "occupied" and there.code and tube.custody == "slot":
        found.append(Choice(Answer.SWAP, _("Swap the two tubes"), Card.SWAP.value))
    return found


# --- how ---


def _put(session: Session, actor: Actor, order: Order, before: SpecimenCard) -> Stored:
    box, here = order.box or "", bool(before.place) and before.place[-1].code == order.box
    if before.custody == "out" and here:  # its own slot waits for it in this very box
        return storage.bring_back(session, actor, BringBack(tubes=[before.code]))[0]
    if before.custody == "out" and before.place and order.answer is Answer.NONE:
        facts = {"code": codes.grouped(before.code), "place": answers.way(before.place)}
        raise Conflict("kept_elsewhere", answers.KEPT_ELSEWHERE, **facts)
    if order.answer is Answer.SWAP:
        return _swap(session, actor, order, before)
    told: dict[str, Any] = {"box": box, "tubes": [before.code]}
    if order.at and not here:
        told["slot"] = _slot(session, actor, order)
    return storage.put_away(session, actor, PutAway(**told))[0]


def _slot(session: Session, actor: Actor, order: Order) -> str:
    """Where the tube is meant to go: the slot of the cursor, or the next free one after it."""
    if order.answer is not Answer.NEXT:
        return order.at or ""
    box = storage.box_map(session, actor, order.box or "")
    return beyond(box, order.at or "") or box.next_free


def _swap(session: Session, actor: Actor, order: Order, before: SpecimenCard) -> Stored:
    """Let the tube in the hand and the one in the slot change places."""
    box = storage.box_map(session, actor, order.box or "")
    there = next((slot.code for slot in box.slots if slot.name == order.at and slot.state == "occupied"), "")
    left = before.place[-1]
    moves = [Going(tube=before.code, box=box.code, slot=order.at or "")]
    if there:
        moves.append(Going(tube=there, box=left.code, slot=left.slot))
    return rearrange(session, actor, Rearrangement(moves=moves))[0]
