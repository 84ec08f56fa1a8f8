"""A version of a protocol as pages and programs read it: visits, what they collect, consents, vessels."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank import amounts
from biobank.amounts import Dimension
from biobank.errors import NotFound
from biobank.tables import (
    Arm,
    Attribute,
    ConsentVersion,
    Event,
    ExposureLimit,
    Protocol,
    Requirement,
    Study,
    Vessel,
)
from biobank.texts import N_

# --- words ---


class Tube(msgspec.Struct, frozen=True):
    """What is collected or made, and what is made of it; `count` is for each tube of its parent.

    `limits` are minutes by name; `used` is what one of them takes of its parent.
    """

    kind: str
    material: str
    container: str
    amount: str
    used: str
    count: int
    storage: str
    limits: dict[str, int]
    pooled: bool
    split: bool
    made: list["Tube"]


class Collection(msgspec.Struct, frozen=True):
    """Trees of tubes, and the events that all collect just these."""

    events: list[str]
    tubes: list[Tube]


class EventCard(msgspec.Struct, frozen=True):
    """A planned visit: months and days from its anchor, days its window is open before and after."""

    code: str
    title: str
    anchor: str
    months: int
    days: int
    before: int
    after: int
    arms: list[str]


class Named(msgspec.Struct, frozen=True):
    """A code and what it is called."""

    code: str
    title: str


class AttributeCard(msgspec.Struct, frozen=True):
    """Something noted of a participant: its allowed values, or its lowest and highest."""

    name: str
    values: list[str]
    lowest: int | None
    highest: int | None


class ConsentCard(msgspec.Struct, frozen=True):
    """A version of the consent, when it was approved, and the scopes it asks for."""

    version: str
    approved_on: date | None
    scopes: list[str]


class VesselCard(msgspec.Struct, frozen=True):
    """What SPREC knows of a vessel."""

    name: str
    primary: str
    family: str
    volume: str


class ExposureCard(msgspec.Struct, frozen=True):
    """How many minutes a frozen tube of a material may be out of the cold."""

    material: str
    warn: int
    limit: int


class VersionRow(msgspec.Struct, frozen=True):
    """A version of the file: its SHA-256, when it was loaded, and whether its text was kept."""

    version: int
    sha256: str
    loaded_at: datetime
    kept: bool


class ProtocolCard(msgspec.Struct, frozen=True):
    """One version of a study's protocol, whole; `versions` are all of them, the newest first."""

    version: int
    in_force: bool
    sha256: str
    versions: list[VersionRow]
    arms: list[Named]
    events: list[EventCard]
    collections: list[Collection]
    consents: list[ConsentCard]
    needs: dict[str, str]
    attributes: list[AttributeCard]
    vessels: list[VesselCard]
    datasets: list[str]
    all_present: bool
    label_shows_participant: bool
    exposure: list[ExposureCard] = []


# --- questions ---


def protocol_card(session: Session, study: Study, version: int | None = None) -> ProtocolCard:
    """A version of the protocol, without a number the one in force. Refused: one that is not there."""
    kept = _versions(session, study)
    chosen = _chosen(kept, study, version)
    of = chosen.id
    events = session.exec(
        select(Event).where(col(Event.protocol_id) == of).order_by(col(Event.position))
    ).all()
    arms = session.exec(select(Arm).where(col(Arm.protocol_id) == of).order_by(col(Arm.id)))
    noted = session.exec(
        select(Attribute).where(col(Attribute.protocol_id) == of).order_by(col(Attribute.id))
    )
    consents = select(ConsentVersion).where(col(ConsentVersion.protocol_id) == of)
    vessels = session.exec(select(Vessel).where(col(Vessel.protocol_id) == of).order_by(col(Vessel.id)))
    return ProtocolCard(
        version=chosen.version,
        in_force=of == study.protocol_id,
        sha256=chosen.sha256,
        versions=[VersionRow(each.version, each.sha256, each.loaded_at, bool(each.source)) for each in kept],
        arms=[Named(each.code, each.title) for each in arms],
        events=[_event(each) for each in events],
        collections=_collections(session, events),
        consents=[
            ConsentCard(each.version, each.approved_on, each.scopes)
            for each in session.exec(consents.order_by(col(ConsentVersion.id)))
        ],
        needs=dict(chosen.needs),
        attributes=[AttributeCard(each.name, each.values, each.lowest, each.highest) for each in noted],
        vessels=[_vessel(each) for each in vessels],
        exposure=_exposure(session, of),
        datasets=list(chosen.datasets),
        all_present=chosen.all_present,
        label_shows_participant=chosen.label_shows_participant,
    )


def protocol_text(session: Session, study: Study, version: int) -> str:
    """The file of a version as it was loaded.

    Refused: a version that is not there, or that was loaded before texts were kept.
    """
    text = _chosen(_versions(session, study), study, version).source
    if not text:
        message = N_("Version %(version)s was loaded before texts were kept.")
        raise NotFound("protocol_text_not_kept", message, version=version)
    return text


# --- how ---


def _versions(session: Session, study: Study) -> Sequence[Protocol]:
    asked = select(Protocol).where(col(Protocol.study_id) == study.id)
    return session.exec(asked.order_by(col(Protocol.version).desc())).all()


def _chosen(kept: Sequence[Protocol], study: Study, version: int | None) -> Protocol:
    for each in kept:
        if each.version == version or (version is None and each.id == study.protocol_id):
            return each
    message = N_("The protocol of %(study)s has no version %(version)s.")
    raise NotFound("version_not_found", message, field="version", study=study.code, version=version or 0)


def _event(event: Event) -> EventCard:
    return EventCard(
        code=event.code,
        title=event.title,
        anchor=event.anchor.value,
        months=event.offset_months,
        days=event.offset_days,
        before=event.window_before,
        after=event.window_after,
        arms=event.arms,
    )


def _exposure(session: Session, protocol_id: UUID) -> list[ExposureCard]:
    asked = select(ExposureLimit).where(col(ExposureLimit.protocol_id) == protocol_id)
    found = session.exec(asked.order_by(col(ExposureLimit.material)))
    return [ExposureCard(each.material, each.warn_minutes, each.limit_minutes) for each in found]


def _vessel(vessel: Vessel) -> VesselCard:
    volume = "" if vessel.volume is None else amounts.read_as(vessel.volume, Dimension.VOLUME)
    return VesselCard(vessel.name, vessel.primary, vessel.family, volume)


def _collections(session: Session, events: Sequence[Event]) -> list[Collection]:
    """Events that collect the same stand together, so that nobody reads the same tree eight times."""
    asked = select(Requirement).where(col(Requirement.event_id).in_([event.id for event in events]))
    children: dict[UUID, list[Requirement]] = {}
    for row in session.exec(asked.order_by(col(Requirement.id))):
        children.setdefault(row.parent_id or row.event_id, []).append(row)
    found: list[Collection] = []
    for event in events:
        trees = [_tube(row, children, "") for row in children.get(event.id, ())]
        alike = next((each for each in found if each.tubes == trees), None)
        if alike:
            alike.events.append(event.code)
        elif trees:
            found.append(Collection([event.code], trees))
    return found


def _tube(row: Requirement, children: Mapping[UUID, Sequence[Requirement]], parent: str) -> Tube:
    return Tube(
        kind=row.kind.value,
        material=row.material,
        container=row.container,
        amount=amounts.shown(row.amount, row.material),
        used=amounts.shown(row.used, parent) if parent else "",
        count=row.count,
        storage=row.storage_class,
        limits={name: int(minutes) for name, minutes in row.limits.items()},
        pooled=row.pooled,
        split=row.split,
        made=[_tube(child, children, row.material) for child in children.get(row.id, ())],
    )
