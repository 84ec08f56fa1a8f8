"""Kits: printed ahead, and what is in one."""

from pathlib import Path
from typing import Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.commands.finding import tell_kit
from biobank.commands.tubes import require_writable
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
@click.option("--stock", default="herma-4100", show_default=True, help="The sheet or roll.")
@click.option("--skip", default=0, show_default=True, help="Labels of the first sheet that are used already.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The PDF to write."
)
def print_kits(kits: tuple[str, ...], out: Path, **told: Any) -> None:
    """Make kits and print their labels as a PDF, or print those of KITS again."""
    from biobank.printing import ordering

    new = [told[name] for name in ("study", "event", "site")]
    if bool(kits) == all(new) or (kits and any(new)):
        raise click.UsageError("Say KITS..., or --study STUDY --event EVENT --site SITE.")
    require_writable(out)
    if kits:
        again = {"kits": kits, "stock": told["stock"], "skip": told["skip"]}
        reprint = running.ordered(ordering.KitReprint, again)
        job = running.acted(
            lambda session, actor: ordering.reprint_kits(session, actor, reprint), ordering.PrintJob
        )
    else:
        order = running.ordered(ordering.KitLabels, told)
        job = running.acted(
            lambda session, actor: ordering.print_kit_labels(session, actor, order), ordering.PrintJob
        )
    out.write_bytes(ordering.drawn(job))
    message = N_("%(count)s labels on %(stock)s: %(out)s")
    running.say(message, count=len(job.faces), stock=job.stock, out=out)


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
