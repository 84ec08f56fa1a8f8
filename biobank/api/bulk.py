"""Many of one kind in one request: all are done or none, and each fault names its place in the list."""

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from litestar import post
from litestar.params import JSONBody
from pydantic import Field
from sqlmodel import Session

from biobank import participants, specimens, storage
from biobank.api.documents import noun
from biobank.api.participants import FurtherConsent
from biobank.database import each_of
from biobank.door import Door
from biobank.inputs import Input
from biobank.participants import (
    CameOrder,
    DatasetOrder,
    Enrolment,
    MissOrder,
    ParticipantCard,
    ProcedureOrder,
    VisitOrder,
    datasets,
)
from biobank.people import Actor
from biobank.specimens import VisitCard
from biobank.storage import ContainerOrder, ContainerPlace
from biobank.tables import Participant, Visit
from biobank.web import OpenDoor

Order = TypeVar("Order", bound=Input)
Answer = TypeVar("Answer")

MOST = 200
"""How many orders one request may hold: what is locked meanwhile keeps others waiting."""


class Several(Input, Generic[Order]):
    """From 1 to 200 orders, which are done in this order."""

    items: Annotated[list[Order], Field(min_length=1, max_length=MOST)]

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """What the description of the API calls it: `SeveralVisitOrder`."""
        return f"Several{params[0].__name__}"


@post("/participants/bulk", sync_to_thread=True)
def enroll_several(door: OpenDoor, data: JSONBody[Several[Enrolment]]) -> list[ParticipantCard]:
    """Enrol participants, all or none."""
    return _cards(door, participants.enroll, data)


@post("/consents/bulk", sync_to_thread=True)
def give_consents(door: OpenDoor, data: JSONBody[Several[FurtherConsent]]) -> list[ParticipantCard]:
    """Record further answers of participants to a consent, all or none."""
    return _cards(
        door, lambda s, a, order: participants.give_consent(s, a, order.study, order.pseudonym, order), data
    )


@post("/procedures/bulk", sync_to_thread=True)
def set_procedures(door: OpenDoor, data: JSONBody[Several[ProcedureOrder]]) -> list[ParticipantCard]:
    """Add or change procedures, all or none."""
    return _cards(door, participants.set_procedure, data)


@post("/visits/bulk", sync_to_thread=True)
def open_visits(door: OpenDoor, data: JSONBody[Several[VisitOrder]]) -> list[VisitCard]:
    """Open visits, all or none."""
    return _visits(door, participants.open_visit, data)


@post("/attendances/bulk", sync_to_thread=True)
def attend_visits(door: OpenDoor, data: JSONBody[Several[CameOrder]]) -> list[VisitCard]:
    """Say of planned visits that they took place, all or none."""
    return _visits(door, participants.came, data)


@post("/missed-visits/bulk", sync_to_thread=True)
def miss_visits(door: OpenDoor, data: JSONBody[Several[MissOrder]]) -> list[VisitCard]:
    """Say of planned visits that they did not take place, all or none."""
    return _visits(door, participants.miss, data)


@post("/datasets/bulk", sync_to_thread=True)
def link_datasets(door: OpenDoor, data: JSONBody[Several[DatasetOrder]]) -> list[VisitCard]:
    """Link visits to datasets that live elsewhere, all or none."""
    return _visits(door, datasets.link, data)


@post("/containers/bulk", sync_to_thread=True)
def make_containers(door: OpenDoor, data: JSONBody[Several[ContainerOrder]]) -> list[ContainerPlace]:
    """Make containers, all or none."""

    def made(session: Session, actor: Actor, order: ContainerOrder) -> ContainerPlace:
        return storage.place_of(session, storage.make_container(session, actor, order))

    return _several(door, made, data, list[ContainerPlace])


def _cards(
    door: Door, act: Callable[[Session, Actor, Order], Participant], data: Several[Order]
) -> list[ParticipantCard]:
    def done(session: Session, actor: Actor, order: Order) -> ParticipantCard:
        return participants.card(session, act(session, actor, order))

    return _several(door, done, data, list[ParticipantCard])


def _visits(
    door: Door, act: Callable[[Session, Actor, Order], Visit], data: Several[Order]
) -> list[VisitCard]:
    def done(session: Session, actor: Actor, order: Order) -> VisitCard:
        return specimens.visit_card(session, actor, act(session, actor, order).code)

    return _several(door, done, data, list[VisitCard])


def _several(
    door: Door,
    done: Callable[[Session, Actor, Order], Answer],
    data: Several[Order],
    answer: type[list[Answer]],
) -> list[Answer]:
    return door.act(
        lambda session, actor: each_of(session, data.items, lambda order: done(session, actor, order)), answer
    )


HANDLERS = noun(
    "bulk",
    [
        enroll_several,
        give_consents,
        set_procedures,
        open_visits,
        attend_visits,
        miss_visits,
        link_datasets,
        make_containers,
    ],
)
