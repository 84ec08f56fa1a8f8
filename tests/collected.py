"""A study whose visits are collected by kit and scan, and what its tests do again and again."""

from collections.abc import Callable
from typing import Any

import pytest

from biobank import inputs, participants, specimens, studies
from biobank.errors import Refusal, RuleBroken
from biobank.printing.ordering import JobMade, KitLabels, print_kit_labels
from biobank.specimens import KitCard, Summary, Ticked, Workbench
from tests.world import MANAGER, TECHNICIAN, World

STUDY = b"""
[study]
code = "KIT"
title = "A study that collects by kit"

[labels]
participant = true

[collecting]
all_present = true

[needs]
stool = "microbiome"

[[events]]
code = "BL"
title = "Baseline"
day = 0
before = 7
after = 7
collects = ["blood"]

[[events]]
code = "M1"
title = "One month"
day = 30
before = 7
after = 7
collects = ["blood", "stool"]

[[events]]
code = "M2"
title = "Two months"
day = 60
before = 7
after = 7
collects = ["pool"]

[[collections.blood]]
material = "blood_edta"
container = "EDTA 10 mL"
amount = "10 mL"
limits = { spin = 120, freeze = 60 }
[[collections.blood.derivatives]]
material = "plasma_edta"
used = "5 mL"
amount = "4.5 mL"
[[collections.blood.derivatives.aliquots]]
material = "plasma_edta"
container = "cryovial 1 mL"
amount = "500 uL"
count = 8

[[collections.stool]]
material = "stool"
amount = "2 g"

[[collections.pool]]
material = "blood_edta"
amount = "10 mL"
count = 2
[[collections.pool.derivatives]]
material = "plasma_edta"
used = "12 mL"
amount = "6 mL"
pooled = true
"""

STRICT = STUDY.replace(b"all_present = true", b"all_present = false")


def adopt(world: World, text: bytes = STUDY) -> None:
    """Load the study, or a version of it."""
    world.act(lambda s, a: studies.load(s, a, text), person=MANAGER)


def enrol(world: World, pseudonym: str = "K-001", *scopes: str, event: str = "BL") -> str:
    """Enrol a participant; the code of the visit at an event."""
    order = inputs.read(
        participants.Enrolment,
        {
            "study": "KIT",
            "site": "BJ",
            "pseudonym": pseudonym,
            "enrolled_on": "2026-05-04",
            "consent": {"version": "1.0", "scopes": list(scopes) or ["storage", "microbiome"]},
        },
    )
    world.act(lambda s, a: participants.enroll(s, a, order))
    return visit_of(world, pseudonym, event)


def visit_of(world: World, pseudonym: str, event: str) -> str:
    """The code of a participant's visit at an event."""
    card = world.ask(lambda s, a: participants.card(s, participants.by_pseudonym(s, a, "KIT", pseudonym)))
    return next(row.code for row in card.visits if row.event == event)


def kits(world: World, event: str = "BL", **order: Any) -> list[KitCard]:
    """Print kits."""
    wish = inputs.read(specimens.KitOrder, {"study": "KIT", "event": event, "site": "BJ"} | order)
    return world.act(lambda s, a: specimens.print_kits(s, a, wish), answer=list[KitCard])  # type: ignore[no-any-return]


def kit_labels(world: World, event: str = "BL", **order: Any) -> JobMade:
    """Order kits with their labels."""
    wish = inputs.read(KitLabels, {"study": "KIT", "event": event, "site": "BJ"} | order)
    return world.act(lambda s, a: print_kit_labels(s, a, wish), answer=JobMade)  # type: ignore[no-any-return]


def begin(world: World, visit: str, kit: str | None = None, person: str = TECHNICIAN) -> list[str]:
    """Begin a visit; the codes of its tubes, in order."""
    order = inputs.read(specimens.Begin, {"visit": visit, "kit": kit})
    rows = world.act(
        lambda s, a: specimens.rows(s, specimens.begin(s, a, order)),
        answer=list[specimens.SpecimenRow],
        person=person,
    )
    return [row.code for row in rows]


def tick(world: World, visit: str, *codes: str, **told: Any) -> list[Ticked]:
    """Scan tubes."""
    order = inputs.read(specimens.Tick, {"visit": visit, "codes": list(codes)} | told)
    return world.act(lambda s, a: specimens.tick(s, a, order), answer=list[Ticked])  # type: ignore[no-any-return]


def all_present(world: World, visit: str, **told: Any) -> list[Ticked]:
    """Scan the card that says so."""
    order = inputs.read(specimens.AllPresent, {"visit": visit} | told)
    return world.act(lambda s, a: specimens.all_present(s, a, order), answer=list[Ticked])  # type: ignore[no-any-return]


def deviate(world: World, tube: str, code: str, **told: Any) -> list[Ticked]:
    """Say what went otherwise."""
    order = inputs.read(specimens.Deviate, {"tube": tube, "code": code} | told)
    return world.act(lambda s, a: specimens.deviate(s, a, order), answer=list[Ticked])  # type: ignore[no-any-return]


def finish(world: World, visit: str) -> Summary:
    """End the collection."""
    order = specimens.Finish(visit=visit)
    return world.act(lambda s, a: specimens.finish(s, a, order), answer=Summary)  # type: ignore[no-any-return]


def bench(world: World, visit: str) -> Workbench:
    """The visit as the bench sees it."""
    return world.ask(lambda s, a: specimens.workbench(s, a, visit))


def kinds(world: World, tube: str) -> list[str]:
    """What happened to a tube."""
    return [row.kind for row in world.ask(lambda s, a: specimens.timeline(s, a, tube))]


def begun(world: World, text: bytes = STUDY, event: str = "BL") -> tuple[str, list[str]]:
    """A visit of a new participant, begun with a kit; its tubes in order."""
    adopt(world, text)
    visit, (kit,) = enrol(world, event=event), kits(world, event)
    return visit, begin(world, visit, kit.code)


def seen(world: World, code: str) -> specimens.SpecimenCard:
    """The card of a tube."""
    return world.ask(lambda s, a: specimens.card(s, a, code))


def refusal(work: Callable[[], Any], kind: type[Refusal] = RuleBroken) -> Refusal:
    """What some work was refused with."""
    with pytest.raises(kind) as refused:
        work()
    return refused.value
