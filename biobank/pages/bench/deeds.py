"""What a scan does at the bench: one short function for each deed of the table."""

from collections.abc import Callable, Mapping

import msgspec
from sqlmodel import Session

from biobank import codes, specimens, storage
from biobank.door import Door
from biobank.errors import Conflict, RuleBroken
from biobank.labels.cards import Card
from biobank.pages import answers, home
from biobank.pages import storage as containers
from biobank.pages.answers import Result
from biobank.pages.bench.drawing import with_cursor
from biobank.pages.bench.looking import Seen, kit_of, open_box, tube_of
from biobank.pages.bench.order import Order, Outcome, Shown
from biobank.pages.scanning import CARD_MODES, Deed, Mode, Open, decide
from biobank.people import Actor
from biobank.specimens import SpecimenCard
from biobank.storage import BringBack, ContainerMove, PutAway, Stored, TakeOut


class Moved(msgspec.Struct, frozen=True):
    """A tube that was stored or taken, and how it was before."""

    stored: Stored
    before: SpecimenCard


def do(door: Door, order: Order, seen: Seen) -> Outcome:
    return _DEEDS[decide(seen.thing, order.mode, Open.BOX if order.box else Open.NOTHING)](door, order, seen)


def _point_out(door: Door, order: Order, seen: Seen) -> Outcome:
    tube, box = tube_of(seen), order.box or ""
    result = answers.where(tube, order.mode, box, corrected=order.corrected)
    if not tube.place or (box and tube.place[-1].code != box):
        return result, None
    inside = door.ask(lambda session, actor: open_box(session, actor, tube.place[-1].code))
    mark = "out" if tube.custody == "out" else "found"
    return result, Shown(inside, {tube.place[-1].slot: mark}) if inside else None


def _store(door: Door, order: Order, seen: Seen) -> Outcome:
    tube = tube_of(seen)
    wanted = PutAway(box=order.box or "", tubes=[tube.code])

    def work(session: Session, actor: Actor) -> Moved:
        before = specimens.card(session, actor, tube.code)
        if before.custody == "out" and before.place and before.place[-1].code == order.box:
            back = BringBack(tubes=[tube.code])  # its own slot waits for it in this very box
            return Moved(storage.bring_back(session, actor, back)[0], before)
        return Moved(storage.put_away(session, actor, wanted)[0], before)

    moved = door.act(work, Moved)
    inside = door.ask(lambda session, actor: containers.look_inside(session, actor, moved.stored.box))
    marks = {moved.stored.slot: "found" if moved.stored.changed else "notice"}
    if inside.map.next_free:
        marks[inside.map.next_free] = "cursor"
    result = answers.stored(moved.stored, moved.before, inside.map, corrected=order.corrected)
    return result, Shown(inside, marks)


def _take(door: Door, order: Order, seen: Seen) -> Outcome:
    tube, box = tube_of(seen), order.box or ""
    if box and tube.place and tube.place[-1].code != box:
        place = answers.way(tube.place)
        raise Conflict("other_box", answers.OTHER_BOX, code=codes.grouped(tube.code), place=place)
    wanted = TakeOut(tubes=[tube.code])

    def work(session: Session, actor: Actor) -> Moved:
        before = specimens.card(session, actor, tube.code)
        if before.custody == "out":
            return Moved(Stored(tube.code, "", "", "", changed=False), before)
        return Moved(storage.take_out(session, actor, wanted)[0], before)

    moved = door.act(work, Moved)
    if not moved.stored.changed:
        return answers.where(moved.before, order.mode, box, corrected=order.corrected), None
    inside = door.ask(lambda session, actor: containers.look_inside(session, actor, moved.stored.box))
    result = answers.taken(moved.stored, moved.before, box, corrected=order.corrected)
    return result, Shown(inside, {})


def _move_box(door: Door, order: Order, seen: Seen) -> Outcome:
    wanted = ContainerMove(container=order.box or "", into=seen.code)
    door.act(lambda session, actor: storage.move_container(session, actor, wanted).code, str)
    inside = door.ask(lambda session, actor: containers.look_inside(session, actor, order.box or ""))
    return answers.box_moved(inside.map, order.mode), None


def _open(_door: Door, order: Order, seen: Seen) -> Outcome:
    if seen.inside is None:
        raise TypeError("a container was found without its inside")
    return answers.opened(seen.inside.map, order.mode), with_cursor(seen.inside, order.mode)


def _lead(_door: Door, order: Order, seen: Seen) -> Outcome:
    if seen.found is None:
        raise TypeError("what was found is missing")
    return answers.leading_to(home.address(seen.found), seen.code, order.mode, order.box or ""), None


def _lead_to_kit(_door: Door, order: Order, seen: Seen) -> Outcome:
    kit, box = kit_of(seen), order.box or ""
    if kit.visit:
        return answers.leading_to(f"/visits/{kit.visit}", kit.code, order.mode, box), None
    return answers.for_an_event(kit, order.mode, box), None


def _say_label(_door: Door, order: Order, seen: Seen) -> Outcome:
    return answers.of_a_kit(seen.code, kit_of(seen), order.mode, order.box or ""), None


def _command(_door: Door, order: Order, seen: Seen) -> Outcome:
    card, box = Card(seen.code), order.box or ""
    if card in CARD_MODES:
        return answers.mode_chosen(CARD_MODES[card], box), None
    if card is Card.DONE:
        return answers.closed(order.mode), None
    if card is Card.ALL_PRESENT:
        return answers.no_visit_open(order.mode, box), None
    return answers.nothing_to_acknowledge(order.mode, box), None


def _box_first(_door: Door, _order: Order, seen: Seen) -> Outcome:
    raise RuleBroken("box_first", answers.BOX_FIRST, code=codes.grouped(seen.code))


def _close_first(_door: Door, _order: Order, seen: Seen) -> Outcome:
    raise RuleBroken("close_first", answers.CLOSE_FIRST, code=codes.grouped(seen.code))


def _say(answer: Callable[[str, Mode, str], Result]) -> Callable[[Door, Order, Seen], Outcome]:
    return lambda _, order, seen: (answer(seen.code, order.mode, order.box or ""), None)


_DEEDS: Mapping[Deed, Callable[[Door, Order, Seen], Outcome]] = {
    Deed.SHOW_TUBE: _point_out,
    Deed.POINT_OUT: _point_out,
    Deed.OPEN: _open,
    Deed.SHOW_INSIDE: _open,
    Deed.SHOW_VISIT: _lead,
    Deed.SHOW_PARTICIPANT: _lead,
    Deed.SHOW_KIT: _lead_to_kit,
    Deed.SAY_LABEL: _say_label,
    Deed.COMMAND: _command,
    Deed.SAY_UNASSIGNED: _say(answers.unassigned),
    Deed.SAY_UNKNOWN: _say(answers.unknown),
    Deed.KEEP_UNKNOWN: _say(answers.unknown),
    Deed.SWITCH_PERSON: _say(answers.not_in_use),
    Deed.SAY_NOT_IN_USE: _say(answers.not_in_use),
    Deed.BOX_FIRST: _box_first,
    Deed.CLOSE_FIRST: _close_first,
    Deed.STORE: _store,
    Deed.TAKE: _take,
    Deed.MOVE: _move_box,
}
