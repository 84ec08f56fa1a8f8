"""Tasks: what scans and rules left to be looked after."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from biobank import storage, tasks
from biobank.api.answers import Limit, Page, page
from biobank.api.documents import noun
from biobank.tables import TaskKind
from biobank.tasks import Settle, Sought, TaskRow
from biobank.web import OpenDoor

Closed = Annotated[bool, QueryParameter(description="Those that were closed, instead of the open ones.")]
Site = Annotated[str | None, QueryParameter(max_length=40, description="Of this site alone.")]
Kind = Annotated[TaskKind | None, QueryParameter(description="Of this kind alone.")]
Code = Annotated[str | None, QueryParameter(max_length=100, description="About this scanned code alone.")]
AfterTask = Annotated[UUID | None, QueryParameter(description="`next` of the page before.")]


@get("/tasks", sync_to_thread=True)
def list_tasks(
    door: OpenDoor,
    closed: Closed = False,  # noqa: FBT002 - a filter of the address
    site: Site = None,
    kind: Kind = None,
    code: Code = None,
    limit: Limit = 50,
    after: AfterTask = None,
) -> Page[TaskRow]:
    """Tasks in your scope: the newest first."""
    sought = Sought(closed=closed, site=site, kind=kind, code=code, limit=limit + 1, after=after)
    rows = door.ask(lambda session, actor: tasks.listing(session, actor, sought))
    return page(rows, limit, lambda row: str(row.id))


@get("/tasks/{task:uuid}", sync_to_thread=True)
def get_task(door: OpenDoor, task: FromPath[UUID]) -> TaskRow:
    """One task, open or closed."""
    return door.ask(lambda session, actor: storage.task_card(session, actor, task))


@get("/tasks/counts", sync_to_thread=True)
def count_tasks(door: OpenDoor) -> dict[str, int]:
    """How many open tasks of each kind there are in your scope; a kind without one is left out."""
    found = door.ask(tasks.open_counts)
    return {kind.value: count for kind, count in found.items()}


@post("/task-closings", sync_to_thread=True, status_code=200)
def close_task(door: OpenDoor, data: JSONBody[Settle]) -> TaskRow:
    """Say that a task was looked after, and what came of it."""
    return door.act(lambda session, actor: tasks.row(session, tasks.close(session, actor, data)), TaskRow)


HANDLERS = noun("tasks", [list_tasks, get_task, count_tasks, close_task])
