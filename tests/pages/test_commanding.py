"""What each command card does at the bench, on both databases."""

import re
from io import BytesIO

import pypdfium2
import zxingcpp

from biobank import clock, specimens, storage, tasks
from biobank.labels import card_sheet
from biobank.labels.cards import Card
from biobank.tables import TaskKind
from tests.pages.visitor import Visitor, events, outcome, visit, where
from tests.templates import on_both
from tests.world import MANAGER, World


def cursor(answer: str) -> str:
    found = re.search(r'data-at="(\w*)"', answer)
    return found[1] if found else ""


def open_tasks(world: World) -> list[tuple[str, str, str]]:
    rows = world.ask(lambda session, actor: tasks.listing(session, actor, tasks.Sought()))
    return [(row.kind.value, row.code, row.slot) for row in rows]


def test_each_card_has_an_outcome_in_every_mode_and_none_changes_a_place(
    world: World, visitor: Visitor
) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    for card in set(Card) - {Card.UNDO}:
        for mode in ("lookup", "store", "take"):
            assert outcome(visitor.scan(card.value, mode, box)) in ("ok", "notice", "done"), card
    assert where(world, tube) == ("Box 1", "A1")
    assert events(world, tube) == 2
    assert world.unproved() == []


def test_done_closes_the_box_and_tells_what_is_in_it(world: World, visitor: Visitor) -> None:
    box = world.boxes()[0]
    world.put(box, world.tubes(3))
    closed = visitor.scan(Card.DONE.value, "store", box)
    assert outcome(closed) == "done"
    assert "3 tubes, 78 slots free" in closed
    assert 'data-box=""' in closed
    assert outcome(visitor.scan(Card.DONE.value, "store")) == "notice"


def test_skip_and_next_row_move_the_cursor_and_the_filling_goes_on_from_there(
    world: World, visitor: Visitor
) -> None:
    tubes, box = world.tubes(4), world.boxes()[0]
    skipped = visitor.scan(Card.SKIP.value, "store", box)
    assert cursor(skipped) == "A2"
    stored = visitor.scan(tubes[0], "store", box, at="A2")
    assert where(world, tubes[0]) == ("Box 1", "A2")
    assert cursor(stored) == "A3"
    row = visitor.scan(Card.NEXT_ROW.value, "store", box, at=cursor(stored))
    assert cursor(row) == "B1"
    visitor.scan(tubes[1], "store", box, at="B1")
    visitor.scan(tubes[2], "store", box)
    assert [where(world, tube)[1] for tube in tubes[:3]] == ["A2", "B1", "A1"]
    end = visitor.scan(Card.SKIP.value, "store", box, at="I9")
    assert outcome(end) == "notice"
    assert outcome(visitor.scan(Card.SKIP.value, "lookup", box)) == "notice"
    assert world.unproved() == []


def test_a_cursor_on_a_slot_that_somebody_took_is_stop_with_ways_on(world: World, visitor: Visitor) -> None:
    tubes = world.tubes(4)
    box, other = world.boxes()[:2]
    world.put(box, tubes[:1], "B1")
    world.put(other, tubes[1:2])
    stopped = visitor.scan(tubes[1], "store", box, at="B1")
    assert outcome(stopped) == "stop"
    assert "slot_taken" not in stopped
    assert 'data-answer="next"' in stopped
    assert 'data-answer="swap"' in stopped
    assert f'data-scanned="{tubes[1]}"' in stopped
    assert Card.SKIP.value in stopped
    assert Card.SWAP.value in stopped
    assert outcome(visitor.scan(Card.SWAP.value, "store", box)) == "notice"  # no tube met another one
    assert outcome(visitor.scan(tubes[1], "store", box, at="B1", answer="swap")) == "ok"
    assert where(world, tubes[1]) == ("Box 1", "B1")
    assert where(world, tubes[0]) == ("Box 2", "A1")
    in_the_hand = visitor.scan(tubes[2], "store", box, at="B1")
    assert 'data-answer="swap"' not in in_the_hand
    assert outcome(visitor.scan(tubes[2], "store", box, at="B1", answer="next")) == "ok"
    assert where(world, tubes[2]) == ("Box 1", "B2")
    assert world.unproved() == []


@on_both
def test_undo_takes_back_the_last_act_and_then_the_one_before(world: World, visitor: Visitor) -> None:
    tubes, box = world.tubes(2), world.boxes()[0]
    for tube in tubes:
        visitor.scan(tube, "store", box)
    first = visitor.scan(Card.UNDO.value, "store", box)
    assert outcome(first) == "ok"
    assert "Undone" in first
    assert [where(world, tube)[1] for tube in tubes] == ["A1", ""]
    assert outcome(visitor.scan(Card.UNDO.value, "store", box)) == "ok"
    assert [where(world, tube)[1] for tube in tubes] == ["", ""]
    nothing = visitor.scan(Card.UNDO.value, "store", box)
    assert outcome(nothing) == "stop"
    assert "There is nothing to undo" in nothing
    assert world.unproved() == []


def test_an_older_act_is_undone_by_its_own_button_unless_something_came_after(
    world: World, visitor: Visitor
) -> None:
    tubes, box = world.tubes(2), world.boxes()[0]
    answers = [visitor.scan(tube, "store", box) for tube in tubes]
    buttons = re.findall(r'data-undo="([\w-]+)"', answers[-1])
    assert len(buttons) == 2
    visitor.scan(Card.UNDO.value, "store", box, undo=buttons[1])
    assert [where(world, tube)[1] for tube in tubes] == ["", "A2"]
    visitor.scan(tubes[1], "take", box)
    barred = visitor.scan(Card.UNDO.value, "store", box, undo=buttons[0])
    assert outcome(barred) == "stop"
    assert world.unproved() == []


def test_a_missing_tube_becomes_a_task_and_stays_where_the_log_has_it(world: World, visitor: Visitor) -> None:
    tubes, box = world.tubes(2), world.boxes()[0]
    world.put(box, tubes)
    assert "is missing" in visitor.scan(Card.EMPTY_HERE.value, "lookup", box, at="A2")
    assert "is missing" in visitor.scan(Card.MISSING.value, "lookup", box, about=tubes[0])
    assert sorted(open_tasks(world)) == sorted(("missing", tube, f"A{n}") for n, tube in enumerate(tubes, 1))
    assert where(world, tubes[1]) == ("Box 1", "A2")
    assert outcome(visitor.scan(Card.EMPTY_HERE.value, "lookup", box, at="A3")) == "notice"
    assert len(open_tasks(world)) == 2


def test_an_unreadable_code_is_told_by_its_slot_and_noted_once(world: World, visitor: Visitor) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    for _ in range(2):
        told = visitor.scan(Card.UNREADABLE.value, "lookup", box, at="A1")
        assert "Wipe the frost" in told
    assert open_tasks(world) == [("unreadable", tube, "A1")]


def test_an_unknown_code_is_kept_for_somebody_where_things_change_and_only_there(
    world: World, visitor: Visitor
) -> None:
    box = world.boxes()[0]
    visitor.scan("NOTHING-9", "lookup", box)
    assert open_tasks(world) == []
    for mode, opened in (("store", box), ("take", box)):
        assert outcome(visitor.scan("NOTHING-9", mode, opened)) == "notice"
    assert open_tasks(world) == [(TaskKind.UNRESOLVED_SCAN.value, "NOTHING-9", "")]
    assert outcome(visitor.scan("NOTHING-8", "take")) == "notice"
    assert len(open_tasks(world)) == 2


@on_both
def test_a_rack_goes_onto_a_shelf_and_a_shelf_into_a_freezer_by_two_scans_each(
    world: World, visitor: Visitor
) -> None:
    def make(kind: str, name: str, level: str) -> str:
        order = storage.TypeOrder(code=kind, name=kind, level=level, rows=4, cols=1)  # type: ignore[arg-type]
        world.act(lambda session, actor: storage.add_type(session, actor, order), person=MANAGER)
        thing = storage.ContainerOrder(type=kind, name=name, site="BJ")
        return str(
            world.act(
                lambda session, actor: storage.make_container(session, actor, thing).code, person=MANAGER
            )
        )

    freezer, shelf, rack = make("f", "F 9", "freezer"), make("s", "S 9", "shelf"), make("r", "R 9", "rack")
    opened = visitor.scan(rack, "store")
    assert f'data-box="{rack}"' in opened
    assert outcome(visitor.scan(shelf, "store", rack)) == "ok"
    assert 'data-box=""' in visitor.scan(rack, "lookup")
    assert f'data-box="{shelf}"' in visitor.scan(shelf, "store")
    assert outcome(visitor.scan(freezer, "store", shelf)) == "ok"
    path = world.ask(lambda session, actor: storage.box_map(session, actor, rack)).path
    assert [step.name for step in path] == ["F 9", "S 9", "R 9"]
    tube = world.tubes(1)[0]
    assert "Scan the box first" in visitor.scan(tube, "store", rack)
    assert world.unproved() == []


def test_the_cards_that_open_something_keep_the_bench_as_it_is(world: World, visitor: Visitor) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    language = visitor.scan(Card.LANGUAGE.value, "store", box, at="B3")
    assert "/language/zh_Hans?next=" in language
    assert f"mode%3Dstore%26box%3D{box}%26at%3DB3" in language
    assert 'data-opens="help"' in visitor.scan(Card.HELP.value, "store", box)
    assert 'data-opens="lock"' in visitor.scan(Card.LOCK.value, "store", box)
    assert f'data-leads="/labels/print?codes={tube}"' in visitor.scan(Card.PRINT_AGAIN.value, about=tube)
    assert outcome(visitor.scan(Card.PRINT_AGAIN.value)) == "notice"
    assert f"tube={tube}" in visitor.scan(Card.DISCARD.value, "store", box, about=tube)


def test_the_map_is_sent_anew_only_when_somebody_changed_it_and_names_who(
    world: World, visitor: Visitor
) -> None:
    tubes, box = world.tubes(2), world.boxes()[0]
    first = visitor.get(f"/bench/map?mode=store&box={box}")
    tag = first.headers["etag"]
    again = visitor.get(f"/bench/map?mode=store&box={box}", **{"If-None-Match": tag})
    assert again.status_code == 304
    order = storage.PutAway(box=box, tubes=tubes[:1])
    world.act(lambda session, actor: storage.put_away(session, actor, order), person=MANAGER)
    fresh = visitor.get(f"/bench/map?mode=store&box={box}", **{"If-None-Match": tag})
    assert fresh.status_code == 200
    assert 'class="cell other"' in fresh.text
    assert f"{tubes[0][-3:]}, {MANAGER}" in fresh.text
    mine = visit(world, MANAGER).get(f"/bench/map?mode=store&box={box}")
    assert 'class="cell other"' not in mine.text


def test_the_sheet_of_cards_is_a_pdf_of_a5_pages_whose_codes_are_read_back(visitor: Visitor) -> None:
    answer = visitor.get("/bench/cards")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content == card_sheet.sheet()
    pages = pypdfium2.PdfDocument(BytesIO(answer.content))
    read: list[str] = []
    for page in pages:
        assert [round(side / 72 * 25.4) for side in page.get_size()] == [148, 210]
        read += [each.text for each in zxingcpp.read_barcodes(page.render(scale=4).to_pil())]
    assert sorted(read) == sorted(card.value for card in Card)


def test_a_scan_sent_again_with_its_key_answers_the_same_after_an_undo(
    world: World, visitor: Visitor
) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    visitor.scan(tube, "store", box)
    command = str(clock.new_key())
    visitor.scan(Card.UNDO.value, "store", box, command)
    visitor.scan(Card.UNDO.value, "store", box, command)
    told = world.ask(lambda session, actor: specimens.timeline(session, actor, tube))
    assert [line.kind for line in told].count("placed") == 2
    assert where(world, tube) == ("", "")
