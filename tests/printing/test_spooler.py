"""The spooler: jobs are sent in order, once, whoever dies; and nobody waits for a printer."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from litestar.testing import TestClient
from msgspec.structs import replace

from biobank import clock, codes
from biobank.app import create_app
from biobank.codes import CodeKind
from biobank.errors import NotFound, RuleBroken
from biobank.labels.shapes import Face, Of
from biobank.printing import claiming, jobs, printers, spooler
from biobank.printing.jobs import Ordered
from biobank.printing.sending import Sender
from biobank.printing.spooler import Spooler
from biobank.settings import Settings
from biobank.tables import JobState, PrinterLanguage
from tests.printing.fake_printer import FakePrinter
from tests.printing.ordering import PATIENT, abandoned, card, decided, entered, ordered, require_logged, sent
from tests.world import MANAGER, World

SLOW_TO_DOUBT = replace(PATIENT, answer=600)


@pytest.fixture
def fake() -> Iterator[FakePrinter]:
    with FakePrinter() as printer:
        yield printer


def claimed(world: World, job: UUID) -> UUID | None:
    return world.database.write(lambda session: claiming.claim(session, job))


def until(so: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def state(world: World, job: UUID) -> JobState:
    return card(world, job).state


# --- while it is served ---


def test_jobs_are_sent_while_it_is_served_and_the_thread_ends_with_it(
    sqlite_world: World, fake: FakePrinter
) -> None:
    entered(sqlite_world, fake)
    job = ordered(sqlite_world, sqlite_world.tubes(2), "Bench 1")
    with TestClient(create_app(Settings(), sqlite_world.database)):
        assert not [each for each in threading.enumerate() if each.name == "spooler"]
    with TestClient(create_app(Settings(), sqlite_world.database, spools=True)):
        until(lambda: state(sqlite_world, job) is JobState.DONE)
    assert not [each for each in threading.enumerate() if each.name in ("spooler", "sending")]
    assert len(fake.printed) == 2
    require_logged(sqlite_world, job)


def test_a_printer_that_hangs_holds_up_neither_another_printer_nor_anybody_who_writes(
    sqlite_world: World, fake: FakePrinter
) -> None:
    fake.hangs_after = 4096
    entered(sqlite_world, fake)
    tubes = sqlite_world.tubes(3)
    with FakePrinter() as other:
        entered(sqlite_world, other, "Bench 2")
        hung = ordered(sqlite_world, tubes, "Bench 1")
        patient = Spooler(sqlite_world.database, patience=SLOW_TO_DOUBT, pause=0.01)
        patient.start()
        try:
            until(lambda: card(sqlite_world, hung).counts.sent == 3)
            prints = ordered(sqlite_world, tubes, "Bench 2")
            until(lambda: state(sqlite_world, prints) is JobState.DONE)
            assert state(sqlite_world, hung) is JobState.SENDING
            fake.mended()
            until(lambda: state(sqlite_world, hung) is JobState.ASKING)
        finally:
            patient.stop()


def test_an_unsent_job_of_before_is_sent_when_it_is_served_again(
    sqlite_world: World, fake: FakePrinter
) -> None:
    entered(sqlite_world, fake)
    job = ordered(sqlite_world, sqlite_world.tubes(6), "Bench 1")
    stacks = iter([False, False, True])
    mine = claimed(sqlite_world, job)
    assert mine
    Sender(
        sqlite_world.database,
        job,
        mine,
        patience=PATIENT,
        leaving=lambda: next(stacks, True),
        apart=False,
        stack=1,
    ).send()
    left = card(sqlite_world, job)
    assert (left.state, left.counts.printed + left.counts.queued) == (JobState.QUEUED, 6)
    assert 0 < left.counts.printed < 6
    assert sent(sqlite_world, job).state is JobState.DONE
    assert len(fake.printed) == 6 == len(set(fake.printed))


# --- whose turn it is ---


def test_a_job_is_sent_by_one_and_the_next_of_its_printer_waits(world: World, fake: FakePrinter) -> None:
    entered(world, fake)
    tubes = world.tubes(2)
    first, second = ordered(world, tubes, "Bench 1"), ordered(world, tubes, "Bench 1")
    assert claimed(world, second) is None, "an older one is before it"
    assert claimed(world, first)
    assert claimed(world, first) is None, "it is being sent"
    assert claimed(world, second) is None
    abandoned(world, first)
    assert sent(world, first).state is JobState.DONE
    assert sent(world, second).state is JobState.DONE
    assert len(fake.printed) == 4
    require_logged(world, second)


def test_two_spoolers_at_once_print_every_label_once(world: World, fake: FakePrinter) -> None:
    entered(world, fake)
    tubes = world.tubes(3)
    made = [ordered(world, tubes, "Bench 1") for _ in range(2)]
    spoolers = [Spooler(world.database, patience=PATIENT, pause=0.01) for _ in range(2)]
    for each in spoolers:
        each.start()
    try:
        until(lambda: all(state(world, job) is JobState.DONE for job in made))
    finally:
        for each in spoolers:
            each.stop()
    assert len(fake.printed) == 6
    for job in made:
        require_logged(world, job)


SENDS = """
import sys
from uuid import UUID
from biobank.database import Database
from biobank.printing import spooler
from biobank.printing.transport import Patience
spooler.drain(Database(sys.argv[1]), UUID(sys.argv[2]), patience=Patience(answer=60))
"""


def test_of_labels_that_were_on_their_way_when_the_program_was_killed_a_person_is_asked(
    world: World, address: str, fake: FakePrinter
) -> None:
    fake.hangs_after = 2048
    entered(world, fake)
    job = ordered(world, world.tubes(3), "Bench 1")
    killed = subprocess.Popen([sys.executable, "-c", SENDS, address, str(job)])
    try:
        until(lambda: card(world, job).counts.sent == 3)
    finally:
        killed.kill()
        killed.wait()
    assert claimed(world, job) is None, "it may still be sending"
    abandoned(world, job)
    asking = sent(world, job)
    assert (asking.state, asking.counts.sent) == (JobState.ASKING, 3)
    assert asking.fault
    assert asking.fault.slug == "sender_lost"
    require_logged(world, job)
    fake.mended()
    decided(world, jobs.answer, job=job, came_out_to=0)
    assert sent(world, job).state is JobState.DONE
    assert len(fake.printed) == 3
    require_logged(world, job)


def test_a_job_that_was_taken_up_and_nothing_sent_of_is_taken_up_again(
    world: World, fake: FakePrinter
) -> None:
    entered(world, fake)
    job = ordered(world, world.tubes(2), "Bench 1")
    lost = claimed(world, job)
    assert lost
    abandoned(world, job)
    assert sent(world, job).state is JobState.DONE
    Sender(world.database, job, lost, patience=PATIENT, apart=False).send()
    assert len(fake.printed) == 2, "who lost the job sends nothing of it"


def test_a_printer_that_ended_prints_nothing_and_its_jobs_say_so(
    sqlite_world: World, fake: FakePrinter
) -> None:
    printer = entered(sqlite_world, fake)
    job = ordered(sqlite_world, sqlite_world.tubes(2), "Bench 1")
    sqlite_world.act(lambda s, a: printers.end(s, a, printer.id), person=MANAGER)
    failed = sent(sqlite_world, job)
    assert (failed.state, failed.counts.queued, fake.connections) == (JobState.FAILED, 2, 0)
    assert failed.fault
    assert failed.fault.slug == "printer_ended"


# --- documents ---


def badges(world: World, count: int, **other: Any) -> UUID:
    """A job of labels that are of nothing in the log."""
    faces = [
        Ordered(Face(codes.new_code(CodeKind.BADGE), Of.BADGE, {"name": "somebody"})) for _ in range(count)
    ]
    said = {"of": Of.BADGE, "faces": faces, "stock": "herma-4100", **other}
    return world.act(lambda s, a: jobs.make(s, a, **said).id, person=MANAGER, answer=UUID)  # type: ignore[no-any-return]


def test_the_same_job_gives_the_same_bytes_and_only_when_it_is_done(world: World) -> None:
    job = ordered(world, world.tubes(3), skip=2)
    with pytest.raises(RuleBroken) as refused:
        spooler.pdf(world.database, job)
    assert refused.value.slug == "print_job_not_ready"
    assert spooler.drain(world.database, job) is JobState.DONE
    made = spooler.pdf(world.database, job)
    assert made.startswith(b"%PDF-")
    assert spooler.pdf(world.database, job) == made
    require_logged(world, job)


def test_a_pdf_that_cannot_be_made_says_why_instead(sqlite_world: World) -> None:
    job = ordered(sqlite_world, sqlite_world.tubes(1), material="incomprehensibilities " * 20)
    assert spooler.drain(sqlite_world.database, job) is JobState.FAILED
    with pytest.raises(RuleBroken) as refused:
        spooler.pdf(sqlite_world.database, job)
    assert refused.value.slug == "label_text_unfit"


def test_what_a_printer_prints_is_no_document(sqlite_world: World, fake: FakePrinter) -> None:
    entered(sqlite_world, fake)
    job = ordered(sqlite_world, sqlite_world.tubes(1), "Bench 1")
    with pytest.raises(RuleBroken) as refused:
        spooler.pdf(sqlite_world.database, job)
    assert refused.value.slug == "print_job_of_printer"


def test_the_text_of_a_label_printer_can_be_taken_along(sqlite_world: World) -> None:
    tubes = sqlite_world.tubes(2)
    job = ordered(sqlite_world, tubes, stock="roll-33x13", language=PrinterLanguage.ZPL, dpi=203)
    assert spooler.drain(sqlite_world.database, job) is JobState.DONE
    assert spooler.pdf(sqlite_world.database, job).count(b"^XZ") == 2


def test_a_job_there_is_not_is_not_found(sqlite_world: World) -> None:
    with pytest.raises(NotFound) as refused:
        spooler.drain(sqlite_world.database, clock.new_key())
    assert refused.value.slug == "print_job_not_found"


def print_many(world: World, count: int) -> None:
    """A job that the spooler makes: it shows how far it is, can be stopped and goes on where it was."""
    here = Spooler(world.database, pause=0.01)
    here.start()
    try:
        job = stopped_midway(world, count)
        until(lambda: card(world, job, MANAGER).ended_at is not None, 600)
        stopped = card(world, job, MANAGER)
        assert stopped.state is JobState.STOPPED
        assert stopped.counts.queued + stopped.counts.printed == count
        assert stopped.counts.queued > 0
        decided(world, jobs.retry, MANAGER, job=job)
        until(lambda: card(world, job, MANAGER).state is JobState.DONE, 600)
    finally:
        here.stop()
    assert card(world, job, MANAGER).counts.printed == count
    assert spooler.pdf(world.database, job).count(b" ID ") == count


def stopped_midway(world: World, count: int, tries: int = 3) -> UUID:
    """A job that was being sent when it was stopped; where one was done before it was seen, another."""
    job = badges(world, count)
    until(lambda: card(world, job, MANAGER).state is not JobState.QUEUED)
    try:
        decided(world, jobs.stop, MANAGER, job=job)
    except RuleBroken as late:
        assert (late.slug, tries > 1) == ("print_job_ended", True)  # noqa: PT017 - one of two outcomes
        return stopped_midway(world, count, tries - 1)
    return job


def test_a_large_job_shows_how_far_it_is_and_can_be_stopped(sqlite_world: World) -> None:
    print_many(sqlite_world, spooler.AT_ONCE + 20)


@pytest.mark.prove
def test_ten_thousand_labels_show_how_far_they_are_and_can_be_stopped(world: World) -> None:
    print_many(world, 10_000)
