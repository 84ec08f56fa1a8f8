"""Taking in a collections file."""

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from biobank import texts
from biobank.commands import running
from biobank.texts import N_, listed

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
    if fresh:
        running.say(N_("%(file)s was taken into %(study)s."), file=name, study=report.study)
    else:
        message = N_("%(file)s was taken into %(study)s before; nothing was changed. It brought:")
        running.say(message, file=name, study=report.study)
    _ = texts.gettext
    merged = {"rows": report.merged_rows, "collections": report.merged_collections}
    running.table(
        [
            (_("rows"), report.rows),
            (_("merged"), _("%(rows)s rows into %(collections)s collections") % merged),
            (_("sites made"), listed(report.sites_made) or "-"),
            (_("participants"), report.participants),
            (_("visits"), report.visits),
            (_("unscheduled"), report.unscheduled),
            (_("specimens"), report.collections),
            (_("identifiers"), report.identifiers),
            (_("aliquots"), report.aliquots),
        ]
    )
