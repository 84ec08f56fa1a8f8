"""Whatever stands in a box and whatever its file says: what is told to be good can be confirmed."""

import random

import pytest

from biobank.storage import TakeOut, take_out
from tests.racks.benches import confirm, of_plate, rack, slots, tubes, verdict
from tests.racks.dialects import Plate
from tests.world import World

COUNT, ROUNDS = 12, 5
CODES = [f"0108686{number:03}" for number in range(COUNT)]
STRANGERS = ["9999999990", "9999999991"]


def _plate(chance: random.Random, codes: list[str]) -> Plate:
    """Some of the tubes and of others at slots of the first two rows, where they meet each other often."""
    some = chance.sample([*codes, *STRANGERS], chance.randint(2, len(codes)))
    places = chance.sample([(row, col) for row in range(2) for col in range(8)], len(some))
    wells = dict(zip(places, some, strict=True))
    return {place: "NO READ" if chance.random() < 0.1 else code for place, code in wells.items()}


def _take(world: World, codes: list[str]) -> None:
    order = TakeOut(tubes=codes)
    world.act(lambda session, actor: take_out(session, actor, order))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_what_is_good_can_be_confirmed_and_nothing_else_moves(world: World, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test that repeats itself
    box, ours = rack(world), tubes(world, CODES)
    world.put(world.boxes()[0], [ours[code] for code in CODES[:4]])
    for _ in range(ROUNDS):
        here = slots(world, box)
        out = chance.sample([here[slot] for slot in sorted(here)], min(len(here), chance.randint(0, 3)))
        if out:
            _take(world, out)
        before, file = slots(world, box), of_plate(world, _plate(chance, CODES))
        found = verdict(world, box, file)
        good = {well.slot: well.tube for well in found.wells if well.good}
        done = confirm(world, box, file, turned=False, absent_reason="in_use")
        assert done.placed + done.sighted == len(good)
        after = slots(world, box)
        gone = {slot for slot, tube in before.items() if tube in good.values()}
        stays = {slot: tube for slot, tube in before.items() if slot not in gone}
        assert after == stays | good
        assert len(set(after.values())) == len(after)
    assert world.unproved() == []
