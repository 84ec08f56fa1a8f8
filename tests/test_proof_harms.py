"""What the proof must find: each harm is done behind the domain's back, and is told."""

from collections.abc import Callable

import pytest
from sqlmodel import Session, col, select

from biobank import clock, storage
from biobank.storage import TakeOut
from biobank.tables import (
    Container,
    ContainerType,
    CustodySubject,
    Deviation,
    Keep,
    KeepKind,
    Participant,
    Person,
    Placement,
    Protocol,
    Specimen,
    Visit,
)
from tests.collected import begun, deviate
from tests.world import World

Harm = Callable[[Session, Specimen, Container], None]


def another_type(session: Session, _: Specimen, box: Container) -> None:
    other = select(ContainerType).where(col(ContainerType.code) == "box-5x5")
    box.type_id = session.exec(other).one().id


def another_code_of_the_tube(_: Session, tube: Specimen, __: Container) -> None:
    tube.code = tube.code[::-1]


def another_code_of_the_box(_: Session, __: Specimen, box: Container) -> None:
    box.code = box.code[::-1]


def a_second_slot(session: Session, tube: Specimen, box: Container) -> None:
    session.add(Placement(container_id=box.id, row=5, col=5, specimen_id=tube.id))


def a_slot_kept_for_nobody(session: Session, _: Specimen, box: Container) -> None:
    keep = Keep(kind=KeepKind.BLOCKED, owner_id=session.exec(select(Person.id).limit(1)).one())
    session.add(keep)
    session.flush()
    session.add(Placement(container_id=box.id, row=5, col=5, keep_id=keep.id))


def a_barcode_that_nobody_told(_: Session, __: Specimen, box: Container) -> None:
    box.barcode = "FX0001"


def a_rule_that_nobody_made(_: Session, __: Specimen, box: Container) -> None:
    box.may_hold = {"materials": ["stool"]}


def another_sighting(_: Session, tube: Specimen, __: Container) -> None:
    tube.seen_at = clock.now()


def another_purpose(_: Session, tube: Specimen, __: Container) -> None:
    tube.out_purpose = "destruction"


def a_later_day_to_be_back(_: Session, tube: Specimen, __: Container) -> None:
    tube.out_due_at = clock.now()


def a_tube_that_nobody_registered(session: Session, tube: Specimen, _: Container) -> None:
    key = clock.new_key()
    session.add(CustodySubject(id=key, kind="specimen", number=0, hash=bytes(32)))
    session.flush()
    facts = tube.model_dump() | {"id": key, "code": "S0", "out_with": None, "out_since": None}
    session.add(Specimen(**facts))


def another_text_of_the_protocol(session: Session, _: Specimen, __: Container) -> None:
    protocol = session.exec(select(Protocol)).one()
    protocol.source = protocol.source.replace("count = 8", "count = 7")


HARMS: list[Harm] = [
    another_text_of_the_protocol,
    another_type,
    another_code_of_the_tube,
    another_code_of_the_box,
    a_second_slot,
    a_slot_kept_for_nobody,
    a_barcode_that_nobody_told,
    a_rule_that_nobody_made,
    another_sighting,
    another_purpose,
    a_later_day_to_be_back,
    a_tube_that_nobody_registered,
]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_harm_to_a_tube_that_is_out_of_its_box_is_found(world: World, harm: Harm) -> None:
    tubes, box = world.tubes(1), world.boxes()[0]
    world.put(box, tubes)
    world.act(lambda session, actor: storage.take_out(session, actor, TakeOut(tubes=tubes)))
    assert world.unproved() == []

    def do_harm(session: Session) -> None:
        tube = session.exec(select(Specimen).where(col(Specimen.code) == tubes[0])).one()
        held = session.exec(select(Container).where(col(Container.code) == box)).one()
        harm(session, tube, held)

    world.database.write(do_harm)
    assert world.unproved()


def test_a_tube_and_its_deviation_that_were_moved_to_where_they_are_not_of_are_found(world: World) -> None:
    visit, tubes = begun(world)
    deviate(world, tubes[0], "other", note="the label was wet")
    elsewhere = world.visit()
    assert world.unproved() == []

    def move(session: Session) -> None:
        tube = session.exec(select(Specimen).where(col(Specimen.code) == tubes[0])).one()
        other = session.exec(select(Visit).where(col(Visit.code) == elsewhere)).one()
        noted = session.exec(select(Deviation).where(col(Deviation.specimen_id) == tube.id)).one()
        noted.visit_id = other.id
        tube.study_id = session.get_one(Participant, other.participant_id).study_id

    world.database.write(move)
    assert [each.what for each in world.unproved()] == [
        "it is of another study than its participant",
        "its deviations are of another visit",
    ]
    assert visit != elsewhere
