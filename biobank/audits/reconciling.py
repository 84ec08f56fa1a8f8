"""Reconciling: what is done about each finding, line by line; every act on a tube names the audit."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import func
from sqlmodel import Session, col, select

from biobank import clock, custody, people
from biobank.audits.expecting import CARRYING
from biobank.audits.planning import IN_ONE_ENTRY, by_id, person_named, tell
from biobank.codes import grouped
from biobank.custody import Kind
from biobank.database import by_id as rows_by_id
from biobank.database import one_of
from biobank.errors import Conflict, NotFound, RuleBroken
from biobank.inputs import DueDay, Input, Line, Naming
from biobank.people import Actor, May
from biobank.storage.geometry import Grid, Slot, slot_name
from biobank.storage.rearranging import Going, Rearrangement, rearrange
from biobank.tables import (
    Audit,
    AuditBox,
    AuditDecision,
    AuditLine,
    AuditScan,
    BoxState,
    Container,
    ContainerType,
    CustodyEvent,
    HoldKind,
    Result,
    Specimen,
)
from biobank.texts import N_

MOST = 1_000
"""So many lines are decided at once."""

MISPLACED = frozenset({Result.WRONG_SLOT, Result.WRONG_CONTAINER, Result.UNEXPECTED})
"""Findings of a tube that is known and stands where its record does not have it."""

NOT_SEEN = frozenset({Result.MISSING, Result.UNREADABLE, Result.UNKNOWN})
"""Findings in which nobody had the tube in a hand that should be there."""

# --- words ---


class Decide(Input):
    """What is done about some findings of an audit, all alike.

    `moved`: the record follows the tube to where it was found. `put_back`: the tube was carried to where
    its record has it. `missing`: it is sought, and held meanwhile. `registered`, `relabelled`,
    `explained`: what `reason` tells.
    """

    audit: UUID
    lines: Annotated[list[UUID], Field(min_length=1, max_length=MOST)]
    decision: AuditDecision
    reason: Naming | None = None


class Entrust(Input):
    """Who looks after some findings that stay open, and by when."""

    audit: UUID
    lines: Annotated[list[UUID], Field(min_length=1, max_length=MOST)]
    owner: Line
    due: DueDay


# --- rules ---


def require_fits(line: AuditLine, order: Decide) -> None:
    """Refused: a decision that says nothing of such a finding, or that nobody may take by hand."""
    fits = {
        AuditDecision.MOVED: line.result in MISPLACED and line.found_box_id is not None,
        AuditDecision.PUT_BACK: line.result in (Result.WRONG_SLOT, Result.WRONG_CONTAINER),
        AuditDecision.MISSING: line.specimen_id is not None and line.result in NOT_SEEN,
    }
    if not fits.get(order.decision, True):
        message = N_("That cannot be decided of this finding. Choose another decision.")
        raise RuleBroken("decision_unfit", message, field="decision")
    if order.decision not in fits and not order.reason:
        raise RuleBroken("reason_needed", N_("Say why, in a few words."), field="reason")


# --- actions ---


def decide(session: Session, actor: Actor, order: Decide) -> Sequence[AuditLine]:
    """Decide some findings, all or none; tubes are moved in one gesture.

    Refused: lines that are not of the audit, that are no findings, or were decided; a box that is to be
    counted again; a decision that does not fit; a tube that was carried on since it was scanned; who may not
    handle the tubes that are moved or held.
    """
    audit, lines = _open_lines(session, actor, order.audit, order.lines)
    _require_settled(session, lines)
    for line in lines:
        require_fits(line, order)
    tubes = {line.specimen_id: line for line in lines if line.specimen_id}
    refs = {"audit": str(audit.id)}
    if order.decision is AuditDecision.MOVED:
        _move(session, actor, lines, refs)
    elif order.decision in (AuditDecision.PUT_BACK, AuditDecision.MISSING):
        _mark(session, actor, order, list(tubes), refs)
    now = clock.now()
    for line in lines:
        line.decision, line.reason = order.decision, order.reason or ""
        line.decided_by_id, line.decided_at = actor.id, now
    _tell_lines(session, actor, audit, Kind.DECIDED, lines, decision=order.decision.value)
    return lines


def entrust(session: Session, actor: Actor, order: Entrust) -> Sequence[AuditLine]:
    """Say who looks after findings, and by when. Refused: as `decide` refuses; nobody of that name."""
    audit, lines = _open_lines(session, actor, order.audit, order.lines)
    owner = person_named(session, order.owner)
    for line in lines:
        line.owner_id, line.due_on = owner, order.due
    told = {"owner": str(owner), "due": order.due.isoformat()}
    _tell_lines(session, actor, audit, Kind.CHANGED, lines, **told)
    return lines


# --- how ---


def _tell_lines(
    session: Session, actor: Actor, audit: Audit, kind: Kind, lines: Sequence[AuditLine], **told: str
) -> None:
    """Write what was said of these lines, in as many entries as they take."""
    keys = [str(line.id) for line in lines]
    for at in range(0, len(keys), IN_ONE_ENTRY):
        tell(session, actor, audit, kind, lines=keys[at : at + IN_ONE_ENTRY], **told)


def _open_lines(
    session: Session, actor: Actor, key: UUID, wanted: Sequence[UUID]
) -> tuple[Audit, Sequence[AuditLine]]:
    """These findings of an audit, which is locked. A signed audit's findings can still be settled."""
    audit = by_id(session, actor, key)
    people.require_over(actor, May.AUDIT, audit.site_id, audit.study_id)
    custody.lock(session, [audit.id])
    asked = select(AuditLine).where(col(AuditLine.audit_id) == audit.id, col(AuditLine.id).in_(wanted))
    found = {line.id: line for line in session.exec(asked.execution_options(populate_existing=True))}
    for at, each in enumerate(wanted):
        line = found.get(each)
        if line is None or line.result in (None, Result.FOUND, Result.EMPTY):
            message = N_("There is no such finding in this audit.")
            raise NotFound("finding_not_found", message, field=f"lines.{at}")
        if line.decision is not None:
            message = N_("This finding is decided already: %(decision)s.")
            raise Conflict("finding_decided", message, field=f"lines.{at}", decision=line.decision.value)
    return audit, [found[each] for each in dict.fromkeys(wanted)]


def _require_settled(session: Session, lines: Sequence[AuditLine]) -> None:
    """Refused: what another person is still to count again."""
    for box in rows_by_id(session, AuditBox, [line.box_id for line in lines]).values():
        if box.state is BoxState.AGAIN:
            message = N_("%(path)s is to be counted again by another person. Decide when that is done.")
            raise RuleBroken("count_again_first", message, field="lines", path=box.path)


def _require_still(session: Session, lines: Sequence[AuditLine]) -> None:
    """Refused: to have the record of a tube follow it to where it was, when it was carried on since."""
    tubes = {line.specimen_id: line for line in lines if line.specimen_id}
    custody.lock(session, tubes)
    carried = (
        select(Specimen.code, CustodyEvent.subject_id)
        .join(Specimen, col(Specimen.id) == col(CustodyEvent.subject_id))
        .join(AuditScan, col(AuditScan.specimen_id) == col(CustodyEvent.subject_id))
        .join(AuditLine, col(AuditLine.specimen_id) == col(CustodyEvent.subject_id))
        .where(
            one_of(col(AuditLine.id), [line.id for line in lines]),
            col(AuditScan.box_id) == col(AuditLine.found_box_id),
            col(AuditScan.row).is_not_distinct_from(col(AuditLine.found_row)),
            col(AuditScan.col).is_not_distinct_from(col(AuditLine.found_col)),
            col(CustodyEvent.kind).in_(CARRYING),
        )
        .group_by(col(Specimen.code), col(CustodyEvent.subject_id))
        .having(func.max(CustodyEvent.occurred_at) > func.max(AuditScan.scanned_at))
    )
    for code, key in session.exec(carried.limit(1)):
        message = N_("%(code)s was carried on since it was scanned there. Say why it stood there instead.")
        at = list(tubes).index(key)
        raise Conflict("carried_on", message, field=f"lines.{at}", code=grouped(code))


def _move(session: Session, actor: Actor, lines: Sequence[AuditLine], refs: dict[str, Any]) -> None:
    """The records follow the tubes, all at once, so that two may have changed places."""
    _require_still(session, lines)
    tubes = rows_by_id(session, Specimen, [line.specimen_id for line in lines])
    boxes = rows_by_id(session, AuditBox, [line.found_box_id for line in lines])
    containers = rows_by_id(session, Container, [box.container_id for box in boxes.values()])
    kinds = rows_by_id(session, ContainerType, [each.type_id for each in containers.values()])
    moves = []
    for line in lines:
        container = containers[boxes[line.found_box_id].container_id]
        slot = slot_name(Grid.of(kinds[container.type_id]), Slot(line.found_row, line.found_col))
        moves.append(Going(tube=tubes[line.specimen_id].code, box=container.code, slot=slot))
    rearrange(session, actor, Rearrangement(moves=moves), refs)


def _mark(session: Session, actor: Actor, order: Decide, tubes: Sequence[UUID], refs: dict[str, Any]) -> None:
    """Tubes that were put back were seen; those that are missing are held until they are."""
    custody.lock(session, tubes)
    found = rows_by_id(session, Specimen, tubes)
    lines = []
    for key in tubes:
        tube = found[key]
        people.require(actor, May.HANDLE, tube)
        if order.decision is AuditDecision.PUT_BACK:
            lines.append(custody.Line(subject=tube, kind=Kind.SIGHTED, refs=refs, reason=order.reason))
            continue
        holds = custody.state(session, tube)["holds"]
        if any(each["reason"] == custody.MISSING for each in holds):
            continue  # an earlier audit missed it too
        hold = {
            "id": str(clock.new_key()),
            "kind": HoldKind.QUARANTINE.value,
            "reason": custody.MISSING,
        }
        change = {"holds": [*holds, hold]}
        lines.append(custody.Line(subject=tube, kind=Kind.HOLD_SET, change=change, refs=refs))
    custody.record_all(session, actor, lines)
