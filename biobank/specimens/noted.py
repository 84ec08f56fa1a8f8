"""What is noted of a specimen beside its state, as its card tells it: spins, deviations, facts, measures."""

from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec

from biobank.specimens import extracts

NOTHING = "[[],[],[],[]]"
"""What is told of most specimens."""

Row = TypeVar("Row", bound=msgspec.Struct)


class SpinRow(msgspec.Struct, frozen=True):
    """One run of a centrifuge: relative force in g, minutes, degrees Celsius."""

    number: int
    g: int
    minutes: int
    celsius: int
    brake: bool
    kept_after: str | None
    at: datetime


class DeviationRow(msgspec.Struct, frozen=True):
    """What went otherwise, when it was noted; `minutes` against `limit` where a limit was passed.

    `of` is the code of the tube it went otherwise with: this one, or what this one was made of.
    """

    code: str
    minutes: int | None
    limit: int | None
    at: datetime
    of: str


Timed = TypeVar("Timed", SpinRow, DeviationRow)


class CollectionFacts(msgspec.Struct, frozen=True):
    """How a primary specimen was collected."""

    kept: str | None
    lot: str
    expires_on: date | None
    haemolysis: int | None
    source: str | None
    stabiliser: str
    bristol: int | None
    antibiotics: str | None
    antibiotics_on: date | None
    probiotics: str | None
    probiotics_on: date | None
    ppi: str | None
    ppi_on: date | None


class ExtractCard(msgspec.Struct, frozen=True):
    """What was measured of an extract: `52.3 ng/uL` and `1.84`; empty where it was not."""

    concentration: str
    a260_280: str


class Held(msgspec.Struct, frozen=True):
    """A stop on a specimen, and why."""

    kind: str
    reason: str


class Noted(msgspec.Struct, frozen=True):
    """All that is noted beside a specimen's state; spins and deviations in their order."""

    spins: list[SpinRow] = []
    deviations: list[DeviationRow] = []
    facts: CollectionFacts | None = None
    extract: ExtractCard | None = None


def read(told: str) -> Noted:
    """What `statements.Noted` tells of a specimen."""
    if told == NOTHING:
        return Noted()
    spins, deviations, facts, measured = msgspec.json.decode(told, type=list[list[list[Any]]])
    return Noted(
        spins=sorted(map(_in_utc, _rows(spins, SpinRow)), key=lambda each: each.number),
        deviations=sorted(map(_in_utc, _rows(deviations, DeviationRow)), key=lambda each: each.at),
        facts=next(iter(_rows(facts, CollectionFacts)), None),
        extract=next((_measured(*each) for each in measured), None),
    )


# --- how ---


def _rows(told: list[list[Any]], kind: type[Row]) -> list[Row]:
    """Rows as a database tells them in JSON; of a boolean SQLite tells a number."""
    names = kind.__struct_fields__
    return [msgspec.convert(dict(zip(names, each, strict=True)), kind, strict=False) for each in told]


def _in_utc(row: Timed) -> Timed:
    """SQLite keeps times in UTC and does not say so; PostgreSQL says so in its own zone."""
    at = row.at.astimezone(UTC) if row.at.tzinfo else row.at.replace(tzinfo=UTC)
    return msgspec.structs.replace(row, at=at)


def _measured(concentration: int | None, ratio: int | None) -> ExtractCard:
    return ExtractCard(
        "" if concentration is None else extracts.shown_concentration(concentration),
        "" if ratio is None else extracts.shown_ratio(ratio),
    )
