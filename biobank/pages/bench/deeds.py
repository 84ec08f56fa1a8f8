"""What a scan does at the bench: one short function for each deed of the table."""

from collections.abc import Callable, Mapping

import msgspec

from biobank import codes, racks, storage
from biobank.door import Door
from biobank.errors import RuleBroken
from biobank.pages import home
from biobank.pages.bench import answers, neighbours, unknown
from biobank.pages.bench.commanding import command
from biobank.pages.bench.drawing import with_cursor
from biobank.pages.bench.looking import Seen, kit_of, open_box, tube_of
from biobank.pages.bench.order import Came, Order, Shown, hand
from biobank.pages.bench.scanning import Deed, Mode, Open, decide
from biobank.pages.bench.storing import store, take
from biobank.pages.storage import containers
from biobank.storage import ContainerMove
from biobank.texts import gettext as _


def do(door: Door, order: Order, seen: Seen, opened: Open) -> Came:
    """Do what the table says of this thing, in this mode, with this open. Refused as the deed refuses.

    A tube that the cursor asks for again answers that first.
    """
    if neighbours.is_answer(order, seen, opened):
        return neighbours.answer(door, order, seen)
    return _DEEDS[decide(seen.thing, order.mode, opened)](door, order, seen)


# --- looking ---


def _point_out(door: Door, order: Order, seen: Seen) -> Came:
    tube, box = tube_of(seen), order.box or ""
    result = answers.where(tube, order.mode, box, corrected=order.corrected)
    if not tube.place or (box and tube.place[-1].code != box):
        return result, None
    inside = door.ask(lambda session, actor: open_box(session, actor, tube.place[-1].code))
    mark = "out" if tube.custody == "out" else "found"
    return result, Shown(inside, {tube.place[-1].slot: mark}) if inside else None


def _open(door: Door, order: Order, seen: Seen) -> Came:
    """Open it; a box to be filled for which the file of a rack scanner waits opens beside that file."""
    if seen.inside is None:
        raise TypeError("a container was found without its inside")
    box = seen.inside.map
    result = answers.opened(box, order.mode, stays=True)
    if order.mode is Mode.STORE and door.ask(lambda session, actor: racks.waiting(session, actor, box.code)):
        told = _("The file of its rack scanner opens.")
        result = msgspec.structs.replace(result, detail=told, leads=f"/boxes/{box.code}/file")
    return result, with_cursor(seen.inside, order.mode)


def _show_inside(_door: Door, order: Order, seen: Seen) -> Came:
    if seen.inside is None:
        raise TypeError("a container was found without its inside")
    return answers.opened(seen.inside.map, order.mode), with_cursor(seen.inside, Mode.LOOKUP)


def _lead(_door: Door, order: Order, seen: Seen) -> Came:
    if seen.found is None:
        raise TypeError("what was found is missing")
    return answers.leading_to(home.address(seen.found), seen.code, order.mode, order.box or ""), None


def _lead_to_kit(_door: Door, order: Order, seen: Seen) -> Came:
    kit, box = kit_of(seen), order.box or ""
    if kit.visit:
        return answers.leading_to(f"/visits/{kit.visit}", kit.code, order.mode, box), None
    return unknown.for_an_event(order, kit), None


# --- changing ---


def _move(door: Door, order: Order, seen: Seen) -> Came:
    wanted = ContainerMove(container=order.box or "", into=seen.code)
    door.act(lambda session, actor: storage.move_container(session, hand(actor, order), wanted).code, str)
    inside = door.ask(lambda session, actor: containers.look_inside(session, actor, order.box or ""))
    return answers.moved(inside.map, order.mode), None


def _box_first(_door: Door, _order: Order, seen: Seen) -> Came:
    raise RuleBroken("box_first", answers.BOX_FIRST, code=codes.grouped(seen.code))


def _close_first(_door: Door, _order: Order, seen: Seen) -> Came:
    raise RuleBroken("close_first", answers.CLOSE_FIRST, code=codes.grouped(seen.code))


_DEEDS: Mapping[Deed, Callable[[Door, Order, Seen], Came]] = {
    Deed.SHOW_TUBE: _point_out,
    Deed.POINT_OUT: _point_out,
    Deed.OPEN: _open,
    Deed.SHOW_INSIDE: _show_inside,
    Deed.SHOW_VISIT: _lead,
    Deed.SHOW_PARTICIPANT: _lead,
    Deed.SHOW_KIT: _lead_to_kit,
    Deed.SAY_LABEL: unknown.say_label,
    Deed.COMMAND: command,
    Deed.SWITCH_PERSON: unknown.say_badge,
    Deed.SAY_UNASSIGNED: unknown.say_unassigned,
    Deed.SAY_UNKNOWN: unknown.say_unknown,
    Deed.KEEP_UNASSIGNED: unknown.keep_unassigned,
    Deed.KEEP_UNKNOWN: unknown.keep_unknown,
    Deed.SAY_NOT_IN_USE: unknown.say_not_in_use,
    Deed.BOX_FIRST: _box_first,
    Deed.CLOSE_FIRST: _close_first,
    Deed.STORE: store,
    Deed.TAKE: take,
    Deed.MOVE: _move,
}
