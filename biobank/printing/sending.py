"""Sending a job: drawn and read back, then stack by stack, each told of before it goes out and after.

Before a stack goes out its labels are `sent` and stand in the log; when it is out they are `printed`.
Whatever ends in between, a person is asked. No transaction is open while anything is drawn or sent.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from sqlmodel import Session

from biobank import clock
from biobank.database import Database
from biobank.errors import Busy, Refusal, RuleBroken
from biobank.printing import claiming, preparing, transport
from biobank.printing.claiming import LEASE
from biobank.printing.preparing import Paper
from biobank.printing.transport import PATIENCE, Patience
from biobank.tables import JobState, LabelState, Printer, PrinterLanguage, PrintJob

STACK = 25
"""Labels sent at a time: what a person has to look through when nobody knows what came out."""

_AT_ONCE = 500
"""Labels told of in one transaction."""

_BEAT = timedelta(seconds=20)
"""So often a sender says that it is still at it."""


Heard = Callable[[int, int], object]


class Sender:
    """Sends one claimed job. `leaving` tells that the program is about to end: no further stack is begun.

    Labels are drawn and read back `apart`, in a process of their own, or where it is called.
    """

    def __init__(
        self,
        database: Database,
        job_id: UUID,
        claimed: UUID,
        *,
        patience: Patience = PATIENCE,
        leaving: Callable[[], bool] = bool,
        apart: bool = True,
        stack: int = STACK,
    ) -> None:
        self._database = database
        self._job_id = job_id
        self._claimed = claimed
        self._patience = patience
        self._leaving = leaving
        self._apart = apart
        self._stack = stack
        self._next_beat = clock.now() + _BEAT

    def send(self, heard: Heard | None = None) -> None:
        """Send what is waiting in the job, as far as that goes; the job says what came of it.

        `heard` is told after each stack how many labels are out, of how many.
        """
        try:
            paper = self._database.read(self._paper)
            if not paper.ids:
                self._settle(claiming.nothing_left)
                return
            preparing.require_unchanged(paper)
            stacks = preparing.stacks(paper, self._size(paper), self._goes_on, apart=self._apart)
        except preparing.GivenUp:
            self._settle(claiming.leave)
            return
        except Busy:
            raise  # the database's fault and not the labels': the job is taken up again
        except Refusal as refusal:
            self._settle(partial(claiming.fail, refusal=refusal))
            return
        with stacks:
            if self._send_all(paper, stacks, heard):
                self._settle(claiming.finish)

    def _paper(self, session: Session) -> Paper:
        return preparing.paper(session, session.get_one(PrintJob, self._job_id), [LabelState.QUEUED])

    def _size(self, paper: Paper) -> int:
        """Labels of a stack; sheets are drawn as one document."""
        return len(paper.ids) if paper.language is PrinterLanguage.PDF else self._stack

    def _send_all(self, paper: Paper, stacks: preparing.Stacks, heard: Heard | None) -> bool:
        """Whether everything went out; what hindered it stands in the job then."""
        if paper.printer is None:
            return self.tell(paper.ids, LabelState.PRINTED)
        send = self._spool if paper.language is PrinterLanguage.PDF else self._send_stack
        out = 0
        for ids, stack in zip(_parts(paper.ids, self._size(paper)), stacks, strict=True):
            if self._leaving():
                return self._settle(claiming.leave)
            if not send(paper.printer, ids, stack):
                return False
            out += len(ids)
            if heard:
                heard(out, len(paper.ids))
        return True

    def _send_stack(self, printer: Printer, ids: Sequence[UUID], stack: bytes) -> bool:
        told = False
        try:
            with transport.opened(printer, self._patience, self._beat) as line:
                told = self.tell(ids, LabelState.SENT)
                if not told:
                    return False
                line.send(stack)
                line.require_printed()
        except RuleBroken as refusal:
            change = claiming.doubt if told else claiming.put_off
            return self._settle(partial(change, refusal=refusal))
        return self.tell(ids, LabelState.PRINTED)

    def _spool(self, printer: Printer, ids: Sequence[UUID], pdf: bytes) -> bool:
        if not self.tell(ids, LabelState.SENT):
            return False
        try:
            transport.spool(printer, pdf, f"biobank {self._job_id}", self._patience)
        except transport.NotTaken as refusal:
            return self._settle(partial(claiming.take_back, refusal=refusal))
        except RuleBroken as refusal:
            return self._settle(partial(claiming.doubt, refusal=refusal))
        return self.tell(ids, LabelState.PRINTED)

    def tell(self, ids: Sequence[UUID], state: LabelState) -> bool:
        """Give these labels a state; false where the job was stopped or is another's by now."""
        parts = _parts(ids, _AT_ONCE)
        return all(self._settle(partial(claiming.tell, ids=some, state=state)) for some in parts)

    def _settle(self, change: Callable[[Session, PrintJob], bool]) -> bool:
        """Change the job in one transaction, as long as it is ours; what the change answers."""

        def work(session: Session) -> bool:
            job = session.get_one(PrintJob, self._job_id, with_for_update=True)
            if job.claimed_by != self._claimed:
                return False
            job.claimed_until = clock.now() + LEASE
            return change(session, job)

        return self._database.write(work)

    def _goes_on(self) -> bool:
        """Whether the labels are still wanted, while they are drawn."""
        return not self._leaving() and self._settle(lambda _, job: job.state is JobState.SENDING)

    def _beat(self) -> bool:
        """Say now and then that we are still at it; whether the job is no more ours, or the program ends."""
        if clock.now() >= self._next_beat:
            self._next_beat = clock.now() + _BEAT
            return not self._settle(lambda *_: True) or self._leaving()
        return self._leaving()


def _parts(ids: Sequence[UUID], size: int) -> Iterator[Sequence[UUID]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
