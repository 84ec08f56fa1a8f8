"""Audits: what was to be looked at, every box and every line of it, and every scan."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from biobank.tables.base import key, refers, vocabulary


class AuditMethod(StrEnum):
    """Whether every tube is looked at, or a sample of them."""

    FULL = "full"
    SAMPLE = "sample"


class Weighting(StrEnum):
    """How a sample is drawn: each tube alike, or those at risk more often."""

    RANDOM = "random"
    RISK = "risk"


class Trigger(StrEnum):
    """Why an audit is held."""

    ROUTINE = "routine"
    CUSTODIAN_CHANGE = "custodian_change"
    PLANNED_MOVE = "planned_move"
    LEAVER = "leaver"
    LOSS = "loss"
    DESTRUCTION = "destruction"
    OTHER = "other"


class BoxState(StrEnum):
    """How far the count of one box is: `again` where another person is to count it a second time."""

    OPEN = "open"
    COUNTING = "counting"
    AGAIN = "again"
    COUNTED = "counted"


class Result(StrEnum):
    """How a slot ended. An empty one that should be empty is counted and has no line of its own."""

    FOUND = "found"
    WRONG_SLOT = "wrong_slot"
    WRONG_CONTAINER = "wrong_container"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    DUPLICATE = "duplicate"
    EMPTY = "empty"


class Mark(StrEnum):
    """What was told of a slot: a code, that nothing is in it, or that its code cannot be read."""

    TUBE = "tube"
    EMPTY = "empty"
    UNREADABLE = "unreadable"


class ScanSource(StrEnum):
    """How a scan of an audit came in."""

    SCANNER = "scanner"
    TYPED = "typed"
    RACK_FILE = "rack_file"
    PAPER = "paper"


class AuditDecision(StrEnum):
    """What was done about a finding."""

    MOVED = "moved"
    PUT_BACK = "put_back"
    MISSING = "missing"
    REGISTERED = "registered"
    RELABELLED = "relabelled"
    EXPLAINED = "explained"


class Audit(SQLModel, table=True):
    """A saved comparison of a scope of storage with what was scanned there.

    The scope is a container with all in it, a study at a site, or a list of codes (`tubes`). `limit_ppm`
    and `confidence_ppm` are what a sample shall show, or `share_ppm` how much of the scope it takes;
    `drawn` is how many tubes that came to. `seed` draws them.
    """

    __table_args__ = (
        Index(
            "ix_audit_due",
            "due_on",
            sqlite_where=text("closed_at IS NULL AND cancelled_at IS NULL"),
            postgresql_where=text("closed_at IS NULL AND cancelled_at IS NULL"),
        ),
    )

    id: UUID = key()
    site_id: UUID = refers("site")
    study_id: UUID | None = refers("study", optional=True)
    container_id: UUID | None = refers("container", optional=True, index=True)
    tubes: list[str] = Field(default_factory=list, sa_type=JSON)
    name: str = Field(max_length=200)
    trigger: Trigger = Field(default=Trigger.ROUTINE, sa_type=vocabulary(Trigger))
    method: AuditMethod = Field(default=AuditMethod.FULL, sa_type=vocabulary(AuditMethod))
    share_ppm: int | None = None
    limit_ppm: int | None = None
    confidence_ppm: int | None = None
    weighting: Weighting = Field(default=Weighting.RANDOM, sa_type=vocabulary(Weighting))
    shelf_slots: int = 0
    seed: str = Field(default="", max_length=64)
    blind: bool = False
    second_count: bool = False
    due_on: date
    every_days: int | None = None
    owner_id: UUID | None = refers("person", optional=True)
    opened_by_id: UUID = refers("person")
    opened_at: datetime
    started_by_id: UUID | None = refers("person", optional=True)
    started_at: datetime | None = None
    population: int | None = None
    drawn: int | None = None
    snapshot_sha256: str = Field(default="", max_length=64)
    performed_by_id: UUID | None = refers("person", optional=True)
    performed_at: datetime | None = None
    result_sha256: str = Field(default="", max_length=64)
    reviewed_by_id: UUID | None = refers("person", optional=True)
    closed_at: datetime | None = None
    cancelled_at: datetime | None = None


PLANNED = (
    "site_id",
    "study_id",
    "container_id",
    "tubes",
    "name",
    "trigger",
    "method",
    "share_ppm",
    "limit_ppm",
    "confidence_ppm",
    "weighting",
    "shelf_slots",
    "blind",
    "second_count",
    "every_days",
    "owner_id",
)
"""The columns that are an audit's plan, but for its day: one that recurs is planned anew by them."""


class AuditBox(SQLModel, table=True):
    """A container that holds tubes itself and is counted in an audit: the way to it as it was, and how far.

    `slots` is how many it has, `expected` how many tubes it should hold, `empty` how many were empty as
    they should be. `whole` is false where only drawn tubes and slots of it are looked at.
    """

    __tablename__ = "audit_box"
    __table_args__ = (Index("ix_audit_box_audit_id_position", "audit_id", "position", unique=True),)

    id: UUID = key()
    audit_id: UUID = refers("audit")
    container_id: UUID = refers("container", index=True)
    position: int
    path: str = Field(max_length=400)
    whole: bool = True
    slots: int | None = None
    expected: int = 0
    empty: int | None = None
    state: BoxState = Field(default=BoxState.OPEN, sa_type=vocabulary(BoxState))
    counted_by_id: UUID | None = refers("person", optional=True)
    counted_at: datetime | None = None
    second_by_id: UUID | None = refers("person", optional=True)
    second_at: datetime | None = None
    rack_file_id: UUID | None = refers("rack_file", optional=True)


class AuditLine(SQLModel, table=True):
    """One tube that should be somewhere, or one thing that was found: how it ended and what was done.

    `box_id` is where it should be; row and column are None for what was expected nowhere. `by_shelf` is a
    slot that was drawn whatever it holds; `in_snapshot` is false for what was found besides. `result` is its
    word since `ended_at`, `first_result` that of a first count with which the second disagrees;
    `moved_by_id` is the event that explains where it went.
    """

    __tablename__ = "audit_line"
    __table_args__ = (
        Index("ix_audit_line_audit_id_box_id", "audit_id", "box_id"),
        Index(
            "ix_audit_line_finding",
            "audit_id",
            "result",
            sqlite_where=text("result <> 'found'"),
            postgresql_where=text("result <> 'found'"),
        ),
        Index("ix_audit_line_audit_id_specimen_id", "audit_id", "specimen_id", unique=True),
    )

    id: UUID = key()
    audit_id: UUID = refers("audit")
    box_id: UUID = refers("audit_box")
    specimen_id: UUID | None = refers("specimen", optional=True, index=True)
    row: int | None = None
    col: int | None = None
    by_shelf: bool = False
    in_snapshot: bool = False
    text: str = Field(default="", max_length=100)
    result: Result | None = Field(default=None, sa_type=vocabulary(Result), nullable=True)
    ended_at: datetime | None = None
    first_result: Result | None = Field(default=None, sa_type=vocabulary(Result), nullable=True)
    found_box_id: UUID | None = refers("audit_box", optional=True)
    found_row: int | None = None
    found_col: int | None = None
    moved_by_id: UUID | None = refers("custody_event", optional=True)
    decision: AuditDecision | None = Field(default=None, sa_type=vocabulary(AuditDecision), nullable=True)
    reason: str = Field(default="", max_length=200)
    decided_by_id: UUID | None = refers("person", optional=True)
    decided_at: datetime | None = None
    owner_id: UUID | None = refers("person", optional=True)
    due_on: date | None = None


class AuditScan(SQLModel, table=True):
    """One scan of an audit, never changed: who told what of which slot, and where the record had the tube.

    `counting` is 1 for the first count of a box and 2 for the second. `specimen_id` is None where the code
    is nobody's, or of more than one tube.
    """

    __tablename__ = "audit_scan"
    __table_args__ = (
        Index("ix_audit_scan_box_id", "box_id", "id"),
        Index("ix_audit_scan_audit_id_specimen_id", "audit_id", "specimen_id"),
    )

    id: UUID = key()
    audit_id: UUID = refers("audit")
    box_id: UUID = refers("audit_box")
    counting: int = 1
    row: int | None = None
    col: int | None = None
    mark: Mark = Field(default=Mark.TUBE, sa_type=vocabulary(Mark))
    text: str = Field(default="", max_length=100)
    specimen_id: UUID | None = refers("specimen", optional=True)
    was_container_id: UUID | None = refers("container", optional=True)
    was_row: int | None = None
    was_col: int | None = None
    source: ScanSource = Field(default=ScanSource.SCANNER, sa_type=vocabulary(ScanSource))
    person_id: UUID = refers("person")
    station_id: UUID | None = refers("station", optional=True)
    scanned_at: datetime
