"""The card of a specimen with its timeline; what is made of it, and its labels."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import amounts, clock, codes, inputs, specimens, storage, web
from biobank.amounts import Dimension
from biobank.custody import Chain
from biobank.errors import NotFound
from biobank.pages import charts, shell
from biobank.pages.labels import papers
from biobank.pages.shell import Form
from biobank.pages.specimens import timelines
from biobank.pages.storage import maps
from biobank.pages.storage.maps import Drawing
from biobank.pages.storage.out import TONES
from biobank.pages.studies.preparing import BRISTOL
from biobank.pages.words import word
from biobank.people import Actor
from biobank.printing import ordering
from biobank.printing.copies import Copies, live
from biobank.printing.ordering import JobMade, PrintOrder
from biobank.specimens import Aliquots, Derivative, SpecimenCard, SpecimenRow, TimelineRow, families
from biobank.specimens.families import Family
from biobank.storage import BoxMap, Purpose

EXAMPLES: Mapping[Dimension, str] = {
    Dimension.VOLUME: "500 uL",
    Dimension.MASS: "400 mg",
    Dimension.COUNT: "10 pieces",
}
"""How an amount is written, for each kind of material."""


class Told(msgspec.Struct, frozen=True):
    """Everything the card shows."""

    card: SpecimenCard
    timeline: list[TimelineRow]
    family: Family
    chain: Chain
    box: BoxMap | None
    copies: Copies


@get("/specimens/{code:str}", sync_to_thread=True)
def card_page(request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str]) -> Template:
    """What it is, where it is, how much is left, and everything that happened to it."""

    def question(session: Session, actor: Actor) -> Told:
        card = specimens.card(session, actor, code)
        return Told(
            card=card,
            timeline=specimens.timeline(session, actor, card.code),
            family=families.tree(session, actor, card.code),
            chain=families.chain(session, actor, card.code),
            box=box_of(session, actor, card),
            copies=live(session, actor, [card.code])[0],
        )

    view = timelines.View(request, code)
    me, told = shell.ask(door, question)
    return shell.page(
        "specimens/card.html",
        me,
        told=told,
        view=view,
        timeline=view.fitting(told.timeline, told.card.time_zone),
        undoing=timelines.with_undoing(told.timeline),
        kinds=sorted({row.kind for row in told.timeline}, key=word),
        persons=sorted({row.actor for row in told.timeline if row.actor}),
        card=told.card,
        drawing=mini_map(told.card, told.box),
        retired="retired" in request.query_params or codes.read(code) != told.card.code,
        bristol=BRISTOL,
        lasting=charts.lasting,
        tones=TONES,
        unseen=storage.days_unseen(told.card.seen, clock.now()),
        purposes=list(Purpose),
        materials=list(amounts.MATERIALS),
        example=EXAMPLES[amounts.MATERIALS[told.card.material].dimension],
        copies=told.copies,
    )


def box_of(session: Session, actor: Actor, card: SpecimenCard) -> BoxMap | None:
    """The box a tube is in or whose slot is kept for it; None for a box at a site the actor does not see."""
    if not card.place:
        return None
    try:
        return storage.box_map(session, actor, card.place[-1].code)
    except NotFound:
        return None


def mini_map(card: SpecimenCard, box: BoxMap | None) -> Drawing | None:
    """The box with the tube's slot marked."""
    if box is None or not box.rows:
        return None
    return maps.draw(box, {card.place[-1].slot: "cursor" if card.custody == "out" else "found"})


@post("/aliquots", sync_to_thread=True)
def make_aliquots(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """So many equal aliquots of a tube; then to the visit, where their labels are printed."""
    order = inputs.read(Aliquots, _fields(form, "parent", "count", "amount", "loss"), form=True)

    def work(session: Session, actor: Actor) -> list[SpecimenRow]:
        return specimens.rows(session, specimens.aliquot(session, actor, order))

    made = door.act(work, list[SpecimenRow])
    return shell.go(request, f"/visits/{made[0].visit}")


@post("/specimens/{code:str}/derivatives", sync_to_thread=True)
def make_derivative(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Another material made of this one, such as plasma of blood."""
    told = {**_fields(form, "material", "used", "amount", "container"), "parent": code}
    order = inputs.read(Derivative, told, form=True)

    def work(session: Session, actor: Actor) -> list[SpecimenRow]:
        return specimens.rows(session, [specimens.derive(session, actor, order)])

    made = door.act(work, list[SpecimenRow])
    return shell.go(request, f"/specimens/{made[0].code}")


@post("/labels", sync_to_thread=True, status_code=200)
def print_labels(door: web.OpenDoor, form: Form) -> Response[bytes]:
    """The labels as one PDF to save and print; the same command gives the same bytes."""
    told = {**_fields(form, "stock", "skip", "reason"), "codes": shell.several(form, "codes")}
    order = inputs.read(PrintOrder, told, form=True)
    made = door.act(lambda session, actor: ordering.print_labels(session, actor, order), JobMade)
    return papers.pdf(door, made, "labels")


def _fields(form: shell.Fields, *names: str) -> dict[str, str]:
    return {name: shell.one(form, name) for name in names if name in form}


HANDLERS = [card_page, *timelines.HANDLERS, make_aliquots, make_derivative, print_labels]
