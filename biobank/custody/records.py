"""What the rows of records say, in the words of their state, so that the log can be held against them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from biobank.ledger.entries import State, commitment
from biobank.tables import Consent, Grant, Participant, Person, Protocol, Station, Study, Visit


def told(participant: Participant) -> str:
    """The blinded commitment to what is noted of a participant: the ledger never holds the words."""
    noted = [participant.pseudonym, participant.arm, participant.enrolled_on, participant.attributes]
    return commitment(participant.salt, msgspec.json.encode(noted, order="sorted").decode())


def consent_said(consent: Consent) -> State:
    """A consent as a participant's state has it."""
    return {"id": str(consent.id), "scopes": sorted(consent.scopes)}


def grant_said(role: str, site_id: UUID | None, study_id: UUID | None) -> State:
    """A grant as a person's state has it."""
    return {
        "role": role,
        "site": str(site_id) if site_id else None,
        "study": str(study_id) if study_id else None,
    }


def states(session: Session, ids: Sequence[UUID]) -> dict[UUID, State]:
    """The states that the rows of these records make, by id; those without a row are left out."""
    found: dict[UUID, State] = {}
    consents = _by_owner(session, Consent, "participant_id", ids)
    for row in _rows(session, Participant, ids):
        found[row.id] = {
            "noun": "participant",
            "study": str(row.study_id),
            "site": str(row.site_id),
            "told": told(row),
            "consents": [consent_said(consent) for consent in consents[row.id]],
        }
    for visit in _rows(session, Visit, ids):
        found[visit.id] = {
            "noun": "visit",
            "participant": str(visit.participant_id),
            "event": str(visit.event_id) if visit.event_id else None,
            "status": visit.status.value,
        }
    for study in _rows(session, Study, ids):
        protocol = session.get_one(Protocol, study.protocol_id)
        found[study.id] = {
            "noun": "study",
            "protocol": {"version": protocol.version, "sha256": protocol.sha256},
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
    found |= {station.id: {"noun": "station"} for station in _rows(session, Station, ids)}
    return found


def same(one: State, other: State) -> bool:
    """Whether two states of a record say the same; the order within a list says nothing."""
    return _unordered(one) == _unordered(other)


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
