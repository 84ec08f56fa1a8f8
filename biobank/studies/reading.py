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
    ConsentVersion,
    Event,
    Protocol,
    Requirement,
    Study,
    Vessel,
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


def event_by_id(session: Session, event_id: UUID) -> Event:
    """One planned visit, of whatever version of a protocol."""
    return session.get_one(Event, event_id)


def requirements(session: Session, event_id: UUID) -> list[Requirement]:
    """What an event collects: primaries first, each level in the file's order."""
    asked = select(Requirement).where(col(Requirement.event_id) == event_id)
    return list(session.exec(asked.order_by(col(Requirement.id))))


def attributes(session: Session, study: Study) -> list[Attribute]:
    """What the protocol in force notes of a participant."""
    asked = select(Attribute).where(col(Attribute.protocol_id) == study.protocol_id)
    return list(session.exec(asked.order_by(col(Attribute.id))))


def arms(session: Session, study: Study) -> list[str]:
    """The codes of the arms of the protocol in force."""
    asked = select(Arm.code).where(col(Arm.protocol_id) == study.protocol_id)
    return list(session.exec(asked.order_by(col(Arm.id))))


def consent_versions(session: Session, study: Study) -> list[ConsentVersion]:
    """The versions of the consent that the protocol in force asks for; none where it says nothing of it."""
    asked = select(ConsentVersion).where(col(ConsentVersion.protocol_id) == study.protocol_id)
    return list(session.exec(asked.order_by(col(ConsentVersion.id))))


def vessels(session: Session, study: Study) -> list[Vessel]:
    """What the protocol in force says of vessels, for SPREC."""
    asked = select(Vessel).where(col(Vessel.protocol_id) == study.protocol_id)
    return list(session.exec(asked.order_by(col(Vessel.id))))


def needs(session: Session, study_id: UUID) -> dict[str, str]:
    """By material the scope of consent it needs beside storage, by the protocol in force."""
    asked = select(Protocol.needs).join(Study, col(Study.protocol_id) == col(Protocol.id))
    return dict(session.exec(asked.where(col(Study.id) == study_id)).one())


def dataset_kinds(session: Session, study: Study) -> list[str]:
    """The kinds of datasets a visit may link to, by the protocol in force."""
    return list(protocol_of(session, study).datasets)


def card(session: Session, study: Study) -> StudyCard:
    """One study as lists show it."""
    protocol = protocol_of(session, study)
    count = session.exec(select(func.count()).where(col(Event.protocol_id) == protocol.id)).one()
    return StudyCard(study.id, study.code, study.title, protocol.version, count, arms(session, study))


def everything(session: Session, actor: Actor) -> list[StudyCard]:
    """The studies in the actor's scope, by code."""
    studies = session.exec(select(Study).order_by(col(Study.code))).all()
    return [card(session, study) for study in studies if people.allowed(actor, May.SEE, _Of(study.id))]
