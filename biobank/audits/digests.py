"""What is hashed of an audit, row by row, so that the log can prove its boxes, its lines and its scans."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank.tables import AuditBox, AuditLine, AuditScan

MOST_TOLD = 60
"""So many boxes besides the counted one stand in one entry of the log, which is small."""

MANY = "many"
"""Stands in the entry where the lines of more boxes ended otherwise: no earlier digest of them holds."""

# --- words ---


def snapshot_box(box: Mapping[str, Any]) -> str:
    """What is hashed of one box of a snapshot: which container, the way to it, what it should hold."""
    told = (box[name] for name in ("position", "path", "whole", "slots", "expected"))
    return f"{box['id'].hex} {box['container_id'].hex} {' '.join(map(str, told))}\n"


def snapshot_line(box: UUID, row: int | None, column: int | None, tube: UUID | None) -> str:
    """What is hashed of one line of a snapshot."""
    return f"{box.hex} {row} {column} {tube.hex if tube else '-'}\n"


# --- questions ---


def scans_digest(session: Session, box: UUID, counting: int) -> str:
    """The SHA-256 of all scans of one count of a box, in the order of their ids."""
    asked = core_select(*_SCANNED).where(col(AuditScan.box_id) == box, col(AuditScan.counting) == counting)
    return _digest(session.execute(asked.order_by(col(AuditScan.id))))


def lines_digest(session: Session, audit: UUID, box: UUID) -> str:
    """The SHA-256 of how all lines of a box ended so far, in the order of their ids."""
    asked = core_select(*_ENDED).where(col(AuditLine.audit_id) == audit, col(AuditLine.box_id) == box)
    return _digest(session.execute(asked.order_by(col(AuditLine.id))))


def lines_digests(session: Session, box: AuditBox, others: Sequence[UUID]) -> dict[str, str]:
    """What a count of a box made of its lines, and of those of other boxes that ended otherwise by it.

    By the id of each box; under `MANY` stands how many there are where that is too much for one entry.
    """
    session.flush()
    if len(others) > MOST_TOLD:
        return {str(box.id): lines_digest(session, box.audit_id, box.id), MANY: str(len(others))}
    return {str(key): lines_digest(session, box.audit_id, key) for key in (box.id, *others)}


# --- how ---

_ENDED = tuple(
    map(
        col,
        (
            AuditLine.id,
            AuditLine.specimen_id,
            AuditLine.row,
            AuditLine.col,
            AuditLine.text,
            AuditLine.result,
            AuditLine.first_result,
            AuditLine.found_box_id,
            AuditLine.found_row,
            AuditLine.found_col,
            AuditLine.moved_by_id,
            AuditLine.ended_at,
        ),
    )
)

_SCANNED = tuple(
    map(
        col,
        (
            AuditScan.id,
            AuditScan.row,
            AuditScan.col,
            AuditScan.mark,
            AuditScan.text,
            AuditScan.specimen_id,
            AuditScan.was_container_id,
            AuditScan.was_row,
            AuditScan.was_col,
            AuditScan.source,
            AuditScan.person_id,
            AuditScan.station_id,
            AuditScan.scanned_at,
        ),
    )
)


def _digest(rows: Iterable[Any]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(msgspec.json.encode(tuple(row)))
    return digest.hexdigest()
