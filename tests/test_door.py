"""The door: one command has one effect, one answer and one actor, however often it is sent."""

import pytest
from sqlmodel import Session, col, func, select

from biobank import accounts, clock, specimens, storage
from biobank.door import Door
from biobank.errors import Conflict, Malformed, NotSignedIn, RuleBroken
from biobank.people import Actor, Credentials
from biobank.tables import Command, CustodyEvent
from tests.races import together
from tests.world import MANAGER, SECRETS, TECHNICIAN, World


def events(world: World) -> int:
    return world.database.read(lambda s: s.exec(select(func.count(col(CustodyEvent.id)))).one())


def test_the_same_command_sent_again_has_no_second_effect_and_the_same_answer(world: World) -> None:
    tubes, command = world.tubes(2), clock.new_key()
    order = storage.PutAway(box=world.boxes()[0], tubes=tubes)

    def put() -> list[storage.Stored]:
        door = world.door(command=command, asked=b"put them away")
        return door.act(lambda s, a: storage.put_away(s, a, order), list[storage.Stored])

    first, count = put(), events(world)
    assert [put() for _ in range(3)] == [first] * 3
    assert events(world) == count
    assert world.unproved() == []


def test_a_command_id_that_was_used_for_something_else_is_refused(world: World) -> None:
    command = clock.new_key()
    world.door(command=command, asked=b"one").act(lambda *_: "done", str)
    with pytest.raises(RuleBroken) as refused:
        world.door(command=command, asked=b"another").act(lambda *_: "done", str)
    assert (refused.value.slug, refused.value.field) == ("command_id_reused", "Idempotency-Key")


def test_a_command_of_somebody_else_is_not_answered(world: World) -> None:
    command = clock.new_key()
    world.door(command=command, asked=b"one").act(lambda *_: "a secret answer", str)
    with pytest.raises(RuleBroken) as refused:
        world.door(MANAGER, command, b"one").act(lambda *_: "done", str)
    assert refused.value.slug == "command_id_reused"


def test_a_refusal_is_not_kept_so_that_the_same_command_may_be_tried_again(world: World) -> None:
    command, attempts = clock.new_key(), list[int]()

    def work(session: Session, actor: Actor) -> str:
        attempts.append(1)
        if len(attempts) == 1:
            raise Conflict("not_now", "Not now.")
        return "done"

    with pytest.raises(Conflict):
        world.door(command=command, asked=b"x").act(work, str)
    assert world.database.read(lambda s: s.get(Command, command)) is None
    assert world.door(command=command, asked=b"x").act(work, str) == "done"


def test_the_same_command_twice_at_the_same_moment_has_one_effect_and_both_are_answered(
    world: World,
) -> None:
    parent, command = world.blood(world.visit()), clock.new_key()
    order = specimens.Aliquots(parent=parent, count=2, amount="1 mL")

    def make() -> list[specimens.SpecimenRow]:
        door = world.door(command=command, asked=b"aliquot")
        return door.act(
            lambda s, a: specimens.rows(s, specimens.aliquot(s, a, order)), list[specimens.SpecimenRow]
        )

    first, second, third = together(make, make, make)
    assert first == second == third
    made = world.ask(lambda s, a: specimens.family(s, a, parent))
    assert [row.code for row in made] == [row.code for row in first]
    assert world.unproved() == []


def test_two_commands_at_the_same_moment_have_two_effects(world: World) -> None:
    """The control: without the same id there is nothing to hold the second one back."""
    parent = world.blood(world.visit())
    order = specimens.Aliquots(parent=parent, count=2, amount="1 mL")
    make = lambda: world.act(lambda s, a: specimens.aliquot(s, a, order) and None)  # noqa: E731
    assert together(make, make) == [None, None]
    assert len(world.ask(lambda s, a: specimens.family(s, a, parent))) == 4


def test_a_change_without_a_command_id_is_refused(world: World) -> None:
    with pytest.raises(Malformed) as refused:
        Door(world.database, Credentials(session=SECRETS[TECHNICIAN])).act(lambda *_: "done", str)
    assert (refused.value.slug, refused.value.field) == ("command_id_needed", "Idempotency-Key")


@pytest.mark.parametrize(
    "shown",
    [
        Credentials(),
        Credentials(session="made up"),
        Credentials(token="made up"),
        Credentials(name="nobody of that name"),
        Credentials(session="\x00"),
    ],
)
def test_nobody_gets_in_by_nothing_or_by_something_made_up(world: World, shown: Credentials) -> None:
    door = Door(world.database, shown, clock.new_key())
    with pytest.raises(NotSignedIn) as refused:
        door.act(lambda *_: "done", str)
    assert refused.value.slug == "not_signed_in"
    with pytest.raises(NotSignedIn):
        door.ask(lambda *_: "told")


def test_a_question_cannot_change_anything(world: World) -> None:
    def work(session: Session, actor: Actor) -> None:
        order = accounts.SiteOrder(code="X", name="X")
        accounts.add_site(session, actor, order)

    with pytest.raises(Exception, match=r"read-?only"):
        world.ask(work, MANAGER)


def test_rights_are_those_of_the_moment_not_of_the_sign_in(world: World) -> None:
    door = world.door(TECHNICIAN)
    assert door.ask(lambda _, actor: actor.role) == "technician"
    order = accounts.PersonOrder.model_validate({"name": TECHNICIAN, "role": "auditor", "site": "NT"})
    world.act(lambda s, a: accounts.add_person(s, a, order, clock.new_secret()), person=MANAGER)
    assert door.ask(lambda _, actor: actor.role) == "auditor,technician"
    assert world.unproved() == []
