"""Claiming: which job is whose turn, and every change that its sender makes to it, each in a transaction."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from biobank import clock
from biobank.errors import Refusal, RuleBroken
from biobank.printing import logged
from biobank.printing.faults import Fault, fault_of
from biobank.tables import JobState, LabelState, PrintedLabel, Printer, PrintJob
from biobank.texts import N_

LEASE = timedelta(minutes=2)
"""So long a job is left to who claimed it and says nothing more."""

_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
_LONGEST_FACT = 200

# --- taking up ---


def claim(session: Session, job_id: UUID) -> UUID | None:
    """Take a job up where it is its turn; the key of the claim, None where there is nothing to do.

    What another left behind is settled first: of labels that it sent and said no more of, a person is
    asked. One job at a time is sent to a printer, in the order they were made.
    """
    job = session.get(PrintJob, job_id, with_for_update=True, populate_existing=True)
    now = clock.now()
    if job is None or job.ended_at or job.state is JobState.ASKING:
        return None
    if job.claimed_until and job.claimed_until > now:
        return None
    if job.claimed_by and _left_behind(session, job):
        return None
    if job.state is JobState.STOPPED:
        _end(job, JobState.STOPPED)
        return None
    printer = session.get(Printer, job.printer_id, with_for_update=True) if job.printer_id else None
    if printer and printer.ended_at:
        message = N_("The printer %(name)s is out of use.")
        _blame(session, job, RuleBroken("printer_ended", message, field="printer", name=printer.name))
        _end(job, JobState.FAILED)
        return None
    if printer and _is_busy(session, job):
        return None
    job.state, job.claimed_by, job.claimed_until = JobState.SENDING, clock.new_key(), now + LEASE
    return job.claimed_by


def _left_behind(session: Session, job: PrintJob) -> bool:
    """Whether who sent this job fell silent with labels on their way; then a person is asked."""
    on_their_way = select(PrintedLabel.id).where(
        col(PrintedLabel.job_id) == job.id, col(PrintedLabel.state) == LabelState.SENT
    )
    if session.exec(on_their_way.limit(1)).first() is None:
        return False
    message = N_("The program ended while labels were being sent. Look at the printer.")
    return not doubt(session, job, RuleBroken("sender_lost", message, field="printer"))


def _is_busy(session: Session, job: PrintJob) -> bool:
    """Whether an older job is before this one at its printer, or any is being sent to it."""
    before: ColumnElement[bool] = or_(col(PrintJob.id) < job.id, col(PrintJob.claimed_by).is_not(None))
    others = select(PrintJob.id).where(
        col(PrintJob.printer_id) == job.printer_id,
        col(PrintJob.id) != job.id,
        col(PrintJob.ended_at).is_(None),
        col(PrintJob.state) != JobState.ASKING,
        before,
    )
    return session.exec(others.limit(1)).first() is not None


# --- while it is sent ---


def tell(session: Session, job: PrintJob, ids: Sequence[UUID], state: LabelState) -> bool:
    """Give labels a state, the waiting ones with their event.

    False, and none begins: of a stopped job; of a stack that is drawn with a label which is void by now.
    """
    asked = select(PrintedLabel).where(col(PrintedLabel.id).in_(ids)).order_by(col(PrintedLabel.serial))
    # Locked, for a scan may say at this moment that one of them is on its tube.
    labels = session.exec(asked.with_for_update().execution_options(populate_existing=True)).all()
    waiting = [label for label in labels if label.state is LabelState.QUEUED]
    gone = state is LabelState.SENT and any(label.state is LabelState.VOID for label in labels)
    if gone or (waiting and job.state is not JobState.SENDING):
        _take_back(session, job)  # the first part of one document, none of which has gone out
        return leave(session, job)
    if waiting:
        logged.put_down(session, logged.asker(session, job), job, waiting, state)
    logged.settle(session, [label for label in labels if label.state is LabelState.SENT], state)
    return True


def nothing_left(session: Session, job: PrintJob) -> bool:
    """Its labels were all replaced or left out meanwhile."""
    out = col(PrintedLabel.state).in_([LabelState.PRINTED, LabelState.APPLIED])
    some = session.exec(
        select(PrintedLabel.id).where(col(PrintedLabel.job_id) == job.id, out).limit(1)
    ).first()
    _end(job, JobState.DONE if some else JobState.STOPPED)
    return False


def finish(session: Session, job: PrintJob) -> bool:
    """Everything is out."""
    job.fault, job.facts = "", ""
    _end(job, JobState.DONE)
    printer = _printer(session, job)
    if printer:
        printer.fault, printer.heard_at = "", clock.now()
    return True


def leave(_: Session, job: PrintJob) -> bool:
    """The program ends: the rest is for whoever takes the job up next."""
    if job.state is JobState.SENDING:
        job.state, job.claimed_by, job.claimed_until = JobState.QUEUED, None, None
    else:
        _end(job, JobState.STOPPED)
    return False


def put_off(session: Session, job: PrintJob, refusal: Refusal) -> bool:
    """Nothing of what is left was sent: it is tried again by itself, after longer and longer."""
    known = fault_of(job)
    tries = known.tries + 1 if known else 1
    _blame(session, job, refusal, tries)
    leave(session, job)
    if job.state is JobState.QUEUED:
        job.claimed_until = clock.now() + min(_FIRST_WAIT * 2 ** min(tries - 1, 10), _LONGEST_WAIT)
    return False


def take_back(session: Session, job: PrintJob, refusal: Refusal) -> bool:
    """What was told of as sent was surely not printed: the log says so, and it waits again."""
    _take_back(session, job)
    return put_off(session, job, refusal)


def _take_back(session: Session, job: PrintJob) -> None:
    begun = [LabelState.SENT] if job.printer_id else [LabelState.PRINTED]
    asked = select(PrintedLabel).where(col(PrintedLabel.job_id) == job.id, col(PrintedLabel.state).in_(begun))
    fresh = asked.with_for_update().execution_options(populate_existing=True)
    labels = session.exec(fresh.order_by(col(PrintedLabel.serial))).all()
    logged.take_back(session, logged.asker(session, job), labels, LabelState.QUEUED)


def doubt(session: Session, job: PrintJob, refusal: Refusal) -> bool:
    """Nobody knows what of the last stack came out: a person is asked, stopped or not."""
    _blame(session, job, refusal)
    job.state, job.claimed_by, job.claimed_until = JobState.ASKING, None, None
    return False


def fail(session: Session, job: PrintJob, refusal: Refusal) -> bool:
    """It cannot be drawn, or would not scan: what is left of it is never printed."""
    asked = select(PrintedLabel).where(
        col(PrintedLabel.job_id) == job.id, col(PrintedLabel.state) == LabelState.QUEUED
    )
    logged.settle(session, session.exec(asked).all(), LabelState.VOID)
    _blame(session, job, refusal)
    _end(job, JobState.FAILED)
    return False


# --- how ---


def _end(job: PrintJob, state: JobState) -> None:
    job.state, job.ended_at = state, clock.now()
    job.claimed_by = job.claimed_until = None


def _blame(session: Session, job: PrintJob, refusal: Refusal, tries: int = 0) -> None:
    """Keep why it does not get on, where its printer is at fault beside the printer too."""
    facts = {
        name: fact[:_LONGEST_FACT] if isinstance(fact, str) else fact for name, fact in refusal.facts.items()
    }
    job.fault = refusal.slug
    job.facts = msgspec.json.encode(Fault(refusal.slug, refusal.message, facts, tries)).decode()
    printer = _printer(session, job)
    if printer and refusal.field == "printer":
        printer.fault = refusal.slug


def _printer(session: Session, job: PrintJob) -> Printer | None:
    return session.get(Printer, job.printer_id) if job.printer_id else None
