"""Kits: printed ahead, and what is in one."""

from pathlib import Path
from typing import Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import labels, running
from biobank.commands.finding import tell_kit
from biobank.texts import N_


@click.group()
def kit() -> None:
    """Kits: labelled tubes for one event, made ahead."""


@kit.command("print")
@click.argument("kits", nargs=-1)
@click.option("--study", help="With --event and --site: make new kits. Else the KITS are printed again.")
@click.option("--event")
@click.option("--site")
@click.option("--count", help="How many; left out, one.")
@click.option("--visit", help="A visit that the kit is for alone.")
@labels.paper
def print_kits(kits: tuple[str, ...], out: Path | None, as_json: bool, **told: Any) -> None:  # noqa: FBT001
    """Make kits and print their labels, or print those of KITS again."""
    from biobank.printing import ordering

    new = [told[name] for name in ("study", "event", "site")]
    if bool(kits) == all(new) or (kits and any(new)):
        raise running.misused(N_("Say KITS..., or --study STUDY --event EVENT --site SITE."))
    if kits:
        of_kits = ("study", "event", "site", "count", "visit")
        again = {name: value for name, value in told.items() if name not in of_kits}
        reprint = running.ordered(ordering.KitReprint, {"kits": kits, **again})
        labels.printed(
            lambda s, a: ordering.reprint_kits(s, a, reprint), told["printer"], out, as_json=as_json
        )
    else:
        order = running.ordered(ordering.KitLabels, told)
        labels.printed(
            lambda s, a: ordering.print_kit_labels(s, a, order), told["printer"], out, as_json=as_json
        )


@kit.command("list")
@click.option("--study", required=True)
@running.as_json
@running.as_csv
def list_kits(study: str, as_json: bool, as_csv: bool) -> None:  # noqa: FBT001 - flags of the command line
    """List the kits of a study that lie ready: made, and at no visit yet; the newest first."""
    from biobank import specimens

    rows = running.asked(lambda session, actor: specimens.unused_kits(session, actor, study, limit=10_000))
    if not running.tell_rows(specimens.UnusedKit, rows, as_json=as_json, as_csv=as_csv):
        for row in rows:
            click.echo("  ".join((grouped(row.code), row.event, row.site, row.participant)).rstrip())


@kit.command("show")
@click.argument("code")
@running.as_json
def show_kit(code: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Tell what a kit is for, whose it is, and its labels in order."""
    from biobank import specimens

    card = running.asked(lambda session, actor: specimens.kit_card(session, actor, code))
    if as_json:
        running.tell_json(card)
    else:
        tell_kit(card)
