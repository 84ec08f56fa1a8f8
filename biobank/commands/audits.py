"""Freezer audits from the command line: planned, counted by files, reconciled, certified."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import N_, gettext

if TYPE_CHECKING:
    from uuid import UUID

    from biobank.audits import AuditBoard


@click.group()
def audit() -> None:
    """Freezer audits: what should be there, held against what was scanned."""


@audit.command("plan")
@click.argument("name")
@click.option("--container", help="A freezer, rack or box with all in it.")
@click.option("--study", help="The tubes of a study, at --site.")
@click.option("--site", help="The site of the study or of the tubes.")
@click.option("--tube", "tubes", multiple=True, help="One tube of a list; may be said again.")
@click.option("--due", required=True, help="The day by which it is held, such as 2026-12-31.")
@click.option("--limit", help="A sample: the error rate in percent that it shall be under.")
@click.option("--confidence", help="A sample: how sure of that, in percent.")
@click.option("--by-risk", is_flag=True, help="Draw tubes at risk more often.")
@click.option("--shelf-slots", type=int, default=0, help="So many slots besides, whatever they hold.")
@click.option("--blind", is_flag=True, help="Who counts is not told what should be there.")
@click.option("--second-count", is_flag=True, help="Another person counts again where the first disagrees.")
@click.option("--every-days", type=int, help="Plan the next one so many days later.")
@click.option("--owner", help="Who looks after it.")
@running.as_json
def plan(
    *,
    as_json: bool,
    due: str,
    limit: str | None,
    by_risk: bool,
    tubes: tuple[str, ...],
    **told: object,
) -> None:
    """Plan an audit called NAME of one scope."""
    from biobank import audits

    sent = {name: value for name, value in told.items() if value is not None}
    sent |= {"due": due, "tubes": list(tubes), "weighting": "risk" if by_risk else "random"}
    if limit:
        sent |= {"method": "sample", "limit": limit}
    order = running.ordered(audits.AuditOrder, sent)
    _tell(
        running.acted(
            lambda session, actor: audits.board(session, actor, audits.plan(session, actor, order).id),
            audits.AuditBoard,
        ),
        as_json=as_json,
    )


@audit.command("list")
@click.option("--closed", is_flag=True, help="Those that are over.")
@click.option("--site", help="Of one site.")
@running.as_json
def list_audits(*, closed: bool, site: str | None, as_json: bool) -> None:
    """List audits by the day on which they are due."""
    from biobank import audits
    from biobank.audits.words import STATUSES

    asked = audits.SoughtAudits(closed=closed, site=site)
    found = running.asked(lambda session, actor: audits.listing(session, actor, asked))
    if as_json:
        running.tell_json(found)
        return
    running.table(
        [
            (
                row.id,
                row.due_on,
                row.site,
                row.name,
                row.scope,
                gettext(STATUSES[row.status]),
                f"{row.counted}/{row.boxes}",
                row.open_findings,
            )
            for row in found
        ]
    )


@audit.command("show")
@click.argument("key", type=click.UUID)
@running.as_json
def show(key: "UUID", *, as_json: bool) -> None:
    """Show an audit: its boxes, how their slots ended, the error rate."""
    from biobank import audits

    _tell(running.asked(lambda session, actor: audits.board(session, actor, key)), as_json=as_json)


@audit.command("start")
@click.argument("key", type=click.UUID)
@running.as_json
def start(key: "UUID", *, as_json: bool) -> None:
    """Write down what should be where at this moment; from now on it is counted."""
    from biobank import audits

    order = audits.AuditChosen(audit=key)
    running.acted(lambda session, actor: str(audits.start(session, actor, order).id), str)
    _tell(running.asked(lambda session, actor: audits.board(session, actor, key)), as_json=as_json)


@audit.command("count")
@click.argument("key", type=click.UUID)
@click.argument("box")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rack", help="The code on the rack, for a file that does not name it.")
@click.option("--turned/--straight", default=None, help="How the rack lay in the scanner.")
@click.option("--unread-empty", is_flag=True, help="The scanner writes of an empty well as of an unread one.")
@running.as_json
def count(
    key: "UUID",
    box: str,
    file: Path,
    *,
    rack: str | None,
    turned: bool | None,
    unread_empty: bool,
    as_json: bool,
) -> None:
    """Count BOX by the FILE of a rack scanner."""
    from biobank import audits
    from biobank.audits.words import RESULTS
    from biobank.tables import Result

    sent = {"audit": str(key), "box": box, "name": file.name, "unread_empty": unread_empty}
    sent["content"] = base64.b64encode(file.read_bytes()).decode()
    sent |= {name: value for name, value in {"rack": rack, "turned": turned}.items() if value is not None}
    order = running.ordered(audits.CountedByFile, sent)
    done = running.acted(lambda session, actor: audits.count_by_file(session, actor, order), audits.BoxCount)
    if as_json:
        running.tell_json(done)
    else:
        running.table([(gettext(RESULTS[Result(word)]), often) for word, often in done.results.items()])


@audit.command("findings")
@click.argument("key", type=click.UUID)
@click.option("--open", "still_open", is_flag=True, help="Those that nobody has decided.")
@running.as_json
def findings(key: "UUID", *, still_open: bool, as_json: bool) -> None:
    """List what an audit found otherwise, and what was done about it."""
    from biobank import audits
    from biobank.audits.words import DECISIONS, RESULTS

    sought = audits.SoughtFindings(open=still_open, limit=1000)
    found = running.asked(lambda session, actor: audits.findings(session, actor, key, sought))
    if as_json:
        running.tell_json(found)
        return
    running.table(
        [
            (
                row.id,
                gettext(RESULTS[row.result]),
                grouped(row.code) if row.code else row.text,
                f"{row.path} {row.slot}",
                f"{row.found_path} {row.found_slot}",
                gettext(DECISIONS[row.decision]) if row.decision else row.owner,
            )
            for row in found
        ]
    )


@audit.command("certificate")
@click.argument("key", type=click.UUID)
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--language", default="en", help="en or zh_Hans.")
def certificate(key: "UUID", file: Path, *, language: str) -> None:
    """Write the certificate of an audit to FILE, as PDF."""
    from biobank import audits

    told = audits.require_language(language)
    file.write_bytes(
        running.asked(lambda session, actor: audits.certificate(audits.certified(session, actor, key), told))
    )
    running.say(N_("Written: %(file)s"), file=str(file))


def _tell(board: "AuditBoard", *, as_json: bool) -> None:
    from biobank.audits.words import STATES

    if as_json:
        running.tell_json(board)
        return
    running.say(
        N_("%(name)s (%(key)s): %(counted)s of %(boxes)s boxes counted, %(findings)s findings."),
        name=board.row.name,
        key=str(board.row.id),
        counted=board.row.counted,
        boxes=board.row.boxes,
        findings=board.row.findings,
    )
    running.table(
        [
            (grouped(box.code), box.path, gettext(STATES[box.state]), box.expected, box.counted_by)
            for box in board.boxes
        ]
    )
