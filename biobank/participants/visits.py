"""Visits, planned and unscheduled: opened, done, missed."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlmodel import Session, col, select

from biobank import clock, codes, custody, people, studies
from biobank.codes import CodeKind
from biobank.custody import Kind, records
from biobank.database import new_row
from biobank.errors import Conflict, Fact, NotFound, RuleBroken
from biobank.inputs import Input, Line, Moment, Naming, Pseudonym, Scanned, Whole
from biobank.participants import scheduling
from biobank.participants.consenting import require_not_withdrawn
from biobank.participants.naming import locked
from biobank.participants.scheduling import Wanted
from biobank.people import Actor, May
from biobank.tables import (
    Anchor,
    Event,
    Life,
    Participant,
    Procedure,
    Site,
    Specimen,
    Study,
    Visit,
    VisitStatus,
)
from biobank.texts import N_

UNSCHEDULED = "UNS"


# --- words ---


class MissedReason(StrEnum):
    """Why a visit did not take place."""

    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    ILL = "ill"
    MOVED_AWAY = "moved_away"
    WITHDREW = "withdrew"
    SITE_CLOSED = "site_closed"
    OTHER = "other"


class VisitOrder(Input):
    """A visit to open: at an event of the protocol, or unscheduled under a label of its own.

    `procedure` is the number of the procedure that the event is counted from; it may be left out where
    the participant has one alone.
    """

    study: Line
    pseudonym: Pseudonym
    event: str | None = None
    procedure: Whole | None = None
    label: Annotated[Naming, Field(max_length=20)] = UNSCHEDULED
    took_place: Moment | None = None


class CameOrder(Input):
    """A visit that took place although nothing was collected, and when; without a time, now."""

    visit: Scanned
    took_place: Moment | None = None


class MissOrder(Input):
    """A visit that did not take place, and why."""

    visit: Scanned
    reason: MissedReason


# --- rules ---


def require_not_before(
    participant: Participant, opens_on: date | None, day: date, field: str = "took_place"
) -> None:
    """Refused: a day before the enrolment, unless the window of the event is open by then."""
    first = participant.enrolled_on
    if first is None:
        return
    if opens_on:
        first = min(first, opens_on)
    if day < first:
        message = N_("%(day)s is before the enrolment of %(pseudonym)s (%(enrolled)s). Check the date.")
        raise RuleBroken(
            "visit_before_enrolment",
            message,
            field=field,
            day=str(day),
            pseudonym=participant.pseudonym,
            enrolled=str(participant.enrolled_on),
        )


# --- actions ---


def open_visit(session: Session, actor: Actor, order: VisitOrder) -> Visit:
    """Open a visit at an event, or an unscheduled one.

    A planned visit that is there already is answered; one that was missed is planned again, on the days
    its anchor gives it now. Refused: an
    event that the protocol has not, or not for this arm; a procedure that is not there; a visit that is
    done already; a time before the enrolment; a participant who withdrew.
    """
    participant = locked(session, actor, order.study, order.pseudonym, May.REGISTER)
    require_not_withdrawn(session, participant)
    wish = _wish(session, participant, order) if order.event is not None else None
    if order.took_place:
        day = _site_day(session, participant, order.took_place)
        require_not_before(participant, wish.opens_on if wish else None, day)
    there = _there(session, participant, wish) if wish else None
    if wish is None or there is None:
        visit = new_visit(participant, wish, order.label, order.took_place)
        custody.record_all(session, actor, [opening_of(visit)])
        return visit
    if there.status is VisitStatus.DONE:
        message = N_("%(pseudonym)s had visit %(event)s already: %(code)s. A further one is unscheduled.")
        facts = {"pseudonym": participant.pseudonym, "event": there.label, "code": codes.grouped(there.code)}
        raise Conflict("visit_done_already", message, field="event", **facts)
    there.status, there.missed_reason = VisitStatus.PLANNED, ""
    there.planned_on, there.opens_on, there.closes_on = wish.planned_on, wish.opens_on, wish.closes_on
    there.took_place_at = order.took_place or there.took_place_at
    if not session.exec(select(Specimen.id).where(col(Specimen.visit_id) == there.id).limit(1)).first():
        there.event_id = wish.event.id  # what was begun stays with its version, like a plan's
    record_visit(session, actor, there)
    return there


def new_visit(
    participant: Participant,
    event: Event | Wanted | None,
    label: str = UNSCHEDULED,
    took_place: datetime | None = None,
) -> Visit:
    """A visit not yet kept, for those who keep many at once with `opening_of`.

    Of an event counted from a procedure, the visit has days and an occasion where it comes as `Wanted`.
    """
    wish = event if isinstance(event, Wanted | None) else _counted(participant, event)
    return new_row(
        Visit,
        code=codes.new_code(CodeKind.VISIT),
        participant_id=participant.id,
        event_id=wish.event.id if wish else None,
        label=wish.event.code if wish else label,
        occasion=wish.occasion if wish else 0,
        procedure_id=wish.procedure.id if wish and wish.procedure else None,
        planned_on=wish.planned_on if wish else None,
        opens_on=wish.opens_on if wish else None,
        closes_on=wish.closes_on if wish else None,
        took_place_at=took_place,
        status=VisitStatus.PLANNED,
    )


def opening_of(visit: Visit) -> custody.Line:
    """The line that opens a visit."""
    return custody.Line(subject=visit, kind=Kind.OPENED, change=records.visit_said(visit))


def mark_done(session: Session, actor: Actor, visit: Visit, when: datetime | None) -> None:
    """The visit took place: something was collected. A visit that was done stays as it is.

    Refused: a time before the enrolment.
    """
    if visit.status is VisitStatus.DONE:
        return
    if custody.lock(session, [visit.id])[visit.id]["status"] == "done":
        return  # by somebody who registered at the same moment
    session.refresh(visit)
    came = visit.took_place_at or when
    if came:
        participant = session.get_one(Participant, visit.participant_id)
        day = _site_day(session, participant, came)
        require_not_before(participant, visit.opens_on, day)
        visit.took_place_at, visit.came_on = came, day
    visit.status, visit.missed_reason = VisitStatus.DONE, ""
    record_visit(session, actor, visit, occurred=when)
    session.flush()


def came(session: Session, actor: Actor, order: CameOrder) -> Visit:
    """A planned visit took place: one that collects nothing, or at which nothing was collected.

    Once more it changes nothing. Refused: a visit that was missed or cancelled, a time before the
    enrolment, a participant who withdrew.
    """
    visit, participant = visit_by_code(session, actor, order.visit, May.REGISTER)
    require_not_withdrawn(session, participant)
    custody.lock(session, [visit.id])
    session.refresh(visit)
    if visit.status not in (VisitStatus.PLANNED, VisitStatus.DONE):
        message = N_("This visit is %(status)s. Plan it again first.")
        raise RuleBroken("visit_not_open", message, field="visit", status=visit.status.value)
    zone = ZoneInfo(session.get_one(Site, participant.site_id).time_zone)
    mark_done(session, actor, visit, order.took_place or clock.now().astimezone(zone))
    return visit


def miss(session: Session, actor: Actor, order: MissOrder) -> Visit:
    """A planned visit did not take place; a further reason corrects the one before.

    Refused: a visit that is done or cancelled, or whose tubes are still expected or there.
    """
    visit, _ = visit_by_code(session, actor, order.visit, May.REGISTER)
    custody.lock(session, [visit.id])
    session.refresh(visit)
    if visit.status not in (VisitStatus.PLANNED, VisitStatus.MISSED):
        message = N_("Visit %(code)s is %(status)s. Only a planned one can be missed.")
        facts = {"code": codes.grouped(visit.code), "status": visit.status.value}
        raise RuleBroken("visit_not_planned", message, field="visit", **facts)
    asked = select(Specimen.id).where(col(Specimen.visit_id) == visit.id, col(Specimen.life) != Life.ENDED)
    if session.exec(asked.limit(1)).first():
        message = N_("Tubes of visit %(code)s are expected. Finish its collection first.")
        raise RuleBroken("visit_begun", message, field="visit", code=codes.grouped(visit.code))
    visit.status, visit.missed_reason = VisitStatus.MISSED, order.reason.value
    record_visit(session, actor, visit)
    return visit


def record_visit(session: Session, actor: Actor, visit: Visit, occurred: datetime | None = None) -> None:
    """Write what the row of a visit now says of itself that its log does not say yet."""
    line = change_of(session, visit, occurred)
    if line:
        custody.record_all(session, actor, [line])


def change_of(session: Session, visit: Visit, occurred: datetime | None = None) -> custody.Line | None:
    """The line of what changed in a visit's row, None where its log says it all. It is locked by this."""
    before = custody.lock(session, [visit.id])[visit.id]
    said = records.visit_said(visit)
    change: dict[str, Any] = {
        name: said[name]
        for name in ("event", "status", "took_place", "missed")
        if before.get(name) != said[name]
    }
    if not change:
        return None
    return custody.Line(subject=visit, kind=Kind.CHANGED, change=change, occurred=occurred)


# --- questions ---


def visit_by_code(session: Session, actor: Actor, text: str, may: May = May.SEE) -> tuple[Visit, Participant]:
    """The visit of a scanned code, and its participant."""
    code = codes.require(text, CodeKind.VISIT, "visit")
    asked = select(Visit, Participant).join(Participant, col(Participant.id) == col(Visit.participant_id))
    found = session.exec(asked.where(col(Visit.code) == code)).first()
    if found is None or not people.allowed(actor, May.SEE, found[1]):
        raise NotFound("visit_not_found", N_("There is no visit %(code)s in your scope."), code=code)
    people.require(actor, may, found[1])
    return found


def procedures_of(session: Session, participant: Participant) -> Sequence[Procedure]:
    """The procedures of a participant, by number; those that were cancelled too."""
    asked = select(Procedure).where(col(Procedure.participant_id) == participant.id)
    fresh = asked.order_by(col(Procedure.number)).execution_options(populate_existing=True)
    return session.exec(fresh).all()


def procedure_of(session: Session, participant: Participant, number: int) -> Procedure:
    """A procedure by its number. Refused: one that the participant has not."""
    found = procedures_of(session, participant)
    for each in found:
        if each.number == number:
            return each
    known = ", ".join(str(each.number) for each in found)
    message = N_("%(pseudonym)s has no procedure %(number)s. There are: %(known)s.")
    facts: dict[str, Fact] = {"pseudonym": participant.pseudonym, "number": number, "known": known or "-"}
    raise RuleBroken("procedure_not_found", message, field="procedure", **facts)


# --- how ---


def _site_day(session: Session, participant: Participant, moment: datetime) -> date:
    return scheduling.site_day(session.get_one(Site, participant.site_id).time_zone, moment)


def _counted(participant: Participant, event: Event) -> Wanted:
    """What is wanted at an event, whatever the arm; one that is counted from a procedure has no day."""
    if event.anchor is Anchor.PROCEDURE:
        return Wanted(event)
    return scheduling.wanted(event.arms[0] if event.arms else "", participant.enrolled_on, (), [event])[0]


def _wish(session: Session, participant: Participant, order: VisitOrder) -> Wanted:
    """What is wanted at the event of an order."""
    event = _event(session, participant, order.event or "")
    procedures: Sequence[Procedure] = ()
    if event.anchor is Anchor.PROCEDURE:
        procedures = [_which(session, participant, order)]
    return scheduling.wanted(participant.arm, participant.enrolled_on, procedures, [event])[0]


def _which(session: Session, participant: Participant, order: VisitOrder) -> Procedure:
    standing = [each for each in procedures_of(session, participant) if not each.cancelled]
    if order.procedure is None and len(standing) == 1:
        return standing[0]
    if order.procedure is None:
        message = N_("Event %(event)s is counted from a procedure. Say from which of these: %(known)s.")
        known = ", ".join(str(each.number) for each in standing)
        facts = {"event": order.event or "", "known": known or "-"}
        raise RuleBroken("procedure_needed", message, field="procedure", **facts)
    found = procedure_of(session, participant, order.procedure)
    if found.cancelled:
        message = N_("Procedure %(number)s was cancelled. Set its day anew first.")
        raise RuleBroken("procedure_cancelled", message, field="procedure", number=found.number)
    return found


def _there(session: Session, participant: Participant, wish: Wanted) -> Visit | None:
    # By the event's code: a newer version of the protocol has another row for the same event.
    asked = select(Visit).where(
        col(Visit.participant_id) == participant.id,
        col(Visit.label) == wish.event.code,
        col(Visit.occasion) == wish.occasion,
        col(Visit.event_id).is_not(None),
    )
    there = session.exec(asked).first()
    if there:
        custody.lock(session, [there.id])
        session.refresh(there)
    return there


def _event(session: Session, participant: Participant, code: str) -> Event:
    study = session.get_one(Study, participant.study_id)
    events = studies.events(session, study)
    found = next((event for event in events if event.code == code), None)
    if found is None:
        known = ", ".join(event.code for event in events[:20])
        message = N_("There is no event “%(code)s” in the protocol. It has: %(known)s.")
        raise RuleBroken("event_unknown", message, field="event", code=code[:20], known=known)
    if not scheduling.is_for(found, participant.arm):
        message = N_("Event %(event)s is for %(arms)s, and %(pseudonym)s is in %(arm)s.")
        facts = {"arms": ", ".join(found.arms), "arm": participant.arm or "-", "event": found.code}
        raise RuleBroken("event_not_of_arm", message, field="event", pseudonym=participant.pseudonym, **facts)
    return found
