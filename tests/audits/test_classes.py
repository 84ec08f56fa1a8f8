"""How each slot of a counted box ends."""

from uuid import UUID, uuid4

import pytest
from msgspec import structs

from biobank.audits.classes import Expected, Outcome, Seen, Spot, judge
from biobank.storage.geometry import Slot
from biobank.tables import Mark, Result

BOX, OTHER = uuid4(), uuid4()
T, U, V = uuid4(), uuid4(), uuid4()
A1, A2, A3 = Slot(0, 0), Slot(0, 1), Slot(0, 2)


def seen(
    slot: Slot,
    tube: UUID | None = None,
    was: Spot | None = None,
    *,
    box: UUID = BOX,
    mark: Mark = Mark.TUBE,
    text: str = "",
) -> Seen:
    return Seen(Spot(box, slot), mark, text, tube, was)


def here(slot: Slot, tube: UUID, box: UUID = BOX) -> Seen:
    """A tube that is scanned where its record has it."""
    return seen(slot, tube, Spot(box, slot), box=box)


def told(outcomes: list[Outcome]) -> dict[object, Result]:
    return {each.tube or each.text: each.result for each in outcomes}


def test_a_box_as_it_should_be_is_found_and_empty_slots_say_nothing() -> None:
    expected = [Expected(T, A1), Expected(U, A2)]
    outcomes = judge(expected, [here(A1, T), here(A2, U), seen(A3, mark=Mark.EMPTY)], {})
    assert outcomes == [
        Outcome(Result.FOUND, T, A1, Spot(BOX, A1)),
        Outcome(Result.FOUND, U, A2, Spot(BOX, A2)),
    ]


@pytest.mark.parametrize(
    ("scan", "result"),
    [
        (seen(A3, T, Spot(BOX, A1)), Result.WRONG_SLOT),
        (seen(A1, mark=Mark.EMPTY), Result.MISSING),
        (seen(A1, mark=Mark.UNREADABLE), Result.UNREADABLE),
        (seen(A1, text="?"), Result.UNKNOWN),
    ],
)
def test_a_tube_that_is_not_in_its_slot_ends_as_one_finding(scan: Seen, result: Result) -> None:
    (outcome,) = judge([Expected(T, A1)], [scan], {})
    assert (outcome.result, outcome.tube, outcome.expected) == (result, T, A1)


def test_a_tube_of_another_box_and_one_without_a_place_are_told_apart() -> None:
    scans = [seen(A1, T, Spot(OTHER, A1)), seen(A2, U)]
    assert told(judge([], scans, {})) == {T: Result.WRONG_CONTAINER, U: Result.UNEXPECTED}


def test_two_tubes_that_changed_places_are_two_findings() -> None:
    scans = [seen(A2, T, Spot(BOX, A1)), seen(A1, U, Spot(BOX, A2))]
    outcomes = judge([Expected(T, A1), Expected(U, A2)], scans, {})
    assert told(outcomes) == {T: Result.WRONG_SLOT, U: Result.WRONG_SLOT}


def test_a_strange_tube_in_the_slot_of_another_leaves_that_one_missing() -> None:
    scans = [seen(A1, U, Spot(OTHER, A1))]
    outcomes = judge([Expected(T, A1)], scans, {})
    assert told(outcomes) == {U: Result.WRONG_CONTAINER, T: Result.MISSING}


def test_one_code_at_two_slots_is_a_duplicate_and_the_strange_one_is_named() -> None:
    scans = [here(A1, T), seen(A3, T, Spot(BOX, A1))]
    (outcome,) = judge([Expected(T, A1)], scans, {})
    assert (outcome.result, outcome.found) == (Result.DUPLICATE, Spot(BOX, A3))
    assert judge([Expected(T, A1)], scans[::-1], {}) == [outcome]


def test_one_code_in_two_boxes_is_a_duplicate() -> None:
    beside = seen(A2, T, Spot(BOX, A1), box=OTHER)
    (outcome,) = judge([Expected(T, A1)], [here(A1, T)], {T: [beside]})
    assert (outcome.result, outcome.found) == (Result.DUPLICATE, Spot(OTHER, A2))


def test_a_tube_that_was_carried_on_between_two_scans_was_found_twice() -> None:
    (outcome,) = judge([Expected(T, A1)], [here(A1, T)], {T: [here(A2, T, OTHER)]})
    assert outcome.result is Result.FOUND


def test_a_tube_that_was_carried_on_within_its_box_while_it_is_counted_is_no_duplicate() -> None:
    (outcome,) = judge([Expected(T, A1)], [here(A1, T), here(A3, T)], {})
    assert (outcome.result, outcome.found) == (Result.FOUND, Spot(BOX, A1))


def test_what_was_found_wrong_stays_so_though_the_tube_was_carried_on_since() -> None:
    wrong, after = seen(A2, T, Spot(BOX, A1)), here(A3, T, OTHER)
    later = seen(A1, T, Spot(third := uuid4(), A1), box=third)
    outcomes = [
        judge([Expected(T, A1)], [wrong], {T: [after]}),
        judge([], [after], {T: [wrong]}),
        judge([], [later], {T: [wrong, after]}),
        judge([Expected(T, A1)], [], {T: [wrong, after]}),
    ]
    for (outcome,) in outcomes:
        assert (outcome.result, outcome.found) == (Result.WRONG_SLOT, Spot(BOX, A2))


def test_a_tube_that_its_move_should_have_brought_to_another_slot_is_in_the_wrong_one_there() -> None:
    beside = seen(A2, T, Spot(OTHER, A1), box=OTHER)
    (outcome,) = judge([Expected(T, A1, moved_by=uuid4())], [], {T: [beside]})
    assert (outcome.result, outcome.found) == (Result.WRONG_SLOT, Spot(OTHER, A2))


def test_a_tube_that_was_seen_in_another_box_is_not_missing_but_there() -> None:
    beside = seen(A2, T, Spot(BOX, A1), box=OTHER)
    (outcome,) = judge([Expected(T, A1)], [], {T: [beside]})
    assert (outcome.result, outcome.found) == (Result.WRONG_CONTAINER, Spot(OTHER, A2))


def test_what_was_moved_while_the_audit_ran_is_found_and_its_move_is_named() -> None:
    event = uuid4()
    (outcome,) = judge([Expected(T, A1, moved_by=event)], [seen(A1, mark=Mark.EMPTY)], {})
    assert (outcome.result, outcome.moved_by) == (Result.FOUND, event)
    (still,) = judge([Expected(T, A1)], [seen(A1, mark=Mark.EMPTY)], {})
    assert still.result is Result.MISSING


def test_what_came_while_the_audit_ran_is_found_where_its_record_has_it() -> None:
    (outcome,) = judge([], [here(A1, T)], {})
    assert (outcome.result, outcome.expected) == (Result.FOUND, None)


def test_of_two_scans_of_one_slot_the_newer_counts() -> None:
    expected = [Expected(T, A1), Expected(U, A2)]
    scans = [here(A1, T), seen(A1, U, Spot(BOX, A2))]
    assert told(judge(expected, scans, {})) == {U: Result.WRONG_SLOT, T: Result.MISSING}
    assert told(judge(expected, [here(A1, T), seen(A1, mark=Mark.EMPTY)], {}))[T] is Result.MISSING


def test_a_container_without_slots_is_counted_tube_by_tube() -> None:
    loose = Slot(None, None)
    scans = [here(loose, T), here(loose, U), here(loose, T), seen(loose, text="?"), seen(loose, text="!")]
    outcomes = judge([Expected(T, loose), Expected(U, loose), Expected(V, loose)], scans, {})
    expected: dict[object, Result] = {T: Result.FOUND, U: Result.FOUND, V: Result.MISSING}
    assert told(outcomes) == {**expected, "?": Result.UNKNOWN, "!": Result.UNKNOWN}


def test_an_unreadable_tube_beside_its_own_is_a_finding_of_its_own() -> None:
    scans = [seen(A2, mark=Mark.UNREADABLE), here(A1, T)]
    outcomes = judge([Expected(T, A1)], scans, {})
    assert told(outcomes) == {T: Result.FOUND, "": Result.UNREADABLE}


def test_where_things_lie_unplaced_each_unreadable_code_is_a_thing_of_its_own() -> None:
    loose = Slot(None, None)
    scans = [seen(loose, mark=Mark.UNREADABLE), here(loose, T), seen(loose, mark=Mark.UNREADABLE)]
    outcomes = judge([Expected(T, loose), Expected(U, loose)], scans, {})
    words = [each.result for each in outcomes]
    assert words == [Result.FOUND, Result.MISSING, Result.UNREADABLE, Result.UNREADABLE]


def test_a_slot_that_was_drawn_ends_as_what_is_in_it() -> None:
    drawn = [Expected(None, slot) for slot in (A1, A2, A3)]
    scans = [seen(A1, mark=Mark.EMPTY), seen(A2, mark=Mark.UNREADABLE), seen(A3, T, Spot(OTHER, A1))]
    tube, *slots = judge(drawn, scans, {})
    assert (tube.tube, tube.result, tube.expected) == (T, Result.WRONG_CONTAINER, None)
    # What stands in the last one is told by the line of that tube: it is one finding, not two.
    assert [(each.expected, each.result) for each in slots] == [
        (A1, Result.EMPTY),
        (A2, Result.UNREADABLE),
        (A3, Result.FOUND),
    ]
    assert [each.result for each in judge(drawn[:1], [], {})] == [Result.EMPTY]


def test_a_tube_that_was_put_back_is_no_duplicate_where_it_is_found_again() -> None:
    wrong = seen(A2, T, Spot(BOX, A1), box=OTHER)
    (twice,) = judge([Expected(T, A1)], [here(A1, T)], {T: [wrong]})
    assert twice.result is Result.DUPLICATE
    back = structs.replace(wrong, settled=True)
    (once,) = judge([Expected(T, A1)], [here(A1, T)], {T: [back]})
    assert (once.result, once.found) == (Result.WRONG_CONTAINER, wrong.spot)
    (gone,) = judge([Expected(T, A1)], [], {T: [back]})
    assert gone.result is Result.MISSING
