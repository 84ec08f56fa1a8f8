"""Emptying a container from the command line: the plan, what is carried, the way back."""

from typing import TYPE_CHECKING

import rich_click as click

from biobank.codes import grouped
from biobank.commands import running
from biobank.texts import N_, gettext

if TYPE_CHECKING:
    from uuid import UUID

    from biobank.evacuations import Board


@click.group()
def evacuation() -> None:
    """Emptying a container, such as a failing freezer: where every rack goes, and back again."""


@evacuation.command("plan")
@click.argument("container")
@click.option("--into", multiple=True, help="Into this container; wherever there is room if it is not said.")
@running.as_json
def plan(container: str, into: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Begin to empty CONTAINER: reserve a slot for each rack or box. Nothing is moved yet."""
    from biobank import evacuations

    order = running.ordered(evacuations.EvacuationOrder, {"container": container, "into": into})
    _tell(
        running.acted(
            lambda session, actor: evacuations.board(
                session, actor, evacuations.plan(session, actor, order).id
            ),
            evacuations.Board,
        ),
        as_json=as_json,
    )


@evacuation.command("list")
@click.option("--closed", is_flag=True, help="Those that are over.")
@running.as_json
def list_evacuations(closed: bool, as_json: bool) -> None:  # noqa: FBT001 - flags of the command line
    """List the evacuations that are under way."""
    from biobank import evacuations

    found = running.asked(lambda session, actor: evacuations.boards(session, actor, closed=closed))
    if as_json:
        running.tell_json(found)
    else:
        running.table(
            [(row.id, row.site, row.name, grouped(row.code), f"{row.done}/{row.steps}") for row in found]
        )


@evacuation.command("show")
@click.argument("key", type=click.UUID)
@running.as_json
def show(key: "UUID", as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Show what has to be carried where, and how far it has come."""
    from biobank import evacuations

    _tell(running.asked(lambda session, actor: evacuations.board(session, actor, key)), as_json=as_json)


@evacuation.command("carry")
@click.argument("key", type=click.UUID)
@click.argument("container")
@running.as_json
def carry(key: "UUID", container: str, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """A rack or a box was carried to where the plan says: move it there."""
    from biobank import evacuations

    order = running.ordered(evacuations.Carry, {"evacuation": str(key), "container": container})
    done = running.acted(lambda session, actor: evacuations.carry(session, actor, order), evacuations.Carried)
    if as_json:
        running.tell_json(done)
    else:
        running.table([(grouped(done.code), done.name, " · ".join(done.way), done.slot)])


@evacuation.command("back")
@click.argument("key", type=click.UUID)
@running.as_json
def back(key: "UUID", as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Begin the way back: everything goes to the slot it came from."""
    from biobank import evacuations

    order = evacuations.Chosen(evacuation=key)
    running.acted(lambda session, actor: evacuations.turn_back(session, actor, order), int)
    _tell(running.asked(lambda session, actor: evacuations.board(session, actor, key)), as_json=as_json)


@evacuation.command("close")
@click.argument("key", type=click.UUID)
@running.as_json
def close(key: "UUID", as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """End an evacuation, whatever stands where; its reserved slots are free again."""
    from biobank import evacuations

    order = evacuations.Chosen(evacuation=key)
    running.acted(lambda session, actor: str(evacuations.close(session, actor, order).id), str)
    _tell(running.asked(lambda session, actor: evacuations.board(session, actor, key)), as_json=as_json)


def _tell(board: "Board", *, as_json: bool) -> None:
    from biobank.evacuations import WORDS

    if as_json:
        running.tell_json(board)
        return
    running.say(
        N_("%(name)s (%(key)s): %(done)s of %(steps)s carried, %(without)s without a slot."),
        name=board.name,
        key=str(board.id),
        done=board.count("done"),
        steps=len(board.steps),
        without=board.count("no_room"),
    )
    running.table(
        [
            (
                grouped(step.code),
                step.name,
                step.tubes,
                step.leaves,
                "→",
                step.goes,
                gettext(WORDS[step.state]),
            )
            for step in board.steps
        ]
    )
