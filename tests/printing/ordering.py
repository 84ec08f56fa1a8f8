"""Printers entered and jobs ordered, for the tests of printing."""

from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlmodel import Session, col, select

from biobank import clock
from biobank.labels.shapes import Face, Of
from biobank.people import Actor
from biobank.printing import jobs, printers, spooler
from biobank.printing.jobs import JobCard, Ordered
from biobank.printing.printers import PrinterOrder, PrinterRow
from biobank.printing.transport import Patience
from biobank.tables import (
    CustodyEvent,
    JobState,
    LabelState,
    PrintedLabel,
    PrinterLanguage,
    PrintJob,
    Specimen,
)
from tests.printing.fake_printer import FakePrinter
from tests.world import MANAGER, TECHNICIAN, World

PATIENT = Patience(connect=60, answer=60, label=0.4, between=0.01, spool=60)
"""For a printer that answers, however late on a busy machine; `label` is for one that says it holds some."""
HASTY = replace(PATIENT, answer=0.3, spool=1.0)
"""For one that never does: what it says late is not waited for."""
ROLL = "roll-33x13"
ON = {PrinterLanguage.ZPL: ROLL, PrinterLanguage.TSPL: ROLL, PrinterLanguage.BROTHER: "dk-29x42"}


def entered(world: World, fake: FakePrinter, name: str = "Bench 1", **other: Any) -> PrinterRow:
    """A printer of the site, which is the fake one."""
    said = {"name": name, "site": "BJ", "language": fake.language, "address": fake.address}
    order = PrinterOrder.model_validate({**said, "stock": ON[fake.language], **other})
    return world.act(lambda s, a: printers.enter(s, a, order), person=MANAGER, answer=PrinterRow)  # type: ignore[no-any-return]


def ordered(
    world: World, tubes: list[str], printer: str = "", material: str = "EDTA plasma", **other: Any
) -> UUID:
    """A job of these tubes' labels."""

    def make(session: Session, actor: Actor) -> UUID:
        ids = dict(
            session.exec(select(Specimen.code, Specimen.id).where(col(Specimen.code).in_(tubes))).all()
        )
        faces = [
            Ordered(Face(tube, Of.SPECIMEN, {"material": material, "number": f"{place}"}), ids[tube])
            for place, tube in enumerate(tubes, 1)
        ]
        to = printers.find(session, actor, printer) if printer else None
        said = {
            "of": Of.SPECIMEN,
            "faces": faces,
            "printer": to,
            "stock": "" if to else "herma-4100",
            **other,
        }
        return jobs.make(session, actor, **said).id

    return world.act(make, answer=UUID)  # type: ignore[no-any-return]


def sent(world: World, job: UUID, patience: Patience = PATIENT) -> JobCard:
    """The job after it was sent once, four labels at a time, as far as that went."""
    spooler.drain(world.database, job, patience=patience, stack=4)
    return card(world, job)


def begun(world: World, job: UUID, fake: FakePrinter) -> JobCard:
    """The job after it was sent in haste to a printer that falls silent in the middle of its labels.

    On a busy machine it may answer too late at first: then nothing of it went out, and it is sent anew.
    """
    found, tries = sent(world, job, HASTY), 100
    while found.state is JobState.QUEUED and tries:
        assert fake.printed == []
        decided(world, jobs.retry, job=job)
        found, tries = sent(world, job, HASTY), tries - 1
    return found


def card(world: World, job: UUID, person: str = TECHNICIAN) -> JobCard:
    """The job as it is now."""
    return world.ask(lambda session, actor: jobs.card(session, actor, job), person)


def decided(world: World, act: Any, person: str = TECHNICIAN, **order: Any) -> JobCard:
    """The job after a person decided something of it."""
    kinds: dict[Any, type[jobs.JobOrder]] = {jobs.answer: jobs.Answer, jobs.void: jobs.Void}
    kind = kinds.get(act, jobs.JobOrder)
    told = kind.model_validate(order)
    return world.act(lambda s, a: act(s, a, told), person=person, answer=JobCard)  # type: ignore[no-any-return]


def again(world: World, job: UUID) -> JobCard:
    """The job after a person had it printed once more, and it was sent."""
    decided(world, jobs.retry, job=job)
    return sent(world, job)


def abandoned(world: World, job: UUID) -> None:
    """Let the lease of a job be over, as of a program that ended."""

    def lapse(session: Session) -> None:
        session.get_one(PrintJob, job).claimed_until = clock.now()

    world.database.write(lapse)


def told(world: World, job: UUID) -> dict[str, int]:
    """How many events of the log say of each label of a job that it was printed, less those taken back."""

    def count(session: Session) -> dict[str, int]:
        labels = session.exec(select(PrintedLabel).where(col(PrintedLabel.job_id) == job)).all()
        events = session.exec(select(CustodyEvent).where(col(CustodyEvent.kind) == "label_printed")).all()
        corrected = {event.corrects_id for event in events if event.corrects_id}
        standing = [event for event in events if not event.corrects_id and event.id not in corrected]
        return {
            str(label.serial): sum(str(label.id).encode() in event.entry for event in standing)
            for label in labels
        }

    return world.database.read(count)


def require_logged(world: World, job: UUID) -> None:
    """Every label that may be somewhere has one event that stands, every other none; and all is proved."""
    live = {LabelState.SENT, LabelState.PRINTED, LabelState.APPLIED}
    for label in card(world, job).labels:
        assert told(world, job)[str(label.serial)] == (label.state in live), label
    assert world.unproved() == []
