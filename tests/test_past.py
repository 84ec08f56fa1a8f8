"""As of: what was where at a past moment is what everybody saw then."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from sqlmodel import Session

from biobank import clock, storage
from biobank.errors import NotFound, Refusal, RuleBroken
from biobank.people import Actor, Granted
from biobank.storage import BoxMap, ContainerRow, TubeRow
from biobank.tables import Role
from tests.test_storage import make, rack_of
from tests.world import MANAGER, OUTSIDER, World

RACK = "rack-20"
Maps = dict[str, BoxMap]


def bare(shown: BoxMap) -> BoxMap:
    """What a map says of places; when a tube was last seen is told of today alone."""
    rows = sorted((unseen(row) for row in shown.slots), key=lambda row: (row.name, row.code))
    return structs.replace(shown, slots=rows)


def unseen(row: Any) -> Any:
    return structs.replace(row, seen=None)


class Watcher:
    """Acts at random, and keeps what was seen after each."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)  # noqa: S311 - the acts of a test
        self.tubes = world.tubes(6)
        self.boxes, self.freezer, self.home = world.boxes(), world.freezer(), rack_of(world)
        self.bag, self.rack = self.made("bag"), self.made(RACK)
        self.moves = 0
        self.kept: list[tuple[datetime, Maps, list[ContainerRow], list[TubeRow]]] = []

    def made(self, kind: str) -> str:
        order = storage.ContainerOrder(type=kind, name=kind, site="BJ")
        return str(self.world.act(lambda s, a: storage.make_container(s, a, order), person=MANAGER).code)

    def act(self) -> None:
        acts: list[Callable[[], object]] = [self.put, self.put, self.put, self.take, self.back, self.move]
        try:
            self.chance.choice(acts)()
        except Refusal:
            return
        self.keep()

    def put(self) -> None:
        box = self.chance.choice([*self.boxes, self.bag])
        slot = None if box == self.bag else self.chance.choice(["A1", "A2", "B1", None])
        self.world.put(box, [self.chance.choice(self.tubes)], slot=slot)

    def take(self) -> None:
        order = storage.TakeOut(tubes=[self.chance.choice(self.tubes)])
        self.world.act(lambda s, a: storage.take_out(s, a, order))

    def back(self) -> None:
        order = storage.BringBack(tubes=[self.chance.choice(self.tubes)])
        self.world.act(lambda s, a: storage.bring_back(s, a, order))

    def move(self) -> None:
        into = self.chance.choice([self.rack, self.home])
        order = storage.ContainerMove(container=self.chance.choice(self.boxes), into=into)
        self.world.act(lambda s, a: storage.move_container(s, a, order))
        self.moves += 1

    def keep(self) -> None:
        def now(session: Session, actor: Actor) -> None:
            maps = {code: storage.box_map(session, actor, code) for code in codes}
            rows = storage.contents(session, actor, freezer)
            tubes = storage.tubes_in(session, actor, freezer)
            self.kept.append((clock.now(), maps, rows, tubes))

        freezer = self.freezer
        codes = (*self.boxes, self.bag, self.rack, freezer)
        self.world.ask(now)


@pytest.mark.parametrize("seed", range(3))
def test_after_random_acts_every_past_map_count_and_list_is_what_was_seen_then(
    world: World, seed: int
) -> None:
    watcher = Watcher(world, seed)
    for _ in range(30):
        watcher.act()
    assert len(watcher.kept) > 10
    assert watcher.moves
    freezer = watcher.freezer

    def then(session: Session, actor: Actor) -> None:
        for at, maps, rows, tubes in watcher.kept:
            for code, shown in maps.items():
                assert bare(storage.box_map_at(session, actor, code, at)) == bare(shown)
            assert storage.contents_at(session, actor, freezer, at) == rows
            assert storage.tubes_at(session, actor, freezer, at) == [unseen(row) for row in tubes]
            count = storage.count_at(session, actor, freezer, at)
            assert count.tubes == sum(row.tubes for row in rows)
            assert count.tubes + count.out == len(tubes)

    world.ask(then)
    assert world.unproved() == []


# --- what is refused, and what is told otherwise ---


def test_nothing_is_told_of_a_box_before_it_was_made_or_of_anybody_elses(world: World) -> None:
    box, now = world.boxes()[0], clock.now()
    long_ago = datetime(2001, 2, 3, tzinfo=UTC)
    for ask in (
        storage.box_map_at,
        storage.inside_at,
        storage.tubes_at,
        storage.count_at,
        storage.contents_at,
    ):
        with pytest.raises(RuleBroken) as early:
            world.ask(lambda s, a, asked=ask: asked(s, a, box, long_ago))  # type: ignore[misc]
        assert (early.value.slug, early.value.field) == ("not_made_yet", "at")
        with pytest.raises(NotFound):
            world.ask(lambda s, a, asked=ask: asked(s, a, box, now), OUTSIDER)  # type: ignore[misc]


def test_a_past_map_tells_only_that_a_slot_was_taken_by_what_is_out_of_scope(world: World) -> None:
    box = world.boxes()[0]
    world.put(box, world.tubes(1))

    def narrowed(session: Session, actor: Actor) -> BoxMap:
        grants = tuple(Granted(Role.TECHNICIAN, study_id=clock.new_key()) for _ in actor.grants)
        return storage.box_map_at(session, structs.replace(actor, grants=grants), box, clock.now())

    slot = world.ask(narrowed).slots[0]
    assert (slot.state, slot.code, slot.material) == ("occupied", "", "")


def test_a_box_that_moved_shows_the_way_to_where_it_stood(world: World) -> None:
    box = world.boxes()[0]
    before = world.ask(lambda s, a: storage.box_map(s, a, box))
    then = clock.now()
    order = storage.ContainerMove(container=box, into=make(world, RACK, site="BJ"))
    world.act(lambda s, a: storage.move_container(s, a, order))
    after = world.ask(lambda s, a: storage.box_map(s, a, box))
    assert after.path != before.path
    assert world.ask(lambda s, a: storage.box_map_at(s, a, box, then)).path == before.path
    assert world.ask(lambda s, a: storage.box_map_at(s, a, box, clock.now())).path == after.path
    assert world.unproved() == []


def test_the_way_to_a_box_ends_where_the_clock_of_the_server_was_set_back(world: World) -> None:
    box, now = world.boxes()[0], clock.now()
    with clock.restored():
        clock.set_clock(lambda: now + timedelta(minutes=20))
        rack = make(world, RACK, site="BJ")
        clock.set_clock(lambda: now + timedelta(minutes=10))
        order = storage.ContainerMove(container=box, into=rack)
        world.act(lambda s, a: storage.move_container(s, a, order))
        between = now + timedelta(minutes=15)
        shown = world.ask(lambda s, a: storage.box_map_at(s, a, box, between))
    assert [step.code for step in shown.path] == [box]
    assert world.unproved() == []


def test_slots_that_were_blocked_then_are_blocked_on_the_map_of_then(world: World) -> None:
    box = world.boxes()[0]
    order = storage.BlockOrder(container=box, slots=["B2"])
    world.act(lambda s, a: storage.block_slots(s, a, order), person=MANAGER)
    blocked = clock.now()
    world.act(lambda s, a: storage.unblock_slots(s, a, order), person=MANAGER)

    def state(at: datetime) -> str:
        shown = world.ask(lambda s, a: storage.box_map_at(s, a, box, at))
        return next(slot.state for slot in shown.slots if slot.name == "B2")

    assert (state(blocked), state(clock.now())) == ("blocked", "empty")
    assert world.unproved() == []
