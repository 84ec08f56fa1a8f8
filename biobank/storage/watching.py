"""Who else is at work in a container: slots that another person filled a short while ago."""

from datetime import timedelta

from sqlmodel import Session, col, select

from biobank import clock
from biobank.custody import Kind
from biobank.people import Actor
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.maps import by_code, type_of
from biobank.tables import CustodyEvent, Person, Placement

JUST_NOW = timedelta(minutes=10)
"""So long a slot that somebody filled is shown as theirs to the others."""


def others_here(session: Session, actor: Actor, text: str) -> dict[str, str]:
    """The slots of a container that others filled in the last ten minutes, by name, each with who it was."""
    container = by_code(session, actor, text)
    grid = Grid.of(type_of(session, container))
    asked = (
        select(Placement.row, Placement.col, Person.name)
        .select_from(CustodyEvent)
        .join(Placement, col(Placement.specimen_id) == col(CustodyEvent.subject_id))
        .join(Person, col(Person.id) == col(CustodyEvent.actor_id))
        .where(
            col(CustodyEvent.container_id) == container.id,
            col(CustodyEvent.recorded_at) > clock.now() - JUST_NOW,
            col(CustodyEvent.kind) == Kind.PLACED.value,
            col(CustodyEvent.actor_id) != actor.id,
            col(Placement.container_id) == container.id,
        )
        .order_by(col(CustodyEvent.id))
    )
    return {slot_name(grid, Slot(row, column)): name for row, column, name in session.exec(asked)}
