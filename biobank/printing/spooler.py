"""The spooler: the thread that sends jobs while the biobank is served, and ways to send one at once."""

import threading
import time
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from biobank import clock
from biobank.database import Database
from biobank.errors import Busy, NotFound, RuleBroken
from biobank.printing import claiming, preparing
from biobank.printing.faults import fault_of
from biobank.printing.sending import STACK, Heard, Sender
from biobank.printing.transport import PATIENCE, Patience
from biobank.tables import JobState, PrintJob
from biobank.texts import N_

AT_ONCE = 500
"""A PDF of so many labels is made while somebody waits for it; a larger one is left to the spooler."""

_AT_A_TIME = 4
"""Jobs sent at a time, each to a printer of its own: one that hangs must not hold up the others."""

_PAUSE = 1.0
"""Seconds between looking for jobs."""

_GRACE = 15.0
"""Seconds that labels under way have to come out when the program ends."""

_LEFT_TO_OTHERS = timedelta(seconds=30)
"""So long a small PDF is left to who asked for it."""

_MOST_LOOKED_AT = 1000

_log = structlog.get_logger()


class Spooler:
    """One thread that looks for jobs, and one for each that it sends; several programs may run one each."""

    def __init__(self, database: Database, *, patience: Patience = PATIENCE, pause: float = _PAUSE) -> None:
        self._database = database
        self._patience = patience
        self._pause = pause
        self._leaving = threading.Event()
        self._sending: dict[UUID, threading.Thread] = {}
        self._thread = threading.Thread(target=self._look, name="spooler", daemon=True)

    def start(self) -> None:
        """Begin to look for jobs."""
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more and wait for what is on its way; what does not end is asked about later."""
        self._leaving.set()
        until = time.monotonic() + _GRACE
        for thread in (self._thread, *self._sending.values()):
            thread.join(max(0.0, until - time.monotonic()))

    def _look(self) -> None:
        while not self._leaving.wait(self._pause):
            try:
                self._take_up()
            except Busy:
                continue  # the database cannot be reached: it is looked at again
            except Exception:  # noqa: BLE001 - labels of tomorrow must not wait for a restart
                _log.exception("spooler")

    def _take_up(self) -> None:
        self._sending = {job: thread for job, thread in self._sending.items() if thread.is_alive()}
        for job_id in self._database.read(turns):
            if len(self._sending) >= _AT_A_TIME:
                return
            claimed = self._database.write(lambda session, job_id=job_id: claiming.claim(session, job_id))  # type: ignore[misc]
            if claimed:
                sender = Sender(
                    self._database, job_id, claimed, patience=self._patience, leaving=self._leaving.is_set
                )
                self._sending[job_id] = _started(sender, job_id)


def drain(
    database: Database,
    job_id: UUID,
    *,
    patience: Patience = PATIENCE,
    stack: int = STACK,
    heard: Heard | None = None,
) -> JobState:
    """Send a job here and now, as far as that goes; how far it is then.

    A printer is sent stacks of so many labels. Where another process is sending the job already, that is
    waited for. `heard` is told after each stack how many labels are out, of how many that were left.
    Refused: a job there is not.
    """
    while True:
        claimed = database.write(lambda session: claiming.claim(session, job_id))
        if claimed:
            total = database.read(lambda session: session.get_one(PrintJob, job_id).total)
            apart = total > AT_ONCE
            Sender(database, job_id, claimed, patience=patience, apart=apart, stack=stack).send(heard)
        state, is_sent, waits = database.read(lambda session: _progress(session, job_id))
        if claimed and state is JobState.QUEUED and not waits:
            continue  # a label was replaced while it was drawn
        if claimed or not is_sent:
            return state
        time.sleep(patience.between)


def pdf(database: Database, job_id: UUID) -> bytes:
    """The document of a job that was made to be taken along: in its language, always the same bytes.

    Whether the person may see the job is asked before, by `jobs.card`. Refused: a job of a printer; one
    that is not done yet; and one that failed, with what it failed for.
    """
    paper = database.read(lambda session: _document(session, job_id))
    return preparing.drawn(paper)


# --- how ---


def _started(sender: Sender, job_id: UUID) -> threading.Thread:
    def send() -> None:
        try:
            sender.send()
        except Exception:  # noqa: BLE001 - the lease ends by itself, and the job is taken up again
            _log.exception("sending", job=str(job_id))

    thread = threading.Thread(target=send, name="sending", daemon=True)
    thread.start()
    return thread


def turns(session: Session, most: int = _MOST_LOOKED_AT) -> list[UUID]:
    """The first job of each printer that nobody is sending, and those that are documents; so many at most."""
    now = clock.now()
    older = aliased(PrintJob)
    before = select(older.id).where(
        col(older.printer_id) == col(PrintJob.printer_id),
        col(older.id) < col(PrintJob.id),
        *_under_way(older),
    )
    asked = select(PrintJob).where(*_under_way(PrintJob), ~before.exists()).order_by(col(PrintJob.id))
    turns = []
    for job in session.exec(asked.limit(most)):
        awaited = not job.printer_id and job.total <= AT_ONCE and now < job.made_at + _LEFT_TO_OTHERS
        if not awaited and (job.claimed_until is None or job.claimed_until <= now):
            turns.append(job.id)
    return turns


def _under_way(job: type[PrintJob]) -> tuple[ColumnElement[bool], ...]:
    return col(job.ended_at).is_(None), col(job.state) != JobState.ASKING


def _job(session: Session, job_id: UUID) -> PrintJob:
    job = session.get(PrintJob, job_id)
    if job is None:
        raise NotFound("print_job_not_found", N_("There is no such print job in your scope."), field="job")
    return job


def _progress(session: Session, job_id: UUID) -> tuple[JobState, bool, bool]:
    """How far it is, whether somebody is sending it, whether it is to be tried again later."""
    job = _job(session, job_id)
    return job.state, job.claimed_by is not None and job.ended_at is None, job.claimed_until is not None


def _document(session: Session, job_id: UUID) -> preparing.Paper:
    job = _job(session, job_id)
    fault = fault_of(job)
    if job.state is JobState.FAILED and fault:
        raise RuleBroken(fault.slug, fault.message, field=None, **fault.facts)
    if job.printer_id:
        message = N_(
            "The labels of this job are printed by a printer. Order them as a PDF to take them along."
        )
        raise RuleBroken("print_job_of_printer", message, field="printer")
    if job.state is not JobState.DONE:
        message = N_("These labels are not ready yet. Look again in a moment.")
        raise RuleBroken("print_job_not_ready", message, field="job")
    return preparing.paper(session, job)
