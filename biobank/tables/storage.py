"""Containers and who is in which slot."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from biobank.tables.base import key, refers, vocabulary


class Level(StrEnum):
    """What a container is, from the outside in."""

    FREEZER = "freezer"
    SHELF = "shelf"
    RACK = "rack"
    BOX = "box"


class Labelling(StrEnum):
    """How an axis is lettered; after Z comes AA. `none` leaves the other axis to number alone."""

    LETTERS = "letters"
    NUMBERS = "numbers"


class Numbering(StrEnum):
    """How a slot is named: by both axes, or counted through by row or by column."""

    GRID = "grid"
    BY_ROW = "by_row"
    BY_COLUMN = "by_column"


class Fill(StrEnum):
    """The order in which free slots are taken: along rows or columns, from one of the four corners.

    Without a corner it is the one at A1, top left.
    """

    BY_ROW = "by_row"
    BY_COLUMN = "by_column"
    BY_ROW_TOP_RIGHT = "by_row_top_right"
    BY_ROW_LOW_LEFT = "by_row_low_left"
    BY_ROW_LOW_RIGHT = "by_row_low_right"
    BY_COLUMN_TOP_RIGHT = "by_col_top_right"
    BY_COLUMN_LOW_LEFT = "by_col_low_left"
    BY_COLUMN_LOW_RIGHT = "by_col_low_right"


class Holder(StrEnum):
    """How a freezer holds its boxes."""

    SHELF = "shelf"
    STACK = "stack"
    RACK = "rack"
    TRAY_RACK = "tray_rack"
    LOOSE = "loose"


class KeepKind(StrEnum):
    """Why a slot may not be taken: its tube is out, somebody reserved it for a time, it cannot be used."""

    OUT = "out"
    RESERVED = "reserved"
    BLOCKED = "blocked"


class ContainerType(SQLModel, table=True):
    """What a container is like: its grid (none where it is unplaced), its labels, its fill order."""

    __tablename__ = "container_type"
    __table_args__ = (CheckConstraint('("rows" IS NULL) = ("cols" IS NULL)', name="grid_or_unplaced"),)

    id: UUID = key()
    code: str = Field(max_length=40, unique=True)
    name: str = Field(max_length=100)
    level: Level = Field(sa_type=vocabulary(Level))
    rows: int | None = Field(default=None, ge=1)
    cols: int | None = Field(default=None, ge=1)
    row_labels: Labelling = Field(default=Labelling.LETTERS, sa_type=vocabulary(Labelling))
    col_labels: Labelling = Field(default=Labelling.NUMBERS, sa_type=vocabulary(Labelling))
    numbering: Numbering = Field(default=Numbering.GRID, sa_type=vocabulary(Numbering))
    fill: Fill = Field(default=Fill.BY_ROW, sa_type=vocabulary(Fill))
    holder: Holder | None = Field(default=None, sa_type=vocabulary(Holder))


class Container(SQLModel, table=True):
    """Anything that holds: its code and name never tell where it stands."""

    id: UUID = key()
    code: str = Field(max_length=10, unique=True)
    name: str = Field(max_length=60)
    type_id: UUID = refers("container_type")
    site_id: UUID = refers("site")
    retired: bool = False
    celsius: int | None = None
    barcode: str | None = Field(default=None, max_length=60, unique=True)
    may_hold: dict[str, list[str]] = Field(default_factory=dict, sa_type=JSON)


class Keep(SQLModel, table=True):
    """A slot nobody may take: kept for a tube that is out, reserved for a task, or blocked.

    `specimen_id` is the tube that is out. A reservation always ends by itself, so no history speaks of
    it: `reserved_for_id` is what may go there (a tube or a container; anything of its owner where there is
    none) and `plan_id` what the slots of one plan have in common.
    """

    __table_args__ = (
        CheckConstraint("kind <> 'reserved' OR ends_at IS NOT NULL", name="reserved_for_a_time"),
    )

    id: UUID = key()
    kind: KeepKind = Field(sa_type=vocabulary(KeepKind))
    owner_id: UUID = refers("person")
    specimen_id: UUID | None = refers("specimen", optional=True, unique=True)
    ends_at: datetime | None = None
    reserved_for_id: UUID | None = refers("custody_subject", optional=True, index=True)
    plan_id: UUID | None = Field(default=None, index=True)


class Placement(SQLModel, table=True):
    """Who is in a slot: one specimen, one container or one keep. The current place stands here alone."""

    __table_args__ = (
        UniqueConstraint("container_id", "row", "col"),
        CheckConstraint('("row" IS NULL) = ("col" IS NULL)', name="slot_or_unplaced"),
        CheckConstraint(
            "(CASE WHEN specimen_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN child_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN keep_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_occupant",
        ),
        CheckConstraint("child_id <> container_id", name="not_in_itself"),
    )

    id: UUID = key()
    container_id: UUID = refers("container")
    row: int | None = None
    col: int | None = None
    specimen_id: UUID | None = refers("specimen", optional=True, unique=True)
    child_id: UUID | None = refers("container", optional=True, unique=True)
    keep_id: UUID | None = refers("keep", optional=True, unique=True)
