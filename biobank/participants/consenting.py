"""Consent: what a participant agreed to, and what that covers."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field
from sqlmodel import Session, col, select

from biobank import clock, custody
from biobank.custody import Kind, records
from biobank.errors import RuleBroken
from biobank.inputs import Flag, Input, Line
from biobank.participants.naming import by_pseudonym
from biobank.people import Actor, May
from biobank.tables import (
    Consent,
    Participant,
    Scope,
)
from biobank.texts import N_

# --- words ---


class ConsentOrder(Input):
    """A signed consent: its version, what it covers, the day it was given (none where it was imported)."""

    version: Annotated[Line, Field(max_length=40)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    given_on: date | None = None
    imported: Flag = False


# --- rules ---


def require_consent(consents: Sequence[Consent], scope: Scope, pseudonym: str) -> None:
    """Refused: something that no consent of the participant covers."""
    if not any(scope in consent.scopes for consent in consents):
        message = N_("No consent of %(pseudonym)s covers %(scope)s. Record the consent first.")
        raise RuleBroken("consent_missing", message, pseudonym=pseudonym, scope=scope.value)


# --- actions ---


def give_consent(
    session: Session, actor: Actor, study: str, pseudonym: str, order: ConsentOrder
) -> Participant:
    """Record a further consent of a participant."""
    participant = by_pseudonym(session, actor, study, pseudonym, May.REGISTER)
    custody.lock(session, [participant.id])
    session.add(new_consent(participant, order))
    record_change(session, actor, participant)
    return participant


def record_change(session: Session, actor: Actor, participant: Participant) -> None:
    """Write what the rows of a locked participant now say that its log does not say yet."""
    before = custody.state(session, participant)
    now = records.participant_said(session, participant)
    change = {name: value for name, value in now.items() if before.get(name) != value}
    custody.record(session, actor, participant, Kind.CHANGED, change=change)


# --- questions ---


def consents(session: Session, participant: Participant) -> list[Consent]:
    """Every consent of a participant, oldest first."""
    asked = select(Consent).where(col(Consent.participant_id) == participant.id)
    return list(session.exec(asked.order_by(col(Consent.id))))


# --- how ---


def new_consent(participant: Participant, order: ConsentOrder) -> Consent:
    """A consent not yet kept. Refused: one that is given in the future."""
    if order.given_on and order.given_on > clock.now().date() + timedelta(days=1):
        raise RuleBroken(
            "consent_in_future", N_("The consent's date is in the future."), field="consent.given_on"
        )
    return Consent(
        participant_id=participant.id,
        version=order.version,
        given_on=order.given_on,
        imported=order.imported,
        scopes=[scope.value for scope in order.scopes],
    )
