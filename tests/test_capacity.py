"""Capacity: what is used and free, when it is full, and how boxes come free."""

from datetime import date, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, update

from biobank import capacity, clock
from biobank.capacity import Forecast, GapOrder, GapPlan
from biobank.capacity.forecast import leaves_of
from biobank.capacity.gaps import GapKeep, emptiest
from biobank.errors import RuleBroken
from biobank.storage import Reservation
from biobank.tables import Requirement, SpecimenKind, Visit
from tests.test_filling import carry, limit
from tests.test_keeping import reserve
from tests.test_storage import make, refusal, slots, take_out
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def look(world: World, person: str = TECHNICIAN) -> capacity.Use:
    return world.ask(capacity.use, person)


def foresee(world: World, person: str = TECHNICIAN, **told: Any) -> Forecast:
    return world.ask(lambda s, a: capacity.forecast(s, a, **told), person)


def gaps(world: World, boxes: int, *within: str) -> GapPlan:
    order = GapOrder(boxes=boxes, within=list(within))
    return world.ask(lambda s, a: capacity.gap_plan(s, a, order))


def plan_visits(world: World, days: int) -> date:
    """All planned visits so many days from now: on which day."""
    day = clock.now().date() + timedelta(days=days)
    moved = update(Visit).values(planned_on=day, opens_on=day, closes_on=day)
    world.act(lambda s, _: s.connection().execute(moved).rowcount)
    return day


def needs_cold(world: World, storage_class: str) -> None:
    changed = update(Requirement).values(storage_class=storage_class).where(col(Requirement.count) == 8)
    world.act(lambda s, _: s.connection().execute(changed).rowcount)


def test_use_counts_tubes_kept_and_free_slots_four_ways(world: World) -> None:
    boxes, tubes = world.boxes(), world.tubes(5)
    world.put(boxes[0], tubes[:3])
    world.put(boxes[1], tubes[3:])
    take_out(world, tubes[0])
    reserve(world, boxes[2], count=10)
    make(world, "bag", site="BJ", name="Bag")
    found = look(world)
    assert (found.slots, found.used, found.kept, found.free) == (243, 4, 11, 228)
    assert [(each.name, each.boxes, each.slots, each.free) for each in found.freezers] == [
        ("Bag", 1, 0, 0),
        ("Freezer 1", 3, 243, 228),
    ]
    assert [(each.site, each.slots, each.used, each.kept, each.free) for each in found.sites] == [
        ("BJ", 243, 4, 11, 228)
    ]
    nine = next(each for each in found.types if each.code == "box-9x9")
    assert (nine.boxes, nine.empty, nine.slots, nine.used, nine.kept, nine.free) == (3, 0, 243, 4, 11, 228)
    assert [(each.study, each.tubes, each.boxes, each.share) for each in found.studies] == [
        ("DEMO", 4, 2, 100.0)
    ]


def test_use_is_of_the_readers_scope_alone(world: World) -> None:
    world.put(world.boxes()[0], world.tubes(2))
    found = look(world, OUTSIDER)
    assert (found.slots, found.freezers, found.studies) == (0, [], [])


def test_the_forecast_says_how_many_tubes_come_and_when_the_slots_run_out(world: World) -> None:
    small = 243
    for number in range(4):
        world.visit(f"D-10{number}")
    day = plan_visits(world, 40)
    needs_cold(world, "-80")
    found = foresee(world, months=4)
    assert found.visits == 8
    (cold,) = found.classes
    assert (cold.storage, cold.free, cold.tubes, cold.full_on, cold.lacking) == ("-80", small, 32, None, 0)
    assert [month.free for month in cold.months][-1] == small - 32
    assert sum(month.tubes for month in cold.months) == 32
    for box in world.boxes():
        reserve(world, box, MANAGER, count=81 if box != world.boxes()[2] else 51, minutes=600)
    (cold,) = foresee(world, months=4).classes
    assert (cold.free, cold.lacking) == (30, 2)
    assert cold.full_on == day


def test_slots_that_are_not_cold_enough_are_no_room_for_what_must_be_colder(world: World) -> None:
    world.visit("D-100")
    plan_visits(world, 1)
    needs_cold(world, "-150")
    (cold,) = foresee(world, months=3).classes
    assert (cold.storage, cold.free, cold.lacking, cold.tubes) == ("-150", 0, 8, 8)
    assert foresee(world, OUTSIDER, months=3).classes == []
    assert refusal(lambda: foresee(world, site="XX"), RuleBroken).slug == "site_unknown"


def test_what_is_pooled_is_made_once_and_stored_blood_counts_itself() -> None:
    event = UUID(int=1)
    common: dict[str, Any] = {"event_id": event, "position": 0}
    blood = Requirement(
        kind=SpecimenKind.PRIMARY, material="blood_edta", count=2, storage_class="-80", **common
    )
    plasma = Requirement(
        kind=SpecimenKind.DERIVATIVE, material="plasma_edta", parent_id=blood.id, pooled=True, **common
    )
    aliquot = Requirement(
        kind=SpecimenKind.ALIQUOT, material="plasma_edta", parent_id=plasma.id, count=6, **common
    )
    (found,) = leaves_of([blood, plasma, aliquot], {event: "DEMO"}).values()
    assert {kind.materials: (kind.storage, count) for kind, count in found.items()} == {
        "blood_edta": ("-80", 2),
        "plasma_edta": ("-80", 6),
    }


def test_gaps_are_closed_with_the_fewest_moves_and_the_box_is_free(world: World) -> None:
    boxes = world.boxes()
    tubes = world.tubes(9)
    for box, some in zip(boxes, (tubes[:4], tubes[4:6], tubes[6:]), strict=True):
        world.put(box, some)
    plan = gaps(world, 1)
    assert [(each.box, each.tubes) for each in plan.freed] == [(boxes[1], 2)]
    assert {(each.code, each.from_box) for each in plan.seats} == {(tube, boxes[1]) for tube in tubes[4:6]}
    two = gaps(world, 2)
    assert {each.box for each in two.freed} == {boxes[1], boxes[2]}
    assert len(gaps(world, 3).freed) == 2
    order = GapKeep(boxes=2)
    kept = world.act(lambda s, a: capacity.keep_gap_plan(s, a, order), answer=Reservation)
    for box in (boxes[1], boxes[2]):
        carry(world, kept, box)
        assert slots(world, box) == {}
    assert set(slots(world, boxes[0]).values()) == set(tubes)
    assert world.unproved() == []


def test_a_box_with_a_slot_that_is_kept_does_not_come_free(world: World) -> None:
    boxes, tubes = world.boxes(), world.tubes(6)
    world.put(boxes[0], tubes[:4])
    world.put(boxes[1], tubes[4:])
    take_out(world, tubes[4])
    assert [each.box for each in gaps(world, 1).freed] == [boxes[0]]


def test_tubes_do_not_move_where_they_may_not_stand_and_another_box_comes_free(world: World) -> None:
    boxes, tubes = world.boxes(), world.tubes(6)
    for box, some in zip(boxes, (tubes[:1], tubes[1:3], tubes[3:]), strict=True):
        world.put(box, some)
    limit(world, boxes[2], materials=["plasma_edta", "blood_edta"])
    plan = gaps(world, 1, boxes[0], boxes[1])
    assert [each.box for each in plan.freed] == [boxes[0]]
    assert refusal(lambda: _keep_gaps(world, boxes[0])).slug == "no_gaps"


def _keep_gaps(world: World, *within: str) -> Any:
    order = GapKeep(boxes=1, within=list(within))
    return world.act(lambda s, a: capacity.keep_gap_plan(s, a, order), answer=Reservation)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.sampled_from([4, 9, 16])), min_size=1, max_size=7),
    st.integers(1, 3),
)
def test_no_other_boxes_could_be_emptied_with_fewer_moves(told: list[tuple[int, int]], count: int) -> None:
    boxes = {UUID(int=place): (min(tubes, size), size) for place, (tubes, size) in enumerate(told)}
    tubes = {key: some for key, (some, _) in boxes.items()}
    sizes = {key: size for key, (_, size) in boxes.items()}
    free = sum(size - some for some, size in boxes.values())
    possible = [
        sum(tubes[box] for box in chosen)
        for chosen in combinations(boxes, count)
        if sum(tubes[box] for box in chosen) <= free - sum(sizes[box] - tubes[box] for box in chosen)
    ]
    found = emptiest(tubes, sizes, free, count)
    assert bool(found) == bool(possible)
    if found:
        assert len(set(found)) == count
        assert sum(tubes[box] for box in found) == min(possible)
