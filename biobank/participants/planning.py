"""Planning: the visits of participants made what the protocol in force wants; what was done stays."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, or_, select

from biobank import clock, custody, studies
from biobank.participants import scheduling
from biobank.participants.scheduling import Wanted
from biobank.participants.visits import change_of, new_visit, opening_of
from biobank.people import Actor
from biobank.studies import Difference, StudyCard
from biobank.studies.file import EventPart
from biobank.tables import (
    Anchor,
    Event,
    Participant,
    Procedure,
    Specimen,
    Study,
    Visit,
    VisitStatus,
    Withdrawal,
)

AT_ONCE = 500
"""Participants planned by one set of statements."""

_OPEN = (VisitStatus.PLANNED, VisitStatus.CANCELLED)
"""Only these are ever written here: what was done or missed is history."""


# --- words ---


class Changes(msgspec.Struct, frozen=True):
    """How many visits are opened, given other days, cancelled, and planned again after that."""

    opened: int = 0
    redated: int = 0
    cancelled: int = 0
    revived: int = 0

    def __add__(self, other: "Changes") -> "Changes":
        """Both together."""
        return Changes(*(mine + its for mine, its in zip(_numbers(self), _numbers(other), strict=True)))


class Adopted(msgspec.Struct, frozen=True):
    """A protocol file as it was loaded, and what it changed of visits."""

    study: StudyCard
    changes: Changes


class Preview(msgspec.Struct, frozen=True):
    """What a protocol file would change: of the study, in words, and of how many visits."""

    differences: list[Difference]
    changes: Changes


class _Step(msgspec.Struct, frozen=True):
    """One visit to write: without a visit it is opened, without a wish it is cancelled."""

    participant: Participant
    visit: Visit | None
    wish: Wanted | None
    begun: bool = False


# --- actions ---


def plan(session: Session, actor: Actor, participants: Sequence[Participant]) -> Changes:
    """Make the visits of these participants, all of one study, what the protocol in force wants.

    A planned visit gets the days its anchor gives it now and follows the version in force; one that is
    no longer wanted is cancelled unless it was begun (a specimen of it is there); a cancelled one that
    is wanted again is planned again; what is lacking is opened. Visits that are done or missed are not
    touched. Locks the participants, then their visits.
    """
    changes = Changes()
    for start in range(0, len(participants), AT_ONCE):
        some = [participant.id for participant in participants[start : start + AT_ONCE]]
        custody.lock(session, some)
        asked = select(Visit.id).where(col(Visit.participant_id).in_(some), col(Visit.status).in_(_OPEN))
        custody.lock(session, session.exec(asked).all())
        fresh = select(Participant).where(col(Participant.id).in_(some))
        read = session.exec(fresh.execution_options(populate_existing=True)).all()
        events = studies.events(session, session.get_one(Study, read[0].study_id))
        changes += _write(session, actor, list(_steps(session, read, events)))
    return changes


def adopt(session: Session, actor: Actor, text: bytes) -> Adopted:
    """Load a protocol file and plan the visits of the study's participants by it.

    Refused: what `studies.load` refuses. What was collected, done or missed stays as it is.
    """
    card = studies.load(session, actor, text)
    study = session.get_one(Study, card.id)
    return Adopted(card, plan(session, actor, followed(session, study)))


# --- questions ---


def preview(session: Session, actor: Actor, text: bytes) -> Preview:
    """What `adopt` would do with this file; nothing is changed. Refused: what `studies.load` refuses."""
    told = studies.differences(session, actor, text)
    protocol = studies.read_protocol(text)
    study = session.exec(select(Study).where(col(Study.code) == protocol.study.code)).first()
    if study is None:
        return Preview(told, Changes())
    events = [_not_kept(part) for part in protocol.events]
    return Preview(told, would_change(session, followed(session, study), events))


def would_change(session: Session, participants: Sequence[Participant], events: Sequence[Event]) -> Changes:
    """What planning by these events would do to the visits of these participants. Changes nothing."""
    changes = Changes()
    for start in range(0, len(participants), AT_ONCE):
        for step in _steps(session, participants[start : start + AT_ONCE], events):
            changes += _counted(step)
    return changes


def followed(session: Session, study: Study) -> Sequence[Participant]:
    """The participants whose visits are planned: with a day of enrolment, a procedure, or a visit to come.

    The others were taken in with what was done alone, and no day to count from.
    """
    to_come = select(Visit.id).where(
        col(Visit.participant_id) == col(Participant.id), col(Visit.status).in_(_OPEN)
    )
    operated = select(Procedure.id).where(col(Procedure.participant_id) == col(Participant.id))
    asked = select(Participant).where(
        col(Participant.study_id) == study.id,
        or_(col(Participant.enrolled_on).is_not(None), to_come.exists(), operated.exists()),
    )
    return session.exec(asked.order_by(col(Participant.id))).all()


# --- how ---


def _not_kept(part: EventPart) -> Event:
    """An event to plan by that is in no protocol yet."""
    return Event(
        protocol_id=clock.new_key(),
        code=part.code,
        title=part.title,
        position=0,
        anchor=Anchor(part.anchor),
        offset_months=part.month or 0,
        offset_days=part.day or 0,
        window_before=part.before,
        window_after=part.after,
        arms=part.arms,
    )


def _steps(session: Session, participants: Sequence[Participant], events: Sequence[Event]) -> Iterator[_Step]:
    """What must be written so that each participant has the visits that are wanted."""
    ids = [participant.id for participant in participants]
    visits = _of_each(session, Visit, ids)
    procedures = _of_each(session, Procedure, ids)
    withdrawn = _of_each(session, Withdrawal, ids)
    begun = _begun(session, ids)
    for participant in participants:
        mine = visits[participant.id]
        wishes = scheduling.wanted(
            participant.arm, participant.enrolled_on, procedures[participant.id], events
        )
        if withdrawn[participant.id]:
            wishes = []
        elif _is_history(participant, mine):
            wishes = [wish for wish in wishes if wish.occasion]
        yield from _reconciled(participant, mine, wishes, begun)


def _reconciled(
    participant: Participant, visits: Sequence[Visit], wishes: Sequence[Wanted], begun: set[UUID]
) -> Iterator[_Step]:
    # By the event's code: each version of the protocol has another row for the same event.
    there = {(visit.label, visit.occasion): visit for visit in visits if visit.event_id}
    wanted = {(wish.event.code, wish.occasion): wish for wish in wishes}
    for key, wish in wanted.items():
        visit = there.get(key)
        if visit is None or visit.status in _OPEN:
            yield _Step(participant, visit, wish, begun=bool(visit and visit.id in begun))
    for key, visit in there.items():
        if key not in wanted and visit.status is VisitStatus.PLANNED and visit.id not in begun:
            yield _Step(participant, visit, None)


def _is_history(participant: Participant, visits: Sequence[Visit]) -> bool:
    """Whether somebody was taken in from a file, with what was done and no day to count from."""
    counted = [visit for visit in visits if visit.occasion == 0]
    open_ones = any(visit.event_id and visit.status in _OPEN for visit in counted)
    return participant.enrolled_on is None and bool(counted) and not open_ones


def _write(session: Session, actor: Actor, steps: Sequence[_Step]) -> Changes:
    changes = Changes()
    lines: list[custody.Line] = []
    kept: list[dict[str, Any]] = []
    for step in steps:
        changes += _counted(step)
        if step.visit is None:
            lines.append(opening_of(new_visit(step.participant, step.wish)))
            continue
        now = _columns(step.visit, step)
        if any(getattr(step.visit, name) != value for name, value in now.items()):
            kept.append({"key": step.visit.id, **now})
            for name, value in now.items():
                set_committed_value(step.visit, name, value)
            line = change_of(session, step.visit)
            # New days alone are on no log of a visit: they follow from those of the participant.
            lines += [line] if line else []
    session.flush()
    if kept:  # one statement: the session's own would be one for each way in which a visit changes
        session.connection().execute(update(Visit).where(col(Visit.id) == bindparam("key")), kept)
    custody.record_all(session, actor, lines)
    return changes


def _columns(visit: Visit, step: _Step) -> dict[str, Any]:
    """What the columns of a visit will be."""
    wish = step.wish
    names = ("event_id", "occasion", "procedure_id", "planned_on", "opens_on", "closes_on")
    columns = {name: getattr(visit, name) for name in names}
    if wish is None:
        return {**columns, "status": VisitStatus.CANCELLED}
    days = {"planned_on": wish.planned_on, "opens_on": wish.opens_on, "closes_on": wish.closes_on}
    counted_from = wish.procedure.id if wish.procedure else None
    columns |= {**days, "procedure_id": counted_from, "status": VisitStatus.PLANNED}
    # The tubes of a visit that was begun are those of the version it was begun under.
    return columns if step.begun else {**columns, "event_id": wish.event.id}


def _counted(step: _Step) -> Changes:
    visit, wish = step.visit, step.wish
    if visit is None:
        return Changes(opened=1)
    if wish is None:
        return Changes(cancelled=1)
    if visit.status is VisitStatus.CANCELLED:
        return Changes(revived=1)
    days = (visit.planned_on, visit.opens_on, visit.closes_on)
    return Changes(redated=int(days != (wish.planned_on, wish.opens_on, wish.closes_on)))


def _begun(session: Session, participants: Sequence[UUID]) -> set[UUID]:
    """The open visits of these participants that a specimen stands for.

    By participant: the visits of five hundred are more than a statement can name one by one.
    """
    asked = select(Specimen.visit_id).join(Visit, col(Visit.id) == col(Specimen.visit_id)).distinct()
    asked = asked.where(col(Visit.participant_id).in_(participants), col(Visit.status).in_(_OPEN))
    return set(session.exec(asked))


def _of_each(session: Session, table: type[Any], ids: Sequence[UUID]) -> defaultdict[UUID, list[Any]]:
    """The rows of these participants as they are now, oldest first."""
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    asked = select(table).where(col(table.participant_id).in_(ids)).order_by(table.id)
    for row in session.exec(asked.execution_options(populate_existing=True)):
        found[row.participant_id].append(row)
    return found


def _numbers(changes: Changes) -> tuple[int, ...]:
    return (changes.opened, changes.redated, changes.cancelled, changes.revived)
