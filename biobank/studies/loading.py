"""Loading a protocol file: a new study, or a new version of one."""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session, col, select

from biobank import amounts, clock, custody, people
from biobank.custody import Kind
from biobank.people import Actor, May
from biobank.studies.file import ProtocolFile, RequirementPart, read_protocol
from biobank.studies.reading import StudyCard, card
from biobank.tables import (
    Anchor,
    Arm,
    Attribute,
    Event,
    Protocol,
    Requirement,
    SpecimenKind,
    Study,
)

# --- actions ---


def load(session: Session, actor: Actor, text: bytes) -> StudyCard:
    """Load a protocol file: a new study, a new version of one, or nothing where it is unchanged."""
    protocol = read_protocol(text)
    people.require(actor, May.SET_UP)
    digest = hashlib.sha256(text).hexdigest()
    study = session.exec(select(Study).where(col(Study.code) == protocol.study.code)).first()
    current = session.get(Protocol, study.protocol_id) if study else None
    if study and current and current.sha256 == digest:
        return card(session, study)
    people.require_over(actor, May.SET_UP, None, study.id if study else None)
    version = current.version + 1 if current else 1
    kind = Kind.CHANGED if study else Kind.OPENED
    if study is None:
        study = Study(code=protocol.study.code, title=protocol.study.title)
    else:
        custody.lock(session, [study.id])
    change = {"protocol": {"version": version, "sha256": digest}}
    custody.record(session, actor, study, kind, change=change)
    study.title = protocol.study.title
    made = Protocol(
        study_id=study.id,
        version=version,
        sha256=digest,
        label_shows_participant=protocol.labels.participant,
        loaded_at=clock.now(),
    )
    session.add(made)
    session.flush()
    _write_parts(session, made.id, protocol)
    study.protocol_id = made.id
    session.flush()
    return card(session, study)


# --- how ---


def _write_parts(session: Session, protocol_id: UUID, protocol: ProtocolFile) -> None:
    for arm in protocol.arms:
        session.add(Arm(protocol_id=protocol_id, code=arm.code, title=arm.title))
    for attribute in protocol.attributes:
        session.add(
            Attribute(
                protocol_id=protocol_id,
                name=attribute.name,
                values=attribute.values,
                lowest=attribute.lowest,
                highest=attribute.highest,
            )
        )
    for position, part in enumerate(protocol.events):
        event = Event(
            protocol_id=protocol_id,
            code=part.code,
            title=part.title,
            position=position,
            anchor=Anchor(part.anchor),
            offset_days=part.day,
            window_before=part.before,
            window_after=part.after,
            arms=part.arms,
        )
        session.add(event)
        session.flush()
        trees = [tree for name in part.collects for tree in protocol.collections[name]]
        _write_requirements(session, event.id, None, SpecimenKind.PRIMARY, trees)


def _write_requirements(
    session: Session,
    event_id: UUID,
    parent: UUID | None,
    kind: SpecimenKind,
    parts: Iterable[RequirementPart],
) -> None:
    for position, part in enumerate(parts):
        dimension = amounts.material(part.material).dimension
        requirement = Requirement(
            event_id=event_id,
            parent_id=parent,
            position=position,
            kind=kind,
            material=part.material,
            container=part.container,
            amount=amounts.parse(part.amount, dimension) if part.amount else None,
            count=part.count,
            storage_class=part.storage,
            limits=dict(part.limits),
        )
        session.add(requirement)
        session.flush()
        _write_requirements(session, event_id, requirement.id, SpecimenKind.DERIVATIVE, part.derivatives)
        _write_requirements(session, event_id, requirement.id, SpecimenKind.ALIQUOT, part.aliquots)
