"""Taking in a collections file."""

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from biobank.commands import running

if TYPE_CHECKING:
    from biobank.exchange.collections import Report

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=FILE)
@click.option(
    "--protocol", type=FILE, required=True, help="The study's protocol file, with its [import] part."
)
@running.as_json
def import_(file: Path, protocol: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Take in a collections file (CSV), whole or not at all. The same file again changes nothing."""
    from sqlmodel import Session

    from biobank import studies
    from biobank.exchange import collections
    from biobank.people import Actor

    text, data = protocol.read_bytes(), file.read_bytes()
    code = studies.read_protocol(text).study.code
    fresh = False
    with running.opened() as database, running.progress("Writing collections") as progress:

        def work(session: Session, actor: Actor) -> collections.Report:
            nonlocal fresh
            fresh = True
            return collections.take_in(session, actor, text, data, progress)

        door = running.console(database, collections.command_of(code, data), code.encode() + b"\n" + data)
        report = door.act(work, collections.Report)
    if as_json:
        running.tell_json(report)
    else:
        tell(file.name, report, fresh=fresh)


def tell(name: str, report: "Report", *, fresh: bool) -> None:
    """What the file brought, or that it had been taken in before."""
    click.echo(f"{name} into {report.study}" + ("" if fresh else ": taken in before, nothing was changed"))
    sites = (
        f" ({len(report.sites_made)} sites made: {', '.join(report.sites_made)})" if report.sites_made else ""
    )
    running.table(
        [
            ("rows", report.rows),
            ("merged", f"{report.merged_rows} rows into {report.merged_collections} collections"),
            ("participants", f"{report.participants}{sites}"),
            ("visits", f"{report.visits}, of them {report.unscheduled} unscheduled"),
            ("specimens", f"{report.collections}, with {report.identifiers} identifiers"),
            ("aliquots", report.aliquots),
        ]
    )
