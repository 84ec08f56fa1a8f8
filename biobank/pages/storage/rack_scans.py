"""Scans beside a rack's file: the box is verified, a tube shows its well; what does not belong is a STOP."""

from typing import Any

import msgspec
from litestar import Request, post
from litestar.params import FromPath
from litestar.response import Template

from biobank import codes, errors, inputs, specimens, web
from biobank.codes import CodeKind, grouped
from biobank.door import Door
from biobank.errors import Conflict, NotFound, Refusal
from biobank.labels.cards import NAMES, Card
from biobank.pages import home, shell
from biobank.pages.bench import answers
from biobank.pages.bench.answers import Outcome, Result
from biobank.pages.bench.scanning import Mode
from biobank.pages.shell import Form
from biobank.pages.storage import rack_files
from biobank.pages.storage.rack_files import Beside
from biobank.pages.words import word
from biobank.texts import N_
from biobank.texts import gettext as _

_OTHER_BOX = N_("%(code)s is another rack than %(name)s. Scan the rack whose file this is.")
_STRANGER = N_("%(code)s is neither in the file nor in %(name)s. Lay it aside.")
_UNKNOWN_CARD = N_("%(code)s is no card that is known here. Nothing was done.")


class Order(inputs.Input):
    """One scan on the page of a rack's file."""

    scan: inputs.Scanned
    mode: str = ""
    box: str = ""
    at: str = ""
    about: str = ""
    source: str = "scan"
    corrected: inputs.Flag = False


@post("/boxes/{code:str}/file/scans", sync_to_thread=True, status_code=200)
def scan(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]) -> Template:
    """Say what was scanned beside the file that the address asks for; nothing changes by it."""
    order = inputs.read(Order, form, form=True)
    try:
        shown = door.ask(
            lambda session, actor: rack_files.asked(session, actor, code, dict(request.query_params))
        )
        result = _do(door, shown, order)
    except (errors.Busy, errors.NotSignedIn):
        raise
    except Refusal as refusal:
        result = answers.refused(refusal, Mode.LOOKUP, code)
    if order.corrected and result.outcome is Outcome.OK:
        words = answers.layout_words(corrected=True)
        result = msgspec.structs.replace(result, outcome=Outcome.NOTICE, meta=words)
    return shell.page("bench/_result.html", result=result)


def _do(door: Door, shown: Beside, order: Order) -> Result:
    box, code = shown.box, codes.read(order.scan)
    if code and CodeKind(code[0]) is CodeKind.COMMAND:
        return _command(code, box.code)
    if code and CodeKind(code[0]) is CodeKind.BADGE:
        return answers.badge_elsewhere(Mode.LOOKUP, box.code)
    found = door.ask(lambda session, actor: specimens.find(session, actor, order.scan))
    if found.kind == "container":
        if found.code != box.code:
            facts = {"code": grouped(found.code), "name": box.name}
            raise Conflict("other_rack", _OTHER_BOX, field="scan", **facts)
        return Result(
            outcome=Outcome.OK, headline=_("This is the box"), detail=box.name, mode=Mode.LOOKUP, box=box.code
        )
    if found.kind != "specimen":
        return answers.leading_to(home.address(found), found.code, Mode.LOOKUP, box.code)
    wells = shown.verdict.wells if shown.verdict else []
    told = {well.tube: (well.slot, word(well.verdict.value, "verdict")) for well in wells if well.tube}
    here = {slot.code: (slot.name, word(slot.state)) for slot in box.slots if slot.code} | told
    if found.code not in here:
        facts = {"code": grouped(found.code), "name": box.name}
        raise Conflict("tubes_from_elsewhere", _STRANGER, field="scan", **facts)
    slot, state = here[found.code]
    place = answers.short(box.name, slot)
    detail = f"{grouped(found.code)} · {state}"
    return Result(outcome=Outcome.OK, headline=place, detail=detail, mode=Mode.LOOKUP, box=box.code)


def _command(code: str, box: str) -> Result:
    if code not in set(Card):
        raise NotFound("card_unknown", _UNKNOWN_CARD, field="scan", code=grouped(code))
    headline = _("The card %(card)s does nothing here") % {"card": _(NAMES[Card(code)])}
    return Result(outcome=Outcome.NOTICE, headline=headline, mode=Mode.LOOKUP, box=box)


HANDLERS = [scan]
