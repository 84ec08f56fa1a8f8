"""Specimens, the codes that resolve to them, and their amounts."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from biobank.tables.base import amount, key, refers, vocabulary
from biobank.tables.studies import SpecimenKind


class Life(StrEnum):
    """How far a specimen has come."""

    EXPECTED = "expected"
    COLLECTED = "collected"
    ACTIVE = "active"
    ENDED = "ended"


PRESENT = (Life.COLLECTED, Life.ACTIVE)
"""The lives in which there is something in the tube."""


_IS_OUT = text("out_since IS NOT NULL")


class Specimen(SQLModel, table=True):
    """Any physical tube or pot: a primary, a derivative or an aliquot, with one parent at most.

    Times are UTC; `..._offset` beside each is the local offset in minutes, as it was told.
    `life` to `exposure_s` are state, and `seen_at` is the last time it was in somebody's hand: both are
    assigned in custody alone.
    """

    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        # Lists are read by code, of one study or one material.
        Index("ix_specimen_study_id_code", "study_id", "code"),
        Index("ix_specimen_material_code", "material", "code"),
        # What is out is asked for on the first page, and is little among much.
        Index("ix_specimen_out_since", "out_since", sqlite_where=_IS_OUT, postgresql_where=_IS_OUT),
    )

    id: UUID = key()
    code: str = Field(max_length=10, unique=True)
    study_id: UUID = refers("study")
    site_id: UUID = refers("site")
    participant_id: UUID = refers("participant", index=True)
    visit_id: UUID = refers("visit", index=True)
    parent_id: UUID | None = refers("specimen", optional=True, index=True)
    kind: SpecimenKind = Field(sa_type=vocabulary(SpecimenKind))
    material: str = Field(max_length=40)
    container: str = Field(default="", max_length=40)
    serial: int = 1
    total: int = 1
    collected_at: datetime | None = None
    collected_offset: int | None = None
    received_at: datetime | None = None
    received_offset: int | None = None
    processed_at: datetime | None = None
    processed_offset: int | None = None
    frozen_at: datetime | None = None
    frozen_offset: int | None = None

    life: Life = Field(default=Life.EXPECTED, sa_type=vocabulary(Life))
    end_reason: str | None = Field(default=None, max_length=20)
    amount: int | None = amount()
    out_with: UUID | None = Field(default=None, foreign_key="person.id")
    out_since: datetime | None = None
    out_purpose: str = Field(default="", max_length=20)
    out_due_at: datetime | None = None
    thaws: int = 0
    exposure_s: int = Field(default=0, sa_type=BigInteger)
    seen_at: datetime | None = None

    requirement_id: UUID | None = refers("requirement", optional=True)
    sprec: str = Field(default="", max_length=40)
    sprec_version: str = Field(default="", max_length=10)


class Identifier(SQLModel, table=True):
    """A code from elsewhere that resolves to one specimen; a retired one still does, and says so."""

    __table_args__ = (UniqueConstraint("value", "scheme"),)

    id: UUID = key()
    specimen_id: UUID = refers("specimen", index=True)
    scheme: str = Field(max_length=40)
    value: str = Field(max_length=100)
    retired_at: datetime | None = None


class Posting(SQLModel, table=True):
    """An amount that came or went: what a specimen holds is the sum of its postings."""

    id: UUID = key()
    specimen_id: UUID = refers("specimen", index=True)
    delta: int = amount(optional=False)
    other_id: UUID | None = refers("specimen", optional=True)
    event_id: UUID


class HoldKind(StrEnum):
    """Why a specimen is stopped."""

    RESERVATION = "reservation"
    QUARANTINE = "quarantine"
    CONSENT = "consent"


class Hold(SQLModel, table=True):
    """A stop on a specimen; it is state, and assigned in custody alone."""

    id: UUID = key()
    specimen_id: UUID = refers("specimen", index=True)
    kind: HoldKind = Field(sa_type=vocabulary(HoldKind))
    reason: str = Field(max_length=40)
    person_id: UUID = refers("person")
    set_at: datetime


class Kit(SQLModel, table=True):
    """A bag of labelled tubes for one event, made ahead; `visit_id` once it is known whose it is."""

    id: UUID = key()
    code: str = Field(max_length=10, unique=True)
    study_id: UUID = refers("study")
    site_id: UUID = refers("site")
    event_id: UUID = refers("event")
    visit_id: UUID | None = refers("visit", optional=True, index=True)


class IssuedCode(SQLModel, table=True):
    """A printed id of a kit that is on no specimen yet; `place` is its place in the kit's order."""

    __tablename__ = "issued_code"
    __table_args__ = (UniqueConstraint("kit_id", "place"),)

    id: UUID = key()
    code: str = Field(max_length=10, unique=True)
    kit_id: UUID = refers("kit")
    requirement_id: UUID = refers("requirement")
    place: int
