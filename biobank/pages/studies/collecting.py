"""Scans at a visit: a tube is ticked, a kit is begun with, a card ends it; one outcome for each."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import codes, errors, inputs, specimens, web
from biobank.amounts import material_name
from biobank.codes import CodeKind, grouped
from biobank.door import Door
from biobank.errors import Refusal
from biobank.labels.cards import NAMES, Card
from biobank.pages import home, shell
from biobank.pages.bench import answers
from biobank.pages.bench.answers import Outcome, Result
from biobank.pages.bench.scanning import CARD_MODES
from biobank.pages.bench.scanning import Mode as BenchMode
from biobank.pages.shell import Form
from biobank.pages.studies import visits
from biobank.pages.words import word
from biobank.people import Actor
from biobank.printing.applying import TYPED, apply_scanned
from biobank.specimens import AllPresent, Begin, Finish, Summary, Tick, Ticked, Workbench
from biobank.texts import N_, listed, ngettext
from biobank.texts import gettext as _

UNKNOWN_CARD = N_("%(code)s is no card that is known here. Nothing was done.")


class Mode(StrEnum):
    """What the card DONE does: asks first while tubes are expected, and then finishes without them."""

    COLLECT = "collect"
    FINISHING = "finishing"


class Order(inputs.Input):
    """One scan on the page of a visit."""

    scan: inputs.Scanned
    mode: Mode = Mode.COLLECT
    box: inputs.Scanned | None = None
    source: str = "scan"
    corrected: inputs.Flag = False


class Said(msgspec.Struct, frozen=True):
    """What a scan came to, before it is known how the visit stands after it."""

    outcome: str
    headline: str
    detail: str = ""
    meta: str = ""
    leads: str = ""
    mode: Mode = Mode.COLLECT


# --- pages ---


@post("/visits/{code:str}/scans", sync_to_thread=True, status_code=200)
def scan(door: web.OpenDoor, form: Form, code: FromPath[str]) -> Template:
    """Do what the scan means at this visit, and answer with its outcome and the rows as they are now.

    A refusal is an outcome too: STOP, in both languages. Only what must be repeated (a database that is
    busy) or cannot be solved here (a session that ended) is not.
    """
    order = inputs.read(Order, form, form=True)
    told: Said | Refusal
    try:
        told = _do(door, code, order)
    except (errors.Busy, errors.NotSignedIn):
        raise
    except Refusal as refusal:
        told = refusal
    me, bench = shell.ask(door, lambda session, actor: specimens.workbench(session, actor, code))
    if isinstance(told, Refusal):
        result, mode = answers.refused(told, BenchMode.LOOKUP, ""), Mode.COLLECT
    else:
        result, mode = _result(told, bench, corrected=order.corrected), told.mode
    return shell.page(
        "visits/_scanned.html", me, result=result, visit_mode=mode.value, **visits.around(bench)
    )


@post("/visits/{code:str}/begin", sync_to_thread=True)
def begin(request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str]) -> Response[Any]:
    """Begin without a kit: every expected tube gets a code of its own, to be printed now."""
    door.act(lambda session, actor: len(specimens.begin(session, actor, Begin(visit=code))), int)
    return shell.go(request, f"/visits/{code}")


# --- what a scan does ---


def _do(door: Door, visit: str, order: Order) -> Said:
    code = codes.read(order.scan)
    kind = CodeKind(code[0]) if code else None
    if code and kind is CodeKind.COMMAND:
        return _command(door, visit, code, order)
    if code and kind is CodeKind.BADGE:
        badge = answers.badge_elsewhere(BenchMode.LOOKUP, "")
        return Said("notice", badge.headline, badge.detail)
    if code and kind is CodeKind.KIT:
        return _begin(door, visit, code)
    if code and code == visit:
        return Said("notice", _("This is the visit that is open"), _("Scan its kit or its tubes."))
    found = door.ask(lambda session, actor: specimens.find(session, actor, order.scan))
    if found.kind == "specimen":
        return _tick(door, visit, found.code, order, begins=False)
    if found.kind == "kit":
        return _tick(door, visit, found.label, order, begins=_is_kit_of(door, found.code, visit))
    return _lead(home.address(found), found.code)


def _begin(door: Door, visit: str, kit: str) -> Said:
    def work(session: Session, actor: Actor) -> int:
        return len(specimens.begin(session, actor, Begin(visit=visit, kit=kit)))

    door.act(work, int)
    return Said("ok", _("Kit %(kit)s is open") % {"kit": grouped(kit)}, _("Scan its tubes, in any order."))


def _tick(door: Door, visit: str, tube: str, order: Order, *, begins: bool) -> Said:
    """Tick a tube; with `begins`, it is the first that comes out of the kit that was made for the visit."""
    scanned = [tube] if codes.read(order.scan) == tube and order.source != TYPED else []

    def work(session: Session, actor: Actor) -> list[Ticked]:
        if begins:
            specimens.begin(session, actor, Begin(visit=visit))
        ticked = specimens.tick(session, actor, Tick(visit=visit, codes=[tube]))
        apply_scanned(session, actor, scanned)
        return ticked

    first, *implied = door.act(work, list[Ticked])
    detail = " · ".join(part for part in (grouped(first.code), first.amount) if part)
    if not first.changed:
        return Said("notice", _("Ticked already: %(tube)s") % {"tube": _named(first)}, detail)
    return Said("ok", _named(first), detail, _with_it(implied))


def _command(door: Door, visit: str, code: str, order: Order) -> Said:
    match code:
        case Card.ALL_PRESENT:
            return _all_present(door, visit)
        case Card.DONE:
            return _finish(door, visit, order.mode)
        case Card.ACKNOWLEDGE:
            return Said("notice", _("There is nothing to acknowledge."))
        case _ if code in CARD_MODES:
            return _lead(f"/bench?mode={CARD_MODES[Card(code)].value}", code)
        case _ if code in set(Card):
            return Said("notice", _("The card %(card)s does nothing here") % {"card": _(NAMES[Card(code)])})
    raise errors.NotFound("card_unknown", UNKNOWN_CARD, field="scan", code=grouped(code))


def _all_present(door: Door, visit: str) -> Said:
    def work(session: Session, actor: Actor) -> list[Ticked]:
        return specimens.all_present(session, actor, AllPresent(visit=visit))

    count = len(door.act(work, list[Ticked]))
    if not count:
        return Said("notice", _("All were there already"))
    return Said("ok", ngettext("%(num)s tube is there", "%(num)s tubes are there", count) % {"num": count})


def _finish(door: Door, visit: str, mode: Mode) -> Said:
    bench = door.ask(lambda session, actor: specimens.workbench(session, actor, visit))
    remain = bench.counts.expected
    if not bench.begun:
        return Said("notice", _("Nothing was collected yet"), _("Scan the kit first."))
    if remain and mode is Mode.COLLECT:
        asked = ngettext("%(num)s tube is missing", "%(num)s tubes are missing", remain) % {"num": remain}
        detail = _("Scan DONE again to finish without them: they are noted as not collected.")
        return Said("notice", asked, detail, mode=Mode.FINISHING)
    told = door.act(lambda session, actor: specimens.finish(session, actor, Finish(visit=visit)), Summary)
    there = ngettext("%(num)s tube is there", "%(num)s tubes are there", told.there) % {"num": told.there}
    parts = [there]
    if told.not_collected:
        parts.append(_("%(count)s not collected") % {"count": told.not_collected})
    if told.used_up:
        parts.append(_("%(count)s used up") % {"count": told.used_up})
    others = {code: count for code, count in told.deviations.items() if code != "not_collected"}
    noted = " · ".join(f"{count} {word(code, 'deviation')}" for code, count in others.items())
    return Said("done", _("Finished"), " · ".join(parts), noted)


def _lead(address: str, code: str) -> Said:
    return Said("ok", grouped(code) if codes.read(code) else code, _("Its page opens."), leads=address)


# --- how ---


def _is_kit_of(door: Door, kit: str, visit: str) -> bool:
    return door.ask(lambda session, actor: specimens.kit_card(session, actor, kit).visit) == visit


def _named(tube: Ticked) -> str:
    """`EDTA plasma 3/8`."""
    number = f" {tube.serial}/{tube.total}" if tube.total > 1 else ""
    return material_name(tube.material) + number


def _with_it(implied: Sequence[Ticked]) -> str:
    if not implied:
        return ""
    return _("With it: %(tubes)s") % {"tubes": listed(_named(tube) for tube in implied)}


def _result(said: Said, bench: Workbench, *, corrected: bool) -> Result:
    remain = bench.counts.expected
    complete = bench.begun and not remain and said.outcome == "ok"
    coming = ""
    if bench.begun and remain and not said.leads and said.mode is Mode.COLLECT:
        coming = _("%(count)s to go") % {"count": remain}
    elif complete and not said.leads:
        coming = _("All are there. Scan DONE to finish.")
    layout = answers.layout_words(corrected=corrected)
    outcome = Outcome.DONE if complete and coming else Outcome(said.outcome)
    return Result(
        outcome=Outcome.NOTICE if corrected and outcome is not Outcome.STOP else outcome,
        headline=said.headline,
        detail=said.detail,
        next=coming,
        meta=" ".join(part for part in (said.meta, layout) if part),
        mode=BenchMode.LOOKUP,
        leads=said.leads,
    )


HANDLERS = [scan, begin]
