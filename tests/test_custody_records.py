"""Records are held against the log too: what is noted of a participant, a visit, a study, a person."""

import pytest
from sqlmodel import Session, col, select

from biobank import storage
from biobank.tables import CustodyNote, Grant, Participant, Person, Protocol, Role, Visit, VisitStatus
from tests.world import TECHNICIAN, World


def _tamper_participant(session: Session) -> None:
    session.exec(select(Participant)).one().attributes = {"sex": "female"}


def _tamper_visit(session: Session) -> None:
    session.exec(select(Visit).where(col(Visit.label) == "M1")).one().status = VisitStatus.DONE


def _tamper_study(session: Session) -> None:
    session.exec(select(Protocol)).one().sha256 = "0" * 64


def _tamper_person(session: Session) -> None:
    person = session.exec(select(Person).where(col(Person.name) == TECHNICIAN)).one()
    session.add(Grant(person_id=person.id, role=Role.ADMINISTRATOR))


def _tamper_note(session: Session) -> None:
    session.exec(select(CustodyNote)).one().text = "another story"


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (_tamper_study, ["its row does not say what the log says"]),
        (_tamper_participant, ["its row does not say what the log says"]),
        (_tamper_visit, ["its row does not say what the log says"]),
        (_tamper_person, ["its row does not say what the log says"]),
        (_tamper_note, ["the note of entry 3 is not the one that was written"]),
    ],
)
def test_what_was_changed_behind_the_logs_back_is_found(
    world: World, tamper: object, found: list[str]
) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    order = storage.TakeOut(tubes=[tube], note="lent to the bench for a spin")
    world.act(lambda session, actor: storage.take_out(session, actor, order))
    assert world.unproved() == []
    world.database.write(tamper)  # type: ignore[arg-type]
    assert [fault.what for fault in world.unproved()] == found


def test_a_note_that_was_erased_leaves_the_log_provable(world: World) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    order = storage.TakeOut(tubes=[tube], note="to be erased")
    world.act(lambda session, actor: storage.take_out(session, actor, order))
    world.database.write(lambda session: session.delete(session.exec(select(CustodyNote)).one()))
    assert world.unproved() == []
