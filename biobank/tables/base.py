"""What every table shares: keys, names of constraints, closed vocabularies as text."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Enum, LargeBinary
from sqlmodel import Field, SQLModel

from biobank import clock

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# No row is ever read by pydantic: its validators are built for nobody, and took half of a start.
SQLModel.model_config["defer_build"] = True


def key() -> Any:
    """A primary key: UUID version 7, made in Python on both databases."""
    return Field(default_factory=clock.new_key, primary_key=True)


def refers(to: str, *, optional: bool = False, index: bool = False, unique: bool = False) -> Any:
    """A foreign key to another table's `id`."""
    default: Any = None if optional else ...
    return Field(default, foreign_key=f"{to}.id", index=index, unique=unique, nullable=optional)


def vocabulary(of: type[StrEnum], length: int = 20) -> Any:
    """A closed vocabulary, kept as its values in a text column with no native enum type."""
    return Enum(
        of,
        native_enum=False,
        create_constraint=False,
        length=length,
        values_callable=lambda each: [member.value for member in each],
    )


def amount(*, optional: bool = True) -> Any:
    """A whole number of nL, ng or pieces."""
    return Field(default=None if optional else ..., sa_type=BigInteger, nullable=optional)


def raw_bytes() -> Any:
    """Bytes kept exactly as they were hashed."""
    return Field(sa_type=LargeBinary)


Key = UUID
