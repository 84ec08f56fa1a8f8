"""Which lines of audits are findings, and which of those are still open: what turned up closes itself."""

from sqlalchemy import ColumnElement, and_, exists, literal_column, not_, or_
from sqlmodel import col

from biobank.custody import Kind
from biobank.tables import AuditLine, CustodyEvent, Result, Specimen

FINDING: ColumnElement[bool] = and_(
    # As the partial index has it, word for word: SQLite takes it for nothing else.
    col(AuditLine.result) != literal_column("'found'"),
    col(AuditLine.result) != Result.EMPTY,
)
"""Whether a line is otherwise than it should be."""

CARRIED: ColumnElement[bool] = exists().where(
    col(CustodyEvent.subject_id) == col(AuditLine.specimen_id),
    col(CustodyEvent.kind).in_((Kind.PLACED, Kind.TAKEN_OUT)),
    col(CustodyEvent.recorded_at) > col(AuditLine.ended_at),
)
"""Whether the log has it that the tube of a line was put away or taken out since the line got its word."""
_seen = exists().where(
    col(Specimen.id) == col(AuditLine.specimen_id), col(Specimen.seen_at) > col(AuditLine.ended_at)
)

TURNED_UP: ColumnElement[bool] = and_(
    col(AuditLine.result) == Result.MISSING, or_(_seen.correlate(AuditLine), CARRIED.correlate(AuditLine))
)
"""Whether a tube that was missing has been in a hand since: put away, scanned, counted in a later audit."""

OPEN: ColumnElement[bool] = and_(FINDING, col(AuditLine.decision).is_(None), not_(TURNED_UP))
"""Whether a line is a finding that somebody still has to decide."""
