"""Labels to be stuck on: each stays in the list until it was scanned on its tube."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Template
from sqlmodel import Session

from biobank import codes, errors, inputs, specimens, web
from biobank.codes import CodeKind, grouped
from biobank.door import Door
from biobank.errors import Refusal
from biobank.labels.cards import NAMES, Card
from biobank.pages import home, shell
from biobank.pages.bench import answers
from biobank.pages.bench.answers import Outcome, Result
from biobank.pages.bench.scanning import CARD_MODES, Mode
from biobank.pages.labels.jobs import zone_of
from biobank.pages.shell import Form
from biobank.people import Actor
from biobank.printing import applying, copies
from biobank.printing.applying import Applied, Apply, LabelVoids, WaitingLabel
from biobank.texts import gettext as _

Asked = Request[Any, Any, Any]

PAGE = 50
GONE = (copies.Reason.LOST, copies.Reason.MISPRINT, copies.Reason.TORN, copies.Reason.OTHER)
"""Why a label that was never stuck on is none any more."""


class Scan(inputs.Input):
    """One scan on a page where labels are scanned on their tubes."""

    scan: inputs.Scanned
    mode: str = ""
    box: str = ""
    at: str = ""
    about: str = ""
    source: str = "scan"
    corrected: inputs.Flag = False


class Told(msgspec.Struct, frozen=True):
    """The labels that wait (one more than are shown), how many there are, and the time zone of the reader."""

    rows: list[WaitingLabel]
    count: int
    zone: str

    @property
    def shown(self) -> list[WaitingLabel]:
        """Those of this page."""
        return self.rows[:PAGE]

    @property
    def after(self) -> str:
        """Where the next page begins; empty on the last one."""
        return str(self.rows[PAGE - 1].label) if len(self.rows) > PAGE else ""


# --- pages ---


@get("/labels/waiting", sync_to_thread=True)
def waiting_page(request: Asked, door: web.OpenDoor) -> Template:
    """What was printed and is not on its tube yet, the oldest first; every scan takes one off the list."""
    after = _key(request.query_params.get("after", ""))
    me, told = shell.ask(door, lambda session, actor: _told(session, actor, after))
    return shell.page("labels/waiting.html", me, cards=Card, first=after is None, **_around(told))


# --- acts ---


@post("/labels/scans", sync_to_thread=True, status_code=200)
def scan(door: web.OpenDoor, form: Form) -> Template:
    """Take a scan as that of a label on its tube, and answer with the list as it is now."""
    order = inputs.read(Scan, form, form=True)
    result = outcome(door, order)
    me, told = shell.ask(door, lambda session, actor: _told(session, actor, None))
    if result.outcome is Outcome.OK and not told.count and not result.leads:
        result = msgspec.structs.replace(result, outcome=Outcome.DONE, next=_("No label is left over."))
    elif result.outcome is Outcome.OK and not result.leads:
        result = msgspec.structs.replace(result, next=_("%(count)s to go") % {"count": told.count})
    return shell.page("labels/_scanned.html", me, result=result, scanned=order.scan, **_around(told))


@post("/labels/void", sync_to_thread=True, status_code=200)
def void(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """Note that labels are not to be used: thrown away, or not to be found."""
    told = {"labels": shell.several(form, "labels"), "reason": shell.one(form, "reason")}
    order = inputs.read(LabelVoids, told, form=True)
    door.act(lambda session, actor: applying.void_labels(session, actor, order), int)
    return shell.go(request, "/labels/waiting")


# --- what a scan does ---


def outcome(door: Door, order: Scan, awaited: str = "") -> Result:
    """What a scan comes to. A refusal is one too: STOP, in both languages."""
    try:
        return _do(door, order, awaited)
    except (errors.Busy, errors.NotSignedIn):
        raise
    except Refusal as refusal:
        return answers.refused(refusal, Mode.LOOKUP, "")


def _do(door: Door, order: Scan, awaited: str) -> Result:
    code = codes.read(order.scan)
    kind = CodeKind(code[0]) if code else None
    if code and kind is CodeKind.COMMAND:
        return _command(code)
    if code and kind is CodeKind.BADGE:
        return answers.badge_elsewhere(Mode.LOOKUP, "")
    found = door.ask(lambda session, actor: specimens.find(session, actor, order.scan))
    if found.kind != "specimen":
        return answers.leading_to(home.address(found), grouped(found.code), Mode.LOOKUP, "")
    if found.retired:
        return _notice(
            _("This is the old label"),
            _("The tube is %(code)s now. Cover the old label with the new one, and scan that.")
            % {"code": grouped(found.code)},
        )
    if awaited and found.code != awaited:
        return _notice(
            _("This is another tube"),
            _("%(other)s is not the tube whose label was replaced. Awaited is %(code)s.")
            % {"other": grouped(found.code), "code": grouped(awaited)},
        )
    if order.source == applying.TYPED:
        return _notice(
            _("Scan it"), _("A typed code does not tell whether the label can be read. Nothing was done.")
        )
    return _apply(door, found.code, corrected=order.corrected)


def _apply(door: Door, tube: str, *, corrected: bool) -> Result:
    order = Apply(tubes=[tube])
    done = door.act(lambda session, actor: applying.apply(session, actor, order), list[Applied])
    if done[0].label is None:
        return _notice(
            _("No label waits for %(code)s") % {"code": grouped(tube)},
            _("It was scanned on its tube already, or none was printed."),
            card=tube,
        )
    return Result(
        outcome=Outcome.NOTICE if corrected else Outcome.OK,
        headline=_("On its tube: %(code)s") % {"code": grouped(tube)},
        detail=answers.layout_words(corrected=corrected),
        mode=Mode.LOOKUP,
        card=tube,
    )


def _command(code: str) -> Result:
    if code == Card.ACKNOWLEDGE:
        return answers.nothing_to_acknowledge(Mode.LOOKUP, "")
    if code in CARD_MODES:
        address = f"/bench?mode={CARD_MODES[Card(code)].value}"
        return answers.leading_to(address, grouped(code), Mode.LOOKUP, "")
    if code == Card.DONE:
        return answers.leading_to("/bench", _("Done"), Mode.LOOKUP, "")
    name = _(NAMES[Card(code)]) if code in set(Card) else grouped(code)
    return _notice(_("The card %(card)s does nothing here") % {"card": name})


def _notice(headline: str, detail: str = "", card: str = "") -> Result:
    return Result(outcome=Outcome.NOTICE, headline=headline, detail=detail, mode=Mode.LOOKUP, card=card)


# --- how ---


def _told(session: Session, actor: Actor, after: UUID | None) -> Told:
    return Told(
        applying.waiting(session, actor, after=after, limit=PAGE + 1),
        applying.count_waiting(session, actor),
        zone_of(session, actor),
    )


def _around(told: Told) -> dict[str, Any]:
    reasons = {reason.value: _(copies.REASONS[reason]) for reason in GONE}
    return {"told": told, "zone": told.zone, "gone": reasons}


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


HANDLERS = [waiting_page, scan, void]
