"""The sheet of command cards."""

from pathlib import Path

import rich_click as click

from biobank.commands import running
from biobank.texts import N_


@click.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The PDF to write."
)
@running.as_json
def cards(out: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Draw the command cards as a PDF of A5 pages, to be laminated and hung at a freezer."""
    from biobank.labels import card_sheet
    from biobank.labels.cards import Card

    running.require_writable(out)
    out.write_bytes(card_sheet.sheet())
    told = {"count": len(Card), "out": str(out)}
    running.answer(told, N_("%(count)s cards: %(out)s"), as_json=as_json, **told)
