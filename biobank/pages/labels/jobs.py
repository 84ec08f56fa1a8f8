"""Print jobs: how far each one is, what the printer left open, and what a person can do about it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, inputs, web
from biobank.inputs import Input
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.people import Actor, May
from biobank.printing import jobs, printers, spooler, stocks
from biobank.printing.jobs import Answer, JobCard, JobOrder, JobRow, LabelLine, Void
from biobank.tables import JobState
from biobank.texts import gettext

Asked = Request[Any, Any, Any]

UNDER_WAY = (JobState.QUEUED, JobState.SENDING)
TONES = {
    JobState.QUEUED: "due",
    JobState.SENDING: "due",
    JobState.ASKING: "notice",
    JobState.STOPPED: "notice",
    JobState.FAILED: "stop",
    JobState.DONE: "ok",
}


class Told(msgspec.Struct, frozen=True):
    """A job as its page tells it: with the labels that the printer left open and the name of its stock."""

    card: JobCard
    asked_lines: list[LabelLine]
    stock: str
    held_up: bool
    zone: str


# --- pages ---


@get("/labels/jobs", sync_to_thread=True)
def jobs_page(request: Asked, door: web.OpenDoor) -> Template:
    """The newest print jobs; with `all`, those that have ended as well."""
    every = "all" in request.query_params

    def question(session: Session, actor: Actor) -> tuple[list[JobRow], dict[str, str], str]:
        rows = jobs.listed(session, actor, under_way=not every)
        return rows, stocks.names(session), zone_of(session, actor)

    me, (rows, names, zone) = shell.ask(door, question)
    return shell.page("labels/jobs.html", me, rows=rows, names=names, every=every, zone=zone, tones=TONES)


@get("/labels/jobs/{job:uuid}", sync_to_thread=True)
def job_page(request: Asked, door: web.OpenDoor, job: FromPath[UUID]) -> Template:
    """One job: how many labels are where, and what the printer left open."""
    after = request.query_params.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 7 else 0

    def question(session: Session, actor: Actor) -> Told:
        card = jobs.card(session, actor, job, after=start)
        return Told(
            card=card,
            asked_lines=_asked_of(session, actor, card),
            stock=stocks.names(session)[card.stock],
            held_up=_held_up(session, actor, card),
            zone=zone_of(session, actor),
        )

    me, told = shell.ask(door, question)
    card = told.card
    return shell.page(
        "labels/job.html",
        me,
        **msgspec.structs.asdict(told),
        after=start,
        why=why(card),
        tones=TONES,
        running=card.state in UNDER_WAY or _ends(card),
        saves="save" in request.query_params,
        back=shell.local(request.query_params.get("next", ""), ""),
    )


@get("/labels/jobs/{job:uuid}/pdf", sync_to_thread=True)
def job_pdf(door: web.OpenDoor, job: FromPath[UUID]) -> Response[bytes]:
    """All labels of a job as a PDF, the same bytes each time."""
    card = door.ask(lambda session, actor: jobs.card(session, actor, job, most=1))
    first = card.labels[0].code if card.labels else "none"
    return pdf(spooler.pdf(door.database, job), f"labels-{first}-{card.total}.pdf")


@get("/labels/jobs/{job:uuid}/inventory", sync_to_thread=True)
def job_inventory(door: web.OpenDoor, job: FromPath[UUID]) -> Response[bytes]:
    """The sheet that goes with the labels: in the order they are printed, each with a box to tick."""
    from biobank.labels import inventory

    def question(session: Session, actor: Actor) -> tuple[JobCard, str]:
        card = jobs.card(session, actor, job, most=jobs.MOST)
        return card, stocks.names(session)[card.stock]

    card, stock = door.ask(question)
    about = [card.printer or "PDF", f"{gettext(stock)} · {card.layout} · {card.dpi} dpi", card.person]
    sheet = inventory.sheet([line.face for line in card.labels], job=str(card.id), about=about)
    return pdf(sheet, f"inventory-{card.labels[0].code}-{card.total}.pdf")


# --- acts ---


@post("/labels/jobs/{job:uuid}/stop", sync_to_thread=True, status_code=200)
def stop(request: Asked, door: web.OpenDoor, job: FromPath[UUID]) -> Response[Any]:
    """Print no more of a job."""
    return _act(request, door, JobOrder, {"job": str(job)}, jobs.stop)


@post("/labels/jobs/{job:uuid}/answer", sync_to_thread=True, status_code=200)
def answer(request: Asked, door: web.OpenDoor, form: Form, job: FromPath[UUID]) -> Response[Any]:
    """Say which labels came out of the printer; the others are printed again, or wait."""
    told = {"job": str(job), "came_out_to": shell.one(form, "came_out_to")}
    again = "true" if "again" in form else "false"
    return _act(request, door, Answer, {**told, "again": again}, jobs.answer)


@post("/labels/jobs/{job:uuid}/retry", sync_to_thread=True, status_code=200)
def retry(request: Asked, door: web.OpenDoor, job: FromPath[UUID]) -> Response[Any]:
    """Print what still waits in a job."""
    return _act(request, door, JobOrder, {"job": str(job)}, jobs.retry)


@post("/labels/jobs/{job:uuid}/void", sync_to_thread=True, status_code=200)
def void(request: Asked, door: web.OpenDoor, job: FromPath[UUID]) -> Response[Any]:
    """Never print what still waits in a job."""
    return _act(request, door, Void, {"job": str(job)}, jobs.void)


# --- how ---


def zone_of(session: Session, actor: Actor) -> str:
    """The time zone of the first site where somebody prints or sets up; empty where there is none."""
    sites = accounts.sites(session, actor, May.PRINT) or accounts.sites(session, actor, May.ADMINISTER)
    return sites[0].time_zone if sites else ""


def why(card: JobCard) -> str:
    """Why a job does not get on, in the reader's language; empty where nothing is wrong."""
    return gettext(card.fault.message) % card.fault.facts if card.fault else ""


def _asked_of(session: Session, actor: Actor, card: JobCard) -> list[LabelLine]:
    """The labels of which the printer left open whether they came out."""
    asked = card.question
    if asked is None:
        return []
    most = asked.last - asked.first + 1
    return jobs.card(session, actor, card.id, after=asked.first - 1, most=most).labels


def _ends(card: JobCard) -> bool:
    """Whether a job was stopped that somebody still works at; what can be done with it is told afterwards."""
    return card.state is JobState.STOPPED and bool(card.counts.queued) and not card.may_void


def _held_up(session: Session, actor: Actor, card: JobCard) -> bool:
    """Whether a job waits behind another one that its printer did not take."""
    if card.state is not JobState.QUEUED or card.fault or not card.printer:
        return False
    return any(each.fault for each in printers.listed(session, actor) if each.name == card.printer)


def pdf(document: bytes, name: str) -> Response[bytes]:
    """A PDF to be saved."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(document, media_type="application/pdf", headers=headers)


def _act(
    request: Asked,
    door: web.OpenDoor,
    kind: type[Input],
    told: dict[str, str],
    act: Callable[[Session, Actor, Any], JobCard],
) -> Response[Any]:
    order = inputs.read(kind, told, form=True)
    card = door.act(lambda session, actor: act(session, actor, order), JobCard)
    return shell.go(request, f"/labels/jobs/{card.id}")


HANDLERS = [jobs_page, job_page, job_pdf, job_inventory, stop, answer, retry, void]
