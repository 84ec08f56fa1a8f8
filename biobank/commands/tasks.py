"""Tasks: what is left to be looked after."""

from typing import TYPE_CHECKING
from uuid import UUID

import rich_click as click

from biobank.commands import running
from biobank.texts import N_

if TYPE_CHECKING:
    from biobank.tasks import TaskRow


@click.group()
def task() -> None:
    """What scans and rules could not settle by themselves."""


@task.command("list")
@click.option("--site")
@click.option("--kind", help="Such as unresolved_scan, missing, place_disputed.")
@click.option("--closed", is_flag=True, help="Those that were closed.")
@running.as_json
@running.as_csv
def list_tasks(
    site: str | None,
    kind: str | None,
    closed: bool,  # noqa: FBT001 - flags of the command line
    as_json: bool,  # noqa: FBT001
    as_csv: bool,  # noqa: FBT001
) -> None:
    """List open tasks, the newest first."""
    from biobank import tasks

    told = {"site": site, "kind": kind, "closed": "true" if closed else None, "limit": "1000"}
    sought = running.ordered(tasks.Sought, told)
    rows = running.asked(lambda session, actor: tasks.listing(session, actor, sought))
    if not running.tell_rows(tasks.TaskRow, rows, as_json=as_json, as_csv=as_csv):
        for row in rows:
            _tell(row)


@task.command("show")
@click.argument("key", type=click.UUID)
@running.as_json
def show(key: UUID, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell a task, open or closed; KEY is its id in the list."""
    from biobank import storage

    row = running.asked(lambda session, actor: storage.task_card(session, actor, key))
    if as_json:
        running.tell_json(row)
    else:
        _tell(row)


@task.command("close")
@click.argument("key", type=click.UUID)
@click.option("--resolution", default="done", show_default=True, help="What came of it, in a few words.")
@running.as_json
def close_task(key: UUID, resolution: str, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Say that a task was looked after; KEY is its id in the list."""
    from biobank import tasks

    order = running.ordered(tasks.Settle, {"task": str(key), "resolution": resolution})
    row = running.acted(
        lambda session, actor: tasks.row(session, tasks.close(session, actor, order)), tasks.TaskRow
    )
    running.answer(row, N_("Closed: %(resolution)s."), as_json=as_json, resolution=resolution)


@task.command("counts")
@running.as_json
def count_tasks(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell how many open tasks of each kind there are."""
    from biobank import tasks

    found = {kind.value: count for kind, count in running.asked(tasks.open_counts).items()}
    if as_json:
        running.tell_json(found)
    else:
        running.table(list(found.items()))


def _tell(row: "TaskRow") -> None:
    from biobank import tasks

    what = row.specimen or row.code
    click.echo("  ".join(part for part in (str(row.id), row.site, what) if part))
    click.echo(f"    {tasks.sentence(row)}")
