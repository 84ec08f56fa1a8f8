"""How accurate storage is over time: the error rates of closed audits, by freezer, box and study."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import case, func
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank import people
from biobank.audits.intervals import ErrorRate, error_rate
from biobank.inputs import Input
from biobank.people import Actor, May
from biobank.storage.ways import paths
from biobank.tables import Audit, AuditBox, AuditLine, Result, Site, Specimen, Study

# --- words ---


class TrendBy(StrEnum):
    """What error rates are told apart by."""

    AUDIT = "audit"
    FREEZER = "freezer"
    BOX = "box"
    STUDY = "study"


class TrendAsked(Input):
    """Of which site, since which day, told apart by what."""

    site: str | None = None
    since: date | None = None
    by: TrendBy = TrendBy.AUDIT


class TrendRow(msgspec.Struct, frozen=True):
    """One audit in one group: when it was signed, what of it, and the errors in it."""

    audit: UUID
    name: str
    on: date
    group: str
    code: str
    rate: ErrorRate


# --- questions ---


def trend(session: Session, actor: Actor, asked: TrendAsked) -> list[TrendRow]:
    """Error rates of the audits that are signed, oldest first, in the actor's scope."""
    group = {TrendBy.STUDY: col(Study.code), TrendBy.AUDIT: col(Audit.name)}.get(
        asked.by, col(AuditBox.container_id)
    )
    statement = _rates(group).where(
        col(Audit.performed_at).is_not(None), people.visible(actor, May.SEE, Audit)
    )
    if asked.site:
        statement = statement.where(col(Site.code) == asked.site)
    if asked.since:
        statement = statement.where(col(Audit.performed_at) >= asked.since)
    rows = session.execute(statement).all()
    if asked.by in (TrendBy.STUDY, TrendBy.AUDIT):
        return [_row(each, str(each.of or ""), "") for each in rows]
    return _of_containers(session, rows, asked.by)


# --- how ---


def _rates(group: Any) -> Any:
    wrong = case((col(AuditLine.result) != Result.FOUND, 1), else_=0)
    return (
        core_select(
            col(Audit.id),
            col(Audit.name),
            col(Audit.performed_at),
            group.label("of"),
            func.count().label("looked_at"),
            func.sum(wrong).label("errors"),
        )
        .join(AuditLine, col(AuditLine.audit_id) == col(Audit.id))
        .join(AuditBox, col(AuditBox.id) == col(AuditLine.box_id))
        .join(Site, col(Site.id) == col(Audit.site_id))
        .outerjoin(Specimen, col(Specimen.id) == col(AuditLine.specimen_id))
        .outerjoin(Study, col(Study.id) == col(Specimen.study_id))
        .where(col(AuditLine.result) != Result.EMPTY)
        .group_by(col(Audit.id), col(Audit.name), col(Audit.performed_at), group)
        .order_by(col(Audit.performed_at), col(Audit.id))
    )


def _of_containers(session: Session, rows: Sequence[Any], by: TrendBy) -> list[TrendRow]:
    """The same by box, or summed up by what the boxes stand in now."""
    ways = paths(session, list({each.of for each in rows}))
    sums: dict[tuple[UUID, str], list[Any]] = {}
    for each in rows:
        step = ways[each.of][-1 if by is TrendBy.BOX else 0]
        known = sums.setdefault((each.id, step.code), [each, step, 0, 0])
        known[2] += each.errors
        known[3] += each.looked_at
    return [
        TrendRow(
            each.id, each.name, each.performed_at.date(), step.name, step.code, error_rate(errors, looked)
        )
        for each, step, errors, looked in sums.values()
    ]


def _row(each: Any, group: str, code: str) -> TrendRow:
    rate = error_rate(int(each.errors), int(each.looked_at))
    return TrendRow(each.id, each.name, each.performed_at.date(), group, code, rate)
