"""The agenda: visits due, overdue, to come, out of their window and missed, and the calendar."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlmodel import Session

from biobank import inputs, participants
from biobank.api.answers import AT_ONCE, CSV, After, Limit, Page, csv_file, page, spread_sheet
from biobank.api.documents import noun
from biobank.api.files import XLSX, work_book, xlsx_file
from biobank.errors import Malformed
from biobank.participants import AgendaRow, Asked, CalendarDay, Counts, Of
from biobank.people import Actor
from biobank.texts import N_
from biobank.web import OpenDoor

Study = Annotated[str | None, QueryParameter(description="Of this study; left out, of all in your scope.")]
Site = Annotated[str | None, QueryParameter(description="At this site.")]
Whose = Annotated[str | None, QueryParameter(description="Of this pseudonym.")]
Day = Annotated[date | None, QueryParameter(description="As of this day; left out, today at each site.")]


def asked(
    of: FromQuery[Of] = Of.DUE,
    study: Study = None,
    site: Site = None,
    participant: Whose = None,
    day: Day = None,
) -> Asked:
    """What of the agenda is asked for by an address. Refused: what an `Asked` refuses, by its field."""
    told = {"of": of, "study": study, "site": site, "participant": participant, "day": day}
    return inputs.read(Asked, told)


LIST = {"asked": Provide(asked, sync_to_thread=False)}


@get("/agenda", sync_to_thread=True, dependencies=LIST)
def list_agenda(
    door: OpenDoor, asked: NamedDependency[Asked], limit: Limit = 50, after: After = ""
) -> Page[AgendaRow]:
    """Visits of one list, those whose window closes first before the others."""
    rows = door.ask(lambda session, actor: participants.agenda(session, actor, asked, limit + 1, after))
    return page(rows, limit, lambda row: row.place)


@get("/agenda.csv", sync_to_thread=True, media_type=CSV, responses=spread_sheet(), dependencies=LIST)
def list_agenda_as_csv(door: OpenDoor, asked: NamedDependency[Asked]) -> Response[bytes]:
    """The whole of one list as CSV."""
    rows = door.ask(lambda session, actor: list(_all(session, actor, asked)))
    return csv_file(f"{asked.of.value}.csv", AgendaRow, rows)


@get("/agenda.xlsx", sync_to_thread=True, media_type=XLSX, responses=work_book(), dependencies=LIST)
def list_agenda_as_xlsx(door: OpenDoor, asked: NamedDependency[Asked]) -> Response[bytes]:
    """The whole of one list as a spreadsheet."""
    rows = door.ask(lambda session, actor: list(_all(session, actor, asked)))
    return xlsx_file(f"{asked.of.value}.xlsx", AgendaRow, rows)


@get("/agenda/counts", sync_to_thread=True)
def count_agenda(
    door: OpenDoor, study: Study = None, site: Site = None, participant: Whose = None, day: Day = None
) -> Counts:
    """How many visits stand in each list."""
    whose = asked(Of.DUE, study, site, participant, day)
    return door.ask(lambda session, actor: participants.counts(session, actor, whose))


@get("/agenda/months/{month:str}", sync_to_thread=True)
def get_month(
    door: OpenDoor,
    month: FromPath[str],
    study: Study = None,
    site: Site = None,
    participant: Whose = None,
) -> list[CalendarDay]:
    """Every day of a month such as 2026-05: visits that were made, and those planned."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Malformed("month_unknown", N_("There is no such month."), field="month") from None
    return door.ask(
        lambda session, actor: participants.month(
            session, actor, study, first.year, first.month, site, participant
        )
    )


def _all(session: Session, actor: Actor, asked: Asked) -> Iterator[AgendaRow]:
    after = ""
    while rows := participants.agenda(session, actor, asked, AT_ONCE, after):
        yield from rows
        after = rows[-1].place


HANDLERS = noun("agenda", [list_agenda, list_agenda_as_csv, list_agenda_as_xlsx, count_agenda, get_month])
