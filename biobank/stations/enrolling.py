"""Enrolling a bench: its browser is let in by a one-time link, and known by a cookie from then on."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints
from sqlalchemy import update
from sqlmodel import Session, col, select

from biobank import accounts, clock, custody, people
from biobank.custody import Kind
from biobank.errors import NotFound, RuleBroken
from biobank.inputs import Flag, Input, Naming, Whole
from biobank.people import Actor, May
from biobank.tables import SignIn, Site, Station
from biobank.texts import N_

LINK_LASTS = timedelta(hours=24)

Printer = Annotated[Naming, StringConstraints(max_length=60)]

# --- words ---


class Ways(Input):
    """How a station works. `volume` is 0 (seen only) to 100; an empty theme is the system's.

    After `idle_minutes` without a key or a touch it locks. A scan has a median gap between its keys of
    at most `median_gap_ms`, and none above `largest_gap_ms`. With `checks_rows` one tube of each row that
    was filled by hand is asked for again.
    """

    printer: Printer | None = None
    starts_in: Literal["lookup", "store", "take"] = "lookup"
    theme: Literal["", "light", "dark"] = ""
    volume: Annotated[Whole, Field(ge=0, le=100)] = 50
    idle_minutes: Annotated[Whole, Field(ge=1, le=120)] = 5
    median_gap_ms: Annotated[Whole, Field(ge=5, le=200)] = 35
    largest_gap_ms: Annotated[Whole, Field(ge=20, le=500)] = 100
    checks_rows: Flag = False


class StationOrder(Ways):
    """A bench to be enrolled: its name, its site, its ways."""

    name: Annotated[Naming, StringConstraints(max_length=60)]
    site: str


class StationChange(Ways):
    """The ways of a station from now on, all of them."""

    station: UUID


class Gaps(Input):
    """What a station's scanner needs, as measured there (ms)."""

    median_gap_ms: Annotated[Whole, Field(ge=5, le=200)]
    largest_gap_ms: Annotated[Whole, Field(ge=20, le=500)]


class Enrolment(msgspec.Struct, frozen=True):
    """A station whose browser comes in by a link until `ends`; `link_of` makes the link of its secret."""

    id: UUID
    name: str
    ends: datetime


class StationRow(msgspec.Struct, frozen=True):
    """A station in a list. `seen_at` is when somebody last came in there; without it nobody did yet."""

    id: UUID
    name: str
    site: str
    time_zone: str
    printer: str
    starts_in: str
    theme: str
    volume: int
    idle_minutes: int
    median_gap_ms: int
    largest_gap_ms: int
    checks_rows: bool
    seen_at: datetime | None
    ended_at: datetime | None


# --- rules ---


def link_of(secret: str, ends: datetime) -> str:
    """The one-time link of a secret: it tells its own end, and its hash holds it to that."""
    return f"{int(ends.timestamp())}.{secret}"


def require_link(session: Session, link: str, *, lock: bool = False) -> Station:
    """The station that a link enrols, locked where it is to be changed.

    Refused: one that was used, whose time is over, or that never was.
    """
    asked = select(Station).where(
        col(Station.secret_hash) == _link_hash(link), col(Station.ended_at).is_(None)
    )
    station = session.exec(asked.with_for_update() if lock else asked).first()
    if station is None or not _before(link.partition(".")[0]):
        message = N_("This link was used already, or its time is over. Ask a manager for a new one.")
        raise NotFound("station_link_over", message)
    return station


# --- actions ---


def enrol(session: Session, actor: Actor, order: StationOrder, secret: str) -> Enrolment:
    """Make a station, and the link by which its browser comes in once.

    Refused: a site that does not exist, a name that is taken.
    """
    site = accounts.site_by_code(session, order.site)
    people.require(actor, May.SET_UP, accounts.At(site.id))
    if session.exec(select(Station.id).where(col(Station.name) == order.name)).first():
        message = N_("There is a station “%(name)s” already. Choose another name.")
        raise RuleBroken("station_exists", message, field="name", name=order.name)
    ends = _end()
    kept = _link_hash(link_of(secret, ends))
    station = Station(name=order.name, site_id=site.id, secret_hash=kept)
    _set(station, order)
    custody.record(session, actor, station, Kind.OPENED)
    session.flush()
    return Enrolment(station.id, station.name, ends)


def change(session: Session, actor: Actor, order: StationChange) -> StationRow:
    """Give a station other ways. Its browser takes them over when somebody next comes in there."""
    station = _own(session, actor, order.station)
    _set(station, order)
    _note(session, actor, station, Kind.CHANGED)
    return _row(station, session.get_one(Site, station.site_id))


def calibrate(session: Session, actor: Actor, order: Gaps) -> StationRow:
    """Keep what was measured at the station where the actor stands. Refused: where that is none."""
    station = session.get(Station, actor.station_id) if actor.station_id else None
    if station is None:
        message = N_("This browser is no enrolled bench. Ask a manager to enrol it.")
        raise RuleBroken("station_unknown", message)
    station.median_gap_ms, station.largest_gap_ms = order.median_gap_ms, order.largest_gap_ms
    _note(session, actor, station, Kind.CHANGED)
    return _row(station, session.get_one(Site, station.site_id))


def new_link(session: Session, actor: Actor, station_id: UUID, secret: str) -> Enrolment:
    """A link for another browser of the same station; the browser of before is no station any more."""
    station = _own(session, actor, station_id)
    ends = _end()
    station.secret_hash = _link_hash(link_of(secret, ends))
    _leave(session, station)
    _note(session, actor, station, Kind.CHANGED)
    return Enrolment(station.id, station.name, ends)


def claim(session: Session, link: str, secret: str) -> StationRow:
    """Make the browser that has the link the station, under a new secret; the link ends with that."""
    station = require_link(session, link, lock=True)
    station.secret_hash = people.hashed(secret)
    session.flush()
    return _row(station, session.get_one(Site, station.site_id))


def arrive(session: Session, secret: str) -> StationRow | None:
    """The station whose browser has this secret, and that somebody came in there now; None for any other."""
    found = here(session, secret)
    if found:
        session.get_one(Station, found.id).seen_at = clock.now()
    return found


def end(session: Session, actor: Actor, station_id: UUID) -> StationRow:
    """End a station: its browser is none any more, and whoever is signed in there is out at once."""
    station = _own(session, actor, station_id)
    station.ended_at = clock.now()
    _leave(session, station)
    _note(session, actor, station, Kind.CLOSED)
    return _row(station, session.get_one(Site, station.site_id))


# --- questions ---


def everything(session: Session, actor: Actor) -> list[StationRow]:
    """The stations in the actor's scope, those in use before those that ended, by site and name."""
    asked = (
        select(Station, Site)
        .join(Site, col(Site.id) == col(Station.site_id))
        .where(people.visible(actor, May.SEE, Station))
        .order_by(col(Station.ended_at).is_not(None), col(Site.code), col(Station.name))
    )
    return [_row(station, site) for station, site in session.exec(asked).all()]


def here(session: Session, secret: str) -> StationRow | None:
    """The station whose browser has this secret; None for any other, and for one that ended."""
    asked = (
        select(Station, Site)
        .join(Site, col(Site.id) == col(Station.site_id))
        .where(col(Station.secret_hash) == people.hashed(secret), col(Station.ended_at).is_(None))
    )
    found = session.exec(asked).first() if secret else None
    return _row(*found) if found else None


# --- how ---


def _end() -> datetime:
    return clock.now().replace(microsecond=0) + LINK_LASTS


def _link_hash(link: str) -> bytes:
    """Told apart from a browser's secret, so that a link can never be used as one."""
    return people.hashed(f"link:{link}")


def _before(ends: str) -> bool:
    return ends.isascii() and ends.isdigit() and clock.now() < datetime.fromtimestamp(int(ends), UTC)


def _set(station: Station, ways: Ways) -> None:
    for name in Ways.model_fields:
        setattr(station, name, getattr(ways, name) or type(getattr(station, name))())


def _own(session: Session, actor: Actor, station_id: UUID) -> Station:
    """A station that the actor may set up. Refused: one that is not there or in scope, one that ended."""
    station = session.exec(select(Station).where(col(Station.id) == station_id).with_for_update()).first()
    if station is None:
        raise NotFound("station_not_found", N_("There is no such station in your scope."))
    people.require(actor, May.SET_UP, station)
    if station.ended_at is not None:
        raise RuleBroken("station_ended", N_("The station %(name)s was ended."), name=station.name)
    return station


def _note(session: Session, actor: Actor, station: Station, kind: Kind) -> None:
    custody.lock(session, [station.id])
    custody.record(session, actor, station, kind)
    session.flush()


def _leave(session: Session, station: Station) -> None:
    ending = update(SignIn).where(col(SignIn.station_id) == station.id, col(SignIn.ended_at).is_(None))
    session.connection().execute(ending.values(ended_at=clock.now()))


def _row(station: Station, site: Site) -> StationRow:
    own = {name: getattr(station, name) for name in StationRow.__struct_fields__ if hasattr(station, name)}
    return StationRow(**own, site=site.code, time_zone=site.time_zone)
