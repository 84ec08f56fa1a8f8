"""Participants as pages and programs see them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session, SQLModel, col, select

from biobank import people, studies
from biobank.participants import datasets
from biobank.participants.consenting import granted
from biobank.people import Actor, May
from biobank.tables import (
    ArmChange,
    Consent,
    Participant,
    Procedure,
    Site,
    Study,
    Visit,
    Withdrawal,
)

_PARTS: tuple[type[SQLModel], ...] = (ArmChange, Consent, Procedure, Visit, Withdrawal)

# --- words ---


class VisitRow(msgspec.Struct, frozen=True):
    """A visit in a list.

    `occasion` is the number of the procedure it is counted from (0: enrolment), `procedure` its name;
    `reason` says why it was missed, `datasets` are the kinds of data that are linked to it.
    """

    code: str
    event: str
    status: str
    planned_on: date | None
    took_place: datetime | None
    occasion: int = 0
    procedure: str = ""
    opens_on: date | None = None
    closes_on: date | None = None
    came_on: date | None = None
    reason: str = ""
    datasets: list[str] = []


class ArmRow(msgspec.Struct, frozen=True):
    """An arm that a participant came into, and since when, where that is known."""

    arm: str
    since: date | None


class ProcedureRow(msgspec.Struct, frozen=True):
    """A procedure of a participant."""

    number: int
    name: str
    happens_on: date | None
    cancelled: bool


class ConsentRow(msgspec.Struct, frozen=True):
    """A consent as it was recorded: what its answers were."""

    version: str
    given_on: date | None
    scopes: list[str]
    declined: list[str]
    imported: bool


class ParticipantCard(msgspec.Struct, frozen=True):
    """A participant as pages and programs see it.

    `scopes` are those agreed to now; `withdrawn` is how far a withdrawal goes, none without one. Visits
    are by day, those without a day last.
    """

    id: UUID
    study: str
    site: str
    pseudonym: str
    arm: str
    enrolled_on: date | None
    attributes: dict[str, Any]
    scopes: list[str]
    visits: list[VisitRow]
    arms: list[ArmRow] = []
    procedures: list[ProcedureRow] = []
    consents: list[ConsentRow] = []
    withdrawn: str | None = None
    withdrawn_on: date | None = None


# --- questions ---


def card(session: Session, participant: Participant) -> ParticipantCard:
    """A participant with consents, arms, procedures and visits."""
    return cards(session, [participant])[0]


def cards(session: Session, participants: Sequence[Participant]) -> list[ParticipantCard]:
    """Several participants in a few statements, however many they are."""
    ids = [participant.id for participant in participants]
    of_each = {table: _of_each(session, table, ids) for table in _PARTS}
    seen = [visit.id for visits in of_each[Visit].values() for visit in visits]
    linked = datasets.of(session, seen)
    kinds = {visit: sorted({row.kind for row in rows}) for visit, rows in linked.items()}
    made = []
    for participant in participants:
        mine = {table: rows[participant.id] for table, rows in of_each.items()}
        names = {each.id: each.name for each in mine[Procedure]}
        withdrawal: Withdrawal | None = next(iter(mine[Withdrawal]), None)
        made.append(
            ParticipantCard(
                id=participant.id,
                study=session.get_one(Study, participant.study_id).code,
                site=session.get_one(Site, participant.site_id).code,
                pseudonym=participant.pseudonym,
                arm=participant.arm,
                enrolled_on=participant.enrolled_on,
                attributes=participant.attributes,
                scopes=sorted(scope.value for scope in granted(mine[Consent])),
                visits=[
                    _visit(visit, names.get(visit.procedure_id, ""), kinds.get(visit.id, []))
                    for visit in sorted(mine[Visit], key=_by_day)
                ],
                arms=[ArmRow(each.arm, each.since) for each in mine[ArmChange]],
                procedures=[
                    ProcedureRow(each.number, each.name, each.happens_on, each.cancelled)
                    for each in mine[Procedure]
                ],
                consents=[_consent(each) for each in mine[Consent]],
                withdrawn=withdrawal.level.value if withdrawal else None,
                withdrawn_on=withdrawal.withdrawn_on if withdrawal else None,
            )
        )
    return made


def page(
    session: Session, actor: Actor, study: str, after: str = "", limit: int = 50
) -> list[ParticipantCard]:
    """Participants of a study in the actor's scope, by pseudonym, those after `after`."""
    found = studies.by_code(session, actor, study)
    asked = select(Participant).where(
        col(Participant.study_id) == found.id,
        col(Participant.pseudonym) > after,
        people.visible(actor, May.SEE, Participant),
    )
    return cards(session, session.exec(asked.order_by(col(Participant.pseudonym)).limit(limit)).all())


# --- how ---


def _of_each(session: Session, table: type[Any], ids: Sequence[UUID]) -> defaultdict[UUID, list[Any]]:
    """The rows of these participants, oldest first."""
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in session.exec(select(table).where(col(table.participant_id).in_(ids)).order_by(table.id)):
        found[row.participant_id].append(row)
    return found


def _by_day(visit: Visit) -> tuple[date, UUID]:
    return visit.came_on or visit.planned_on or date.max, visit.id


def _visit(visit: Visit, procedure: str, kinds: list[str]) -> VisitRow:
    return VisitRow(
        code=visit.code,
        event=visit.label,
        status=visit.status.value,
        planned_on=visit.planned_on,
        took_place=visit.took_place_at,
        occasion=visit.occasion,
        procedure=procedure,
        opens_on=visit.opens_on,
        closes_on=visit.closes_on,
        came_on=visit.came_on,
        reason=visit.missed_reason,
        datasets=kinds,
    )


def _consent(each: Consent) -> ConsentRow:
    return ConsentRow(each.version, each.given_on, sorted(each.scopes), sorted(each.declined), each.imported)
