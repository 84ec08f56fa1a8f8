"""Participants under their pseudonyms: consents, arms, procedures, visits and links to their data."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from biobank.tables.base import key, refers, vocabulary


class Scope(StrEnum):
    """What a consent covers."""

    STORAGE = "storage"
    GENETICS = "genetics"
    MICROBIOME = "microbiome"
    FOREIGN_RELEASE = "foreign_release"
    RECONTACT = "recontact"


class VisitStatus(StrEnum):
    """Where a visit stands."""

    PLANNED = "planned"
    DONE = "done"
    MISSED = "missed"
    CANCELLED = "cancelled"


class WithdrawalLevel(StrEnum):
    """How far a withdrawal goes; each level includes those before it."""

    NO_MORE_COLLECTION = "no_more_collection"
    NO_FURTHER_USE = "no_further_use"
    DESTROY = "destroy"


class Participant(SQLModel, table=True):
    """A pseudonym in a study. `salt` blinds the commitment that the ledger keeps in its stead."""

    __table_args__ = (UniqueConstraint("study_id", "pseudonym"),)

    id: UUID = key()
    study_id: UUID = refers("study")
    site_id: UUID = refers("site")
    pseudonym: str = Field(max_length=40, index=True)
    arm: str = Field(default="", max_length=40)
    enrolled_on: date | None = None
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    salt: bytes


class Consent(SQLModel, table=True):
    """One signed version of a consent and the scopes it grants."""

    id: UUID = key()
    participant_id: UUID = refers("participant", index=True)
    version: str = Field(max_length=40)
    given_on: date | None = None
    imported: bool = False
    scopes: list[str] = Field(default_factory=list, sa_type=JSON)
    declined: list[str] = Field(default_factory=list, sa_type=JSON)


class Withdrawal(SQLModel, table=True):
    """That a participant withdrew, and how far; there is no way back but a new enrolment."""

    id: UUID = key()
    participant_id: UUID = refers("participant", unique=True)
    level: WithdrawalLevel = Field(sa_type=vocabulary(WithdrawalLevel))
    withdrawn_on: date


class ArmChange(SQLModel, table=True):
    """From which day a participant was in which arm; the newest is the arm of now."""

    __tablename__ = "arm_change"

    id: UUID = key()
    participant_id: UUID = refers("participant", index=True)
    arm: str = Field(max_length=40)
    since: date | None = None


class Procedure(SQLModel, table=True):
    """A surgery or an intervention, the anchor of its own visits; its date comes late and moves."""

    __table_args__ = (UniqueConstraint("participant_id", "number"),)

    id: UUID = key()
    participant_id: UUID = refers("participant")
    number: int
    name: str = Field(max_length=60)
    happens_on: date | None = None
    cancelled: bool = False


class Visit(SQLModel, table=True):
    """One participant at one event, or unscheduled where `event_id` is empty.

    `occasion` is the number of the procedure the event is counted from, 0 for enrolment. `came_on` is
    the day on the site's calendar.
    """

    __table_args__ = (
        UniqueConstraint("participant_id", "event_id", "occasion"),
        Index("ix_visit_status_closes_on", "status", "closes_on"),
    )

    id: UUID = key()
    code: str = Field(max_length=10, unique=True)
    participant_id: UUID = refers("participant", index=True)
    event_id: UUID | None = refers("event", optional=True)
    label: str = Field(max_length=20)
    planned_on: date | None = None
    took_place_at: datetime | None = None
    status: VisitStatus = Field(default=VisitStatus.PLANNED, sa_type=vocabulary(VisitStatus))
    occasion: int = 0
    procedure_id: UUID | None = refers("procedure", optional=True)
    opens_on: date | None = None
    closes_on: date | None = None
    came_on: date | None = None
    missed_reason: str = Field(default="", max_length=40)


class Dataset(SQLModel, table=True):
    """A link of a visit to data that live elsewhere: a kind and the id they have there."""

    __table_args__ = (UniqueConstraint("visit_id", "kind", "external_id"),)

    id: UUID = key()
    visit_id: UUID = refers("visit")
    kind: str = Field(max_length=40)
    external_id: str = Field(max_length=100)
