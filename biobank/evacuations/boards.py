"""The board of an evacuation: what has to be carried where, and how far it has come."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import true
from sqlmodel import Session, col, select

from biobank import database, people, storage
from biobank.evacuations.loads import tubes_in
from biobank.evacuations.planning import by_id, steps_of
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.tables import Container, ContainerType, Evacuation, EvacuationStep, Person, Placement, Site
from biobank.texts import N_

State = Literal["waiting", "done", "elsewhere", "no_room"]
"""Where a rack or box stands: where it has to leave, where it shall be, at a third place; or it has to
leave, and no slot was found for it."""

WORDS: Mapping[str, str] = {
    "waiting": N_("to be carried"),
    "done": N_("carried"),
    "elsewhere": N_("stands elsewhere"),
    "no_room": N_("no slot found"),
}


# --- words ---


class StepRow(msgspec.Struct, frozen=True):
    """One rack or box: how many tubes, where it has to leave, where it goes, where it stands now."""

    code: str
    name: str
    level: str
    tubes: int
    leaves: str
    goes: str
    state: State
    now: str


class Board(msgspec.Struct, frozen=True):
    """An evacuation with its steps. On the way back, they go where they came from."""

    id: UUID
    code: str
    name: str
    site: str
    opened_by: str
    opened_at: datetime
    returning: bool
    closed: bool
    steps: list[StepRow]
    time_zone: str = "UTC"

    def count(self, state: State) -> int:
        """How many steps are in a state."""
        return sum(1 for step in self.steps if step.state == state)

    @property
    def tubes(self) -> int:
        """How many tubes are concerned."""
        return sum(step.tubes for step in self.steps)

    @property
    def tubes_done(self) -> int:
        """How many of them are where they shall be."""
        return sum(step.tubes for step in self.steps if step.state == "done")


class BoardRow(msgspec.Struct, frozen=True):
    """An evacuation in a list: how many of its steps are done."""

    id: UUID
    code: str
    name: str
    site: str
    opened_by: str
    opened_at: datetime
    returning: bool
    closed: bool
    steps: int
    done: int
    time_zone: str = ""


# --- questions ---


def board(session: Session, actor: Actor, key: UUID) -> Board:
    """One evacuation as it stands, in a bounded number of statements. Refused: one out of scope."""
    found = by_id(session, actor, key)
    steps = steps_of(session, found)
    container, site = session.get_one(Container, found.container_id), session.get_one(Site, found.site_id)
    return Board(
        id=found.id,
        code=container.code,
        name=container.name,
        site=site.code,
        opened_by=session.get_one(Person, found.opened_by_id).name,
        opened_at=found.opened_at,
        returning=found.returning_at is not None,
        closed=found.closed_at is not None,
        steps=_rows(session, steps, returning=found.returning_at is not None),
        time_zone=site.time_zone,
    )


def boards(
    session: Session, actor: Actor, *, closed: bool = False, limit: int = 100, after: UUID | None = None
) -> list[BoardRow]:
    """The evacuations in the actor's scope, newest first: those under way, or those that are closed.

    `after` is the id of the last one shown. The number of statements is the same however many there are.
    """
    asked = (
        select(Evacuation, Container, Site, Person)
        .join(Container, col(Container.id) == col(Evacuation.container_id))
        .join(Site, col(Site.id) == col(Evacuation.site_id))
        .join(Person, col(Person.id) == col(Evacuation.opened_by_id))
        .where(people.visible(actor, May.SEE, Evacuation))
        .where(col(Evacuation.closed_at).is_not(None) if closed else col(Evacuation.closed_at).is_(None))
        .where(col(Evacuation.id) < after if after else true())
        .order_by(col(Evacuation.id).desc())
        .limit(limit)
    )
    found = session.exec(asked).all()
    steps = _steps(session, [each.id for each, *_ in found])
    stands = _stands(session, [step for own in steps.values() for step in own])
    return [
        BoardRow(
            id=each.id,
            code=container.code,
            name=container.name,
            site=site.code,
            opened_by=person.name,
            opened_at=each.opened_at,
            returning=each.returning_at is not None,
            closed=each.closed_at is not None,
            steps=len(steps[each.id]),
            done=_count_done(steps[each.id], stands, returning=each.returning_at is not None),
            time_zone=site.time_zone,
        )
        for each, container, site, person in found
    ]


# --- how ---

_Place = tuple[UUID | None, int | None, int | None]


def _rows(session: Session, steps: Sequence[EvacuationStep], *, returning: bool) -> list[StepRow]:
    stands = _stands(session, steps)
    carried = database.by_id(session, Container, [step.container_id for step in steps])
    kinds = {kind.id: kind for kind in storage.type_codes(session)}
    tubes = tubes_in(session, [step.container_id for step in steps])
    places = [place for step in steps for place in (_from(step), _to(step))] + list(stands.values())
    words = _Words(session, {place[0] for place in places if place[0]}, kinds)
    found: list[StepRow] = []
    for step in steps:
        container = carried[step.container_id]
        ways = (_to(step), _from(step)) if returning else (_from(step), _to(step))
        found.append(
            StepRow(
                code=container.code,
                name=container.name,
                level=kinds[container.type_id].level.value,
                tubes=tubes[container.id],
                leaves=words.of(ways[0]),
                goes=words.of(ways[1]),
                state=_state(step, stands, returning=returning),
                now=words.of(stands.get(container.id, (None, None, None))),
            )
        )
    return found


def _steps(session: Session, evacuations: Sequence[UUID]) -> Mapping[UUID, list[EvacuationStep]]:
    asked = select(EvacuationStep).where(col(EvacuationStep.evacuation_id).in_(evacuations))
    of: defaultdict[UUID, list[EvacuationStep]] = defaultdict(list)
    for step in session.exec(asked):
        of[step.evacuation_id].append(step)
    return of


def _count_done(steps: Sequence[EvacuationStep], stands: Mapping[UUID, _Place], *, returning: bool) -> int:
    return sum(1 for step in steps if _state(step, stands, returning=returning) == "done")


def _state(step: EvacuationStep, stands: Mapping[UUID, _Place], *, returning: bool) -> State:
    now = stands.get(step.container_id)
    if returning:
        return "done" if now == _from(step) else "waiting" if now == _to(step) else "elsewhere"
    if step.to_id is not None and now == _to(step):
        return "done"
    if now != _from(step):
        return "elsewhere"
    return "waiting" if step.to_id else "no_room"


def _from(step: EvacuationStep) -> _Place:
    return step.from_id, step.from_row, step.from_col


def _to(step: EvacuationStep) -> _Place:
    return step.to_id, step.to_row, step.to_col


def _stands(session: Session, steps: Sequence[EvacuationStep]) -> dict[UUID, _Place]:
    asked = select(Placement.child_id, Placement.container_id, Placement.row, Placement.col)
    rows = session.exec(asked.where(col(Placement.child_id).in_([step.container_id for step in steps])))
    return {child: (outer, row, column) for child, outer, row, column in rows if child}


class _Words:
    """Places in words: the names on the way, and the slot."""

    def __init__(self, session: Session, outers: set[UUID], kinds: Mapping[UUID, ContainerType]) -> None:
        self.ways = storage.paths(session, list(outers)) if outers else {}
        self.outers = database.by_id(session, Container, outers)
        self.kinds = kinds

    def of(self, place: _Place) -> str:
        """One place; empty for none."""
        outer, row, column = place
        if outer is None:
            return ""
        slot = slot_name(Grid.of(self.kinds[self.outers[outer].type_id]), Slot(row, column))
        names = [step.name for step in self.ways[outer]]
        return " · ".join([*names, *([slot] if slot else [])])
