"""What is done with the tubes of a visit beside scanning them: each act a dialog with its form."""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import amounts, clock, inputs, specimens, web
from biobank.errors import NotFound, RuleBroken
from biobank.inputs import Input
from biobank.labels.shapes import Of
from biobank.pages import shell
from biobank.pages.labels import papers
from biobank.pages.labels.papers import Papers
from biobank.pages.shell import Form
from biobank.pages.studies.visits import with_offset
from biobank.people import Actor
from biobank.printing import pending
from biobank.specimens import (
    Aliquots,
    CollectionFactsOrder,
    Derivative,
    Deviate,
    ReceiptOrder,
    SpecimenCard,
    SpinOrder,
    Tick,
    Workbench,
    WorkRow,
)
from biobank.specimens.extracts import EXTRACTS
from biobank.specimens.noted import CollectionFacts
from biobank.specimens.noting import STOOL
from biobank.specimens.processing import NEVER_SPUN
from biobank.texts import N_

PRESENT = ("collected", "active")

BRISTOL: Mapping[int, str] = {
    1: N_("separate hard lumps"),
    2: N_("lumpy sausage"),
    3: N_("sausage with cracks"),
    4: N_("smooth soft sausage"),
    5: N_("soft blobs"),
    6: N_("mushy, ragged"),
    7: N_("watery, no solid pieces"),
}
"""The seven types of the Bristol stool scale, in few words of our own."""


class Asked(msgspec.Struct, frozen=True):
    """What a dialog is drawn from: tubes to choose from, the usual ones, the card of its one tube."""

    bench: Workbench
    tubes: list[WorkRow]
    usual: list[str]
    card: SpecimenCard | None
    papers: Papers | None


# --- dialogs ---


@get("/visits/{code:str}/acts/{act:str}", sync_to_thread=True)
def dialog(
    request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str], act: FromPath[str]
) -> Template:
    """The form of one act, for the tubes as they are now."""
    if act not in _CHOICES:
        raise NotFound("act_unknown", N_("There is no such act."), field="act")
    tube = request.query_params.get("tube", "")

    def question(session: Session, actor: Actor) -> Asked:
        bench = specimens.workbench(session, actor, code)
        card = specimens.card(session, actor, tube) if tube else None
        tubes = [row for row in bench.rows if row.code and _CHOICES[act](row)]
        usual = [row.code for row in tubes if _is_usual(row)]
        if act == "labels":
            usual = pending.unprinted(session, [row.code for row in tubes])
        elif act in ("derived", "received"):
            usual = [row.code for row in tubes] if act == "received" or len(tubes) == 1 else []
        offered = papers.papers(session, actor, Of.SPECIMEN) if act == "labels" else None
        return Asked(bench, tubes, usual, card, offered)

    me, asked = shell.ask(door, question)
    row = next((row for row in asked.bench.rows if row.code == tube), None)
    return shell.page(
        f"visits/acts/{act}.html",
        me,
        bench=asked.bench,
        zone=asked.bench.time_zone,
        tubes=asked.tubes,
        usual=asked.usual,
        row=row,
        known=_known(asked.card),
        materials=_materials(asked.bench) if act == "derived" else list(amounts.MATERIALS),
        bristol=BRISTOL,
        papers=asked.papers,
    )


# --- acts ---


@post("/visits/{code:str}/drawn", sync_to_thread=True)
def drawn(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Say when primaries were drawn: now, or at a time. They are there by that."""
    bench = _bench(door, code)
    told = {"visit": code, "codes": shell.several(form, "tubes"), **_time(form, bench, "collected")}
    told.setdefault("collected", clock.now().astimezone(ZoneInfo(bench.time_zone)).isoformat())
    return _act(request, door, code, Tick, told, specimens.tick)


@post("/visits/{code:str}/received", sync_to_thread=True)
def received(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Say when tubes came to the biobank."""
    told = {"tubes": shell.several(form, "tubes"), **_time(form, _bench(door, code), "at")}
    return _act(request, door, code, ReceiptOrder, told, specimens.receive)


@post("/visits/{code:str}/spins", sync_to_thread=True)
def spun(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Record one run of a centrifuge for several tubes."""
    told = {
        "tubes": shell.several(form, "tubes"),
        **_fields(form, "g", "minutes", "celsius", "kept_after"),
        "brake": "true" if "brake" in form else "false",
        **_time(form, _bench(door, code), "at"),
    }
    return _act(request, door, code, SpinOrder, told, specimens.spin)


@post("/visits/{code:str}/derivatives", sync_to_thread=True)
def derived(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Make another material of a tube, or of several that are pooled."""
    names = ("parent", "material", "used", "amount", "loss", "container", "concentration", "a260_280", "code")
    parents = shell.several(form, "parent")
    told = {
        **_fields(form, *names),
        "parent": parents[0] if parents else "",
        "also": parents[1:],
        **_time(form, _bench(door, code), "processed"),
    }
    return _act(request, door, code, Derivative, told, specimens.derive)


@post("/visits/{code:str}/aliquots", sync_to_thread=True)
def divided(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Make equal aliquots of a tube."""
    told = {
        **_fields(form, "parent", "count", "amount", "loss", "container"),
        **_time(form, _bench(door, code), "processed"),
    }
    return _act(request, door, code, Aliquots, told, specimens.aliquot)


@post("/visits/{code:str}/facts", sync_to_thread=True)
def noted(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Note how a primary specimen was collected."""
    told = _fields(form, *CollectionFactsOrder.model_fields)
    return _act(request, door, code, CollectionFactsOrder, told, specimens.note_collection)


@post("/visits/{code:str}/deviations", sync_to_thread=True)
def deviated(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Say what went otherwise with a tube."""
    what = shell.one(form, "code")
    if not what:
        raise RuleBroken("deviation_needed", N_("Say first what went otherwise."), field="code")
    asked_by = {"low_volume": ("amount",), "haemolysed": ("grade",)}.get(what, ())
    told = _fields(form, "tube", "code", "note", *asked_by)
    return _act(request, door, code, Deviate, told, specimens.deviate)


# --- how ---


def _is_usual(row: WorkRow) -> bool:
    """Whether a tube is ticked from the beginning: blood, as far as there is a consent to it."""
    lacking = row.lacks and row.life == "expected"
    return row.kind == "primary" and row.material not in STOOL and not lacking


def _there(row: WorkRow) -> bool:
    return row.life in PRESENT


_CHOICES: Mapping[str, Callable[[WorkRow], bool]] = {
    "drawn": lambda row: row.kind == "primary" and row.life in ("expected", *PRESENT),
    "received": _there,
    "spun": lambda row: _there(row) and row.kind != "aliquot" and row.material not in NEVER_SPUN,
    "derived": lambda row: _there(row) and row.material not in EXTRACTS,
    "divided": _there,
    "labels": lambda row: row.labelled and row.life != "ended",
    "facts": lambda row: row.kind == "primary",
    "otherwise": lambda row: row.life != "ended",
    "register": lambda _: False,
}
"""The acts, and which tubes each can be done with."""


def _materials(bench: Workbench) -> list[str]:
    """What can be made of a tube, first what is expected to be."""
    awaited = [row.material for row in bench.rows if row.kind == "derivative" and row.life == "expected"]
    drawn = {row.material for row in bench.rows if row.kind == "primary"} | set(STOOL)
    others = [each for each in amounts.MATERIALS if each not in drawn and not each.startswith("blood_")]
    return list(dict.fromkeys(awaited + others))


def _known(card: SpecimenCard | None) -> dict[str, Any]:
    """What was noted of how it was collected; nothing for each of it where nothing was."""
    facts = card.facts if card else None
    return msgspec.structs.asdict(facts) if facts else dict.fromkeys(CollectionFacts.__struct_fields__)


def _act(
    request: Request[Any, Any, Any],
    door: web.OpenDoor,
    code: str,
    kind: type[Input],
    told: Mapping[str, Any],
    act: Callable[[Session, Actor, Any], Any],
) -> Response[Any]:
    """Do one act and go back to the visit."""
    order = inputs.read(kind, dict(told), form=True)

    def work(session: Session, actor: Actor) -> str:
        act(session, actor, order)
        return code

    return shell.go(request, f"/visits/{door.act(work, str)}")


def _bench(door: web.OpenDoor, code: str) -> Workbench:
    return door.ask(lambda session, actor: specimens.workbench(session, actor, code))


def _fields(form: shell.Fields, *names: str) -> dict[str, str]:
    return {name: shell.one(form, name) for name in names if name in form}


def _time(form: shell.Fields, bench: Workbench, name: str) -> dict[str, str]:
    """A time told on the site's clock; none where the button “now” was pressed, or nothing was told."""
    told = "" if "now" in form else shell.one(form, "at")
    return {name: with_offset(told, bench.time_zone)} if told else {}


HANDLERS = [dialog, drawn, received, spun, derived, divided, noted, deviated]
