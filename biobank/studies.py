"""Studies, arms, events and what each collects; read from a protocol file."""

import hashlib
import tomllib
from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints
from sqlmodel import Session, col, func, select

from biobank import amounts, clock, custody, inputs, people
from biobank.custody import Kind
from biobank.errors import Malformed, NotFound, RuleBroken
from biobank.inputs import AmountText, Flag, Input, Line, Vessel, Whole
from biobank.people import Actor, May
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
from biobank.texts import N_

Code = Annotated[
    str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
]
EventCode = Annotated[
    str, StringConstraints(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
]

Days = Annotated[Whole, Field(ge=-36_525, le=36_525)]
"""A century either way: every day that is planned is one that a calendar has."""


# --- words: the protocol file ---


class StudyPart(Input):
    """`[study]`: the code and title of the study, and its public registration."""

    code: Code
    title: Line
    registration: str = ""


class LabelPart(Input):
    """`[labels]`: whether labels carry the participant's code."""

    participant: Flag = False


class ArmPart(Input):
    """`[[arms]]`: a group that the protocol treats alike."""

    code: Code
    title: Line


class AttributePart(Input):
    """`[[attributes]]`: something noted of a participant: its allowed values, or its lowest and highest."""

    name: Code
    values: list[Line] = Field(default=[], max_length=100)
    lowest: Whole | None = None
    highest: Whole | None = None


class RequirementPart(Input):
    """One specimen an event collects, with what is made of it. Limits are minutes, by name."""

    material: str
    container: Vessel = ""
    amount: AmountText | None = None
    count: Whole = 1
    storage: Annotated[str, Field(max_length=20)] = ""
    limits: dict[str, Whole] = {}
    derivatives: list["RequirementPart"] = []
    aliquots: list["RequirementPart"] = []


class EventPart(Input):
    """`[[events]]`: a visit so many days from its anchor, with its window and the collections it makes."""

    code: EventCode
    title: Line
    anchor: Literal["enrolment", "procedure"] = "enrolment"
    day: Days
    before: Days = 0
    after: Days = 0
    arms: list[Code] = []
    collects: list[Code] = []


class ImportPart(Input):
    """`[import]`: which column of a collections file holds what (see docs/importing.md)."""

    participant: Line
    collection: Line
    collection_scheme: Code | None = None
    identifier: Line
    identifier_scheme: Code
    event: Line
    event_prefix: str = ""
    site: Line
    time_zone: str = "UTC"
    time_zones: dict[Line, str] = {}
    collects: Code
    attributes: dict[Code, Line] = {}
    notes: list[Line] = []
    unscheduled: Annotated[EventCode, Field(max_length=6)] = "UNS"


class ProtocolFile(Input):
    """A whole study as a file (TOML)."""

    study: StudyPart
    labels: LabelPart = LabelPart()
    arms: list[ArmPart] = []
    attributes: list[AttributePart] = []
    collections: dict[Code, list[RequirementPart]] = {}
    events: Annotated[list[EventPart], Field(min_length=1, max_length=500)]
    import_: ImportPart | None = Field(default=None, alias="import")


class StudyCard(msgspec.Struct, frozen=True):
    """A study as lists show it."""

    id: UUID
    code: str
    title: str
    version: int
    events: int
    arms: list[str]


# --- rules ---


def read_protocol(text: bytes) -> ProtocolFile:
    """Read a protocol file. Refused with the line (TOML) or the field (content) that is wrong."""
    try:
        found = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = N_("The protocol file cannot be read: %(error)s")
        raise Malformed("protocol_unreadable", message, error=str(error)) from None
    protocol = inputs.read(ProtocolFile, found)
    require_sound(protocol)
    return protocol


def require_sound(protocol: ProtocolFile) -> None:
    """Refused: two events, arms or attributes of one code, and references to what is not there."""
    for name, codes in (
        ("events", [event.code for event in protocol.events]),
        ("arms", [arm.code for arm in protocol.arms]),
        ("attributes", [attribute.name for attribute in protocol.attributes]),
    ):
        twice = next((code for code in codes if codes.count(code) > 1), None)
        if twice:
            message = N_("The protocol names %(code)s twice.")
            raise RuleBroken("protocol_twice", message, field=name, code=twice)
    arms = {arm.code for arm in protocol.arms}
    for event in protocol.events:
        for wanted, known, field in (
            (event.arms, arms, "arms"),
            (event.collects, protocol.collections, "collects"),
        ):
            lost = next((code for code in wanted if code not in known), None)
            if lost:
                message = N_("Event %(event)s refers to %(code)s, which the protocol does not describe.")
                raise RuleBroken(
                    "protocol_lost",
                    message,
                    field=f"events.{event.code}.{field}",
                    event=event.code,
                    code=lost,
                )
    for name, parts in protocol.collections.items():
        for part in parts:
            _require_amounts(part, f"collections.{name}")


def _require_amounts(part: RequirementPart, field: str) -> None:
    material = amounts.material(part.material, f"{field}.material")
    if part.amount:
        amounts.parse(part.amount, material.dimension, f"{field}.{part.material}.amount")
    for child in (*part.derivatives, *part.aliquots):
        _require_amounts(child, f"{field}.{part.material}")


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
