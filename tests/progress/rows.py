"""Rows of a study to be counted, put where they are needed."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from biobank import codes, progress, studies
from biobank.codes import CodeKind
from biobank.people import Actor
from biobank.progress import By
from biobank.tables import (
    Deviation,
    DeviationCode,
    Life,
    Participant,
    Site,
    Specimen,
    SpecimenKind,
    Study,
    Visit,
    VisitStatus,
)
from tests.world import TECHNICIAN, World

PROTOCOL = b"""
[study]
code = "SPINE"
title = "A study with two arms"

[[arms]]
code = "surgical"
title = "Surgical"
[[arms]]
code = "other"
title = "Not surgical"

[[events]]
code = "BL"
title = "Baseline"
day = 0
collects = ["blood", "stool"]
[[events]]
code = "M1"
title = "One month"
day = 30
collects = ["blood"]

[[collections.blood]]
material = "blood_edta"
count = 2
limits = { spin = 60 }
[[collections.blood.derivatives]]
material = "plasma_edta"
[[collections.blood.derivatives.aliquots]]
material = "plasma_edta"
count = 4
limits = { freeze = 30 }
[[collections.blood.derivatives]]
material = "buffy_coat"

[[collections.stool]]
material = "stool"
storage = "-80"
[[collections.stool.aliquots]]
material = "stool"
count = 3
limits = { freeze = 120 }
"""

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLASMA = (SpecimenKind.ALIQUOT, "plasma_edta")
STOOL = (SpecimenKind.PRIMARY, "stool")


class Field:
    """Rows of the study, put where they are needed: what is asked here only reads."""

    def __init__(self, world: World) -> None:
        self.world = world

    def person(
        self,
        name: str,
        arm: str = "surgical",
        site: str = "BJ",
        enrolled_on: date | None = None,
        study: str = "SPINE",
    ) -> Participant:
        def add(session: Session) -> Participant:
            found = session.exec(select(Study).where(col(Study.code) == study)).one()
            at = session.exec(select(Site).where(col(Site.code) == site)).one()
            one = Participant(
                study_id=found.id,
                site_id=at.id,
                pseudonym=name,
                arm=arm,
                enrolled_on=enrolled_on,
                salt=b"0123456789abcdef",
            )
            session.add(one)
            return one

        return self.world.database.write(add)

    def visit(self, one: Participant, label: str, status: str = "done", **told: Any) -> Visit:
        def add(session: Session) -> Visit:
            events = studies.events(session, session.get_one(Study, one.study_id))
            made = Visit(
                code=codes.new_code(CodeKind.VISIT),
                participant_id=one.id,
                event_id=next((each.id for each in events if each.code == label), None),
                label=label,
                status=VisitStatus(status),
                **told,
            )
            session.add(made)
            return made

        return self.world.database.write(add)

    def tubes(
        self, one: Participant, visit: Visit, what: tuple[SpecimenKind, str], count: int = 1, **told: Any
    ) -> list[UUID]:
        def add(session: Session) -> list[UUID]:
            made = [
                Specimen(
                    code=codes.new_code(CodeKind.SPECIMEN),
                    study_id=one.study_id,
                    site_id=one.site_id,
                    participant_id=one.id,
                    visit_id=visit.id,
                    kind=what[0],
                    material=what[1],
                    **{"life": Life.ACTIVE, **told},
                )
                for _ in range(count)
            ]
            session.add_all(made)
            return [each.id for each in made]

        return self.world.database.write(add)

    def deviates(self, visit: Visit, tubes: list[UUID], code: str) -> None:
        def add(session: Session) -> None:
            session.add_all(
                [
                    Deviation(specimen_id=tube, visit_id=visit.id, code=DeviationCode(code), at=NOON)
                    for tube in tubes
                ]
            )

        self.world.database.write(add)

    def collected(self, by: By = By.EVENT, person: str = TECHNICIAN) -> progress.Collected:
        return self.world.ask(lambda session, actor: progress.collected(session, actor, "SPINE", by), person)


def of(question: Callable[[Session, Actor, str], Any]) -> Callable[[Session, Actor], Any]:
    """The question, asked of our study."""
    return lambda session, actor: question(session, actor, "SPINE")
