"""Seating a spilled box anew: its tubes scanned in any order, the permutation seen, confirmed once."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from pydantic import Field
from sqlmodel import Session

from biobank import codes, errors, inputs, specimens, storage, web
from biobank.codes import CodeKind, grouped
from biobank.door import Door
from biobank.errors import Conflict, NotFound, Refusal
from biobank.labels.cards import NAMES, Card
from biobank.pages import shell
from biobank.pages.bench import answers
from biobank.pages.bench.answers import Outcome, Result
from biobank.pages.bench.scanning import Mode
from biobank.pages.shell import Form
from biobank.people import Actor
from biobank.storage import BoxMap, Reseat, Reseating, SlotRow, Stored
from biobank.storage.placing import require_holds_tubes
from biobank.storage.reseating import require_slots
from biobank.tables import Level
from biobank.texts import N_
from biobank.texts import gettext as _

_LEFT_EMPTY = "-"
_BETWEEN = "_"
_STRANGER = N_("%(code)s is not of %(name)s. Lay it aside, and store it afterwards.")
_UNKNOWN_CARD = N_("%(code)s is no card that is known here. Nothing was done.")


class Order(inputs.Input):
    """One scan on the page of a box that is seated anew.

    `at` is what was scanned so far: the slot where each tube was before, in the order of the scans.
    """

    scan: inputs.Scanned
    mode: str = ""
    box: str = ""
    at: Annotated[str, Field(max_length=16_000)] = ""
    about: str = ""
    source: str = "scan"
    corrected: inputs.Flag = False


class Said(msgspec.Struct, frozen=True):
    """What a scan came to, and what was scanned so far with it."""

    outcome: Outcome
    headline: str
    at: str
    detail: str = ""
    leads: str = ""


class Scanned(msgspec.Struct, frozen=True):
    """A box, the codes scanned so far (an empty one is a slot left empty), and what comes of them."""

    map: BoxMap
    codes: list[str]
    plan: Reseating | None

    @property
    def expected(self) -> int:
        """How many tubes of the box have to be scanned."""
        return self.map.used

    @property
    def missing(self) -> int:
        """How many of them were not scanned yet."""
        return len(self.plan.missing) if self.plan else self.map.used


@get("/boxes/{code:str}/reseat", sync_to_thread=True)
def reseat_page(request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str]) -> Template:
    """The tubes that were scanned so far, each with its slot of before and of now."""
    at = request.query_params.get("at", "")
    me, told = shell.ask(door, lambda session, actor: _scanned(session, actor, code, at))
    return shell.page("reseating/box.html", me, told=told, box=told.map, at=at, cards=Card)


@post("/boxes/{code:str}/reseat/scans", sync_to_thread=True, status_code=200)
def scan(door: web.OpenDoor, form: Form, code: FromPath[str]) -> Template:
    """Do what the scan means here, and answer with its outcome and the permutation as it is now."""
    order = inputs.read(Order, form, form=True)
    try:
        result = _result(_do(door, code, order), code, corrected=order.corrected)
    except (errors.Busy, errors.NotSignedIn):
        raise
    except Refusal as refusal:
        result = answers.refused(refusal, Mode.LOOKUP, code, at=order.at)
    me, told = shell.ask(door, lambda session, actor: _scanned(session, actor, code, result.at))
    return shell.page("reseating/_answer.html", me, result=result, told=told, box=told.map)


@post("/boxes/{code:str}/reseat", sync_to_thread=True)
def reseat(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Seat the box anew as it was shown."""
    order = inputs.read(Reseat, {"box": code, "tubes": shell.several(form, "tubes")}, form=True)
    door.act(lambda session, actor: storage.reseat(session, actor, order), list[Stored])
    return shell.go(request, f"/containers/{code}")


# --- what a scan does ---


def _do(door: Door, box: str, order: Order) -> Said:
    told = door.ask(lambda session, actor: _scanned(session, actor, box, order.at))
    code = codes.read(order.scan)
    if code and CodeKind(code[0]) is CodeKind.COMMAND:
        return _command(door, told, code, order.at)
    if code and CodeKind(code[0]) is CodeKind.BADGE:
        badge = answers.badge_elsewhere(Mode.LOOKUP, box)
        return Said(Outcome.NOTICE, badge.headline, order.at, badge.detail)
    if code == told.map.code:
        return Said(Outcome.NOTICE, _("This is the box"), order.at, _("Scan its tubes, in any order."))
    tube = door.ask(lambda session, actor: specimens.find(session, actor, order.scan)).code
    row = next((row for row in told.map.slots if row.code == tube), None)
    if row is None:
        facts = {"code": grouped(tube), "name": told.map.name}
        raise Conflict("tubes_from_elsewhere", _STRANGER, field="scan", **facts)
    if tube in told.codes:
        headline = _("Scanned already: %(code)s") % {"code": grouped(tube)}
        return Said(Outcome.NOTICE, headline, order.at)
    return _seated(door, told, row, order.at)


def _seated(door: Door, told: Scanned, row: SlotRow, at: str) -> Said:
    at = _BETWEEN.join(part for part in (at, row.name) if part)
    after = door.ask(lambda session, actor: _scanned(session, actor, told.map.code, at))
    seat = next(seat for seat in after.plan.seats if seat.code == row.code) if after.plan else None
    goes = seat.goes if seat else ""
    same = goes == row.name
    was = _("It stays there.") if same else _("It was at %(slot)s.") % {"slot": row.name}
    outcome = Outcome.OK if after.missing else Outcome.DONE
    return Said(outcome, answers.short(told.map.name, goes), at, f"{grouped(row.code)} · {was}")


def _command(door: Door, told: Scanned, code: str, at: str) -> Said:
    match code:
        case Card.EMPTY_HERE | Card.SKIP:
            at = _BETWEEN.join(part for part in (at, _LEFT_EMPTY) if part)
            return Said(Outcome.OK, _("This slot stays empty"), at)
        case Card.UNDO:
            before = at.rpartition(_BETWEEN)[0]
            return Said(Outcome.NOTICE, _("The last scan does not count"), before)
        case Card.DONE:
            return _done(door, told)
        case _ if code in set(Card):
            said = _("The card %(card)s does nothing here") % {"card": _(NAMES[Card(code)])}
            return Said(Outcome.NOTICE, said, at)
    raise NotFound("card_unknown", _UNKNOWN_CARD, field="scan", code=grouped(code))


def _done(door: Door, told: Scanned) -> Said:
    order = Reseat(box=told.map.code, tubes=told.codes)
    done = door.act(lambda session, actor: storage.reseat(session, actor, order), list[Stored])
    moved = sum(1 for stored in done if stored.changed)
    detail = _("%(count)s tubes have another slot now.") % {"count": moved}
    address = f"/containers/{told.map.code}"
    return Said(Outcome.DONE, _("Seated anew: %(box)s") % {"box": told.map.name}, "", detail, address)


# --- how ---


def _scanned(session: Session, actor: Actor, code: str, at: str) -> Scanned:
    """The box, and what was scanned so far; a slot that holds no tube any more is passed over."""
    box = storage.box_map(session, actor, code)
    require_holds_tubes(box.name, Level(box.level))
    require_slots(box.name, box.rows)
    tubes = {row.name: row.code for row in box.slots if row.code and row.state in ("occupied", "kept")}
    read: list[str] = []
    for part in at.split(_BETWEEN):
        tube = tubes.get(part, "")
        if part == _LEFT_EMPTY or (tube and tube not in read):
            read.append(tube)
    order = Reseat(box=box.code, tubes=read)
    plan = storage.reseat_preview(session, actor, order) if any(read) else None
    return Scanned(box, read, plan)


def _result(said: Said, box: str, *, corrected: bool) -> Result:
    outcome = Outcome.NOTICE if corrected and said.outcome is Outcome.OK else said.outcome
    coming = _("All are there. Scan DONE to seat the box anew.")
    return Result(
        outcome=outcome,
        headline=said.headline,
        detail=said.detail,
        next=coming if said.outcome is Outcome.DONE and not said.leads else "",
        meta=answers.layout_words(corrected=corrected),
        mode=Mode.LOOKUP,
        box=box,
        at=said.at,
        leads=said.leads,
    )


HANDLERS = [reseat_page, scan, reseat]
