"""One participant's tubes on their way to the freezer, at told times: for tests of what is noted of them."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from biobank import clock, custody, participants, preanalytics, storage, studies
from biobank.custody import Kind, facts
from biobank.ledger import entries
from biobank.people import Actor, May
from biobank.specimens.registering import new_specimen, registration_of
from biobank.storage.making import FreezerMade
from biobank.tables import (
    Collection,
    CustodyEvent,
    Event,
    Kept,
    Participant,
    Requirement,
    Specimen,
    SpecimenKind,
    Spin,
    Study,
    Visit,
)
from tests.world import MANAGER, PROTOCOL, World

COLD_PROTOCOL = (
    PROTOCOL.replace(b'amount = "10 mL"', b'amount = "10 mL"\nlimits = { spin = 240, freeze = 60 }').replace(
        b'amount = "500 uL"', b'amount = "500 uL"\ncontainer = "PP 2 mL"'
    )
    + b"""
[vessels."EDTA 10 mL"]
primary = "PED"

[vessels."PP 2 mL"]
family = "pp"
volume = "2 mL"
"""
)
"""The study of the world with vessels; the limit to the freezer stands at the blood, not at its aliquots."""

DRAWN = clock.now().replace(microsecond=0) - timedelta(hours=9)
MINUTE = timedelta(minutes=1)


class Course:
    """Blood drawn at `DRAWN`, kept at room temperature, and what became of it."""

    def __init__(self, world: World, *, planned: bool = True, pseudonym: str = "D-001") -> None:
        self.world = world
        world.act(lambda s, a: studies.load(s, a, COLD_PROTOCOL), person=MANAGER)
        self.visit = world.visit(pseudonym)
        self.planned = planned

    def tube(self, material: str, parent: str | None = None, container: str = "", after: int = 0) -> str:
        """Register a tube, made so many minutes after the draw; its code."""

        def work(session: Session, actor: Actor) -> str:
            visit, participant = participants.visit_by_code(session, actor, self.visit, May.REGISTER)
            of = custody.load(session, actor, [parent])[0] if parent else None
            when = DRAWN + after * MINUTE
            made = self._specimen(session, visit, participant, material, of, container, when)
            custody.record_all(session, actor, [registration_of(made, amount=10**6)])
            return made.code

        return str(self.world.act(work))

    def spin(self, tube: str, after: int, kept: Kept | None = Kept.ROOM, number: int = 1) -> None:
        """Spin a tube for ten minutes, so many minutes after the draw."""

        def work(session: Session, actor: Actor) -> None:
            of = custody.load(session, actor, [tube])[0]
            run = Spin(
                specimen_id=of.id,
                number=number,
                g=1500,
                minutes=10,
                celsius=20,
                brake=True,
                kept_after=kept,
                at=DRAWN + after * MINUTE,
            )
            session.add(run)
            custody.record(session, actor, of, Kind.PROCESSED, refs={"spin": facts.spin_said(run)})

        self.world.act(work)

    def kept(self, tube: str, how: Kept = Kept.ROOM) -> None:
        """Note how a primary was kept before it was spun."""

        def work(session: Session, actor: Actor) -> None:
            of = custody.load(session, actor, [tube])[0]
            row = Collection(specimen_id=of.id, kept=how, salt=b"s" * 16)
            session.add(row)
            custody.record(session, actor, of, Kind.NOTED, refs={"facts": facts.collection_said(row)})

        self.world.act(work)

    def plasma(self, count: int = 2) -> list[str]:
        """Aliquots of plasma, half an hour after the draw; spun after twelve minutes."""
        blood = self.tube("blood_edta", container="EDTA 10 mL")
        self.kept(blood)
        self.spin(blood, 12)
        plasma = self.tube("plasma_edta", blood, after=25)
        return [self.tube("plasma_edta", plasma, "PP 2 mL", after=30) for _ in range(count)]

    def put(self, box: str, tubes: list[str], after: int | None = None) -> None:
        """Put tubes away so many minutes after the draw, or now."""
        occurred = None if after is None else DRAWN + after * MINUTE
        order = storage.PutAway(box=box, tubes=tubes, occurred=occurred)
        self.world.act(lambda s, a: storage.put_away(s, a, order))

    def _specimen(
        self,
        session: Session,
        visit: Visit,
        participant: Participant,
        material: str,
        of: Specimen | None,
        container: str,
        when: datetime,
    ) -> Specimen:
        depth = 0 if of is None else 1 if of.kind is SpecimenKind.PRIMARY else 2
        kind = (SpecimenKind.PRIMARY, SpecimenKind.DERIVATIVE, SpecimenKind.ALIQUOT)[depth]
        asked = select(Requirement.id).join(Event, col(Event.id) == col(Requirement.event_id))
        study = session.get_one(Study, participant.study_id)
        asked = asked.where(col(Event.protocol_id) == study.protocol_id, col(Event.code) == "BL")
        return new_specimen(
            visit=visit,
            participant=participant,
            kind=kind,
            material=material,
            container=container,
            parent=of,
            times={"collected" if of is None else "processed": when},
            requirement_id=session.exec(asked.where(col(Requirement.kind) == kind)).one()
            if self.planned
            else None,
        )


def specimen(world: World, code: str) -> Specimen:
    return world.database.read(lambda s: s.exec(select(Specimen).where(col(Specimen.code) == code)).one())


def deviations(world: World, code: str) -> list[tuple[str, int | None, int | None]]:
    key = specimen(world, code).id
    found = world.ask(lambda s, _: preanalytics.deviations.of(s, [key]))[key]
    return [(each.code.value, each.minutes, each.limit_minutes) for each in found]


def refs(world: World, code: str) -> dict[str, Any]:
    """What the newest event of a tube refers to."""
    key = specimen(world, code).id
    asked = select(CustodyEvent.entry).where(col(CustodyEvent.subject_id) == key)
    newest = asked.order_by(col(CustodyEvent.number).desc())
    return entries.read(world.database.read(lambda s: s.exec(newest).first()) or b"").refs


def freezer_box(world: World, celsius: int, box_type: str = "box-9x9") -> str:
    """A box in a freezer of its own."""
    order = storage.FreezerOrder(
        site="BJ", name="Another", shelves=1, racks=1, boxes=1, box_type=box_type, celsius=celsius
    )
    made = world.act(lambda s, a: storage.make_freezer(s, a, order), person=MANAGER, answer=FreezerMade)
    inside = made.code
    for _ in range(3):
        inside = world.ask(lambda s, a, code=inside: storage.contents(s, a, code))[0].code  # type: ignore[misc]
    return str(inside)


def make(world: World, kind: str, into: str | None = None) -> str:
    order = storage.ContainerOrder(type=kind, name=kind, into=into, site=None if into else "BJ")
    return world.act(lambda s, a: storage.make_container(s, a, order), person=MANAGER).code  # type: ignore[no-any-return]


# --- what is noted ---
