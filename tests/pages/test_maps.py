"""Maps: any grid is drawn once, in order, with one way in for the keyboard."""

import re

import msgspec
import pytest

from biobank.pages.storage import cells, maps
from biobank.storage import BoxMap, SlotRow
from biobank.storage.geometry import Grid, axis_label, slot_name


def box(rows: int, cols: int, fill: str = "by_row") -> BoxMap:
    grid = Grid(rows, cols)
    slots = [SlotRow(slot_name(grid, slot), slot.row, slot.col, "empty") for slot in grid.slots()]
    names = [axis_label(n, grid.row_labels) for n in range(rows)], [str(n + 1) for n in range(cols)]
    return BoxMap(
        "C000000000", "Box", "box", "Box", rows, cols, fill, [], slots, "A1", rows * cols, 0, *names
    )


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (5, 5), (9, 9), (8, 12), (13, 13), (32, 48)])
def test_every_slot_is_drawn_once_inside_the_frame(rows: int, cols: int) -> None:
    drawing = maps.draw(box(rows, cols))
    drawn = [cell for line in drawing.rows for cell in line]
    assert len({(cell.x, cell.y) for cell in drawn}) == rows * cols
    assert max(cell.x for cell in drawn) + maps.CELL + maps.MARGIN == drawing.width
    assert max(cell.y for cell in drawn) + maps.CELL + maps.MARGIN == drawing.height
    assert [cell.first for cell in drawn].count(True) == 1


def test_a_small_map_letters_every_row_and_a_large_one_every_third_on_all_four_sides() -> None:
    assert len(maps.draw(box(9, 9)).axes) == 4 * 9
    large = maps.draw(box(32, 48))
    top = [axis.text for axis in large.axes if axis.y == maps.MARGIN / 2]
    assert top[:3] == ["1", "4", "7"]
    assert top[-1] == "48"
    assert len(large.axes) == 2 * 12 + 2 * 17


def test_the_sides_are_lettered_as_the_type_says() -> None:
    turned = msgspec.structs.replace(box(2, 2), row_names=["1", "2"], col_names=["A", "B"])
    assert [axis.text for axis in maps.draw(turned).axes] == ["1", "1", "2", "2", "A", "A", "B", "B"]


def test_marks_change_the_state_and_take_the_keyboard_there() -> None:
    drawing = maps.draw(box(9, 9), {"B7": "found"})
    marked = drawing.rows[1][6]
    assert (marked.state, marked.first, marked.slot.name) == ("found", True, "B7")


def test_the_arrow_shows_how_the_box_is_filled() -> None:
    assert maps.draw(box(9, 9)).order != maps.draw(box(9, 9, "by_column")).order


def test_a_legend_names_what_is_drawn_and_nothing_else() -> None:
    drawing = maps.draw(box(2, 2), {"A1": "occupied", "B2": "other"})
    assert drawing.states == {"empty", "occupied", "other"}


@pytest.mark.parametrize(
    "state", ["blocked", "other", "reserved", "empty", "cursor", "found", "notice", "stop"]
)
def test_a_legend_shows_the_second_cue_of_a_cell(state: str) -> None:
    def cues(markup: str) -> set[str]:
        return set(re.findall(r'class="([a-z ]+)"', markup)) - {f"cell {state}", "ring"}

    cell = str(cells.shapes(maps.draw(box(1, 1), {"A1": state})))
    assert cues(cell) == cues(str(cells.key(state))) != set()
