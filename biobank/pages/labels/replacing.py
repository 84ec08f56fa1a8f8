"""Replacing a label: one click for the reason prints a new one, and its first scan ends it."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import inputs, specimens, web
from biobank.labels.cards import Card
from biobank.pages import shell
from biobank.pages.bench.answers import Outcome
from biobank.pages.labels import waiting
from biobank.pages.labels.jobs import UNDER_WAY, why
from biobank.pages.labels.waiting import Scan
from biobank.pages.shell import Form
from biobank.people import Actor
from biobank.printing import copies, jobs, printers, replacing, spooler
from biobank.printing.jobs import JobCard
from biobank.printing.replacing import LabelReplacement, Replaced
from biobank.specimens import SpecimenCard
from biobank.texts import gettext as _

Asked = Request[Any, Any, Any]


class Told(msgspec.Struct, frozen=True):
    """A tube whose label was replaced: the job that prints the new one, and whether it is on the tube."""

    card: SpecimenCard
    job: JobCard | None
    applied: bool


# --- pages ---


@get("/specimens/{code:str}/label", sync_to_thread=True)
def awaited_page(request: Asked, door: web.OpenDoor, code: FromPath[str]) -> Template:
    """Wait for the scan of a new label: whether it is printed, what to do with it."""
    query = request.query_params
    job = _key(query.get("job", ""))
    me, told = shell.ask(door, lambda session, actor: _told(session, actor, code, job))
    return shell.page(
        "labels/replaced.html",
        me,
        cards=Card,
        job_key=query.get("job", ""),
        saves="save" in query,
        back=shell.local(query.get("next", ""), "/bench"),
        **_around(told),
    )


# --- acts ---


@post("/specimens/{code:str}/label", sync_to_thread=True, status_code=200)
def replace(request: Asked, door: web.OpenDoor, form: Form, code: FromPath[str]) -> Response[Any]:
    """Give a tube a new code, print its label where this bench prints, and wait for its scan."""
    reason, back = shell.one(form, "reason"), shell.local(shell.one(form, "next"), "")

    def work(session: Session, actor: Actor) -> Replaced:
        printer = printers.of_station(session, actor)
        told = {"tube": code, "reason": reason, "printer": printer.name if printer else ""}
        return replacing.replace_label(session, actor, inputs.read(LabelReplacement, told, form=True))

    done = door.act(work, Replaced)
    printer = door.ask(lambda session, actor: jobs.card(session, actor, done.job, most=1)).printer
    if not printer:
        spooler.drain(door.database, done.job)
    query = {"job": str(done.job), "next": back, "save": "" if printer else "yes"}
    told = urlencode({name: value for name, value in query.items() if value})
    return shell.go(request, f"/specimens/{done.code}/label?{told}")


@post("/specimens/{code:str}/label/scans", sync_to_thread=True, status_code=200)
def scan(door: web.OpenDoor, form: Form, code: FromPath[str]) -> Template:
    """Take the scan of the new label; another tube is none."""
    order = inputs.read(Scan, form, form=True)
    result = waiting.outcome(door, order, awaited=code)
    if result.outcome is Outcome.OK and result.card:
        result = msgspec.structs.replace(
            result, outcome=Outcome.DONE, next=_("The old code still leads to this tube.")
        )
    me, told = shell.ask(door, lambda session, actor: _told(session, actor, code, None))
    return shell.page("labels/_awaited.html", me, result=result, scanned=order.scan, **_around(told))


# --- how ---


def _told(session: Session, actor: Actor, code: str, job: UUID | None) -> Told:
    card = specimens.card(session, actor, code)
    (count,) = copies.live(session, actor, [card.code])
    return Told(card, jobs.card(session, actor, job, most=1) if job else None, bool(count.applied))


def _around(told: Told) -> dict[str, Any]:
    job = told.job
    return {
        "told": told,
        "card": told.card,
        "job": job,
        "why": why(job) if job else "",
        "running": bool(job and job.state in UNDER_WAY),
    }


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


HANDLERS = [awaited_page, replace, scan]
