"""Visits, planned and unscheduled."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import Field
from sqlmodel import Session, col, select

from biobank import codes, custody, people, studies
from biobank.codes import CodeKind
from biobank.custody import Kind, records
from biobank.errors import NotFound, RuleBroken
from biobank.inputs import Input, Line, Moment, Pseudonym
from biobank.participants.naming import by_pseudonym
from biobank.people import Actor, May
from biobank.tables import (
    Anchor,
    Event,
    Participant,
    Study,
    Visit,
    VisitStatus,
)
from biobank.texts import N_

UNSCHEDULED = "UNS"


# --- words ---


class VisitOrder(Input):
    """A visit to open: at an event of the protocol, or unscheduled under a label of its own."""

    study: Line
    pseudonym: Pseudonym
    event: str | None = None
    label: Annotated[Line, Field(max_length=20)] = UNSCHEDULED
    took_place: Moment | None = None


# --- rules ---


def planned_on(participant: Participant, event: Event) -> date | None:
    """The day an event is due, where its anchor is known already."""
    if event.anchor is Anchor.ENROLMENT and participant.enrolled_on:
        return participant.enrolled_on + timedelta(days=event.offset_days)
    return None


# --- actions ---


def open_visit(session: Session, actor: Actor, order: VisitOrder) -> Visit:
    """Open a visit at an event, or an unscheduled one. A planned visit that is there already is answered."""
    participant = by_pseudonym(session, actor, order.study, order.pseudonym, May.REGISTER)
    if order.event is None:
        return open_visits(session, actor, participant, [None], order.label, order.took_place)[0]
    event = _event(session, participant, order.event)
    there = session.exec(
        # By the event's code: a newer version of the protocol has another row for the same event.
        select(Visit).where(
            col(Visit.participant_id) == participant.id,
            col(Visit.label) == event.code,
            col(Visit.event_id).is_not(None),
        )
    ).first()
    return there or open_visits(session, actor, participant, [event], took_place=order.took_place)[0]


def open_visits(
    session: Session,
    actor: Actor,
    participant: Participant,
    events: Sequence[Event | None],
    label: str = UNSCHEDULED,
    took_place: datetime | None = None,
) -> list[Visit]:
    """Open visits of one participant, planned or (without an event) unscheduled, in one act."""
    visits = [new_visit(participant, event, label, took_place) for event in events]
    custody.record_all(session, actor, [opening_of(visit) for visit in visits])
    return visits


def new_visit(
    participant: Participant,
    event: Event | None,
    label: str = UNSCHEDULED,
    took_place: datetime | None = None,
) -> Visit:
    """A visit not yet kept, for those who keep many at once with `opening_of`."""
    return Visit(
        code=codes.new_code(CodeKind.VISIT),
        participant_id=participant.id,
        event_id=event.id if event else None,
        label=event.code if event else label,
        planned_on=planned_on(participant, event) if event else None,
        took_place_at=took_place,
        status=VisitStatus.PLANNED,
    )


def opening_of(visit: Visit) -> custody.Line:
    """The line that opens a visit."""
    return custody.Line(subject=visit, kind=Kind.OPENED, change=records.visit_said(visit))


def mark_done(session: Session, actor: Actor, visit: Visit, when: datetime | None) -> None:
    """The visit took place: something was collected. A visit that was done stays as it is."""
    if visit.status is VisitStatus.DONE:
        return
    if custody.lock(session, [visit.id])[visit.id]["status"] == "done":
        return  # by somebody who registered at the same moment
    visit.status = VisitStatus.DONE
    visit.took_place_at = visit.took_place_at or when
    change = {"status": "done", "took_place": records.visit_said(visit)["took_place"]}
    custody.record(session, actor, visit, Kind.CHANGED, change=change, occurred=when)
    session.flush()


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


# --- how ---


def _event(session: Session, participant: Participant, code: str) -> Event:
    study = session.get_one(Study, participant.study_id)
    events = studies.events(session, study)
    for event in events:
        if event.code == code:
            return event
    known = ", ".join(event.code for event in events[:20])
    message = N_("There is no event “%(code)s” in the protocol. It has: %(known)s.")
    raise RuleBroken("event_unknown", message, field="event", code=code[:20], known=known)
