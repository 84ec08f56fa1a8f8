"""Lists of specimens: rows, and pages of those that are sought."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, col, select

from biobank import amounts, people, studies
from biobank.database import by_id
from biobank.inputs import Input
from biobank.participants import datasets
from biobank.people import Actor, May
from biobank.specimens import statements
from biobank.tables import (
    Deviation,
    DeviationCode,
    Life,
    Participant,
    Specimen,
    SpecimenKind,
    Visit,
)


class SpecimenRow(msgspec.Struct, frozen=True):
    """A specimen in a list. `place` is short: box and slot. `deviations` are codes, each once."""

    code: str
    kind: str
    material: str
    life: str
    amount: str
    participant: str
    visit: str
    event: str
    serial: int
    total: int
    parent: str | None
    place: str = ""
    deviations: list[str] = []


class Sought(Input):
    """Which specimens a list shows: those that fit all that is told.

    `event` is the label of the visit, `participant` a pseudonym; `dataset` is the kind of a dataset that
    the visit links to, so that `event="BL", material="plasma_edta", dataset="fmri"` finds the baseline
    plasma of those who have an fMRI of that visit.
    """

    event: Annotated[str, Field(max_length=20)] | None = None
    material: Annotated[str, Field(max_length=40)] | None = None
    kind: SpecimenKind | None = None
    life: Life | None = None
    dataset: Annotated[str, Field(max_length=40)] | None = None
    deviation: DeviationCode | None = None
    participant: Annotated[str, Field(max_length=40)] | None = None


EVERYTHING = Sought()


# --- questions ---


def rows(session: Session, specimens: Sequence[Specimen]) -> list[SpecimenRow]:
    """Specimens as rows of a list, in the order given."""
    visits = by_id(session, Visit, {each.visit_id for each in specimens})
    whose = by_id(session, Participant, {each.participant_id for each in specimens})
    parents = by_id(session, Specimen, {each.parent_id for each in specimens if each.parent_id})
    ids = [each.id for each in specimens]
    places, deviations = statements.short_places(session, ids), _deviations(session, ids)
    return [
        SpecimenRow(
            code=each.code,
            kind=each.kind.value,
            material=each.material,
            life=each.life.value,
            amount=amounts.shown(each.amount, each.material),
            participant=whose[each.participant_id].pseudonym,
            visit=visits[each.visit_id].code,
            event=visits[each.visit_id].label,
            serial=each.serial,
            total=each.total,
            parent=parents[each.parent_id].code if each.parent_id else None,
            place=places.get(each.id, ""),
            deviations=deviations.get(each.id, []),
        )
        for each in specimens
    ]


def page(
    session: Session,
    actor: Actor,
    study: str | None = None,
    after: str = "",
    limit: int = 50,
    sought: Sought = EVERYTHING,
) -> list[SpecimenRow]:
    """Specimens in the actor's scope that fit, by code, those after `after`.

    Refused: a study out of scope.
    """
    asked = select(Specimen).where(col(Specimen.code) > after, people.visible(actor, May.SEE, Specimen))
    if study:
        asked = asked.where(col(Specimen.study_id) == studies.by_code(session, actor, study).id)
    asked = asked.where(*fitting(sought))
    return rows(session, session.exec(asked.order_by(col(Specimen.code)).limit(limit)).all())


def fitting(sought: Sought) -> list[Any]:
    """What is sought, as criteria for a query of specimens."""
    criteria: list[Any] = [
        getattr(Specimen, name) == value
        for name in ("material", "kind", "life")
        if (value := getattr(sought, name)) is not None
    ]
    if sought.event:
        of_event = select(Visit.id).where(col(Visit.label) == sought.event)
        criteria.append(col(Specimen.visit_id).in_(of_event))
    if sought.dataset:
        criteria.append(datasets.having(sought.dataset, Specimen.visit_id))
    if sought.participant:
        named = select(Participant.id).where(col(Participant.pseudonym) == sought.participant)
        criteria.append(col(Specimen.participant_id).in_(named))
    if sought.deviation:
        went = select(Deviation.specimen_id).where(col(Deviation.code) == sought.deviation)
        criteria.append(col(Specimen.id).in_(went))
    return criteria


# --- how ---


def _deviations(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    asked = select(Deviation.specimen_id, Deviation.code).where(col(Deviation.specimen_id).in_(ids))
    found: dict[UUID, list[str]] = {}
    for key, code in session.exec(asked.order_by(col(Deviation.at), col(Deviation.id))):
        if str(code) not in found.setdefault(key, []):
            found[key].append(str(code))
    return found
