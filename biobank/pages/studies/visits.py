"""A visit: its page while it is collected, and tubes that are registered without a protocol."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import amounts, clock, codes, inputs, participants, specimens, studies, trail, web
from biobank.labels.cards import Card
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.participants import DatasetOrder, DatasetRow
from biobank.people import Actor
from biobank.preanalytics import Clock
from biobank.printing import pending
from biobank.printing.applying import apply_scanned
from biobank.specimens import Registration, SpecimenRow, Workbench, WorkRow
from biobank.trail import LogRow

_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)
_MOST_ROWS = 60


class Told(msgspec.Struct, frozen=True):
    """Everything the page of a visit shows."""

    bench: Workbench
    datasets: list[DatasetRow]
    dataset_kinds: list[str]
    unlabelled: list[str]
    history: list[LogRow]


@get("/visits/{code:str}", sync_to_thread=True)
def visit_page(request: Request[Any, Any, Any], door: web.OpenDoor, code: FromPath[str]) -> Template:
    """The expected tubes as rows that scans tick, what is done with them, and links to data elsewhere."""
    me, told = shell.ask(door, lambda session, actor: _told(session, actor, code))
    finishing = request.query_params.get("mode") == "finishing"
    return shell.page(
        "visits/visit.html",
        me,
        told=told,
        unlabelled=told.unlabelled,
        cards=Card,
        materials=list(amounts.MATERIALS),
        mode="finishing" if finishing else "collect",
        **around(told.bench),
    )


@post("/visits/{code:str}/specimens", sync_to_thread=True)
def register(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Register the tubes that were drawn, all or none."""
    bench = door.ask(lambda session, actor: specimens.workbench(session, actor, code))
    order = inputs.read(Registration, {"visit": code, "specimens": _drawn(form, bench.time_zone)}, form=True)

    def work(session: Session, actor: Actor) -> list[SpecimenRow]:
        made = specimens.register(session, actor, order)
        apply_scanned(session, actor, [codes.read(each.code) or "" for each in order.specimens if each.code])
        return specimens.rows(session, made)

    door.act(work, list[SpecimenRow])
    return shell.go(request, f"/visits/{code}")


@post("/visits/{code:str}/datasets", sync_to_thread=True)
def link_dataset(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Link the visit to data that live elsewhere."""
    order = _dataset(code, form)
    door.act(lambda session, actor: participants.datasets.link(session, actor, order).code, str)
    return shell.go(request, f"/visits/{code}")


@post("/visits/{code:str}/datasets/unlink", sync_to_thread=True)
def unlink_dataset(
    request: Request[Any, Any, Any], door: web.OpenDoor, form: Form, code: FromPath[str]
) -> Response[Any]:
    """Take a link away again: the data live on where they are."""
    order = _dataset(code, form)
    door.act(lambda session, actor: participants.datasets.unlink(session, actor, order).code, str)
    return shell.go(request, f"/visits/{code}")


def _dataset(code: str, form: Form) -> DatasetOrder:
    told = {"visit": code, "kind": shell.one(form, "kind"), "external_id": shell.one(form, "external_id")}
    return inputs.read(DatasetOrder, told, form=True)


# --- what is shown ---


def around(bench: Workbench) -> dict[str, Any]:
    """What the rows, the head and the progress of a visit are drawn from, on the page and after each scan."""
    return {
        "bench": bench,
        "zone": bench.time_zone,
        "now": clock.now(),
        "window": window(bench),
        "scheduled": bool(bench.title),
        "clocks": clocks(bench.rows),
        "to_store": boxes(bench.rows),
    }


def window(bench: Workbench) -> str:
    """Where the visit lies: early, in, late, or empty where it has no window.

    A visit that took place is told by its day on the site's calendar, another by today.
    """
    if bench.opens_on is None or bench.closes_on is None:
        return ""
    day = _site_day(bench.took_place or clock.now(), bench.time_zone)
    if day < bench.opens_on:
        return "early"
    return "late" if day > bench.closes_on else "in"


def clocks(rows: Sequence[WorkRow]) -> dict[str, list[Clock]]:
    """Which clocks are shown at which tube: one that several tubes share, at the first of them alone."""
    shown: set[tuple[str, datetime]] = set()
    found: dict[str, list[Clock]] = {}
    for row in rows:
        fresh = [each for each in row.clocks if (each.name, each.due) not in shown]
        shown |= {(each.name, each.due) for each in fresh}
        found[row.code] = fresh
    return found


def boxes(rows: Sequence[WorkRow]) -> dict[str, tuple[str, int]]:
    """Into which boxes the tubes that are there could go: by code, the name and how many tubes."""
    found: dict[str, tuple[str, int]] = {}
    for row in rows:
        if row.box and row.life in ("collected", "active"):
            name, count = found.get(row.box.code, (row.box.name, 0))
            found[row.box.code] = (name, count + 1)
    return found


def with_offset(local: str, zone: str) -> str:
    """A time told on the clock of a site, with its offset; anything else stays to be refused."""
    if not _LOCAL_TIME.fullmatch(local):
        return local
    try:
        return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).isoformat()
    except ValueError:
        return local


# --- how ---


def _told(session: Session, actor: Actor, code: str) -> Told:
    visit, _ = participants.visit_by_code(session, actor, code)
    bench = specimens.workbench(session, actor, code)
    labelled = [row.code for row in bench.rows if row.code and row.labelled and row.life != "ended"]
    return Told(
        bench=bench,
        datasets=participants.datasets.of(session, [visit.id]).get(visit.id, []),
        dataset_kinds=studies.dataset_kinds(session, studies.by_code(session, actor, bench.study)),
        unlabelled=pending.unprinted(session, labelled),
        history=trail.of_subject(session, visit.id),
    )


def _site_day(when: datetime, zone: str) -> date:
    return when.astimezone(ZoneInfo(zone)).date()


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


HANDLERS = [visit_page, register, link_dataset, unlink_dataset]
