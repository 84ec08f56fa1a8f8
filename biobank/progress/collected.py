"""Expected against collected, by event, arm, material or site."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlmodel import Session, col

from biobank import clock, studies
from biobank.people import Actor
from biobank.progress import within
from biobank.progress.within import Wanted
from biobank.tables import Participant, Site, Specimen, SpecimenKind, Study, Visit, VisitStatus

# --- words ---


class By(StrEnum):
    """What the lines of the count are."""

    EVENT = "event"
    ARM = "arm"
    MATERIAL = "material"
    SITE = "site"


class Part(msgspec.Struct, frozen=True):
    """One material within a line of the count."""

    material: str
    expected: int
    collected: int


class Share(msgspec.Struct, frozen=True):
    """One line: visits done, missed and overdue (window closed, nothing said), specimens due and there.

    `key` is an event's, an arm's, a site's or a material's code, `title` its name where it has one.
    `parts` has one entry for each of the materials of the whole count; it is empty by material.
    """

    key: str
    title: str
    done: int
    missed: int
    overdue: int
    expected: int
    collected: int
    parts: list[Part]


class Collected(msgspec.Struct, frozen=True):
    """Expected against collected: a line for each key that has a visit due, and their total."""

    by: By
    materials: list[str]
    rows: list[Share]
    total: Share


class _Tally(msgspec.Struct):
    """What is added up for one line."""

    visits: Counter[VisitStatus] = msgspec.field(default_factory=Counter)
    expected: Counter[str] = msgspec.field(default_factory=Counter)
    collected: Counter[str] = msgspec.field(default_factory=Counter)


class _Group(msgspec.Struct, frozen=True):
    """Visits, or specimens of visits, that are alike."""

    event_id: UUID
    event: str
    arm: str
    site_id: UUID


# --- questions ---


def collected(session: Session, actor: Actor, study: str, by: By = By.EVENT) -> Collected:
    """Specimens expected at the visits that are due, against those that really were there.

    Due is a visit at an event of the protocol that is done, that is missed, or whose window has closed
    on its site's calendar. It expects what the version of the protocol asked for under which it stands:
    the leaves of the tree and the primaries that are stored. A participant counts under the arm of now.
    Refused: `NotFound` for a study outside the actor's scope.
    """
    found = studies.by_code(session, actor, study)
    sites = {site.id: site for site in session.scalars(select(Site))}
    wanted = within.wanted(within.requirements(session, found))
    due = [*within.counted(actor, found), _due(list(sites.values())), col(Visit.event_id).is_not(None)]
    lines: dict[str, _Tally] = {}
    whole = _Tally()
    for group, status, count in _visits(session, due):
        asked = wanted.get(group.event_id, Counter())
        _add_visits(whole, asked, status, count)
        for key in _keys(by, group, asked, sites):
            _add_visits(lines.setdefault(key, _Tally()), _of(by, key, asked), status, count)
    for group, kind, material, count in _specimens(session, due):
        asked = wanted.get(group.event_id, Counter())
        if (kind, material) in asked:
            whole.collected[material] += count
            for key in _keys(by, group, Counter({(kind, material): 1}), sites):
                lines.setdefault(key, _Tally()).collected[material] += count
    materials = within.materials_in_order(whole.expected)
    titles = _titles(session, found, by, list(sites.values()))
    columns = [] if by is By.MATERIAL else materials
    rows = [_share(key, titles.get(key, ""), lines[key], columns) for key in _order(by, lines, titles)]
    return Collected(by, columns, rows, _share("", "", whole, columns))


# --- how ---


def _due(sites: Sequence[Site]) -> ColumnElement[bool]:
    """Done, missed, or still planned after its last day; today is each site's own."""
    days: dict[date, list[UUID]] = {}
    for site in sites:
        days.setdefault(clock.now().astimezone(ZoneInfo(site.time_zone)).date(), []).append(site.id)
    closed = [
        and_(col(Participant.site_id).in_(ids), col(Visit.closes_on) < today) for today, ids in days.items()
    ]
    overdue = and_(col(Visit.status) == VisitStatus.PLANNED, or_(false(), *closed))
    return or_(col(Visit.status).in_([VisitStatus.DONE, VisitStatus.MISSED]), overdue)


_ALIKE = (col(Visit.event_id), col(Visit.label), col(Participant.arm), col(Participant.site_id))


def _visits(
    session: Session, due: Sequence[ColumnElement[bool]]
) -> Iterator[tuple[_Group, VisitStatus, int]]:
    asked = (
        select(*_ALIKE, col(Visit.status), func.count())
        .select_from(Visit)
        .join(Participant, col(Participant.id) == col(Visit.participant_id))
        .where(*due)
        .group_by(*_ALIKE, col(Visit.status))
    )
    for event_id, event, arm, site_id, status, count in session.execute(asked):
        yield _Group(event_id, event, arm, site_id), status, count


def _specimens(
    session: Session, due: Sequence[ColumnElement[bool]]
) -> Iterator[tuple[_Group, SpecimenKind, str, int]]:
    what = col(Specimen.kind), col(Specimen.material)
    asked = (
        select(*_ALIKE, *what, func.count())
        .select_from(Visit)
        .join(Participant, col(Participant.id) == col(Visit.participant_id))
        .join(Specimen, col(Specimen.visit_id) == col(Visit.id))
        .where(*due, within.there())
        .group_by(*_ALIKE, *what)
    )
    for event_id, event, arm, site_id, kind, material, count in session.execute(asked):
        yield _Group(event_id, event, arm, site_id), kind, material, count


def _keys(by: By, group: _Group, asked: Wanted, sites: dict[UUID, Site]) -> set[str]:
    """The lines that a group belongs to: one, or by material one for each that is asked of it."""
    if by is By.MATERIAL:
        return {material for _, material in asked}
    return {{By.EVENT: group.event, By.ARM: group.arm, By.SITE: sites[group.site_id].code}[by]}


def _of(by: By, key: str, asked: Wanted) -> Wanted:
    """What a line expects of a visit: all of it, or by material that material alone."""
    if by is not By.MATERIAL:
        return asked
    return Counter({what: count for what, count in asked.items() if what[1] == key})


def _add_visits(tally: _Tally, asked: Wanted, status: VisitStatus, count: int) -> None:
    tally.visits[status] += count
    for (_, material), number in asked.items():
        tally.expected[material] += number * count


def _titles(session: Session, study: Study, by: By, sites: Sequence[Site]) -> dict[str, str]:
    """The names of the keys, in the order in which they are shown."""
    if by is By.EVENT:
        return dict(within.titles(within.events(session, study)))
    if by is By.ARM:
        return dict(within.arms(session, study))
    return {site.code: site.name for site in sorted(sites, key=lambda site: site.code)}


def _order(by: By, lines: dict[str, _Tally], titles: dict[str, str]) -> list[str]:
    return within.materials_in_order(lines) if by is By.MATERIAL else within.in_order(lines, titles)


def _share(key: str, title: str, tally: _Tally, materials: Sequence[str]) -> Share:
    return Share(
        key=key,
        title=title,
        done=tally.visits[VisitStatus.DONE],
        missed=tally.visits[VisitStatus.MISSED],
        overdue=tally.visits[VisitStatus.PLANNED],
        expected=tally.expected.total(),
        collected=tally.collected.total(),
        parts=[Part(each, tally.expected[each], tally.collected[each]) for each in materials],
    )
