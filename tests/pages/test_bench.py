"""The bench without a browser: each outcome, what it says, and that it is kept; on both databases."""

from biobank import clock, specimens, storage
from tests.pages.visitor import Visitor, events, inside, outcome, where
from tests.templates import on_both
from tests.world import MANAGER, World


def test_look_up_changes_nothing_whatever_is_scanned(world: World, visitor: Visitor) -> None:
    tubes, boxes = world.tubes(2), world.boxes()
    world.put(boxes[0], tubes[:1])
    card = world.ask(lambda session, actor: specimens.card(session, actor, tubes[0]))
    before = [events(world, code) for code in tubes]
    things = [*tubes, *boxes, world.freezer(), card.visit, "D-001", "NOTHING-9", "P000000000", "S00000000"]
    for box in ("", boxes[0]):
        for thing in things:
            assert outcome(visitor.scan(thing, "lookup", box)) in ("ok", "notice", "stop")
    assert [events(world, code) for code in tubes] == before
    assert world.unproved() == []


def test_a_box_that_is_looked_at_swallows_no_tube(world: World, visitor: Visitor) -> None:
    tubes, boxes = world.tubes(2), world.boxes()
    world.put(boxes[0], tubes[:1])
    assert outcome(visitor.scan(tubes[0], "lookup", boxes[0])) == "ok"
    assert outcome(visitor.scan(tubes[0], "lookup", boxes[1])) == "notice"
    assert outcome(visitor.scan(tubes[1], "lookup", boxes[0])) == "notice"


def test_storing_without_a_box_is_stop_in_both_languages(world: World, visitor: Visitor) -> None:
    answer = visitor.scan(world.tubes(1)[0], "store")
    assert outcome(answer) == "stop"
    assert "Scan the box first" in answer
    assert "请先扫描样本盒" in answer


def test_a_tube_that_is_there_already_is_a_notice_and_one_from_elsewhere_moves(
    world: World, visitor: Visitor
) -> None:
    tube = world.tubes(1)[0]
    first, second = world.boxes()[:2]
    assert outcome(visitor.scan(tube, "store", first)) == "ok"
    again = visitor.scan(tube, "store", first)
    assert outcome(again) == "notice"
    assert "Already here: A1" in again
    moved = visitor.scan(tube, "store", second)
    assert outcome(moved) == "ok"
    assert "Moved from Freezer 1 · Shelf 1 · Rack 1 · Box 1 · A1" in moved
    assert where(world, tube) == ("Box 2", "A1")
    assert world.unproved() == []


@on_both
def test_taking_out_keeps_the_slot_and_storing_brings_back(world: World, visitor: Visitor) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    assert outcome(visitor.scan(tube, "take")) == "ok"
    assert outcome(visitor.scan(tube, "take")) == "notice"
    assert outcome(visitor.scan(tube, "lookup")) == "notice"
    back = visitor.scan(tube, "store", box)
    assert "Brought back" in back
    assert where(world, tube) == ("Box 1", "A1")
    other = world.boxes()[1]
    assert outcome(visitor.scan(tube, "take", box)) == "ok"
    elsewhere = visitor.scan(tube, "store", other)
    assert outcome(elsewhere) == "stop"
    assert "kept elsewhere" in elsewhere
    assert "Brought back" in visitor.scan(tube, "store", other, answer="here")
    assert where(world, tube) == ("Box 2", "A1")
    assert world.unproved() == []


def test_a_tube_in_no_box_cannot_be_taken(world: World, visitor: Visitor) -> None:
    answer = visitor.scan(world.tubes(1)[0], "take", world.boxes()[0])
    assert outcome(answer) == "stop"
    assert "cannot be taken out" in answer


def test_in_store_mode_the_open_box_goes_into_a_scanned_rack(world: World, visitor: Visitor) -> None:
    order = storage.FreezerOrder(site="BJ", name="Freezer 2", shelves=1, racks=1, boxes=2)
    world.act(lambda session, actor: storage.make_freezer(session, actor, order), person=MANAGER)
    second = next(row.code for row in world.ask(storage.roots) if row.name == "Freezer 2")
    box = world.boxes()[0]
    shelf = inside(world, second)[0]
    full = inside(world, shelf)[0]
    assert outcome(visitor.scan(full, "store", box)) == "stop"
    kind = storage.TypeOrder(code="rack-4", name="Rack", level="rack", rows=4, cols=1)  # type: ignore[arg-type]
    loose = storage.ContainerOrder(type="rack-4", name="Rack 9", site="BJ")
    world.act(lambda session, actor: storage.add_type(session, actor, kind), person=MANAGER)
    rack = world.act(
        lambda session, actor: storage.make_container(session, actor, loose).code, person=MANAGER
    )
    moved = visitor.scan(rack, "store", box)
    assert outcome(moved) == "ok"
    assert "Moved Box 1" in moved
    assert inside(world, rack) == [box]
    assert world.unproved() == []


def test_a_tube_from_another_box_than_the_open_one_is_stop(world: World, visitor: Visitor) -> None:
    tube = world.tubes(1)[0]
    first, second = world.boxes()[:2]
    world.put(first, [tube])
    answer = visitor.scan(tube, "take", second)
    assert outcome(answer) == "stop"
    assert "Box 1 · A1" in answer
    assert where(world, tube) == ("Box 1", "A1")


def test_the_last_slot_is_told_and_a_full_box_is_stop(world: World, visitor: Visitor) -> None:
    order = storage.ContainerOrder(type="box-5x5", name="Small", site="BJ")
    box = world.act(lambda session, actor: storage.make_container(session, actor, order).code, person=MANAGER)
    tubes = world.tubes(26)
    world.put(box, tubes[:24])
    last = visitor.scan(tubes[24], "store", box)
    assert outcome(last) == "done"
    assert "Small is full" in last
    refused = visitor.scan(tubes[25], "store", box)
    assert outcome(refused) == "stop"
    assert "放不下" in refused


@on_both
def test_a_scan_sent_again_with_its_key_has_one_effect_and_the_same_words(
    world: World, visitor: Visitor
) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    command = str(clock.new_key())
    first = visitor.scan(tube, "store", box, command)
    assert visitor.scan(tube, "store", box, command) == first
    stored = world.ask(lambda session, actor: specimens.timeline(session, actor, tube))
    assert [line.kind for line in stored].count("placed") == 1


def test_a_freezer_shows_its_elevation_and_closes_the_box(world: World, visitor: Visitor) -> None:
    answer = visitor.scan(world.freezer(), "store", world.boxes()[0])
    assert 'class="front-map"' in answer
    assert 'data-box=""' in answer


def test_a_visit_opens_its_page_unless_a_box_is_open(world: World, visitor: Visitor) -> None:
    code = world.visit()
    assert f'data-leads="/visits/{code}"' in visitor.scan(code)
    assert outcome(visitor.scan(code, "store", world.boxes()[0])) == "stop"
