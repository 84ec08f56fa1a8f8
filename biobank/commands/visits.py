"""Visits: opened, collected tube by tube, finished, missed, linked to datasets."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import N_, listed

if TYPE_CHECKING:
    from biobank.specimens import Ticked, VisitCard

REASONS = ("declined", "unreachable", "ill", "moved_away", "withdrew", "site_closed", "other")
DEVIATIONS = ("not_collected", "low_volume", "haemolysed", "other")

occurred = click.option("--occurred", help="When they were filled, with its offset; left out, now.")
collected = click.option("--collected", help="When they were drawn, with its offset.")


@click.group()
def visit() -> None:
    """Visits, and what is collected at them."""


@visit.command("show")
@click.argument("visit")
@running.as_json
def show(visit: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell a VISIT: whose it is, what there is of it, the datasets it is linked to."""
    from biobank import specimens

    card = running.asked(lambda session, actor: specimens.visit_card(session, actor, visit))
    _tell(card, as_json=as_json)
    if not as_json:
        rows = [(grouped(row.code), row.kind, row.material, row.amount, row.life) for row in card.specimens]
        running.table(rows)


@visit.command("open")
@click.argument("study")
@click.argument("pseudonym")
@click.option("--event", help="Left out, the visit is unscheduled.")
@click.option("--procedure", help="The number of the procedure the event is counted from.")
@click.option("--label", help="Of an unscheduled visit.")
@click.option("--took-place", help="With its offset, such as 2026-05-04T09:30:00+08:00.")
@running.as_json
def open_visit(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Open a visit at an event of the protocol, or an unscheduled one."""
    from biobank import participants

    order = running.ordered(participants.VisitOrder, told)
    _act(lambda session, actor: participants.open_visit(session, actor, order), as_json)


@visit.command("came")
@click.argument("visit")
@click.option("--took-place", help="With its offset; left out, now.")
@running.as_json
def came(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Say that a planned VISIT took place although nothing was collected."""
    from biobank import participants

    order = running.ordered(participants.CameOrder, told)
    _act(lambda session, actor: participants.came(session, actor, order), as_json)


@visit.command("miss")
@click.argument("visit")
@click.option("--reason", type=click.Choice(REASONS), required=True)
@running.as_json
def miss(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Say that a planned VISIT did not take place, and why."""
    from biobank import participants

    order = running.ordered(participants.MissOrder, told)
    _act(lambda session, actor: participants.miss(session, actor, order), as_json)


@visit.command("plan-again")
@click.argument("visit")
@running.as_json
def plan_again(visit: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Plan a missed VISIT once more."""
    from biobank import participants

    _act(lambda session, actor: participants.plan_again(session, actor, visit), as_json)


@visit.command("link")
@click.argument("visit")
@click.argument("kind")
@click.argument("external_id", metavar="ID")
@click.option("--remove", is_flag=True, help="Take a link away that was a mistake.")
@running.as_json
def link(remove: bool, as_json: bool, **told: Any) -> None:  # noqa: FBT001 - flags of the command line
    """Link a VISIT to a dataset: its KIND, such as fmri, and the ID it has where it lives."""
    from biobank.participants import DatasetOrder, datasets

    order = running.ordered(DatasetOrder, told)
    act = datasets.unlink if remove else datasets.link
    _act(lambda session, actor: act(session, actor, order), as_json)


@visit.command("begin")
@click.argument("visit")
@click.option("--kit", help="Whose labels its tubes have.")
@running.as_json
def begin(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Begin to collect at a VISIT: its tubes are expected from now on."""
    from biobank import specimens

    order = running.ordered(specimens.Begin, told)
    rows = running.acted(
        lambda session, actor: specimens.rows(session, specimens.begin(session, actor, order)),
        list[specimens.SpecimenRow],
    )
    if as_json:
        running.tell_json(rows)
    else:
        running.table([(grouped(row.code), row.kind, row.material, row.life) for row in rows])


@visit.command("tick")
@click.argument("visit")
@click.argument("codes", nargs=-1, required=True)
@occurred
@collected
@click.option("--amount", help="Where it is not the protocol's, such as “3 mL”.")
@running.as_json
def tick(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Say of tubes of a VISIT that they are there, by their CODES in any order."""
    from biobank import specimens

    order = running.ordered(specimens.Tick, told)
    ticked = running.acted(
        lambda session, actor: specimens.tick(session, actor, order), list[specimens.Ticked]
    )
    _tell_ticked(ticked, as_json=as_json)


@visit.command("all-present")
@click.argument("visit")
@occurred
@collected
@running.as_json
def all_present(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Say that every tube a VISIT still expects is there."""
    from biobank import specimens

    order = running.ordered(specimens.AllPresent, told)
    ticked = running.acted(
        lambda session, actor: specimens.all_present(session, actor, order), list[specimens.Ticked]
    )
    _tell_ticked(ticked, as_json=as_json)


@visit.command("deviate")
@click.argument("tube")
@click.argument("code", type=click.Choice(DEVIATIONS))
@click.option("--amount", help="What a tube of low volume holds.")
@click.option("--grade", help="Of haemolysis, 0 (none) to 4.")
@click.option("--note")
@occurred
@collected
@running.as_json
def deviate(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Say what went otherwise with a TUBE of a visit."""
    from biobank import specimens

    order = running.ordered(specimens.Deviate, told)
    ticked = running.acted(
        lambda session, actor: specimens.deviate(session, actor, order), list[specimens.Ticked]
    )
    _tell_ticked(ticked, as_json=as_json)


@visit.command("finish")
@click.argument("visit")
@running.as_json
def finish(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """End the collection of a VISIT: what is still expected was not collected."""
    from biobank import specimens

    order = running.ordered(specimens.Finish, told)
    summary = running.acted(lambda session, actor: specimens.finish(session, actor, order), specimens.Summary)
    if as_json:
        running.tell_json(summary)
    else:
        running.say(
            N_("There: %(there)s, not collected: %(missing)s, used up: %(used)s, to store: %(store)s."),
            there=summary.there,
            missing=summary.not_collected,
            used=summary.used_up,
            store=len(summary.to_store),
        )


@visit.command("bench")
@click.argument("visit")
@running.as_json
def bench(visit: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell a VISIT tube by tube while it is collected: what runs, and where each goes next."""
    from biobank import specimens

    told = running.asked(lambda session, actor: specimens.workbench(session, actor, visit))
    if as_json:
        running.tell_json(told)
        return
    if told.consent:
        click.echo(told.consent, err=True)
    running.table(
        [
            (
                "  " * row.depth + (grouped(row.code) if row.code else "-"),
                row.material,
                f"{row.serial}/{row.total}",
                row.life,
                row.amount or row.nominal,
                row.place or (f"> {row.box.name}" if row.box else ""),
                listed(row.deviations),
            )
            for row in told.rows
        ]
    )


def _act(act: Callable[..., Any], as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    from biobank import specimens

    card = running.acted(
        lambda session, actor: specimens.visit_card(session, actor, act(session, actor).code),
        specimens.VisitCard,
    )
    _tell(card, as_json=as_json)


def _tell(card: "VisitCard", *, as_json: bool) -> None:
    if as_json:
        running.tell_json(card)
        return
    click.echo(f"{grouped(card.code)}  {card.study} {card.participant} {card.event}, {card.status}")
    running.table([(each.kind, each.external_id) for each in card.datasets])


def _tell_ticked(ticked: "Sequence[Ticked]", *, as_json: bool) -> None:
    if as_json:
        running.tell_json(ticked)
    else:
        running.table([(grouped(row.code), row.material, row.amount, row.life) for row in ticked])
