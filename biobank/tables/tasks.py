"""What somebody has still to look after: tasks, evacuations, and the files of rack scanners."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from biobank.tables.base import key, raw_bytes, refers, vocabulary


class TaskKind(StrEnum):
    """Why somebody is asked to look."""

    RACK_WELL = "rack_well"
    PLACE_DISPUTED = "place_disputed"
    UNRESOLVED_SCAN = "unresolved_scan"
    LATE_SCAN = "late_scan"
    SCAN_GAP = "scan_gap"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    RULE_BROKEN = "rule_broken"


_IS_OPEN = text("closed_at IS NULL")


class Task(SQLModel, table=True):
    """Something that a scan or a rule could not settle by itself. It is a note to people, never state.

    `code` is what was scanned, `facts` named details for the sentence that tells it.
    """

    __table_args__ = (
        # What is open is asked for all day, and is little among much.
        Index("ix_task_open", "id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
    )

    id: UUID = key()
    kind: TaskKind = Field(sa_type=vocabulary(TaskKind))
    site_id: UUID = refers("site")
    study_id: UUID | None = refers("study", optional=True)
    specimen_id: UUID | None = refers("specimen", optional=True, index=True)
    container_id: UUID | None = refers("container", optional=True, index=True)
    row: int | None = None
    col: int | None = None
    code: str = Field(default="", max_length=100)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    station_id: UUID | None = refers("station", optional=True)
    opened_by_id: UUID = refers("person")
    opened_at: datetime
    closed_by_id: UUID | None = refers("person", optional=True)
    closed_at: datetime | None = None
    resolution: str = Field(default="", max_length=40)


class FileSource(StrEnum):
    """How the file of a rack scanner came in."""

    UPLOAD = "upload"
    PASTE = "paste"
    FOLDER = "folder"


class RackFile(SQLModel, table=True):
    """The file of a rack scanner exactly as it came; `settled_at` once its wells were confirmed or set aside.

    Events that it led to name its SHA-256.
    """

    __tablename__ = "rack_file"
    __table_args__ = (
        Index("ix_rack_file_site_id_rack_code", "site_id", "rack_code"),
        Index(
            "ix_rack_file_waiting",
            "site_id",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: UUID = key()
    site_id: UUID = refers("site")
    name: str = Field(default="", max_length=200)
    source: FileSource = Field(sa_type=vocabulary(FileSource))
    content: bytes = raw_bytes()
    sha256: bytes = Field(index=True)
    rack_code: str = Field(default="", max_length=60)
    container_id: UUID | None = refers("container", optional=True, index=True)
    received_by_id: UUID = refers("person")
    received_at: datetime
    settled_by_id: UUID | None = refers("person", optional=True)
    settled_at: datetime | None = None


class Evacuation(SQLModel, table=True):
    """Emptying a container, most often a failing freezer: its plan, and whether the way back has begun."""

    id: UUID = key()
    site_id: UUID = refers("site")
    container_id: UUID = refers("container", index=True)
    opened_by_id: UUID = refers("person")
    opened_at: datetime
    returning_at: datetime | None = None
    closed_at: datetime | None = None


class EvacuationStep(SQLModel, table=True):
    """One container that is to be carried, from its slot to another; without a target, none was found."""

    __tablename__ = "evacuation_step"
    __table_args__ = (UniqueConstraint("evacuation_id", "container_id"),)

    id: UUID = key()
    evacuation_id: UUID = refers("evacuation", index=True)
    position: int
    container_id: UUID = refers("container")
    from_id: UUID = refers("container")
    from_row: int | None = None
    from_col: int | None = None
    to_id: UUID | None = refers("container", optional=True)
    to_row: int | None = None
    to_col: int | None = None
