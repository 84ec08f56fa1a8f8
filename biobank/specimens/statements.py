"""The hot questions, each one statement built once: what a scan asks a hundred times a minute."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Label,
    RowMapping,
    String,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    type_coerce,
)
from sqlalchemy import select as core_select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Session, col, select

from biobank.custody import TIMES
from biobank.ledger import entries
from biobank.ledger.entries import State
from biobank.storage import Grid, Slot, Step, slot_name
from biobank.tables import (
    Collection,
    Container,
    ContainerType,
    CustodyEvent,
    Deviation,
    Extract,
    Keep,
    Labelling,
    Numbering,
    Participant,
    Person,
    Placement,
    Site,
    Specimen,
    Spin,
    Study,
    Visit,
)

RECENT = 5
DEEPEST = 8


class Scope(msgspec.Struct, frozen=True):
    """Where a row belongs, as rights are asked for."""

    site_id: UUID
    study_id: UUID


class Around(msgspec.Struct, frozen=True, array_like=True):
    """A container around a specimen, so many steps out, with the slot of it that is meant."""

    depth: int
    code: str
    name: str
    row: int | None
    col: int | None
    level: str
    rows: int | None
    cols: int | None
    row_labels: Labelling
    col_labels: Labelling
    numbering: Numbering

    def grid(self) -> Grid:
        """Its geometry, as slots are named by it."""
        return Grid(self.rows, self.cols, self.row_labels, self.col_labels, self.numbering)


_arounds = msgspec.json.Decoder(list[Around])


class JsonRow(FunctionElement[str]):
    """The values of a row as one JSON list: a row a scan costs far less than a row a container."""

    type = String()
    inherit_cache = True


class JsonRows(JsonRow):
    """All rows of a group as one JSON list."""

    inherit_cache = True


_JSON = {
    ("sqlite", JsonRow): "json_array",
    ("sqlite", JsonRows): "json_group_array",
    ("postgresql", JsonRow): "json_build_array",
    ("postgresql", JsonRows): "json_agg",
}


@compiles(JsonRow)
def _json(element: JsonRow, compiler: SQLCompiler, **how: Any) -> str:
    return f"{_JSON[compiler.dialect.name, type(element)]}({compiler.process(element.clauses, **how)})"


def _plain(column: Any) -> Label[str]:
    """A closed vocabulary as the text it is kept as: a member for each cell costs more than the join."""
    return type_coerce(column, String()).label(column.key)


_tube = aliased(Specimen, name="tube")
_stands, _waits = aliased(Placement, name="stands"), aliased(Placement, name="waits")
# Two look-ups by a unique key: an OR of both would have SQLite read every placement there is.
_in_slot = (
    core_select(col(_stands.id))
    .where(col(_stands.specimen_id) == col(_tube.id))
    .correlate(_tube)
    .scalar_subquery()
)
_kept = (
    core_select(col(_waits.id))
    .join(Keep, col(Keep.id) == col(_waits.keep_id))
    .where(col(Keep.specimen_id) == col(_tube.id))
    .correlate(_tube)
    .scalar_subquery()
)
_box, _around = aliased(Container, name="box"), aliased(Container, name="around")
# Each step brings its container along: joined to the whole way at the end, PostgreSQL would read them all.
_first = (
    core_select(
        col(Placement.container_id).label("here"),
        col(Placement.row).label("row"),
        col(Placement.col).label("col"),
        col(_box.code).label("code"),
        col(_box.name).label("name"),
        col(_box.type_id).label("type_id"),
        literal(0).label("depth"),
    )
    .select_from(_tube)
    .join(Placement, col(Placement.id) == func.coalesce(_in_slot, _kept))
    .join(_box, col(_box.id) == col(Placement.container_id))
    .where(col(_tube.code) == bindparam("code"))
    .cte("way", recursive=True)
)
_outer = aliased(Placement, name="outside")
_way = _first.union_all(
    core_select(
        col(_outer.container_id),
        col(_outer.row),
        col(_outer.col),
        col(_around.code),
        col(_around.name),
        col(_around.type_id),
        _first.c.depth + 1,
    )
    .select_from(_first)
    .join(_outer, col(_outer.child_id) == _first.c.here)
    .join(_around, col(_around.id) == col(_outer.container_id))
    .where(_first.c.depth < DEEPEST)
)
_around_it = (
    core_select(
        JsonRows(
            JsonRow(
                _way.c.depth,
                _way.c.code,
                _way.c.name,
                _way.c.row,
                _way.c.col,
                col(ContainerType.level),
                col(ContainerType.rows),
                col(ContainerType.cols),
                col(ContainerType.row_labels),
                col(ContainerType.col_labels),
                col(ContainerType.numbering),
            )
        )
    )
    .select_from(_way)
    .join(ContainerType, col(ContainerType.id) == _way.c.type_id)
    .scalar_subquery()
)
_parent = aliased(Specimen, name="parent")

NOTED = {
    Spin: ("number", "g", "minutes", "celsius", "brake", "kept_after", "at"),
    Deviation: ("code", "minutes", "limit_minutes", "at"),
    Collection: (
        "kept",
        "lot",
        "expires_on",
        "haemolysis",
        "source",
        "stabiliser",
        "bristol",
        "antibiotics",
        "antibiotics_on",
        "probiotics",
        "probiotics_on",
        "ppi",
        "ppi_on",
    ),
    Extract: ("concentration", "a260_280"),
}
"""The columns that are told of what is noted beside a specimen, in the order in which `noted.py` reads."""


class Noted(FunctionElement[str]):
    """What is noted beside a specimen, table by table, as one JSON text: `[[],[],[],[]]` for most tubes.

    It stands in the statement as one word: SQLAlchemy walks a whole statement each time it is executed,
    which for these parts takes as long as all the rest of a look-up.
    """

    type = String()
    inherit_cache = True


_source = aliased(Specimen, name="source")


def _beside(table: Any, names: Sequence[str]) -> ColumnElement[str]:
    columns = [getattr(table, name) for name in names]
    if table is Deviation:
        # What went otherwise with the blood went otherwise for the plasma and its aliquots too.
        line = (col(Specimen.id), col(Specimen.parent_id), col(_parent.parent_id))
        told = core_select(JsonRows(JsonRow(*columns, col(_source.code)))).select_from(Deviation)
        told = told.join(_source, col(_source.id) == col(Deviation.specimen_id))
        told = told.where(col(Deviation.specimen_id).in_(line)).correlate(Specimen, _parent)
    else:
        told = core_select(JsonRows(JsonRow(*columns)))
        told = told.where(table.specimen_id == col(Specimen.id)).correlate(Specimen)
    return func.coalesce(cast(told.scalar_subquery(), String()), literal_column("'[]'"))


_besides = [_beside(table, names) for table, names in NOTED.items()]


@compiles(Noted)
def _noted(_element: Noted, compiler: SQLCompiler, **how: Any) -> str:
    parts = " || ',' || ".join(compiler.process(each, **how) for each in _besides)
    return f"'[' || {parts} || ']'"


CARD = (
    core_select(
        _plain(Specimen.kind),
        col(Specimen.site_id),
        col(Specimen.study_id),
        col(Specimen.material),
        col(Specimen.container),
        _plain(Specimen.life),
        col(Specimen.end_reason),
        col(Specimen.amount),
        col(Specimen.serial),
        col(Specimen.total),
        col(Specimen.out_since),
        col(Specimen.thaws),
        col(Specimen.exposure_s),
        col(Specimen.out_purpose),
        col(Specimen.out_due_at),
        col(Specimen.seen_at),
        col(Specimen.sprec),
        col(Specimen.sprec_version),
        *(getattr(Specimen, f"{name}_{part}") for name in TIMES for part in ("at", "offset")),
        col(Study.code).label("study"),
        col(Site.code).label("site"),
        col(Site.time_zone),
        col(Participant.pseudonym),
        col(Visit.code).label("visit"),
        col(Visit.label).label("event"),
        col(_parent.code).label("parent"),
        col(Person.name).label("holder"),
        cast(_around_it, String()).label("way"),
        Noted().label("noted"),
    )
    .select_from(Specimen)
    .join(Study, col(Study.id) == col(Specimen.study_id))
    .join(Site, col(Site.id) == col(Specimen.site_id))
    .join(Participant, col(Participant.id) == col(Specimen.participant_id))
    .join(Visit, col(Visit.id) == col(Specimen.visit_id))
    .outerjoin(_parent, col(_parent.id) == col(Specimen.parent_id))
    .outerjoin(Person, col(Person.id) == col(Specimen.out_with))
    .where(col(Specimen.code) == bindparam("code"))
)
"""A specimen with all it belongs to, in one row; the containers around it as one JSON text (`Around`)."""

NEWEST = (
    core_select(
        col(CustodyEvent.entry), col(CustodyEvent.kind), col(CustodyEvent.recorded_at), col(Person.name)
    )
    .select_from(Specimen)
    .join(CustodyEvent, col(CustodyEvent.subject_id) == col(Specimen.id))
    .outerjoin(Person, col(Person.id) == col(CustodyEvent.actor_id))
    .where(col(Specimen.code) == bindparam("code"))
    .order_by(col(CustodyEvent.number).desc())
    .limit(RECENT)
)
"""The newest events of a specimen, newest first."""


def newest(connection: Connection, code: str) -> tuple[State, list[tuple[str, datetime, str]]]:
    """The state of a specimen, and its newest events, newest first: kind, when recorded, by whom."""
    rows = connection.execute(NEWEST, {"code": code}).all()
    return entries.state_after(rows[0][0]), [(kind, at, name or "") for _, kind, at, name in rows]


def scope(row: RowMapping) -> Scope:
    """Where a row of `CARD` belongs."""
    return Scope(row["site_id"], row["study_id"])


def way(told: str | None) -> list[Step]:
    """The path that a row of `CARD` tells: each container with the slot of it that is meant."""
    around = _arounds.decode(told) if told else []
    return [
        Step(each.code, each.name, each.level, slot_name(each.grid(), Slot(each.row, each.col)))
        for each in sorted(around, key=lambda each: -each.depth)
    ]


def short_places(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Box and slot of each specimen that is in one, such as `Box 12 · B7`."""
    asked = (
        select(Placement, Container.name, ContainerType)
        .join(Container, col(Container.id) == col(Placement.container_id))
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .where(col(Placement.specimen_id).in_(ids))
    )
    found: dict[UUID, str] = {}
    for placement, name, kind in session.exec(asked):
        slot = slot_name(Grid.of(kind), Slot(placement.row, placement.col))
        if placement.specimen_id:
            found[placement.specimen_id] = f"{name} · {slot}" if slot else name
    return found
