"""Stations, badges and roles that end, for programs that set a biobank up."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody

from biobank import accounts, clock, stations
from biobank.accounts import GrantOrder
from biobank.api.answers import Named
from biobank.api.documents import noun
from biobank.api.print_jobs import PDF, labels, printed
from biobank.inputs import Input, Line
from biobank.printing import badges
from biobank.printing.badges import BadgePrint
from biobank.printing.ordering import JobMade
from biobank.stations import BadgeOrder, Enrolment, StationChange, StationOrder, StationRow
from biobank.web import CLAIM_LINK, OpenDoor


class StationLink(msgspec.Struct, frozen=True):
    """A station with the address that its browser opens once. It is shown once."""

    id: UUID
    name: str
    link: str
    ends: datetime


class StationChosen(Input):
    """One station."""

    station: UUID


class PersonEnd(Input):
    """Somebody whose account ends."""

    name: Line


@get("/stations", sync_to_thread=True)
def list_stations(door: OpenDoor) -> list[StationRow]:
    """The stations in your scope, those that ended last."""
    return door.ask(stations.everything)


@post("/stations", sync_to_thread=True)
def enrol_station(door: OpenDoor, data: JSONBody[StationOrder]) -> StationLink:
    """Enrol a bench: its browser comes in by the link, within 24 hours."""
    secret = clock.new_secret()
    return _link(door.act_once(lambda s, actor: stations.enrol(s, actor, data, secret), Enrolment), secret)


@post("/station-links", sync_to_thread=True)
def link_station(door: OpenDoor, data: JSONBody[StationChosen]) -> StationLink:
    """Make a link for another browser of a station; the one of before is no station any more."""
    secret = clock.new_secret()
    return _link(
        door.act_once(lambda s, actor: stations.new_link(s, actor, data.station, secret), Enrolment), secret
    )


@post("/station-changes", sync_to_thread=True, status_code=200)
def change_station(door: OpenDoor, data: JSONBody[StationChange]) -> StationRow:
    """Give a station other ways; what is left out is as for a new one."""
    return door.act(lambda session, actor: stations.change(session, actor, data), StationRow)


@post("/station-ends", sync_to_thread=True, status_code=200)
def end_station(door: OpenDoor, data: JSONBody[StationChosen]) -> StationRow:
    """End a station: whoever is signed in there is out at once."""
    return door.act(lambda session, actor: stations.end(session, actor, data.station), StationRow)


@post("/badges", sync_to_thread=True, status_code=200, media_type=PDF, responses=labels())
def print_badges(door: OpenDoor, data: JSONBody[BadgePrint]) -> Response[Any]:
    """Print badges; who has none yet gets one."""
    return printed(door, door.act(lambda s, actor: badges.print_badges(s, actor, data), JobMade))


@post("/badge-ends", sync_to_thread=True, status_code=200)
def end_badge(door: OpenDoor, data: JSONBody[BadgeOrder]) -> Named:
    """End somebody's badge, and what they opened by it."""
    return Named(door.act(lambda session, actor: stations.end_badge(session, actor, data), str))


@post("/role-ends", sync_to_thread=True, status_code=200)
def end_role(door: OpenDoor, data: JSONBody[GrantOrder]) -> Named:
    """Take one role from a person, at once."""
    return Named(door.act(lambda session, actor: accounts.end_grant(session, actor, data), str))


@post("/person-ends", sync_to_thread=True, status_code=200)
def end_person(door: OpenDoor, data: JSONBody[PersonEnd]) -> Named:
    """End somebody's account: sessions, tokens, links and badges stop at once."""
    return Named(door.act(lambda session, actor: accounts.end_person(session, actor, data.name), str))


def _link(told: Enrolment, secret: str) -> StationLink:
    return StationLink(told.id, told.name, CLAIM_LINK + stations.link_of(secret, told.ends), told.ends)


HANDLERS = noun(
    "stations",
    [
        list_stations,
        enrol_station,
        link_station,
        change_station,
        end_station,
        print_badges,
        end_badge,
        end_role,
        end_person,
    ],
)
