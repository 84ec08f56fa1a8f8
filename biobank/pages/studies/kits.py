"""Kits: labels of tubes printed ahead for an event, those that lie ready, and the page of one."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlmodel import Session

from biobank import accounts, inputs, specimens, studies, web
from biobank.accounts import SiteRow
from biobank.labels.shapes import Of
from biobank.pages import shell
from biobank.pages.labels import papers
from biobank.pages.labels.papers import Papers
from biobank.pages.shell import Form
from biobank.people import Actor, May
from biobank.printing import ordering
from biobank.printing.ordering import JobMade, KitLabels, KitReprint
from biobank.specimens import KitCard, UnusedKit
from biobank.studies import StudyCard

PAGE = 50


class For(msgspec.Struct, frozen=True):
    """The visit that one kit is to be printed for."""

    visit: str
    participant: str
    event: str
    site: str


class Told(msgspec.Struct, frozen=True):
    """The kits of a study that lie ready (one more than are shown), and what printing asks."""

    study: StudyCard
    kits: list[UnusedKit]
    events: list[tuple[str, str]]
    sites: list[SiteRow]
    visit: For | None
    papers: Papers


# --- pages ---


@get("/studies/{study:str}/kits", sync_to_thread=True)
def kits_page(request: Request[Any, Any, Any], door: web.OpenDoor, study: FromPath[str]) -> Template:
    """Print kits ahead, and those that are not used yet; with `visit`, one for that visit alone."""
    after = request.query_params.get("after", "")[:40]
    visit = request.query_params.get("visit", "")[:40]

    def question(session: Session, actor: Actor) -> Told:
        found = studies.by_code(session, actor, study)
        return Told(
            study=studies.card(session, found),
            kits=specimens.unused_kits(session, actor, study, after, PAGE + 1),
            events=[
                (event.code, event.title)
                for event in studies.events(session, found)
                if studies.requirements(session, event.id)
            ],
            sites=accounts.sites(session, actor, May.PRINT),
            visit=_for(session, actor, study, visit) if visit else None,
            papers=papers.papers(session, actor, Of.KIT),
        )

    me, told = shell.ask(door, question)
    return shell.page(
        "studies/kits.html",
        me,
        told=told,
        study=told.study,
        shown=told.kits[:PAGE],
        more=len(told.kits) > PAGE,
        after=after,
        papers=told.papers,
    )


@get("/kits/{code:str}", sync_to_thread=True)
def kit_page(door: web.OpenDoor, code: FromPath[str]) -> Template | Redirect:
    """Lead to the visit of a kit; of one that is nobody's yet, say what it is for."""

    def question(session: Session, actor: Actor) -> tuple[KitCard, Papers]:
        return specimens.kit_card(session, actor, code), papers.papers(session, actor, Of.KIT)

    me, (kit, offered) = shell.ask(door, question)
    if kit.visit:
        return Redirect(f"/visits/{kit.visit}")
    return shell.page("studies/kit.html", me, kit=kit, papers=offered)


# --- acts ---


@post("/studies/{study:str}/kits", sync_to_thread=True, status_code=200)
def print_kits(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, study: FromPath[str]
) -> Response[Any]:
    """Make kits and print their labels; the same command gives the same PDF, and no second kit."""
    told = {**_fields(form, "event", "site", "count", "visit"), **papers.asked(door, form)}
    order = inputs.read(KitLabels, {**told, "study": study}, form=True)
    made = door.act(lambda session, actor: ordering.print_kit_labels(session, actor, order), JobMade)
    return papers.handed(request, door, made, "kits")


@post("/kit-reprints", sync_to_thread=True, status_code=200)
def reprint_kits(request: Request[Any, Any, Any], door: web.OpenDoor, form: Form) -> Response[Any]:
    """The labels of kits once more, the same codes."""
    told = {**papers.asked(door, form), "kits": shell.several(form, "kits")}
    order = inputs.read(KitReprint, told, form=True)
    made = door.act(lambda session, actor: ordering.reprint_kits(session, actor, order), JobMade)
    return papers.handed(request, door, made, "kits")


# --- how ---


def _for(session: Session, actor: Actor, study: str, code: str) -> For | None:
    """The visit a kit is for; none where it is of another study."""
    bench = specimens.workbench(session, actor, code)
    return For(bench.visit, bench.participant, bench.event, bench.site) if bench.study == study else None


def _fields(form: shell.Fields, *names: str) -> dict[str, str]:
    return {name: shell.one(form, name) for name in names if name in form}


HANDLERS = [kits_page, kit_page, print_kits, reprint_kits]
