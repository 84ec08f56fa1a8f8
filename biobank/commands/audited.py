"""What audits found, from the command line: decided, entrusted, certified, sought, seen over time."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.commands.audits import KEY, audit, percent, rate_facts, tell_board
from biobank.errors import Refusal
from biobank.texts import N_, gettext

if TYPE_CHECKING:
    from uuid import UUID

    from sqlmodel import Session

    from biobank.audits import Finding
    from biobank.people import Actor

OUT = click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The PDF to write."
)
LANGUAGE = click.option("--language", default="en", show_default=True, help="en or zh_Hans.")

__all__ = ["audit"]


# --- findings ---


@audit.command("findings")
@KEY
@click.option("--result", help="Of one kind, such as missing, wrong_slot, unknown.")
@click.option("--box", help="Expected in one box.")
@click.option("--open", is_flag=True, help="Those that nobody has decided.")
@running.as_json
@running.as_csv
def list_findings(*, key: "UUID", as_json: bool, as_csv: bool, **told: Any) -> None:
    """List what an audit found otherwise, and what was done about it."""
    from biobank import audits

    sought = running.ordered(audits.SoughtFindings, told)
    rows = running.asked(lambda session, actor: audits.every_finding(session, actor, key, sought))
    if not running.tell_rows(audits.Finding, rows, as_json=as_json, as_csv=as_csv) and rows:
        running.table([_line(row) for row in rows])


@audit.command("decide")
@KEY
@click.argument("decision")
@click.argument("lines", nargs=-1)
@click.option("--plain", is_flag=True, help="Of all tubes that stand where their record does not have them.")
@click.option("--reason", help="Why, in a few words; registered, relabelled and explained need it.")
@running.as_json
def decide(
    *, key: "UUID", decision: str, lines: tuple[str, ...], plain: bool, reason: str | None, as_json: bool
) -> None:
    """Decide the findings LINES: moved, put_back, missing, registered, relabelled or explained.

    LINES are ids of the list of findings.
    """
    from biobank import audits

    def work(session: "Session", actor: "Actor") -> int:
        chosen = list(lines)
        if plain:
            settled = map(str, audits.settled_by_a_tap(session, actor, key))
            chosen += [line for line in settled if line not in lines]
            if not chosen:
                raise Refusal(
                    "nothing_plain", N_("No finding is left whose record can simply follow its tube.")
                )
        told = {"audit": str(key), "lines": chosen, "decision": decision, "reason": reason}
        return len(audits.decide(session, actor, running.ordered(audits.Decide, told)))

    running.acted(work, int)
    tell_board(running.asked(lambda session, actor: audits.board(session, actor, key)), as_json=as_json)


@audit.command("entrust")
@KEY
@click.argument("lines", nargs=-1, required=True)
@click.option("--owner", required=True, help="Who looks after them.")
@click.option("--due", metavar="DAY", required=True, help="By which day, such as 2026-12-31.")
@running.as_json
def entrust(*, key: "UUID", as_json: bool, **told: Any) -> None:
    """Say who looks after the findings LINES, and by when: an audit can be signed with them."""
    from biobank import audits

    order = running.ordered(audits.Entrust, {"audit": str(key), **told})
    running.acted(lambda session, actor: len(audits.entrust(session, actor, order)), int)
    tell_board(running.asked(lambda session, actor: audits.board(session, actor, key)), as_json=as_json)


@audit.command("entrusted")
@running.as_json
@running.as_csv
def list_entrusted(*, as_json: bool, as_csv: bool) -> None:
    """List the findings of all audits that somebody is to look after, those due first."""
    from biobank import audits

    rows = running.asked(audits.entrusted)
    if not running.tell_rows(audits.Finding, rows, as_json=as_json, as_csv=as_csv) and rows:
        running.table([(row.due_on, row.owner, row.audit_name, *_line(row)[:4]) for row in rows])


# --- on paper ---


@audit.command("certificate")
@KEY
@OUT
@LANGUAGE
@running.as_json
def certificate(*, key: "UUID", out: Path, language: str, as_json: bool) -> None:
    """Write the certificate of an audit as a PDF."""
    from biobank import audits

    def question(session: "Session", actor: "Actor") -> bytes:
        told = audits.require_language(language)
        return audits.certificate(audits.certified(session, actor, key), told)

    running.require_writable(out)
    out.write_bytes(running.asked(question))
    running.tell_written(out, as_json=as_json)


@audit.command("sheet")
@KEY
@OUT
@click.option("--box", "boxes", multiple=True, help="Of one box; all that are not counted if none is said.")
@LANGUAGE
@running.as_json
def sheet(*, key: "UUID", out: Path, boxes: tuple[str, ...], language: str, as_json: bool) -> None:
    """Write the sheet to count an audit by on paper, as a PDF."""
    from biobank import audits

    def question(session: "Session", actor: "Actor") -> bytes:
        told = audits.require_language(language)
        return audits.sheet(*audits.paper_of(session, actor, key, boxes), told)

    running.require_writable(out)
    out.write_bytes(running.asked(question))
    running.tell_written(out, as_json=as_json)


# --- over time ---


@audit.command("missing")
@running.as_json
@running.as_csv
def list_missing(*, as_json: bool, as_csv: bool) -> None:
    """List the tubes that audits found missing and nobody has had in a hand since."""
    from biobank import audits

    rows = running.asked(audits.every_missing)
    if not running.tell_rows(audits.Finding, rows, as_json=as_json, as_csv=as_csv) and rows:
        running.table([(grouped(row.code), row.material, row.path, row.slot, row.decided_at) for row in rows])


@audit.command("trend")
@click.option("--by", help="Apart by audit, freezer, box or study.")
@click.option("--site", help="Of one site.")
@click.option("--since", metavar="DAY", help="Of audits signed since this day.")
@running.as_json
def trend(*, as_json: bool, **told: Any) -> None:
    """Tell the error rates of signed audits, each with its exact interval, oldest first."""
    from biobank import audits

    asked = running.ordered(audits.TrendAsked, told)
    rows = running.asked(lambda session, actor: audits.trend(session, actor, asked))
    if as_json:
        running.tell_json(rows)
    elif rows:
        running.table([(row.on, row.name, row.group, *_shares(rate_facts(row.rate))) for row in rows])


@audit.command("coverage")
@click.argument("code")
@click.option("--since", metavar="DAY", required=True, help="Seen since this day began (UTC).")
@running.as_json
def coverage(*, code: str, since: str, as_json: bool) -> None:
    """Tell how much of a container, and of each one in it, was in somebody's hand since a day."""
    from biobank import audits

    asked = running.ordered(audits.CoverageAsked, {"since": since})
    found = running.asked(lambda session, actor: audits.coverage(session, actor, code, asked.since))
    if as_json:
        running.tell_json(found)
        return
    running.table(
        [
            (
                grouped(each.code),
                each.name,
                f"{each.seen}/{each.tubes}",
                "" if each.share is None else percent(each.share),
                each.oldest.isoformat(timespec="minutes") if each.oldest else "",
            )
            for each in found.values()
        ]
    )


# --- how ---


def _line(row: "Finding") -> tuple[object, ...]:
    from biobank.audits.words import DECISIONS, RESULTS

    return (
        row.id,
        gettext(RESULTS[row.result]),
        grouped(row.code) if row.code else row.text,
        f"{row.path} {row.slot}".strip(),
        f"{row.found_path} {row.found_slot}".strip(),
        gettext(DECISIONS[row.decision]) if row.decision else row.owner,
    )


def _shares(facts: dict[str, object]) -> tuple[str, ...]:
    return f"{facts['errors']}/{facts['all']}", str(facts["rate"]), f"{facts['low']} - {facts['high']}"
