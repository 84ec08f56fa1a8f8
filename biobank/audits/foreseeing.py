"""What an audit would look at, told before it is planned: how many boxes and tubes, how many are drawn."""

from decimal import Decimal

import msgspec
from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank.audits.planning import AuditOrder, scope_of, tubes_of
from biobank.audits.sampling import limit_shown, share_size, zero_error_size
from biobank.audits.starting import in_scope
from biobank.database import new_row
from biobank.people import Actor
from biobank.storage.seen import within
from biobank.tables import Audit, AuditMethod, Container, ContainerType, Level, Study, Weighting

USUAL_CONFIDENCE = Decimal("0.95")
"""With which a share of a store is told to show something."""

# --- words ---


class Foreseen(msgspec.Struct, frozen=True):
    """What the scope of an order holds at this moment, and how many of its tubes would be drawn.

    `scope` is the name of the container or the code of the study, empty for a list of tubes. Where the
    draw holds no error, fewer than the share `limit` of all are wrong with `confidence` (shares of 1); 0
    where every tube is looked at, and where those at risk are drawn more often: such a draw says nothing
    of the rest.
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
    audit = new_row(Audit, tubes=tubes_of(order.tubes))
    audit.site_id, audit.study_id, audit.container_id = scope_of(session, actor, order)
    tubes, boxes = _sizes(session, audit)
    drawn, limit, confidence = _sample(order, tubes)
    return Foreseen(_named(session, audit), boxes, tubes, drawn, limit, confidence)


# --- how ---


def _sample(order: AuditOrder, tubes: int) -> tuple[int, Decimal, Decimal]:
    """How many tubes are drawn, and what they show."""
    nothing = Decimal(0)
    if order.method is AuditMethod.FULL or not tubes:
        return tubes, nothing, nothing
    if order.share:
        drawn, confidence = share_size(order.share / 100, tubes), USUAL_CONFIDENCE
        limit = limit_shown(drawn, confidence, tubes)
    else:
        limit, confidence = ((each or nothing) / 100 for each in (order.limit, order.confidence))
        drawn = zero_error_size(limit, confidence, tubes) if limit and confidence else tubes
    return (drawn, nothing, nothing) if order.weighting is Weighting.RISK else (drawn, limit, confidence)


def _sizes(session: Session, audit: Audit) -> tuple[int, int]:
    held = in_scope(audit).subquery()
    counted = core_select(func.count(), func.count(held.c.container_id.distinct()))
    tubes, boxes = session.execute(counted).one()
    if audit.container_id:
        boxes = session.execute(_boxes_in(audit)).scalar_one()
    return int(tubes), int(boxes)


def _boxes_in(audit: Audit) -> object:
    """Of a container all its boxes are looked at, empty ones too."""
    inside = within(audit.container_id)
    return (
        core_select(func.count())
        .select_from(Container)
        .join(inside, inside.c.id == col(Container.id))
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .where(col(ContainerType.level) == Level.BOX)
    )


def _named(session: Session, audit: Audit) -> str:
    if audit.container_id:
        return session.get_one(Container, audit.container_id).name
    return session.get_one(Study, audit.study_id).code if audit.study_id else ""
