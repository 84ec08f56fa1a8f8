"""Participants by their pseudonyms, within the scope of who asks."""

from sqlmodel import Session, col, select

from biobank import people
from biobank.errors import NotFound
from biobank.people import Actor, May
from biobank.tables import (
    Participant,
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
