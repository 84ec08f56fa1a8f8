"""Sites, the people who work there, what they may do, and how they come in."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field, SQLModel

from biobank.tables.base import key, refers, vocabulary


class Role(StrEnum):
    """What a grant makes of a person at a site, in a study."""

    TECHNICIAN = "technician"
    AUDITOR = "auditor"
    RESEARCHER = "researcher"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


class Site(SQLModel, table=True):
    """An institution's place with a time zone."""

    id: UUID = key()
    code: str = Field(max_length=40, unique=True)
    name: str = Field(max_length=200)
    time_zone: str = Field(max_length=60)


class Person(SQLModel, table=True):
    """Somebody who signs in, or `console`, which stands for the command line and never does."""

    id: UUID = key()
    name: str = Field(max_length=60, unique=True)
    password_hash: str | None = Field(default=None, max_length=200)
    language: str = Field(default="", max_length=10)
    active: bool = True
    pin_hash: str | None = Field(default=None, max_length=200)
    pin_failures: int = 0
    pin_failed_at: datetime | None = None


class Grant(SQLModel, table=True):
    """A role at one site or all, in one study or all."""

    id: UUID = key()
    person_id: UUID = refers("person", index=True)
    role: Role = Field(sa_type=vocabulary(Role))
    site_id: UUID | None = refers("site", optional=True)
    study_id: UUID | None = refers("study", optional=True)


class SignIn(SQLModel, table=True):
    """A browser signed in. The cookie's secret is not here, only its SHA-256.

    At an enrolled bench `station_id` says which. A sign-in by badge may handle tubes and nothing that
    sets up; `pin_at` is when the person last confirmed it by their PIN.
    """

    __tablename__ = "sign_in"

    id: UUID = key()
    person_id: UUID = refers("person", index=True)
    secret_hash: bytes = Field(unique=True)
    opened_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    station_id: UUID | None = refers("station", optional=True)
    by_badge: bool = False
    pin_at: datetime | None = None


class PasswordTries(SQLModel, table=True):
    """Wrong passwords for a name, whether anybody has it or not: the name is not here, only its SHA-256.

    `failures` are those in a row, by which the next try has to wait; `total` those since `since`.
    """

    __tablename__ = "password_tries"

    name_hash: bytes = Field(primary_key=True)
    failures: int
    total: int
    since: datetime
    failed_at: datetime = Field(index=True)


class FirstLink(SQLModel, table=True):
    """A link that lets one person choose a password, once, for a short time."""

    __tablename__ = "first_link"

    id: UUID = key()
    person_id: UUID = refers("person")
    secret_hash: bytes = Field(unique=True)
    ends_at: datetime
    used_at: datetime | None = None


class Token(SQLModel, table=True):
    """A key for a program, acting with its owner's rights; shown once, kept as its SHA-256."""

    id: UUID = key()
    person_id: UUID = refers("person", index=True)
    name: str = Field(max_length=60)
    secret_hash: bytes = Field(unique=True)
    ends_at: datetime
    ended_at: datetime | None = None


class Badge(SQLModel, table=True):
    """A printed code that tells who stands at the bench. It identifies and never signs."""

    id: UUID = key()
    person_id: UUID = refers("person", index=True)
    code: str = Field(max_length=10, unique=True)
    ended_at: datetime | None = None


class Station(SQLModel, table=True):
    """An enrolled bench computer or tablet, with its site, its default printer and its ways.

    `starts_in` is the mode of its bench after signing in; `volume` is 0 (seen only) to 100;
    `last_seq` is the last of its numbered scans that came in with none missing before it. With
    `checks_rows` one tube of each row that was filled by hand is asked for again.
    """

    id: UUID = key()
    name: str = Field(max_length=60, unique=True)
    site_id: UUID = refers("site")
    printer: str = Field(default="", max_length=60)
    secret_hash: bytes = Field(unique=True)
    ended_at: datetime | None = None
    starts_in: str = Field(default="lookup", max_length=10)
    theme: str = Field(default="", max_length=10)
    volume: int = 50
    idle_minutes: int = 5
    median_gap_ms: int = 35
    largest_gap_ms: int = 100
    last_seq: int = 0
    checks_rows: bool = False
    seen_at: datetime | None = None
