"""The ledger: subjects, events, notes, and the commands they came from."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from biobank.tables.base import key, raw_bytes, refers


class Command(SQLModel, table=True):
    """One thing a person or a program asked for. Its id is the client's own, made once (UUIDv7)."""

    __table_args__ = (Index("ix_command_person_id_recorded_at", "person_id", "recorded_at"),)

    id: UUID = Field(primary_key=True)
    fingerprint: bytes
    person_id: UUID = refers("person")
    recorded_at: datetime
    outcome: bytes | None = None


class CustodySubject(SQLModel, table=True):
    """The head of one chain: the row that is locked, and that moves with an event alone."""

    __tablename__ = "custody_subject"

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=20)
    number: int = 0
    hash: bytes = raw_bytes()


class CustodyEvent(SQLModel, table=True):
    """One immutable line. `entry` is what was hashed; the other columns say the same, to query by."""

    __tablename__ = "custody_event"
    __table_args__ = (
        UniqueConstraint("subject_id", "number"),
        # What stood in a container at some moment is asked of the events that put it there.
        Index("ix_custody_event_container_id_recorded_at", "container_id", "recorded_at"),
    )

    id: UUID = Field(primary_key=True)
    subject_id: UUID = refers("custody_subject")
    number: int
    kind: str = Field(max_length=20)
    command_id: UUID = refers("command", index=True)
    actor_id: UUID | None = refers("person", optional=True)
    station_id: UUID | None = refers("station", optional=True)
    occurred_at: datetime
    recorded_at: datetime
    corrects_id: UUID | None = Field(default=None, foreign_key="custody_event.id")
    container_id: UUID | None = Field(default=None)
    prev_hash: bytes = raw_bytes()
    leaf_hash: bytes = Field(unique=True)
    entry: bytes = raw_bytes()


class CustodyNote(SQLModel, table=True):
    """The free text of an event. The ledger holds its salted commitment, never the words."""

    __tablename__ = "custody_note"

    event_id: UUID = Field(primary_key=True, foreign_key="custody_event.id")
    salt: bytes = raw_bytes()
    text: str = Field(max_length=2000)


class LedgerOrigin(SQLModel, table=True):
    """The name of this log, chosen once when the database is made; a demo's ends in `/demo`."""

    __tablename__ = "ledger_origin"

    id: UUID = key()
    name: str = Field(max_length=100)
