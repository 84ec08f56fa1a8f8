"""What is noted beside a state is proved too: each row that is changed behind the domain's back is told."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, update
from sqlmodel import Session, SQLModel, col, select

from biobank import custody, inputs, participants, studies
from biobank.custody import Kind, facts
from biobank.participants import (
    ArmOrder,
    ConsentOrder,
    DatasetOrder,
    ProcedureOrder,
    WithdrawalOrder,
    datasets,
)
from biobank.people import Actor
from biobank.preanalytics.deviations import deviation
from biobank.specimens.kits import KitOrder, print_kits
from biobank.specimens.noting import CollectionFactsOrder, note_collection
from biobank.specimens.processing import Derivative, SpinOrder, derive, spin
from biobank.specimens.registering import NewSpecimen, Registration, register
from biobank.storage import PutAway, put_away
from biobank.tables import (
    ArmChange,
    Collection,
    Consent,
    Dataset,
    Deviation,
    DeviationCode,
    Extract,
    Hold,
    HoldKind,
    Kept,
    Kit,
    Participant,
    Procedure,
    Specimen,
    Spin,
    Taken,
    Visit,
    VisitStatus,
    Withdrawal,
    WithdrawalLevel,
)
from tests.world import MANAGER, PROTOCOL, World

MORE = b"""
[collecting]
datasets = ["fmri"]
[[arms]]
code = "A"
title = "One"
[[arms]]
code = "B"
title = "Other"
"""


def lived(world: World, pseudonym: str = "D-001") -> str:
    """Everything that is noted of a participant and of a tube; the code of that tube."""
    world.act(lambda s, a: studies.load(s, a, PROTOCOL + MORE), person=MANAGER)
    told = {"study": "DEMO", "pseudonym": pseudonym}
    consent = {"version": "1.0", "scopes": ["storage"], "declined": ["genetics"], "given_on": "2026-03-01"}
    enrolment = told | {"site": "BJ", "arm": "A", "enrolled_on": "2026-03-02", "consent": consent}
    coat = NewSpecimen(material="buffy_coat", amount="1 mL", collected="2026-03-02T09:00:00+08:00")  # type: ignore[arg-type]
    done: dict[str, str] = {}

    def collect(session: Session, actor: Actor) -> None:
        order = inputs.read(participants.Enrolment, enrolment)
        whose = participants.enroll(session, actor, order)
        visit = next(iter(participants.card(session, whose).visits)).code
        drawn = register(session, actor, Registration(visit=visit, specimens=[coat]))[0]
        done.update(visit=visit, drawn=drawn.code)

    def work(session: Session, actor: Actor) -> None:
        drawn = done["drawn"]
        spin(session, actor, SpinOrder(tubes=[drawn], g=2000, minutes=10, celsius=4, kept_after=Kept.COLD))
        noted = {"tube": drawn, "haemolysis": 0, "kept": "room", "lot": "L-1", "expires_on": "2028-01-01"}
        note_collection(session, actor, inputs.read(CollectionFactsOrder, noted))
        dna = {"parent": drawn, "material": "dna", "concentration": "52.3 ng/uL", "a260_280": "1.84"}
        derive(session, actor, inputs.read(Derivative, dna))
        put_away(session, actor, PutAway(box=world.boxes()[0], tubes=[drawn]))
        (tube,) = custody.load(session, actor, [drawn])
        late = deviation(tube, DeviationCode.LATE_RECEIPT, 90, 60)
        session.add(late)
        refs = {"deviations": [facts.deviation_said(late)]}
        custody.record(session, actor, tube, Kind.NOTED, refs=refs)

    def course(session: Session, actor: Actor) -> None:
        surgery = {"name": "surgery", "happens_on": "2026-05-04"}
        participants.set_procedure(session, actor, inputs.read(ProcedureOrder, told | surgery))
        moved = {"arm": "B", "since": "2026-04-01"}
        participants.change_arm(session, actor, inputs.read(ArmOrder, told | moved))
        fmri = {"visit": done["visit"], "kind": "fmri", "external_id": "sub-1"}
        datasets.link(session, actor, inputs.read(DatasetOrder, fmri))
        print_kits(session, actor, KitOrder(study="DEMO", event="BL", site="BJ"))

    def leave(session: Session, actor: Actor) -> None:
        gone = {"level": "no_further_use", "withdrawn_on": "2026-06-01"}
        participants.withdraw(session, actor, inputs.read(WithdrawalOrder, told | gone))

    for each in (collect, work, course, leave):
        world.act(each)
    return done["drawn"]


class Harm(NamedTuple):
    """Rows that are given another value, or removed where no column is named; what must be said of it."""

    table: type[SQLModel]
    says: str
    column: str = ""
    value: Any = None

    def done(self, session: Session) -> None:
        """Do it as a stranger would, with SQL."""
        harm = update(self.table).values({self.column: self.value}) if self.column else delete(self.table)
        assert session.connection().execute(harm).rowcount > 0


RECORD = "its row does not say what the log says"
HOLDS, SPINS = "its holds are not those of the log", "its spins are not those of the log"
DEVIATIONS, COLLECTED = (
    "its deviations are not those of the log",
    "how it was collected is not what the log says",
)
MEASURED, TIMES = "what was measured of it is not what the log says", "its times are not those of the log"
ELSEWHERE = "it is of another site, number or requirement than the log says"

HARMS = [
    Harm(Hold, HOLDS),
    Harm(Hold, HOLDS, "kind", HoldKind.QUARANTINE),
    Harm(Hold, HOLDS, "reason", "no reason"),
    Harm(Spin, SPINS),
    Harm(Spin, SPINS, "number", 2),
    Harm(Spin, SPINS, "g", 3000),
    Harm(Spin, SPINS, "minutes", 11),
    Harm(Spin, SPINS, "celsius", 20),
    Harm(Spin, SPINS, "brake", value=False),
    Harm(Spin, SPINS, "kept_after"),
    Harm(Spin, SPINS, "at", datetime(2026, 3, 2, tzinfo=UTC)),
    Harm(Deviation, DEVIATIONS),
    Harm(Deviation, DEVIATIONS, "code", DeviationCode.OTHER),
    Harm(Deviation, DEVIATIONS, "minutes", 61),
    Harm(Deviation, DEVIATIONS, "limit_minutes", 120),
    Harm(Collection, COLLECTED),
    Harm(Collection, COLLECTED, "kept", Kept.COLD),
    Harm(Collection, COLLECTED, "lot", "L-2"),
    Harm(Collection, COLLECTED, "expires_on", date(2029, 1, 1)),
    Harm(Collection, COLLECTED, "haemolysis"),
    Harm(Collection, COLLECTED, "antibiotics", Taken.NO),
    Harm(Extract, MEASURED),
    Harm(Extract, MEASURED, "concentration", 1),
    Harm(Extract, MEASURED, "a260_280", 2000),
    Harm(Specimen, TIMES, "collected_at"),
    Harm(Specimen, TIMES, "collected_offset", 0),
    Harm(Specimen, "its SPREC code is not that of the log", "sprec", "BLD-PED-A-A-A-A-A"),
    Harm(Specimen, ELSEWHERE, "serial", 2),
    Harm(Specimen, ELSEWHERE, "total", 2),
    Harm(Visit, RECORD, "status", VisitStatus.MISSED),
    Harm(Visit, RECORD, "label", "X"),
    Harm(Visit, RECORD, "event_id"),
    Harm(Visit, RECORD, "took_place_at"),
    Harm(Visit, RECORD, "missed_reason", "forgot"),
    Harm(Dataset, RECORD),
    Harm(Dataset, RECORD, "kind", "psg"),
    Harm(Consent, RECORD),
    Harm(Consent, RECORD, "version", "2.0"),
    Harm(Consent, RECORD, "given_on", date(2026, 1, 1)),
    Harm(Consent, RECORD, "imported", value=True),
    Harm(Consent, RECORD, "scopes", ["storage", "genetics"]),
    Harm(Consent, RECORD, "declined", []),
    Harm(Withdrawal, RECORD),
    Harm(Withdrawal, RECORD, "level", WithdrawalLevel.NO_MORE_COLLECTION),
    Harm(Withdrawal, RECORD, "withdrawn_on", date(2026, 6, 2)),
    Harm(ArmChange, RECORD),
    Harm(ArmChange, RECORD, "arm", "C"),
    Harm(ArmChange, RECORD, "since", date(2026, 4, 2)),
    Harm(Procedure, RECORD, "number", 7),
    Harm(Procedure, RECORD, "name", "another"),
    Harm(Procedure, RECORD, "happens_on", date(2026, 5, 5)),
    Harm(Procedure, RECORD, "cancelled", value=True),
    Harm(Participant, RECORD, "arm", "A"),
    Harm(Participant, RECORD, "enrolled_on", date(2026, 3, 3)),
    Harm(Kit, RECORD, "code", "K123456789"),
]


def told_of(world: World, harm: Callable[[Session], None]) -> set[str]:
    """What the proof says while a harm is done, which is then taken back."""
    with Session(world.database.writing) as session:
        harm(session)
        told = {fault.what for fault in custody.unproved(session)}
        session.rollback()
    return told


def test_every_row_that_is_changed_or_removed_is_found(world: World) -> None:
    lived(world)
    assert world.unproved() == []
    missed = [harm for harm in HARMS if harm.says not in told_of(world, harm.done)]
    assert missed == []
    assert world.unproved() == []


def doubled(table: type[SQLModel]) -> Callable[[Session], None]:
    """A row of a table once more, with what must differ."""
    differs: dict[Any, dict[str, Any]] = {Spin: {"number": 9}, Procedure: {"number": 9}}
    differs[Dataset] = {"external_id": "sub-2"}

    def harm(session: Session) -> None:
        row = session.exec(select(table).limit(1)).one()
        session.add(table(**{**row.model_dump(exclude={"id"}), **differs.get(table, {})}))
        session.flush()

    return harm


def test_every_row_that_nobody_recorded_is_found(world: World) -> None:
    lived(world)
    tables = (Hold, Spin, Deviation, Consent, ArmChange, Procedure, Dataset)
    assert [table for table in tables if not told_of(world, doubled(table))] == []
    assert world.unproved() == []


def test_what_holds_the_facts_of_one_tube_is_not_proved_by_another(world: World) -> None:
    """The same words in the log of another tube prove nothing."""
    drawn = lived(world)

    def swap(session: Session) -> None:
        other = session.exec(select(Specimen.id).where(col(Specimen.code) != drawn)).first()
        session.connection().execute(update(Spin).values(specimen_id=other))

    assert SPINS in told_of(world, swap)


def test_a_further_consent_without_its_line_is_told_from_one_with_it(world: World) -> None:
    world.visit()
    order = ConsentOrder.model_validate({"version": "2.0", "declined": ["storage"]})
    world.act(lambda s, a: participants.give_consent(s, a, "DEMO", "D-001", order))
    assert world.unproved() == []
    assert RECORD in told_of(world, lambda s: Harm(Consent, RECORD, "declined", []).done(s))
