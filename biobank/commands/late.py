"""Late scans: hand in what a device kept and exported, and settle what is in dispute."""

import json
from typing import Any
from uuid import UUID

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.errors import Malformed
from biobank.texts import N_


@click.group()
def late() -> None:
    """Scans that benches kept without the network."""


@late.command("import")
@click.argument("file", type=click.File("rb"))
@running.as_json
def import_(file: Any, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Hand in the FILE that a bench exported; what came in already is told, and counts once."""
    from biobank import inputs, specimens
    from biobank.storage import LateScan

    scans = [(key, inputs.read(LateScan, scan, form=True)) for key, scan in read_export(file.read())]
    with running.opened() as database:
        told = [specimens.hand_in(running.console(database, key), scan) for key, scan in scans]
    if as_json:
        running.tell_json(told)
    else:
        running.table([(grouped(each.code), each.came.value, each.place) for each in told])


@late.command()
@click.argument("task", type=click.UUID)
@click.argument("decision", type=click.Choice(["log", "scan"]))
@click.option("--note")
@running.as_json
def settle(task: UUID, decision: str, note: str | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Decide about a TASK: the log is right, or the late scan is and is done now."""
    from biobank import inputs, storage
    from biobank.storage import Settled, Settlement

    order = inputs.read(Settlement, {"task": str(task), "decision": decision, "note": note})
    with running.opened() as database:
        settled = running.console(database).act(lambda s, a: storage.settle(s, a, order), Settled)
    if as_json:
        running.tell_json(settled)
    else:
        click.echo(f"{grouped(settled.code)}  {settled.resolution}")


def read_export(text: bytes) -> list[tuple[UUID, dict[str, Any]]]:
    """Id and words of each scan of an exported file, in its order. Refused: another file."""
    try:
        return [(UUID(each["key"]), each["scan"]) for each in json.loads(text)["scans"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        message = N_("This is no file of scans that a bench exported.")
        raise Malformed("export_unreadable", message) from None
