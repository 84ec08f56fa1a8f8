"""What the rows of records say, in the words of their state, so that the log can be held against them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank.ledger.entries import State, commitment, utc_text
from biobank.tables import (
    PLANNED,
    ArmChange,
    Audit,
    Consent,
    Dataset,
    Grant,
    Kit,
    Participant,
    Person,
    Procedure,
    Protocol,
    Station,
    Study,
    Visit,
    Withdrawal,
)


def told(participant: Participant) -> str:
    """The blinded commitment to what is noted of a participant: the ledger never holds the words."""
    noted = [participant.pseudonym, participant.arm, participant.enrolled_on, participant.attributes]
    return commitment(participant.salt, msgspec.json.encode(noted, order="sorted").decode())


def noted(
    participant: Participant,
    arms: Sequence[ArmChange],
    procedures: Sequence[Procedure],
    consents: Sequence[Consent],
    withdrawal: Withdrawal | None,
) -> str:
    """The blinded commitment to the dates of a participant: arms, procedures, consents, withdrawal."""
    words = {
        "arms": sorted((str(each.id), each.arm, each.since) for each in arms),
        "procedures": sorted(
            (each.number, each.name, each.happens_on, each.cancelled) for each in procedures
        ),
        "consents": sorted(
            (str(each.id), each.version, each.given_on, each.imported, sorted(each.declined))
            for each in consents
        ),
        "withdrawn_on": withdrawal.withdrawn_on if withdrawal else None,
    }
    return commitment(participant.salt, msgspec.json.encode(words, order="sorted").decode())


def consent_said(consent: Consent) -> State:
    """A consent as a participant's state has it."""
    return {"id": str(consent.id), "scopes": sorted(consent.scopes)}


def participant_said(session: Session, participant: Participant) -> State:
    """All that a participant's state says, as the rows are now (flushed first)."""
    session.flush()
    return states(session, [participant.id])[participant.id]


def visit_said(visit: Visit, datasets: Sequence[Dataset] = ()) -> State:
    """All that a visit's state says."""
    return {
        "noun": "visit",
        "code": visit.code,
        "participant": str(visit.participant_id),
        "event": str(visit.event_id) if visit.event_id else None,
        "label": visit.label,
        "occasion": visit.occasion,
        "status": visit.status.value,
        "took_place": utc_text(visit.took_place_at) if visit.took_place_at else None,
        "missed": visit.missed_reason,
        "datasets": [{"id": str(each.id), "kind": each.kind} for each in datasets],
    }


def kit_said(kit: Kit) -> State:
    """All that a kit's state says."""
    return {
        "noun": "kit",
        "code": kit.code,
        "event": str(kit.event_id),
        "site": str(kit.site_id),
        "visit": str(kit.visit_id) if kit.visit_id else None,
    }


def grant_said(role: str, site_id: UUID | None, study_id: UUID | None) -> State:
    """A grant as a person's state has it."""
    return {
        "role": role,
        "site": str(site_id) if site_id else None,
        "study": str(study_id) if study_id else None,
    }


def audit_status(audit: Audit) -> str:
    """Where an audit stands, in one word of the log."""
    if audit.cancelled_at:
        return "cancelled"
    if audit.closed_at:
        return "closed"
    if audit.performed_at:
        return "performed"
    return "counting" if audit.started_at else "planned"


def audit_said(audit: Audit) -> State:
    """All that an audit's state says in the log; the plan itself by its hash."""
    return {
        "noun": "audit",
        "status": audit_status(audit),
        "plan": _planned(audit),
        "seed": audit.seed,
        "snapshot": audit.snapshot_sha256,
        "result": audit.result_sha256,
        "population": audit.population,
        "drawn": audit.drawn,
        "started": _by_at(audit.started_by_id, audit.started_at),
        "performed": _by_at(audit.performed_by_id, audit.performed_at),
        "closed": _by_at(audit.reviewed_by_id, audit.closed_at or audit.cancelled_at),
    }


def states(session: Session, ids: Sequence[UUID]) -> dict[UUID, State]:
    """The states that the rows of these records make, by id; those without a row are left out."""
    found: dict[UUID, State] = {}
    consents = _by_owner(session, Consent, "participant_id", ids)
    arms = _by_owner(session, ArmChange, "participant_id", ids)
    procedures = _by_owner(session, Procedure, "participant_id", ids)
    withdrawals = {row.participant_id: row for row in _rows(session, Withdrawal, ids, "participant_id")}
    for row in _rows(session, Participant, ids):
        withdrawal = withdrawals.get(row.id)
        found[row.id] = {
            "noun": "participant",
            "study": str(row.study_id),
            "site": str(row.site_id),
            "told": told(row),
            "consents": [consent_said(consent) for consent in consents[row.id]],
            "withdrawn": withdrawal.level.value if withdrawal else None,
            "noted": noted(row, arms[row.id], procedures[row.id], consents[row.id], withdrawal),
        }
    datasets = _by_owner(session, Dataset, "visit_id", ids)
    for visit in _rows(session, Visit, ids):
        found[visit.id] = visit_said(visit, datasets[visit.id])
    found |= {kit.id: kit_said(kit) for kit in _rows(session, Kit, ids)}
    for study in _rows(session, Study, ids):
        protocol = session.get_one(Protocol, study.protocol_id)
        found[study.id] = {
            "noun": "study",
            "protocol": {"version": protocol.version, "sha256": _digest(protocol)},
        }
    grants = _by_owner(session, Grant, "person_id", ids)
    for person in _rows(session, Person, ids):
        found[person.id] = {
            "noun": "person",
            "active": person.active,
            "grants": [
                grant_said(each.role.value, each.site_id, each.study_id) for each in grants[person.id]
            ],
        }
    found |= {audit.id: audit_said(audit) for audit in _rows(session, Audit, ids)}
    found |= {station.id: {"noun": "station"} for station in _rows(session, Station, ids)}
    return found


def _by_at(person: UUID | None, moment: datetime | None) -> str | None:
    return f"{person or ''} {utc_text(moment)}" if moment else None


_PLAN = (*PLANNED, "due_on", "opened_by_id", "opened_at")


def _planned(audit: Audit) -> str:
    told = {name: getattr(audit, name) for name in _PLAN}
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def _digest(protocol: Protocol) -> str:
    """The SHA-256 that was noted, as long as the text is the one it was taken of, where one was kept."""
    kept = not protocol.source or hashlib.sha256(protocol.source.encode()).hexdigest() == protocol.sha256
    return protocol.sha256 if kept else ""


def bears_out(row: State, logged: State) -> bool:
    """Whether a record's row says all that the log says of it; the order within a list says nothing.

    A row may say more: what a state did not yet hold when it was written, no log can prove.
    """
    return _unordered({name: row.get(name) for name in logged}) == _unordered(logged)


def _unordered(state: State) -> dict[str, Any]:
    return {
        name: sorted(map(msgspec.json.encode, value)) if isinstance(value, list) else value
        for name, value in state.items()
    }


def _by_owner(
    session: Session, table: type[Any], column: str, owners: Sequence[UUID]
) -> defaultdict[UUID, list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in _rows(session, table, owners, column):
        found[getattr(row, column)].append(row)
    return found


def _rows(session: Session, table: type[Any], keys: Iterable[UUID], column: str = "id") -> Sequence[Any]:
    return session.exec(select(table).where(col(getattr(table, column)).in_(keys)).order_by(table.id)).all()
