"""The scan grammar, cell by cell."""

import pytest

from biobank import codes
from biobank.pages.scanning import NOT_IN_USE, TABLE, Card, Deed, Mode, Thing, decide

LOOKUP, STORE, TAKE = Mode.LOOKUP, Mode.STORE, Mode.TAKE

CELLS = [
    (Thing.TUBE, LOOKUP, False, Deed.SHOW_TUBE),
    (Thing.TUBE, LOOKUP, True, Deed.POINT_OUT),
    (Thing.TUBE, STORE, False, Deed.BOX_FIRST),
    (Thing.TUBE, STORE, True, Deed.STORE),
    (Thing.TUBE, TAKE, False, Deed.TAKE),
    (Thing.TUBE, TAKE, True, Deed.TAKE),
    (Thing.BOX, LOOKUP, False, Deed.OPEN_BOX),
    (Thing.BOX, LOOKUP, True, Deed.OPEN_BOX),
    (Thing.BOX, STORE, False, Deed.OPEN_BOX),
    (Thing.BOX, STORE, True, Deed.OPEN_BOX),
    (Thing.BOX, TAKE, False, Deed.OPEN_BOX),
    (Thing.BOX, TAKE, True, Deed.OPEN_BOX),
    (Thing.HOLDER, LOOKUP, False, Deed.SHOW_INSIDE),
    (Thing.HOLDER, LOOKUP, True, Deed.SHOW_INSIDE),
    (Thing.HOLDER, STORE, False, Deed.SHOW_INSIDE),
    (Thing.HOLDER, STORE, True, Deed.MOVE_BOX),
    (Thing.HOLDER, TAKE, False, Deed.SHOW_INSIDE),
    (Thing.HOLDER, TAKE, True, Deed.SHOW_INSIDE),
    (Thing.FREEZER, LOOKUP, False, Deed.SHOW_INSIDE),
    (Thing.FREEZER, STORE, True, Deed.SHOW_INSIDE),
    (Thing.FREEZER, TAKE, True, Deed.SHOW_INSIDE),
    (Thing.VISIT, LOOKUP, False, Deed.SHOW_VISIT),
    (Thing.VISIT, LOOKUP, True, Deed.CLOSE_FIRST),
    (Thing.VISIT, STORE, False, Deed.SHOW_VISIT),
    (Thing.VISIT, STORE, True, Deed.CLOSE_FIRST),
    (Thing.VISIT, TAKE, False, Deed.SHOW_VISIT),
    (Thing.VISIT, TAKE, True, Deed.CLOSE_FIRST),
    (Thing.KIT, LOOKUP, False, Deed.SHOW_KIT),
    (Thing.KIT, STORE, False, Deed.SHOW_KIT),
    (Thing.KIT, TAKE, True, Deed.CLOSE_FIRST),
    (Thing.LABEL, LOOKUP, False, Deed.SAY_LABEL),
    (Thing.LABEL, STORE, True, Deed.SAY_LABEL),
    (Thing.UNASSIGNED, STORE, True, Deed.SAY_UNASSIGNED),
    (Thing.UNKNOWN, LOOKUP, False, Deed.SAY_UNKNOWN),
    (Thing.UNKNOWN, STORE, True, Deed.SAY_UNKNOWN),
    (Thing.NOT_IN_USE, TAKE, True, Deed.SAY_NOT_IN_USE),
    (Thing.COMMAND, STORE, True, Deed.COMMAND),
]


@pytest.mark.parametrize(("thing", "mode", "is_open", "deed"), CELLS)
def test_each_cell_of_the_grammar_has_one_answer(thing: Thing, mode: Mode, is_open: bool, deed: Deed) -> None:  # noqa: FBT001
    assert decide(thing, mode, box_open=is_open) is deed


def test_every_thing_means_something_in_every_mode() -> None:
    assert set(TABLE) == {
        (thing, mode, is_open) for thing in Thing for mode in Mode for is_open in (False, True)
    }


def test_look_up_never_leads_to_a_change() -> None:
    changes = {Deed.STORE, Deed.TAKE, Deed.MOVE_BOX}
    assert {deed for (_, mode, _), deed in TABLE.items() if mode is LOOKUP} & changes == set()


def test_the_command_cards_are_good_codes_of_their_kind() -> None:
    assert [codes.read(card) for card in Card] == [card.value for card in Card]
    assert {card[0] for card in Card} == {codes.CodeKind.COMMAND}


def test_a_kind_is_either_in_the_grammar_or_said_not_to_be_in_use() -> None:
    kinds = codes.CodeKind
    known = {kinds.SPECIMEN, kinds.CONTAINER, kinds.VISIT, kinds.KIT, kinds.COMMAND}
    assert known | NOT_IN_USE == set(kinds)
