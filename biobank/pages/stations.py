"""Stations: benches enrolled by a one-time link, their ways, and the measuring of their scanners."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlmodel import Session

from biobank import accounts, clock, inputs, stations, web
from biobank.accounts import SiteRow
from biobank.pages import shell
from biobank.pages.bench import at_station
from biobank.pages.shell import Form
from biobank.people import Actor, May
from biobank.printing import printers
from biobank.stations import Enrolment, Gaps, StationChange, StationOrder, StationRow

Asked = Request[Any, Any, Any]


class Told(msgspec.Struct, frozen=True):
    """The stations in somebody's scope, and the sites where they may enrol another."""

    stations: list[StationRow]
    sites: list[SiteRow]
    printers: list[str]


# --- pages ---


@get("/stations", sync_to_thread=True)
def stations_page(request: Asked, door: web.OpenDoor) -> Template:
    """The stations with when somebody last came in there, and a form to enrol one."""

    def question(session: Session, actor: Actor) -> tuple[Told, StationRow | None]:
        sites = accounts.sites(session, actor, May.SET_UP)
        here = stations.here(session, at_station.secret(request))
        printing = [each.name for each in printers.listed(session, actor)]
        return Told(stations.everything(session, actor), sites, printing), here

    me, (told, here) = shell.ask(door, question)
    return shell.page("stations/stations.html", me, told=told, this=here)


@get("/stations/claim/{link:str}", sync_to_thread=True)
def claim_page(door: web.OpenDoor, link: FromPath[str]) -> Template:
    """Ask whether this browser shall be the station; the link works once."""
    name = door.glance(lambda session: stations.require_link(session, link).name)
    return shell.page("stations/claim.html", link=link, station_name=name)


@get("/stations/calibration", sync_to_thread=True)
def calibration_page(request: Asked, door: web.OpenDoor) -> Template | Redirect:
    """Measure the scanner of this bench."""

    def question(session: Session, _: Actor) -> StationRow | None:
        return stations.here(session, at_station.secret(request))

    me, here = shell.ask(door, question)
    if here is None or me.station_id != here.id:
        return Redirect("/stations")
    return shell.page("stations/calibration.html", me, station=here)


# --- acts ---


@post("/stations", sync_to_thread=True, status_code=200)
def enrol(request: Asked, door: web.OpenDoor, form: Form) -> Template:
    """Make a station, and show the link that lets its browser in once."""
    order, secret = inputs.read(StationOrder, form, form=True), clock.new_secret()
    told = door.act_once(lambda session, actor: stations.enrol(session, actor, order, secret), Enrolment)
    return _link(request, told, secret)


@post("/stations/{station:uuid}/link", sync_to_thread=True, status_code=200)
def new_link(request: Asked, door: web.OpenDoor, station: FromPath[UUID]) -> Template:
    """Show a link for another browser; the one of before is no station any more."""
    secret = clock.new_secret()
    told = door.act_once(lambda session, actor: stations.new_link(session, actor, station, secret), Enrolment)
    return _link(request, told, secret)


@post("/stations/{station:uuid}", sync_to_thread=True, status_code=200)
def change(request: Asked, door: web.OpenDoor, station: FromPath[UUID], form: Form) -> Response[Any]:
    """Give a station other ways."""
    order = inputs.read(StationChange, {**form, "station": str(station)}, form=True)
    door.act(lambda session, actor: stations.change(session, actor, order), StationRow)
    return shell.go(request, "/stations")


@post("/stations/{station:uuid}/end", sync_to_thread=True, status_code=200)
def end(request: Asked, door: web.OpenDoor, station: FromPath[UUID]) -> Response[Any]:
    """End a station."""
    door.act(lambda session, actor: stations.end(session, actor, station), StationRow)
    return shell.go(request, "/stations")


@post("/stations/claim/{link:str}", sync_to_thread=True, status_code=200)
def claim(request: Asked, door: web.OpenDoor, link: FromPath[str]) -> Response[Any]:
    """Make this browser the station. Whoever was signed in here comes in anew, so that the log names it."""
    secret = clock.new_secret()

    def work(session: Session) -> StationRow:
        accounts.sign_out(session, door.shown.session)
        return stations.claim(session, link, secret)

    station = door.admit(work)
    answer = shell.go(request, "/bench/locked")
    answer.delete_cookie(web.cookie_name(request), path="/")
    at_station.keep_ways(request, answer, station)
    at_station.keep_secret(request, answer, secret)
    return answer


@post("/stations/calibration", sync_to_thread=True, status_code=200)
def calibrate(request: Asked, door: web.OpenDoor, form: Form) -> Response[Any]:
    """Keep what was measured; this browser works by it from now on."""
    order = inputs.read(Gaps, form, form=True)
    station = door.act(lambda session, actor: stations.calibrate(session, actor, order), StationRow)
    answer = shell.go(request, "/stations")
    at_station.keep_ways(request, answer, station)
    return answer


def _link(request: Asked, told: Enrolment, secret: str) -> Template:
    to = web.CLAIM_LINK + stations.link_of(secret, told.ends)
    name = "stations/_link.html" if "hx-request" in request.headers else "stations/link.html"
    return shell.page(name, told=told, to=to, whole=str(request.base_url).rstrip("/") + to)


HANDLERS = [
    stations_page,
    claim_page,
    calibration_page,
    enrol,
    new_link,
    change,
    end,
    claim,
    calibrate,
]
