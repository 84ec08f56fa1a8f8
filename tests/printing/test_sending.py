"""Sending: whatever a printer does, no label is printed twice, and what is not known is asked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from biobank.printing import jobs, printers
from biobank.printing.printers import PrinterOrder, PrinterRow
from biobank.tables import JobState, PrinterLanguage
from tests.printing.fake_printer import FakePrinter
from tests.printing.ordering import (
    HASTY,
    PATIENT,
    again,
    begun,
    decided,
    entered,
    ordered,
    require_logged,
    sent,
)
from tests.world import MANAGER, World

STACK = 4
"""Labels of a stack here."""


@pytest.fixture
def fake() -> Iterator[FakePrinter]:
    with FakePrinter() as printer:
        yield printer


def once_each(fake: FakePrinter, count: int) -> bool:
    """Whether exactly so many labels came out, all different."""
    return len(fake.printed) == count == len(set(fake.printed))


@pytest.mark.parametrize("language", [PrinterLanguage.ZPL, PrinterLanguage.TSPL, PrinterLanguage.BROTHER])
def test_a_job_is_printed_label_by_label_and_each_tube_tells_of_it(
    world: World, language: PrinterLanguage
) -> None:
    with FakePrinter(language) as fake:
        entered(world, fake)
        done = sent(world, ordered(world, world.tubes(3), "Bench 1", copies=2))
        assert (done.state, done.counts.printed, done.fault) == (JobState.DONE, 6, None)
        assert [label.serial for label in done.labels] == [1, 2, 3, 4, 5, 6]
        assert len(fake.printed) == 6
        require_logged(world, done.id)


def test_a_slow_printer_is_waited_for(world: World, fake: FakePrinter) -> None:
    fake.slow = True
    entered(world, fake)
    assert sent(world, ordered(world, world.tubes(3), "Bench 1")).state is JobState.DONE
    assert once_each(fake, 3)


BEFORE: dict[str, tuple[dict[str, Any], str]] = {
    "mute": ({"mute": True}, "printer_silent"),
    "hanging": ({"hangs_after": 0}, "printer_silent"),
    "resetting": ({"mute": True, "resets_after": 1}, "printer_broke_off"),
    "closing": ({"mute": True, "closes_after": 1}, "printer_broke_off"),
    "out of media": ({"labels_left": 0}, "printer_out_of_media"),
    "paused": ({"paused": True}, "printer_paused"),
    "open": ({"says": "open"}, "printer_open"),
    "out of ribbon": ({"says": "no ribbon"}, "printer_out_of_ribbon"),
    "of another language": ({"says": "nonsense"}, "printer_unclear"),
}


@pytest.mark.parametrize("fault", BEFORE)
def test_a_printer_that_cannot_print_is_sent_nothing_and_the_job_waits(
    sqlite_world: World, fake: FakePrinter, fault: str
) -> None:
    ways, slug = BEFORE[fault]
    vars(fake).update(ways)
    entered(sqlite_world, fake)
    patience = HASTY if slug == "printer_silent" else PATIENT
    waiting = sent(sqlite_world, ordered(sqlite_world, sqlite_world.tubes(2), "Bench 1"), patience)
    assert (waiting.state, waiting.fault and waiting.fault.slug) == (JobState.QUEUED, slug)
    assert (waiting.counts.queued, fake.printed, waiting.question) == (2, [], None)
    require_logged(sqlite_world, waiting.id)
    fake.mended()
    assert again(sqlite_world, waiting.id).state is JobState.DONE
    assert once_each(fake, 2)
    require_logged(sqlite_world, waiting.id)


def test_a_printer_of_another_language_says_what_is_wrong_with_it_too(sqlite_world: World) -> None:
    with FakePrinter(PrinterLanguage.TSPL) as fake:
        fake.says = "jammed"
        entered(sqlite_world, fake)
        job = ordered(sqlite_world, sqlite_world.tubes(2), "Bench 1")
        waiting = sent(sqlite_world, job)
        assert waiting.fault
        assert (waiting.fault.slug, waiting.counts.queued) == ("printer_jammed", 2)
        fake.mended()
        fake.labels_left = 1
        decided(sqlite_world, jobs.retry, job=job)
        asking = sent(sqlite_world, job)
        assert asking.fault
        assert (asking.state, asking.fault.slug) == (JobState.ASKING, "printer_out_of_media")
        require_logged(sqlite_world, job)


def test_a_printer_that_is_switched_off_is_tried_again_later_and_later(
    sqlite_world: World, fake: FakePrinter
) -> None:
    entered(sqlite_world, fake)
    job = ordered(sqlite_world, sqlite_world.tubes(2), "Bench 1")
    with fake.away():
        waiting = sent(sqlite_world, job)
        assert waiting.fault
        assert (waiting.fault.slug, waiting.fault.tries) == ("printer_unreachable", 1)
        assert waiting.fault.facts == {"name": "Bench 1", "address": fake.address}
        assert sent(sqlite_world, job).fault == waiting.fault, "it waits before it is tried again"
        assert (waiting.state, waiting.may_retry, waiting.may_void) == (JobState.QUEUED, True, True)
    assert again(sqlite_world, job).state is JobState.DONE
    assert once_each(fake, 2)


AFTER: dict[str, tuple[dict[str, Any], str]] = {
    "resets in the first stack": ({"resets_after": 6000}, "printer_broke_off"),
    "ends the connection in the first stack": ({"closes_after": 6000}, "printer_broke_off"),
    "hangs in the first stack": ({"hangs_after": 6000}, "printer_silent"),
    "stands still in the first stack": ({"stuck": True}, "printer_stuck"),
    "runs out in the first stack": ({"labels_left": 2}, "printer_out_of_media"),
    "runs out in the second stack": ({"labels_left": STACK + 1}, "printer_out_of_media"),
}


@pytest.mark.parametrize("fault", AFTER)
def test_what_came_out_of_a_printer_that_failed_is_asked_and_nothing_is_printed_twice(
    sqlite_world: World, fake: FakePrinter, fault: str
) -> None:
    ways, slug = AFTER[fault]
    vars(fake).update(ways)
    entered(sqlite_world, fake)
    tubes = sqlite_world.tubes(6)
    job = ordered(sqlite_world, tubes, "Bench 1")
    asking = begun(sqlite_world, job, fake) if slug == "printer_silent" else sent(sqlite_world, job)
    first = 1 + asking.counts.printed
    assert (asking.state, asking.fault and asking.fault.slug) == (JobState.ASKING, slug)
    assert asking.question
    assert (asking.question.first, asking.question.first_code) == (first, tubes[first - 1])
    assert asking.counts.sent == asking.question.last - first + 1
    assert len(fake.printed) < 6, "or it is no fault"
    require_logged(sqlite_world, asking.id)
    came_out = len(fake.printed)
    fake.refill()
    assert len(fake.printed) == came_out, "what it held was cancelled"
    fake.mended()
    decided(sqlite_world, jobs.answer, job=asking.id, came_out_to=came_out)
    assert sent(sqlite_world, asking.id).counts.printed == 6
    assert once_each(fake, 6)
    require_logged(sqlite_world, asking.id)


def test_a_printer_that_says_nothing_of_itself_is_asked_about_when_it_does_not_end_the_connection(
    sqlite_world: World,
) -> None:
    with FakePrinter(PrinterLanguage.BROTHER) as fake:
        fake.hangs_after = 4096
        entered(sqlite_world, fake)
        asking = sent(sqlite_world, ordered(sqlite_world, sqlite_world.tubes(3), "Bench 1"), HASTY)
        assert (asking.state, asking.counts.sent) == (JobState.ASKING, 3)
        require_logged(sqlite_world, asking.id)


def test_those_that_did_not_come_out_can_be_left_and_never_printed(
    sqlite_world: World, fake: FakePrinter
) -> None:
    fake.labels_left = 1
    entered(sqlite_world, fake)
    asking = sent(sqlite_world, ordered(sqlite_world, sqlite_world.tubes(3), "Bench 1"))
    stopped = decided(sqlite_world, jobs.answer, job=asking.id, came_out_to=1, again=False)
    assert (stopped.state, stopped.counts.queued, stopped.counts.printed) == (JobState.STOPPED, 2, 1)
    ended = decided(sqlite_world, jobs.void, job=asking.id)
    assert (ended.state, ended.counts.void) == (JobState.DONE, 2)
    require_logged(sqlite_world, asking.id)


def test_labels_that_do_not_fit_are_never_sent_and_the_job_says_which(
    sqlite_world: World, fake: FakePrinter
) -> None:
    entered(sqlite_world, fake)
    job = ordered(sqlite_world, sqlite_world.tubes(2), "Bench 1", material="incomprehensibilities " * 20)
    failed = sent(sqlite_world, job)
    assert (failed.state, failed.counts.void, fake.connections) == (JobState.FAILED, 2, 0)
    assert failed.fault
    assert failed.fault.slug == "label_text_unfit"
    assert failed.labels[0].code in str(failed.fault.facts)
    require_logged(sqlite_world, job)


# --- the system's own print queues ---

LP = """#!/bin/sh
echo "$@" >> "$0.asked"
{meanwhile}
cat > "$0.took.$(ls "$0".took.* 2>/dev/null | wc -l)"
exit {ends}
"""


def lp(folder: Path, monkeypatch: pytest.MonkeyPatch, *, meanwhile: str = ":", ends: int = 0) -> Path:
    """A print system of the test's own."""
    program = folder / "lp"
    program.write_text(LP.format(meanwhile=meanwhile, ends=ends))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return program


def office(world: World, **other: str) -> UUID:
    """A job for a queue of the system."""
    said = {"name": "Office", "site": "BJ", "language": "pdf", "queue": "office", "stock": "herma-4100"}
    order = PrinterOrder.model_validate(said | other)
    world.act(lambda s, a: printers.enter(s, a, order), person=MANAGER, answer=PrinterRow)
    return ordered(world, world.tubes(3), "Office", skip=2)


def test_the_system_is_given_one_pdf_at_true_size(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = lp(tmp_path, monkeypatch)
    done = sent(world, office(world, address="print.example"))
    assert (done.state, done.counts.printed) == (JobState.DONE, 3)
    asked = Path(f"{program}.asked").read_text()
    assert asked == f"-h print.example:631 -d office -t biobank {done.id} -o print-scaling=none\n"
    assert Path(f"{program}.took.0").read_bytes().startswith(b"%PDF-")
    require_logged(world, done.id)


def test_a_queue_that_refuses_printed_nothing_and_the_log_says_so(
    sqlite_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lp(tmp_path, monkeypatch, meanwhile="echo no such queue >&2", ends=1)
    waiting = sent(sqlite_world, office(sqlite_world))
    assert (waiting.state, waiting.counts.queued) == (JobState.QUEUED, 3)
    assert waiting.fault
    assert waiting.fault.slug == "printer_queue_refused"
    assert waiting.fault.facts["why"] == "no such queue"
    require_logged(sqlite_world, waiting.id)
    lp(tmp_path, monkeypatch)
    assert again(sqlite_world, waiting.id).counts.printed == 3
    require_logged(sqlite_world, waiting.id)


def test_a_print_system_that_hangs_is_asked_about(
    sqlite_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lp(tmp_path, monkeypatch, meanwhile="exec sleep 600")
    asking = sent(sqlite_world, office(sqlite_world), HASTY)
    assert (asking.state, asking.counts.sent) == (JobState.ASKING, 3)
    assert asking.fault
    assert asking.fault.slug == "printer_silent"


def test_a_machine_without_a_print_system_says_so(
    sqlite_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    waiting = sent(sqlite_world, office(sqlite_world))
    assert waiting.fault
    assert waiting.fault.slug == "printer_lp_missing"
    assert waiting.counts.queued == 3
