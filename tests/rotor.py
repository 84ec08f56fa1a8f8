"""A study that is processed: blood with limits, buffy coats that are pooled, serum that is split, stool."""

from typing import Any

from sqlmodel import select

from biobank import participants, specimens, studies
from biobank.specimens import Begin, Derivative, SpecimenCard, SpecimenRow
from biobank.tables import Specimen
from tests.world import MANAGER, World

PROTOCOL = b"""
[study]
code = "ROTOR"
title = "A study that is processed"

[needs]
dna = "genetics"

[collecting]
datasets = ["fmri"]

[[events]]
code = "BL"
title = "Baseline"
day = 0
collects = ["all"]

[[collections.all]]
material = "blood_edta"
container = "EDTA 10 mL"
amount = "10 mL"
count = 2
limits = {receive = 30, spin = 60}
[[collections.all.derivatives]]
material = "plasma_edta"
amount = "4 mL"
used = "5 mL"
[[collections.all.derivatives.aliquots]]
material = "plasma_edta"
container = "cryovial 1 mL"
amount = "500 uL"
count = 3
[[collections.all.derivatives]]
material = "buffy_coat"
amount = "1 mL"
pooled = true
[[collections.all.derivatives.derivatives]]
material = "dna"
pooled = true

[[collections.all]]
material = "serum"
amount = "2 mL"
[[collections.all.aliquots]]
material = "serum"
amount = "1 mL"
count = 2
split = true

[[collections.all]]
material = "stool"
amount = "5 g"
"""


def begun(world: World, pseudonym: str = "R-1", *scopes: str) -> str:
    """The visit of a new participant, begun; without scopes, storage and genetics are agreed to."""

    def work(session: Any, actor: Any) -> str:
        if not any(each.code == "ROTOR" for each in studies.everything(session, actor)):
            studies.load(session, actor, PROTOCOL)
        told = {
            "study": "ROTOR",
            "site": "BJ",
            "pseudonym": pseudonym,
            "enrolled_on": "2026-05-04",
            "consent": {"version": "1", "scopes": list(scopes) or ["storage", "genetics"]},
        }
        participants.enroll(session, actor, participants.Enrolment.model_validate(told))
        whose = participants.by_pseudonym(session, actor, "ROTOR", pseudonym)
        visit = participants.card(session, whose).visits[0].code
        specimens.begin(session, actor, Begin(visit=visit))
        return visit

    return str(world.act(work, person=MANAGER))


def tubes(world: World, visit: str, material: str, kind: str) -> list[str]:
    """The codes of the tubes of a visit, in the order in which they were made."""
    found = world.ask(lambda s, a: specimens.visit_card(s, a, visit)).specimens
    return [row.code for row in found if (row.material, row.kind) == (material, kind)]


def draw(world: World, visit: str, material: str, collected: str, **more: str) -> list[str]:
    """Primaries of a visit, all of one material, drawn: their codes."""
    wanted = tubes(world, visit, material, "primary")
    order = specimens.Tick.model_validate(
        {"visit": visit, "codes": wanted, "collected": collected, "occurred": collected, **more}
    )
    world.act(lambda s, a: specimens.tick(s, a, order))
    return wanted


def derive(world: World, parent: str, material: str, **more: Any) -> SpecimenRow:
    """A derivative of a tube."""
    order = Derivative.model_validate({"parent": parent, "material": material, **more})
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: specimens.rows(s, [specimens.derive(s, a, order)])[0], answer=SpecimenRow
    )


def aliquot(world: World, parent: str, count: int, **more: Any) -> list[SpecimenRow]:
    """Aliquots of a tube."""
    order = specimens.Aliquots.model_validate({"parent": parent, "count": count, **more})
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: specimens.rows(s, specimens.aliquot(s, a, order)), answer=list[SpecimenRow]
    )


def card(world: World, code: str) -> SpecimenCard:
    """The card of a tube."""
    return world.ask(lambda s, a: specimens.card(s, a, code))


def kept(world: World, code: str) -> Specimen:
    """The row of a tube."""
    return world.database.read(lambda s: s.exec(select(Specimen).where(Specimen.code == code)).one())
