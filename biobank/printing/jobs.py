"""Print jobs: labels that somebody asked for in one act, each a row, and what a person decides of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import Field
from sqlalchemy import ColumnElement, and_, false, func, or_, true
from sqlmodel import Session, col, select

from biobank import clock, people
from biobank.errors import NotFound, RuleBroken
from biobank.inputs import Flag, Input, Whole
from biobank.labels.shapes import Face, Of
from biobank.people import Actor, May
from biobank.printing import logged
from biobank.printing.faults import Fault, fault_of
from biobank.printing.making import MOST, Ordered, make
from biobank.tables import JobState, LabelState, Person, PrintedLabel, Printer, PrinterLanguage, PrintJob
from biobank.texts import N_

__all__ = [
    "AT_ONCE",
    "MOST",
    "Answer",
    "Counts",
    "JobCard",
    "JobOrder",
    "JobRow",
    "JobState",
    "LabelLine",
    "Ordered",
    "Question",
    "Void",
    "answer",
    "card",
    "listed",
    "make",
    "retry",
    "stop",
    "void",
]

AT_ONCE = 100
"""Labels of a job's card that are told at a time."""

# --- words ---


class JobOrder(Input):
    """Which job."""

    job: UUID


class Answer(JobOrder):
    """What came out of the printer: everything up to the label of this number.

    One before the first asked for is none. With `again` the others are printed, else they wait, stopped.
    """

    came_out_to: Whole
    again: Flag = True


class Void(JobOrder):
    """Labels of a job that are not to be printed any more, by number; without numbers all of them."""

    serials: Annotated[list[Whole], Field(max_length=MOST)] = []


class Counts(msgspec.Struct, frozen=True):
    """How many labels of a job are in each state."""

    queued: int = 0
    sent: int = 0
    printed: int = 0
    applied: int = 0
    void: int = 0


class Question(msgspec.Struct, frozen=True):
    """The printer may have printed the labels of these numbers, both with: which came out?"""

    first: int
    last: int
    first_code: str
    last_code: str


class LabelLine(msgspec.Struct, frozen=True):
    """One label of a job, by its number from 1."""

    id: UUID
    serial: int
    code: str
    state: LabelState
    state_at: datetime
    face: Face


class JobRow(msgspec.Struct, frozen=True):
    """A job in a list. `done` of `total` labels are out of the printer, or void."""

    id: UUID
    of: str
    printer: str
    stock: str
    layout: str
    state: JobState
    fault: str
    total: int
    done: int
    person: str
    made_at: datetime
    ended_at: datetime | None


class JobCard(msgspec.Struct, frozen=True):
    """Everything of one job.

    `labels` are some of them, in the order they are printed; `next` is the number to ask on from, None at
    the end. `question` is there while the job asks; `may_stop` and the like say what a person can do now.
    """

    id: UUID
    of: str
    printer: str
    stock: str
    layout: str
    language: PrinterLanguage
    dpi: int
    skip: int
    total: int
    reason: str
    state: JobState
    counts: Counts
    fault: Fault | None
    question: Question | None
    labels: list[LabelLine]
    next: int | None
    may_stop: bool
    may_retry: bool
    may_void: bool
    person: str
    made_at: datetime
    ended_at: datetime | None


# --- rules ---


def _require(session: Session, actor: Actor, job_id: UUID, may: May, *, lock: bool = False) -> PrintJob:
    """Refused: a job that does not exist or is out of the actor's scope, alike."""
    job = session.get(PrintJob, job_id, with_for_update=lock, populate_existing=lock)
    if job is None or not covers(actor, May.SEE, job):
        raise NotFound("print_job_not_found", N_("There is no such print job in your scope."), field="job")
    if not covers(actor, may, job):
        people.require(actor, May.PRINT, job)
    return job


def covers(actor: Actor, may: May, job: PrintJob) -> bool:
    """One's own jobs, and those that a grant covers whole. Who has the label of a badge has the badge."""
    need = May.ADMINISTER if job.of == Of.BADGE else may
    if job.person_id == actor.id:
        return people.allowed(actor, need, job)
    return people.allowed(actor, need) and any(
        need in people.WHO_MAY[grant.role]
        and grant.site_id in (None, job.site_id)
        and grant.study_id in (None, job.study_id)
        for grant in actor.grants
    )


def _asks(job: PrintJob, counts: Counts) -> bool:
    """Whether a person has something to tell; scans may have told it of every label meanwhile."""
    return counts.sent > 0 and (job.state is JobState.ASKING or _is_lost(job))


def _is_lost(job: PrintJob) -> bool:
    """Whether who sent it fell silent: without a spooler nobody but a person takes it up again."""
    return job.claimed_by is not None and job.claimed_until is not None and job.claimed_until <= clock.now()


def _require_answered(job: PrintJob, counts: Counts) -> None:
    if _asks(job, counts):
        message = N_("Nobody has told yet what came out of the printer. Look there, and answer that first.")
        raise RuleBroken("print_job_asks", message, field="job")


def _require_idle(job: PrintJob) -> None:
    if job.claimed_by is not None and not _is_lost(job):
        message = N_("Labels of this job are being sent. Stop it, and wait until they are out.")
        raise RuleBroken("print_job_under_way", message, field="job")


# --- actions ---


def stop(session: Session, actor: Actor, order: JobOrder) -> JobCard:
    """Print no more of a job; what is on its way comes out. Refused: one that is not under way, or asks."""
    job = _require(session, actor, order.job, May.PRINT, lock=True)
    _require_answered(job, _counts(session, job))
    if job.state not in (JobState.QUEUED, JobState.SENDING):
        message = N_("This job is not under way: there is nothing to stop.")
        raise RuleBroken("print_job_ended", message, field="job")
    job.state = JobState.STOPPED
    if job.claimed_by is None or _is_lost(job):
        job.claimed_by, job.claimed_until, job.ended_at = None, None, clock.now()
    return _told(session, job)


def answer(session: Session, actor: Actor, order: Answer) -> JobCard:
    """Tell what came out of the printer: that is printed, and the log says of the others that they were not.

    Refused: a job that does not ask, a number out of what it asks for.
    """
    job = _require(session, actor, order.job, May.PRINT, lock=True)
    asked = _labels(session, job, col(PrintedLabel.state) == LabelState.SENT, lock=True)
    if not asked or not (job.state is JobState.ASKING or _is_lost(job)):
        message = N_("This job asks nothing (any more). Look at its labels.")
        raise RuleBroken("print_job_asks_nothing", message, field="job")
    least, most = asked[0].serial - 1, asked[-1].serial
    if not least <= order.came_out_to <= most:
        message = N_("The last label that came out has a number from %(least)s to %(most)s.")
        raise RuleBroken("came_out_range", message, field="came_out_to", least=least, most=most)
    logged.settle(session, [each for each in asked if each.serial <= order.came_out_to], LabelState.PRINTED)
    missing = [each for each in asked if each.serial > order.came_out_to]
    logged.take_back(session, actor, missing, LabelState.QUEUED)
    _go_on(session, job, again=order.again)
    return _told(session, job)


def retry(session: Session, actor: Actor, order: JobOrder) -> JobCard:
    """Print what is still waiting in a job, now. Refused: where nothing is, a job that asks."""
    job = _require(session, actor, order.job, May.PRINT, lock=True)
    counts = _counts(session, job)
    _require_answered(job, counts)
    _require_idle(job)
    if not counts.queued and job.state is not JobState.ASKING:
        message = N_("No label of this job is waiting to be printed. Order them anew.")
        raise RuleBroken("print_job_nothing_left", message, field="job")
    _go_on(session, job, again=True)
    return _told(session, job)


def void(session: Session, actor: Actor, order: Void) -> JobCard:
    """Let labels that are still waiting never be printed; a job with none left has ended.

    Refused: a job that asks or is being sent, a number that is not waiting.
    """
    job = _require(session, actor, order.job, May.PRINT, lock=True)
    _require_answered(job, _counts(session, job))
    _require_idle(job)
    waiting = _labels(session, job, col(PrintedLabel.state) == LabelState.QUEUED, lock=True)
    wanted = set(order.serials) or {each.serial for each in waiting}
    unknown = wanted - {each.serial for each in waiting}
    if unknown or not wanted:
        message = N_("Label %(serial)s of this job is not waiting to be printed.")
        raise RuleBroken("label_not_waiting", message, field="serials", serial=min(unknown, default=0))
    logged.settle(session, [each for each in waiting if each.serial in wanted], LabelState.VOID)
    _go_on(session, job, again=job.state is JobState.QUEUED)
    return _told(session, job)


def _go_on(session: Session, job: PrintJob, *, again: bool) -> None:
    """Queue what is left of a job, or leave it to a person; a job with nothing left has ended."""
    session.flush()
    counts = _counts(session, job)
    if counts.queued:
        job.state = JobState.QUEUED if again else JobState.STOPPED
    else:
        job.state = JobState.DONE if counts.printed or counts.applied else JobState.STOPPED
    job.fault, job.facts = "", ""
    job.claimed_by = job.claimed_until = None
    job.ended_at = None if job.state is JobState.QUEUED else clock.now()


# --- questions ---


def card(session: Session, actor: Actor, job_id: UUID, *, after: int = 0, most: int = AT_ONCE) -> JobCard:
    """One job, with its labels whose number is above `after`. Refused: one out of the actor's scope."""
    return _card(session, _require(session, actor, job_id, May.SEE), after, most)


def listed(
    session: Session, actor: Actor, *, under_way: bool = False, most: int = 100, after: UUID | None = None
) -> list[JobRow]:
    """The newest jobs in the actor's scope first, those older than `after`; or those that have not ended."""
    badge = col(PrintJob.of) == Of.BADGE
    mine = col(PrintJob.person_id) == actor.id
    administered = people.visible(actor, May.ADMINISTER, PrintJob)
    seen = or_(mine, people.visible(actor, May.SEE, PrintJob)) if people.allowed(actor, May.SEE) else false()
    own = or_(mine, administered) if people.allowed(actor, May.ADMINISTER) else false()
    asked = (
        select(PrintJob, Person.name, Printer.name)
        .join(Person, col(Person.id) == col(PrintJob.person_id))
        .outerjoin(Printer, col(Printer.id) == col(PrintJob.printer_id))
        .where(or_(and_(~badge, seen), and_(badge, own)))
        .where(col(PrintJob.ended_at).is_(None) if under_way else true())
        .order_by(col(PrintJob.id).desc())
        .limit(most)
    )
    rows: list[tuple[PrintJob, str, str | None]] = []
    while True:
        some = session.exec(asked.where(col(PrintJob.id) < after) if after else asked).all()
        # A job of one's own may be of a site that one has left meanwhile.
        rows += [row for row in some if covers(actor, May.SEE, row[0])]
        if len(some) < most or len(rows) >= most:
            break
        after = some[-1][0].id
    done = _done(session, [job for job, _, _ in rows[:most]])
    return [_row(job, person, printer or "", done) for job, person, printer in rows[:most]]


# --- how ---


def _told(session: Session, job: PrintJob) -> JobCard:
    session.flush()
    return _card(session, job)


def _labels(
    session: Session,
    job: PrintJob,
    which: ColumnElement[bool],
    most: int | None = None,
    *,
    lock: bool = False,
) -> list[PrintedLabel]:
    """Locked where they are decided on: a scan may tell of one at the same moment."""
    asked = select(PrintedLabel).where(col(PrintedLabel.job_id) == job.id, which).limit(most)
    asked = asked.order_by(col(PrintedLabel.serial)).execution_options(populate_existing=True)
    return list(session.exec(asked.with_for_update() if lock else asked))


def _counts(session: Session, job: PrintJob) -> Counts:
    asked = select(PrintedLabel.state, func.count()).where(col(PrintedLabel.job_id) == job.id)
    found = session.exec(asked.group_by(col(PrintedLabel.state))).all()
    return Counts(**{str(state): count for state, count in found})


def _done(session: Session, jobs: Sequence[PrintJob]) -> dict[UUID, int]:
    """How many labels of each job are out or void; a job that is done need not be counted."""
    done = {job.id: job.total for job in jobs if job.state is JobState.DONE}
    open_ones = [job.id for job in jobs if job.id not in done]
    settled = col(PrintedLabel.state).not_in([LabelState.QUEUED, LabelState.SENT])
    asked = select(PrintedLabel.job_id, func.count()).where(col(PrintedLabel.job_id).in_(open_ones), settled)
    return {**done, **dict(session.exec(asked.group_by(col(PrintedLabel.job_id))).all())}


def _row(job: PrintJob, person: str, printer: str, done: dict[UUID, int]) -> JobRow:
    how_far = job.state, job.fault, job.total, done.get(job.id, 0)
    return JobRow(job.id, job.of, printer, job.stock, job.layout, *how_far, person, job.made_at, job.ended_at)


def _card(session: Session, job: PrintJob, after: int = 0, most: int = AT_ONCE) -> JobCard:
    counts = _counts(session, job)
    labels = _labels(session, job, col(PrintedLabel.serial) > after, most=most + 1)
    printer = session.get(Printer, job.printer_id) if job.printer_id else None
    idle = (job.claimed_by is None or _is_lost(job)) and not _asks(job, counts)
    decidable = job.fault or job.state is JobState.STOPPED or _is_lost(job)
    return JobCard(
        id=job.id,
        of=job.of,
        printer=printer.name if printer else "",
        stock=job.stock,
        layout=job.layout,
        language=job.language,
        dpi=job.dpi,
        skip=job.skip,
        total=job.total,
        reason=job.reason,
        state=job.state,
        counts=counts,
        fault=fault_of(job),
        question=_question(session, job) if _asks(job, counts) else None,
        labels=[
            LabelLine(each.id, each.serial, each.code, each.state, each.state_at, logged.face_of(each))
            for each in labels[:most]
        ],
        next=labels[most - 1].serial if len(labels) > most else None,
        may_stop=job.state in (JobState.QUEUED, JobState.SENDING) and not _asks(job, counts),
        may_retry=idle and bool(job.state is JobState.ASKING or (counts.queued and decidable)),
        may_void=idle and counts.queued > 0,
        person=session.get_one(Person, job.person_id).name,
        made_at=job.made_at,
        ended_at=job.ended_at,
    )


def _question(session: Session, job: PrintJob) -> Question | None:
    sent = col(PrintedLabel.state) == LabelState.SENT
    asked = _labels(session, job, sent)
    return Question(asked[0].serial, asked[-1].serial, asked[0].code, asked[-1].code) if asked else None
