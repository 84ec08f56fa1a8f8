"""Processing: tubes received, noted of, spun, divided, and made into others; and lists of them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running

if TYPE_CHECKING:
    from biobank.specimens import SpecimenRow

KEPT = click.Choice(("room", "cold", "body"))
TAKEN = click.Choice(("yes", "no", "unknown"))
SORTS = ("code", "participant", "material", "collected", "frozen", "seen", "thaws")

at = click.option("--at", help="When, with its offset, such as 2026-05-04T09:30:00+08:00; left out, now.")


@click.command()
@click.argument("tubes", nargs=-1, required=True)
@at
@running.as_json
def receive(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Record that TUBES were received."""
    from biobank import specimens

    _act(specimens.ReceiptOrder, specimens.receive, told, as_json)


@click.command()
@click.argument("tubes", nargs=-1, required=True)
@click.option("--g", required=True, help="Relative centrifugal force.")
@click.option("--minutes", required=True)
@click.option("--celsius", required=True)
@click.option("--brake/--no-brake", default=True, show_default=True)
@click.option("--kept-after", type=KEPT, help="How the tubes were kept until they were divided.")
@at
@running.as_json
def spin(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Record one run of a centrifuge for each of its TUBES."""
    from biobank import specimens

    _act(specimens.SpinOrder, specimens.spin, told, as_json)


@click.command()
@click.argument("parent")
@click.argument("material")
@click.option("--used", help="What is taken of each parent, such as “10 mL”.")
@click.option("--amount", help="What came of it.")
@click.option("--loss", help="What was spilled of each parent.")
@click.option("--container")
@click.option("--processed", help="When, with its offset.")
@click.option("--code", help="That stands on the tube already.")
@click.option("--also", multiple=True, metavar="TUBE", help="A further parent that is pooled with the first.")
@click.option("--concentration", help="Of DNA and RNA, such as “52.3 ng/uL”.")
@click.option("--a260-280", help="Of DNA and RNA, such as 1.84.")
@running.as_json
def derive(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Make another MATERIAL of a PARENT tube, such as plasma of EDTA blood."""
    from biobank import specimens

    _act(
        specimens.Derivative,
        lambda session, actor, order: [specimens.derive(session, actor, order)],
        told,
        as_json,
    )


@click.command()
@click.argument("parent")
@click.argument("count")
@click.option("--amount", help="Of each; left out, the protocol's.")
@click.option("--loss", help="What was spilled.")
@click.option("--container")
@click.option("--processed", help="When, with its offset.")
@click.option("--code", "codes", multiple=True, help="That stands on a tube already; once for each.")
@running.as_json
def aliquot(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Divide a PARENT tube into so many (COUNT) equal portions."""
    from biobank import specimens

    _act(specimens.Aliquots, specimens.aliquot, told, as_json)


@click.command()
@click.argument("tube")
@click.option("--kept", type=KEPT, help="How it was kept until it was received.")
@click.option("--lot", help="Of the vessel.")
@click.option("--expires-on", help="The day the vessel expires.")
@click.option("--haemolysis", help="0 (none) to 4; not of stool.")
@click.option("--source", help="Of stool.")
@click.option("--stabiliser", help="Of stool.")
@click.option("--bristol", help="Of stool: 1 to 7.")
@click.option("--antibiotics", type=TAKEN, help="Of stool.")
@click.option("--antibiotics-on", help="The day they were last taken.")
@click.option("--probiotics", type=TAKEN, help="Of stool.")
@click.option("--probiotics-on", help="The day they were last taken.")
@click.option("--ppi", type=TAKEN, help="Of stool: proton pump inhibitors.")
@click.option("--ppi-on", help="The day they were last taken.")
@running.as_json
def note(as_json: bool, **told: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Note how a TUBE was collected."""
    from biobank import specimens

    _act(
        specimens.CollectionFactsOrder,
        lambda session, actor, order: [specimens.note_collection(session, actor, order)],
        told,
        as_json,
    )


@click.command("specimens")
@click.option("--study")
@click.option("--site")
@click.option("--event", help="The code of the visit's event.")
@click.option("--arm")
@click.option("--participant", help="The pseudonym.")
@click.option("--material")
@click.option("--kind", type=click.Choice(("primary", "derivative", "aliquot")))
@click.option("--life", type=click.Choice(("expected", "collected", "active", "ended")))
@click.option("--custody", type=click.Choice(("slot", "unplaced", "out", "none")))
@click.option("--hold", type=click.Choice(("reservation", "quarantine", "consent")))
@click.option("--deviation", help="Such as late_freezing.")
@click.option("--dataset", help="Its visit is linked to a dataset of this kind.")
@click.option("--container", help="It is in this box, rack or freezer, however deep.")
@click.option("--collected-from", help="A day, such as 2026-05-04; so are the next four.")
@click.option("--collected-to")
@click.option("--frozen-from")
@click.option("--frozen-to")
@click.option("--not-seen-since")
@click.option("--thaws-from", help="Thawed so many times or more.")
@click.option("--thaws-to")
@click.option("--text", help="A part of its code, or of one from elsewhere.")
@click.option("--sort", type=click.Choice(SORTS), help="By code where it is left out.")
@click.option("--down", is_flag=True, default=None, help="The last first.")
@running.as_csv
@running.as_json
def list_specimens(study: str | None, as_csv: bool, as_json: bool, **told: Any) -> None:  # noqa: FBT001
    """List the specimens that fit all that is told, 100,000 at most."""
    from biobank import specimens

    sought = running.ordered(specimens.Sought, told)
    rows = running.asked(lambda session, actor: list(specimens.every(session, actor, study, sought)))
    if not running.tell_rows(specimens.SpecimenLine, rows, as_json=as_json, as_csv=as_csv):
        _table(rows)


def _act(order: Any, act: Callable[..., Any], told: dict[str, Any], as_json: bool) -> None:  # noqa: FBT001
    from biobank import specimens

    wish = running.ordered(order, told)
    rows = running.acted(
        lambda session, actor: specimens.rows(session, act(session, actor, wish)),
        list[specimens.SpecimenRow],
    )
    if as_json:
        running.tell_json(rows)
    else:
        _table(rows)


def _table(rows: "Sequence[SpecimenRow]") -> None:
    running.table(
        [
            (grouped(row.code), row.material, row.amount, row.life, row.participant, row.event, row.place)
            for row in rows
        ]
    )
