"""Freezer audits from the command line: planned, begun, counted by scans and by files."""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.errors import Refusal
from biobank.texts import N_, gettext, in_language, language

if TYPE_CHECKING:
    from uuid import UUID

    from sqlmodel import Session

    from biobank.audits import AuditBoard, AuditOrder, AuditRow, BoxCount, ErrorRate
    from biobank.database import Database
    from biobank.people import Actor
    from biobank.tables import BoxState

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
KEY = click.argument("key", type=click.UUID)
OCCURRED = click.option(
    "--occurred",
    metavar="TIME",
    help="When it was, such as 2026-05-04T09:30:00+08:00; now if it is not said.",
)

RATE = N_("%(errors)s of %(all)s: %(rate)s (%(low)s to %(high)s with %(confidence)s confidence)")


@click.group()
def audit() -> None:
    """Freezer audits: what should be there, held against what was scanned."""


# --- planning ---


@audit.command("plan")
@click.argument("name")
@click.option("--container", help="Of a freezer, rack or box with all in it.")
@click.option("--study", help="Of the tubes of a study, at --site.")
@click.option("--site", help="The site of the study, or of the tubes.")
@click.option("--tube", "tubes", multiple=True, help="Of listed tubes at --site; once for each.")
@click.option("--due", metavar="DAY", required=True, help="The day by which it is held, such as 2026-12-31.")
@click.option(
    "--limit", help="A sample: the error rate in percent that the store shall be shown to be under."
)
@click.option("--confidence", help="A sample: how sure of that, in percent.")
@click.option("--share", help="A sample: so many percent of the tubes.")
@click.option("--by-risk", is_flag=True, help="A sample that takes tubes at risk more often.")
@click.option("--shelf-slots", type=int, help="So many slots besides, whatever their record says.")
@click.option("--blind", is_flag=True, help="Whoever counts is not told what should be there.")
@click.option("--second-count", is_flag=True, help="Another person counts again where the first disagrees.")
@click.option("--every-days", type=int, help="Plan the next one so many days later, once it is reviewed.")
@click.option("--trigger", help="Why it is held, such as routine, loss, leaver, planned_move.")
@click.option("--owner", help="Who looks after it.")
@click.option("--look", is_flag=True, help="Tell what it would look at, and plan nothing.")
@running.as_json
def plan(*, by_risk: bool, look: bool, as_json: bool, **told: Any) -> None:
    """Plan an audit called NAME of one scope: a container, a study, or listed tubes."""
    from biobank import audits

    sample = by_risk or told["limit"] or told["confidence"] or told["share"]
    sent = {name: value for name, value in told.items() if value not in (None, ())}
    sent |= {"method": "sample" if sample else "full", "weighting": "risk" if by_risk else "random"}
    order = running.ordered(audits.AuditOrder, sent)
    if look:
        _tell_foreseen(order, as_json=as_json)
        return

    def work(session: "Session", actor: "Actor") -> "AuditBoard":
        return audits.board(session, actor, audits.plan(session, actor, order).id)

    tell_board(running.acted(work, audits.AuditBoard), as_json=as_json)


@audit.command("suggestions")
@running.as_json
def list_suggestions(*, as_json: bool) -> None:
    """List what calls for an audit: a loss, a planned move, somebody who left."""
    import msgspec

    from biobank import audits

    told = language.get()
    rows = [
        msgspec.structs.replace(each, reason=in_language(told, each.reason, each.facts))
        for each in running.asked(audits.suggestions)
    ]
    if as_json:
        running.tell_json(rows)
    elif rows:
        running.table([(row.due, row.site, grouped(row.container), row.reason) for row in rows])


@audit.command("list")
@click.option("--closed", is_flag=True, help="Those that are over.")
@click.option("--site", help="Of one site.")
@running.as_json
@running.as_csv
def list_audits(*, closed: bool, site: str | None, as_json: bool, as_csv: bool) -> None:
    """List audits by the day on which they are due."""
    from biobank import audits

    def question(session: "Session", actor: "Actor") -> "list[AuditRow]":
        asked = audits.SoughtAudits(closed=closed, site=site, limit=1000)
        return audits.listing(session, actor, asked)

    rows = running.asked(question)
    if not running.tell_rows(audits.AuditRow, rows, as_json=as_json, as_csv=as_csv) and rows:
        running.table([_line(row) for row in rows])


@audit.command("show")
@KEY
@running.as_json
def show(*, key: "UUID", as_json: bool) -> None:
    """Show an audit: its boxes, how their slots ended, the error rate. KEY is its id in the list."""
    from biobank import audits

    tell_board(running.asked(lambda session, actor: audits.board(session, actor, key)), as_json=as_json)


@audit.command("start")
@KEY
@running.as_json
def start(*, key: "UUID", as_json: bool) -> None:
    """Write down what should be where at this moment; from now on it is counted."""
    from biobank import audits

    def work(session: "Session", actor: "Actor") -> "AuditBoard":
        audits.start(session, actor, audits.AuditChosen(audit=key))
        return audits.board(session, actor, key)

    tell_board(running.acted(work, audits.AuditBoard), as_json=as_json)


@audit.command("cancel")
@KEY
@running.as_json
def cancel(*, key: "UUID", as_json: bool) -> None:
    """Give up an audit that is not signed; what was scanned stays in the log."""
    from biobank import audits

    def work(session: "Session", actor: "Actor") -> "AuditBoard":
        audits.cancel(session, actor, audits.AuditChosen(audit=key))
        return audits.board(session, actor, key)

    tell_board(running.acted(work, audits.AuditBoard), as_json=as_json)


# --- counting ---


@audit.command("box")
@KEY
@click.argument("box")
@running.as_json
def show_box(*, key: "UUID", box: str, as_json: bool) -> None:
    """Show the slots of BOX in which something should be, or of which something was told."""
    from biobank import audits

    found = running.asked(lambda session, actor: audits.counted_box(session, actor, key, box))
    if as_json:
        running.tell_json(found)
        return
    click.echo(f"{found.path}: {_state(found.state)}")
    told = [slot for slot in found.slots if slot.expected or slot.mark]
    if told:
        running.table(
            [
                (slot.name, grouped(slot.expected), slot.mark, grouped(slot.tube) if slot.tube else slot.text)
                for slot in told
            ]
        )


@audit.command("count")
@KEY
@click.argument("box")
@click.argument("scans", nargs=-1)
@click.option("--done", is_flag=True, help="The count of the box is over: every slot gets its word.")
@OCCURRED
@running.as_json
def count(
    *,
    key: "UUID",
    box: str,
    scans: tuple[str, ...],
    done: bool,
    occurred: str | None,
    as_json: bool,
) -> None:
    """Count BOX by SCANS such as A1=CODE; A2= is an empty slot, A3=? a code that cannot be read."""
    from biobank import audits

    sent = {"audit": str(key), "box": box, "done": done, "source": "typed"}
    told = {**sent, "scans": [_scan(text) for text in scans], "occurred": occurred}
    order = running.ordered(audits.Counted, told)
    counted = running.acted(lambda session, actor: audits.count(session, actor, order), audits.BoxCount)
    if as_json:
        running.tell_json(counted)
        return
    if counted.scans:
        running.table(
            [(seen.slot, seen.mark, grouped(seen.tube) if seen.tube else seen.text) for seen in counted.scans]
        )
    _tell_counted(counted)


@audit.command("paper")
@KEY
@click.argument("box")
@click.argument("entries", nargs=-1)
@click.option("--rest-absent", is_flag=True, help="Nothing stood in the lines that are left.")
@OCCURRED
@running.as_json
def count_on_paper(*, key: "UUID", box: str, entries: tuple[str, ...], as_json: bool, **told: Any) -> None:
    """Count BOX from its sheet: the code of each line that was ticked, or 'A4 CODE', 'A4 -', 'A4 ?'."""
    from biobank import audits

    sent = {"audit": str(key), "box": box, "entries": "\n".join(entries), **told}
    order = running.ordered(audits.CountedOnPaper, sent)
    counted = running.acted(
        lambda session, actor: audits.count_on_paper(session, actor, order), audits.BoxCount
    )
    if as_json:
        running.tell_json(counted)
    else:
        _tell_counted(counted)


@audit.command("count-file")
@KEY
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--box", help="The box's code, where its file does not name it.")
@click.option("--rack-code", help="The rack's code as it was scanned, where the file names none.")
@click.option("--turned/--not-turned", default=None, help="Whether the rack lay the wrong way round.")
@click.option("--unread-empty", is_flag=True, help="The scanner writes of an empty well as of an unread one.")
@OCCURRED
@running.as_json
def count_file(*, key: "UUID", files: tuple[Path, ...], as_json: bool, **told: Any) -> None:
    """Count the boxes of rack scanners' FILES, each of them by its own; what is refused is told by file."""
    done: list[BoxCount] = []
    refused = False
    with running.opened() as database:
        for file, sent in _contents(files, {"audit": str(key), **told}):
            try:
                counted = _counted(database, sent)
            except Refusal as refusal:
                refused = True
                click.echo(f"{file.name}:", err=True)
                running.tell(refusal)
                continue
            done.append(counted)
            if not as_json:
                _tell_counted(counted)
    if as_json:
        running.tell_json(done)
    if refused:
        raise SystemExit(running.REFUSED)


# --- how ---


def tell_board(board: "AuditBoard", *, as_json: bool) -> None:
    """An audit in a line, its error rate in another, and a line for each box."""
    if as_json:
        running.tell_json(board)
        return
    row = board.row
    running.say(
        N_("%(name)s (%(key)s): %(counted)s of %(boxes)s boxes counted, %(findings)s findings."),
        name=row.name,
        key=str(row.id),
        counted=row.counted,
        boxes=row.boxes,
        findings=row.findings,
    )
    if board.rate.looked_at:
        running.say(RATE, **rate_facts(board.rate))
    if board.boxes:
        running.table(
            [
                (grouped(box.code), box.path, _state(box.state), box.expected, box.counted_by)
                for box in board.boxes
            ]
        )


def percent(share: float) -> str:
    """A share of 1 in hundredths."""
    return f"{100 * share:.4g} %"


def rate_facts(told: "ErrorRate") -> dict[str, object]:
    """What the words of an error rate are filled with."""
    return {
        "errors": told.errors,
        "all": told.looked_at,
        "rate": percent(told.rate),
        "low": percent(told.low),
        "high": percent(told.high),
        "confidence": percent(told.confidence),
    }


def _tell_foreseen(order: "AuditOrder", *, as_json: bool) -> None:
    from biobank import audits
    from biobank.tables import Weighting

    told = running.asked(lambda session, actor: audits.foresee(session, actor, order))
    if as_json:
        running.tell_json(told)
        return
    message = N_("%(tubes)s tubes in %(boxes)s boxes; %(drawn)s of them are looked at.")
    running.say(message, tubes=told.tubes, boxes=told.boxes, drawn=told.drawn)
    if told.limit:
        claim = N_(
            "%(drawn)s of %(all)s tubes: no error among them shows that fewer than %(limit)s are wrong, "
            "with %(confidence)s confidence."
        )
        shares = {"limit": percent(float(told.limit)), "confidence": percent(float(told.confidence))}
        running.say(claim, drawn=told.drawn, all=told.tubes, **shares)
    elif order.weighting is Weighting.RISK:
        running.say(N_("Those at risk are drawn more often: what is found says nothing of the rest."))


def _tell_counted(counted: "BoxCount") -> None:
    """The box, how far it is, and how often each word was given to its slots."""
    from biobank.audits.words import RESULTS
    from biobank.tables import Result

    told = ", ".join(f"{gettext(RESULTS[Result(word)])}: {often}" for word, often in counted.results.items())
    click.echo("  ".join(part for part in (grouped(counted.box), _state(counted.state), told) if part))


def _state(state: "BoxState") -> str:
    from biobank.audits.words import STATES

    return gettext(STATES[state])


def _line(row: "AuditRow") -> tuple[object, ...]:
    from biobank.audits.words import STATUSES

    done, left = f"{row.counted}/{row.boxes}", row.open_findings
    return row.id, row.due_on, row.site, row.name, row.scope, gettext(STATUSES[row.status]), done, left


def _scan(text: str) -> dict[str, Any]:
    """A slot with what was told of it; without a slot, a tube of a container that has none."""
    slot, equals, code = text.partition("=")
    if not equals:
        return {"code": text}
    if code in ("", "?"):
        return {"slot": slot, "mark": "unreadable" if code else "empty"}
    return {"slot": slot, "code": code}


def _counted(database: "Database", sent: dict[str, Any]) -> "BoxCount":
    """What one file came to."""
    from biobank import audits

    order = running.ordered(audits.CountedByFile, sent)
    return running.console(database).act(
        lambda session, actor: audits.count_by_file(session, actor, order), audits.BoxCount
    )


def _contents(files: Iterable[Path], told: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """What is sent of each file."""
    for file in files:
        content = base64.b64encode(file.read_bytes()).decode()
        sent = {**told, "name": file.name, "content": content}
        yield file, {("rack" if name == "rack_code" else name): value for name, value in sent.items()}
