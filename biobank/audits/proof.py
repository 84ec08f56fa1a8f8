"""Whether the rows of audits say what the log says: each snapshot, each scan, each line, each decision."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import msgspec
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from biobank.audits.digests import MANY, lines_digest, scans_digest, snapshot_box, snapshot_line
from biobank.audits.signing import result_hash
from biobank.custody import Kind, Unproved
from biobank.database import table_of
from biobank.tables import Audit, AuditBox, AuditLine, AuditScan, BoxState, CustodyEvent

AT_ONCE = 2_000
"""So many rows are held in memory, however many an audit has."""


def unproved(session: Session) -> list[Unproved]:
    """Everything in the rows of audits that the log does not bear out.

    The boxes and lines of the snapshot are those that were hashed when the audit began; each box was counted
    by whom the log says, its scans are those of that moment, its lines ended as they did then or by a later
    count; each decision and each owner was told; a signed audit's lines ended as was signed; and each
    scan of a tube is in the log, and none is told there that is no more.
    """
    faults: list[Unproved] = []
    begun = select(Audit).where(col(Audit.started_at).is_not(None)).order_by(col(Audit.id))
    audits = session.exec(begun).all()
    for audit in audits:
        faults += [Unproved(audit.id, "audit", what) for what in _of_audit(session, audit)]
    return [*faults, *_scans(session)] if audits else []


# --- one audit ---


class _Refs(msgspec.Struct):
    """What the entries of an audit refer to; each act has some of these."""

    box: UUID | None = None
    count: int = 0
    results: dict[str, int] = {}
    scans: str = ""
    lines: dict[str, str] | list[UUID] = []
    reopened: list[UUID] = []
    decision: str | None = None
    owner: UUID | None = None
    due: str | None = None


class _Entry(msgspec.Struct):
    refs: _Refs


class _Told:
    """What the log says of the boxes and lines of one audit, act by act."""

    def __init__(self) -> None:
        self.counts: dict[tuple[UUID, int], tuple[UUID, _Refs]] = {}
        self.newest: dict[UUID, _Refs] = {}
        self.lines: dict[UUID, str] = {}
        self.many = False
        self.decisions: dict[UUID, tuple[str, UUID]] = {}
        self.owners: dict[UUID, tuple[UUID, str | None]] = {}

    def hear(self, actor: UUID, refs: _Refs) -> None:
        """Note one act; a later one takes the place of an earlier one."""
        for line in refs.reopened:
            self.decisions.pop(line, None)
        if refs.box and isinstance(refs.lines, dict):
            self.counts[refs.box, refs.count] = actor, refs
            self.newest[refs.box] = refs
            if MANY in refs.lines:
                self.many = True
                self.lines.clear()
            self.lines |= {UUID(key): told for key, told in refs.lines.items() if key != MANY}
        elif isinstance(refs.lines, list) and refs.decision:
            self.decisions |= dict.fromkeys(refs.lines, (refs.decision, actor))
        elif isinstance(refs.lines, list) and refs.owner:
            self.owners |= dict.fromkeys(refs.lines, (refs.owner, refs.due))


_entry = msgspec.json.Decoder(_Entry)


def _of_audit(session: Session, audit: Audit) -> Iterator[str]:
    told = _told(session, audit)
    if _snapshot(session, audit) != audit.snapshot_sha256:
        yield "its boxes and lines are not those of its snapshot"
    if audit.performed_at is not None and result_hash(session, audit) != audit.result_sha256:
        yield "its lines did not end as was signed"
    boxes = select(AuditBox).where(col(AuditBox.audit_id) == audit.id).order_by(col(AuditBox.position))
    for box in session.exec(boxes).all():
        yield from (f"box {box.position}: {what}" for what in _of_box(session, audit, box, told))
    yield from _decisions(session, audit, told)


def _told(session: Session, audit: Audit) -> _Told:
    told = _Told()
    asked = (
        core_select(col(CustodyEvent.actor_id), col(CustodyEvent.entry))
        .where(col(CustodyEvent.subject_id) == audit.id)
        .order_by(col(CustodyEvent.number))
    )
    for actor, entry in session.execute(asked.execution_options(yield_per=AT_ONCE)):
        told.hear(actor, _entry.decode(entry).refs)
    return told


def _snapshot(session: Session, audit: Audit) -> str:
    """What the snapshot hashes to: its boxes, then its tubes box by box, then drawn slots without one."""
    digest = hashlib.sha256()
    boxes = table_of(AuditBox).select().where(col(AuditBox.audit_id) == audit.id)
    for box in session.execute(boxes.order_by(col(AuditBox.position))).mappings():
        digest.update(snapshot_box(dict(box)).encode())
    tubes = col(AuditLine.specimen_id).is_not(None)
    for which in (tubes, ~tubes):
        asked = (
            core_select(
                col(AuditLine.box_id), col(AuditLine.row), col(AuditLine.col), col(AuditLine.specimen_id)
            )
            .join(AuditBox, col(AuditBox.id) == col(AuditLine.box_id))
            .where(col(AuditLine.audit_id) == audit.id, col(AuditLine.in_snapshot), which)
            .order_by(col(AuditBox.container_id), col(AuditLine.row), col(AuditLine.col), col(AuditLine.id))
        )
        for line in session.execute(asked.execution_options(yield_per=AT_ONCE)):
            digest.update(snapshot_line(*line).encode())
    return digest.hexdigest()


def _of_box(session: Session, audit: Audit, box: AuditBox, told: _Told) -> Iterator[str]:
    for number, counter in ((1, box.counted_by_id), (2, box.second_by_id)):
        by, refs = told.counts.get((box.id, number), (None, None))
        if by != counter:
            yield "it was counted by others than the log says"
        if refs and scans_digest(session, box.id, number) != refs.scans:
            yield "its scans are not those that were counted"
    newest = told.newest.get(box.id)
    if (box.empty or 0) != (newest.results.get("empty", 0) if newest else 0):
        yield "so many slots were not empty when it was counted"
    if box.state not in _states(audit, newest):
        yield "it is not as far counted as the log says"
    if box.id in told.lines and told.lines[box.id] != lines_digest(session, audit.id, box.id):
        yield "its lines did not end as was counted"
    if newest is None and _ended(session, box, told):
        yield "lines of it ended that nobody counted"


def _states(audit: Audit, newest: _Refs | None) -> set[BoxState]:
    """How far a box can be, by its newest count."""
    if newest is None:
        return {BoxState.OPEN, BoxState.COUNTING}
    wrong = sum(often for word, often in newest.results.items() if word not in ("found", "empty"))
    again = audit.second_count and wrong and newest.count == 1
    return {BoxState.AGAIN if again else BoxState.COUNTED}


def _ended(session: Session, box: AuditBox, told: _Told) -> bool:
    """Whether a line of a box that nobody counted has a word, and not from the count of another box."""
    if told.many or box.id in told.lines:
        return False
    ended = select(AuditLine.id).where(
        col(AuditLine.audit_id) == box.audit_id,
        col(AuditLine.box_id) == box.id,
        col(AuditLine.result).is_not(None),
    )
    return session.exec(ended.limit(1)).first() is not None


def _decisions(session: Session, audit: Audit, told: _Told) -> Iterator[str]:
    """Lines that were decided or entrusted otherwise than the log says."""
    asked = select(AuditLine).where(
        col(AuditLine.audit_id) == audit.id,
        col(AuditLine.decision).is_not(None) | col(AuditLine.owner_id).is_not(None),
    )
    decided: dict[UUID, tuple[str, UUID | None]] = {}
    owned: dict[UUID, tuple[UUID, str | None]] = {}
    for line in session.exec(asked):
        if line.decision is not None:
            decided[line.id] = line.decision.value, line.decided_by_id
        if line.owner_id is not None:
            owned[line.id] = line.owner_id, line.due_on.isoformat() if line.due_on else None
    if decided != told.decisions:
        yield "its findings were not decided as the log says"
    if owned != told.owners:
        yield "its findings are not entrusted as the log says"


# --- every scan ---


class _Place(msgspec.Struct):
    container: UUID
    row: int | None = None
    col: int | None = None


class _Seen(msgspec.Struct):
    """What an entry that tells of a scan refers to; of what was decided, `seen` is not told."""

    audit: UUID | None = None
    seen: _Place | None = None


class _Sighting(msgspec.Struct):
    refs: _Seen


class _Scan(msgspec.Struct, frozen=True):
    """One scan of a tube, as its row and as its entry have it."""

    audit: UUID
    tube: UUID
    container: UUID
    row: int | None
    col: int | None


_sighting = msgspec.json.Decoder(_Sighting)


def _scans(session: Session) -> Iterator[Unproved]:
    """Each scan of a tube is one entry of the tube's, and the other way round.

    Sums of hashes are held against one another, so that memory stays flat; only where they differ
    the scans themselves are.
    """
    sums: Counter[UUID] = Counter()
    for scan in _kept(session):
        sums[scan.audit] += _number(scan)
    for scan in _logged(session):
        sums[scan.audit] -= _number(scan)
    wrong = {audit for audit, left in sums.items() if left}
    if not wrong:
        return
    rows = Counter(scan for scan in _kept(session) if scan.audit in wrong)
    entries = Counter(scan for scan in _logged(session) if scan.audit in wrong)
    for scan in rows - entries:
        yield Unproved(scan.audit, "audit", f"the log does not tell of a scan of tube {scan.tube}")
    for scan in entries - rows:
        yield Unproved(scan.audit, "audit", f"a scan of tube {scan.tube} is gone that the log tells of")


def _number(scan: _Scan) -> int:
    return int.from_bytes(hashlib.sha256(msgspec.json.encode(scan)).digest())


def _kept(session: Session) -> Iterator[_Scan]:
    asked = (
        core_select(
            col(AuditScan.audit_id),
            col(AuditScan.specimen_id),
            col(AuditBox.container_id),
            col(AuditScan.row),
            col(AuditScan.col),
        )
        .join(AuditBox, col(AuditBox.id) == col(AuditScan.box_id))
        .where(col(AuditScan.specimen_id).is_not(None))
    )
    for row in session.execute(asked.execution_options(yield_per=AT_ONCE)):
        yield _Scan(*row)


def _logged(session: Session) -> Iterator[_Scan]:
    asked = core_select(col(CustodyEvent.subject_id), col(CustodyEvent.entry)).where(
        col(CustodyEvent.kind) == Kind.SIGHTED
    )
    for tube, entry in session.execute(asked.execution_options(yield_per=AT_ONCE)):
        if b'"audit":' not in entry:
            continue
        refs = _sighting.decode(entry).refs
        if refs.audit and refs.seen:
            yield _Scan(refs.audit, tube, refs.seen.container, refs.seen.row, refs.seen.col)
