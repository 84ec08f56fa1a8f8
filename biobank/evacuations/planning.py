"""Planning an evacuation: every rack and box of a container to a free slot that suits it, reserved for it."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.database import new_row
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.evacuations.loads import loads
from biobank.evacuations.targets import Found, Search
from biobank.inputs import Input, Scanned
from biobank.people import Actor, May
from biobank.storage.keeping import keep
from biobank.storage.maps import by_code
from biobank.storage.moving import require_same_site
from biobank.tables import Container, Evacuation, EvacuationStep
from biobank.texts import N_

LASTS = 7 * 24 * 60
"""Minutes for which targets are reserved; every rack that is carried begins them anew."""

# --- words ---


class EvacuationOrder(Input):
    """Empty a container: into these containers, or wherever there is room at its site."""

    container: Scanned
    into: Annotated[list[Scanned], Field(max_length=100)] = []


class Chosen(Input):
    """The evacuation that is meant."""

    evacuation: UUID


# --- actions ---


def plan(session: Session, actor: Actor, order: EvacuationOrder) -> Evacuation:
    """Begin to empty a container: find and reserve a slot for each rack, or for its boxes one by one.

    What finds none is part of the plan all the same, without a target. Nothing is moved yet. Refused: a
    container with nothing to carry in it, one that is being emptied already, or one of another site to carry
    into.
    """
    container = by_code(session, actor, order.container, May.HANDLE, "container")
    into = [by_code(session, actor, text, May.HANDLE, f"into.{at}") for at, text in enumerate(order.into)]
    for each in into:
        require_same_site(container, each)
    search = Search(session, actor, [container, *being_emptied(session, container)], into, container.site_id)
    leaving = loads(session, container)
    suiting = search.suiting(leaving)
    custody.lock(session, [container.id, *suiting])
    _require_not_begun(session, container)
    if not leaving:
        message = N_("There is no rack or box with tubes in %(name)s: nothing has to be carried.")
        raise RuleBroken("nothing_to_carry", message, field="container", name=container.name)
    search.look(session, suiting)
    found = search.find(leaving)
    begun = new_row(
        Evacuation,
        site_id=container.site_id,
        container_id=container.id,
        opened_by_id=actor.id,
        opened_at=clock.now(),
    )
    session.add(begun)
    session.flush()
    session.add_all(_steps(begun, found))
    keep(session, actor, [promise for _, promise in found if promise], LASTS, begun.id)
    return begun


# --- questions ---


def by_id(session: Session, actor: Actor, key: UUID) -> Evacuation:
    """One evacuation. Refused: `NotFound` out of scope."""
    found = session.get(Evacuation, key)
    if found is None or not people.allowed(actor, May.SEE, found):
        raise NotFound("evacuation_not_found", N_("There is no such evacuation in your scope."))
    return found


def open_one(session: Session, actor: Actor, key: UUID) -> Evacuation:
    """One that is under way and that the actor may work on, locked. Refused: one that is closed."""
    found = by_id(session, actor, key)
    people.require(actor, May.HANDLE, found)
    # Somebody may be closing it, or turning back, at this very moment.
    session.refresh(found, with_for_update=True)
    if found.closed_at is not None:
        raise Conflict("evacuation_closed", N_("This evacuation is closed. Begin another one."))
    return found


def steps_of(session: Session, evacuation: Evacuation) -> Sequence[EvacuationStep]:
    """The steps of one, in their order."""
    asked = select(EvacuationStep).where(col(EvacuationStep.evacuation_id) == evacuation.id)
    return session.exec(asked.order_by(col(EvacuationStep.position))).all()


def being_emptied(session: Session, beside: Container) -> Sequence[Container]:
    """Containers at the same site that are being emptied: nothing is carried into those."""
    asked = select(Container).join(Evacuation, col(Evacuation.container_id) == col(Container.id))
    under_way = (col(Evacuation.closed_at).is_(None), col(Evacuation.returning_at).is_(None))
    return session.exec(asked.where(col(Evacuation.site_id) == beside.site_id, *under_way)).all()


# --- how ---


def _require_not_begun(session: Session, container: Container) -> None:
    asked = select(Evacuation.id).where(
        col(Evacuation.container_id) == container.id, col(Evacuation.closed_at).is_(None)
    )
    if session.exec(asked).first():
        message = N_("%(name)s is being emptied already. Go on with that, or close it first.")
        raise Conflict("evacuation_begun", message, field="container", name=container.name)


def _steps(begun: Evacuation, found: Found) -> list[EvacuationStep]:
    return [
        new_row(
            EvacuationStep,
            evacuation_id=begun.id,
            position=position,
            container_id=load.id,
            from_id=load.outer_id,
            from_row=load.slot.row,
            from_col=load.slot.col,
            to_id=promise.container_id if promise else None,
            to_row=promise.slot.row if promise else None,
            to_col=promise.slot.col if promise else None,
        )
        for position, (load, promise) in enumerate(found, 1)
    ]
