"""Signing an audit: who counted signs what was found, and another person reviews it; then it stands."""

import hashlib
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.audits.closing import OPEN
from biobank.audits.planning import by_id, tell
from biobank.custody import Kind, SignatureOrder, Signed
from biobank.custody.records import audit_said
from biobank.database import new_row
from biobank.errors import Conflict, RuleBroken
from biobank.inputs import Input
from biobank.people import Actor, May
from biobank.tables import PLANNED, Audit, AuditBox, AuditLine, AuditScan, BoxState, Site
from biobank.texts import N_

AT_ONCE = 2_000

# --- words ---


class AuditSignature(Input):
    """An audit to be signed, as who performed it or as who reviewed it, with the signer's password."""

    audit: UUID
    password: str


# --- rules ---


def require_whole(session: Session, audit: Audit) -> None:
    """Refused: an audit without scans, with a box that is not counted, with a finding that nobody has.

    A tube that was missing and turned up since is nobody's to look after.
    """
    scan = session.exec(select(AuditScan.id).where(col(AuditScan.audit_id) == audit.id).limit(1)).first()
    if scan is None:
        raise RuleBroken("audit_without_scans", N_("Nothing was scanned in this audit."), field="audit")
    boxes = select(func.count(), func.min(AuditBox.position)).where(
        col(AuditBox.audit_id) == audit.id, col(AuditBox.state) != BoxState.COUNTED
    )
    left, first = session.exec(boxes).one()
    if left:
        at = (col(AuditBox.audit_id) == audit.id, col(AuditBox.position) == first)
        path = session.exec(select(AuditBox.path).where(*at)).one()
        message = N_("Not counted yet: %(count)s, such as %(path)s. Count them first.")
        raise RuleBroken("boxes_not_counted", message, field="audit", count=left, path=path)
    of_audit = col(AuditLine.audit_id) == audit.id
    unclassified = select(AuditLine.id).where(of_audit, col(AuditLine.result).is_(None))
    if session.exec(unclassified.limit(1)).first():
        message = N_("There are lines that nothing is known of. Count their boxes again.")
        raise RuleBroken("lines_unclassified", message, field="audit")
    nobodys = select(func.count()).select_from(AuditLine)
    loose = session.exec(nobodys.where(of_audit, OPEN, col(AuditLine.owner_id).is_(None))).one()
    if loose:
        message = N_("Findings that nobody decided and nobody owns: %(count)s. Decide each, or entrust it.")
        raise RuleBroken("findings_open", message, field="audit", count=loose)


# --- actions ---


def perform(session: Session, actor: Actor, order: AuditSignature, proved: str) -> Signed:
    """Sign what was counted; from now on no line changes its word. `proved`: see `custody.prove_password`.

    Refused: what is not whole (`require_whole`), an audit that is signed, a password changed since.
    """
    audit = _locked(session, actor, order)
    if audit.performed_at is not None:
        raise Conflict("audit_signed", N_("This audit is signed by who performed it."), field="audit")
    if audit.started_at is None:
        message = N_("%(name)s has not begun. Start it first: what should be there is written down then.")
        raise RuleBroken("audit_not_started", message, field="audit", name=audit.name)
    require_whole(session, audit)
    audit.performed_by_id, audit.performed_at = actor.id, clock.now()
    audit.result_sha256 = result_hash(session, audit)
    written = tell(session, actor, audit, Kind.CHANGED)
    signature = SignatureOrder(entry=written.leaf_hash.hex(), meaning="performed", password=order.password)
    return custody.sign(session, actor, signature, proved)


def review(session: Session, actor: Actor, order: AuditSignature, proved: str) -> Signed:
    """Sign as who reviewed it, which closes it; where it recurs, the next one is planned.

    Refused: before who performed it signed, by the same person, by anybody who counted in it.
    """
    audit = _locked(session, actor, order)
    if audit.performed_at is None:
        message = N_("Who performed the audit signs first.")
        raise RuleBroken("not_performed", message, field="audit")
    if audit.closed_at is not None:
        raise Conflict("audit_closed", N_("This audit is closed."), field="audit")
    counted = select(AuditScan.id).where(
        col(AuditScan.audit_id) == audit.id, col(AuditScan.person_id) == actor.id
    )
    if audit.performed_by_id == actor.id or session.exec(counted.limit(1)).first():
        message = N_("Who counted or signed it cannot review it. Ask another person.")
        raise RuleBroken("same_person", message, field="audit")
    audit.reviewed_by_id, audit.closed_at = actor.id, clock.now()
    written = tell(session, actor, audit, Kind.CLOSED)
    signature = SignatureOrder(entry=written.leaf_hash.hex(), meaning="reviewed", password=order.password)
    signed = custody.sign(session, actor, signature, proved)
    _plan_next(session, actor, audit)
    return signed


# --- questions ---


def result_hash(session: Session, audit: Audit) -> str:
    """The SHA-256 of how every line ended, in the order of their ids; what was signed."""
    digest = hashlib.sha256()
    asked = select(AuditLine).where(col(AuditLine.audit_id) == audit.id).order_by(col(AuditLine.id))
    for line in session.exec(asked.execution_options(yield_per=AT_ONCE)):
        tube = line.specimen_id.hex if line.specimen_id else "-"
        where = f"{line.found_box_id} {line.found_row} {line.found_col}"
        digest.update(f"{line.box_id} {line.row} {line.col} {tube} {line.result} {where}\n".encode())
        digest.update(f"{line.text}\n".encode())
    return digest.hexdigest()


# --- how ---


def _locked(session: Session, actor: Actor, order: AuditSignature) -> Audit:
    audit = by_id(session, actor, order.audit)
    people.require_over(actor, May.AUDIT, audit.site_id, audit.study_id)
    custody.lock(session, [audit.id])
    session.refresh(audit)
    return audit


def _plan_next(session: Session, actor: Actor, audit: Audit) -> None:
    """The next one is due so long after this one was, or after today where it was late."""
    if audit.every_days is None:
        return
    zone = ZoneInfo(session.get_one(Site, audit.site_id).time_zone)
    due = max(audit.due_on, clock.now().astimezone(zone).date()) + timedelta(days=audit.every_days)
    told = {name: getattr(audit, name) for name in PLANNED}
    following = new_row(Audit, **told, due_on=due, opened_by_id=actor.id, opened_at=clock.now())
    change = audit_said(following)
    custody.record(session, actor, following, Kind.OPENED, change=change, refs={"after": str(audit.id)})
