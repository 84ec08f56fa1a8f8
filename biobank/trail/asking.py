"""What of the log is asked for, and the statement that finds it without reading the whole of it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, Select, and_, case, false, literal, or_, true
from sqlalchemy import select as core_select
from sqlmodel import Session, SQLModel, col, select

from biobank import codes, people
from biobank.custody import Kind
from biobank.database import table_of
from biobank.inputs import Day, Flag, Input, Line, Scanned
from biobank.people import Actor, May
from biobank.tables import (
    Audit,
    Container,
    CustodyEvent,
    CustodySubject,
    Identifier,
    Kit,
    Participant,
    Person,
    Site,
    Specimen,
    Station,
    Study,
    Visit,
)
from biobank.trail.rows import LogRow, rows

AT_ONCE = 50
MOST = 10_000
"""Rows of a file: what is older is asked for by an earlier day."""
LOOKED = 20_000
"""Entries that one question looks through where no index leads to what it seeks."""
_NEAR = 500
_FILES_LOOK = 25
"""How many times as many for a file."""
_LONGEST = timedelta(minutes=30)
"""No act takes longer: by so much the key of an event may be younger than the time it was recorded."""
_DAY = timedelta(days=1)

About = Literal["specimen", "container", "participant", "visit", "kit", "study", "person", "station", "audit"]
ABOUT: dict[str, type[SQLModel]] = {
    "specimen": Specimen,
    "container": Container,
    "participant": Participant,
    "visit": Visit,
    "kit": Kit,
    "study": Study,
    "person": Person,
    "station": Station,
    "audit": Audit,
}
"""What events are about."""
_FEW: set[type[SQLModel]] = {Study, Person, Station, Audit}
"""Of these there are so few that their chains are read by the index of subjects."""

# --- words ---


class LogAsked(Input):
    """Which events: about what kind of thing or which one, what happened, by whom, where, when.

    `code` is a code of ours, one from elsewhere, a pseudonym, or the name of a person, a station or an audit.
    Days are those of the log on the clock of the sites (`LogPage.zone`), both included. `corrections` are
    those that undo or correct another.
    """

    about: About | None = None
    kind: Kind | None = None
    person: Line | None = None
    station: Line | None = None
    since: Day | None = None
    until: Day | None = None
    code: Scanned | None = None
    corrections: Flag = False


class LogPage(msgspec.Struct, frozen=True):
    """Events, newest first, in the order of the log.

    `next` is the `after` of those that follow, None at the end. There may be fewer rows than asked for
    with a `next` all the same: then the log was looked through as far as `looked_to`, and further by `next`.
    """

    rows: list[LogRow]
    next: UUID | None
    looked_to: datetime | None
    zone: str


# --- questions ---


def log(
    session: Session,
    actor: Actor,
    asked: LogAsked,
    *,
    after: UUID | None = None,
    limit: int = AT_ONCE,
    look: int = LOOKED,
) -> LogPage:
    """A page of the log in the actor's scope. Refused: to whoever may neither audit nor administer.

    Whoever administers without auditing sees what happened to people and to stations.
    """
    if not people.allowed(actor, May.ADMINISTER):
        people.require(actor, May.AUDIT)
    zone = _zone(session)
    subjects = _subjects(session, actor, asked)
    bounds = _bounds(asked, zone, after)
    criteria = [*_criteria(session, asked), *_in_scope(actor)]
    found, looked = _found(session, bounds, criteria, subjects, limit + 1, look)
    ids = [key for key, _ in found[:limit]]
    told = rows(session, ids)
    if len(found) > limit:
        return LogPage(told, ids[-1], None, zone)
    further, to = looked or (None, None)
    return LogPage(told, further, to, zone)


def everything(session: Session, actor: Actor, asked: LogAsked) -> list[LogRow]:
    """All that fits, newest first, for a file: `MOST` rows, and as far back as a file looks."""
    found: list[LogRow] = []
    after, turns = None, 0
    while len(found) < MOST and turns < _FILES_LOOK:
        page = log(session, actor, asked, after=after, limit=min(1000, MOST - len(found)))
        found += page.rows
        turns += page.looked_to is not None
        after = page.next
        if after is None:
            break
    return found


# --- how ---


def _found(
    session: Session,
    bounds: Sequence[ColumnElement[bool]],
    criteria: Sequence[ColumnElement[bool]],
    subjects: Sequence[UUID] | None,
    most: int,
    look: int,
) -> tuple[list[tuple[UUID, datetime]], tuple[UUID, datetime] | None]:
    """The keys of what fits, newest first, and the last that was looked at where that was not the end.

    Keys are made in the order of the log and tell their time (UUID version 7), so the primary key leads to a
    day, and from there backwards. Of what else is sought there is no index but that of a subject: then only
    so many entries are looked through.
    """
    key, recorded = col(CustodyEvent.id), col(CustodyEvent.recorded_at)
    event = core_select(key, recorded).where(*bounds).order_by(key.desc())
    if subjects is not None or not criteria:
        own = event if subjects is None else event.where(col(CustodyEvent.subject_id).in_(subjects))
        return [
            (each.id, each.recorded_at) for each in session.execute(own.where(*criteria).limit(most))
        ], None
    found: list[tuple[UUID, datetime]] = []
    # What is common is among the newest few: the rest is looked through only where it is not.
    for far in (min(_NEAR, look), look):
        window = core_select(key.label("id")).where(*bounds).order_by(key.desc()).limit(far).subquery()
        asked = core_select(key, recorded).join(window, window.c.id == key).where(*criteria)
        asked = asked.order_by(window.c.id.desc()).limit(most)
        found = [(each.id, each.recorded_at) for each in session.execute(asked)]
        if len(found) == most:
            return found, None
    last = session.execute(event.offset(look - 1).limit(1)).first()
    return found, (last.id, last.recorded_at) if last else None


def _bounds(asked: LogAsked, zone: str, after: UUID | None) -> list[ColumnElement[bool]]:
    key, recorded = col(CustodyEvent.id), col(CustodyEvent.recorded_at)
    found: list[ColumnElement[bool]] = [key < after] if after else []
    if asked.since:
        begins = _midnight(asked.since, zone)
        found += [key >= _earliest_key(begins - _DAY), recorded >= begins]
    if asked.until:
        ends = _midnight(asked.until + _DAY, zone)
        found += [key < _earliest_key(ends + _LONGEST), recorded < ends]
    return found


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _earliest_key(moment: datetime) -> UUID:
    """The least key of a millisecond (RFC 9562, 5.7)."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def _criteria(session: Session, asked: LogAsked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.kind:
        found.append(col(CustodyEvent.kind) == asked.kind.value)
    if asked.corrections:
        found.append(col(CustodyEvent.corrects_id).is_not(None))
    for table, column, name in (
        (Person, CustodyEvent.actor_id, asked.person),
        (Station, CustodyEvent.station_id, asked.station),
    ):
        if name:
            named = session.exec(select(table.id).where(col(table.name) == name)).first()
            found.append(col(column) == named if named else false())
    if asked.about and ABOUT[asked.about] not in _FEW:
        own = core_select(literal(1)).where(table_of(ABOUT[asked.about]).c.id == col(CustodyEvent.subject_id))
        found.append(own.correlate(CustodyEvent).exists())
    return found


def _in_scope(actor: Actor) -> list[ColumnElement[bool]]:
    """What of the log the actor sees: nothing to be asked of the database for whoever audits everything."""
    if _audits_all(actor):
        return []
    about = col(CustodyEvent.subject_id)
    sees = {
        table: _visible(actor, table).where(table_of(table).c.id == about).correlate(CustodyEvent).exists()
        for table in ABOUT.values()
    }
    # Most events are about tubes and boxes, and the head of a chain tells of which it is: one table is asked.
    kind = core_select(col(CustodySubject.kind)).where(col(CustodySubject.id) == about).scalar_subquery()
    records = or_(*(seen for table, seen in sees.items() if table not in {Specimen, Container}))
    common = {"specimen": sees[Specimen], "container": sees[Container]}
    return [case(common, value=kind.correlate(CustodyEvent), else_=records)]


def _visible(actor: Actor, table: type[SQLModel]) -> Select[int]:
    """The rows of a table whose events the actor sees."""
    asked = core_select(literal(1)).select_from(table)
    if table is Visit:
        whose = col(Participant.id) == col(Visit.participant_id)
        return asked.join(Participant, whose).where(people.visible(actor, May.AUDIT, Participant))
    if table is Person:
        # A person is of no site and no study: their grants concern who grants, and who audits all.
        return asked.where(true() if people.allowed(actor, May.ADMINISTER) else false())
    if table is Station:
        seen = [people.visible(actor, may, Station) for may in (May.AUDIT, May.ADMINISTER)]
        return asked.where(or_(*seen))
    if table is Study:
        mine = [grant.study_id for grant in actor.grants if May.AUDIT in people.WHO_MAY[grant.role]]
        of_mine = true() if None in mine else col(Study.id).in_([key for key in mine if key])
        return asked.where(and_(people.visible(actor, May.AUDIT, Study), of_mine))
    return asked.where(people.visible(actor, May.AUDIT, table))


def _audits_all(actor: Actor) -> bool:
    return people.allowed(actor, May.AUDIT) and any(
        May.AUDIT in people.WHO_MAY[grant.role] and grant.site_id is None and grant.study_id is None
        for grant in actor.grants
    )


def _subjects(session: Session, actor: Actor, asked: LogAsked) -> list[UUID] | None:
    """Whose chains hold all that is sought, where those are few; None where they may be any."""
    few = {ABOUT[asked.about]} & _FEW if asked.about else set()
    if not people.allowed(actor, May.AUDIT):
        few = few or {Person, Station}
    own = {key for table in few for key in session.exec(select(table_of(table).c.id))}
    named = _named(session, asked.code) if asked.code else None
    if not few:
        return named
    return sorted(own if named is None else own & set(named))


def _named(session: Session, text: str) -> list[UUID]:
    """The subjects that a text names; whether the actor sees them is asked with all else."""
    spelled = {text.strip(), codes.fold(text)}
    code = codes.read(text)
    found: list[UUID] = []
    if code:
        for coded in (Specimen, Container, Visit, Kit):
            found += session.exec(select(coded.id).where(col(coded.code) == code)).all()
        spelled.add(code)
    borne = select(Identifier.specimen_id).where(col(Identifier.value).in_(spelled))
    found += session.exec(borne).all()
    found += session.exec(select(Participant.id).where(col(Participant.pseudonym).in_(spelled))).all()
    found += session.exec(select(Container.id).where(col(Container.barcode).in_(spelled))).all()
    found += session.exec(select(Study.id).where(col(Study.code).in_(spelled))).all()
    for named in (Person, Station, Audit):
        found += session.exec(select(named.id).where(col(named.name).in_(spelled))).all()
    return found


def _zone(session: Session) -> str:
    """The time zone by which days are counted: that of the sites where they share one, else UTC."""
    zones = session.exec(select(Site.time_zone).distinct().limit(2)).all()
    return zones[0] if len(zones) == 1 else "UTC"
