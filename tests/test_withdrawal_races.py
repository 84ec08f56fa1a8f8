"""Withdrawing while benches are at work: what came before is held, and nothing comes after."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlmodel import Session

from biobank import participants, specimens
from biobank.errors import Refusal
from biobank.people import Actor
from biobank.specimens import Aliquots, Derivative, NewSpecimen, Registration
from biobank.specimens.collecting import Begin, Tick, begin, tick
from biobank.tables import HoldKind, Life
from tests.races import Turns, together
from tests.test_withdrawal import aliquot, order, register, tubes_of, withdraw
from tests.world import World


def making(world: World, what: str) -> Callable[[Session, Actor], Any]:
    """Registering, portioning or ticking, for a participant who has one tube of blood."""
    visit = world.visit()
    if what == "tick":
        kit = world.act(lambda s, a: [each.code for each in begin(s, a, Begin(visit=visit))])
        world.act(lambda s, a: len(tick(s, a, Tick(visit=visit, codes=kit[:1]))))
        return lambda s, a: [each.code for each in tick(s, a, Tick(visit=visit, codes=kit[-1:]))]
    blood = world.blood(visit)
    if what == "register":
        drawn = Registration(visit=visit, specimens=[NewSpecimen(material="blood_edta", amount="1 mL")] * 3)
        return lambda s, a: [each.code for each in specimens.register(s, a, drawn)]
    if what == "derive":
        plasma = Derivative(parent=blood, material="plasma_edta", used="1 mL", amount="400 uL")
        return lambda s, a: [specimens.derive(s, a, plasma).code]
    portions = Aliquots(parent=blood, count=3, amount="1 mL")
    return lambda s, a: [each.code for each in specimens.aliquot(s, a, portions)]


def living(world: World) -> dict[str, list[tuple[str, str]]]:
    """The tubes that are there, and what holds each."""
    return {code: holds for code, (life, holds) in tubes_of(world).items() if life != Life.ENDED}


MAKING = ["register", "aliquot", "derive", "tick"]


@pytest.mark.parametrize("what", MAKING)
def test_what_is_made_just_before_a_withdrawal_is_held_by_it(world: World, what: str) -> None:
    turns = Turns()
    made, gone = together(
        turns.first(world, making(world, what)), turns.second(lambda: withdraw(world, "destroy"))
    )
    assert gone is None
    tubes = living(world)
    assert {*made} < tubes.keys()
    assert list(tubes.values()) == [[(HoldKind.CONSENT, "destroy")]] * len(tubes)
    assert world.unproved() == []


@pytest.mark.parametrize("what", MAKING)
def test_what_comes_just_after_a_withdrawal_is_refused(world: World, what: str) -> None:
    turns, work = Turns(), making(world, what)
    wish = order("destroy")
    gone, refused = together(
        turns.first(world, lambda s, a: participants.withdraw(s, a, wish).id),
        turns.second(lambda: world.act(work)),
    )
    assert isinstance(gone, UUID)
    assert refused.slug == "withdrawn"
    assert list(living(world).values()) == [[(HoldKind.CONSENT, "destroy")]]  # what was there before
    assert world.unproved() == []


def test_whatever_the_order_nothing_living_is_without_its_hold(world: World) -> None:
    visit = world.visit()
    bloods = [world.blood(visit) for _ in range(3)]
    works = [lambda code=code: aliquot(world, code) for code in bloods]
    answers = together(
        *works,
        lambda: register(world, visit),
        lambda: withdraw(world, "no_further_use"),
        lambda: register(world, visit),
    )
    assert answers[4] is None
    lost = [each for each in answers if isinstance(each, Exception)]
    assert [each.slug for each in lost if isinstance(each, Refusal)] == ["withdrawn"] * len(lost)
    made = [code for each in answers if isinstance(each, list) for code in each]
    tubes = tubes_of(world)
    assert {*made, *bloods} == tubes.keys()
    assert {str(holds) for _, holds in tubes.values()} == {str([(HoldKind.CONSENT, "no_further_use")])}
    assert world.unproved() == []


def test_two_who_record_a_withdrawal_at_once_record_one(world: World) -> None:
    (tube,) = world.tubes(1)
    answers = together(lambda: withdraw(world, "destroy"), lambda: withdraw(world, "destroy"))
    assert sorted(getattr(each, "slug", "done") for each in answers) == ["done", "withdrawn_already"]
    assert tubes_of(world)[tube][1] == [(HoldKind.CONSENT, "destroy")]
    assert world.unproved() == []


def test_without_the_lock_the_same_race_leaves_a_tube_without_a_hold(address: str) -> None:
    """The control: a bench that looks first and writes then, with nothing to hold anybody back."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE loose_tube (id INTEGER, held INTEGER)"))
        connection.execute(text("CREATE TABLE loose_withdrawal (id INTEGER)"))
        connection.execute(text("INSERT INTO loose_tube VALUES (1, 0)"))
    looked, gone = threading.Event(), threading.Event()

    def collect() -> None:
        with engine.connect() as connection:
            withdrawn = connection.execute(text("SELECT count(*) FROM loose_withdrawal")).scalar_one()
            looked.set()
            assert gone.wait(60)
            if not withdrawn:
                connection.execute(text("INSERT INTO loose_tube VALUES (2, 0)"))

    def leave() -> None:
        assert looked.wait(60)
        with engine.connect() as connection:
            connection.execute(text("INSERT INTO loose_withdrawal VALUES (1)"))
            connection.execute(text("UPDATE loose_tube SET held = 1"))
        gone.set()

    assert together(collect, leave) == [None, None]
    with engine.connect() as connection:
        loose = connection.execute(text("SELECT id, held FROM loose_tube ORDER BY id")).all()
    assert [tuple(row) for row in loose] == [(1, 1), (2, 0)]
    engine.dispose()
