"""The course of a participant: arm, procedures, day of enrolment; the visits follow each of them."""

from collections.abc import Callable
from typing import TypeVar

from litestar import post
from litestar.params import JSONBody
from sqlmodel import Session

from biobank import participants
from biobank.api.documents import noun
from biobank.door import Door
from biobank.participants import (
    ArmOrder,
    EnrolmentDateOrder,
    ParticipantCard,
    ProcedureCancellation,
    ProcedureOrder,
)
from biobank.people import Actor
from biobank.tables import Participant
from biobank.web import OpenDoor

Order = TypeVar("Order")


@post("/arm-changes", sync_to_thread=True)
def change_arm(door: OpenDoor, data: JSONBody[ArmOrder]) -> ParticipantCard:
    """Put a participant into another arm; what was collected stays."""
    return _act(door, participants.change_arm, data)


@post("/procedures", sync_to_thread=True)
def set_procedure(door: OpenDoor, data: JSONBody[ProcedureOrder]) -> ParticipantCard:
    """Add a procedure, or by its number say anew what it is called and when it happens."""
    return _act(door, participants.set_procedure, data)


@post("/procedure-cancellations", sync_to_thread=True)
def cancel_procedure(door: OpenDoor, data: JSONBody[ProcedureCancellation]) -> ParticipantCard:
    """Cancel a procedure; its planned visits are cancelled with it."""
    return _act(door, participants.cancel_procedure, data)


@post("/enrolment-dates", sync_to_thread=True)
def set_enrolment_date(door: OpenDoor, data: JSONBody[EnrolmentDateOrder]) -> ParticipantCard:
    """Tell the day of enrolment late, or set it right."""
    return _act(door, participants.set_enrolment_date, data)


def _act(door: Door, act: Callable[[Session, Actor, Order], Participant], order: Order) -> ParticipantCard:
    return door.act(
        lambda session, actor: participants.card(session, act(session, actor, order)), ParticipantCard
    )


HANDLERS = noun("courses", [change_arm, set_procedure, cancel_procedure, set_enrolment_date])
