"""What the bench asks of the database beside the scan itself: its station, its site, its last acts."""

from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from biobank import accounts, codes, storage, tasks, texts
from biobank.errors import NotFound
from biobank.people import Actor, May
from biobank.storage.acts import NO_MOVE, Said, last_acts
from biobank.tables import Container, Site, Station, TaskKind
from biobank.tasks import Sought, TaskRow

LAST = 20
"""So many acts are offered to be undone, and so many unknown codes are listed."""

COUNTED = 1000
"""So many unknown codes are counted."""


class Ways(msgspec.Struct, frozen=True):
    """How this bench is set up: its name, the mode it begins in, how loud it is (0: seen only) to 100."""

    name: str = ""
    starts_in: str = "lookup"
    volume: int = 50
    idle_minutes: int = 0
    checks_rows: bool = False


def ways(session: Session, actor: Actor) -> Ways:
    """How the station is set up that the person signed in at; that of any browser where it is none."""
    station = session.get(Station, actor.station_id) if actor.station_id else None
    if station is None:
        return Ways()
    return Ways(station.name, station.starts_in, station.volume, station.idle_minutes, station.checks_rows)


class LastAct(msgspec.Struct, frozen=True):
    """One act in words: when on the clock of the site, what it was, and what bars its undo."""

    command: UUID
    clock: str
    said: str
    undone: bool
    barred: str


def acts(session: Session, actor: Actor) -> list[LastAct]:
    """What this person moved last at this bench, the newest first; what else they did is no matter of it."""
    found = [act for act in last_acts(session, actor, LAST) if act.in_the_way != NO_MOVE]
    zone = _zone(session, actor) if found else None
    return [
        LastAct(
            act.command,
            act.at.astimezone(zone).strftime("%H:%M"),
            said(act.said),
            act.undone,
            said(act.in_the_way) if act.in_the_way else "",
        )
        for act in found
    ]


class Unresolved(msgspec.Struct, frozen=True):
    """The codes of one site that nobody knew, the newest first, and how many there are of them."""

    site: str
    rows: list[TaskRow]
    count: int


def unresolved(session: Session, actor: Actor) -> Unresolved:
    """What was scanned at this site and is known by nobody yet; any device of the site has the same list."""
    site_id, _ = site_of(session, actor, None)
    site = session.get_one(Site, site_id).code
    sought = Sought(kind=TaskKind.UNRESOLVED_SCAN, site=site, limit=COUNTED)
    found = tasks.listing(session, actor, sought)
    return Unresolved(site, found[:LAST], len(found))


def said(told: Said) -> str:
    """What an act was, or what stands in its way, in the reader's language."""
    return texts.in_language(texts.language.get(), told.message, told.facts)


def site_of(session: Session, actor: Actor, box: str | None) -> tuple[UUID, Container | None]:
    """The site that a note about a scan is for: of the open box, else of the station, else of the person."""
    code = codes.read(box or "")
    if code:
        container = storage.by_code(session, actor, code)
        return container.site_id, container
    if actor.station_id:
        return session.get_one(Station, actor.station_id).site_id, None
    granted = next((grant.site_id for grant in actor.grants if grant.site_id), None)
    if granted:
        return granted, None
    first = next(iter(accounts.sites(session, actor, May.HANDLE)), None)
    if first is None:
        raise NotFound("no_site", "There is no site where you handle tubes.")
    return accounts.site_by_code(session, first.code).id, None


def _zone(session: Session, actor: Actor) -> ZoneInfo:
    """The clock of the bench: that of its site."""
    site, _ = site_of(session, actor, None)
    return ZoneInfo(session.get_one(Site, site).time_zone)
