"""At the bench: clocks of tubes that are out, tubes on hold, what is due in a freezer, the check of a row."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session, col, select

from biobank import clock, people, stations
from biobank.codes import grouped
from biobank.errors import Conflict
from biobank.labels.cards import Card
from biobank.pages.bench import neighbours
from biobank.pages.bench.looking import Seen
from biobank.pages.bench.order import Order
from biobank.pages.bench.scanning import Mode, Thing
from biobank.storage import BoxMap, SlotRow
from biobank.tables import SignIn, TaskKind
from tests import test_tasks as noted
from tests.pages.visitor import Visitor, events, outcome, visit, where
from tests.templates import on_both
from tests.test_evacuations import begin, spare_shelf
from tests.test_exposure import Hour, hold, kinds
from tests.world import MANAGER, SECRETS, TECHNICIAN, World


@pytest.fixture
def hour() -> Iterator[Hour]:
    with clock.restored():
        yield Hour()


# --- the same code again, clocks, holds ---


def test_the_same_code_again_is_a_notice_in_every_mode_that_changes(world: World, visitor: Visitor) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    told = [outcome(visitor.scan(tube, mode, box)) for mode in ("store", "store", "take", "take")]
    assert told == ["ok", "notice", "ok", "notice"]
    assert world.unproved() == []


@pytest.mark.parametrize(
    ("minutes", "level", "back"), [(1, "ok", "ok"), (7, "amber", "notice"), (20, "red", "notice")]
)
def test_the_clock_of_a_tube_that_is_out_is_shown_and_told_when_it_comes_back(
    world: World, visitor: Visitor, hour: Hour, minutes: int, level: str, back: str
) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    taken = visitor.scan(tube, "take", box)
    assert 'data-level="ok"' in taken
    assert "until its limit of 15 min out of the cold" in taken
    hour.passes(minutes)
    for mode in ("lookup", "take"):
        assert f'data-level="{level}"' in visitor.scan(tube, mode, box)
    stored = visitor.scan(tube, "store", box)
    assert outcome(stored) == back
    assert ("a thaw is noted" in stored) == (level == "red") == ("thawed" in kinds(world, tube))
    assert ("It was out for 7 of 15 min." in stored) == (level == "amber")
    assert "data-clock" not in stored
    assert world.unproved() == []


def test_a_tube_on_hold_is_said_so_in_every_mode_and_only_stored(world: World, visitor: Visitor) -> None:
    (tube, loose), (box, other, _) = world.tubes(2), world.boxes()
    world.put(box, [tube])
    for code in (tube, loose):
        hold(world, code)
    seen = visitor.scan(tube, "lookup", box)
    assert (outcome(seen), "It is on hold" in seen) == ("notice", True)
    before = events(world, tube)
    stop = visitor.scan(tube, "take", box)
    assert (outcome(stop), "on hold" in stop) == ("stop", True)
    assert events(world, tube) == before
    for code in (tube, loose):
        stored = visitor.scan(code, "store", other)
        assert (outcome(stored), "It is on hold" in stored) == ("notice", True)
    assert where(world, tube)[0] == "Box 2"


# --- a freezer ---


@on_both
def test_a_freezer_tells_what_is_due_in_it(world: World, visitor: Visitor, hour: Hour) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    freezer = world.freezer()
    assert "no task is open in it" in visitor.scan(freezer)
    visitor.scan(tube, "take", box)
    hour.passes(6)
    visitor.scan("NOTHING-9", "take", box)
    noted.opened(world, "ELSEWHERE-1", kind=TaskKind.UNRESOLVED_SCAN)
    spare_shelf(world, "Freezer 2")
    key = begin(world, freezer)
    told = visitor.scan(freezer, "lookup", box)
    assert outcome(told) == "ok"
    due = told.partition('class="due"')[2].partition("</section>")[0]
    assert f'href="/specimens/{tube}"' in due
    assert "6 min" in due
    assert "NOTHING-9" in due
    assert "ELSEWHERE-1" not in due
    assert f'href="/evacuations/{key}"' in due
    assert "0 of 1 carried" in due
    assert 'class="due"' not in visitor.scan(box)


# --- the check of a row ---


def filled(state: str = "occupied", fill: str = "by_row_from_top_left") -> BoxMap:
    """A box of 2 x 3 whose first row is taken, its last slot in this state."""
    slots = [
        SlotRow(
            f"{'AB'[row]}{column + 1}", row, column, "occupied" if row == 0 else "empty", f"S{row}{column}"
        )
        for row in range(2)
        for column in range(3)
    ]
    last = slots[2]
    slots[2] = SlotRow(last.name, last.row, last.col, state, last.code)
    return boxed(slots, fill)


def boxed(slots: list[SlotRow], fill: str) -> BoxMap:
    return BoxMap(
        code="C",
        name="Box",
        level="box",
        type_name="Box",
        rows=2,
        cols=3,
        fill=fill,
        slots=slots,
        path=[],
        used=3,
        free=3,
        next_free="B1",
    )


def checks_rows(world: World) -> None:
    """Let the technician be signed in at a station that asks for a tube of each row again."""
    order = stations.StationOrder(name="Bench 1", site="BJ", checks_rows=True)
    station = world.act(lambda s, a: stations.enrol(s, a, order, clock.new_secret()), person=MANAGER)

    def stand(session: Session) -> None:
        secret = people.hashed(SECRETS[TECHNICIAN])
        session.exec(select(SignIn).where(col(SignIn.secret_hash) == secret)).one().station_id = station.id

    world.database.write(stand)


def test_a_row_is_asked_about_once_it_is_full_and_never_by_the_tube_that_filled_it() -> None:
    asked = {neighbours.asked_after(filled(), "A3", "B1") for _ in range(60)}
    assert asked == {neighbours.Question("A1", "B1"), neighbours.Question("A2", "B1")}
    assert neighbours.asked_after(filled("empty"), "A2") is None
    assert neighbours.asked_after(filled("reserved"), "A2") is None
    assert neighbours.asked_after(filled("blocked"), "A2") == neighbours.Question("A1")
    assert neighbours.asked_after(filled(), "Z9") is None
    for question in asked:
        assert question is not None
        assert neighbours.question(question.at) == question
    assert neighbours.question("A1") is None


def test_a_bench_asks_for_no_tube_again_unless_its_station_says_so(world: World, visitor: Visitor) -> None:
    tubes, box = world.tubes(9), world.boxes()[0]
    world.put(box, tubes[:8])
    assert 'data-at=""' in visitor.scan(tubes[8], "store", box)


def test_a_tube_of_a_full_row_is_asked_for_again_and_seen(world: World, visitor: Visitor) -> None:
    tubes, box = world.tubes(10), world.boxes()[0]
    checks_rows(world)
    world.put(box, tubes[:8])
    full = visitor.scan(tubes[8], "store", box)
    at = full.partition('data-at="')[2].partition('"')[0].replace("&gt;", ">")
    asked = neighbours.question(at)
    assert asked is not None
    assert f"Scan {asked.slot} again to confirm the row." in full
    right = tubes[int(asked.slot[1]) - 1]
    before = [events(world, code) for code in tubes]
    for wrong in (tubes[9], tubes[8], "NOTHING-9"):
        stop = visitor.scan(wrong, "store", box, at=at)
        assert (outcome(stop), f"not the tube of {asked.slot}" in stop) == ("stop", True), wrong
        assert asked.slot in stop
    assert [events(world, code) for code in tubes] == before
    passed = visitor.scan(Card.SKIP.value, "store", box, at=at)
    assert (outcome(passed), "was passed over" in passed) == ("notice", True)
    confirmed = visitor.scan(right, "store", box, at=at)
    assert (outcome(confirmed), f"It is right: {asked.slot} · Box 1" in confirmed) == ("ok", True)
    assert kinds(world, right)[-1] == "sighted"
    assert 'data-at=""' in confirmed
    visitor.scan(tubes[9], "store", box)
    assert where(world, tubes[9]) == ("Box 1", "B1")
    page = visitor.get(f"/bench?mode=store&box={box}&at={at}").text
    assert f'data-at="{at.replace(">", "&gt;")}"' in page
    assert world.unproved() == []


def test_another_tube_than_the_one_asked_for_is_refused_by_name(sqlite_world: World) -> None:
    (first, second), box = sqlite_world.tubes(2), sqlite_world.boxes()[0]
    sqlite_world.put(box, [first, second])
    order = Order(scan=second, mode=Mode.STORE, box=box, at=neighbours.Question("A1").at)
    with pytest.raises(Conflict) as refused:
        neighbours.answer(sqlite_world.door(), order, Seen(Thing.TUBE, second))
    assert refused.value.slug == "other_tube_here"
    assert refused.value.facts == {"slot": "A1", "expected": grouped(first)}


def test_after_the_check_the_filling_goes_on_from_the_cursor(world: World, visitor: Visitor) -> None:
    tubes, box = world.tubes(10), world.boxes()[0]
    checks_rows(world)
    world.put(box, tubes[:8])
    full = visitor.scan(tubes[8], "store", box, at="A9")
    at = full.partition('data-at="')[2].partition('"')[0].replace("&gt;", ">")
    asked = neighbours.question(at)
    assert asked is not None
    assert asked.then == "B1"
    right = tubes[int(asked.slot[1]) - 1]
    assert 'data-at="B1"' in visitor.scan(right, "store", box, at=at)


def test_the_check_of_rows_is_off_until_the_page_of_stations_turns_it_on(world: World) -> None:
    manager = visit(world, MANAGER)
    order = stations.StationOrder(name="Bench 1", site="BJ")
    station = world.act(lambda s, a: stations.enrol(s, a, order, clock.new_secret()), person=MANAGER)
    for sent, on in (({"checks_rows": "true"}, True), ({}, False)):
        assert manager.post(f"/stations/{station.id}", sent).status_code == 303
        (row,) = world.ask(stations.everything, MANAGER)
        assert row.checks_rows is on
        assert ('value="true" checked' in manager.get("/stations").text) is on
