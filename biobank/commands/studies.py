"""Studies: their protocol files previewed and loaded, the protocol in force, and how they come along."""

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from biobank.commands import running
from biobank.texts import N_, listed
from biobank.texts import gettext as _

if TYPE_CHECKING:
    from sqlmodel import Session

    from biobank.participants import Changes
    from biobank.people import Actor
    from biobank.studies import StudyCard

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def study() -> None:
    """Studies, each a protocol file."""


@study.command("list")
@running.as_json
def list_studies(as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """List the studies, with the version of the protocol that is in force."""
    from biobank import studies

    rows = running.asked(studies.everything)
    if as_json:
        running.tell_json(rows)
    else:
        running.table([_line(row) for row in rows])


@study.command("show")
@click.argument("code")
@running.as_json
def show_study(code: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell a study in a line: its version, how many events it has, its arms, its title."""
    from biobank import studies

    told = running.asked(lambda s, actor: studies.card(s, studies.by_code(s, actor, code)))
    if as_json:
        running.tell_json(told)
    else:
        running.table([_line(told)])


@study.command("file")
@click.argument("code")
@click.option("--version", type=int, help="Left out, the one in force.")
def tell_file(code: str, version: int | None) -> None:
    """Give the protocol file of a version back, as it was loaded."""
    from biobank import studies

    def question(session: "Session", actor: "Actor") -> str:
        found = studies.by_code(session, actor, code)
        return studies.protocol_text(session, found, version or studies.card(session, found).version)

    click.echo(running.asked(question), nl=False)


@study.command("load")
@click.argument("file", type=FILE)
@running.as_json
def load_study(file: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Adopt a protocol file: a new study, or a new version of one. An unchanged file changes nothing."""
    from biobank import participants

    text = file.read_bytes()
    adopted = running.acted(
        lambda session, actor: participants.adopt(session, actor, text), participants.Adopted
    )
    if as_json:
        running.tell_json(adopted)
        return
    made = adopted.study
    running.say(
        N_("Study %(code)s, version %(version)s: %(title)s; %(events)s events."),
        code=made.code,
        version=made.version,
        title=made.title,
        events=made.events,
    )
    _tell_changes(adopted.changes)


@study.command("preview")
@click.argument("file", type=FILE)
@running.as_json
def preview_study(file: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell what adopting a protocol file would change, and change nothing."""
    from biobank import participants

    text = file.read_bytes()
    told = running.asked(lambda session, actor: participants.preview(session, actor, text))
    words = [each.in_words() for each in told.differences]
    if as_json:
        running.tell_json({"differences": words, "changes": told.changes})
        return
    for line in words:
        click.echo(line)
    _tell_changes(told.changes)


@study.command("protocol")
@click.argument("code")
@click.option("--version", type=int, help="Left out, the one in force.")
@running.as_json
def tell_protocol(code: str, version: int | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Tell a version of a protocol: its events and, in JSON, all that they collect."""
    from biobank import studies

    told = running.asked(
        lambda session, actor: studies.protocol_card(session, studies.by_code(session, actor, code), version)
    )
    if as_json:
        running.tell_json(told)
        return
    running.say(N_("Version %(version)s of %(code)s:"), version=told.version, code=code)
    running.table(
        [
            (each.code, each.title, each.anchor, each.months, each.days, f"-{each.before} +{each.after}")
            for each in told.events
        ]
    )


@study.command("progress")
@click.argument("code")
@click.option(
    "--of",
    "what",
    type=click.Choice(("collected", "accrual", "delays", "shortfalls")),
    default="collected",
    show_default=True,
)
@click.option(
    "--by",
    type=click.Choice(("event", "arm", "material", "site")),
    default="event",
    show_default=True,
    help="With collected: what its lines are.",
)
@running.as_json
def tell_progress(code: str, what: str, by: str, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Tell how a study comes along: expected and collected, enrolment, delays, what fell short."""
    from biobank import progress

    if what != "collected" or as_json:
        # Beside the first of them these are many numbers, which people read as charts on the page.
        asked = {
            "collected": lambda s, a: progress.collected(s, a, code, progress.By(by)),
            "accrual": lambda s, a: progress.accrual(s, a, code),
            "delays": lambda s, a: progress.delays(s, a, code),
            "shortfalls": lambda s, a: progress.shortfalls(s, a, code),
        }
        running.tell_json(running.asked(asked[what]))
        return
    told = running.asked(lambda s, a: progress.collected(s, a, code, progress.By(by)))
    running.table(
        [
            ("", _("done"), _("missed"), _("overdue"), _("expected"), _("collected")),
            *(
                (each.key, each.done, each.missed, each.overdue, each.expected, each.collected)
                for each in (*told.rows, told.total)
            ),
        ]
    )


def _line(row: "StudyCard") -> tuple[object, ...]:
    return row.code, row.version, row.events, listed(row.arms), row.title


def _tell_changes(changes: "Changes") -> None:
    running.say(
        N_(
            "Visits opened: %(opened)s, given other days: %(redated)s, cancelled: %(cancelled)s,"
            " planned again: %(revived)s."
        ),
        opened=changes.opened,
        redated=changes.redated,
        cancelled=changes.cancelled,
        revived=changes.revived,
    )
