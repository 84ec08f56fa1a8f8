"""Studies and what the protocol in force says."""

from uuid import UUID

import msgspec
from sqlmodel import Session, col, func, select

from biobank import people
from biobank.errors import NotFound
from biobank.people import Actor, May
from biobank.tables import (
    Arm,
    Attribute,
    Event,
    Protocol,
    Requirement,
    Study,
)
from biobank.texts import N_

# --- words ---


class StudyCard(msgspec.Struct, frozen=True):
    """A study as lists show it."""

    id: UUID
    code: str
    title: str
    version: int
    events: int
    arms: list[str]


# --- questions ---


class _Of(msgspec.Struct, frozen=True):
    """A study as something rights are asked for: it belongs to every site."""

    study_id: UUID
    site_id: None = None


def by_code(session: Session, actor: Actor, code: str, may: May = May.SEE) -> Study:
    """The study of that code. Refused: `NotFound` outside the actor's scope."""
    study = session.exec(select(Study).where(col(Study.code) == code)).first()
    if study is None or not people.allowed(actor, May.SEE, _Of(study.id)):
        message = N_("There is no study “%(code)s” in your scope.")
        raise NotFound("study_not_found", message, field="study", code=code[:40])
    people.require(actor, may, _Of(study.id))
    return study


def protocol_of(session: Session, study: Study) -> Protocol:
    """The version of a study's protocol in force."""
    return session.get_one(Protocol, study.protocol_id)


def events(session: Session, study: Study) -> list[Event]:
    """The planned visits of the protocol in force, in its order."""
    asked = select(Event).where(col(Event.protocol_id) == study.protocol_id).order_by(col(Event.position))
    return list(session.exec(asked))


def requirements(session: Session, event_id: UUID) -> list[Requirement]:
    """What an event collects: primaries first, each level in the file's order."""
    asked = select(Requirement).where(col(Requirement.event_id) == event_id)
    return list(session.exec(asked.order_by(col(Requirement.id))))


def attributes(session: Session, study: Study) -> list[Attribute]:
    """What the protocol in force notes of a participant."""
    return list(session.exec(select(Attribute).where(col(Attribute.protocol_id) == study.protocol_id)))


def arms(session: Session, study: Study) -> list[str]:
    """The codes of the arms of the protocol in force."""
    return list(session.exec(select(Arm.code).where(col(Arm.protocol_id) == study.protocol_id)))


def card(session: Session, study: Study) -> StudyCard:
    """One study as lists show it."""
    protocol = protocol_of(session, study)
    count = session.exec(select(func.count()).where(col(Event.protocol_id) == protocol.id)).one()
    return StudyCard(study.id, study.code, study.title, protocol.version, count, arms(session, study))


def everything(session: Session, actor: Actor) -> list[StudyCard]:
    """The studies in the actor's scope, by code."""
    studies = session.exec(select(Study).order_by(col(Study.code))).all()
    return [card(session, study) for study in studies if people.allowed(actor, May.SEE, _Of(study.id))]
