"""The page of a count: where its cursor goes, who else counts in the box, and what is kept back."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from biobank import clock, storage
from biobank.labels.cards import Card
from biobank.people import Actor
from biobank.tables import AuditScan, Result, ScanSource
from tests.audits.auditing import begun, counted, results
from tests.pages.count_page import Page, Store, scans, stored
from tests.templates import Furnishing
from tests.world import MANAGER, World


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return stored


@pytest.fixture
def store(told: Store) -> Store:
    return told


# --- the cursor ---


def test_cards_and_taps_move_the_cursor_and_the_newer_scan_of_a_slot_counts(
    world: World, store: Store
) -> None:
    boxes, tubes = store
    world.put(boxes[0], tubes[8:9], "C5")
    page = Page(world, begun(world))
    page.scan(boxes[0])
    page.scan(Card.SKIP)
    assert page.at == "A2~"
    page.scan(Card.NEXT_ROW)
    assert page.at == "C5~"
    page.scan(tubes[8])
    assert page.at == "A1~", "over the end to the beginning"
    page.scan(tubes[4])
    assert page.scan(Card.UNDO) == "ok"
    assert (page.words(), page.at) == ("Back at A1 · Box 1", "A1")
    assert page.scan(tubes[0]) == "ok"
    assert page.at == "A2~"
    page.at = "A5"  # tapped
    assert page.scan(tubes[4]) == "ok", "its scan at A1 does not count any more"
    for tube in [tubes[5], *tubes[1:4]]:
        page.scan(tube)
    assert page.at == "A7~", "what nobody awaits comes last"
    page.scan(Card.SKIP)
    assert page.at == "A8~"
    page.scan(tubes[9])
    page.scan(Card.DONE)
    assert page.words("detail") == "Found 7, Unexpected 1, Empty as expected 73"
    assert world.unproved() == []


def test_after_a_reload_or_on_another_device_it_goes_on_where_the_person_was(
    world: World, store: Store
) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    page.scan(boxes[0])
    page.at = "A3"
    page.scan(tubes[2])
    assert 'data-at="A4~"' in page.shown(boxes[0])
    other = Page(world, page.audit, MANAGER)
    assert 'data-at="A1~"' in other.shown(boxes[0])


def test_two_people_see_each_others_slots_and_never_scan_one_twice_unawares(
    world: World, store: Store
) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    other = Page(world, page.audit, MANAGER)
    page.scan(boxes[0])
    other.scan(boxes[0])
    assert page.at == other.at == "A1~"
    page.scan(tubes[0])
    assert other.scan(tubes[1]) == "stop"
    assert "A1 was scanned by" in other.words()
    assert other.at == "A2~"
    assert other.scan(tubes[1]) == "ok"
    assert other.scan(tubes[0]) == "notice"
    fresh = page.visitor.get(f"/audits/{page.audit}/count/map?box={boxes[0]}&at=A3~")
    assert 'class="cell other"' in fresh.text
    again = page.visitor.get(
        f"/audits/{page.audit}/count/map?box={boxes[0]}&at=A3~",
        **{"if-none-match": fresh.headers["etag"]},
    )
    assert again.status_code == 304


def test_a_scan_that_is_sent_again_is_one_scan(world: World, store: Store) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    page.scan(boxes[0])
    command = str(clock.new_key())
    page.scan(tubes[0], command)
    page.at = "A1~"
    assert page.scan(tubes[0], command) == "ok"
    assert (page.words(), page.at, len(scans(world, page.audit))) == ("A1 · Box 1", "A2~", 1)


def test_a_scan_that_waited_for_the_network_keeps_its_time(world: World, store: Store) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    with clock.restored():
        clock.set_clock(lambda: datetime.now(UTC) + timedelta(hours=2))
        page.scan(boxes[0])
        assert page.scan(tubes[0], late="3600") == "ok"
        page.scan(tubes[1], late="2")
        page.scan(tubes[2], late="soon")

    def asked(session: Session, _: Actor) -> list[AuditScan]:
        return list(session.exec(select(AuditScan).order_by(col(AuditScan.id))))

    late, soon, odd = (scan.scanned_at for scan in world.ask(asked, MANAGER))
    assert timedelta(minutes=59) < soon - late < timedelta(minutes=61)
    assert odd - soon < timedelta(minutes=1)


# --- strictness ---


def test_blind_nothing_is_told_of_what_should_be_there(world: World, store: Store) -> None:
    boxes, tubes = store
    page = Page(world, begun(world, blind=True))
    before = page.shown(boxes[0])
    assert "Blind count" in before
    assert page.scan(boxes[0]) == "ok"
    assert page.scan(tubes[3]) == "ok", "a wrong slot, which is not told"
    assert (page.words(), page.at) == ("A1 · Box 1", "A2~")
    assert page.scan(Card.EMPTY_HERE) == "ok"
    unseen = [tube for tube in tubes if tube != tubes[3]]
    assert not any(tube in text or tube[-3:] + "<" in text for tube in unseen for text in (before, page.text))
    page.scan(Card.DONE)
    assert page.words() == "Not scanned: 79"
    assert page.scan(Card.DONE) == "done"
    assert world.unproved() == []


def test_a_second_count_is_another_persons_and_begins_with_nothing_scanned(
    world: World, store: Store
) -> None:
    boxes, tubes = store
    audit = begun(world, second_count=True)
    counted(world, audit, boxes[0], *((f"A{place}", tube) for place, tube in enumerate(tubes[:5], 1)))
    first = Page(world, audit, MANAGER)
    assert first.scan(boxes[0]) == "stop"
    assert "Another person" in first.words()
    page = Page(world, audit)
    page.scan(boxes[0])
    assert (page.words(), page.at) == ("Box 1 is open for its second count", "A1~")
    for tube in tubes[:6]:
        page.scan(tube)
    assert page.scan(Card.DONE) == "done"
    assert results(world, audit)[tubes[5]] is Result.FOUND
    assert world.unproved() == []


def test_a_typed_code_is_told_as_typed_and_odd_cards_do_nothing(world: World, store: Store) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    page.scan(boxes[0])
    page.scan(tubes[0], source="typed")
    assert page.scan(Card.STORE) == "notice"
    assert "does nothing here" in page.words()
    assert page.scan(Card.ACKNOWLEDGE) == "notice"
    assert page.scan(boxes[0]) == "ok"
    assert (page.words(), page.at) == ("Box 1 is open", "A2~")

    def asked(session: Session, _: Actor) -> list[ScanSource]:
        return [scan.source for scan in session.exec(select(AuditScan))]

    assert world.ask(asked, MANAGER) == [ScanSource.TYPED]


def test_things_that_lie_unplaced_are_scanned_in_any_order(world: World, store: Store) -> None:
    _, tubes = store
    pouch = storage.TypeOrder(code="pouch", name="Pouch", level="box")  # type: ignore[arg-type]
    world.act(lambda s, a: storage.add_type(s, a, pouch), person=MANAGER)
    rack = storage.ContainerOrder(type="pouch", name="Pouch 1", site="BJ")
    code = world.act(lambda s, a: storage.make_container(s, a, rack).code, person=MANAGER)
    world.put(code, tubes[8:11])
    audit = begun(world, container=None, site="BJ", tubes=tubes[8:11])
    page = Page(world, audit)
    page.scan(code)
    assert page.scan(tubes[10]) == "ok"
    assert page.scan(tubes[10]) == "notice"
    assert page.scan(Card.EMPTY_HERE) == "notice"
    assert page.scan(tubes[8]) == "ok"
    assert page.scan(Card.DONE) == "notice"
    assert page.scan(Card.DONE) == "done"
    assert results(world, audit) == {
        tubes[8]: Result.FOUND,
        tubes[9]: Result.MISSING,
        tubes[10]: Result.FOUND,
    }


def test_from_any_other_page_of_the_audit_the_scan_of_a_box_leads_to_its_count(
    world: World, store: Store
) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    assert page.scan(boxes[0], mode="lookup") == "ok"
    assert page.said("data-leads") == f"/audits/{page.audit}/boxes/{boxes[0]}"
    assert page.box == boxes[0], "what was scanned before the page opens is of that box"
    assert page.scan(tubes[0], mode="lookup") == "ok"


def test_a_tube_that_the_record_has_taken_out_is_said_to_be_out(world: World, store: Store) -> None:
    boxes, tubes = store
    out = storage.TakeOut(tubes=tubes[:1])
    world.act(lambda s, a: storage.take_out(s, a, out), answer=list[storage.Stored])
    page = Page(world, begun(world))
    page.scan(boxes[0])
    assert page.at == "A2~", "nobody awaits it there"
    page.at = "A1"
    assert page.scan(tubes[0]) == "notice"
    assert page.words() == "A1 · Unexpected"
    assert "with technician, taken out" in page.words("detail")


def test_a_counted_box_shows_what_was_scanned_and_what_is_left(world: World, store: Store) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    counted(world, page.audit, boxes[0], *((f"A{place}", tube) for place, tube in enumerate(tubes[:6], 1)))
    text = page.shown(boxes[0])
    assert "Box 1 is counted" in text
    assert text.count('data-kind="right"') == 6
    assert 'data-box=""' in text
    assert f"/audits/{page.audit}/boxes/{boxes[1]}" in text
