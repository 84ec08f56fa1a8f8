"""The course of a participant: arm, procedures and day of enrolment, and the visits that follow."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field
from sqlmodel import Session, col, select

from biobank import codes, custody, studies
from biobank.errors import RuleBroken
from biobank.inputs import Day, Input, Line, Naming, Pseudonym, Whole
from biobank.participants import scheduling
from biobank.participants.consenting import record_change, require_not_withdrawn
from biobank.participants.naming import locked, today
from biobank.participants.planning import plan
from biobank.participants.visits import (
    procedure_of,
    procedures_of,
    record_visit,
    require_not_before,
    visit_by_code,
)
from biobank.people import Actor, May
from biobank.tables import (
    Anchor,
    ArmChange,
    Event,
    Participant,
    Procedure,
    Study,
    Visit,
    VisitStatus,
)
from biobank.texts import N_

FURTHEST = timedelta(days=3653)
"""How far ahead a procedure may be planned: ten years."""


# --- words ---


class ArmOrder(Input):
    """A participant comes into another arm, from a day on; without one, from today at the site."""

    study: Line
    pseudonym: Pseudonym
    arm: Line
    since: Day | None = None


class ProcedureOrder(Input):
    """A surgery or an intervention: a new one, or (by its number) one that is there.

    Its day may not be known yet; its visits are then planned without one.
    """

    study: Line
    pseudonym: Pseudonym
    number: Whole | None = None
    name: Annotated[Naming, Field(max_length=60)]
    happens_on: date | None = None


class ProcedureCancellation(Input):
    """A procedure that will not take place."""

    study: Line
    pseudonym: Pseudonym
    number: Whole


class EnrolmentDateOrder(Input):
    """The day of enrolment, told late or set right."""

    study: Line
    pseudonym: Pseudonym
    enrolled_on: Day


# --- rules ---


def require_procedure_day(day: date, enrolled_on: date | None, now: date) -> None:
    """Refused: a procedure before the enrolment, or more than ten years from today."""
    if enrolled_on and day < enrolled_on:
        message = N_("The procedure (%(day)s) is before the enrolment (%(enrolled)s). Check the date.")
        raise RuleBroken(
            "procedure_before_enrolment",
            message,
            field="happens_on",
            day=str(day),
            enrolled=str(enrolled_on),
        )
    if day.year < 1900 or day - now > FURTHEST:
        message = N_("A procedure on %(day)s is too far from today to be right. Check the date.")
        raise RuleBroken("procedure_too_far", message, field="happens_on", day=str(day))


# --- actions ---


def change_arm(session: Session, actor: Actor, order: ArmOrder) -> Participant:
    """Put a participant into another arm.

    What was collected stays. Visits of the old arm that nobody began are cancelled, those of the new arm
    opened; on the way back they are planned again. The arm a participant is in already changes nothing.
    Refused: an arm that the protocol has not, a participant who withdrew.
    """
    participant = locked(session, actor, order.study, order.pseudonym, May.REGISTER)
    require_not_withdrawn(session, participant)
    known = studies.arms(session, session.get_one(Study, participant.study_id))
    if order.arm not in known:
        message = N_("There is no arm “%(arm)s” in the protocol. It has: %(known)s.")
        facts = {"arm": order.arm[:40], "known": ", ".join(known) or "-"}
        raise RuleBroken("arm_unknown", message, field="arm", **facts)
    if participant.arm == order.arm:
        return participant
    participant.arm = order.arm
    since = order.since or today(session, participant)
    session.add(ArmChange(participant_id=participant.id, arm=order.arm, since=since))
    return _replanned(session, actor, participant)


def set_procedure(session: Session, actor: Actor, order: ProcedureOrder) -> Participant:
    """Add a procedure, or say anew what one is called and when it happens; its visits follow.

    Only visits that are planned get other days. A cancelled procedure stands again by this. Refused: a
    day before the enrolment or ten years off, a number that is not there, a participant who withdrew.
    """
    participant = locked(session, actor, order.study, order.pseudonym, May.REGISTER)
    require_not_withdrawn(session, participant)
    if order.happens_on:
        require_procedure_day(order.happens_on, participant.enrolled_on, today(session, participant))
    if order.number is None:
        last = max((each.number for each in procedures_of(session, participant)), default=0)
        procedure = Procedure(participant_id=participant.id, number=last + 1, name=order.name)
    else:
        procedure = procedure_of(session, participant, order.number)
    procedure.name, procedure.happens_on, procedure.cancelled = order.name, order.happens_on, False
    session.add(procedure)
    return _replanned(session, actor, participant)


def cancel_procedure(session: Session, actor: Actor, order: ProcedureCancellation) -> Participant:
    """A procedure will not take place: its visits that nobody began are cancelled.

    Refused: a number that is not there, a participant who withdrew.
    """
    participant = locked(session, actor, order.study, order.pseudonym, May.REGISTER)
    require_not_withdrawn(session, participant)
    procedure = procedure_of(session, participant, order.number)
    if procedure.cancelled:
        return participant
    procedure.cancelled = True
    return _replanned(session, actor, participant)


def set_enrolment_date(session: Session, actor: Actor, order: EnrolmentDateOrder) -> Participant:
    """Set the day of enrolment; what is planned is counted from it anew.

    Refused: a day after that of a procedure, or after a visit that was made and is not in its window
    then; a participant who withdrew.
    """
    participant = locked(session, actor, order.study, order.pseudonym, May.REGISTER)
    require_not_withdrawn(session, participant)
    for procedure in procedures_of(session, participant):
        if procedure.happens_on and not procedure.cancelled:
            require_procedure_day(procedure.happens_on, order.enrolled_on, procedure.happens_on)
    participant.enrolled_on = order.enrolled_on
    for opens_on, came_on in _made(session, participant, order.enrolled_on):
        require_not_before(participant, opens_on, came_on, "enrolled_on")
    return _replanned(session, actor, participant)


def plan_again(session: Session, actor: Actor, code: str) -> Visit:
    """Plan a missed visit once more, on the days its anchor gives it now.

    Refused: a visit that was not missed, a participant who withdrew.
    """
    visit, participant = visit_by_code(session, actor, code, May.REGISTER)
    custody.lock(session, [participant.id])
    custody.lock(session, [visit.id])
    session.refresh(visit)
    require_not_withdrawn(session, participant)
    if visit.status is not VisitStatus.MISSED:
        message = N_("Visit %(code)s is %(status)s. Only a missed one can be planned again.")
        facts = {"code": codes.grouped(visit.code), "status": visit.status.value}
        raise RuleBroken("visit_not_missed", message, field="visit", **facts)
    visit.status, visit.missed_reason = VisitStatus.PLANNED, ""
    record_visit(session, actor, visit)
    plan(session, actor, [participant])
    return visit


# --- how ---


def _made(
    session: Session, participant: Participant, enrolled_on: date
) -> Iterator[tuple[date | None, date]]:
    """The days on which visits were made, each with the day its window opens if this is the enrolment."""
    asked = select(Visit, Event).outerjoin(Event, col(Event.id) == col(Visit.event_id))
    asked = asked.where(col(Visit.participant_id) == participant.id, col(Visit.came_on).is_not(None))
    found: Sequence[tuple[Visit, Event | None]] = session.exec(asked).all()
    for visit, event in found:
        opens_on = visit.opens_on
        if event and event.anchor is Anchor.ENROLMENT:
            opens_on, _ = scheduling.window(event, scheduling.planned_on(event, enrolled_on))
        if visit.came_on:
            yield opens_on, visit.came_on


def _replanned(session: Session, actor: Actor, participant: Participant) -> Participant:
    record_change(session, actor, participant)
    plan(session, actor, [participant])
    return participant
