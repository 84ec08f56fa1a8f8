"""Studies and the versions of their protocols: arms, events, requirements, attributes."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from biobank.tables.base import amount, key, refers, vocabulary


class Anchor(StrEnum):
    """The date an event is counted from."""

    ENROLMENT = "enrolment"
    PROCEDURE = "procedure"


class SpecimenKind(StrEnum):
    """What was drawn, what was made of it, and the portions it is kept in."""

    PRIMARY = "primary"
    DERIVATIVE = "derivative"
    ALIQUOT = "aliquot"


class Study(SQLModel, table=True):
    """One study; what it collects stands in its protocols."""

    id: UUID = key()
    code: str = Field(max_length=40, unique=True)
    title: str = Field(max_length=300)
    protocol_id: UUID | None = Field(default=None)


class Protocol(SQLModel, table=True):
    """One version of a study's file, as it was loaded."""

    __table_args__ = (UniqueConstraint("study_id", "version"),)

    id: UUID = key()
    study_id: UUID = refers("study")
    version: int
    sha256: str = Field(max_length=64)
    label_shows_participant: bool = False
    loaded_at: datetime
    source: str = Field(default="", sa_type=Text)
    datasets: list[str] = Field(default_factory=list, sa_type=JSON)
    needs: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    all_present: bool = False


class ConsentVersion(SQLModel, table=True):
    """A version of the consent that a study asks for, and the scopes it puts to the participant."""

    __tablename__ = "consent_version"
    __table_args__ = (UniqueConstraint("protocol_id", "version"),)

    id: UUID = key()
    protocol_id: UUID = refers("protocol")
    version: str = Field(max_length=40)
    approved_on: date | None = None
    scopes: list[str] = Field(default_factory=list, sa_type=JSON)


class ExposureLimit(SQLModel, table=True):
    """How long a frozen tube of a material may be out: a warning, and the limit from which it has thawed."""

    __tablename__ = "exposure_limit"
    __table_args__ = (UniqueConstraint("protocol_id", "material"),)

    id: UUID = key()
    protocol_id: UUID = refers("protocol")
    material: str = Field(max_length=40)
    warn_minutes: int = Field(ge=0)
    limit_minutes: int = Field(ge=0)


class Vessel(SQLModel, table=True):
    """What a specimen stands in, as SPREC tells vessels apart: empty where that is not known."""

    __table_args__ = (UniqueConstraint("protocol_id", "name"),)

    id: UUID = key()
    protocol_id: UUID = refers("protocol")
    name: str = Field(max_length=40)
    primary: str = Field(default="", max_length=3)
    family: str = Field(default="", max_length=20)
    volume: int | None = amount()


class Arm(SQLModel, table=True):
    """A group of participants that the protocol treats alike."""

    __table_args__ = (UniqueConstraint("protocol_id", "code"),)

    id: UUID = key()
    protocol_id: UUID = refers("protocol")
    code: str = Field(max_length=40)
    title: str = Field(max_length=200)


class Event(SQLModel, table=True):
    """A planned visit: so many months and days from its anchor, within a window, for some arms or all."""

    __table_args__ = (UniqueConstraint("protocol_id", "code"),)

    id: UUID = key()
    protocol_id: UUID = refers("protocol")
    code: str = Field(max_length=20)
    title: str = Field(max_length=200)
    position: int
    anchor: Anchor = Field(sa_type=vocabulary(Anchor))
    offset_days: int
    window_before: int = 0
    window_after: int = 0
    arms: list[str] = Field(default_factory=list, sa_type=JSON)
    offset_months: int = 0


class Requirement(SQLModel, table=True):
    """What an event collects: a primary specimen, its derivatives, their aliquots, as a tree."""

    id: UUID = key()
    event_id: UUID = refers("event", index=True)
    parent_id: UUID | None = refers("requirement", optional=True)
    position: int
    kind: SpecimenKind = Field(sa_type=vocabulary(SpecimenKind))
    material: str = Field(max_length=40)
    container: str = Field(default="", max_length=40)
    used: int | None = amount()
    amount: int | None = amount()
    count: int = 1
    storage_class: str = Field(default="", max_length=20)
    limits: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    pooled: bool = False
    split: bool = False


class Attribute(SQLModel, table=True):
    """Something the study notes of a participant: a name and the values it may have."""

    __table_args__ = (UniqueConstraint("protocol_id", "name"),)

    id: UUID = key()
    protocol_id: UUID = refers("protocol")
    name: str = Field(max_length=40)
    values: list[str] = Field(default_factory=list, sa_type=JSON)
    lowest: int | None = None
    highest: int | None = None
