"""Reservations: slots that are somebody's for a time, and nobody's afterwards."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, func, select, update

from biobank import clock, storage
from biobank.errors import Conflict, NotAllowed, NotFound, RuleBroken
from biobank.storage import PlanOrder, Prolonging, Reservation, ReserveOrder
from biobank.tables import Keep, Placement
from tests.test_storage import make, refusal, slots
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def reserve(world: World, box: str, person: str = TECHNICIAN, **order: Any) -> Reservation:
    told = ReserveOrder(box=box, **order)
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: storage.reserve(s, a, told), person=person, answer=Reservation
    )


def release(world: World, plan: UUID, person: str = TECHNICIAN) -> int:
    order = PlanOrder(plan=plan)
    return world.act(lambda s, a: storage.release(s, a, order), person=person)  # type: ignore[no-any-return]


def let_time_pass(world: World) -> None:
    """Every reservation's time is over."""
    gone = (
        update(Keep).values(ends_at=clock.now() - timedelta(seconds=1)).where(col(Keep.ends_at).is_not(None))
    )
    world.act(lambda s, _: s.connection().execute(gone).rowcount)


def keeps(world: World) -> int:
    return world.ask(lambda s, _: s.exec(select(func.count()).select_from(Keep)).one())


def test_reserved_slots_are_their_owners_alone(world: World) -> None:
    box, tubes = world.boxes()[0], world.tubes(4)
    made = reserve(world, box, slots=["A1", "B2"])
    assert [each.slot for each in made.seats] == ["A1", "B2"]
    order = storage.PutAway(box=box, tubes=tubes[:1])
    stored = world.act(lambda s, a: storage.put_away(s, a, order), person=MANAGER)
    assert stored[0].slot == "A2"
    named = storage.PutAway(box=box, tubes=tubes[1:2], slot="B2")
    refused = refusal(lambda: world.act(lambda s, a: storage.put_away(s, a, named), person=MANAGER))
    assert refused.slug == "slot_taken"
    assert world.put(box, tubes[1:2], "B2")[0].slot == "B2"
    assert world.put(box, tubes[2:3])[0].slot == "A1"
    assert keeps(world) == 0
    assert world.unproved() == []


def test_so_many_next_free_slots_are_reserved_whole_or_not_at_all(world: World) -> None:
    small = make(world, "box-5x5", site="BJ", name="Small")
    world.put(small, world.tubes(20))
    assert refusal(lambda: reserve(world, small, count=6)).slug == "too_few_free"
    assert [each.slot for each in reserve(world, small, count=5).seats] == ["E1", "E2", "E3", "E4", "E5"]
    again = reserve(world, small, count=5)
    assert len(again.seats) == 5
    assert keeps(world) == 5
    assert refusal(lambda: reserve(world, small, person=MANAGER, count=1)).slug == "too_few_free"
    assert refusal(lambda: reserve(world, small, person=MANAGER, slots=["E5"])).slug == "slot_taken"


def test_a_reservation_whose_time_is_over_stands_in_nobodys_way_and_is_swept(world: World) -> None:
    box, tubes = world.boxes()[0], world.tubes(1)
    made = reserve(world, box, count=81, minutes=1)
    let_time_pass(world)
    assert world.ask(storage.my_reservations) == []
    assert world.ask(lambda s, a: storage.box_map(s, a, box)).free == 81
    assert refusal(lambda: release(world, made.plan), NotFound).slug == "reservation_gone"
    order = storage.PutAway(box=box, tubes=tubes)
    world.act(lambda s, a: storage.put_away(s, a, order), person=MANAGER)
    reserve(world, box, person=MANAGER, slots=["C3"])
    assert keeps(world) == 1
    assert slots(world, box) == {"A1": tubes[0]}


def test_a_reservation_is_given_up_or_lasts_longer(world: World) -> None:
    made = reserve(world, world.boxes()[0], slots=["A1"], minutes=5)
    order = Prolonging(plan=made.plan, minutes=60)
    longer = world.act(lambda s, a: storage.prolong(s, a, order), answer=Reservation)
    assert longer.ends_at - made.ends_at > timedelta(minutes=50)
    assert [each.plan for each in world.ask(storage.my_reservations)] == [made.plan]
    assert release(world, made.plan) == 1
    assert world.ask(storage.my_reservations) == []
    assert world.ask(lambda s, _: s.exec(select(func.count()).select_from(Placement)).one()) > 0


def test_a_reservation_of_another_is_given_up_by_a_manager_alone(world: World) -> None:
    box = world.boxes()[0]
    managers = reserve(world, box, person=MANAGER, slots=["A1"])
    with pytest.raises(NotAllowed) as refused:
        release(world, managers.plan)
    assert refused.value.slug == "not_your_reservation"
    assert refused.value.facts["owner"] == MANAGER
    mine = reserve(world, box, slots=["A2"])
    assert release(world, mine.plan, MANAGER) == 1


def test_what_cannot_be_reserved_is_refused(world: World) -> None:
    box = world.boxes()[0]
    assert refusal(lambda: reserve(world, box), RuleBroken).slug == "slots_or_count"
    assert refusal(lambda: reserve(world, box, slots=["A1"], count=1), RuleBroken).slug == "slots_or_count"
    assert refusal(lambda: reserve(world, box, slots=["Z99"]), RuleBroken).slug == "slot_unknown"
    assert refusal(lambda: reserve(world, box, person=OUTSIDER, slots=["A1"]), NotFound).slug == (
        "container_not_found"
    )
    world.put(box, world.tubes(1), "A1")
    with pytest.raises(Conflict) as refused:
        reserve(world, box, slots=["A1", "A2"])
    assert refused.value.slug == "slot_taken"
    assert keeps(world) == 0


def test_nothing_is_reserved_where_things_lie_unplaced(world: World) -> None:
    bag = make(world, "bag", site="BJ", name="Bag")
    assert refusal(lambda: reserve(world, bag, count=1), RuleBroken).slug == "nothing_to_reserve"


def test_a_slot_reserved_for_nothing_in_particular_is_not_given_to_another_persons_tube(world: World) -> None:
    """Asked for a certain tube, whatever is not known of a reservation must not let it through."""
    box, tubes = world.boxes()[0], world.tubes(1)
    reserve(world, box, person=MANAGER, slots=["A1"])
    assert world.put(box, tubes)[0].slot == "A2"
    assert world.unproved() == []
