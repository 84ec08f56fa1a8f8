"""Visits: opened, come to, missed, planned again; and the datasets they are linked to."""

from collections.abc import Callable

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody
from sqlmodel import Session

from biobank import participants, specimens
from biobank.api.documents import noun
from biobank.door import Door
from biobank.inputs import Input, Scanned
from biobank.participants import CameOrder, DatasetOrder, DatasetRow, MissOrder, VisitOrder, datasets
from biobank.people import Actor
from biobank.specimens import VisitCard, Workbench
from biobank.tables import Visit
from biobank.web import OpenDoor


class Replanning(Input):
    """A missed visit that is planned once more."""

    visit: Scanned


@post("/visits", sync_to_thread=True)
def open_visit(door: OpenDoor, data: JSONBody[VisitOrder]) -> VisitCard:
    """Open a visit at an event of the protocol, or an unscheduled one."""
    return _act(door, lambda session, actor: participants.open_visit(session, actor, data))


@post("/attendances", sync_to_thread=True)
def attend_visit(door: OpenDoor, data: JSONBody[CameOrder]) -> VisitCard:
    """Say that a planned visit took place although nothing was collected, and when."""
    return _act(door, lambda session, actor: participants.came(session, actor, data))


@post("/missed-visits", sync_to_thread=True)
def miss_visit(door: OpenDoor, data: JSONBody[MissOrder]) -> VisitCard:
    """Say that a planned visit did not take place, and why."""
    return _act(door, lambda session, actor: participants.miss(session, actor, data))


@post("/replannings", sync_to_thread=True)
def plan_again(door: OpenDoor, data: JSONBody[Replanning]) -> VisitCard:
    """Plan a missed visit once more."""
    return _act(door, lambda session, actor: participants.plan_again(session, actor, data.visit))


@get("/visits/{code:str}", sync_to_thread=True)
def get_visit(door: OpenDoor, code: FromPath[str]) -> VisitCard:
    """A visit: what is expected of it, and what was collected."""
    return door.ask(lambda session, actor: specimens.visit_card(session, actor, code))


@get("/visits/{code:str}/workbench", sync_to_thread=True)
def get_workbench(door: OpenDoor, code: FromPath[str]) -> Workbench:
    """A visit tube by tube while it is collected: clocks, deviations, where each goes next."""
    return door.ask(lambda session, actor: specimens.workbench(session, actor, code))


@post("/datasets", sync_to_thread=True)
def link_dataset(door: OpenDoor, data: JSONBody[DatasetOrder]) -> VisitCard:
    """Link a visit to a dataset that lives elsewhere."""
    return _act(door, lambda session, actor: datasets.link(session, actor, data))


@post("/dataset-removals", sync_to_thread=True, status_code=200)
def unlink_dataset(door: OpenDoor, data: JSONBody[DatasetOrder]) -> VisitCard:
    """Take a link away that was a mistake."""
    return _act(door, lambda session, actor: datasets.unlink(session, actor, data))


@get("/datasets", sync_to_thread=True)
def list_datasets(door: OpenDoor, visit: FromQuery[str]) -> list[DatasetRow]:
    """The datasets a visit is linked to, by kind and id."""

    def question(session: Session, actor: Actor) -> list[DatasetRow]:
        found, _ = participants.visit_by_code(session, actor, visit)
        return datasets.of(session, [found.id]).get(found.id, [])

    return door.ask(question)


def _act(door: Door, act: Callable[[Session, Actor], Visit]) -> VisitCard:
    return door.act(
        lambda session, actor: specimens.visit_card(session, actor, act(session, actor).code), VisitCard
    )


HANDLERS = noun(
    "visits",
    [
        open_visit,
        attend_visit,
        miss_visit,
        plan_again,
        get_visit,
        get_workbench,
        link_dataset,
        unlink_dataset,
        list_datasets,
    ],
)
