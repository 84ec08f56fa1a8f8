"""Participants under pseudonyms: enrolment, consent, and their visits."""

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field
from sqlmodel import Session, col, select

from biobank import accounts, clock, codes, custody, people, studies
from biobank.codes import CodeKind
from biobank.custody import Kind, records
from biobank.errors import Conflict, Fact, NotFound, RuleBroken
from biobank.inputs import Day, Flag, Input, Line, Moment, Pseudonym, Whole
from biobank.people import Actor, May
from biobank.tables import (
    Anchor,
    Attribute,
    Consent,
    Event,
    Participant,
    Scope,
    Site,
    Study,
    Visit,
    VisitStatus,
)
from biobank.texts import N_

UNSCHEDULED = "UNS"


# --- words ---


class ConsentOrder(Input):
    """A signed consent: its version, what it covers, the day it was given (none where it was imported)."""

    version: Annotated[Line, Field(max_length=40)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    given_on: date | None = None
    imported: Flag = False


class Enrolment(Input):
    """A new participant: a pseudonym in a study at a site, with consent. Never a name or a birth date."""

    study: Line
    site: Line
    pseudonym: Pseudonym
    arm: str = ""
    enrolled_on: Day | None = None
    attributes: dict[str, Line | Whole] = {}
    consent: ConsentOrder


class VisitOrder(Input):
    """A visit to open: at an event of the protocol, or unscheduled under a label of its own."""

    study: Line
    pseudonym: Pseudonym
    event: str | None = None
    label: Annotated[Line, Field(max_length=20)] = UNSCHEDULED
    took_place: Moment | None = None


class ParticipantCard(msgspec.Struct, frozen=True):
    """A participant as pages and programs see it."""

    id: UUID
    study: str
    site: str
    pseudonym: str
    arm: str
    enrolled_on: date | None
    attributes: dict[str, Any]
    scopes: list[str]
    visits: list["VisitRow"]


class VisitRow(msgspec.Struct, frozen=True):
    """A visit in a list."""

    code: str
    event: str
    status: str
    planned_on: date | None
    took_place: datetime | None


# --- rules ---


def require_attributes(known: Sequence[Attribute], given: dict[str, Any]) -> None:
    """Refused: an attribute the protocol does not note, or a value it does not allow."""
    declared = {attribute.name: attribute for attribute in known}
    for name, value in given.items():
        field, attribute = f"attributes.{name}", declared.get(name)
        if attribute is None:
            message = N_("The protocol notes no “%(name)s”. It notes: %(known)s.")
            shown = ", ".join(declared) or "-"
            raise RuleBroken("attribute_unknown", message, field=field, name=name[:40], known=shown)
        if attribute.values and str(value) not in attribute.values:
            message = N_("“%(value)s” is not one of: %(known)s.")
            shown = ", ".join(attribute.values)
            raise RuleBroken("attribute_value", message, field=field, value=str(value)[:40], known=shown)
        lowest, highest = attribute.lowest, attribute.highest
        if lowest is None and highest is None:
            continue
        least, most = lowest or 0, 2**31 - 1 if highest is None else highest
        if not isinstance(value, int) or not least <= value <= most:
            message = N_("%(name)s must be a whole number from %(lowest)s to %(highest)s.")
            facts: dict[str, Fact] = {"name": name, "lowest": least, "highest": most}
            raise RuleBroken("attribute_range", message, field=field, **facts)


def require_consent(consents: Sequence[Consent], scope: Scope, pseudonym: str) -> None:
    """Refused: something that no consent of the participant covers."""
    if not any(scope in consent.scopes for consent in consents):
        message = N_("No consent of %(pseudonym)s covers %(scope)s. Record the consent first.")
        raise RuleBroken("consent_missing", message, pseudonym=pseudonym, scope=scope.value)


def planned_on(participant: Participant, event: Event) -> date | None:
    """The day an event is due, where its anchor is known already."""
    if event.anchor is Anchor.ENROLMENT and participant.enrolled_on:
        return participant.enrolled_on + timedelta(days=event.offset_days)
    return None


# --- actions ---


def enroll(session: Session, actor: Actor, order: Enrolment) -> Participant:
    """Enrol one participant with a consent and the visits the protocol plans for the arm.

    Refused: a pseudonym taken in this study, a study, site or arm that is not there, an attribute the
    protocol does not note or allow.
    """
    study = studies.by_code(session, actor, order.study, May.REGISTER)
    (participant,) = enroll_all(session, actor, study, [order])
    planned = [
        event for event in studies.events(session, study) if not event.arms or participant.arm in event.arms
    ]
    open_visits(session, actor, participant, planned)
    return participant


def enroll_all(
    session: Session, actor: Actor, study: Study, orders: Sequence[Enrolment]
) -> list[Participant]:
    """Enrol several participants of one study, without planning visits. Refused as `enroll` refuses."""
    noted, arms = studies.attributes(session, study), studies.arms(session, study)
    sites = {code: accounts.site_by_code(session, code) for code in {order.site for order in orders}}
    _require_new(session, study, [order.pseudonym for order in orders])
    made: list[Participant] = []
    consents: list[Consent] = []
    for order in orders:
        participant = _participant(study, sites[order.site], order, arms)
        people.require(actor, May.REGISTER, participant)
        require_attributes(noted, order.attributes)
        consents.append(_consent(participant, order.consent))
        made.append(participant)
    custody.record_all(
        session,
        actor,
        [
            custody.Line(subject=participant, kind=Kind.OPENED, change=_opening(participant, consent))
            for participant, consent in zip(made, consents, strict=True)
        ],
    )
    session.add_all(consents)
    session.flush()
    return made


def give_consent(
    session: Session, actor: Actor, study: str, pseudonym: str, order: ConsentOrder
) -> Participant:
    """Record a further consent of a participant."""
    participant = by_pseudonym(session, actor, study, pseudonym, May.REGISTER)
    consent = _consent(participant, order)
    state = custody.lock(session, [participant.id])[participant.id]
    change = {"consents": [*state["consents"], records.consent_said(consent)]}
    custody.record(session, actor, participant, Kind.CHANGED, change=change)
    session.add(consent)
    session.flush()
    return participant


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
    change = {
        "participant": str(visit.participant_id),
        "event": str(visit.event_id) if visit.event_id else None,
        "status": visit.status.value,
    }
    return custody.Line(subject=visit, kind=Kind.OPENED, change=change)


def mark_done(session: Session, actor: Actor, visit: Visit, when: datetime | None) -> None:
    """The visit took place: something was collected. A visit that was done stays as it is."""
    if visit.status is VisitStatus.DONE:
        return
    if custody.lock(session, [visit.id])[visit.id]["status"] == "done":
        return  # by somebody who registered at the same moment
    custody.record(session, actor, visit, Kind.CHANGED, change={"status": "done"}, occurred=when)
    visit.status = VisitStatus.DONE
    visit.took_place_at = visit.took_place_at or when
    session.flush()


# --- questions ---


def by_pseudonym(
    session: Session, actor: Actor, study: str, pseudonym: str, may: May = May.SEE
) -> Participant:
    """The participant of that pseudonym. Refused: `NotFound` outside the actor's scope."""
    asked = select(Participant).join(Study, col(Study.id) == col(Participant.study_id))
    found = session.exec(
        asked.where(col(Study.code) == study, col(Participant.pseudonym) == pseudonym)
    ).first()
    if found is None or not people.allowed(actor, May.SEE, found):
        message = N_("There is no participant %(pseudonym)s of %(study)s in your scope.")
        raise NotFound("participant_not_found", message, pseudonym=pseudonym[:40], study=study[:40])
    people.require(actor, may, found)
    return found


def visit_by_code(session: Session, actor: Actor, text: str, may: May = May.SEE) -> tuple[Visit, Participant]:
    """The visit of a scanned code, and its participant."""
    code = codes.require(text, CodeKind.VISIT, "visit")
    asked = select(Visit, Participant).join(Participant, col(Participant.id) == col(Visit.participant_id))
    found = session.exec(asked.where(col(Visit.code) == code)).first()
    if found is None or not people.allowed(actor, May.SEE, found[1]):
        raise NotFound("visit_not_found", N_("There is no visit %(code)s in your scope."), code=code)
    people.require(actor, may, found[1])
    return found


def consents(session: Session, participant: Participant) -> list[Consent]:
    """Every consent of a participant, oldest first."""
    asked = select(Consent).where(col(Consent.participant_id) == participant.id)
    return list(session.exec(asked.order_by(col(Consent.id))))


def card(session: Session, participant: Participant) -> ParticipantCard:
    """A participant with consent and visits."""
    given = consents(session, participant)
    asked = select(Visit).where(col(Visit.participant_id) == participant.id).order_by(col(Visit.id))
    return ParticipantCard(
        id=participant.id,
        study=session.get_one(Study, participant.study_id).code,
        site=session.get_one(Site, participant.site_id).code,
        pseudonym=participant.pseudonym,
        arm=participant.arm,
        enrolled_on=participant.enrolled_on,
        attributes=participant.attributes,
        scopes=sorted({scope for consent in given for scope in consent.scopes}),
        visits=[
            VisitRow(visit.code, visit.label, visit.status.value, visit.planned_on, visit.took_place_at)
            for visit in session.exec(asked)
        ],
    )


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
    rows = session.exec(asked.order_by(col(Participant.pseudonym)).limit(limit)).all()
    return [card(session, participant) for participant in rows]


# --- how ---


def _participant(study: Study, site: Site, order: Enrolment, arms: Sequence[str]) -> Participant:
    if (order.arm or arms) and order.arm not in arms:
        message = N_("There is no arm “%(arm)s” in the protocol. It has: %(known)s.")
        raise RuleBroken(
            "arm_unknown", message, field="arm", arm=order.arm[:40], known=", ".join(arms) or "-"
        )
    return Participant(
        study_id=study.id,
        site_id=site.id,
        pseudonym=order.pseudonym,
        arm=order.arm,
        enrolled_on=order.enrolled_on,
        attributes=dict(order.attributes),
        salt=secrets.token_bytes(16),
    )


def _require_new(session: Session, study: Study, pseudonyms: Sequence[str]) -> None:
    asked = select(Participant.pseudonym).where(
        col(Participant.study_id) == study.id, col(Participant.pseudonym).in_(pseudonyms)
    )
    twice = {name for name, times in Counter(pseudonyms).items() if times > 1}
    taken = set(session.exec(asked)) | twice
    if taken:
        message = N_("%(pseudonym)s is enrolled in %(study)s already.")
        raise Conflict("pseudonym_taken", message, field="pseudonym", pseudonym=min(taken), study=study.code)


def _consent(participant: Participant, order: ConsentOrder) -> Consent:
    if order.given_on and order.given_on > clock.now().date() + timedelta(days=1):
        raise RuleBroken(
            "consent_in_future", N_("The consent's date is in the future."), field="consent.given_on"
        )
    return Consent(
        participant_id=participant.id,
        version=order.version,
        given_on=order.given_on,
        imported=order.imported,
        scopes=[scope.value for scope in order.scopes],
    )


def _opening(participant: Participant, consent: Consent) -> dict[str, Any]:
    """The state a participant's chain begins with: ids, and a blinded commitment to the rest."""
    return {
        "study": str(participant.study_id),
        "site": str(participant.site_id),
        "told": records.told(participant),
        "consents": [records.consent_said(consent)],
    }


def _event(session: Session, participant: Participant, code: str) -> Event:
    study = session.get_one(Study, participant.study_id)
    events = studies.events(session, study)
    for event in events:
        if event.code == code:
            return event
    known = ", ".join(event.code for event in events[:20])
    message = N_("There is no event “%(code)s” in the protocol. It has: %(known)s.")
    raise RuleBroken("event_unknown", message, field="event", code=code[:20], known=known)
