"""The log on the command line: every event, newest first."""

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running


@click.command("log")
@click.option("--about", help="What it happened to: specimen, container, participant, visit, kit, ...")
@click.option("--kind", help="What happened, such as placed or taken_out.")
@click.option("--person", help="By whom.")
@click.option("--station", help="At which bench.")
@click.option("--since", metavar="DAY", help="The first day, such as 2026-05-04.")
@click.option("--until", metavar="DAY", help="The last day.")
@click.option("--code", help="A code, a pseudonym, or the name of a person or a station.")
@click.option("--corrections", is_flag=True, help="Only what corrects or undoes another event.")
@running.as_json
@running.as_csv
def read_log(as_json: bool, as_csv: bool, **told: object) -> None:  # noqa: FBT001 - flags of the command line
    """Tell what happened, the newest first: the newest 10,000 events that fit."""
    from biobank import trail

    asked = running.ordered(trail.LogAsked, told)
    rows = running.asked(lambda session, actor: trail.everything(session, actor, asked))
    if running.tell_rows(trail.LogRow, rows, as_json=as_json, as_csv=as_csv) or not rows:
        return
    running.table(
        [
            (
                row.recorded.isoformat(" ", "minutes"),
                row.kind,
                grouped(row.code) if row.about in ("specimen", "container", "visit", "kit") else row.code,
                row.actor,
                row.station,
                row.place,
                row.status or ", ".join(row.what),
            )
            for row in rows
        ]
    )
