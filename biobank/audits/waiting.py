"""What of audits waits for somebody: those that are due, tubes that are sought, findings left to them."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, func
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank import clock, custody, people
from biobank.audits.closing import FINDING, OPEN
from biobank.people import Actor, May
from biobank.tables import Audit, AuditDecision, AuditLine, Hold


class Waiting(msgspec.Struct, frozen=True):
    """How many audits should be closed by now, tubes are missing, and findings are left to who asks."""

    due: int
    missing: int
    mine: int


# --- questions ---


def waiting(session: Session, actor: Actor, most: int) -> Waiting:
    """What waits in the actor's scope, each counted no further than to `most`."""
    seen = people.visible(actor, May.SEE, Audit)
    due = core_select(col(Audit.id)).where(
        col(Audit.closed_at).is_(None),
        col(Audit.cancelled_at).is_(None),
        col(Audit.due_on) <= clock.now().date(),
        seen,
    )
    lines = core_select(col(AuditLine.id)).join(Audit, col(Audit.id) == col(AuditLine.audit_id)).where(seen)
    asked = (due, lines.where(sought_still()), lines.where(left_to(actor.id)))
    counted = [_up_to(most, each) for each in asked]
    return Waiting(*session.execute(core_select(*counted)).one())


# --- rules ---


def sought_still() -> ColumnElement[bool]:
    """Lines whose tube was decided to be missing, and is held until somebody has it in a hand."""
    held = core_select(col(Hold.specimen_id)).where(col(Hold.reason) == custody.MISSING)
    return FINDING & (col(AuditLine.decision) == AuditDecision.MISSING) & col(AuditLine.specimen_id).in_(held)


def left_to(person: UUID) -> ColumnElement[bool]:
    """Lines that are still to be decided by somebody."""
    return OPEN & (col(AuditLine.owner_id) == person)


# --- how ---


def _up_to(most: int, asked: Any) -> Any:
    return core_select(func.count()).select_from(asked.limit(most).subquery()).scalar_subquery()
