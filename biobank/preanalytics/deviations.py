"""Deviations: what went otherwise with a specimen than its protocol asks."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlmodel import Session, col, select

from biobank import clock
from biobank.database import new_row
from biobank.tables import Deviation, DeviationCode, Specimen


def deviation(
    specimen: Specimen, code: DeviationCode, minutes: int | None = None, limit: int | None = None
) -> Deviation:
    """A deviation of now, not yet kept: the minutes it took against the limit, where one was passed.

    Who records it says so in the log with `custody.facts.deviation_said`, in the same transaction.
    """
    return new_row(
        Deviation,
        specimen_id=specimen.id,
        visit_id=specimen.visit_id,
        code=code,
        minutes=minutes,
        limit_minutes=limit,
        at=clock.now(),
    )


def of(session: Session, specimen_ids: Collection[UUID]) -> dict[UUID, list[Deviation]]:
    """The deviations of several specimens, oldest first; empty for one that had none."""
    found: dict[UUID, list[Deviation]] = defaultdict(list)
    asked = select(Deviation).where(col(Deviation.specimen_id).in_(specimen_ids))
    for row in session.exec(asked.order_by(col(Deviation.at), col(Deviation.id))):
        found[row.specimen_id].append(row)
    return {key: found[key] for key in specimen_ids}
