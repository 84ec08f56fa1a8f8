"""Participants under their pseudonyms, their consents and their visits."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
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


class Visit(SQLModel, table=True):
    """One participant at one event, or unscheduled where `event_id` is empty."""

    __table_args__ = (UniqueConstraint("participant_id", "event_id"),)

    id: UUID = key()
    code: str = Field(max_length=10, unique=True)
    participant_id: UUID = refers("participant", index=True)
    event_id: UUID | None = refers("event", optional=True)
    label: str = Field(max_length=20)
    planned_on: date | None = None
    took_place_at: datetime | None = None
    status: VisitStatus = Field(default=VisitStatus.PLANNED, sa_type=vocabulary(VisitStatus))
