"""Killed in the middle of its work, nothing that it acknowledged is lost, and nothing is half there."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from biobank import clock
from biobank.tables import Command, CustodyEvent, Specimen
from tests.world import World

CYCLES = [2, pytest.param(40, marks=pytest.mark.prove)]


def run_and_kill(address: str, visit: str, journal: Path, *boasting: str) -> None:
    """Let a writer work until its journal has grown, then kill it at a moment nobody chose."""
    before = journal.stat().st_size if journal.exists() else 0
    words = [sys.executable, "-m", "tests.faults.writer", address, visit, str(journal), *boasting]
    writer = subprocess.Popen(words)
    ends = time.monotonic() + 30
    while time.monotonic() < ends and writer.poll() is None:
        if journal.exists() and journal.stat().st_size > before + 300:
            break
        time.sleep(0.005)
    time.sleep(clock.chance(50) / 1000)
    writer.send_signal(signal.SIGKILL)
    assert writer.wait(10) == -signal.SIGKILL


def acknowledged(journal: Path) -> dict[UUID, str]:
    """The commands that the writer said were done, each with the code it was answered."""
    lines = [line.split() for line in journal.read_text("ascii").splitlines()]
    return {UUID(command): code for command, code in lines}


def kept(session: Session) -> dict[UUID, str]:
    """The commands that registered a tube, each with its code."""
    asked = select(CustodyEvent.command_id, Specimen.code).join(
        Specimen, col(Specimen.id) == col(CustodyEvent.subject_id)
    )
    return dict(session.exec(asked.where(col(CustodyEvent.kind) == "registered")).all())


@pytest.mark.slow
@pytest.mark.parametrize("cycles", CYCLES)
def test_what_was_acknowledged_outlives_a_kill(
    address: str, world: World, tmp_path: Path, cycles: int
) -> None:
    visit, journal = world.visit(), tmp_path / "journal"
    for _ in range(cycles):
        run_and_kill(address, visit, journal)
    said, found = acknowledged(journal), world.database.read(kept)
    assert said
    assert {command: found.get(command) for command in said} == said
    # At most the one command that was under way at each kill was kept without being acknowledged.
    assert len(found) - len(said) <= cycles
    commands = world.database.read(
        lambda session: session.exec(select(Command.id).where(col(Command.id).in_(found))).all()
    )
    assert set(commands) == set(found)
    assert world.unproved() == []


@pytest.mark.slow
def test_a_writer_that_boasts_is_found_out(address: str, world: World, tmp_path: Path) -> None:
    visit, journal = world.visit(), tmp_path / "journal"
    lost: set[UUID] = set()
    for _ in range(30):
        run_and_kill(address, visit, journal, "boasting")
        lost = acknowledged(journal).keys() - world.database.read(kept).keys()
        if lost:
            break
    assert lost
    assert world.unproved() == []
