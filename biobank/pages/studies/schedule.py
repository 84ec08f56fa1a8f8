"""The schedule: visits due, overdue, to come, out of their window or missed; a calendar; a file of a list."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, get
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, clock, inputs, participants, studies, web
from biobank.accounts import SiteRow
from biobank.errors import Malformed
from biobank.pages import files, shell
from biobank.participants import AgendaRow, Asked, CalendarDay, Counts, Of, VisitRow
from biobank.people import Actor
from biobank.studies import StudyCard
from biobank.texts import N_
from biobank.texts import gettext as _

PAGE = 50
AT_ONCE = 1000
"""Rows of a file that are read by one statement."""

_FILTERS = ("of", "study", "site", "participant")
_MONTH = re.compile(r"(\d{4})-(\d\d)", re.ASCII)
_MONTHS = (
    N_("January"),
    N_("February"),
    N_("March"),
    N_("April"),
    N_("May"),
    N_("June"),
    N_("July"),
    N_("August"),
    N_("September"),
    N_("October"),
    N_("November"),
    N_("December"),
)


class Around(msgspec.Struct, frozen=True):
    """What stands around every view: the study it is within, what can be chosen, how long each list is."""

    study: StudyCard | None
    studies: list[StudyCard]
    sites: list[SiteRow]
    counts: Counts


class View:
    """A view of the schedule, of one study or all, and the addresses of its neighbours."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        self.within: str | None = request.path_params.get("study")
        told = {name: request.query_params.get(name, "") for name in _FILTERS}
        self.asked = inputs.read(Asked, told | ({"study": self.within} if self.within else {}), form=True)
        self.base = f"/studies/{quote(self.within, safe='')}/schedule" if self.within else "/schedule"
        self.months = request.url.path.endswith("/month")

    def address(self, where: str = "", **changes: str) -> str:
        """Another place of the schedule, with what is filtered kept."""
        asked = self.asked
        kept = {"of": asked.of.value, "study": "" if self.within else asked.study or ""}
        kept |= {"site": asked.site or "", "participant": asked.participant or ""} | changes
        query = urlencode({name: value for name, value in kept.items() if value})
        return f"{self.base}{where}?{query}"

    @property
    def filtered(self) -> bool:
        """Whether something but the list was chosen."""
        return bool(self.asked.site or self.asked.participant or (self.asked.study and not self.within))


# --- pages ---


def schedule_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """One of the lists, with the number of visits in each."""
    view, after = View(request), request.query_params.get("after", "")[:40]

    def question(session: Session, actor: Actor) -> tuple[Around, list[AgendaRow]]:
        rows = participants.agenda(session, actor, view.asked, PAGE + 1, after)
        return _around(session, actor, view), rows

    me, (around, rows) = shell.ask(door, question)
    return shell.page(
        "schedule/list.html",
        me,
        view=view,
        around=around,
        study=around.study,
        lists=[each.value for each in Of],
        rows=rows[:PAGE],
        following=rows[PAGE - 1].place if len(rows) > PAGE else "",
        after=after,
    )


def month_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """The visits of a month on their days: made ones on the day they were, others on the planned one."""
    view = View(request)
    asked = view.asked

    def question(session: Session, actor: Actor) -> tuple[Around, Mapping[str, date], list[CalendarDay]]:
        around = _around(session, actor, view)
        days = today_at(around.sites)
        year, number = month_of(request.query_params.get("month", ""), _here(days, asked.site))
        found = participants.month(session, actor, asked.study, year, number, asked.site, asked.participant)
        return around, days, found

    me, (around, days, found) = shell.ask(door, question)
    first = found[0].day
    return shell.page(
        "schedule/month.html",
        me,
        view=view,
        around=around,
        study=around.study,
        weeks=list(weeks(found)),
        heading=_("%(month)s %(year)s") % {"month": _(_MONTHS[first.month - 1]), "year": first.year},
        before=_name(first.year, first.month - 1),
        behind=_name(first.year, first.month + 1),
        month=_name(first.year, first.month),
        today=_here(days, asked.site),
        days=days,
        standing=standing,
        outside=outside,
    )


def schedule_file(request: Request[Any, Any, Any], door: web.OpenDoor) -> Response[bytes]:
    """A whole list as a file, with every column it has."""
    view = View(request)
    files.kind_asked(request)
    rows = door.ask(lambda session, actor: list(_every(session, actor, view.asked)))
    names = [name for name in ("schedule", view.asked.study, view.asked.of.value) if name]
    return files.sheet(request, names, _header(), map(msgspec.structs.astuple, rows))


# --- where a visit stands ---


def standing(visit: VisitRow | AgendaRow, today: date) -> str:
    """Done, missed or cancelled; one that is planned is due, overdue or upcoming, if it has days at all."""
    if visit.status != "planned" or visit.opens_on is None or visit.closes_on is None:
        return visit.status
    if today < visit.opens_on:
        return "upcoming"
    return "overdue" if today > visit.closes_on else "due"


def outside(visit: VisitRow | AgendaRow) -> bool:
    """Whether somebody came before or after the window."""
    if visit.came_on is None or visit.opens_on is None or visit.closes_on is None:
        return False
    return not visit.opens_on <= visit.came_on <= visit.closes_on


def today_at(sites: list[SiteRow]) -> Mapping[str, date]:
    """Today on the calendar of each site."""
    now = clock.now()
    return {site.code: participants.scheduling.site_day(site.time_zone, now) for site in sites}


def weeks(days: list[CalendarDay]) -> Iterator[list[CalendarDay | None]]:
    """Rows of seven from Monday to Sunday, nothing where a day is of another month."""
    cells: list[CalendarDay | None] = [*[None] * days[0].day.weekday(), *days]
    cells += [None] * (-len(cells) % 7)
    for start in range(0, len(cells), 7):
        yield cells[start : start + 7]


def month_of(text: str, today: date) -> tuple[int, int]:
    """Year and month of `2026-03`; today's of nothing. Refused: anything else."""
    if not text:
        return today.year, today.month
    found = _MONTH.fullmatch(text)
    if found is None:
        message = N_("“%(text)s” is no month. Write it like 2026-03.")
        raise Malformed("month_unreadable", message, field="month", text=text[:20])
    return int(found[1]), int(found[2])


# --- how ---


def _around(session: Session, actor: Actor, view: View) -> Around:
    within = studies.by_code(session, actor, view.within) if view.within else None
    return Around(
        study=studies.card(session, within) if within else None,
        studies=[] if within else studies.everything(session, actor),
        sites=accounts.sites(session, actor),
        counts=participants.counts(session, actor, view.asked),
    )


def _here(days: Mapping[str, date], site: str | None) -> date:
    """Today at the chosen site, or at the first of those one sees."""
    return days.get(site or "") or next(iter(days.values()), clock.now().date())


def _name(year: int, month: int) -> str:
    """`2026-03`; months 0 and 13 are those of the years beside. Empty where the calendar ends."""
    whole = year * 12 + month - 1
    year, month = whole // 12, whole % 12 + 1
    return f"{year}-{month:02}" if 1900 <= year <= 2200 else ""


def _every(session: Session, actor: Actor, asked: Asked) -> Iterator[AgendaRow]:
    after = ""
    while True:
        rows = participants.agenda(session, actor, asked, AT_ONCE, after)
        yield from rows
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].place


def _header() -> list[str]:
    """The names of the columns of a file, in the order of AgendaRow."""
    return [
        _("Visit"),
        _("Study"),
        _("Site"),
        _("Participant"),
        _("Arm"),
        _("Event"),
        _("Title"),
        _("Procedure"),
        _("Planned on"),
        _("Window opens"),
        _("Window closes"),
        _("Came on"),
        _("State"),
        _("Reason"),
        _("Days"),
    ]


HANDLERS = [
    get(f"{base}/schedule{end}", sync_to_thread=True)(view)
    for base in ("", "/studies/{study:str}")
    for end, view in (("", schedule_page), ("/month", month_page), ("/file", schedule_file))
]
