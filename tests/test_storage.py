"""Storage: a tube is in one place, and nobody is displaced."""

import pytest

from biobank.errors import Conflict
from tests.world import World


def test_tubes_fill_a_box_in_its_order_and_an_occupied_slot_names_its_occupant(world: World) -> None:
    first, second, third = world.tubes(3)
    box = world.boxes()[0]
    assert [stored.slot for stored in world.put(box, [first, second])] == ["A1", "A2"]
    with pytest.raises(Conflict) as refused:
        world.put(box, [third], slot="A1")
    assert refused.value.slug == "slot_taken"
    assert first[:4] in str(refused.value)
    assert world.unproved() == []
