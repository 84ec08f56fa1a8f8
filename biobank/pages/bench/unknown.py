"""What the bench says of a code that is on nothing yet or that nobody knows, and what it could be."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, get
from litestar.response import Template
from sqlmodel import Session

from biobank import codes, inputs, specimens, tasks, web
from biobank.codes import CodeKind, grouped
from biobank.door import Door
from biobank.pages import shell
from biobank.pages.bench import answers
from biobank.pages.bench.answers import Lead, Outcome, Result
from biobank.pages.bench.asking import site_of
from biobank.pages.bench.drawing import cursor
from biobank.pages.bench.looking import Seen, kit_of, open_box
from biobank.pages.bench.order import Came, Order
from biobank.pages.bench.scanning import Mode
from biobank.people import Actor
from biobank.specimens import KitCard
from biobank.tables import TaskKind
from biobank.texts import gettext as _

_LEADS = {CodeKind.CONTAINER: "/storage", CodeKind.KIT: "/studies", CodeKind.VISIT: "/schedule"}


class Sought(inputs.Input):
    """A part of a code that somebody looks for among the identifiers."""

    text: inputs.Scanned


# --- pages ---


@get("/bench/alike", sync_to_thread=True)
def alike_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """The tubes whose identifiers contain a text: for a person to choose from, by eye."""
    sought = inputs.read(Sought, {"text": request.query_params.get("text", "")}, form=True)
    me, found = shell.ask(door, lambda session, actor: specimens.alike(session, actor, sought.text))
    return shell.page("bench/alike.html", me, text=sought.text, found=found, shortest=specimens.SHORTEST)


# --- what a scan does ---


def say_unassigned(door: Door, order: Order, seen: Seen) -> Came:
    """Say what a good code that is on nothing could be put on; nothing changes by that."""
    return _unassigned(door, order, seen, kept=False), None


def keep_unassigned(door: Door, order: Order, seen: Seen) -> Came:
    """The same, and ask somebody to find out: the tube is in a hand, and will be put down somewhere."""
    _keep(door, order, seen)
    return _unassigned(door, order, seen, kept=True), None


def say_unknown(_door: Door, order: Order, seen: Seen) -> Came:
    """Say that nothing is known by a text."""
    return _unknown(order, seen, kept=False), None


def keep_unknown(door: Door, order: Order, seen: Seen) -> Came:
    """The same, and ask somebody to find out."""
    _keep(door, order, seen)
    return _unknown(order, seen, kept=True), None


def say_label(_door: Door, order: Order, seen: Seen) -> Came:
    """The label of a kit that was not begun with: there is no such tube yet."""
    kit = kit_of(seen)
    headline = _("%(code)s is on nothing yet") % {"code": grouped(seen.code)}
    named = {"kit": grouped(kit.code), "study": kit.study, "event": kit.event}
    detail = _("It is a label of kit %(kit)s, for %(study)s %(event)s. Nothing was changed.") % named
    coming = _("Open its visit and scan it there.") if kit.visit else _("Scan the visit that it is for.")
    return _notice(order, headline, detail, coming), None


def for_an_event(order: Order, kit: KitCard) -> Result:
    """A kit that is nobody's yet."""
    headline = _("Kit for %(event)s") % {"event": kit.event}
    detail = _("%(study)s, %(title)s, %(labels)s labels. It is nobody's yet.") % {
        "study": kit.study,
        "title": kit.title,
        "labels": len(kit.labels),
    }
    told = _notice(order, headline, detail, _("Scan the visit that it is for."))
    return msgspec.structs.replace(told, meta=grouped(kit.code))


def say_badge(_door: Door, order: Order, _seen: Seen) -> Came:
    """A badge where no station is enrolled: elsewhere the page takes it before it comes here."""
    return answers.badge_elsewhere(order.mode, order.box or ""), None


def say_not_in_use(_door: Door, order: Order, seen: Seen) -> Came:
    """A request or a shipment."""
    headline = _("%(code)s is a code that is not in use here yet") % {"code": grouped(seen.code)}
    return _notice(order, headline, _("Nothing was changed.")), None


# --- how ---


def _unassigned(door: Door, order: Order, seen: Seen, *, kept: bool) -> Result:
    headline = _("Assign %(code)s to…") % {"code": grouped(seen.code)}
    detail = _("It is a good code of ours that is on nothing yet. Nothing was changed.")
    coming = _("It is on the list of unknown codes.") if kept else ""
    leads = door.ask(lambda session, actor: _likely(session, actor, order, seen.code))
    return msgspec.structs.replace(_notice(order, headline, detail, coming), candidates=leads)


def _likely(session: Session, actor: Actor, order: Order, code: str) -> list[Lead]:
    """What the code may be meant for: the tube under the cursor, visits of today that expect tubes."""
    kind = CodeKind(code[0])
    if kind is CodeKind.COMMAND:
        return [Lead(_("The command cards"), "/bench/cards")]
    if kind is not CodeKind.SPECIMEN:
        names = {
            CodeKind.CONTAINER: _("A new container"),
            CodeKind.KIT: _("A kit of a study"),
            CodeKind.VISIT: _("A visit of the schedule"),
        }
        return [Lead(names[kind], _LEADS[kind])]
    found = _under_cursor(session, actor, order)
    site, _box = site_of(session, actor, order.box)
    for visit in specimens.awaiting(session, actor, site):
        told = {"participant": visit.participant, "event": visit.event, "tubes": visit.tubes}
        name = _("%(participant)s · %(event)s: %(tubes)s tubes are expected") % told
        found.append(Lead(name, f"/visits/{visit.visit}"))
    return [*found, Lead(_("Another visit of today"), "/schedule")]


def _under_cursor(session: Session, actor: Actor, order: Order) -> list[Lead]:
    """The tube of the slot that somebody chose: it may bear the new label, or lack one."""
    inside = open_box(session, actor, codes.read(order.box or "") or "")
    at = cursor(inside.map, order.mode, order.at or "") if inside else ""
    slot = next((row for row in inside.map.slots if row.name == at), None) if inside else None
    if slot is None or slot.state != "occupied" or not slot.code:
        return []
    name = _("The tube in %(slot)s: %(code)s") % {"slot": slot.name, "code": grouped(slot.code)}
    return [Lead(name, f"/specimens/{slot.code}")]


def _unknown(order: Order, seen: Seen, *, kept: bool) -> Result:
    headline = _("Nothing is known by “%(text)s”") % {"text": seen.code}
    detail = _("Wipe the label and scan again, or type the code. Nothing was changed.")
    coming = _("It is on the list of unknown codes.") if kept else ""
    leads: list[Lead] = []
    if len(seen.code) >= specimens.SHORTEST:
        name = _("Search the identifiers that contain it")
        leads = [Lead(name, "/bench/alike?" + urlencode({"text": seen.code}))]
    return msgspec.structs.replace(_notice(order, headline, detail, coming), candidates=leads)


def _keep(door: Door, order: Order, seen: Seen) -> None:
    def work(session: Session, actor: Actor) -> str:
        site, box = site_of(session, actor, order.box)
        inside, kind = box.id if box else None, TaskKind.UNRESOLVED_SCAN
        task = tasks.open_task(session, actor, kind, site_id=site, container_id=inside, code=seen.code)
        return str(task.id)

    door.act(work, str)


def _notice(order: Order, headline: str, detail: str, coming: str = "") -> Result:
    return Result(
        outcome=Outcome.NOTICE,
        headline=headline,
        detail=detail,
        next=coming,
        mode=order.mode,
        box=order.box or "",
        at=(order.at or "") if order.mode is not Mode.LOOKUP else "",
    )


HANDLERS = [alike_page]
