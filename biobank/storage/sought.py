"""Which tubes of a map are sought, or told apart by colour: slots of a box, numbers where boxes stand."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank import people
from biobank.inputs import Day, Input, Line
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.maps import by_code, type_of
from biobank.storage.seen import beginning
from biobank.tables import Container, Event, Keep, Participant, Placement, Protocol, Specimen, Study, Visit

CLASSES = 6
"""How many classes have a colour of their own; all others share one."""


# --- words ---


class Sought(Input):
    """Which tubes are sought: every word that is said must fit. `text` is a part of a code or a pseudonym."""

    study: Line | None = None
    material: Line | None = None
    event: Line | None = None
    not_seen_since: Day | None = None
    text: Line | None = None


class Trait(StrEnum):
    """What tubes of a map may be told apart by."""

    STUDY = "study"
    MATERIAL = "material"
    EVENT = "event"


class Coloured(msgspec.Struct, frozen=True):
    """The classes of a box, the largest first, each with its number of tubes, and the class of each slot.

    `rest` is the number of tubes in no class of their own; their slots have the class after the last one.
    """

    classes: list[tuple[str, int]]
    rest: int
    slots: dict[str, int]


# --- questions ---


def sought_slots(session: Session, actor: Actor, text: str, sought: Sought) -> set[str]:
    """The slots of a box, by name, of the tubes that are sought, out or not. Refused: a box out of scope."""
    box = by_code(session, actor, text, field="code")
    grid = Grid.of(type_of(session, box))
    asked = _here(actor, box, [col(Placement.row), col(Placement.col)]).where(*_fits(sought))
    return {slot_name(grid, Slot(row, column)) for row, column in session.execute(asked)}


def sought_counts(session: Session, actor: Actor, sought: Sought) -> dict[str, int]:
    """How many tubes that are sought stand in each container that holds some directly, by its code."""
    columns: list[Any] = [col(Container.code), func.count().label("tubes")]
    asked = (
        _joined(core_select(*columns).select_from(Placement))
        .join(Container, col(Container.id) == col(Placement.container_id))
        .where(people.visible(actor, May.SEE, Specimen, leads=True), *_fits(sought))
        .group_by(col(Container.code))
    )
    return {row.code: row.tubes for row in session.execute(asked)}


def coloured(session: Session, actor: Actor, text: str, trait: Trait) -> Coloured:
    """The tubes of a box told apart by one thing. Refused: a box out of scope."""
    box = by_code(session, actor, text, field="code")
    grid = Grid.of(type_of(session, box))
    asked = _here(actor, box, [col(Placement.row), col(Placement.col), _TRAITS[trait]])
    found = {slot_name(grid, Slot(row, column)): value or "" for row, column, value in session.execute(asked)}
    return classed(found)


def event_codes(session: Session, actor: Actor) -> list[str]:
    """The codes of the events of the studies in the actor's scope."""
    asked = select(Event.code).join(Protocol, col(Protocol.id) == col(Event.protocol_id))
    asked = asked.where(people.visible(actor, May.SEE, Protocol))
    return list(session.exec(asked.distinct().order_by(col(Event.code))))


# --- rules ---


def classed(values: dict[str, str]) -> Coloured:
    """Slots put into classes by their values: the most frequent first, those of one number by name."""
    ordered = sorted(Counter(values.values()).items(), key=lambda each: (-each[1], each[0]))
    classes = ordered[:CLASSES]
    place = {value: number for number, (value, _) in enumerate(classes)}
    slots = {slot: place.get(value, len(classes)) for slot, value in values.items()}
    return Coloured(classes, sum(count for _, count in ordered[CLASSES:]), slots)


# --- how ---

_TRAITS: dict[Trait, Any] = {
    Trait.STUDY: col(Study.code),
    Trait.MATERIAL: col(Specimen.material),
    Trait.EVENT: col(Event.code),
}


def _here(actor: Actor, box: Container, columns: Sequence[Any]) -> Select[Any]:
    """The tubes of one box that the actor may see, and those for which a slot of it is kept."""
    asked = _joined(core_select(*columns).select_from(Placement), kept=True)
    return asked.where(col(Placement.container_id) == box.id, people.visible(actor, May.SEE, Specimen))


def _joined(asked: Select[Any], *, kept: bool = False) -> Select[Any]:
    tube: Any = col(Placement.specimen_id)
    if kept:
        asked = asked.outerjoin(Keep, col(Keep.id) == col(Placement.keep_id))
        tube = func.coalesce(tube, col(Keep.specimen_id))
    return (
        asked.join(Specimen, col(Specimen.id) == tube)
        .join(Study, col(Study.id) == col(Specimen.study_id))
        .join(Participant, col(Participant.id) == col(Specimen.participant_id))
        .join(Visit, col(Visit.id) == col(Specimen.visit_id))
        .outerjoin(Event, col(Event.id) == col(Visit.event_id))
    )


def _fits(sought: Sought) -> list[ColumnElement[bool]]:
    told: list[ColumnElement[bool]] = []
    if sought.study:
        told.append(col(Study.code) == sought.study)
    if sought.material:
        told.append(col(Specimen.material) == sought.material)
    if sought.event:
        told.append(col(Event.code) == sought.event)
    if sought.not_seen_since:
        morning = beginning(sought.not_seen_since)
        told.append(or_(col(Specimen.seen_at).is_(None), col(Specimen.seen_at) < morning))
    if sought.text:
        # Codes are written in groups on the tube, and without any space in the database.
        code = col(Specimen.code).icontains(sought.text.replace(" ", ""), autoescape=True)
        name = col(Participant.pseudonym).icontains(sought.text, autoescape=True)
        told.append(or_(code, name))
    return [and_(*told)] if told else []
