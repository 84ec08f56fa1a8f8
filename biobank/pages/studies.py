"""Studies, their participants, and visits outside the plan."""

from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, clock, inputs, participants, studies, web
from biobank.accounts import SiteRow
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.participants import Enrolment, ParticipantCard, VisitOrder
from biobank.people import Actor, May
from biobank.studies import StudyCard
from biobank.tables import Scope

PAGE = 50


class Noted(msgspec.Struct, frozen=True):
    """What the protocol notes of a participant, as a field of the form."""

    name: str
    values: list[str]
    lowest: int | None
    highest: int | None


class Told(msgspec.Struct, frozen=True):
    """A study, a page of its participants (one more than are shown), and what enrolling asks."""

    study: StudyCard
    participants: list[ParticipantCard]
    noted: list[Noted]
    sites: list[SiteRow]


@get("/studies", sync_to_thread=True)
def studies_page(door: web.OpenDoor) -> Template:
    """The studies in scope."""
    me, found = shell.ask(door, studies.everything)
    return shell.page("studies/studies.html", me, studies=found)


@get("/studies/{study:str}", sync_to_thread=True)
def study_page(request: Request[Any, Any, Any], door: web.OpenDoor, study: FromPath[str]) -> Template:
    """The participants of a study, and a form to enrol one."""
    after = request.query_params.get("after", "")[:40]

    def question(session: Session, actor: Actor) -> Told:
        found = studies.by_code(session, actor, study)
        return Told(
            study=studies.card(session, found),
            participants=participants.page(session, actor, study, after, PAGE + 1),
            noted=[
                Noted(each.name, each.values, each.lowest, each.highest)
                for each in studies.attributes(session, found)
            ],
            sites=accounts.sites(session, actor, May.REGISTER),
        )

    me, told = shell.ask(door, question)
    zone = told.sites[0].time_zone if told.sites else "UTC"
    return shell.page(
        "studies/study.html",
        me,
        told=told,
        study=told.study,
        shown=told.participants[:PAGE],
        more=len(told.participants) > PAGE,
        after=after,
        today=clock.now().astimezone(ZoneInfo(zone)).date().isoformat(),
        scopes=[scope.value for scope in Scope],
    )


@post("/studies/{study:str}/participants", sync_to_thread=True)
def enroll(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, study: FromPath[str]
) -> Response[Any]:
    """Enrol a participant with a consent; the planned visits are opened with it."""
    told = {
        "study": study,
        **{name: shell.one(form, name) for name in ("site", "pseudonym", "arm", "enrolled_on")},
        "attributes": _attributes(form),
        "consent": _consent(form),
    }
    order = inputs.read(Enrolment, told, form=True)

    def work(session: Session, actor: Actor) -> ParticipantCard:
        return participants.card(session, participants.enroll(session, actor, order))

    made = door.act(work, ParticipantCard)
    return shell.go(request, participant_address(made.study, made.pseudonym))


@get("/studies/{study:str}/participants/{pseudonym:path}", sync_to_thread=True)
def participant_page(door: web.OpenDoor, study: FromPath[str], pseudonym: FromPath[str]) -> Template:
    """A participant with consent and visits."""

    def question(session: Session, actor: Actor) -> tuple[ParticipantCard, str]:
        wanted = pseudonym.removeprefix("/")
        found = participants.card(session, participants.by_pseudonym(session, actor, study, wanted))
        return found, accounts.site_by_code(session, found.site).time_zone

    me, (found, zone) = shell.ask(door, question)
    about = {"participant": found, "zone": zone, "unscheduled": participants.UNSCHEDULED}
    return shell.page("studies/participant.html", me, **about)


@post("/studies/{study:str}/visits", sync_to_thread=True)
def open_visit(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, study: FromPath[str]
) -> Response[Any]:
    """Open a visit outside the plan, and go to it."""
    told = {"study": study, "pseudonym": shell.one(form, "pseudonym"), "label": shell.one(form, "label")}
    order = inputs.read(VisitOrder, told, form=True)
    code = door.act(lambda session, actor: participants.open_visit(session, actor, order).code, str)
    return shell.go(request, f"/visits/{code}")


def participant_address(study: str, pseudonym: str) -> str:
    """The page of a participant."""
    return f"/studies/{quote(study, safe='')}/participants/{quote(pseudonym)}"


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
    told: dict[str, str | list[str]] = {"scopes": shell.several(form, "scopes")}
    for name in ("version", "given_on"):
        if shell.one(form, name):
            told[name] = shell.one(form, name)
    return told


HANDLERS = [studies_page, study_page, enroll, participant_page, open_visit]
