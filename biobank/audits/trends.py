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
from biobank.participants.scheduling import site_day
from biobank.people import Actor, May
from biobank.storage.seen import beginning
from biobank.storage.ways import Step, paths
from biobank.tables import Audit, AuditBox, AuditLine, Level, Result, Site, Specimen, Study

# --- words ---


class TrendBy(StrEnum):
    """What error rates are told apart by."""

    AUDIT = "audit"
    FREEZER = "freezer"
    BOX = "box"
    STUDY = "study"


class TrendAsked(Input):
    """Of which site, signed since which day (it begins in UTC), told apart by what."""

    site: str | None = None
    since: date | None = None
    by: TrendBy = TrendBy.AUDIT


class TrendRow(msgspec.Struct, frozen=True):
    """One audit in one group: on which day of its site it was signed, what of it, and the errors in it.

    `group` is the name of the freezer or box, or the code of the study; it is empty where what was found is
    of no study. `code` is that of the freezer or box. A box that was carried elsewhere since counts where
    it stands now.
    """

    audit: UUID
    name: str
    on: date
    group: str
    code: str
    rate: ErrorRate


# --- questions ---


def trend(session: Session, actor: Actor, asked: TrendAsked) -> list[TrendRow]:
    """Error rates of the audits that are signed, oldest first, in the actor's scope.

    A handful of statements, however many audits there are.
    """
    group = {TrendBy.STUDY: col(Study.code), TrendBy.AUDIT: col(Audit.name)}.get(
        asked.by, col(AuditBox.container_id)
    )
    statement = _rates(group).where(
        col(Audit.performed_at).is_not(None), people.visible(actor, May.SEE, Audit)
    )
    if asked.site:
        statement = statement.where(col(Site.code) == asked.site)
    if asked.since:
        statement = statement.where(col(Audit.performed_at) >= beginning(asked.since))
    rows = session.execute(statement).all()
    if asked.by in (TrendBy.STUDY, TrendBy.AUDIT):
        return [_row(each, each.of or "", "", each.errors, each.looked_at) for each in rows]
    return _of_containers(session, rows, asked.by)


# --- how ---


def _rates(group: Any) -> Any:
    wrong = case((col(AuditLine.result) != Result.FOUND, 1), else_=0)
    return (
        core_select(
            col(Audit.id),
            col(Audit.name),
            col(Audit.performed_at),
            col(Site.time_zone),
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
        .group_by(col(Audit.id), col(Audit.name), col(Audit.performed_at), col(Site.time_zone), group)
        .order_by(col(Audit.performed_at), col(Audit.id))
    )


def _of_containers(session: Session, rows: Sequence[Any], by: TrendBy) -> list[TrendRow]:
    """The same by box, or summed up by what the boxes stand in now."""
    ways = paths(session, list({each.of for each in rows}))
    sums: dict[tuple[UUID, str], list[Any]] = {}
    for each in rows:
        step = ways[each.of][-1] if by is TrendBy.BOX else _freezer(ways[each.of])
        known = sums.setdefault((each.id, step.code), [each, step, 0, 0])
        known[2] += each.errors
        known[3] += each.looked_at
    return [
        _row(each, step.name, step.code, errors, looked_at) for each, step, errors, looked_at in sums.values()
    ]


def _freezer(way: Sequence[Step]) -> Step:
    """The freezer that a box stands in, or what it stands in at all."""
    return next((step for step in way if step.level == Level.FREEZER), way[0])


def _row(each: Any, group: str, code: str, errors: int, looked_at: int) -> TrendRow:
    day = site_day(each.time_zone, each.performed_at)
    return TrendRow(each.id, each.name, day, group, code, error_rate(int(errors), int(looked_at)))
