"""Loading a protocol file: a new study, or a new version of one."""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from biobank import amounts, clock, custody, people
from biobank.custody import Kind
from biobank.database import add_rows
from biobank.people import Actor, May
from biobank.studies import comparing
from biobank.studies.checking import read_protocol, understood
from biobank.studies.file import EventPart, ProtocolFile, RequirementPart
from biobank.studies.reading import StudyCard, card, protocol_of
from biobank.tables import (
    Anchor,
    Arm,
    Attribute,
    ConsentVersion,
    Event,
    ExposureLimit,
    Protocol,
    Requirement,
    SpecimenKind,
    Study,
    Vessel,
)
from biobank.texts import N_

# --- actions ---


def load(session: Session, actor: Actor, text: bytes) -> StudyCard:
    """Load a protocol file: a new study, a new version of one, or nothing where it is unchanged."""
    people.require(actor, May.SET_UP)
    protocol = read_protocol(text)
    digest = hashlib.sha256(text).hexdigest()
    study = session.exec(select(Study).where(col(Study.code) == protocol.study.code)).first()
    people.require_over(actor, May.SET_UP, None, study.id if study else None)
    current = session.get(Protocol, study.protocol_id) if study else None
    if study and current and current.sha256 == digest:
        return card(session, study)
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
        source=text.decode(),
        datasets=protocol.collecting.datasets,
        needs=protocol.needs,
        all_present=protocol.collecting.all_present,
    )
    session.add(made)
    session.flush()
    _write_parts(session, made.id, protocol)
    study.protocol_id = made.id
    session.flush()
    return card(session, study)


# --- questions ---


def differences(session: Session, actor: Actor, text: bytes) -> list[comparing.Difference]:
    """What loading this file would change of the study it names; everything is new of a new study."""
    people.require(actor, May.SET_UP)
    protocol = read_protocol(text)
    study = session.exec(select(Study).where(col(Study.code) == protocol.study.code)).first()
    people.require_over(actor, May.SET_UP, None, study.id if study else None)
    if study is None:
        return comparing.differences(None, protocol)
    current = protocol_of(session, study)
    if not current.source:
        message = N_("Version %(version)s was loaded before its text was kept; what changes cannot be told.")
        return [comparing.Difference(message, {"version": current.version})]
    return comparing.differences(understood(tomllib.loads(current.source)), protocol)


# --- how ---


def _write_parts(session: Session, protocol_id: UUID, protocol: ProtocolFile) -> None:
    for arm in protocol.arms:
        session.add(Arm(protocol_id=protocol_id, code=arm.code, title=arm.title))
    for attribute in protocol.attributes:
        session.add(Attribute(protocol_id=protocol_id, **attribute.model_dump()))
    for consent in protocol.consents:
        session.add(
            ConsentVersion(
                protocol_id=protocol_id,
                version=consent.version,
                approved_on=consent.approved,
                scopes=consent.scopes,
            )
        )
    for name, vessel in protocol.vessels.items():
        volume = amounts.parse(vessel.volume, amounts.Dimension.VOLUME) if vessel.volume else None
        kept_as = Vessel(
            protocol_id=protocol_id, name=name, primary=vessel.primary, family=vessel.family, volume=volume
        )
        session.add(kept_as)
    for material, out in protocol.exposure.items():
        limits = ExposureLimit(
            protocol_id=protocol_id, material=material, warn_minutes=out.warn, limit_minutes=out.limit
        )
        session.add(limits)
    events = [_event(protocol_id, position, part) for position, part in enumerate(protocol.events)]
    session.add_all(events)
    wanted: list[dict[str, Any]] = []
    for event, part in zip(events, protocol.events, strict=True):
        trees = [tree for name in part.collects for tree in protocol.collections[name]]
        wanted += _requirements(event.id, None, SpecimenKind.PRIMARY, trees)
    add_rows(session, Requirement, wanted)


def _event(protocol_id: UUID, position: int, part: EventPart) -> Event:
    return Event(
        protocol_id=protocol_id,
        code=part.code,
        title=part.title,
        position=position,
        anchor=Anchor(part.anchor),
        offset_months=part.month or 0,
        offset_days=part.day or 0,
        window_before=part.before,
        window_after=part.after,
        arms=part.arms,
    )


def _requirements(
    event_id: UUID, parent: dict[str, Any] | None, kind: SpecimenKind, parts: Iterable[RequirementPart]
) -> Iterator[dict[str, Any]]:
    """The rows of what an event collects, each before what is made of it."""
    parent_in = amounts.material(parent["material"]).dimension if parent else None
    for position, part in enumerate(parts):
        dimension = amounts.material(part.material).dimension
        row = {
            "id": clock.new_key(),
            "event_id": event_id,
            "parent_id": parent["id"] if parent else None,
            "position": position,
            "kind": kind,
            "material": part.material,
            "container": part.container,
            "used": amounts.parse(part.used, parent_in) if part.used and parent_in else None,
            "amount": amounts.parse(part.amount, dimension) if part.amount else None,
            "count": part.count,
            "storage_class": part.storage,
            "limits": dict(part.limits),
            "pooled": part.pooled,
            "split": part.split,
        }
        yield row
        yield from _requirements(event_id, row, SpecimenKind.DERIVATIVE, part.derivatives)
        yield from _requirements(event_id, row, SpecimenKind.ALIQUOT, part.aliquots)
