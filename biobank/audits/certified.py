"""What the certificate of an audit says: its plan, its counts, its findings, its events in the log."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from biobank import custody
from biobank.audits.boards import AuditBoard, board
from biobank.audits.findings import Finding, SoughtFindings, every_finding
from biobank.audits.planning import by_id
from biobank.errors import RuleBroken
from biobank.people import Actor
from biobank.tables import Audit, CustodyEvent, Person, Site
from biobank.texts import N_

# --- words ---


class Entry(msgspec.Struct, frozen=True):
    """An event of the audit as the log has it: what, when, by whom, and the hash that proves it."""

    number: int
    kind: str
    recorded: datetime
    actor: str
    leaf_hash: str


class Certified(msgspec.Struct, frozen=True):
    """All that a certificate says; `time_zone` is the site's, in which times are told."""

    board: AuditBoard
    shelf_slots: int
    findings: Sequence[Finding]
    entries: Sequence[Entry]
    log: str
    time_zone: str


# --- questions ---


def certified(session: Session, actor: Actor, key: UUID) -> Certified:
    """What the certificate of an audit says. Refused: an audit out of scope, or one that has not begun."""
    audit = by_id(session, actor, key)
    if audit.started_at is None:
        message = N_("%(name)s has not begun. Start it first: what should be there is written down then.")
        raise RuleBroken("audit_not_started", message, field="audit", name=audit.name)
    return Certified(
        board=board(session, actor, key),
        shelf_slots=audit.shelf_slots,
        findings=every_finding(session, actor, key, SoughtFindings()),
        entries=_entries(session, audit),
        log=custody.origin(session),
        time_zone=session.get_one(Site, audit.site_id).time_zone,
    )


# --- how ---


def _entries(session: Session, audit: Audit) -> list[Entry]:
    asked = (
        core_select(
            col(CustodyEvent.number),
            col(CustodyEvent.kind),
            col(CustodyEvent.recorded_at),
            col(Person.name),
            col(CustodyEvent.leaf_hash),
        )
        .join(Person, col(Person.id) == col(CustodyEvent.actor_id))
        .where(col(CustodyEvent.subject_id) == audit.id)
        .order_by(col(CustodyEvent.number))
    )
    return [
        Entry(number, kind, at, name, link.hex()) for number, kind, at, name, link in session.execute(asked)
    ]
