"""The log: every event in your scope, newest first."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from biobank import inputs, trail
from biobank.api.answers import CSV, Limit, Page, csv_file, spread_sheet
from biobank.api.documents import noun
from biobank.custody import Kind
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


router = noun("log", [read_log, read_log_as_csv])
