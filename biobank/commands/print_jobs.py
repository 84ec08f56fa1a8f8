"""Print jobs: how far they are, and what a person decides of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import rich_click as click

from biobank.codes import grouped
from biobank.commands import labels, running
from biobank.texts import N_, gettext

if TYPE_CHECKING:
    from biobank.printing.jobs import JobCard, JobRow

_job = click.argument("job", type=click.UUID)
_from_here = click.option(
    "--send/--no-send",
    default=True,
    show_default=True,
    help="Print what is queued from here, instead of leaving it to the server.",
)


@click.group("job")
def job_group() -> None:
    """Print jobs: listed, stopped, answered, printed on."""


@job_group.command("list")
@click.option("--under-way", is_flag=True, help="Only those that have not ended.")
@running.as_json
@running.as_csv
def list_jobs(under_way: bool, as_json: bool, as_csv: bool) -> None:  # noqa: FBT001 - flags of the command line
    """List print jobs, the newest first."""
    from biobank.printing import jobs

    rows = running.asked(lambda session, actor: jobs.listed(session, actor, under_way=under_way, most=1000))
    if not running.tell_rows(jobs.JobRow, rows, as_json=as_json, as_csv=as_csv) and rows:
        running.table([_cells(row) for row in rows])


@job_group.command("show")
@_job
@running.as_json
def show_job(job: UUID, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell how far JOB is, label by label, why it does not get on, and what it asks."""
    from biobank.printing import jobs

    card = running.asked(lambda session, actor: jobs.card(session, actor, job, most=jobs.MOST))
    if as_json:
        running.tell_json(card)
        return
    _tell(card)
    running.table([(line.serial, grouped(line.code), line.state.value) for line in card.labels])


@job_group.command("pdf")
@_job
@click.option("--out", type=labels.FILE, required=True, help="The PDF to write.")
@running.as_json
def write_pdf(job: UUID, out: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Write the labels of a JOB that has no printer, the same bytes each time."""
    from biobank.printing import jobs, spooler

    running.require_writable(out)
    with running.opened() as database:
        running.console(database).ask(lambda session, actor: jobs.card(session, actor, job, most=1))
        out.write_bytes(spooler.pdf(database, job))
    running.tell_written(out, as_json=as_json)


@job_group.command("inventory")
@_job
@click.option("--out", type=labels.FILE, required=True, help="The PDF to write.")
@running.as_json
def write_inventory(job: UUID, out: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Write the sheet to work by: a line for each label of JOB in order, with a box to tick."""
    from biobank.labels import inventory
    from biobank.printing import jobs

    running.require_writable(out)
    card = running.asked(lambda session, actor: jobs.card(session, actor, job, most=jobs.MOST))
    out.write_bytes(inventory.sheet([line.face for line in card.labels], job=str(card.id)))
    running.tell_written(out, as_json=as_json)


@job_group.command("stop")
@_job
@running.as_json
def stop_job(job: UUID, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Print no more of JOB; what is on its way comes out."""
    from biobank.printing import jobs

    order = running.ordered(jobs.JobOrder, {"job": str(job)})
    card = running.acted(lambda session, actor: jobs.stop(session, actor, order), jobs.JobCard)
    _tell(card, as_json=as_json)


@job_group.command("answer")
@_job
@click.argument("came_out_to", type=int)
@click.option("--again/--not-again", default=True, show_default=True, help="Print the others once more.")
@_from_here
@running.as_json
def answer_job(job: UUID, came_out_to: int, again: bool, send: bool, as_json: bool) -> None:  # noqa: FBT001
    """Tell that the labels of JOB came out of the printer up to the one of that number."""
    from biobank.printing import jobs

    told = {"job": str(job), "came_out_to": str(came_out_to), "again": "true" if again else "false"}
    order = running.ordered(jobs.Answer, told)
    card = running.acted(lambda session, actor: jobs.answer(session, actor, order), jobs.JobCard)
    _go_on(card, send=send, as_json=as_json)


@job_group.command("retry")
@_job
@_from_here
@running.as_json
def retry_job(job: UUID, send: bool, as_json: bool) -> None:  # noqa: FBT001 - flags of the command line
    """Print what still waits in JOB; nothing that is known to have come out is printed again."""
    from biobank.printing import jobs

    order = running.ordered(jobs.JobOrder, {"job": str(job)})
    card = running.acted(lambda session, actor: jobs.retry(session, actor, order), jobs.JobCard)
    _go_on(card, send=send, as_json=as_json)


@job_group.command("void")
@_job
@click.argument("serials", nargs=-1, type=int)
@running.as_json
def void_job(job: UUID, serials: tuple[int, ...], as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Never print what still waits in JOB: the labels of these numbers, or all."""
    from biobank.printing import jobs

    order = running.ordered(jobs.Void, {"job": str(job), "serials": [str(each) for each in serials]})
    card = running.acted(lambda session, actor: jobs.void(session, actor, order), jobs.JobCard)
    _tell(card, as_json=as_json)


# --- how ---


def _go_on(card: "JobCard", *, send: bool, as_json: bool) -> None:
    if send and card.state.value == "queued":
        with running.opened() as database:
            card = labels.settled(database, card.id, None)
    _tell(card, as_json=as_json)
    labels.require_done(card)


def _tell(card: "JobCard", *, as_json: bool = False) -> None:
    if as_json:
        running.tell_json(card)
        return
    counts = card.counts
    told: dict[str, Any] = {
        "state": card.state.value,
        "out": counts.printed + counts.applied,
        "total": card.total,
        "where": card.printer or gettext(N_("a PDF")),
    }
    running.say(N_("%(state)s: %(out)s of %(total)s labels, %(where)s"), **told)


def _cells(row: "JobRow") -> tuple[object, ...]:
    where, state = row.printer or "PDF", row.state.value
    made = f"{row.made_at:%Y-%m-%d %H:%M}"
    return row.id, made, row.of, where, row.stock, state, f"{row.done}/{row.total}", row.fault
