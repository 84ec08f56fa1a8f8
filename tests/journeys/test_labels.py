"""Labels of a visit's tubes on a printer that breaks off, from the order to a label that is replaced."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from biobank.printing import spooler
from tests.api.program import Program
from tests.printing.fake_printer import FakePrinter
from tests.printing.ordering import PATIENT
from tests.quick import app_of
from tests.world import MANAGER, World

PRINTER = "Printer of bench 1"
BREAKS_AFTER = 6000
"""So many bytes, which are two or three labels of eight."""


@pytest.fixture
def fake(world: World) -> Iterator[FakePrinter]:
    """A printer, and what sends to it while the site is served."""
    sending = spooler.Spooler(world.database, patience=PATIENT, pause=0.02)
    with FakePrinter() as printer:
        sending.start()
        try:
            yield printer
        finally:
            sending.stop()


@pytest.fixture
def program(world: World) -> Iterator[Program]:
    with TestClient(app_of(world)) as client:
        yield Program(world, client)


def test_every_label_comes_out_once_is_scanned_on_its_tube_and_is_replaced(
    program: Program, fake: FakePrinter
) -> None:
    enter(program, fake)
    tubes = register(program)
    job = print_on_a_printer_that_breaks_off(program, fake, tubes)
    tell_what_came_out_and_print_the_others(program, fake, job, len(tubes))
    scan_on_their_tubes(program, tubes)
    new = replace(program, fake, tubes[2])
    scan_on_their_tubes(program, [new])
    # Each label differs from every other: so many of them, all different, are each of them once.
    assert len(fake.printed) == len(set(fake.printed)) == len(tubes) + 1
    found = program.told("/find", code=tubes[2])
    assert (found["code"], found["scheme"], found["retired"]) == (new, "label", True)
    told = [each["kind"] for each in program.told(f"/specimens/{new}/history")]
    assert (told.count("label_applied"), told.count("identifier_retired")) == (2, 1)
    assert program.world.unproved() == []


def enter(program: Program, fake: FakePrinter) -> None:
    printer = {"name": PRINTER, "site": "BJ", "language": "zpl", "address": fake.address}
    program.made("/printers", {**printer, "stock": "roll-33x13"}, person=MANAGER)


def register(program: Program) -> list[str]:
    """The tubes of a visit: what was drawn, and its aliquots."""
    drawn = {"material": "blood_edta", "amount": "10 mL"}
    blood = program.made("/specimens", {"visit": program.world.visit(), "specimens": [drawn]})[0]
    parts = program.made("/aliquots", {"parent": blood["code"], "count": 7, "amount": "500 uL"})
    return [blood["code"], *(part["code"] for part in parts)]


def print_on_a_printer_that_breaks_off(program: Program, fake: FakePrinter, tubes: list[str]) -> str:
    """An order that is sent twice is one job; it asks what came out, and no second order goes round it."""
    fake.resets_after = BREAKS_AFTER
    order, key = {"codes": tubes, "printer": PRINTER}, uuid4()
    sent = [program.post("/labels", order, key=key) for _ in range(2)]
    assert [each.status_code for each in sent] == [202, 202]
    job = str(sent[0].json()["job"])
    assert sent[1].json()["job"] == job
    asking = settled(program, job)
    assert (asking["state"], asking["fault"]["slug"]) == ("asking", "printer_broke_off")
    assert 0 < len(fake.printed) < len(tubes)
    assert program.post("/labels", order).json()["title"] == "reprint_reason_needed"
    return job


def tell_what_came_out_and_print_the_others(
    program: Program, fake: FakePrinter, job: str, total: int
) -> None:
    came_out = len(fake.printed)
    fake.mended()
    answer = {"job": job, "came_out_to": came_out, "again": False}
    counts = program.made("/print-job-answers", answer)["counts"]
    assert (counts["printed"], counts["sent"], counts["queued"]) == (came_out, 0, total - came_out)
    assert len(fake.printed) == came_out, "it was not told to print yet"
    program.made("/print-job-retries", {"job": job})
    done = settled(program, job)
    assert (done["state"], done["counts"]["printed"], len(fake.printed)) == ("done", total, total)


def scan_on_their_tubes(program: Program, tubes: list[str]) -> None:
    """Each label waits until it is scanned, and then no more."""
    waiting = [each["code"] for each in program.told("/waiting-labels")["items"]]
    assert waiting == tubes
    for tube in tubes:
        (applied,) = program.made("/label-applications", {"tubes": [tube]})
        assert applied["label"] is not None
    assert program.told("/waiting-labels")["items"] == []


def replace(program: Program, fake: FakePrinter, tube: str) -> str:
    """A label that is torn: the tube gets a new code, and its label comes out."""
    before = len(fake.printed)
    made = program.made("/label-replacements", {"tube": tube, "reason": "torn", "printer": PRINTER})
    assert (made["old"], settled(program, made["job"])["state"]) == (tube, "done")
    assert len(fake.printed) == before + 1
    return str(made["code"])


def settled(program: Program, job: str) -> Any:
    """The job once its printing has ended or asks, which others do while it is looked at."""
    end = time.monotonic() + 60
    while (card := program.told(f"/print-jobs/{job}"))["state"] in ("queued", "sending"):
        assert time.monotonic() < end, card
        time.sleep(0.05)
    return card
