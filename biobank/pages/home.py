"""The first page, by role: what waits for somebody, each tile a link to the list that it counts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.response import Redirect, Template
from sqlmodel import Session

from biobank import (
    __version__,
    audits,
    capacity,
    inputs,
    migrations,
    racks,
    specimens,
    storage,
    studies,
    tasks,
    web,
)
from biobank.audits import Waiting
from biobank.capacity import Outlook
from biobank.errors import Refusal
from biobank.pages import shell
from biobank.pages.charts import lasting
from biobank.pages.storage.out import TONES
from biobank.participants.agenda import Pressing, pressing
from biobank.people import Actor, May, allowed
from biobank.printing import applying, jobs, printers
from biobank.specimens import Found
from biobank.storage import ContainerRow, OutCounts, OutRow
from biobank.studies import StudyCard
from biobank.tables import JobState, TaskKind
from biobank.texts import gettext as _

SHOWN = 10
"""So many of the tubes that are out stand on the first page; the board has all."""
COUNTED = 1000
"""What grows without bound is counted so far."""


class Sought(inputs.Input):
    """What somebody looks for."""

    code: inputs.Scanned


class Tile(msgspec.Struct, frozen=True):
    """How many of something wait, and the list of exactly those; `more` says what of them is worse."""

    count: str
    name: str
    to: str
    tone: str = ""
    more: str = ""


class Home(msgspec.Struct, frozen=True):
    """What is counted for somebody, nothing of what their roles have nothing to do with.

    `kits` are those for nobody yet, by study; `sending` is when each job was ordered that waits or prints.
    """

    out: list[OutRow]
    away: OutCounts
    studies: list[StudyCard]
    kits: dict[str, int]
    visits: Pressing
    tasks: dict[TaskKind, int]
    labels: int
    jobs: int
    sending: list[datetime]
    asking: int
    files: int
    silent: int
    audits: Waiting


class System(msgspec.Struct, frozen=True):
    """The state of the installation, for administrators. `fault` is why it is not ready, empty when it is."""

    version: str
    database: str
    demo: bool
    fault: str


class Fullness(msgspec.Struct, frozen=True):
    """How full freezers are, the fullest first, and when slots run out, for whoever sets up."""

    freezers: list[ContainerRow]
    outlooks: list[Outlook]


def address(found: Found) -> str:
    """The page of what a code named."""
    if found.kind == "participant":
        return f"/studies/{quote(found.study, safe='')}/participants/{quote(found.code)}"
    place = {"specimen": "specimens", "container": "containers", "visit": "visits", "kit": "kits"}[found.kind]
    return f"/{place}/{found.code}{'?retired=1' if found.retired else ''}"


@get("/", sync_to_thread=True)
def home(request: Request[Any, Any, Any], door: web.OpenDoor, state: State) -> Template:
    """What waits for whoever looks, by their roles, and nothing of what does not."""
    me, told = shell.ask(door, _question)
    system = _system(request, state) if allowed(me, May.ADMINISTER) else None
    return shell.page(
        "home/home.html",
        me,
        told=told,
        tiles=list(_tiles(told)),
        system=system,
        lasting=lasting,
        tones=TONES,
    )


@get("/home/freezers", sync_to_thread=True)
def freezers(door: web.OpenDoor) -> Template:
    """A part of the first page that is asked for once the rest of it stands: its sums grow with the stock."""

    def question(session: Session, actor: Actor) -> Fullness:
        rows = sorted(storage.roots(session, actor), key=_fullness, reverse=True)
        plans = allowed(actor, May.SET_UP)
        return Fullness(rows, capacity.forecast(session, actor).classes if plans else [])

    me, told = shell.ask(door, question)
    return shell.page("home/_freezers.html", me, told=told)


@get("/find", sync_to_thread=True)
def find(request: Request[Any, Any, Any], door: web.OpenDoor) -> Response[Any]:
    """Lead to whatever a scanned or typed code names."""
    code = request.query_params.get("code", "").strip()
    if not code:
        return Redirect("/")
    sought = inputs.read(Sought, {"code": code}, form=True)
    return Redirect(address(door.ask(lambda session, actor: specimens.find(session, actor, sought.code))))


# --- how ---


def _question(session: Session, actor: Actor) -> Home:
    sees, handles, prints = (allowed(actor, may) for may in (May.SEE, May.HANDLE, May.PRINT))
    out = storage.what_is_out(session, actor) if sees else []
    watches = prints or allowed(actor, May.ADMINISTER)
    under_way = jobs.listed(session, actor, under_way=True) if watches else []
    faulty = printers.listed(session, actor) if watches else []
    return Home(
        out=out[:SHOWN],
        away=storage.out_counts(session, actor, out),
        studies=studies.everything(session, actor),
        kits=specimens.nobodys_kits(session, actor) if sees else {},
        visits=pressing(session, actor, COUNTED) if sees else Pressing(0, 0),
        tasks=tasks.open_counts(session, actor) if sees else {},
        labels=applying.count_waiting(session, actor, COUNTED) if prints else 0,
        jobs=len(under_way) if prints else 0,
        sending=[job.made_at for job in under_way if job.state in (JobState.QUEUED, JobState.SENDING)],
        asking=sum(job.state is JobState.ASKING for job in under_way),
        files=racks.count_waiting(session, actor, COUNTED) if handles else 0,
        silent=sum(bool(each.fault) for each in faulty),
        audits=audits.waiting(session, actor, COUNTED) if sees else Waiting(0, 0, 0),
    )


def _tiles(told: Home) -> Iterator[Tile]:
    """What there is of what waits, the pressing first."""
    away, visits = told.away, told.visits
    disputed = told.tasks.get(TaskKind.PLACE_DISPUTED, 0)
    others = sum(told.tasks.values())
    every = [
        Tile(str(away.thawed), _("tubes out past their limit"), "/out?of=thawed", "stop"),
        Tile(str(disputed), _("places in dispute"), "/tasks?kind=place_disputed", "stop"),
        Tile(str(told.silent), _("printers that do not answer"), "/printers?silent", "stop"),
        # Those past their limit are late too: where they are all that are, they are told once.
        Tile(
            str(away.late if away.late > away.thawed else 0),
            _("tubes out for long"),
            "/out?of=late",
            "notice",
        ),
        Tile(str(away.overdue), _("tubes that were due back"), "/out?of=overdue", "notice"),
        Tile(_counted(visits.overdue), _("visits overdue"), "/schedule?of=overdue", "notice"),
        Tile(
            str(told.jobs),
            _("print jobs under way"),
            "/labels/jobs",
            "notice" if told.asking else "",
            _("%(count)s ask what came out") % {"count": told.asking} if told.asking else "",
        ),
        Tile(_counted(told.audits.missing), _("missing tubes"), "/missing", "notice"),
        Tile(_counted(told.audits.due), _("audits due"), "/audits?of=due", "notice"),
        Tile(_counted(told.audits.mine), _("findings left to you"), "/audits/entrusted?mine", "notice"),
        Tile(_counted(visits.due), _("visits due"), "/schedule?of=due"),
        Tile(str(others), _("tasks open"), "/tasks"),
        Tile(_counted(told.labels), _("labels to be stuck on"), "/labels/waiting"),
        Tile(_counted(told.files), _("rack files waiting"), "/rack-files"),
    ]
    return (tile for tile in every if tile.count != "0")


def _counted(number: int) -> str:
    """A number that was counted no further than to a bound."""
    return f"{number}+" if number == COUNTED else str(number)


def _system(request: Request[Any, Any, Any], state: State) -> System:
    database = state.database
    try:
        migrations.require_ready(database)
        fault = ""
    except Refusal as refusal:
        fault = web.in_words(refusal)
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    return System(__version__, kind, shell.is_demo(request), fault)


def _fullness(row: ContainerRow) -> float:
    return row.tubes / row.slots if row.slots else 0


HANDLERS = [home, freezers, find]
