"""Killed in the middle of a count, no scan that was acknowledged is lost, and the box is counted on."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from biobank import audits, clock
from biobank.audits import Counting
from biobank.tables import AuditScan, BoxState, Result, Specimen
from tests.audits.auditing import begun, counted, results
from tests.world import TECHNICIAN, World

CYCLES = [1, pytest.param(20, marks=pytest.mark.prove)]


def count_and_kill(address: str, audit: UUID, box: str, journal: Path, pace: str, tubes: list[str]) -> None:
    """Let somebody count until the journal has grown, then kill them at a moment nobody chose."""
    before = journal.stat().st_size if journal.exists() else 0
    words = [
        sys.executable,
        "-m",
        "tests.audits.writer",
        address,
        str(audit),
        box,
        str(journal),
        pace,
        *tubes,
    ]
    writer = subprocess.Popen(words)
    ends = time.monotonic() + 60
    while time.monotonic() < ends and writer.poll() is None:
        if journal.exists() and journal.stat().st_size > before + 40:
            break
        time.sleep(0.005)
    time.sleep(clock.chance(50) / 1000)
    writer.send_signal(signal.SIGKILL)
    assert writer.wait(10) == -signal.SIGKILL


def acknowledged(journal: Path) -> Counter[str]:
    """How often each tube was acknowledged."""
    return Counter(journal.read_text("ascii").split())


def kept(session: Session) -> Counter[str]:
    """How many scans there are of each tube."""
    asked = select(Specimen.code).join(AuditScan, col(AuditScan.specimen_id) == col(Specimen.id))
    return Counter(session.exec(asked).all())


def begun_with(world: World, count: int) -> tuple[UUID, str, list[str]]:
    """An audit of a freezer with so many tubes in its first box."""
    tubes, box = world.tubes(count), world.boxes()[0]
    world.put(box, tubes)
    return begun(world), box, tubes


@pytest.mark.slow
@pytest.mark.parametrize("cycles", CYCLES)
def test_what_was_scanned_outlives_a_kill_and_the_box_is_counted_on(
    address: str, world: World, tmp_path: Path, cycles: int
) -> None:
    audit, box, tubes = begun_with(world, 8)
    journal = tmp_path / "journal"
    for _ in range(cycles):
        count_and_kill(address, audit, box, journal, "honest", tubes)
    said, found = acknowledged(journal), world.database.read(kept)
    assert said
    assert said <= found
    # At most the one scan that was under way at each kill was kept without being acknowledged.
    assert (found - said).total() <= cycles
    assert world.unproved() == []
    half: Counting = world.ask(lambda s, a: audits.counted_box(s, a, audit, box))
    assert half.state is BoxState.COUNTING
    assert {slot.tube for slot in half.slots if slot.tube} == set(found)
    counted(world, audit, box, *((f"A{at}", tube) for at, tube in enumerate(tubes, 1)), person=TECHNICIAN)
    assert set(results(world, audit).values()) == {Result.FOUND}
    assert world.unproved() == []


@pytest.mark.slow
@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_count_that_boasts_is_found_out(address: str, world: World, tmp_path: Path) -> None:
    audit, box, tubes = begun_with(world, 8)
    journal = tmp_path / "journal"
    lost: Counter[str] = Counter()
    for _ in range(30):
        count_and_kill(address, audit, box, journal, "boasting", tubes)
        lost = acknowledged(journal) - world.database.read(kept)
        if lost:
            break
    assert lost
    assert world.unproved() == []
