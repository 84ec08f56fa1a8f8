"""What stands in what, and how full it is with tubes; on both databases."""

from typing import Any

from sqlalchemy import event

from biobank import accounts, specimens, storage
from tests.world import MANAGER, OUTSIDER, World


def branch(world: World, code: str) -> list[storage.Branch]:
    return world.ask(lambda session, actor: storage.inside(session, actor, code))


def test_tubes_and_slots_add_up_from_the_boxes_to_the_freezer(world: World) -> None:
    boxes, tubes = world.boxes(), world.tubes(7)
    world.put(boxes[0], tubes[:5])
    world.put(boxes[2], tubes[5:])
    freezer = world.ask(storage.trees)[0]
    shelf = freezer.inside[0]
    rack = shelf.inside[0]
    for each in (freezer, shelf, rack):
        assert (each.row.tubes, each.row.slots) == (7, 3 * 81)
    assert [each.row.tubes for each in rack.inside] == [5, 0, 2]
    assert [each.row.code for each in rack.inside] == boxes
    assert [each.inside for each in rack.inside] == [[], [], []]
    assert (freezer.row.used, shelf.row.used, rack.row.used) == (1, 1, 3)


def test_a_tube_that_is_out_is_no_longer_counted(world: World) -> None:
    box, tubes = world.boxes()[0], world.tubes(2)
    world.put(box, tubes)
    order = storage.TakeOut(tubes=tubes[:1])
    world.act(lambda session, actor: storage.take_out(session, actor, order), answer=list[storage.Stored])
    assert world.ask(storage.roots)[0].tubes == 1


def test_what_is_inside_comes_in_the_order_of_its_slots_with_their_names(world: World) -> None:
    order = storage.FreezerOrder(site="BJ", name="Large", shelves=2, racks=3, boxes=12)
    made = world.act(lambda session, actor: storage.make_freezer(session, actor, order), person=MANAGER)
    shelves = branch(world, made.code)
    assert [each.row.slot for each in shelves] == ["1", "2"]
    assert [each.row.slot for each in shelves[1].inside] == ["1", "2", "3"]
    assert [each.row.name for each in shelves[0].inside[0].inside] == [f"Box {n}" for n in range(1, 13)]
    assert branch(world, shelves[1].row.code) == shelves[1].inside


def test_a_whole_freezer_asks_no_more_statements_than_one_rack(world: World) -> None:
    freezer = world.freezer()
    rack = branch(world, freezer)[0].inside[0].row.code
    asked: list[str] = []

    def listen(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(world.database.reading, "before_cursor_execute", listen)
    branch(world, rack)
    few = len(asked)
    asked.clear()
    branch(world, freezer)
    assert 0 < len(asked) == few


def test_nothing_of_another_site_is_seen(world: World) -> None:
    assert world.ask(storage.trees, OUTSIDER) == []


def test_a_box_names_its_sides_as_its_type_letters_them(world: World) -> None:
    found = world.ask(lambda session, actor: storage.box_map(session, actor, world.boxes()[0]))
    assert found.row_names == list("ABCDEFGHI")
    assert found.col_names == [str(n) for n in range(1, 10)]
    rack = branch(world, world.freezer())[0].inside[0].row.code
    turned = world.ask(lambda session, actor: storage.box_map(session, actor, rack))
    assert len(turned.row_names) == turned.rows


def test_a_card_and_the_list_of_what_is_out_name_the_zone_of_the_site(world: World) -> None:
    box, tubes = world.boxes()[0], world.tubes(1)
    world.put(box, tubes)
    order = storage.TakeOut(tubes=tubes)
    world.act(lambda session, actor: storage.take_out(session, actor, order), answer=list[storage.Stored])
    zone = world.ask(lambda session, _: accounts.site_by_code(session, "BJ").time_zone)
    card = world.ask(lambda session, actor: specimens.card(session, actor, tubes[0]))
    away = world.ask(storage.what_is_out)
    assert [card.time_zone, *(each.time_zone for each in away)] == [zone, zone]
    assert away[0].since == card.out_since
