"""The sheet of command cards."""

from pathlib import Path

import rich_click as click

from biobank.commands import running
from biobank.texts import N_


@click.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The PDF to write."
)
def cards(out: Path) -> None:
    """Draw the command cards as a PDF of A5 pages, to be laminated and hung at a freezer."""
    from biobank.labels import card_sheet
    from biobank.labels.cards import Card

    running.require_writable(out)
    out.write_bytes(card_sheet.sheet())
    running.say(N_("%(count)s cards: %(out)s"), count=len(Card), out=out)
