"""The scan grammar, cell by cell."""

import pytest

from biobank import codes
from biobank.labels.cards import MEANINGS, NAMES, Card
from biobank.pages.bench.scanning import NOT_IN_USE, TABLE, Deed, Mode, Open, Thing, decide, opens

LOOKUP, STORE, TAKE = Mode
NOTHING, BOX, RACK, SHELF = Open
STATES = [(mode, opened) for mode in Mode for opened in opens(mode)]
"""Every state of the bench, in the order of the columns below."""

ROWS = {
    # look-up: nothing, box | store: nothing, box, rack, shelf | take: nothing, box
    Thing.TUBE: "SHOW_TUBE POINT_OUT BOX_FIRST STORE BOX_FIRST BOX_FIRST TAKE TAKE",
    Thing.BOX: "OPEN OPEN OPEN OPEN OPEN OPEN OPEN OPEN",
    Thing.RACK: "SHOW_INSIDE SHOW_INSIDE OPEN MOVE OPEN OPEN SHOW_INSIDE SHOW_INSIDE",
    Thing.SHELF: "SHOW_INSIDE SHOW_INSIDE OPEN MOVE MOVE OPEN SHOW_INSIDE SHOW_INSIDE",
    Thing.FREEZER: "SHOW_INSIDE SHOW_INSIDE SHOW_INSIDE SHOW_INSIDE SHOW_INSIDE MOVE SHOW_INSIDE SHOW_INSIDE",
    Thing.VISIT: " ".join(
        ["SHOW_VISIT CLOSE_FIRST", "SHOW_VISIT", *["CLOSE_FIRST"] * 3, "SHOW_VISIT CLOSE_FIRST"]
    ),
    Thing.KIT: " ".join(["SHOW_KIT CLOSE_FIRST", "SHOW_KIT", *["CLOSE_FIRST"] * 3, "SHOW_KIT CLOSE_FIRST"]),
    Thing.LABEL: " ".join(["SAY_LABEL"] * 8),
    Thing.PARTICIPANT: " ".join(["SHOW_PARTICIPANT"] * 8),
    Thing.UNASSIGNED: " ".join(["SAY_UNASSIGNED"] * 2 + ["KEEP_UNASSIGNED"] * 6),
    Thing.UNKNOWN: " ".join(["SAY_UNKNOWN"] * 2 + ["KEEP_UNKNOWN"] * 6),
    Thing.BADGE: " ".join(["SWITCH_PERSON"] * 8),
    Thing.NOT_IN_USE: " ".join(["SAY_NOT_IN_USE"] * 8),
    Thing.COMMAND: " ".join(["COMMAND"] * 8),
}
CELLS = [
    (thing, mode, opened, Deed[deed])
    for thing, row in ROWS.items()
    for (mode, opened), deed in zip(STATES, row.split(), strict=True)
]


@pytest.mark.parametrize(("thing", "mode", "opened", "deed"), CELLS)
def test_each_cell_does_one_thing(thing: Thing, mode: Mode, opened: Open, deed: Deed) -> None:
    assert decide(thing, mode, opened) is deed


def test_the_table_answers_every_scan_in_every_state() -> None:
    assert set(TABLE) == {(thing, mode, opened) for thing, mode, opened, _ in CELLS}
    assert len(CELLS) == len(Thing) * len(STATES)


def test_looking_up_never_changes_anything() -> None:
    changing = {Deed.STORE, Deed.TAKE, Deed.MOVE, Deed.KEEP_UNKNOWN, Deed.KEEP_UNASSIGNED}
    assert {decide(thing, LOOKUP, opened) for thing in Thing for opened in Open} & changing == set()


@pytest.mark.parametrize("mode", [LOOKUP, TAKE])
@pytest.mark.parametrize("opened", [RACK, SHELF])
def test_a_rack_or_a_shelf_is_open_in_store_mode_alone(mode: Mode, opened: Open) -> None:
    assert {decide(thing, mode, opened) for thing in Thing} == {
        decide(thing, mode, NOTHING) for thing in Thing
    }


def test_each_card_is_a_code_of_ours_with_its_check_character_a_name_and_a_meaning() -> None:
    for card in Card:
        assert codes.read(card.value) == card.value
        assert NAMES[card]
        assert MEANINGS[card]
    assert len(set(NAMES.values())) == len(Card)


def test_every_kind_of_code_is_in_the_grammar_or_said_not_to_be_in_use() -> None:
    kinds = codes.CodeKind
    known = {kinds.SPECIMEN, kinds.CONTAINER, kinds.VISIT, kinds.KIT, kinds.COMMAND, kinds.BADGE}
    assert known | NOT_IN_USE == set(kinds)
    assert known & NOT_IN_USE == set()
