"""What an audit would look at, told before it is planned: how many boxes and tubes, how many are drawn."""

from decimal import Decimal

import msgspec
from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlmodel import Session

from biobank.audits.planning import AuditOrder, drafted, sample_size, shown
from biobank.audits.starting import in_scope
from biobank.people import Actor
from biobank.tables import Audit, AuditMethod, Container, Study

# --- words ---


class Foreseen(msgspec.Struct, frozen=True):
    """What the scope of an order holds at this moment, and how many of its tubes would be drawn.

    `scope` is the name of the container or the code of the study, empty for a list of tubes and for a site;
    `boxes` are those that hold any of its tubes. Where the draw holds no error, fewer than the share `limit`
    of all are wrong with `confidence` (shares of 1); both are 0 where nothing is said of the rest.
    """

    scope: str
    boxes: int
    tubes: int
    drawn: int
    limit: Decimal
    confidence: Decimal


# --- questions ---


def foresee(session: Session, actor: Actor, order: AuditOrder) -> Foreseen:
    """What an order would come to. Refused: as `plan` refuses a scope."""
    audit = drafted(session, actor, order)
    tubes, boxes = _sizes(session, audit)
    is_sample = audit.method is AuditMethod.SAMPLE and tubes > 0
    drawn = sample_size(audit, tubes) if is_sample else tubes
    limit, confidence = shown(audit, tubes, drawn)
    return Foreseen(_named(session, audit), boxes, tubes, drawn, limit, confidence)


# --- how ---


def _sizes(session: Session, audit: Audit) -> tuple[int, int]:
    held = in_scope(audit).subquery()
    counted = core_select(func.count(), func.count(held.c.container_id.distinct()))
    tubes, boxes = session.execute(counted).one()
    return int(tubes), int(boxes)


def _named(session: Session, audit: Audit) -> str:
    if audit.container_id:
        return session.get_one(Container, audit.container_id).name
    return session.get_one(Study, audit.study_id).code if audit.study_id else ""
