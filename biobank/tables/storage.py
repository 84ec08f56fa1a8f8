"""Containers and who is in which slot."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
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
    """The order in which free slots are taken, from the corner at A1."""

    BY_ROW = "by_row"
    BY_COLUMN = "by_column"


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


class Container(SQLModel, table=True):
    """Anything that holds: its code and name never tell where it stands."""

    id: UUID = key()
    code: str = Field(max_length=10, unique=True)
    name: str = Field(max_length=60)
    type_id: UUID = refers("container_type")
    site_id: UUID = refers("site")
    retired: bool = False
    celsius: int | None = None


class Keep(SQLModel, table=True):
    """A slot nobody may take: kept for a tube that is out, reserved for a task, or blocked."""

    id: UUID = key()
    kind: str = Field(max_length=20)
    owner_id: UUID = refers("person")
    specimen_id: UUID | None = refers("specimen", optional=True, unique=True)
    ends_at: datetime | None = None


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
