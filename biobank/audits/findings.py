"""Findings: what an audit found otherwise, what was done about each, and what is still sought."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import select as core_select
from sqlalchemy import tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from biobank import people
from biobank.audits.closing import FINDING, OPEN, TURNED_UP
from biobank.audits.planning import by_id
from biobank.audits.waiting import sought_still
from biobank.database import by_id as rows_by_id
from biobank.database import one_of
from biobank.inputs import Flag, Input, Scanned, Whole
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.maps import by_code
from biobank.tables import (
    Audit,
    AuditBox,
    AuditDecision,
    AuditLine,
    Container,
    ContainerType,
    Person,
    Result,
    Site,
    Specimen,
)

AT_ONCE = 1_000
"""So many findings are asked for at a time."""

# --- words ---


class SoughtFindings(Input):
    """Which findings of an audit: of one kind, of one box, those nobody has decided; in walking order."""

    result: Result | None = None
    box: Scanned | None = None
    open: Flag = False
    after: UUID | None = None
    limit: Annotated[Whole, Field(ge=1, le=1001)] = 200


class Onward(Input):
    """How many findings of a list, and after which one it goes on."""

    after: UUID | None = None
    limit: Annotated[Whole, Field(ge=1, le=1001)] = 1_000


class Finding(msgspec.Struct, frozen=True):
    """One finding: what should be where, what was found where, and what was done about it.

    `turned_up` is when a tube that was missing was in a hand again. Codes of tubes out of the reader's
    scope are empty.
    """

    id: UUID
    audit: UUID
    audit_name: str
    result: Result
    code: str
    material: str
    text: str
    box: str
    path: str
    slot: str
    found_box: str
    found_path: str
    found_slot: str
    decision: AuditDecision | None
    reason: str
    decided_by: str
    decided_at: datetime | None
    owner: str
    due_on: date | None
    turned_up: datetime | None


# --- questions ---


def findings(session: Session, actor: Actor, key: UUID, sought: SoughtFindings) -> list[Finding]:
    """The findings of one audit. Refused: `NotFound` out of scope."""
    audit = by_id(session, actor, key)
    asked = _rows(actor).where(col(AuditLine.audit_id) == audit.id)
    if sought.result:
        asked = asked.where(col(AuditLine.result) == sought.result)
    if sought.box:
        box = by_code(session, actor, sought.box)
        asked = asked.where(col(AuditBox.container_id) == box.id)
    if sought.open:
        asked = asked.where(OPEN)
    if sought.after:
        asked = asked.where(col(AuditLine.id) > sought.after)
    return _told(session, session.execute(asked.order_by(col(AuditLine.id)).limit(sought.limit)).all())


def every_finding(session: Session, actor: Actor, key: UUID, sought: SoughtFindings) -> list[Finding]:
    """All findings of one audit that are sought, however many; asked for in parts. Refused: as `findings`."""
    found: list[Finding] = []
    while True:
        part = sought.model_copy(update={"after": found[-1].id if found else None, "limit": AT_ONCE})
        some = findings(session, actor, key, part)
        found += some
        if len(some) < AT_ONCE:
            return found


def entrusted(
    session: Session, actor: Actor, *, mine: bool = False, sought: Onward | None = None
) -> list[Finding]:
    """The findings that somebody is to look after and nobody has decided, those due first."""
    sought = sought or Onward()
    asked = _rows(actor).where(col(AuditLine.owner_id).is_not(None), OPEN)
    if mine:
        asked = asked.where(col(AuditLine.owner_id) == actor.id)
    asked = asked.where(people.visible(actor, May.SEE, Audit))
    return _onward(session, asked, col(AuditLine.due_on), sought)


def missing(session: Session, actor: Actor, sought: Onward | None = None) -> list[Finding]:
    """The tubes that audits found missing and that nobody has had in a hand since, in walking order."""
    sought = sought or Onward()
    asked = _rows(actor).where(sought_still(), people.visible(actor, May.SEE, Audit))
    return _onward(session, asked, col(AuditBox.path), sought)


def every_missing(session: Session, actor: Actor) -> list[Finding]:
    """All of them, however many; asked for in parts."""
    found: list[Finding] = []
    while True:
        some = missing(session, actor, Onward(after=found[-1].id if found else None, limit=AT_ONCE))
        found += some
        if len(some) < AT_ONCE:
            return found


def zones_of(session: Session, found: Sequence[Finding]) -> dict[UUID, str]:
    """The time zones of the sites at which findings were made, by their audits."""
    asked = core_select(col(Audit.id), col(Site.time_zone)).join(Site, col(Site.id) == col(Audit.site_id))
    return dict(iter(session.execute(asked.where(one_of(col(Audit.id), {each.audit for each in found})))))


# --- how ---

_expected_in, _found_in, _found_box = aliased(Container), aliased(Container), aliased(AuditBox)
_owner, _decider = aliased(Person), aliased(Person)


def _rows(actor: Actor) -> Any:
    return (
        core_select(AuditLine, AuditBox, _expected_in, _found_box, _found_in, Specimen)
        .add_columns(
            people.visible(actor, May.SEE, Specimen).label("seen"),
            col(_owner.name),
            col(_decider.name),
            col(Audit.name),
            TURNED_UP.label("turned_up"),
        )
        .join(Audit, col(Audit.id) == col(AuditLine.audit_id))
        .join(AuditBox, col(AuditBox.id) == col(AuditLine.box_id))
        .join(_expected_in, col(_expected_in.id) == col(AuditBox.container_id))
        .outerjoin(_found_box, col(_found_box.id) == col(AuditLine.found_box_id))
        .outerjoin(_found_in, col(_found_in.id) == col(_found_box.container_id))
        .outerjoin(Specimen, col(Specimen.id) == col(AuditLine.specimen_id))
        .outerjoin(_owner, col(_owner.id) == col(AuditLine.owner_id))
        .outerjoin(_decider, col(_decider.id) == col(AuditLine.decided_by_id))
        .where(FINDING)
    )


def _onward(session: Session, asked: Any, first: Any, sought: Onward) -> list[Finding]:
    """Some of these findings in the order of a column, after the one where the page before ended."""
    if sought.after:
        last = (
            core_select(first, col(AuditLine.id))
            .join_from(AuditLine, AuditBox, col(AuditBox.id) == col(AuditLine.box_id))
            .where(col(AuditLine.id) == sought.after)
        )
        asked = asked.where(tuple_(first, col(AuditLine.id)) > last.correlate(None).scalar_subquery())
    in_order = asked.order_by(first, col(AuditLine.id)).limit(sought.limit)
    return _told(session, session.execute(in_order).all())


def _told(session: Session, rows: Sequence[Any]) -> list[Finding]:
    kinds = rows_by_id(
        session, ContainerType, [each.type_id for row in rows for each in (row[2], row[4]) if each]
    )
    return [_one(kinds, *row) for row in rows]


def _one(  # noqa: PLR0913, PLR0917 - one row of the statement
    kinds: dict[UUID | None, Any],
    line: AuditLine,
    box: AuditBox,
    container: Container,
    found_box: AuditBox | None,
    found_in: Container | None,
    tube: Specimen | None,
    seen: bool | None,  # noqa: FBT001 - a column
    owner: str | None,
    decider: str | None,
    audit: str,
    up: bool,  # noqa: FBT001 - a column
) -> Finding:
    known = tube if tube is not None and seen else None
    grid = Grid.of(kinds[container.type_id])
    found_slot = ""
    if found_in:
        found_slot = slot_name(Grid.of(kinds[found_in.type_id]), Slot(line.found_row, line.found_col))
    return Finding(
        id=line.id,
        audit=line.audit_id,
        audit_name=audit,
        result=line.result or Result.MISSING,
        code=known.code if known else "",
        material=known.material if known else "",
        text=line.text if tube is None or seen else "",
        box=container.code,
        path=box.path,
        slot=slot_name(grid, Slot(line.row, line.col)) if line.row is not None else "",
        found_box=found_in.code if found_in else "",
        found_path=found_box.path if found_box else "",
        found_slot=found_slot,
        decision=line.decision,
        reason=line.reason,
        decided_by=decider or "",
        decided_at=line.decided_at,
        owner=owner or "",
        due_on=line.due_on,
        turned_up=_seen_again(line, tube) if up or line.decision is AuditDecision.MISSING else None,
    )


def _seen_again(line: AuditLine, tube: Specimen | None) -> datetime | None:
    """When a tube was in a hand again that was missing, or was held as such."""
    since = line.decided_at or line.ended_at
    seen = tube.seen_at if tube else None
    return seen if seen and (line.decision is None or (since and seen > since)) else None
