"""When the slots run out: what the planned visits will leave behind, day by day, against what is free."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from math import prod
from uuid import UUID

import msgspec
from sqlalchemy import select as core_select
from sqlmodel import Session, col, func, or_, select

from biobank import accounts, clock, people, storage
from biobank.people import Actor, May
from biobank.storage import Room, Traits
from biobank.tables import (
    Event,
    Participant,
    Protocol,
    Requirement,
    SpecimenKind,
    Study,
    Visit,
    VisitStatus,
)

MONTHS = 24

# --- words ---


class Month(msgspec.Struct, frozen=True):
    """A month, as `2026-12`: how many tubes are to come, and how many slots are free after it."""

    month: str
    tubes: int
    free: int


class Outlook(msgspec.Struct, frozen=True):
    """One storage class (empty where the protocols say none): free now, to come, and the day it is full.

    `full_on` is the first day on which a tube of it finds no slot, None where that is not in sight.
    `lacking` is for how many tubes there will be none until the end.
    """

    storage: str
    free: int
    tubes: int
    full_on: date | None
    lacking: int
    months: list[Month]


class Forecast(msgspec.Struct, frozen=True):
    """What comes until a day, and whether there is room for it."""

    since: date
    until: date
    visits: int
    classes: list[Outlook]


class _Pool:
    """Slots that suit the same kinds of tubes."""

    def __init__(self, suits: frozenset[Traits], free: int) -> None:
        self.suits = suits
        self.free = free


# --- questions ---


def forecast(session: Session, actor: Actor, site: str = "", months: int = MONTHS) -> Forecast:
    """The tubes of the planned visits in the actor's scope against the free slots, at one site or all.

    A visit that is late and can still be made up is counted today. What no visit plans is not known
    here. Three statements count; what they answer does not grow with the biobank but with its boxes and
    its days. Refused: an unknown site.
    """
    site_id = accounts.site_by_code(session, site).id if site else None
    today = clock.now().date()
    until = _month_end(today, months - 1)
    visits = _visits(session, actor, site_id, today, until)
    leaves = _leaves(session, {event for _, event in visits})
    coming: dict[date, Counter[Traits]] = {}
    for (day, event), count in sorted(visits.items(), key=lambda each: each[0][0]):
        for kind, each in leaves.get(event, {}).items():
            coming.setdefault(day, Counter())[kind] += each * count
    pools = _pools(session, actor, site_id, {kind for day in coming.values() for kind in day})
    return Forecast(today, until, visits.total(), _outlooks(coming, pools, today, months))


# --- rules ---


def leaves_of(rows: Sequence[Requirement], studies: Mapping[UUID, str]) -> dict[UUID, Counter[Traits]]:
    """What one visit at each event leaves to be stored: the leaves of its tree, and stored primaries.

    A child's count is for each tube of its parent; what is pooled is made once. A leaf that says no storage
    class has that of what it is made of. `studies` has the code of the study of each event.
    """
    by_id, parents = {row.id: row for row in rows}, {row.parent_id for row in rows}
    found: dict[UUID, Counter[Traits]] = {}
    for row in rows:
        line = [row]
        while line[-1].parent_id:
            line.append(by_id[line[-1].parent_id])
        if row.id in parents and not (row.kind is SpecimenKind.PRIMARY and row.storage_class):
            continue
        storage_class = next((each.storage_class for each in line if each.storage_class), "")
        kind = Traits(studies[row.event_id], row.material, storage_class, row.container)
        found.setdefault(row.event_id, Counter())[kind] += prod(_made(line))
    return found


# --- how ---


def _made(line: Sequence[Requirement]) -> Iterator[int]:
    """How many are made for each of the one before, from a leaf up to the first that is pooled."""
    for row in line:
        yield row.count
        if row.pooled:
            return


def _visits(
    session: Session, actor: Actor, site_id: UUID | None, today: date, until: date
) -> Counter[tuple[date, UUID]]:
    planned = col(Visit.planned_on)
    asked = (
        core_select(planned, col(Visit.event_id), func.count())
        .join(Participant, col(Participant.id) == col(Visit.participant_id))
        .where(
            col(Visit.status) == VisitStatus.PLANNED,
            col(Visit.event_id).is_not(None),
            planned <= until,
            or_(planned >= today, col(Visit.closes_on) >= today),
            people.visible(actor, May.SEE, Participant),
            *([col(Participant.site_id) == site_id] if site_id else []),
        )
        .group_by(planned, col(Visit.event_id))
    )
    found: Counter[tuple[date, UUID]] = Counter()
    for day, event, count in session.execute(asked):
        found[max(day, today), event] += count
    return found


def _leaves(session: Session, events: Iterable[UUID]) -> dict[UUID, Counter[Traits]]:
    wanted = set(events)
    rows = session.exec(select(Requirement).where(col(Requirement.event_id).in_(wanted))).all()
    codes = (
        select(Event.id, Study.code)
        .join(Protocol, col(Protocol.id) == col(Event.protocol_id))
        .join(Study, col(Study.id) == col(Protocol.study_id))
        .where(col(Event.id).in_(wanted))
    )
    return leaves_of(rows, dict(session.exec(codes).all()))


def _pools(session: Session, actor: Actor, site_id: UUID | None, kinds: set[Traits]) -> list[_Pool]:
    """The free slots by what they suit; those that suit little in front, so that they are taken first."""
    tops = storage.standing_free(session, actor, site_id, May.SEE)
    alike: dict[tuple[object, ...], tuple[Room, int]] = {}
    for room in storage.rooms(session, actor, tops, may=May.SEE):
        said = tuple((limit.about, *limit.allowed) for limit in room.limits)
        first, free = alike.get((room.celsius, said), (room, 0))
        alike[room.celsius, said] = (first, free + room.free)
    free_for: Counter[frozenset[Traits]] = Counter()
    for room, free in alike.values():
        free_for[frozenset(kind for kind in kinds if room.takes(kind))] += free
    pools = [_Pool(suits, free) for suits, free in free_for.items() if suits]
    return sorted(pools, key=lambda pool: len(pool.suits))


def _outlooks(
    coming: Mapping[date, Counter[Traits]], pools: Sequence[_Pool], today: date, months: int
) -> list[Outlook]:
    classes = sorted({kind.storage for day in coming.values() for kind in day})
    now = {name: _free(pools, name) for name in classes}
    tubes: Counter[tuple[str, str]] = Counter()
    lacking: Counter[str] = Counter()
    full: dict[str, date] = {}
    rows: dict[str, list[Month]] = {name: [] for name in classes}
    for end in (_month_end(today, ahead) for ahead in range(months)):
        month = end.strftime("%Y-%m")
        for day in sorted(each for each in coming if each.strftime("%Y-%m") == month):
            for kind, count in coming[day].items():
                tubes[kind.storage, month] += count
                if left := _put(pools, kind, count):
                    lacking[kind.storage] += left
                    full.setdefault(kind.storage, day)
        for name in classes:
            rows[name].append(Month(month, tubes[name, month], _free(pools, name)))
    return [
        Outlook(
            storage=name,
            free=now[name],
            tubes=sum(each.tubes for each in rows[name]),
            full_on=full.get(name),
            lacking=lacking[name],
            months=rows[name],
        )
        for name in classes
    ]


def _put(pools: Iterable[_Pool], kind: Traits, count: int) -> int:
    """Take slots for so many tubes; for how many there is none."""
    for pool in pools:
        if kind in pool.suits:
            taken = min(count, pool.free)
            pool.free -= taken
            count -= taken
    return count


def _free(pools: Iterable[_Pool], name: str) -> int:
    return sum(pool.free for pool in pools if any(kind.storage == name for kind in pool.suits))


def _month_end(day: date, ahead: int) -> date:
    """The last day of the month so many months on."""
    following = day.year * 12 + day.month + ahead
    return date(following // 12, following % 12 + 1, 1) - timedelta(days=1)
