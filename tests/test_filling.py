"""Filling boxes by a plan: five strategies, a preview, slots that nobody else gets, one act."""

from biobank import storage
from biobank.errors import NotFound, RuleBroken
from biobank.storage import CarryOut, FillOrder, FillPlan, KeepOrder, PlannedSlot, Reservation, Strategy
from tests.races import together
from tests.test_storage import make, refusal, slots, take_out
from tests.world import MANAGER, OUTSIDER, World


def preview(world: World, tubes: list[str], strategy: Strategy, *within: str) -> FillPlan:
    order = FillOrder(tubes=tubes, within=list(within), strategy=strategy)
    return world.ask(lambda s, a: storage.preview(s, a, order))


def keep(
    world: World,
    tubes: list[str],
    strategy: Strategy = Strategy.FIRST_FREE,
    within: str = "",
    person: str = MANAGER,
) -> Reservation:
    order = KeepOrder(tubes=tubes, within=[within] if within else [], strategy=strategy)
    return world.act(  # type: ignore[no-any-return]
        lambda s, a: storage.keep_plan(s, a, order), person=person, answer=Reservation
    )


def carry(world: World, plan: Reservation, box: str | None = None) -> list[storage.Stored]:
    order = CarryOut(plan=plan.plan, box=box)
    return world.act(lambda s, a: storage.carry_out(s, a, order))  # type: ignore[no-any-return]


def where(found: list[PlannedSlot]) -> dict[str, tuple[str, str]]:
    return {each.code: (each.box, each.slot) for each in found}


def second_freezer(world: World, celsius: int = -80) -> tuple[str, str]:
    """Another freezer at the site with one box in it; their codes."""
    made = make(world, "freezer-1", site="BJ", name="Freezer 2", celsius=celsius)
    shelf = make(world, "shelf-1", made, name="Shelf")
    rack = make(world, "rack-3", shelf, name="Rack")
    return made, make(world, "box-9x9", rack, name="Box of freezer 2")


def test_first_free_takes_the_boxes_in_their_order_and_a_preview_keeps_nothing(world: World) -> None:
    tubes, boxes = world.tubes(3), world.boxes()
    world.put(boxes[0], world.tubes(1, "D-002"))
    plan = preview(world, tubes, Strategy.FIRST_FREE)
    assert [each.slot for each in plan.seats] == ["A2", "A3", "A4"]
    assert set(plan.boxes) == {boxes[0]}
    assert plan.without == []
    world.put(boxes[0], tubes[2:])
    assert slots(world, boxes[0])["A2"] == tubes[2]
    assert world.unproved() == []


def test_least_empty_fills_what_was_begun_before_it_begins_another_box(world: World) -> None:
    boxes, tubes = world.boxes(), world.tubes(2)
    world.put(boxes[1], world.tubes(5, "D-002"))
    plan = preview(world, tubes, Strategy.LEAST_EMPTY)
    assert where(plan.seats) == {tubes[0]: (boxes[1], "A6"), tubes[1]: (boxes[1], "A7")}


def test_a_participants_tubes_come_together_where_others_of_theirs_are(world: World) -> None:
    boxes = world.boxes()
    mine, others = world.tubes(4), world.tubes(2, "D-002")
    world.put(boxes[2], mine[:1])
    plan = preview(world, [mine[1], others[0], mine[2], others[1], mine[3]], Strategy.TOGETHER)
    assert {each.code: each.box for each in plan.seats} == {
        **dict.fromkeys(mine[1:], boxes[2]),
        **dict.fromkeys(others, boxes[0]),
    }


def test_what_was_made_of_one_specimen_is_split_over_two_freezers(world: World) -> None:
    _, other = second_freezer(world)
    tubes = world.tubes(4)
    plan = preview(world, tubes, Strategy.SPLIT)
    boxes = [where(plan.seats)[tube][0] for tube in tubes]
    assert boxes == [world.boxes()[0], other, world.boxes()[0], other]
    world.put(other, tubes[:1])
    left = preview(world, tubes[1:2], Strategy.SPLIT)
    assert left.seats[0].box == world.boxes()[0]


def test_aliquots_are_not_split_where_there_is_one_freezer_and_the_plan_says_so(world: World) -> None:
    tubes = world.tubes(2)
    plan = preview(world, tubes, Strategy.SPLIT)
    assert (plan.seats, plan.without) == ([], tubes)
    refused = refusal(lambda: keep(world, tubes, Strategy.SPLIT))
    assert refused.slug == "no_room"
    assert refused.facts["count"] == 2


def test_a_tube_goes_back_to_the_slot_it_has_or_had(world: World) -> None:
    boxes, tubes = world.boxes(), world.tubes(3)
    world.put(boxes[1], tubes)
    take_out(world, tubes[0])
    world.put(boxes[2], [tubes[1]], "I9")
    plan = preview(world, tubes, Strategy.ORIGIN)
    assert where(plan.seats) == {tubes[0]: (boxes[1], "A1"), tubes[1]: (boxes[1], "A2")}
    assert plan.without == [tubes[2]]
    order = FillOrder(tubes=tubes[:2], strategy=Strategy.ORIGIN)
    world.act(lambda s, a: storage.fill(s, a, order), answer=list[storage.Stored])
    assert slots(world, boxes[1]) == {"A1": tubes[0], "A2": tubes[1], "A3": tubes[2]}
    assert world.unproved() == []


def test_what_is_kept_for_a_tube_that_is_out_needs_no_reservation(world: World) -> None:
    tubes = world.tubes(1)
    world.put(world.boxes()[0], tubes)
    take_out(world, *tubes)
    refused = refusal(lambda: keep(world, tubes, Strategy.ORIGIN), RuleBroken)
    assert refused.slug == "kept_already"


def test_a_plan_that_is_kept_is_nobody_elses_and_is_carried_out_in_one_act(world: World) -> None:
    tubes, others, box = world.tubes(3), world.tubes(2, "D-002"), world.boxes()[0]
    plan = keep(world, tubes, within=box)
    assert [each.slot for each in plan.seats] == ["A1", "A2", "A3"]
    drawn = world.ask(lambda s, a: storage.box_map(s, a, box))
    assert [(row.state, row.owner, row.code) for row in drawn.slots[:3]] == [
        ("reserved", MANAGER, tube) for tube in tubes
    ]
    assert drawn.next_free == "A4"
    refused = refusal(lambda: world.put(box, others[:1], "A2"))
    assert refused.slug == "slot_taken"
    assert [each.slot for each in world.put(box, others)] == ["A4", "A5"]
    stored = carry(world, plan)
    assert [(each.code, each.slot) for each in stored] == list(zip(tubes, ["A1", "A2", "A3"], strict=True))
    gone = refusal(lambda: carry(world, plan), NotFound)
    assert gone.slug == "reservation_gone"
    assert world.unproved() == []


def test_a_scanned_tube_goes_to_the_slot_that_is_reserved_for_it(world: World) -> None:
    tubes, box = world.tubes(4), world.boxes()[0]
    keep(world, tubes[:3], within=box)
    world.put(box, [tubes[2]])
    world.put(box, [tubes[3], tubes[0]])
    assert slots(world, box) == {
        "A1": tubes[0],
        "A2": tubes[1],
        "A3": tubes[2],
        "A4": tubes[3],
    }
    assert world.unproved() == []


def test_a_plan_is_carried_out_box_by_box(world: World) -> None:
    tubes, box = world.tubes(4), world.boxes()
    world.put(box[1], tubes[:2])
    world.put(box[2], tubes[2:])
    plan = keep(world, tubes, within=box[0])
    assert {each.from_name for each in plan.seats} == {"Box 2", "Box 3"}
    assert [each.code for each in carry(world, plan, box[2])] == tubes[2:]
    refused = refusal(lambda: carry(world, plan, box[2]), RuleBroken)
    assert refused.slug == "nothing_planned_there"
    assert [each.code for each in carry(world, plan, box[0])] == tubes[:2]
    assert slots(world, box[0]) == dict(zip(["A1", "A2", "A3", "A4"], tubes, strict=True))
    assert world.unproved() == []


def test_tubes_stand_only_where_it_is_cold_enough_and_they_may(world: World) -> None:
    assert storage.cold_enough(-196, "-150")
    assert not storage.cold_enough(-80, "-150")
    assert not storage.cold_enough(-80, "4")
    assert storage.cold_enough(4, "4")
    assert not storage.cold_enough(None, "-80")
    assert storage.cold_enough(None, "")
    tubes, boxes = world.tubes(2), world.boxes()
    limit(world, boxes[0], materials=["stool"])
    plan = preview(world, tubes, Strategy.FIRST_FREE)
    assert set(plan.boxes) == {boxes[1]}


def test_of_two_who_plan_at_the_same_moment_neither_gets_the_others_slots(world: World) -> None:
    one, two, box = world.tubes(8), world.tubes(8, "D-002"), world.boxes()[0]
    answers = together(
        lambda: keep(world, one, within=box), lambda: keep(world, two, within=box, person="technician")
    )
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    given = [each.slot for answer in answers for each in answer.seats]
    assert len(set(given)) == 16
    for answer in answers:
        carry(world, answer)
    assert set(slots(world, box).values()) == {*one, *two}
    assert world.unproved() == []


def test_more_tubes_than_slots_are_refused_whole(world: World) -> None:
    small = make(world, "box-5x5", site="BJ", name="Small")
    world.put(small, world.tubes(24, "D-002"))
    tubes = world.tubes(2)
    assert preview(world, tubes, Strategy.FIRST_FREE, small).without == tubes[1:]
    assert refusal(lambda: keep(world, tubes, within=small)).slug == "no_room"
    assert world.ask(storage.my_reservations, MANAGER) == []
    stored = world.act(lambda s, a: storage.fill(s, a, FillOrder(tubes=tubes[:1], within=[small])))
    assert [each.slot for each in stored] == ["E5"]


def test_a_plan_with_a_tube_out_of_scope_is_refused(world: World) -> None:
    tubes = world.tubes(1)
    refused = refusal(lambda: keep(world, tubes, person=OUTSIDER), NotFound)
    assert refused.slug == "specimen_not_found"


def limit(world: World, box: str, **allowed: list[str]) -> None:
    order = storage.LimitsOrder(container=box, **allowed)
    world.act(lambda s, a: storage.set_limits(s, a, order).code, person=MANAGER)
