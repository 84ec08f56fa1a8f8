"""Printing, applying and replacing labels, for the tests of those."""

from typing import Any

from sqlmodel import col, select

from biobank import specimens
from biobank.printing import applying, replacing
from biobank.printing.applying import Applied, Apply, WaitingLabel
from biobank.printing.ordering import JobMade, PrintOrder, print_labels
from biobank.printing.replacing import LabelReplacement, Replaced
from biobank.tables import PrintedLabel
from tests.world import TECHNICIAN, World


def printed(world: World, *tubes: str, person: str = TECHNICIAN, **other: Any) -> JobMade:
    """Labels of these tubes, printed."""
    order = PrintOrder.model_validate({"codes": list(tubes)} | other)
    made: JobMade = world.act(lambda s, a: print_labels(s, a, order), person=person, answer=JobMade)
    world.printed(made)
    return made


def applied(world: World, *tubes: str, person: str = TECHNICIAN) -> list[bool]:
    """Whether a label came to stand on each tube by the scan of its code."""
    order = Apply(tubes=list(tubes))
    done = world.act(lambda s, a: applying.apply(s, a, order), person=person, answer=list[Applied])
    return [each.label is not None for each in done]


def waiting(world: World, person: str = TECHNICIAN) -> list[WaitingLabel]:
    """The labels that wait to be scanned on their tubes."""
    return world.ask(applying.waiting, person)


def replaced(world: World, person: str = TECHNICIAN, **order: Any) -> Replaced:
    """A tube with a new code, and its label printed."""
    told = LabelReplacement.model_validate({"reason": "torn"} | order)
    done: Replaced = world.act(
        lambda s, a: replacing.replace_label(s, a, told), person=person, answer=Replaced
    )
    world.printed(JobMade(done.job, 1, "", "", done.code))
    return done


def states(world: World, code: str) -> list[str]:
    """The states of the labels of a code, in the order they were asked for."""
    asked = select(PrintedLabel).where(col(PrintedLabel.code) == code).order_by(col(PrintedLabel.id))
    return world.database.read(lambda session: [row.state.value for row in session.exec(asked)])


def kinds(world: World, tube: str) -> list[str]:
    """What happened to a tube."""
    return [row.kind for row in world.ask(lambda s, a: specimens.timeline(s, a, tube))]
