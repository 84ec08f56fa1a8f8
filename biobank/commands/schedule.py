"""The schedule: lists of visits, and the calendar."""

from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import N_
from biobank.texts import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

    from biobank.participants import AgendaRow, Asked
    from biobank.people import Actor

LISTS = ("due", "overdue", "upcoming", "out_of_window", "missed")
AT_ONCE = 500


@click.command()
@click.option("--of", type=click.Choice(LISTS), default="due", show_default=True)
@click.option("--study")
@click.option("--site")
@click.option("--participant", help="The pseudonym.")
@click.option("--day", help="As of this day, such as 2026-05-04; left out, today at each site.")
@click.option("--counts", is_flag=True, help="Only how long each list is.")
@running.as_csv
@running.as_json
def agenda(as_csv: bool, as_json: bool, counts: bool, **asked: Any) -> None:  # noqa: FBT001 - flags
    """List visits: due, overdue, to come, out of their window, missed."""
    from biobank import participants

    wish = running.ordered(participants.Asked, asked)
    if counts:
        numbers = running.asked(lambda session, actor: participants.counts(session, actor, wish))
        if as_json:
            running.tell_json(numbers)
        else:
            running.table([(_(name), getattr(numbers, name)) for name in numbers.__struct_fields__])
        return
    rows = running.asked(lambda session, actor: list(_all(session, actor, wish)))
    if not running.tell_rows(participants.AgendaRow, rows, as_json=as_json, as_csv=as_csv):
        running.table([_line(row) for row in rows])


@click.command()
@click.argument("month")
@click.option("--study")
@click.option("--site")
@click.option("--participant", help="The pseudonym.")
@running.as_json
def calendar(month: str, as_json: bool, **within: str | None) -> None:  # noqa: FBT001 - a flag
    """List the visits of a MONTH such as 2026-05, day by day."""
    from biobank import participants

    year, _dash, number = month.partition("-")
    if not (year.isdecimal() and number.isdecimal()):
        raise running.misused(N_("Say a month such as 2026-05."))
    days = running.asked(
        lambda session, actor: participants.month(
            session,
            actor,
            within["study"],
            int(year),
            int(number),
            within["site"],
            within["participant"],
        )
    )
    if as_json:
        running.tell_json(days)
    else:
        running.table([(each.day, *_line(row)) for each in days for row in each.visits])


def _line(row: "AgendaRow") -> tuple[object, ...]:
    window = f"{row.opens_on or ''}..{row.closes_on or ''}"
    return grouped(row.visit), row.study, row.participant, row.event, row.status, window, row.days


def _all(session: "Session", actor: "Actor", wish: "Asked") -> "Iterator[AgendaRow]":
    from biobank import participants

    after = ""
    while rows := participants.agenda(session, actor, wish, AT_ONCE, after):
        yield from rows
        after = rows[-1].place
