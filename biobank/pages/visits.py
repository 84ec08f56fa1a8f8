"""A visit: what the protocol expects of it, what was drawn, and registering that."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import accounts, amounts, clock, inputs, labels, participants, specimens, web
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.people import Actor
from biobank.specimens import Registration, SpecimenRow, VisitCard

_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)
_MOST_ROWS = 60


class Told(msgspec.Struct, frozen=True):
    """A visit, and the time zone in which its times are told."""

    visit: VisitCard
    zone: str


@get("/visits/{code:str}", sync_to_thread=True)
def visit_page(door: web.OpenDoor, code: FromPath[str]) -> Template:
    """Expected rows, tubes to register, what there is, aliquots and labels."""
    me, told = shell.ask(door, lambda session, actor: _told(session, actor, code))
    now = clock.now().astimezone(ZoneInfo(told.zone))
    return shell.page(
        "visits/visit.html",
        me,
        visit=told.visit,
        zone=told.zone,
        now=now.strftime("%Y-%m-%dT%H:%M"),
        tubes=_tubes(told.visit),
        divisible=[row for row in told.visit.specimens if row.life in ("collected", "active")],
        materials=list(amounts.MATERIALS),
        stocks=labels.stock.STOCKS.values(),
    )


@post("/visits/{code:str}/specimens", sync_to_thread=True)
def register(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Register the tubes that were drawn, all or none."""
    told = door.ask(lambda session, actor: _told(session, actor, code))
    order = inputs.read(Registration, {"visit": code, "specimens": _drawn(form, told.zone)}, form=True)

    def work(session: Session, actor: Actor) -> list[SpecimenRow]:
        return specimens.rows(session, specimens.register(session, actor, order))

    door.act(work, list[SpecimenRow])
    return shell.go(request, f"/visits/{code}")


def _told(session: Session, actor: Actor, code: str) -> Told:
    visit = specimens.visit_card(session, actor, code)
    whose = participants.by_pseudonym(session, actor, visit.study, visit.participant)
    site = participants.card(session, whose).site
    return Told(visit, accounts.site_by_code(session, site).time_zone)


def _tubes(visit: VisitCard) -> list[specimens.cards.Expected]:
    """A row for each primary that is expected and not yet there."""
    there = [row.material for row in visit.specimens if row.kind == "primary"]
    wanted: list[specimens.cards.Expected] = []
    for each in visit.expected:
        if each.depth or each.kind != "primary":
            continue
        for _ in range(min(each.count, _MOST_ROWS)):
            if each.material in there:
                there.remove(each.material)
            else:
                wanted.append(each)
    return wanted


def _drawn(form: shell.Fields, zone: str) -> list[dict[str, str]]:
    """The rows of the form that are ticked: `0.material`, `0.amount` and so on."""
    collected = with_offset(shell.one(form, "collected"), zone)
    names = ("material", "container", "amount", "code")
    rows: list[dict[str, str]] = []
    for place in range(_MOST_ROWS + 1):
        if f"{place}.drawn" not in form or not shell.one(form, f"{place}.material"):
            continue
        row = {name: shell.one(form, f"{place}.{name}") for name in names}
        rows.append({name: value for name, value in {**row, "collected": collected}.items() if value})
    return rows


def with_offset(local: str, zone: str) -> str:
    """A time told on the clock of a site, with its offset; anything else stays to be refused."""
    if not _LOCAL_TIME.fullmatch(local):
        return local
    try:
        return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).isoformat()
    except ValueError:
        return local


HANDLERS = [visit_page, register]
