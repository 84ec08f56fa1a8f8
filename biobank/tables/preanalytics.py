"""What happened to a specimen before it was frozen: as it was drawn, its spins, what went otherwise."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from biobank.tables.base import key, refers, vocabulary


class Kept(StrEnum):
    """How something was kept meanwhile: at room temperature, at 2 to 10 C, at 35 to 38 C."""

    ROOM = "room"
    COLD = "cold"
    BODY = "body"


class Taken(StrEnum):
    """Whether a participant took something within the time the study asks of."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Where stool was collected."""

    HOME = "home"
    CLINIC = "clinic"


class DeviationCode(StrEnum):
    """What went otherwise than the protocol asks."""

    NOT_COLLECTED = "not_collected"
    LOW_VOLUME = "low_volume"
    HAEMOLYSED = "haemolysed"
    LATE_RECEIPT = "late_receipt"
    LATE_SPIN = "late_spin"
    LATE_FREEZING = "late_freezing"
    OTHER = "other"


class Collection(SQLModel, table=True):
    """How a primary specimen was collected. `salt` blinds the commitment that the ledger keeps instead."""

    id: UUID = key()
    specimen_id: UUID = refers("specimen", unique=True)
    kept: Kept | None = Field(default=None, sa_type=vocabulary(Kept))
    lot: str = Field(default="", max_length=40)
    expires_on: date | None = None
    haemolysis: int | None = None
    source: Source | None = Field(default=None, sa_type=vocabulary(Source))
    stabiliser: str = Field(default="", max_length=40)
    bristol: int | None = None
    antibiotics: Taken | None = Field(default=None, sa_type=vocabulary(Taken))
    antibiotics_on: date | None = None
    probiotics: Taken | None = Field(default=None, sa_type=vocabulary(Taken))
    probiotics_on: date | None = None
    ppi: Taken | None = Field(default=None, sa_type=vocabulary(Taken))
    ppi_on: date | None = None
    salt: bytes


class Spin(SQLModel, table=True):
    """One run of a centrifuge, for one of its tubes: relative force in g, minutes, degrees Celsius."""

    __table_args__ = (UniqueConstraint("specimen_id", "number"),)

    id: UUID = key()
    specimen_id: UUID = refers("specimen")
    number: int
    g: int
    minutes: int
    celsius: int
    brake: bool
    kept_after: Kept | None = Field(default=None, sa_type=vocabulary(Kept))
    at: datetime


class Deviation(SQLModel, table=True):
    """What went otherwise with a specimen; `minutes` against `limit_minutes` where a limit was passed."""

    id: UUID = key()
    specimen_id: UUID = refers("specimen", index=True)
    visit_id: UUID = refers("visit", index=True)
    code: DeviationCode = Field(sa_type=vocabulary(DeviationCode))
    minutes: int | None = None
    limit_minutes: int | None = None
    at: datetime


class Extract(SQLModel, table=True):
    """What was measured of an extract: concentration in pg/uL, A260/280 in thousandths."""

    id: UUID = key()
    specimen_id: UUID = refers("specimen", unique=True)
    concentration: int | None = Field(default=None, sa_type=BigInteger)
    a260_280: int | None = None
