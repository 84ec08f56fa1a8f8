"""Geometry: how slots are named, found by their names, and filled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biobank.errors import RuleBroken
from biobank.storage import Grid, Slot, free_slots, slot_name, slot_named
from biobank.storage.geometry import letters
from biobank.tables import Fill, Labelling, Numbering

GRIDS = st.builds(
    Grid,
    rows=st.integers(1, 40),
    cols=st.integers(1, 40),
    row_labels=st.sampled_from(Labelling),
    col_labels=st.sampled_from(Labelling),
    numbering=st.sampled_from(Numbering),
    fill=st.sampled_from(Fill),
)


@given(GRIDS, st.data())
def test_every_slot_is_found_by_its_name(grid: Grid, data: st.DataObject) -> None:
    assert grid.rows
    assert grid.cols
    slot = Slot(data.draw(st.integers(0, grid.rows - 1)), data.draw(st.integers(0, grid.cols - 1)))
    assert grid.has(slot)
    assert slot_named(grid, slot_name(grid, slot)) == slot
    assert slot_named(grid, f" {slot_name(grid, slot).lower()} ") == slot


@given(GRIDS)
def test_no_two_slots_share_a_name_and_each_is_filled_once(grid: Grid) -> None:
    slots = list(grid.slots())
    assert len(slots) == len(set(slots)) == grid.size
    assert len({slot_name(grid, slot) for slot in slots}) == grid.size


@pytest.mark.parametrize(
    ("rows", "cols", "last"),
    [(9, 9, "I9"), (10, 10, "J10"), (8, 12, "H12"), (5, 5, "E5"), (13, 13, "M13"), (27, 2, "AA2")],
)
def test_boxes_that_laboratories_have_end_where_they_say(rows: int, cols: int, last: str) -> None:
    grid = Grid(rows, cols)
    slots = list(grid.slots())
    assert slot_name(grid, slots[0]) == "A1"
    assert slot_name(grid, slots[-1]) == last
    assert grid.size == rows * cols


def test_after_z_comes_aa() -> None:
    assert [letters(index) for index in (0, 25, 26, 51, 52, 701, 702)] == [
        "A", "Z", "AA", "AZ", "BA", "ZZ", "AAA",
    ]  # fmt: skip


def test_slots_are_counted_through_by_row_or_by_column() -> None:
    by_row, by_column = Grid(9, 9, numbering=Numbering.BY_ROW), Grid(9, 9, numbering=Numbering.BY_COLUMN)
    assert [slot_name(by_row, slot) for slot in (Slot(0, 8), Slot(1, 0), Slot(8, 8))] == ["9", "10", "81"]
    assert [slot_name(by_column, slot) for slot in (Slot(8, 0), Slot(0, 1), Slot(8, 8))] == ["9", "10", "81"]


def test_two_axes_of_one_kind_are_parted_by_a_hyphen() -> None:
    numbers = Grid(20, 20, row_labels=Labelling.NUMBERS)
    assert slot_name(numbers, Slot(0, 10)) == "1-11"
    assert slot_name(numbers, Slot(10, 0)) == "11-1"


def test_the_fill_order_goes_by_row_or_by_column() -> None:
    assert list(Grid(2, 2).slots()) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert list(Grid(2, 2, fill=Fill.BY_COLUMN).slots()) == [(0, 0), (1, 0), (0, 1), (1, 1)]


@pytest.mark.parametrize(
    ("fill", "first", "second", "last"),
    [
        (Fill.BY_ROW, "A1", "A2", "C4"),
        (Fill.BY_ROW_TOP_RIGHT, "A4", "A3", "C1"),
        (Fill.BY_ROW_LOW_LEFT, "C1", "C2", "A4"),
        (Fill.BY_ROW_LOW_RIGHT, "C4", "C3", "A1"),
        (Fill.BY_COLUMN, "A1", "B1", "C4"),
        (Fill.BY_COLUMN_TOP_RIGHT, "A4", "B4", "C1"),
        (Fill.BY_COLUMN_LOW_LEFT, "C1", "B1", "A4"),
        (Fill.BY_COLUMN_LOW_RIGHT, "C4", "B4", "A1"),
    ],
)
def test_there_are_eight_fill_orders_from_four_corners(
    fill: Fill, first: str, second: str, last: str
) -> None:
    grid = Grid(3, 4, fill=fill)
    names = [slot_name(grid, slot) for slot in grid.slots()]
    assert (names[0], names[1], names[-1]) == (first, second, last)
    assert slot_name(grid, free_slots(grid, [next(grid.slots())])[0]) == second


def test_free_slots_come_in_fill_order_without_those_taken() -> None:
    grid = Grid(2, 2, fill=Fill.BY_COLUMN)
    assert free_slots(grid, [Slot(1, 0), Slot(7, 7)]) == [(0, 0), (0, 1), (1, 1)]
    assert free_slots(grid, grid.slots()) == []


def test_an_unplaced_container_has_no_slots_and_is_never_full() -> None:
    bag = Grid()
    assert (bag.size, list(bag.slots()), slot_name(bag, Slot(None, None))) == (None, [], "")
    assert not bag.has(Slot(None, None))
    assert not bag.has(Slot(0, 0))


@pytest.mark.parametrize("name", ["", "A01", "J1", "A10", "1A", "A0", "A-1", "AA1", "Ａ1", "A1\x00", "🧊"])
def test_a_slot_that_is_not_there_is_refused_and_the_first_and_last_named(name: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        slot_named(Grid(9, 9), name, "tubes.0.slot")
    assert (refused.value.slug, refused.value.field) == ("slot_unknown", "tubes.0.slot")
    assert (refused.value.facts["first"], refused.value.facts["last"]) == ("A1", "I9")


@pytest.mark.parametrize("slot", [Slot(-1, 0), Slot(0, -1), Slot(9, 0), Slot(0, 9), Slot(None, 0)])
def test_a_slot_outside_the_grid_is_not_in_it(slot: Slot) -> None:
    assert not Grid(9, 9).has(slot)
