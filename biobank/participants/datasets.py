"""Links from a visit to data that live elsewhere, imaging or sleep: a kind, and the id it has there."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from biobank import custody, studies
from biobank.custody import Kind, records
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.inputs import ExternalId, Input, Line, Scanned
from biobank.participants.visits import visit_by_code
from biobank.people import Actor, May
from biobank.tables import Dataset, Study, Visit
from biobank.texts import N_

# --- words ---


class DatasetOrder(Input):
    """A dataset of a visit: its kind, one of those the protocol names, and the id it has where it lives."""

    visit: Scanned
    kind: Annotated[Line, Field(max_length=40)]
    external_id: ExternalId


class DatasetRow(msgspec.Struct, frozen=True):
    """A link as a visit's card shows it."""

    kind: str
    external_id: str


# --- actions ---


def link(session: Session, actor: Actor, order: DatasetOrder) -> Visit:
    """Link a visit to a dataset. Refused: a kind that the protocol does not name, a link that is there."""
    visit, participant = visit_by_code(session, actor, order.visit, May.REGISTER)
    known = studies.dataset_kinds(session, session.get_one(Study, participant.study_id))
    if order.kind not in known:
        message = N_("The protocol names no datasets “%(kind)s”. It has: %(known)s.")
        shown = ", ".join(known) or "-"
        raise RuleBroken("dataset_kind_unknown", message, field="kind", kind=order.kind, known=shown)
    custody.lock(session, [visit.id])
    if _found(session, visit, order):
        message = N_("%(external_id)s (%(kind)s) is linked to this visit already.")
        facts = {"external_id": order.external_id, "kind": order.kind}
        raise Conflict("dataset_linked_already", message, field="external_id", **facts)
    session.add(Dataset(visit_id=visit.id, kind=order.kind, external_id=order.external_id))
    _record(session, actor, visit)
    return visit


def unlink(session: Session, actor: Actor, order: DatasetOrder) -> Visit:
    """Take a link away that was a mistake; that it was there stays in the log. Refused: none such."""
    visit, _ = visit_by_code(session, actor, order.visit, May.REGISTER)
    custody.lock(session, [visit.id])
    there = _found(session, visit, order)
    if there is None:
        message = N_("%(external_id)s (%(kind)s) is not linked to this visit.")
        facts = {"external_id": order.external_id, "kind": order.kind}
        raise NotFound("dataset_not_linked", message, field="external_id", **facts)
    session.delete(there)
    _record(session, actor, visit)
    return visit


# --- questions ---


def of(session: Session, visit_ids: Sequence[UUID]) -> dict[UUID, list[DatasetRow]]:
    """The links of these visits, by kind and id; one without any is left out."""
    asked = select(Dataset).where(col(Dataset.visit_id).in_(visit_ids))
    found: dict[UUID, list[DatasetRow]] = {}
    for each in session.exec(asked.order_by(col(Dataset.kind), col(Dataset.external_id))):
        found.setdefault(each.visit_id, []).append(DatasetRow(each.kind, each.external_id))
    return found


def having(kind: str, visit_id: Any = Visit.id) -> ColumnElement[bool]:
    """Whether a visit is linked to a dataset of this kind, as a criterion for a query.

    `visit_id` is the column that names the visit: `Visit.id`, or `Specimen.visit_id` without a join.
    """
    # A list, not a look-up for each row: SQLite would else walk every specimen for a kind that nobody linked.
    return visit_id.in_(select(Dataset.visit_id).where(col(Dataset.kind) == kind))  # type: ignore[no-any-return]


# --- how ---


def _found(session: Session, visit: Visit, order: DatasetOrder) -> Dataset | None:
    asked = select(Dataset).where(
        col(Dataset.visit_id) == visit.id,
        col(Dataset.kind) == order.kind,
        col(Dataset.external_id) == order.external_id,
    )
    return session.exec(asked).first()


def _record(session: Session, actor: Actor, visit: Visit) -> None:
    session.flush()
    linked = session.exec(select(Dataset).where(col(Dataset.visit_id) == visit.id).order_by(col(Dataset.id)))
    said = records.visit_said(visit, linked.all())["datasets"]
    custody.record(session, actor, visit, Kind.CHANGED, change={"datasets": said})
