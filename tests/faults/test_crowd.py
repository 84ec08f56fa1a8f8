"""A crowd at one freezer: many hands, few boxes, every act at once; the tables stay what the log says."""

import random
from collections.abc import Callable

import pytest

from biobank import specimens, storage
from biobank.errors import Busy, Refusal
from tests.races import together
from tests.world import World

HANDS = 8
ACTS = [10, pytest.param(200, marks=pytest.mark.prove)]


def a_hand(world: World, tubes: list[str], boxes: list[str], seed: int, acts: int) -> Callable[[], list[str]]:
    """Somebody who does so many acts at random, and notes every refusal by its slug."""
    chance = random.Random(seed)  # noqa: S311 - which tube, not a secret

    def one() -> None:
        some = chance.sample(tubes, chance.randint(1, 4))
        box = chance.choice(boxes)
        match chance.randrange(5):
            case 0 | 1:
                world.put(box, some)
            case 2:
                world.act(lambda s, a: storage.take_out(s, a, storage.TakeOut(tubes=some)))
            case 3:
                world.act(lambda s, a: storage.bring_back(s, a, storage.BringBack(tubes=some)))
            case _:
                order = specimens.Aliquots(parent=some[0], count=2, amount="3 uL", loss="1 uL")
                world.act(lambda s, a: specimens.aliquot(s, a, order) and None)

    def work() -> list[str]:
        refused = []
        for _ in range(acts):
            try:
                one()
            except Refusal as refusal:
                refused.append("busy" if isinstance(refusal, Busy) else refusal.slug)
        return refused

    return work


@pytest.mark.slow
@pytest.mark.parametrize("acts", ACTS)
def test_many_hands_at_few_boxes_leave_every_tube_in_one_place(world: World, acts: int) -> None:
    tubes, boxes = world.tubes(24), world.boxes()
    hands = [a_hand(world, tubes, boxes, seed, acts) for seed in range(HANDS)]
    answers = together(*hands)
    refused = [slug for each in answers for slug in each]
    # Whatever was refused was refused for a reason of the domain; nobody waited in vain.
    assert set(refused) <= {"not_in_a_box", "not_out", "not_enough"}
    assert len(refused) < HANDS * acts
    assert world.unproved() == []
