"""Which specimens a list shows and in what order: filters and an order that an address can keep."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank import people, storage, studies
from biobank.errors import Malformed
from biobank.inputs import Day, Flag, Input, Line, Scanned, Whole
from biobank.participants import datasets
from biobank.people import Actor, May
from biobank.tables import (
    Deviation,
    DeviationCode,
    Hold,
    HoldKind,
    Identifier,
    Life,
    Participant,
    Placement,
    Site,
    Specimen,
    SpecimenKind,
    Visit,
)
from biobank.texts import N_

# --- words ---


class Custody(StrEnum):
    """Where a tube is, in one word: in a slot, in something without slots, out, or nowhere that we know."""

    SLOT = "slot"
    UNPLACED = "unplaced"
    OUT = "out"
    NONE = "none"


class Sort(StrEnum):
    """By what a list may be sorted; those of which nothing is known stand at the lower end."""

    CODE = "code"
    PARTICIPANT = "participant"
    MATERIAL = "material"
    COLLECTED = "collected"
    FROZEN = "frozen"
    SEEN = "seen"
    THAWS = "thaws"


class Sought(Input):
    """Which specimens a list shows: those that fit all that is told.

    `event` is the label of the visit, `participant` a pseudonym, `text` a part of a code, of ours or from
    elsewhere; `container` holds it, however deep. Days of drawing and freezing are those of each site's
    calendar, both ends within; of `not_seen_since` it is the day in UTC. `dataset` is the kind of a dataset
    that the visit links to, so that `event="BL", material="plasma_edta", dataset="fmri"` finds the baseline
    plasma of those who have an fMRI of that visit.
    """

    site: Annotated[str, Field(max_length=40)] | None = None
    event: Annotated[str, Field(max_length=20)] | None = None
    arm: Annotated[str, Field(max_length=40)] | None = None
    material: Annotated[str, Field(max_length=40)] | None = None
    kind: SpecimenKind | None = None
    life: Life | None = None
    custody: Custody | None = None
    hold: HoldKind | None = None
    deviation: DeviationCode | None = None
    dataset: Annotated[str, Field(max_length=40)] | None = None
    participant: Annotated[str, Field(max_length=40)] | None = None
    container: Scanned | None = None
    collected_from: Day | None = None
    collected_to: Day | None = None
    frozen_from: Day | None = None
    frozen_to: Day | None = None
    not_seen_since: Day | None = None
    thaws_from: Annotated[Whole, Field(ge=0)] | None = None
    thaws_to: Annotated[Whole, Field(ge=0)] | None = None
    text: Line | None = None
    sort: Sort = Sort.CODE
    down: Flag = False


EVERYTHING = Sought()

COUNTED = 100_000
"""So far the tubes that fit are counted; beyond it nobody is told more than that there are more."""


# --- questions ---


def ids(
    session: Session,
    actor: Actor,
    study: str | None,
    sought: Sought,
    *,
    after: str = "",
    limit: int | None = None,
) -> Sequence[UUID]:
    """The specimens in the actor's scope that fit, in their order; those after the place `after`.

    A place is what the list is sorted by, a stroke, and a code; in the order of codes it is the code alone.
    Refused: a study or a container out of scope, what is no place.
    """
    asked = _joined(core_select(col(Specimen.id)), sought)
    asked = asked.where(*fitting(session, actor, study, sought))
    key, code = _key(sought.sort), col(Specimen.code)
    if after:
        asked = asked.where(_beyond(sought, after))
    if sought.sort is not Sort.CODE:
        asked = asked.order_by(key.desc() if sought.down else key)
    asked = asked.order_by(code.desc() if sought.down else code)
    return session.execute(asked.limit(limit)).scalars().all()


def count(
    session: Session, actor: Actor, study: str | None = None, sought: Sought = EVERYTHING, most: int = COUNTED
) -> int:
    """How many fit, counted as far as one more than `most`: to count a million would keep a page waiting."""
    fit = core_select(literal(1)).select_from(Specimen).where(*fitting(session, actor, study, sought))
    asked = core_select(func.count()).select_from(fit.limit(most + 1).subquery())
    return int(session.execute(asked).scalar_one())


def fitting(session: Session, actor: Actor, study: str | None, sought: Sought) -> list[ColumnElement[bool]]:
    """What is sought, as criteria for a query of specimens. Refused: a study or a container out of scope."""
    found: list[ColumnElement[bool]] = [people.visible(actor, May.SEE, Specimen, leads=True)]
    if study:
        found.append(col(Specimen.study_id) == studies.by_code(session, actor, study).id)
    told = {name: getattr(sought, name) for name in ("material", "kind", "life")}
    found += [getattr(Specimen, name) == value for name, value in told.items() if value is not None]
    found += _whose(sought) + _happened(sought) + _days(session, sought)
    if sought.custody:
        found.append(_IN_CUSTODY[sought.custody])
    if sought.container:
        held = storage.tubes_inside(session, actor, sought.container)
        found.append(col(Specimen.id).in_(held))
    return found


# --- how ---

_PLACED = core_select(col(Placement.id)).where(col(Placement.specimen_id) == col(Specimen.id))
_IN_CUSTODY: dict[Custody, ColumnElement[bool]] = {
    Custody.OUT: col(Specimen.out_since).is_not(None),
    Custody.SLOT: _PLACED.where(col(Placement.row).is_not(None)).exists(),
    Custody.UNPLACED: _PLACED.where(col(Placement.row).is_(None)).exists(),
    Custody.NONE: and_(col(Specimen.out_since).is_(None), ~_PLACED.exists()),
}


def _whose(sought: Sought) -> list[ColumnElement[bool]]:
    """Site, event, arm and participant, by their names."""
    found: list[ColumnElement[bool]] = []
    if sought.site:
        found.append(col(Specimen.site_id).in_(select(Site.id).where(col(Site.code) == sought.site)))
    if sought.event:
        found.append(col(Specimen.visit_id).in_(select(Visit.id).where(col(Visit.label) == sought.event)))
    for column, value in ((Participant.arm, sought.arm), (Participant.pseudonym, sought.participant)):
        if value:
            found.append(col(Specimen.participant_id).in_(select(Participant.id).where(col(column) == value)))
    return found


def _happened(sought: Sought) -> list[ColumnElement[bool]]:
    """Holds, deviations, datasets, thaws, and what it is called."""
    found: list[ColumnElement[bool]] = []
    if sought.hold:
        found.append(col(Specimen.id).in_(select(Hold.specimen_id).where(col(Hold.kind) == sought.hold)))
    if sought.deviation:
        went = select(Deviation.specimen_id).where(col(Deviation.code) == sought.deviation)
        found.append(col(Specimen.id).in_(went))
    if sought.dataset:
        found.append(datasets.having(sought.dataset, Specimen.visit_id))
    if sought.thaws_from is not None:
        found.append(col(Specimen.thaws) >= sought.thaws_from)
    if sought.thaws_to is not None:
        found.append(col(Specimen.thaws) <= sought.thaws_to)
    if sought.text:
        # Codes are written in groups on the tube, and without any space in the database.
        ours = col(Specimen.code).icontains(sought.text.replace(" ", ""), autoescape=True)
        other = select(Identifier.specimen_id)
        other = other.where(col(Identifier.value).icontains(sought.text, autoescape=True))
        found.append(or_(ours, col(Specimen.id).in_(other)))
    return found


def _days(session: Session, sought: Sought) -> list[ColumnElement[bool]]:
    """The days between which it was drawn and frozen, each on the calendar of its site."""
    found: list[ColumnElement[bool]] = []
    spans = (
        (col(Specimen.collected_at), sought.collected_from, sought.collected_to),
        (col(Specimen.frozen_at), sought.frozen_from, sought.frozen_to),
    )
    zones: dict[str, list[UUID]] = {}
    if any(first or last for _, first, last in spans):
        for key, zone in session.exec(select(Site.id, Site.time_zone)):
            zones.setdefault(zone, []).append(key)
    for column, first, last in spans:
        each = [
            and_(col(Specimen.site_id).in_(sites), *_between(column, first, last, zone))
            for zone, sites in zones.items()
        ]
        if first or last:
            found.append(or_(*each))
    if sought.not_seen_since:
        morning = _begins(sought.not_seen_since, "UTC")
        found.append(or_(col(Specimen.seen_at).is_(None), col(Specimen.seen_at) < morning))
    return found


def _between(column: Any, first: date | None, last: date | None, zone: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if first:
        found.append(column >= _begins(first, zone))
    if last:
        found.append(column < _begins(last + timedelta(days=1), zone))
    return found


def _begins(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


_LONG_AGO = datetime(1800, 1, 1, tzinfo=UTC)


def _key(sort: Sort) -> Any:
    """What a list is sorted by, never NULL, so that a page can begin after any row."""
    match sort:
        case Sort.PARTICIPANT:
            return col(Participant.pseudonym)
        case Sort.COLLECTED | Sort.FROZEN | Sort.SEEN:
            at: Any = getattr(Specimen, f"{sort.value}_at")
            return case((at.is_(None), literal(_LONG_AGO, at.type)), else_=at)
        case _:
            return col(getattr(Specimen, sort.value))


def _joined(asked: Select[Any], sought: Sought) -> Select[Any]:
    if sought.sort is not Sort.PARTICIPANT:
        return asked.select_from(Specimen)
    return asked.select_from(Specimen).join(Participant, col(Participant.id) == col(Specimen.participant_id))


def _beyond(sought: Sought, after: str) -> ColumnElement[bool]:
    """Whether a specimen comes after a place in the list, wherever the one that stood there is by now."""
    told, _, last = after.rpartition("/")
    code = col(Specimen.code)
    further = code < last if sought.down else code > last
    if sought.sort is Sort.CODE:
        return further
    key, reached = _key(sought.sort), _reached(sought.sort, told, after)
    return or_(key < reached if sought.down else key > reached, and_(key == reached, further))


def _reached(sort: Sort, told: str, after: str) -> Any:
    """What a list is sorted by, at a place in it. Refused: what is no place in a list of this order."""
    try:
        match sort:
            case Sort.THAWS:
                return max(0, min(int(told), 2**31 - 1))
            case Sort.COLLECTED | Sort.FROZEN | Sort.SEEN:
                at: Any = getattr(Specimen, f"{sort.value}_at")
                when = datetime.fromisoformat(told) if told else _LONG_AGO
                return literal(when.astimezone(UTC), at.type)
            case _:
                return told
    except (ValueError, OverflowError):
        message = N_("This is no place in the list: %(after)s. Begin at its top.")
        raise Malformed("place_unreadable", message, field="after", after=after[:60]) from None
