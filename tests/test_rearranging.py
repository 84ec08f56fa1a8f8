"""Rearranging: many tubes change their slots in one gesture, and a spilled box is seated anew."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biobank import specimens, storage
from biobank.errors import NotFound, Refusal, RuleBroken
from biobank.storage import Going, Rearrangement, Reseat
from tests.test_storage import bring_back, make, rack_of, refusal, slots, take_out
from tests.world import OUTSIDER, World


def rearrange(world: World, *moves: tuple[str, str, str]) -> list[storage.Stored]:
    order = Rearrangement(moves=[Going(tube=tube, box=box, slot=slot) for tube, box, slot in moves])
    return world.act(lambda s, a: storage.rearrange(s, a, order))  # type: ignore[no-any-return]


def reseat(world: World, box: str, tubes: list[str], **more: Any) -> list[storage.Stored]:
    order = Reseat(box=box, tubes=tubes, **more)
    return world.act(lambda s, a: storage.reseat(s, a, order))  # type: ignore[no-any-return]


def preview(world: World, box: str, tubes: list[str], **more: Any) -> storage.Reseating:
    return world.ask(lambda s, a: storage.reseat_preview(s, a, Reseat(box=box, tubes=tubes, **more)))


# --- several at once ---


def test_two_tubes_change_places_in_one_gesture(world: World) -> None:
    first, second = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [first, second])
    told = rearrange(world, (first, box, "A2"), (second, box, "a1"))
    assert [(stored.code, stored.slot, stored.changed) for stored in told] == [
        (first, "A2", True),
        (second, "A1", True),
    ]
    assert slots(world, box) == {"A1": second, "A2": first}
    assert world.unproved() == []


@given(order=st.permutations(range(6)), data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_permutation_over_two_boxes_is_one_gesture(
    world: World, order: list[int], data: st.DataObject
) -> None:
    tubes = getattr(world, "six", None) or world.tubes(6)
    world.six = tubes  # type: ignore[attr-defined]
    one, two = world.boxes()[:2]
    wells = [(one, name) for name in ("A1", "A2", "E5")] + [(two, name) for name in ("A1", "I9", "C3")]
    first = data.draw(st.permutations(wells))
    rearrange(world, *((tube, *well) for tube, well in zip(tubes, first, strict=True)))
    rearrange(world, *((tubes[at], *well) for at, well in zip(order, wells, strict=True)))
    stands = {(box, slot): code for box in (one, two) for slot, code in slots(world, box).items()}
    assert stands == {well: tubes[at] for at, well in zip(order, wells, strict=True)}
    assert world.unproved() == []


def test_a_tube_that_stands_right_is_sighted_and_told_as_unchanged(world: World) -> None:
    first, second = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [first, second])
    told = rearrange(world, (first, box, "A1"), (second, box, "B1"))
    assert [stored.changed for stored in told] == [False, True]
    kinds = [row.kind for row in world.ask(lambda s, a: specimens.timeline(s, a, first))]
    assert kinds[-2:] == ["placed", "sighted"]
    assert world.unproved() == []


def test_a_slot_held_by_a_tube_that_is_not_moved_is_refused_by_its_name(world: World) -> None:
    first, second, third = world.tubes(3)
    box = world.boxes()[0]
    world.put(box, [first, second])
    refused = refusal(lambda: rearrange(world, (third, box, "B1"), (first, box, "A2")))
    assert (refused.slug, refused.facts["slot"]) == ("slot_taken", "A2")
    assert second[:4] in str(refused)
    take_out(world, second)
    assert refusal(lambda: rearrange(world, (first, box, "A2"))).slug == "slot_taken"
    assert slots(world, box) == {"A1": first, "A2": f"({second})"}
    assert world.unproved() == []


def test_a_tube_that_is_out_may_change_slots_with_one_that_is_not(world: World) -> None:
    first, second = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [first, second])
    take_out(world, first)
    rearrange(world, (first, box, "A2"), (second, box, "A1"))
    assert slots(world, box) == {"A1": second, "A2": first}
    assert refusal(lambda: bring_back(world, first)).slug == "not_out"
    assert world.unproved() == []


def test_what_cannot_be_rearranged_is_refused_and_nothing_moves(world: World) -> None:
    first, second = world.tubes(2)
    box, rack = world.boxes()[0], rack_of(world)
    world.put(box, [first, second])

    def fails(kind: type[Refusal], *moves: tuple[str, str, str]) -> str:
        return refusal(lambda: rearrange(world, *moves), kind).slug

    assert fails(RuleBroken, (first, box, "B1"), (second, box, "b1")) == "slot_twice"
    assert fails(RuleBroken, (first, box, "B1"), (first, box, "B2")) == "scanned_twice"
    assert fails(RuleBroken, (first, box, "J1")) == "slot_unknown"
    assert fails(RuleBroken, (first, box, "")) == "slot_unknown"
    assert fails(RuleBroken, (first, rack, "1")) == "holds_no_tubes"
    order = Rearrangement(moves=[Going(tube=first, box=box, slot="B1")])
    with pytest.raises(NotFound):
        world.act(lambda s, a: storage.rearrange(s, a, order), person=OUTSIDER)
    assert slots(world, box) == {"A1": first, "A2": second}


def test_tubes_go_into_a_bag_without_a_slot(world: World) -> None:
    first, second = world.tubes(2)
    bag = make(world, "bag", site="BJ")
    assert [stored.slot for stored in rearrange(world, (first, bag, ""), (second, bag, ""))] == ["", ""]
    assert [stored.changed for stored in rearrange(world, (first, bag, ""))] == [False]
    assert world.unproved() == []


# --- a spilled box ---


def test_a_spilled_box_is_shown_as_a_permutation_and_seated_anew(world: World) -> None:
    first, second, third, fourth = world.tubes(4)
    box = world.boxes()[0]
    world.put(box, [first, second, third, fourth])
    take_out(world, fourth)
    shown = preview(world, box, [third, "", second, first])
    assert [(seat.code, seat.was, seat.goes) for seat in shown.seats] == [
        (third, "A3", "A1"),
        (second, "A2", "A3"),
        (first, "A1", "A5"),
    ]
    assert (shown.moved, shown.missing, shown.strangers) == (3, [], [])
    reseat(world, box, [third, "", second, first])
    assert slots(world, box) == {"A1": third, "A3": second, "A4": f"({fourth})", "A5": first}
    assert world.unproved() == []


def test_a_spilled_box_may_be_told_slot_by_slot(world: World) -> None:
    first, second = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [first, second])
    reseat(world, box, [], wells={"a1": second, "I9": first})
    assert slots(world, box) == {"A1": second, "I9": first}
    refused = refusal(lambda: reseat(world, box, [], wells={"J1": second, "I9": first}), RuleBroken)
    assert refused.slug == "slot_unknown"
    assert world.unproved() == []


def test_tubes_that_were_not_scanned_and_tubes_of_elsewhere_are_refused_by_name(world: World) -> None:
    first, second, third, fourth = world.tubes(4)
    one, two = world.boxes()[:2]
    world.put(one, [first, second])
    world.put(two, [third])
    shown = preview(world, one, [second, third, fourth])
    assert [(tube.code, tube.place) for tube in shown.missing] == [(first, "A1")]
    assert [tube.code for tube in shown.strangers] == [third, fourth]
    assert shown.strangers[0].place.endswith("Box 2")
    assert shown.strangers[1].place == ""
    refused = refusal(lambda: reseat(world, one, [second]))
    assert (refused.slug, refused.facts["count"]) == ("tubes_not_scanned", 1)
    assert first[:4] in str(refused)
    refused = refusal(lambda: reseat(world, one, [second, first, third]))
    assert refused.slug == "tubes_from_elsewhere"
    assert third[:4] in str(refused)
    assert slots(world, one) == {"A1": first, "A2": second}


def test_a_tube_that_is_out_comes_back_when_its_box_is_seated_anew(world: World) -> None:
    first, second = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [first, second])
    take_out(world, second)
    reseat(world, box, [second, first])
    assert slots(world, box) == {"A1": second, "A2": first}
    assert world.unproved() == []


def test_a_box_is_not_seated_anew_with_nothing_or_with_more_than_it_holds(world: World) -> None:
    tubes = world.tubes(26)
    box = make(world, "box-5x5", site="BJ")
    world.put(box, tubes[:25])
    refused = refusal(lambda: preview(world, box, ["", ""]), RuleBroken)
    assert refused.slug == "nothing_scanned"
    assert refusal(lambda: preview(world, box, tubes)).slug == "box_full"
    bag = make(world, "bag", site="BJ")
    assert refusal(lambda: preview(world, bag, tubes[25:]), RuleBroken).slug == "no_slots"
    assert refusal(lambda: preview(world, box, ["SAAAAAAAA1"]), Refusal).slug == "code_unreadable"
    reseat(world, box, tubes[24::-1])
    assert slots(world, box)["A1"] == tubes[24]
    assert world.unproved() == []
