"""An audit of five hundred boxes takes no more memory than one of fifty."""

import subprocess
import sys
from typing import Any

import pytest

from bench.filling import fill
from biobank import audits, storage
from tests.world import MANAGER, World

KIB = 1024
BOX = 81


def freezer(world: World, name: str, racks: int, boxes: int) -> str:
    """A freezer of one shelf; its code."""
    order = storage.FreezerOrder(site="BJ", name=name, shelves=1, racks=racks, boxes=boxes)
    made: Any = world.act(lambda s, a: storage.make_freezer(s, a, order).code, person=MANAGER)
    return str(made)


def audited(address: str, container: str) -> tuple[int, int]:
    """How many lines an audit of it had, and the peak of its memory in KiB, in a process of its own."""
    words = [sys.executable, "-m", "tests.audits.large", address, container]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    lines, peak = said.split()[-2:]
    return int(lines), int(peak)


def require_flat(world: World, address: str, boxes: int, *, most: int) -> None:
    """Ten times as many boxes take at most so many MiB more."""
    small, large = freezer(world, "Small", 1, boxes), freezer(world, "Large", 10, boxes)
    beside = len(world.boxes()) - 1
    # One tube less than there is room for, so that no freezer of five thousand boxes is made besides.
    fill(world.database, BOX * (beside + 11 * boxes) - 1)
    few, low = audited(address, small)
    many, high = audited(address, large)
    assert (few, many) == (BOX * boxes, BOX * boxes * 10)  # the last slot is empty, as it should be
    assert high - low < most * KIB
    # What was poured in bears no code in the log; of the audits all is proved.
    assert world.database.read_at_once(audits.unproved) == []


@pytest.mark.slow
def test_an_audit_of_two_thousand_slots_takes_little_more_memory_than_one_of_two_hundred(
    sqlite_world: World,
) -> None:
    """Lines that were kept would take 3 KiB each, 5 MiB in all, besides the keys that any read remembers."""
    require_flat(sqlite_world, str(sqlite_world.database.writing.url), 2, most=10)


@pytest.mark.prove
def test_an_audit_of_forty_thousand_slots_takes_little_more_memory_than_one_of_four_thousand(
    world: World, address: str
) -> None:
    require_flat(world, address, 50, most=20)
