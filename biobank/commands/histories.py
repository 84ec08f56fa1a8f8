"""What happened to a tube, and what was made of it."""

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import N_, gettext


@click.command()
@click.argument("tube")
@running.as_json
@running.as_csv
def history(tube: str, as_json: bool, as_csv: bool) -> None:  # noqa: FBT001 - flags of the command line
    """Tell everything that happened to a TUBE and to what held it, the oldest first."""
    from biobank import specimens

    rows = running.asked(lambda session, actor: specimens.timeline(session, actor, tube))
    if running.tell_rows(specimens.TimelineRow, rows, as_json=as_json, as_csv=as_csv):
        return
    running.table(
        [
            (
                row.number,
                row.occurred.isoformat(" ", "minutes"),
                row.kind,
                row.actor,
                row.place,
                row.amount,
                gettext("undone") if row.undone else "",
                row.note,
            )
            for row in rows
        ]
    )


@click.command()
@click.argument("tube")
@running.as_json
def family(tube: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """List what was made of a TUBE, directly."""
    from biobank import specimens

    rows = running.asked(lambda session, actor: specimens.family(session, actor, tube))
    if as_json:
        running.tell_json(rows)
    elif rows:
        running.table(
            [(grouped(row.code), row.kind, row.material, row.amount, row.life, row.place) for row in rows]
        )


@click.command()
@click.argument("tube")
@running.as_json
def chain(tube: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Prove the history of one TUBE; with a fault, the exit code is 3."""
    from biobank.specimens import families

    told = running.asked(lambda session, actor: families.chain(session, actor, tube))
    message = (
        N_("%(events)s events: all proved.") if not told.fault else N_("%(events)s events. Fault: %(fault)s")
    )
    running.answer(told, message, as_json=as_json, events=told.events, fault=told.fault)
    if told.fault:
        raise SystemExit(running.FOUND)
