"""The agenda: which visits are due, overdue, to come, out of their window or missed; and the calendar."""

import calendar
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, false, func, or_
from sqlmodel import Session, col, select

from biobank import accounts, clock, people, studies
from biobank.database import by_id
from biobank.errors import Malformed
from biobank.inputs import Input, Line, Pseudonym
from biobank.participants.scheduling import site_day
from biobank.people import Actor, May
from biobank.tables import (
    Event,
    Participant,
    Procedure,
    Site,
    Study,
    Visit,
    VisitStatus,
    Withdrawal,
)
from biobank.texts import N_

_DAY = timedelta(days=1)


# --- words ---


class Of(StrEnum):
    """The lists: each visit stands in one of them at most."""

    DUE = "due"
    OVERDUE = "overdue"
    UPCOMING = "upcoming"
    OUT_OF_WINDOW = "out_of_window"
    MISSED = "missed"


class Asked(Input):
    """Which list, of which study, site and participant. Without a day it is today at each site."""

    of: Of = Of.DUE
    study: Line | None = None
    site: Line | None = None
    participant: Pseudonym | None = None
    day: date | None = None


class AgendaRow(msgspec.Struct, frozen=True):
    """A visit in a list.

    `days` is how many are left of a due one's window, how many an overdue one is late, how many until
    one to come opens, and how many a visit out of its window came after it (or, below zero, before).
    `procedure` names the one it is counted from, `reason` says why it was missed.
    """

    visit: str
    study: str
    site: str
    participant: str
    arm: str
    event: str
    title: str
    procedure: str
    planned_on: date | None
    opens_on: date | None
    closes_on: date | None
    came_on: date | None
    status: str
    reason: str
    days: int | None

    @property
    def place(self) -> str:
        """The `after` of the rows that follow this one."""
        return f"{self.closes_on or ''}/{self.visit}"


class Counts(msgspec.Struct, frozen=True):
    """How many visits stand in each list."""

    due: int
    overdue: int
    upcoming: int
    out_of_window: int
    missed: int


class Pressing(msgspec.Struct, frozen=True):
    """How many visits are due, and how many overdue, counted no further than was asked."""

    due: int
    overdue: int


class CalendarDay(msgspec.Struct, frozen=True):
    """A day of a month, and the visits that were made or are planned on it."""

    day: date
    visits: list[AgendaRow]


# --- questions ---


def agenda(session: Session, actor: Actor, asked: Asked, limit: int = 50, after: str = "") -> list[AgendaRow]:
    """A list of visits in the actor's scope, those whose window closes first before the others.

    `after` is the `place` of the last row shown. Visits of participants who withdrew are neither due nor
    overdue nor to come. Refused: a study or site that is not there, an `after` of no list.
    """
    days = _days(session, asked.day)
    wanted = select(Visit, Participant).join(Participant, col(Participant.id) == col(Visit.participant_id))
    wanted = wanted.where(*_within(session, actor, asked), *_listed(asked.of, days))
    if after:
        wanted = wanted.where(_behind(after))
    closes = col(Visit.closes_on)
    # Only what was missed may have no window; the others are read in the order of their index.
    order = closes.nulls_last() if asked.of is Of.MISSED else closes
    found = session.exec(wanted.order_by(order, col(Visit.code)).limit(limit)).all()
    return _rows(session, found, days)


def counts(session: Session, actor: Actor, asked: Asked) -> Counts:
    """How long each of the lists is; which one is asked for makes no difference."""
    return Counts(*_count(session, actor, asked, list(Of)))


def pressing(session: Session, actor: Actor, most: int = 1000) -> Pressing:
    """How many visits in the actor's scope are due and overdue today, each counted to `most`."""
    return Pressing(*_count(session, actor, Asked(), [Of.DUE, Of.OVERDUE], most))


def month(
    session: Session,
    actor: Actor,
    study: str | None,
    year: int,
    number: int,
    site: str | None = None,
    participant: str | None = None,
) -> list[CalendarDay]:
    """Every day of a month: visits that were made stand on the day they were, others on the planned one.

    Without a study they are those of all studies in the actor's scope. Refused: a month
    that no calendar has, a study or site that is not there.
    """
    if not (1900 <= year <= 2200 and 1 <= number <= 12):
        raise Malformed("month_unknown", N_("There is no such month."), field="month")
    first = date(year, number, 1)
    last = first.replace(day=calendar.monthrange(year, number)[1])
    planned = and_(
        col(Visit.planned_on).between(first, last),
        or_(col(Visit.status) == VisitStatus.MISSED, and_(_is_planned(), _stays())),
    )
    came = and_(col(Visit.came_on).between(first, last), col(Visit.status) == VisitStatus.DONE)
    wanted = select(Visit, Participant).join(Participant, col(Participant.id) == col(Visit.participant_id))
    within = _within(session, actor, Asked(study=study, site=site, participant=participant))
    ordered = wanted.where(*within, or_(planned, came)).order_by(col(Participant.pseudonym), col(Visit.id))
    on: defaultdict[date | None, list[AgendaRow]] = defaultdict(list)
    for row in _rows(session, session.exec(ordered).all(), _days(session, None)):
        on[row.came_on if row.status == VisitStatus.DONE else row.planned_on].append(row)
    return [CalendarDay(day, on[day]) for day in (first + _DAY * each for each in range(last.day))]


# --- how ---


def _days(session: Session, day: date | None) -> dict[UUID, date]:
    """Today on the calendar of each site, or the day that was asked for."""
    now: datetime = clock.now()
    sites = session.exec(select(Site.id, Site.time_zone))
    return {key: day or site_day(zone, now) for key, zone in sites}


def _count(
    session: Session, actor: Actor, asked: Asked, lists: Sequence[Of], most: int | None = None
) -> Sequence[int]:
    """How long some lists are, in one statement; counted to `most`, where that is told."""
    days, within = _days(session, asked.day), _within(session, actor, asked)
    visits = (
        select(Visit.id).join(Participant, col(Participant.id) == col(Visit.participant_id)).where(*within)
    )
    some = [visits.where(*_listed(of, days)).limit(most).subquery() for of in lists]
    numbers = [select(func.count()).select_from(each).scalar_subquery() for each in some]
    return list(session.execute(select(*numbers)).one())


def _within(session: Session, actor: Actor, asked: Asked) -> list[ColumnElement[bool]]:
    """What the actor may see of what was asked for."""
    within = [people.visible(actor, May.SEE, Participant)]
    if asked.study is not None:
        within.append(col(Participant.study_id) == studies.by_code(session, actor, asked.study).id)
    if asked.site is not None:
        within.append(col(Participant.site_id) == accounts.site_by_code(session, asked.site).id)
    if asked.participant is not None:
        within.append(col(Participant.pseudonym) == asked.participant)
    return within


def _is_planned() -> ColumnElement[bool]:
    return col(Visit.status) == VisitStatus.PLANNED


def _stays() -> ColumnElement[bool]:
    """Whether the participant did not withdraw."""
    gone = select(Withdrawal.id).where(col(Withdrawal.participant_id) == col(Visit.participant_id))
    return ~gone.exists()


def _listed(of: Of, days: dict[UUID, date]) -> list[ColumnElement[bool]]:
    """What a visit is that stands in this list."""
    opens, closes, came = col(Visit.opens_on), col(Visit.closes_on), col(Visit.came_on)
    if of is Of.MISSED:
        return [col(Visit.status) == VisitStatus.MISSED]
    if of is Of.OUT_OF_WINDOW:
        return [col(Visit.status) == VisitStatus.DONE, or_(came < opens, came > closes)]
    at: defaultdict[date, list[UUID]] = defaultdict(list)
    for site, day in days.items():
        at[day].append(site)
    if not at:
        return [false()]  # where there is no site nobody is seen
    # On Earth it is one of three days at once; the first bound is the one the index can follow.
    if of is Of.OVERDUE:
        bound = closes < max(at)
        each = [closes < day for day in at]
    elif of is Of.DUE:
        bound = closes >= min(at)
        each = [and_(opens <= day, closes >= day) for day in at]
    else:
        bound = closes >= min(at)
        each = [opens > day for day in at]
    here = [
        and_(col(Participant.site_id).in_(sites), rule) for sites, rule in zip(at.values(), each, strict=True)
    ]
    return [_is_planned(), bound, or_(*here), _stays()]


def _behind(after: str) -> ColumnElement[bool]:
    """The rows that follow a place in a list."""
    day, _, code = after.partition("/")
    closes, later = col(Visit.closes_on), col(Visit.code) > code
    if not day:
        return and_(closes.is_(None), later)
    try:
        reached = date.fromisoformat(day)
    except ValueError:
        message = N_("This is no place in the list: %(after)s. Begin at its top.")
        raise Malformed("place_unreadable", message, field="after", after=after[:60]) from None
    return or_(closes > reached, and_(closes == reached, later), closes.is_(None))


def _rows(
    session: Session, found: Sequence[tuple[Visit, Participant]], days: dict[UUID, date]
) -> list[AgendaRow]:
    events = by_id(session, Event, {visit.event_id for visit, _ in found})
    procedures = by_id(session, Procedure, {visit.procedure_id for visit, _ in found})
    all_studies = by_id(session, Study, {participant.study_id for _, participant in found})
    sites = by_id(session, Site, {participant.site_id for _, participant in found})
    return [
        AgendaRow(
            visit=visit.code,
            study=all_studies[participant.study_id].code,
            site=sites[participant.site_id].code,
            participant=participant.pseudonym,
            arm=participant.arm,
            event=visit.label,
            title=events[visit.event_id].title if visit.event_id else "",
            procedure=_named(procedures.get(visit.procedure_id)),
            planned_on=visit.planned_on,
            opens_on=visit.opens_on,
            closes_on=visit.closes_on,
            came_on=visit.came_on,
            status=visit.status.value,
            reason=visit.missed_reason,
            days=_count_days(visit, days[participant.site_id]),
        )
        for visit, participant in found
    ]


def _named(procedure: Procedure | None) -> str:
    return f"{procedure.number}. {procedure.name}" if procedure else ""


def _count_days(visit: Visit, today: date) -> int | None:
    opens, closes, came = visit.opens_on, visit.closes_on, visit.came_on
    if opens is None or closes is None:
        return None
    if visit.status is VisitStatus.DONE and came:
        return min((came - opens).days, 0) + max((came - closes).days, 0)
    if visit.status is not VisitStatus.PLANNED:
        return None
    if today < opens:
        return (opens - today).days
    return abs((closes - today).days)
