"""Whether the rows of audits say what the log says: each snapshot as it was hashed, each result as signed."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank.audits.signing import result_hash
from biobank.audits.starting import AT_ONCE, snapshot_line
from biobank.custody import Unproved
from biobank.tables import Audit, AuditBox, AuditLine


def unproved(session: Session) -> list[Unproved]:
    """Every audit whose lines are not those of its snapshot, or did not end as its performer signed."""
    return list(_faults(session))


def _faults(session: Session) -> Iterator[Unproved]:
    for audit in session.exec(
        select(Audit).where(col(Audit.started_at).is_not(None)).order_by(col(Audit.id))
    ):
        if _snapshot(session, audit) != audit.snapshot_sha256:
            yield Unproved(audit.id, "audit", "its lines are not those of its snapshot")
        if audit.performed_at is not None and result_hash(session, audit) != audit.result_sha256:
            yield Unproved(audit.id, "audit", "its lines did not end as was signed")


def _snapshot(session: Session, audit: Audit) -> str:
    """What the lines of the snapshot hash to: first the tubes, box by box, then drawn slots without one."""
    digest = hashlib.sha256()
    tubes = col(AuditLine.specimen_id).is_not(None)
    for which in (tubes, ~tubes):
        asked = (
            core_select(AuditLine)
            .join(AuditBox, col(AuditBox.id) == col(AuditLine.box_id))
            .where(col(AuditLine.audit_id) == audit.id, col(AuditLine.in_snapshot), which)
            .order_by(col(AuditBox.container_id), col(AuditLine.row), col(AuditLine.col), col(AuditLine.id))
        )
        for line in session.scalars(asked.execution_options(yield_per=AT_ONCE)):
            digest.update(snapshot_line(line.box_id, line.row, line.col, line.specimen_id).encode())
    return digest.hexdigest()
