"""Studies: the list of them, the participants of one with a form to enrol, and how it comes along."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, participants, progress, studies, web
from biobank.accounts import SiteRow
from biobank.pages import charts, shell
from biobank.pages.studies import schedule
from biobank.participants import ParticipantCard, VisitRow
from biobank.people import Actor, May
from biobank.progress import By
from biobank.studies import StudyCard
from biobank.tables import Scope, Study

PAGE = 50


class Noted(msgspec.Struct, frozen=True):
    """What the protocol notes of a participant, as a field of the form."""

    name: str
    values: list[str]
    lowest: int | None
    highest: int | None


class Consents(msgspec.Struct, frozen=True):
    """The versions of the consent, the newest first, each with its scopes; none where any may be told."""

    versions: dict[str, list[str]]

    def scopes(self, version: str = "") -> list[str]:
        """What a version asks; the newest one where none is named, all there is where there are none."""
        if not self.versions:
            return [scope.value for scope in Scope]
        return self.versions.get(version) or next(iter(self.versions.values()))


class Line(msgspec.Struct, frozen=True):
    """A participant in the list, with the visit that comes next and where it stands."""

    card: ParticipantCard
    next: VisitRow | None
    standing: str


class Told(msgspec.Struct, frozen=True):
    """A study, a page of its participants (one more than are shown), and what enrolling asks."""

    study: StudyCard
    participants: list[ParticipantCard]
    noted: list[Noted]
    consents: Consents
    sites: list[SiteRow]
    days: Mapping[str, date]


@get("/studies", sync_to_thread=True)
def studies_page(door: web.OpenDoor) -> Template:
    """The studies in scope."""
    me, found = shell.ask(door, studies.everything)
    return shell.page("studies/studies.html", me, studies=found)


@get("/studies/{study:str}", sync_to_thread=True)
def study_page(request: Request[Any, Any, Any], door: web.OpenDoor, study: FromPath[str]) -> Template:
    """The participants of a study, each with the visit that comes next, and a form to enrol one."""
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
            consents=consents_of(session, found),
            sites=accounts.sites(session, actor, May.REGISTER),
            days=schedule.today_at(accounts.sites(session, actor)),
        )

    me, told = shell.ask(door, question)
    days = schedule.today_at(told.sites)
    return shell.page(
        "studies/study.html",
        me,
        told=told,
        study=told.study,
        shown=[_line(card, told.days) for card in told.participants[:PAGE]],
        more=len(told.participants) > PAGE,
        after=after,
        today=next(iter(days.values()), None),
    )


@get("/studies/{study:str}/progress", sync_to_thread=True)
def progress_page(request: Request[Any, Any, Any], door: web.OpenDoor, study: FromPath[str]) -> Template:
    """How a study comes along, in lines for each event, arm, material or site."""
    told = request.query_params.get("by", "")
    by = By(told) if told in set(By) else By.EVENT

    def question(session: Session, actor: Actor) -> tuple[StudyCard, dict[str, object]]:
        card = studies.card(session, studies.by_code(session, actor, study))
        return card, charts.told(
            progress.collected(session, actor, study, by),
            progress.accrual(session, actor, study),
            progress.delays(session, actor, study),
            progress.shortfalls(session, actor, study),
        )

    me, (card, shown) = shell.ask(door, question)
    return shell.page("studies/progress.html", me, study=card, **shown)


@get("/studies/{study:str}/answers", sync_to_thread=True)
def answers_asked(request: Request[Any, Any, Any], door: web.OpenDoor, study: FromPath[str]) -> Template:
    """The scopes of the version that was chosen, to be answered with yes or no."""
    version = request.query_params.get("version", "")

    def question(session: Session, actor: Actor) -> Consents:
        return consents_of(session, studies.by_code(session, actor, study))

    me, consents = shell.ask(door, question)
    return shell.page("studies/_answers.html", me, scopes=consents.scopes(version))


def consents_of(session: Session, study: Study) -> Consents:
    """What the protocol in force says of consents."""
    known = studies.consent_versions(session, study)
    return Consents({each.version: each.scopes for each in reversed(known)})


def _line(card: ParticipantCard, days: Mapping[str, date]) -> Line:
    planned = [visit for visit in card.visits if visit.status == "planned"]
    # Who is asked to come next: the window that closes first, one without days last.
    following = min(planned, key=lambda visit: visit.closes_on or date.max, default=None)
    today = days.get(card.site)
    return Line(card, following, schedule.standing(following, today) if following and today else "")


HANDLERS = [studies_page, study_page, progress_page, answers_asked]
