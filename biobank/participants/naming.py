"""Participants by their pseudonyms, within the scope of who asks."""

from datetime import date

from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.errors import NotFound
from biobank.participants.scheduling import site_day
from biobank.people import Actor, May
from biobank.tables import (
    Participant,
    Site,
    Study,
)
from biobank.texts import N_


def by_pseudonym(
    session: Session, actor: Actor, study: str, pseudonym: str, may: May = May.SEE
) -> Participant:
    """The participant of that pseudonym. Refused: `NotFound` outside the actor's scope."""
    asked = select(Participant).join(Study, col(Study.id) == col(Participant.study_id))
    found = session.exec(
        asked.where(col(Study.code) == study, col(Participant.pseudonym) == pseudonym)
    ).first()
    if found is None or not people.allowed(actor, May.SEE, found):
        message = N_("There is no participant %(pseudonym)s of %(study)s in your scope.")
        raise NotFound("participant_not_found", message, pseudonym=pseudonym[:40], study=study[:40])
    people.require(actor, may, found)
    return found


def locked(session: Session, actor: Actor, study: str, pseudonym: str, may: May) -> Participant:
    """The participant, locked and as it is now. Refused as `by_pseudonym` refuses."""
    participant = by_pseudonym(session, actor, study, pseudonym, may)
    custody.lock(session, [participant.id])
    session.refresh(participant)
    return participant


def today(session: Session, participant: Participant) -> date:
    """The day on the calendar of the participant's site."""
    return site_day(session.get_one(Site, participant.site_id).time_zone, clock.now())
