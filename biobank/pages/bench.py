"""The scan bench: one scan in, one outcome out; look-up changes nothing."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.response import Template
from sqlmodel import Session

from biobank import codes, errors, inputs, specimens, storage, web
from biobank.codes import CodeKind
from biobank.door import Door
from biobank.errors import Conflict, NotFound, Refusal, RuleBroken
from biobank.pages import answers, home, shell
from biobank.pages import storage as containers
from biobank.pages.answers import Result
from biobank.pages.scanning import CARD_MODES, NOT_IN_USE, Card, Deed, Mode, Thing, decide
from biobank.pages.shell import Form
from biobank.pages.storage import Inside
from biobank.people import Actor
from biobank.specimens import Found, KitCard, SpecimenCard
from biobank.storage import BringBack, ContainerMove, PutAway, Stored, TakeOut


class Order(inputs.Input):
    """One scan, and the state of the bench it was made in."""

    scan: inputs.Scanned
    mode: Mode = Mode.LOOKUP
    box: inputs.Scanned | None = None
    source: str = "scan"
    corrected: inputs.Flag = False


class Seen(msgspec.Struct, frozen=True):
    """What a scan named, and what is known of it without changing anything."""

    thing: Thing
    code: str
    found: Found | None = None
    tube: SpecimenCard | None = None
    inside: Inside | None = None
    kit: KitCard | None = None


class Moved(msgspec.Struct, frozen=True):
    """A tube that was stored or taken, and how it was before."""

    stored: Stored
    before: SpecimenCard


class Shown(msgspec.Struct, frozen=True):
    """What is drawn beside the result: a container, with some of its slots marked."""

    inside: Inside
    marks: dict[str, str]


# --- pages ---


@get("/bench", sync_to_thread=True)
def bench_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """The bench in the mode and with the box that the address names."""
    asked = request.query_params
    mode = Mode(asked["mode"]) if asked.get("mode") in {each.value for each in Mode} else Mode.LOOKUP
    code = codes.read(asked.get("box", "")) or ""
    me, inside = shell.ask(door, lambda session, actor: _box(session, actor, code))
    return shell.page("bench/bench.html", me, cards=Card, **_around(mode, _with_cursor(inside, mode)))


@post("/bench/scans", sync_to_thread=True, status_code=200)
def scan(door: web.OpenDoor, form: Form) -> Template:
    """Do what the scan means here, and answer with its outcome, the map and the band of the mode.

    A refusal is an outcome too: STOP, in both languages, with what to do about it. Only what the
    bench itself must repeat (a database that is busy) or cannot solve (a session that ended) is not.
    """
    order = inputs.read(Order, form, form=True)
    seen = door.ask(lambda session, actor: look(session, actor, order.scan))
    try:
        result, shown = _do(door, order, seen)
    except (errors.Busy, errors.NotSignedIn):
        raise
    except Refusal as refusal:
        result, shown = answers.refused(refusal, order.mode, order.box or ""), None
    if shown is None and result.box:
        inside = door.ask(lambda session, actor: _box(session, actor, result.box))
        shown = _with_cursor(inside, result.mode)
    return shell.page("bench/_answer.html", result=result, **_around(result.mode, shown, result.box))


# --- what a scan names ---


def look(session: Session, actor: Actor, text: str) -> Seen:
    """What a scanned text names; nothing is refused but a text that names two things."""
    code = codes.read(text)
    if code and code[0] == CodeKind.COMMAND.value:
        return Seen(Thing.COMMAND if code in set(Card) else Thing.UNASSIGNED, code)
    if code and CodeKind(code[0]) in NOT_IN_USE:
        return Seen(Thing.NOT_IN_USE, code)
    try:
        found = specimens.find(session, actor, text)
    except NotFound:
        return Seen(Thing.UNASSIGNED if code else Thing.UNKNOWN, code or codes.fold(text)[:60])
    if found.kind == "specimen":
        return Seen(Thing.TUBE, found.code, found, tube=specimens.card(session, actor, found.code))
    if found.kind == "container":
        inside = containers.look_inside(session, actor, found.code)
        kind = {"box": Thing.BOX, "freezer": Thing.FREEZER}.get(inside.map.level, Thing.HOLDER)
        return Seen(kind, found.code, found, inside=inside)
    if found.kind == "kit":
        kind, shown = (Thing.LABEL, found.label) if found.label else (Thing.KIT, found.code)
        return Seen(kind, shown, found, kit=specimens.kit_card(session, actor, found.code))
    return Seen(Thing.VISIT if found.kind == "visit" else Thing.PARTICIPANT, found.code, found)


# --- what a scan does ---


Outcome = tuple[Result, Shown | None]


def _do(door: Door, order: Order, seen: Seen) -> Outcome:
    return _DEEDS[decide(seen.thing, order.mode, box_open=bool(order.box))](door, order, seen)


def _point_out(door: Door, order: Order, seen: Seen) -> Outcome:
    tube, box = _tube(seen), order.box or ""
    result = answers.where(tube, order.mode, box, corrected=order.corrected)
    if not tube.place or (box and tube.place[-1].code != box):
        return result, None
    inside = door.ask(lambda session, actor: _box(session, actor, tube.place[-1].code))
    mark = "out" if tube.custody == "out" else "found"
    return result, Shown(inside, {tube.place[-1].slot: mark}) if inside else None


def _store(door: Door, order: Order, seen: Seen) -> Outcome:
    tube = _tube(seen)
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
    tube, box = _tube(seen), order.box or ""
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
    return answers.opened(seen.inside.map, order.mode), _with_cursor(seen.inside, order.mode)


def _lead(_door: Door, order: Order, seen: Seen) -> Outcome:
    if seen.found is None:
        raise TypeError("what was found is missing")
    return answers.leading_to(home.address(seen.found), seen.code, order.mode, order.box or ""), None


def _lead_to_kit(_door: Door, order: Order, seen: Seen) -> Outcome:
    kit, box = _kit(seen), order.box or ""
    if kit.visit:
        return answers.leading_to(f"/visits/{kit.visit}", kit.code, order.mode, box), None
    return answers.for_an_event(kit, order.mode, box), None


def _say_label(_door: Door, order: Order, seen: Seen) -> Outcome:
    return answers.of_a_kit(seen.code, _kit(seen), order.mode, order.box or ""), None


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
    Deed.OPEN_BOX: _open,
    Deed.SHOW_INSIDE: _open,
    Deed.SHOW_VISIT: _lead,
    Deed.SHOW_PARTICIPANT: _lead,
    Deed.SHOW_KIT: _lead_to_kit,
    Deed.SAY_LABEL: _say_label,
    Deed.COMMAND: _command,
    Deed.SAY_UNASSIGNED: _say(answers.unassigned),
    Deed.SAY_UNKNOWN: _say(answers.unknown),
    Deed.SAY_NOT_IN_USE: _say(answers.not_in_use),
    Deed.BOX_FIRST: _box_first,
    Deed.CLOSE_FIRST: _close_first,
    Deed.STORE: _store,
    Deed.TAKE: _take,
    Deed.MOVE_BOX: _move_box,
}


# --- how ---


def _tube(seen: Seen) -> SpecimenCard:
    if seen.tube is None:
        raise TypeError("a tube was found without its card")
    return seen.tube


def _kit(seen: Seen) -> KitCard:
    if seen.kit is None:
        raise TypeError("a kit was found without its card")
    return seen.kit


def _box(session: Session, actor: Actor, code: str) -> Inside | None:
    """The open box; a code that is no container, or none in scope, opens nothing."""
    if code[:1] != CodeKind.CONTAINER.value:
        return None
    try:
        return containers.look_inside(session, actor, code)
    except NotFound:
        return None


def _with_cursor(inside: Inside | None, mode: Mode) -> Shown | None:
    if inside is None:
        return None
    free = inside.map.next_free if mode is Mode.STORE and inside.map.level == "box" else ""
    return Shown(inside, {free: "cursor"} if free else {})


def _around(mode: Mode, shown: Shown | None, box: str | None = None) -> dict[str, Any]:
    """What stands around a result: the band of the mode, and the map."""
    inside = shown.inside if shown else None
    is_box = inside is not None and inside.map.level == "box"
    opened = inside.map if inside is not None and is_box and box in (None, inside.map.code) else None
    drawn = containers.drawn(inside, shown.marks if shown else {}) if inside else {}
    return {
        "mode": mode.value,
        "open_box": opened,
        "box": inside.map if inside else None,
        "drawing": drawn.get("drawing"),
        "elevation": drawn.get("elevation"),
    }


HANDLERS = [bench_page, scan]
