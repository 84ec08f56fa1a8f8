"""Lists of specimens: rows, and pages and files of those that are sought."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, Select, String, exists, literal, or_, type_coerce, union_all
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from biobank import amounts
from biobank.database import one_of
from biobank.errors import RuleBroken
from biobank.people import Actor
from biobank.specimens import seeking
from biobank.specimens.seeking import EVERYTHING, Custody, Sort, Sought
from biobank.storage import Grid, Slot, slot_name
from biobank.tables import (
    Container,
    ContainerType,
    Deviation,
    Hold,
    Participant,
    Placement,
    Site,
    Specimen,
    Study,
    Visit,
)
from biobank.texts import N_

MOST_IN_FILE = 100_000
"""So many specimens a file tells at most: half a minute's work as a spreadsheet."""

AT_ONCE = 2000


class SpecimenRow(msgspec.Struct, frozen=True):
    """A specimen in a list. `place` is short: box and slot. `deviations` and `holds` are codes, each once.

    `custody` is slot, unplaced, out or none; `seen` is when it was last in somebody's hand.
    """

    code: str
    kind: str
    material: str
    life: str
    amount: str
    participant: str
    visit: str
    event: str
    serial: int
    total: int
    parent: str | None
    place: str = ""
    deviations: list[str] = []
    study: str = ""
    site: str = ""
    custody: str = ""
    holds: list[str] = []
    thaws: int = 0
    collected: datetime | None = None
    frozen: datetime | None = None
    seen: datetime | None = None


class SpecimenLine(SpecimenRow, frozen=True):
    """A specimen in a file: the amount once more as a number, in uL, mg or pieces, to reckon with."""

    quantity: Decimal | None = None
    unit: str = ""


Told = TypeVar("Told", bound=SpecimenRow)


# --- questions ---


def page(
    session: Session,
    actor: Actor,
    study: str | None = None,
    after: str = "",
    limit: int = 50,
    sought: Sought = EVERYTHING,
) -> list[SpecimenRow]:
    """Specimens in the actor's scope that fit, in the order sought, those after the place `after`.

    Refused: a study or a container out of scope, what is no place (`place_of`).
    """
    found = seeking.ids(session, actor, study, sought, after=after, limit=limit)
    return _told(session, found, SpecimenRow)


def place_of(row: SpecimenRow, sought: Sought) -> str:
    """Where a row stands in its list: what follows is found by it, even when the tube was moved meanwhile."""
    if sought.sort is Sort.CODE:
        return row.code
    value = getattr(row, sought.sort.value)
    if isinstance(value, datetime):
        value = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return f"{'' if value is None else value}/{row.code}"


def every(
    session: Session, actor: Actor, study: str | None = None, sought: Sought = EVERYTHING
) -> Iterator[SpecimenLine]:
    """All specimens in the actor's scope that fit, for a file, in the order sought.

    Refused: a study or a container out of scope; more than 100,000.
    """
    found = seeking.ids(session, actor, study, sought, limit=MOST_IN_FILE + 1)
    if len(found) > MOST_IN_FILE:
        message = N_("More than %(most)s tubes fit, too many for one file. Seek fewer, such as one material.")
        raise RuleBroken("list_too_long", message, most=MOST_IN_FILE)
    for first in range(0, len(found), AT_ONCE):
        yield from _told(session, found[first : first + AT_ONCE], SpecimenLine)


def rows(session: Session, specimens: Sequence[Specimen]) -> list[SpecimenRow]:
    """Specimens as rows of a list, in the order given."""
    return _told(session, [each.id for each in specimens], SpecimenRow)


def lines(session: Session, codes: Sequence[str]) -> list[SpecimenLine]:
    """The specimens of these codes as lines of a file; a code that no specimen has is left out."""
    return [
        line
        for first in range(0, len(codes), AT_ONCE)
        for line in _read(
            session, one_of(col(Specimen.code), codes[first : first + AT_ONCE]), SpecimenLine
        ).values()
    ]


# --- how ---

_parent = aliased(Specimen, name="parent")
_ROWS = (
    core_select(
        col(Specimen.id),
        col(Specimen.code),
        type_coerce(Specimen.kind, String()).label("kind"),
        col(Specimen.material),
        type_coerce(Specimen.life, String()).label("life"),
        col(Specimen.amount),
        col(Specimen.serial),
        col(Specimen.total),
        col(Specimen.out_since),
        col(Specimen.thaws),
        col(Specimen.collected_at),
        col(Specimen.frozen_at),
        col(Specimen.seen_at),
        col(Study.code).label("study"),
        col(Site.code).label("site"),
        col(Participant.pseudonym),
        col(Visit.code).label("visit"),
        col(Visit.label).label("event"),
        col(_parent.code).label("parent"),
        col(Placement.row),
        col(Placement.col),
        col(Container.name),
        col(ContainerType.code).label("type"),
        or_(
            exists().where(col(Deviation.specimen_id) == col(Specimen.id)),
            exists().where(col(Hold.specimen_id) == col(Specimen.id)),
        ).label("noted"),
        *(col(getattr(ContainerType, part)).label(f"type_{part}") for part in Grid.__struct_fields__),
    )
    .select_from(Specimen)
    .join(Study, col(Study.id) == col(Specimen.study_id))
    .join(Site, col(Site.id) == col(Specimen.site_id))
    .join(Participant, col(Participant.id) == col(Specimen.participant_id))
    .join(Visit, col(Visit.id) == col(Specimen.visit_id))
    .outerjoin(_parent, col(_parent.id) == col(Specimen.parent_id))
    .outerjoin(Placement, col(Placement.specimen_id) == col(Specimen.id))
    .outerjoin(Container, col(Container.id) == col(Placement.container_id))
    .outerjoin(ContainerType, col(ContainerType.id) == col(Container.type_id))
)

_NOTED: tuple[tuple[str, type[Deviation | Hold], Any, Any], ...] = (
    ("deviations", Deviation, Deviation.code, Deviation.at),
    ("holds", Hold, Hold.kind, Hold.set_at),
)


def _told(session: Session, ids: Sequence[UUID], kind: type[Told]) -> list[Told]:
    found = _read(session, one_of(col(Specimen.id), ids), kind) if ids else {}
    return [found[key] for key in ids]


def _read(session: Session, which: ColumnElement[bool], kind: type[Told]) -> dict[UUID, Told]:
    found = session.execute(_ROWS.where(which)).all()
    grids = {
        row.type: Grid(*(getattr(row, f"type_{part}") for part in Grid.__struct_fields__))
        for row in {row.type: row for row in found if row.type}.values()
    }
    noted = _noted(session, [row.id for row in found if row.noted])
    return {row.id: _row(row, grids, kind, **noted.get(row.id, {})) for row in found}


def _row(row: Row[Any], grids: Mapping[str, Grid], kind: type[Told], **more: Any) -> Told:
    slot = slot_name(grids[row.type], Slot(row.row, row.col)) if row.type else ""
    if kind is SpecimenLine and row.amount is not None:
        more["quantity"], more["unit"] = amounts.measured(row.amount, row.material)
    return kind(
        code=row.code,
        kind=row.kind,
        material=row.material,
        life=row.life,
        amount=amounts.shown(row.amount, row.material),
        participant=row.pseudonym,
        visit=row.visit,
        event=row.event,
        serial=row.serial,
        total=row.total,
        parent=row.parent,
        place=f"{row.name} · {slot}" if slot else row.name or "",
        study=row.study,
        site=row.site,
        custody=_custody(row).value,
        thaws=row.thaws,
        collected=row.collected_at,
        frozen=row.frozen_at,
        seen=row.seen_at,
        **more,
    )


def _custody(row: Row[Any]) -> Custody:
    if row.out_since:
        return Custody.OUT
    if not row.type:
        return Custody.NONE
    return Custody.UNPLACED if row.row is None else Custody.SLOT


def _noted(session: Session, ids: Sequence[UUID]) -> dict[UUID, dict[str, list[str]]]:
    """The codes of the deviations and the holds of these specimens, each once, in the order they came."""
    if not ids:
        return {}
    asked: list[Select[*tuple[Any, ...]]] = [
        core_select(
            literal(name).label("name"),
            col(table.specimen_id).label("specimen_id"),
            type_coerce(what, String()).label("code"),
            col(when).label("at"),
            col(table.id).label("id"),
        ).where(one_of(col(table.specimen_id), ids))
        for name, table, what, when in _NOTED
    ]
    found: dict[UUID, dict[str, list[str]]] = {}
    for name, key, code, *_ in session.execute(union_all(*asked).order_by("at", "id")):
        codes = found.setdefault(key, {}).setdefault(name, [])
        if code not in codes:
            codes.append(code)
    return found
