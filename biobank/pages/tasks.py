"""Tasks: what scans and rules left to be looked after, with what to do about each."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlmodel import Session

from biobank import inputs, tasks, web
from biobank.pages import shell
from biobank.pages.shell import Form
from biobank.people import Actor
from biobank.tables import TaskKind
from biobank.tasks import Settle, Sought, TaskRow
from biobank.texts import gettext

PAGE = 50


class Shown(msgspec.Struct, frozen=True):
    """A task with the sentence that tells it, in the reader's language."""

    row: TaskRow
    name: str
    says: str


@get("/tasks", sync_to_thread=True)
def tasks_page(request: Request[Any, Any, Any], door: web.OpenDoor) -> Template:
    """Open tasks, the newest first; those of one kind or site, or the closed ones, where asked."""
    asked = request.query_params
    told = {name: asked[name] for name in ("kind", "site", "closed", "after") if asked.get(name)}
    sought = inputs.read(Sought, {**told, "limit": PAGE + 1}, form=True)

    def question(session: Session, actor: Actor) -> tuple[list[TaskRow], dict[TaskKind, int]]:
        return tasks.listing(session, actor, sought), tasks.open_counts(session, actor)

    me, (rows, counts) = shell.ask(door, question)
    return shell.page(
        "tasks/tasks.html",
        me,
        shown=[_shown(row) for row in rows[:PAGE]],
        more=str(rows[PAGE - 1].id) if len(rows) > PAGE else "",
        counts=[(kind, gettext(tasks.NAMES[kind]), counts[kind]) for kind in TaskKind if kind in counts],
        sought=sought,
    )


@post("/tasks/{task:uuid}/close", sync_to_thread=True, status_code=200)
def close(
    request: Request[Any, Any, Any], door: web.OpenDoor, task: FromPath[UUID], form: Form
) -> Response[Any]:
    """Say that a task was looked after, and go back to the list."""
    told = {"task": str(task), "resolution": shell.one(form, "resolution")}
    order = inputs.read(Settle, told, form=True)
    door.act(lambda session, actor: tasks.row(session, tasks.close(session, actor, order)), TaskRow)
    return shell.go(request, shell.local(shell.one(form, "next"), "/tasks"))


def _shown(row: TaskRow) -> Shown:
    return Shown(row, gettext(tasks.NAMES[row.kind]), tasks.sentence(row))


HANDLERS = [tasks_page, close]
