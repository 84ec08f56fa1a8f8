"""A participant: enrolment, arm, procedures, consents, visits that were made, missed, planned again."""

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, inputs, participants, specimens, studies, trail, web
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.pages.studies import schedule
from biobank.pages.studies.overview import Consents, consents_of
from biobank.pages.studies.visits import with_offset
from biobank.participants import (
    Answer,
    ArmOrder,
    CameOrder,
    ConsentOrder,
    Enrolment,
    EnrolmentDateOrder,
    MissedReason,
    MissOrder,
    ParticipantCard,
    ProcedureCancellation,
    ProcedureOrder,
    VisitOrder,
    VisitRow,
)
from biobank.people import Actor
from biobank.studies import StudyCard
from biobank.tables import Anchor, Participant
from biobank.trail import LogRow

Asked = Request[Any, Any, Any]

# --- the page ---


class Told(msgspec.Struct, frozen=True):
    """A participant, and what the protocol in force lets one say of them."""

    card: ParticipantCard
    study: StudyCard
    answers: list[Answer]
    consents: Consents
    titles: dict[str, str]
    operated: bool
    zone: str
    today: date
    history: list[LogRow]


@get("/studies/{study:str}/participants/{pseudonym:path}", sync_to_thread=True)
def participant_page(door: web.OpenDoor, study: FromPath[str], pseudonym: FromPath[str]) -> Template:
    """A participant with visits, procedures, arm and consents."""

    def question(session: Session, actor: Actor) -> Told:
        wanted = participants.by_pseudonym(session, actor, study, pseudonym.removeprefix("/"))
        return _told(session, actor, wanted, study)

    me, told = shell.ask(door, question)
    return shell.page(
        "studies/participant.html",
        me,
        told=told,
        participant=told.card,
        study=told.study,
        zone=told.zone,
        today=told.today,
        unscheduled=participants.UNSCHEDULED,
        reasons=[reason.value for reason in MissedReason],
        standing=schedule.standing,
        outside=schedule.outside,
        planned_from=planned_from,
    )


def participant_address(study: str, pseudonym: str) -> str:
    """The page of a participant."""
    return f"/studies/{quote(study, safe='')}/participants/{quote(pseudonym)}"


def planned_from(card: ParticipantCard, occasion: int) -> list[VisitRow]:
    """The visits that get other days when the anchor moves: planned ones, counted from it."""
    return [
        visit
        for visit in card.visits
        if visit.status == "planned" and visit.occasion == occasion and (visit.planned_on or occasion)
    ]


def _told(session: Session, actor: Actor, participant: Participant, code: str) -> Told:
    study = studies.by_code(session, actor, code)
    events = studies.events(session, study)
    card = participants.card(session, participant)
    zone = accounts.site_by_code(session, card.site)
    return Told(
        card=card,
        study=studies.card(session, study),
        answers=participants.answers(participants.consents(session, participant)),
        consents=consents_of(session, study),
        titles={event.code: event.title for event in events},
        operated=bool(card.procedures)
        or any(
            event.anchor is Anchor.PROCEDURE and participants.scheduling.is_for(event, card.arm)
            for event in events
        ),
        zone=zone.time_zone,
        today=schedule.today_at([accounts.site_row(zone)])[card.site],
        history=trail.of_subject(session, participant.id),
    )


# --- acts ---


@post("/studies/{study:str}/participants", sync_to_thread=True)
def enroll(request: Asked, door: web.OpenDoor, form: Form, study: FromPath[str]) -> Response[Any]:
    """Enrol a participant with a consent; the planned visits are opened with it."""
    told = {
        "study": study,
        **{name: shell.one(form, name) for name in ("site", "pseudonym", "arm", "enrolled_on")},
        "attributes": _attributes(form),
        "consent": _consent(form),
    }
    order = inputs.read(Enrolment, told, form=True)
    return _act(request, door, lambda session, actor: participants.enroll(session, actor, order))


@post("/studies/{study:str}/arms", sync_to_thread=True)
def change_arm(request: Asked, door: web.OpenDoor, form: Form, study: FromPath[str]) -> Response[Any]:
    """Put a participant into another arm, from a day on."""
    order = inputs.read(ArmOrder, _fields(form, study, "arm", "since"), form=True)
    return _act(request, door, lambda session, actor: participants.change_arm(session, actor, order))


@post("/studies/{study:str}/enrolment-dates", sync_to_thread=True)
def set_enrolment_date(request: Asked, door: web.OpenDoor, form: Form, study: FromPath[str]) -> Response[Any]:
    """Set the day of enrolment; what is planned is counted from it anew."""
    order = inputs.read(EnrolmentDateOrder, _fields(form, study, "enrolled_on"), form=True)
    return _act(request, door, lambda session, actor: participants.set_enrolment_date(session, actor, order))


@post("/studies/{study:str}/procedures", sync_to_thread=True)
def set_procedure(request: Asked, door: web.OpenDoor, form: Form, study: FromPath[str]) -> Response[Any]:
    """Add a procedure, or set what one is called and when it happens."""
    order = inputs.read(ProcedureOrder, _fields(form, study, "number", "name", "happens_on"), form=True)
    return _act(request, door, lambda session, actor: participants.set_procedure(session, actor, order))


@post("/studies/{study:str}/procedure-cancellations", sync_to_thread=True)
def cancel_procedure(request: Asked, door: web.OpenDoor, form: Form, study: FromPath[str]) -> Response[Any]:
    """A procedure will not take place."""
    order = inputs.read(ProcedureCancellation, _fields(form, study, "number"), form=True)
    return _act(request, door, lambda session, actor: participants.cancel_procedure(session, actor, order))


@post("/studies/{study:str}/consents", sync_to_thread=True)
def give_consent(request: Asked, door: web.OpenDoor, form: Form, study: FromPath[str]) -> Response[Any]:
    """Record further answers of a participant."""
    order = inputs.read(ConsentOrder, _consent(form), form=True)
    pseudonym = shell.one(form, "pseudonym")
    return _act(
        request,
        door,
        lambda session, actor: participants.give_consent(session, actor, study, pseudonym, order),
    )


@post("/studies/{study:str}/visits", sync_to_thread=True)
def open_visit(request: Asked, door: web.OpenDoor, form: Form, study: FromPath[str]) -> Response[Any]:
    """Open a visit outside the plan, and go to it."""
    order = inputs.read(VisitOrder, _fields(form, study, "label"), form=True)
    code = door.act(lambda session, actor: participants.open_visit(session, actor, order).code, str)
    return shell.go(request, f"/visits/{code}")


@post("/visits/{code:str}/came", sync_to_thread=True)
def come(request: Asked, door: web.OpenDoor, form: Form, code: FromPath[str]) -> Response[Any]:
    """A planned visit took place, now or on the site's clock; nothing need be collected at it."""
    told = {"visit": code}
    if at := shell.one(form, "at"):
        bench = door.ask(lambda session, actor: specimens.workbench(session, actor, code))
        told["took_place"] = with_offset(at, bench.time_zone)
    order = inputs.read(CameOrder, told, form=True)
    door.act(lambda session, actor: participants.came(session, actor, order).code, str)
    return shell.go(request, shell.local(shell.one(form, "next"), f"/visits/{code}"))


@post("/visits/{code:str}/missed", sync_to_thread=True)
def miss(request: Asked, door: web.OpenDoor, form: Form, code: FromPath[str]) -> Response[Any]:
    """A planned visit did not take place, and why."""
    order = inputs.read(MissOrder, {"visit": code, "reason": shell.one(form, "reason")}, form=True)
    door.act(lambda session, actor: participants.miss(session, actor, order).code, str)
    return shell.go(request, shell.local(shell.one(form, "next"), f"/visits/{code}"))


@post("/visits/{code:str}/planned-again", sync_to_thread=True)
def plan_again(request: Asked, door: web.OpenDoor, form: Form, code: FromPath[str]) -> Response[Any]:
    """Plan a missed visit once more."""
    door.act(lambda session, actor: participants.plan_again(session, actor, code).code, str)
    return shell.go(request, shell.local(shell.one(form, "next"), f"/visits/{code}"))


# --- how ---


def _act(request: Asked, door: web.OpenDoor, work: Callable[[Session, Actor], Participant]) -> Response[Any]:
    """Do something to a participant, then show them."""

    def acted(session: Session, actor: Actor) -> ParticipantCard:
        return participants.card(session, work(session, actor))

    made = door.act(acted, ParticipantCard)
    return shell.go(request, participant_address(made.study, made.pseudonym))


def _fields(form: shell.Fields, study: str, *names: str) -> dict[str, str]:
    told = {name: shell.one(form, name) for name in ("pseudonym", *names) if name in form}
    return {"study": study, **told}


def _attributes(form: shell.Fields) -> dict[str, str | int]:
    """`attribute.sex=female` and so on; what looks like a whole number is one."""
    told: dict[str, str | int] = {}
    for name in form:
        value = shell.one(form, name).strip()
        if name.startswith("attribute.") and value:
            number = value.isascii() and value.isdigit() and len(value) < 10
            told[name.removeprefix("attribute.")] = int(value) if number else value
    return told


def _consent(form: shell.Fields) -> dict[str, str | list[str]]:
    """`answer.genetics=no` and so on; a scope without an answer is neither."""
    said = {
        name.removeprefix("answer."): shell.one(form, name) for name in form if name.startswith("answer.")
    }
    told: dict[str, str | list[str]] = {
        "scopes": [scope for scope, answer in said.items() if answer == "yes"],
        "declined": [scope for scope, answer in said.items() if answer == "no"],
    }
    return told | {name: shell.one(form, name) for name in ("version", "given_on") if shell.one(form, name)}


HANDLERS = [
    participant_page,
    enroll,
    change_arm,
    set_enrolment_date,
    set_procedure,
    cancel_procedure,
    give_consent,
    open_visit,
    come,
    miss,
    plan_again,
]
