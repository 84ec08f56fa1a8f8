"""Printers, the stocks and layouts that a lab made itself, and what was printed: a row for each label."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from biobank.tables.base import key, refers, vocabulary


class PrinterLanguage(StrEnum):
    """What a printer is spoken to in."""

    ZPL = "zpl"
    TSPL = "tspl"
    BROTHER = "brother"
    PDF = "pdf"


class Printer(SQLModel, table=True):
    """A printer that an administrator entered: labels go to these addresses and to no other.

    `address` is a host, spoken to on `port` (9100 raw, 631 by the system's `lp` with `queue`); an empty
    one with a `queue` is a queue of this machine. The offsets, in micrometres to the right and down, make
    up for a printer that is out. `fault` is why the last job did not get through, empty when it did.
    """

    id: UUID = key()
    name: str = Field(max_length=60, unique=True)
    site_id: UUID = refers("site")
    language: PrinterLanguage = Field(sa_type=vocabulary(PrinterLanguage))
    address: str = Field(default="", max_length=200)
    port: int = 9100
    queue: str = Field(default="", max_length=80)
    dpi: int = 300
    stock: str = Field(max_length=40)
    offset_x_um: int = 0
    offset_y_um: int = 0
    fault: str = Field(default="", max_length=40)
    heard_at: datetime | None = None
    ended_at: datetime | None = None


class LabelStock(SQLModel, table=True):
    """A stock that the lab measured itself; `body` is its geometry as JSON, in millimetres."""

    __tablename__ = "label_stock"

    id: UUID = key()
    code: str = Field(max_length=40, unique=True)
    body: str = Field(max_length=4000)
    ended_at: datetime | None = None


class LabelLayout(SQLModel, table=True):
    """A layout that the lab made itself; `body` is its declaration as JSON, with no expressions."""

    __tablename__ = "label_layout"

    id: UUID = key()
    code: str = Field(max_length=40, unique=True)
    body: str = Field(max_length=8000)
    ended_at: datetime | None = None


class JobState(StrEnum):
    """How far a print job is. An asking one waits until a person tells what came out of the printer."""

    QUEUED = "queued"
    SENDING = "sending"
    ASKING = "asking"
    STOPPED = "stopped"
    FAILED = "failed"
    DONE = "done"


_UNDER_WAY = text("ended_at IS NULL")


class PrintJob(SQLModel, table=True):
    """Labels that one person asked for in one act; without a printer they are a PDF to be taken along.

    What would change how they look stands here as it was then, so that the same job gives the same bytes.
    `claimed_until` is how long the process that sends it may be silent before another may take it up.
    """

    __tablename__ = "print_job"
    __table_args__ = (
        Index("ix_print_job_under_way", "id", sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY),
    )

    id: UUID = key()
    printer_id: UUID | None = refers("printer", optional=True)
    site_id: UUID | None = refers("site", optional=True)
    study_id: UUID | None = refers("study", optional=True)
    of: str = Field(max_length=20)
    stock: str = Field(max_length=40)
    layout: str = Field(max_length=40)
    language: PrinterLanguage = Field(sa_type=vocabulary(PrinterLanguage))
    dpi: int
    offset_x_um: int = 0
    offset_y_um: int = 0
    skip: int = 0
    total: int
    reason: str = Field(default="", max_length=20)
    state: JobState = Field(sa_type=vocabulary(JobState))
    fault: str = Field(default="", max_length=40)
    facts: str = Field(default="", max_length=1000)
    person_id: UUID = refers("person")
    station_id: UUID | None = refers("station", optional=True)
    command_id: UUID | None = None
    made_at: datetime
    claimed_by: UUID | None = None
    claimed_until: datetime | None = None
    ended_at: datetime | None = None


class LabelState(StrEnum):
    """What is known of one label.

    Queued: nothing left this machine. Sent: its bytes were about to go out, and nobody knows what came of
    them. Printed: the printer took all of it. Applied: its code was scanned on its tube. Void: not
    printed, or thrown away.
    """

    QUEUED = "queued"
    SENT = "sent"
    PRINTED = "printed"
    APPLIED = "applied"
    VOID = "void"


LIVE = (LabelState.SENT, LabelState.PRINTED, LabelState.APPLIED)
"""Labels that may be somewhere: copies of one code are counted among these."""

_WAITING = text("state IN ('sent', 'printed')")


class PrintedLabel(SQLModel, table=True):
    """One label of a job, in the order it is printed; `face` is what it says, as JSON.

    `event_id` is the event of the log that it was printed by, for a tube or a kit. A kit's tubes are not
    there yet when their labels are printed: those rows have a code and no specimen.
    """

    __tablename__ = "printed_label"
    __table_args__ = (
        UniqueConstraint("job_id", "serial"),
        Index("ix_printed_label_waiting", "job_id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    id: UUID = key()
    job_id: UUID = refers("print_job")
    serial: int
    code: str = Field(max_length=10, index=True)
    specimen_id: UUID | None = refers("specimen", optional=True, index=True)
    container_id: UUID | None = refers("container", optional=True, index=True)
    face: str
    state: LabelState = Field(sa_type=vocabulary(LabelState))
    state_at: datetime
    event_id: UUID | None = None
