"""Participants as pages and programs see them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import people, studies
from biobank.participants.consenting import consents, granted
from biobank.people import Actor, May
from biobank.tables import (
    Participant,
    Site,
    Study,
    Visit,
)

# --- words ---


class VisitRow(msgspec.Struct, frozen=True):
    """A visit in a list."""

    code: str
    event: str
    status: str
    planned_on: date | None
    took_place: datetime | None


class ParticipantCard(msgspec.Struct, frozen=True):
    """A participant as pages and programs see it."""

    id: UUID
    study: str
    site: str
    pseudonym: str
    arm: str
    enrolled_on: date | None
    attributes: dict[str, Any]
    scopes: list[str]
    visits: list["VisitRow"]


# --- questions ---


def card(session: Session, participant: Participant) -> ParticipantCard:
    """A participant with consent and visits."""
    asked = select(Visit).where(col(Visit.participant_id) == participant.id).order_by(col(Visit.id))
    return ParticipantCard(
        id=participant.id,
        study=session.get_one(Study, participant.study_id).code,
        site=session.get_one(Site, participant.site_id).code,
        pseudonym=participant.pseudonym,
        arm=participant.arm,
        enrolled_on=participant.enrolled_on,
        attributes=participant.attributes,
        scopes=sorted(scope.value for scope in granted(consents(session, participant))),
        visits=[
            VisitRow(visit.code, visit.label, visit.status.value, visit.planned_on, visit.took_place_at)
            for visit in session.exec(asked)
        ],
    )


def page(
    session: Session, actor: Actor, study: str, after: str = "", limit: int = 50
) -> list[ParticipantCard]:
    """Participants of a study in the actor's scope, by pseudonym, those after `after`."""
    found = studies.by_code(session, actor, study)
    asked = select(Participant).where(
        col(Participant.study_id) == found.id,
        col(Participant.pseudonym) > after,
        people.visible(actor, May.SEE, Participant),
    )
    rows = session.exec(asked.order_by(col(Participant.pseudonym)).limit(limit)).all()
    return [card(session, participant) for participant in rows]
