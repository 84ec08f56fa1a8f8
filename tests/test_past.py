"""As of: what was where at a past moment is what everybody saw then."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from biobank import clock, custody, storage
from biobank.errors import NotFound, Refusal, RuleBroken
from biobank.people import Actor
from biobank.storage import BoxMap, ContainerRow, TubeRow
from tests.world import MANAGER, OUTSIDER, World

Maps = dict[str, BoxMap]


def bare(shown: BoxMap) -> BoxMap:
    """What a map says of places; when a tube was last seen is told of today alone."""
    rows = [_unseen(row) for row in shown.slots]
    shown = _replaced(shown, slots=sorted(rows, key=lambda row: (row.name, row.code)))
    return shown


def _unseen(row: Any) -> Any:
    return _replaced(row, seen=None)


def _replaced(row: Any, **values: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(row, **values)


class Watcher:
    """Acts at random, and keeps what was seen after each."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)
        self.tubes = world.tubes(6)
        self.boxes = world.boxes()
        self.bag = self.made("bag")
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
        rack = self.world.ask(lambda s, a: storage.place_of(s, storage.by_code(s, a, self.boxes[0]))).path
        into = next(step.code for step in rack if step.level == "rack")
        slot = self.chance.choice(["4", "5", "6", "D1", "A2", "2-1"])
        order = storage.ContainerMove(container=self.chance.choice(self.boxes), into=into, slot=slot)
        self.world.act(lambda s, a: storage.move_container(s, a, order))

    def keep(self) -> None:
        def now(session: Session, actor: Actor) -> None:
            maps = {code: storage.box_map(session, actor, code) for code in (*self.boxes, self.bag, freezer)}
            rows = storage.contents(session, actor, freezer)
            tubes = storage.tubes_in(session, actor, freezer)
            self.kept.append((clock.now(), maps, rows, tubes))

        freezer = self.world.freezer()
        self.world.ask(now)


@pytest.mark.parametrize("seed", range(3))
def test_after_random_acts_every_past_map_count_and_list_is_what_was_seen_then(
    world: World, seed: int
) -> None:
    watcher = Watcher(world, seed)
    for _ in range(30):
        watcher.act()
    assert len(watcher.kept) > 10
    freezer = world.freezer()

    def then(session: Session, actor: Actor) -> None:
        for at, maps, rows, tubes in watcher.kept:
            for code, shown in maps.items():
                assert bare(storage.box_map_at(session, actor, code, at)) == bare(shown)
            assert storage.contents_at(session, actor, freezer, at) == rows
            assert storage.tubes_at(session, actor, freezer, at) == [_unseen(row) for row in tubes]
            count = storage.count_at(session, actor, freezer, at)
            assert count.tubes == sum(row.tubes for row in rows)
            assert count.tubes + count.out == len(tubes)

    world.ask(then)
    assert world.unproved() == []
