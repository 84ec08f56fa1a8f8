"""The first page, and the find box that every page carries."""

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get
from litestar.response import Redirect, Template
from sqlmodel import Session

from biobank import inputs, participants, specimens, storage, studies, tasks, web
from biobank.pages import shell
from biobank.pages.charts import lasting
from biobank.pages.out import TONES
from biobank.participants import Asked, Counts
from biobank.people import Actor
from biobank.printing import applying, jobs
from biobank.specimens import Found
from biobank.storage import ContainerRow, OutCounts, OutRow
from biobank.studies import StudyCard
from biobank.tables import JobState

SHOWN = 10
"""So many of the tubes that are out stand on the first page; the board has all."""


class Sought(inputs.Input):
    """What somebody looks for."""

    code: inputs.Scanned


class Home(msgspec.Struct, frozen=True):
    """What a technician looks for first."""

    out: list[OutRow]
    away: OutCounts
    freezers: list[ContainerRow]
    studies: list[StudyCard]
    visits: Counts
    tasks: int
    labels: int
    asking: int


def address(found: Found) -> str:
    """The page of what a code named."""
    if found.kind == "participant":
        return f"/studies/{quote(found.study, safe='')}/participants/{quote(found.code)}"
    place = {"specimen": "specimens", "container": "containers", "visit": "visits", "kit": "kits"}[found.kind]
    return f"/{place}/{found.code}{'?retired=1' if found.retired else ''}"


@get("/", sync_to_thread=True)
def home(door: web.OpenDoor) -> Template:
    """What is out, the visits of these days, the freezers, the studies."""

    def question(session: Session, actor: Actor) -> Home:
        out = storage.what_is_out(session, actor)
        return Home(
            out=out[:SHOWN],
            away=storage.out_counts(session, actor, out),
            freezers=storage.roots(session, actor),
            studies=studies.everything(session, actor),
            visits=participants.counts(session, actor, Asked()),
            tasks=sum(tasks.open_counts(session, actor).values()),
            labels=applying.count_waiting(session, actor),
            asking=sum(job.state is JobState.ASKING for job in jobs.listed(session, actor, under_way=True)),
        )

    me, told = shell.ask(door, question)
    return shell.page("home/home.html", me, told=told, lasting=lasting, tones=TONES)


@get("/find", sync_to_thread=True)
def find(request: Request[Any, Any, Any], door: web.OpenDoor) -> Response[Any]:
    """Lead to whatever a scanned or typed code names."""
    code = request.query_params.get("code", "").strip()
    if not code:
        return Redirect("/")
    sought = inputs.read(Sought, {"code": code}, form=True)
    return Redirect(address(door.ask(lambda session, actor: specimens.find(session, actor, sought.code))))


HANDLERS = [home, find]
