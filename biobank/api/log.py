"""The log: every event in your scope, newest first."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlmodel import Session

from biobank import inputs, participants, trail
from biobank.api.answers import CSV, Limit, Page, csv_file, spread_sheet
from biobank.api.documents import noun
from biobank.api.files import XLSX, work_book, xlsx_file
from biobank.custody import Chain, Kind
from biobank.people import Actor
from biobank.specimens import families
from biobank.specimens.families import Family
from biobank.trail import LogAsked, LogRow
from biobank.web import OpenDoor

About = Annotated[
    str | None, QueryParameter(description=f"What it happened to: one of {', '.join(trail.ABOUT)}.")
]
Code = Annotated[
    str | None, QueryParameter(description="A code, a pseudonym, or the name of a person or a station.")
]
From = Annotated[str | None, QueryParameter(description="The first day, such as 2026-05-04.")]
Until = Annotated[str | None, QueryParameter(description="The last day, such as 2026-05-04.")]
Corrections = Annotated[bool, QueryParameter(description="Only what corrects or undoes another event.")]
Older = Annotated[UUID | None, QueryParameter(description="`next` of the page before.")]


def asked(  # noqa: PLR0913, PLR0917 - a filter of the address each
    about: About = None,
    kind: FromQuery[Kind | None] = None,
    person: FromQuery[str | None] = None,
    station: FromQuery[str | None] = None,
    since: From = None,
    until: Until = None,
    code: Code = None,
    corrections: Corrections = False,  # noqa: FBT002 - a filter of the address
) -> LogAsked:
    """Which events an address asks for. Refused: what a `LogAsked` refuses, by its field."""
    told = {
        "about": about,
        "kind": kind,
        "person": person,
        "station": station,
        "since": since,
        "until": until,
        "code": code,
        "corrections": corrections,
    }
    return inputs.read(LogAsked, told)


WHICH = {"asked": Provide(asked, sync_to_thread=False)}


@get("/log", sync_to_thread=True, dependencies=WHICH)
def read_log(
    door: OpenDoor, asked: NamedDependency[LogAsked], limit: Limit = 50, after: Older = None
) -> Page[LogRow]:
    """Events in your scope that fit, newest first, in the order of the log.

    Of what, by whom and where there is no index: a page may have fewer events than `limit`, or none, and
    still a `next` that looks further back.
    """
    page = door.ask(lambda session, actor: trail.log(session, actor, asked, after=after, limit=limit))
    return Page(page.rows, str(page.next) if page.next else None)


@get("/log.csv", sync_to_thread=True, media_type=CSV, responses=spread_sheet(), dependencies=WHICH)
def read_log_as_csv(door: OpenDoor, asked: NamedDependency[LogAsked]) -> Response[bytes]:
    """The newest 10,000 events in your scope that fit, as CSV."""
    rows = door.ask(lambda session, actor: trail.everything(session, actor, asked))
    return csv_file("log.csv", LogRow, rows)


@get("/log.xlsx", sync_to_thread=True, media_type=XLSX, responses=work_book(), dependencies=WHICH)
def read_log_as_xlsx(door: OpenDoor, asked: NamedDependency[LogAsked]) -> Response[bytes]:
    """The newest 10,000 events in your scope that fit, as a spreadsheet."""
    rows = door.ask(lambda session, actor: trail.everything(session, actor, asked))
    return xlsx_file("log.xlsx", LogRow, rows)


@get("/log/participants/{study:str}/{pseudonym:path}", sync_to_thread=True)
def participant_history(door: OpenDoor, study: FromPath[str], pseudonym: FromPath[str]) -> list[LogRow]:
    """What happened to a participant, newest first: enrolment, consents, arm, withdrawal."""

    def question(session: Session, actor: Actor) -> list[LogRow]:
        found = participants.by_pseudonym(session, actor, study, pseudonym.removeprefix("/"))
        return trail.of_subject(session, found.id)

    return door.ask(question)


@get("/log/visits/{code:str}", sync_to_thread=True)
def visit_history(door: OpenDoor, code: FromPath[str]) -> list[LogRow]:
    """What happened to a visit, newest first: planned, made, missed, linked to data."""

    def question(session: Session, actor: Actor) -> list[LogRow]:
        return trail.of_subject(session, participants.visit_by_code(session, actor, code)[0].id)

    return door.ask(question)


@get("/specimens/{code:str}/tree", sync_to_thread=True)
def get_tree(door: OpenDoor, code: FromPath[str]) -> Family:
    """The family of a specimen: from the tube that was drawn, all that was made of it."""
    return door.ask(lambda session, actor: families.tree(session, actor, code))


@get("/specimens/{code:str}/chain", sync_to_thread=True)
def get_chain(door: OpenDoor, code: FromPath[str]) -> Chain:
    """Whether the history of a specimen holds: its numbers, links, hashes, states."""
    return door.ask(lambda session, actor: families.chain(session, actor, code))


HANDLERS = noun(
    "log",
    [read_log, read_log_as_csv, read_log_as_xlsx, participant_history, visit_history, get_tree, get_chain],
)
