"""Taking tubes out: their slots are kept for them, and a board tells what is out, with whom, since when."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_, true
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.codes import grouped
from biobank.custody import Kind, Place, out_place
from biobank.database import Sifting
from biobank.errors import Conflict, Malformed, NotFound, RuleBroken
from biobank.inputs import Deadline, Flag, Input, Line, Moment, Note
from biobank.ledger.entries import utc_text
from biobank.people import Actor, May
from biobank.storage.exposure import Level, exposure, frozen, limits_of
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.placing import Stored, Tubes, locked, require_once, stored_at, told_line
from biobank.tables import (
    Container,
    ContainerType,
    Keep,
    Person,
    Placement,
    Site,
    Specimen,
    Study,
)
from biobank.texts import N_

MOST_OUT = 2000
"""So many tubes the board tells, those out longest first; it is for a day's work, not for a move."""


# --- words ---


class Purpose(StrEnum):
    """What tubes are taken out for."""

    PROCESSING = "processing"
    ALIQUOTING = "aliquoting"
    QUALITY_CONTROL = "quality_control"
    SHIPPING = "shipping"
    RELOCATION = "relocation"
    DESTRUCTION = "destruction"
    OTHER = "other"


DESPITE_HOLDS = (Purpose.RELOCATION, Purpose.DESTRUCTION)
"""What a tube on hold may be taken out for, by who sets up storage: it is given to nobody by that."""


class TakeOut(Input):
    """Take tubes out; their slots are kept for them.

    `holder` is the name of who has them, the actor where none is told; `due` is when they shall be back.
    """

    tubes: Tubes
    holder: Line | None = None
    purpose: Purpose | None = None
    due: Deadline | None = None
    occurred: Moment | None = None
    note: Note | None = None


class Told(StrEnum):
    """Which tubes of the board: those whose clock warns, those past their limit, those due back by now."""

    LATE = "late"
    THAWED = "thawed"
    OVERDUE = "overdue"


class OutAsked(Input):
    """What is sought on the board; what is not said fits anything."""

    of: Told | None = None
    holder: Line | None = None
    purpose: Purpose | None = None
    study: Line | None = None
    site: Line | None = None
    mine: Flag = False


class OutRow(msgspec.Struct, frozen=True):
    """A tube that is out. `minutes` runs to `warn` and `limit`; `level` is none for one never frozen.

    `place` is the slot kept for it, in `box`; `time_zone` is its site's.
    """

    code: str
    material: str
    study: str
    site: str
    holder: str
    purpose: str
    since: datetime
    due: datetime | None
    overdue: bool
    minutes: int
    warn: int
    limit: int
    level: Level
    place: str
    box: str
    time_zone: str

    @property
    def rank(self) -> str:
        """The `after` of the rows that follow this one."""
        return f"{utc_text(self.since)}/{self.code}"


class OutCounts(msgspec.Struct, frozen=True):
    """How many tubes are out; of the first `MOST_OUT` how many are late, past their limit, and overdue."""

    out: int
    late: int
    thawed: int
    overdue: int


# --- rules ---


def require_not_held(
    session: Session, actor: Actor, tubes: Sequence[Specimen], purpose: Purpose | None
) -> None:
    """Refused: a tube on hold, but to relocate or to destroy it by who sets up storage."""
    for tube in tubes:
        holds = custody.state(session, tube)["holds"]
        if not holds or (purpose in DESPITE_HOLDS and people.allowed(actor, May.SET_UP, tube)):
            continue
        message = N_(
            "%(code)s is on hold (%(hold)s, %(reason)s). Leave it in its slot. A manager may take it out"
            " to relocate or to destroy it."
        )
        facts = {"hold": holds[0]["kind"], "reason": holds[0]["reason"]}
        raise RuleBroken("held", message, field="tubes", code=grouped(tube.code), **facts)


def require_later(order: TakeOut, when: datetime) -> None:
    """Refused: tubes that are due back before they are taken."""
    if order.due and order.due <= when:
        message = N_("They are due back (%(due)s) before they are taken out. Check the time.")
        raise RuleBroken("due_before", message, field="due", due=order.due.isoformat())


# --- actions ---


def take_out(session: Session, actor: Actor, order: TakeOut) -> list[Stored]:
    """Take tubes out: they are with their holder now, their slots are kept, and their clocks run.

    Refused: a tube that stands nowhere or is out already, one on hold, a holder nobody knows.
    """
    tubes = locked(session, actor, order, require_once(order.tubes))
    now = clock.now()
    require_later(order, order.occurred or now)
    require_not_held(session, actor, tubes, order.purpose)
    holder = _holder(session, order.holder) if order.holder else actor.id
    purpose = order.purpose.value if order.purpose else ""
    lines, stood = [], []
    for tube in tubes:
        place = custody.state(session, tube)["place"]
        if not place or place["kind"] == "out":
            message = N_("%(code)s is not in a box, so it cannot be taken out.")
            raise Conflict("not_in_a_box", message, field="tubes", code=grouped(tube.code))
        kept = Place(UUID(place["container"]), place.get("row"), place.get("col"))
        out = out_place(holder, kept, purpose, order.due)
        change = {"place": out, "out_since": utc_text(order.occurred or now)}
        lines.append(told_line(tube, Kind.TAKEN_OUT, change, order, place))
        stood.append((tube, kept))
    told = stored_at(session, stood)
    custody.record_all(session, actor, lines)
    return told


# --- questions ---


def what_is_out(
    session: Session, actor: Actor, asked: OutAsked | None = None, limit: int = MOST_OUT, after: str = ""
) -> list[OutRow]:
    """The tubes in the actor's scope that are out and fit, those out longest first, `limit` at most.

    `after` is the `rank` of the last one shown. Which clocks warn is not in the database: where that is
    sought, tubes are gone through until there are enough. Refused: an `after` of no list.
    """
    asked = asked or OutAsked()
    chunk = MOST_OUT if asked.of else limit
    fit: list[OutRow] = []
    while len(fit) < limit:
        rows = _rows(session, _out(actor, asked).where(_behind(after)).limit(chunk))
        fit += [row for row in rows if _fits(row, asked.of)]
        if len(rows) < chunk:
            break
        after = rows[-1].rank
    return fit[:limit]


def out_counts(session: Session, actor: Actor, rows: Sequence[OutRow] | None = None) -> OutCounts:
    """How many tubes in the actor's scope are out; `rows` is the whole board, where it was asked already."""
    rows = what_is_out(session, actor) if rows is None else rows
    every = len(rows)
    if every == MOST_OUT:
        counted = select(func.count()).select_from(Specimen).where(col(Specimen.out_since).is_not(None))
        every = session.exec(counted.where(people.visible(actor, May.SEE, Specimen))).one()
    each = {told: sum(1 for row in rows if _fits(row, told)) for told in Told}
    return OutCounts(every, each[Told.LATE], each[Told.THAWED], each[Told.OVERDUE])


# --- how ---


def _holder(session: Session, name: str) -> UUID:
    asked = select(Person.id).where(col(Person.name) == name, col(Person.active))
    found = session.exec(asked).first()
    if found is None:
        message = N_("There is nobody called “%(name)s” here. Write the name as it is in the list of people.")
        raise NotFound("holder_unknown", message, field="holder", name=name[:60])
    return found


def _behind(after: str) -> ColumnElement[bool]:
    """The tubes that follow one on the board."""
    if not after:
        return true()
    since, _slash, code = after.rpartition("/")
    try:
        reached = datetime.strptime(since, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        message = N_("This is no place in the list: %(after)s. Begin at its top.")
        raise Malformed("place_unreadable", message, field="after", after=after[:60]) from None
    out_since = col(Specimen.out_since)
    return and_(out_since >= reached, or_(out_since > reached, col(Specimen.code) > code))


def _rows(session: Session, wanted: Select[Any]) -> list[OutRow]:
    found = list(session.execute(wanted).all())
    allowed, were_frozen = limits_of(session, found), frozen(session, found)
    now = clock.now()
    rows = []
    for each in found:
        stands = exposure(
            each.out_since, allowed[each.study_id, each.material], now, frozen=each.id in were_frozen
        )
        slot = slot_name(Grid.of(each.ContainerType), Slot(each.row, each.col)) if each.ContainerType else ""
        row = OutRow(
            code=each.code,
            material=each.material,
            study=each.study,
            site=each.site,
            holder=each.holder,
            purpose=each.out_purpose,
            since=each.out_since,
            due=each.out_due_at,
            overdue=each.out_due_at is not None and each.out_due_at < now,
            minutes=stands.minutes,
            warn=stands.warn,
            limit=stands.limit,
            level=stands.level,
            place=" · ".join(part for part in (each.box_name, slot) if part),
            box=each.box or "",
            time_zone=each.time_zone,
        )
        rows.append(row)
    return rows


def _fits(row: OutRow, told: Told | None) -> bool:
    match told:
        case Told.LATE:
            return row.level in ("amber", "red")
        case Told.THAWED:
            return row.level == "red"
        case Told.OVERDUE:
            return row.overdue
        case _:
            return True


def _out(actor: Actor, asked: OutAsked) -> Select[Any]:
    columns: list[Any] = [
        col(Specimen.id),
        col(Specimen.code),
        col(Specimen.material),
        col(Specimen.study_id),
        col(Specimen.frozen_at),
        col(Specimen.out_since),
        col(Specimen.out_purpose),
        col(Specimen.out_due_at),
        col(Study.code).label("study"),
        col(Site.code).label("site"),
        col(Site.time_zone),
        col(Person.name).label("holder"),
        col(Container.code).label("box"),
        col(Container.name).label("box_name"),
        col(Placement.row),
        col(Placement.col),
        ContainerType,
    ]
    return (
        core_select(*columns)
        .select_from(Specimen)
        .join(Study, col(Study.id) == col(Specimen.study_id))
        .join(Site, col(Site.id) == col(Specimen.site_id))
        .join(Person, col(Person.id) == col(Specimen.out_with))
        .outerjoin(Keep, col(Keep.specimen_id) == col(Specimen.id))
        .outerjoin(Placement, col(Placement.keep_id) == col(Keep.id))
        .outerjoin(Container, col(Container.id) == col(Placement.container_id))
        .outerjoin(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .where(col(Specimen.out_since).is_not(None), *_sought(actor, asked))
        .order_by(col(Specimen.out_since), col(Specimen.code))
    )


def _sought(actor: Actor, asked: OutAsked) -> list[ColumnElement[bool]]:
    sought = (
        (Person.name, asked.holder),
        (Study.code, asked.study),
        (Site.code, asked.site),
        (Specimen.out_purpose, asked.purpose.value if asked.purpose else None),
        (Specimen.out_with, actor.id if asked.mine else None),
    )
    own = [Sifting(col(column) == value) for column, value in sought if value is not None]
    return [people.visible(actor, May.SEE, Specimen), *own]
