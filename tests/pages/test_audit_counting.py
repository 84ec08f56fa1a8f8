"""The page on which boxes of an audit are counted: what each scan comes to, and where the cursor goes."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from biobank import clock, storage
from biobank.errors import Refusal
from biobank.labels.cards import Card
from biobank.pages.audits import taking
from biobank.pages.audits.scans import Order
from biobank.people import Actor
from biobank.tables import AuditScan, Mark, Result, ScanSource
from tests.audits.auditing import begun, counted, results
from tests.pages.visitor import Visitor, outcome, visit
from tests.templates import Furnishing
from tests.world import MANAGER, TECHNICIAN, World

NOBODYS = "NOBODYS-1"


Store = tuple[list[str], list[str]]
"""Boxes and tubes."""


class Page:
    """The page of a count without a browser: it keeps what the scripts would, and has the last answer."""

    def __init__(self, world: World, audit: UUID, person: str = TECHNICIAN) -> None:
        self.visitor: Visitor = visit(world, person)
        self.audit = audit
        self.box = self.at = self.text = ""

    def scan(self, code: str, command: str = "", late: str = "", **more: str) -> str:
        """The outcome of a scan."""
        told = {"scan": code, "mode": "count", "box": self.box, "at": self.at, **more}
        headers = {"x-scanned-ago": late} if late else {}
        answer = self.visitor.post(f"/audits/{self.audit}/count/scans", told, command, **headers)
        assert answer.status_code == 200, answer.text
        self.text = answer.text
        self.box, self.at = (self.said(name) for name in ("data-box", "data-at"))
        return outcome(answer.text)

    def said(self, name: str) -> str:
        """What the result carries in an attribute."""
        found = re.search(rf'<section class="scan-result"[^>]* {name}="([^"]*)"', self.text)
        return unescape(found[1]) if found else ""

    def words(self, part: str = "headline") -> str:
        """A line of the result."""
        found = re.search(rf'<p class="{part}"[^>]*>(.*?)</p>', self.text)
        return unescape(found[1]) if found else ""

    def shown(self, box: str = "") -> str:
        """The page as it is opened."""
        answer = self.visitor.get(f"/audits/{self.audit}/boxes/{box or self.box}")
        assert answer.status_code == 200, answer.text
        return answer.text


def scans(world: World, audit: UUID) -> list[tuple[int | None, int | None, Mark, str]]:
    """What was told of slots, in its order."""

    def asked(session: Session, _: Actor) -> list[tuple[int | None, int | None, Mark, str]]:
        found = session.exec(
            select(AuditScan).where(col(AuditScan.audit_id) == audit).order_by(col(AuditScan.id))
        )
        return [(scan.row, scan.col, scan.mark, scan.text) for scan in found]

    return world.ask(asked, MANAGER)


def stored(world: World) -> Store:
    """Three boxes, and twelve tubes of which six stand in the first and two in the second."""
    tubes, boxes = world.tubes(12), world.boxes()
    world.put(boxes[0], tubes[:6])
    world.put(boxes[1], tubes[6:8])
    return boxes, tubes


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return stored


@pytest.fixture
def store(told: Store) -> Store:
    return told


def test_a_box_is_opened_then_every_tube_of_it_and_done(world: World, store: Store) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    assert page.scan(boxes[0]) == "ok"
    assert (page.words(), page.at) == ("Box 1 is open", "A1~")
    for place, tube in enumerate(tubes[:6], 1):
        assert page.scan(tube) == ("done" if place == 6 else "ok")
        assert page.words() == f"A{place} · Box 1"
    assert page.words("next") == "All of it was scanned. Scan DONE."
    assert page.scan(Card.DONE) == "done"
    assert (page.words(), page.words("detail"), page.box) == (
        "Box 1 is counted",
        "Found 6, Empty as expected 75",
        "",
    )
    assert page.words("next") == "Next: Freezer 1 · Shelf 1 · Rack 1 · Box 2. Scan it."
    assert world.unproved() == []


def test_a_tube_needs_an_open_box_and_a_card_one_too(world: World, store: Store) -> None:
    page = Page(world, begun(world))
    assert page.scan(store[1][0]) == "stop"
    assert "Scan the box first" in page.words()
    assert page.scan(Card.DONE) == "stop"
    assert "No box is open" in page.words()
    assert page.scan(Card.HELP) == "ok"
    assert scans(world, page.audit) == []


def test_what_stands_elsewhere_nowhere_or_is_unknown_is_said_and_counted(world: World, store: Store) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    page.scan(boxes[0])
    for code, headline, says in [
        (tubes[3], "A1 · Wrong slot here", "Its record has it at A4."),
        (tubes[6], "A2 · Wrong container", "Box 2 · A1"),
        (tubes[9], "A3 · Unexpected", "in no box"),
        (NOBODYS, "A4 · Unknown code", "written down as it was read"),
    ]:
        assert page.scan(code) == "notice"
        assert page.words() == headline
        assert says in page.words("detail")
    assert page.scan(Card.UNREADABLE) == "notice"
    assert page.scan(Card.EMPTY_HERE) == "done"
    page.scan(Card.DONE)
    assert results(world, page.audit) == {
        tubes[0]: Result.MISSING,
        tubes[1]: Result.MISSING,
        tubes[2]: Result.MISSING,
        tubes[3]: Result.UNKNOWN,
        tubes[4]: Result.UNREADABLE,
        tubes[5]: Result.MISSING,
        tubes[6]: Result.WRONG_CONTAINER,
        tubes[7]: None,
        tubes[9]: Result.UNEXPECTED,
    } | {tubes[3]: Result.WRONG_SLOT} | {NOBODYS: Result.UNKNOWN}
    assert world.unproved() == []


def test_what_is_no_tube_or_was_misread_stops_and_counts_nothing(world: World, store: Store) -> None:
    boxes, tubes = store
    visit_code = world.visit("D-009")
    page = Page(world, begun(world))
    page.scan(boxes[0])
    assert page.scan(visit_code) == "stop"
    assert "is no tube" in page.words()
    misread = tubes[0][:-1] + ("0" if tubes[0][-1] != "0" else "1")
    assert page.scan(misread) == "stop"
    assert "check character" in page.words()
    assert page.scan("X000000000") == "stop"
    assert scans(world, page.audit) == []
    assert page.at == "A1~"


def refusal(world: World, audit: UUID, **order: str) -> str:
    """The slug by which a scan is refused."""
    told = Order.model_validate(order)
    with pytest.raises(Refusal) as refused:
        world.act(lambda s, a: taking.take(s, a, audit, told, None))
    return refused.value.slug


def test_each_refusal_has_its_name(world: World, store: Store) -> None:
    boxes, tubes = store
    tiny = storage.TypeOrder(code="tiny", name="Tiny", level="box", rows=1, cols=1)  # type: ignore[arg-type]
    world.act(lambda s, a: storage.add_type(s, a, tiny), person=MANAGER)
    order = storage.ContainerOrder(type="tiny", name="Tiny 1", site="BJ")
    small = world.act(lambda s, a: storage.make_container(s, a, order).code, person=MANAGER)
    world.put(small, tubes[8:9])
    full = begun(world, container=small)
    page = Page(world, full)
    page.scan(small)
    page.scan(tubes[8])
    assert refusal(world, full, scan=tubes[9], box=small) == "no_slot_left"
    audit = begun(world)
    assert refusal(world, audit, scan=tubes[0]) == "box_first"
    assert refusal(world, audit, scan=world.visit("D-009"), box=boxes[0]) == "no_tube"
    assert refusal(world, audit, scan=tubes[2], box=boxes[0], at=f"A1~?{tubes[1]}") == "slot_in_question"
    assert refusal(world, audit, scan=small) == "box_not_audited"
    first = Page(world, audit, MANAGER)
    first.scan(boxes[0])
    first.scan(tubes[0])
    assert refusal(world, audit, scan=tubes[1], box=boxes[0], at="A1~") == "slot_scanned"
    assert world.unproved() == []


def test_a_cursor_that_nobody_could_have_is_as_none(world: World, store: Store) -> None:
    page = Page(world, begun(world))
    for at in ["?", "~", "Z99~", "A1~?", "a1", "A1~?" + "X" * 200, "A\n1", "A1~~", "1;--"]:
        page.box, page.at = store[0][0], at
        assert page.scan(Card.SKIP) == "ok"
        assert page.words() == "Next: A2 · Box 1"


# --- questions ---


def test_the_tube_of_the_next_slot_is_asked_about_and_again_means_that_this_one_is_empty(
    world: World, store: Store
) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    page.scan(boxes[0])
    assert page.scan(tubes[1]) == "notice"
    assert page.words() == "A2 expected. Scan it again if A1 is empty."
    assert scans(world, page.audit) == []
    assert page.scan(tubes[1]) == "ok"
    assert (page.words(), page.at) == ("A2 · Box 1", "A3~")
    assert scans(world, page.audit) == [(0, 0, Mark.EMPTY, ""), (0, 1, Mark.TUBE, tubes[1])]


def test_a_card_says_that_the_tube_of_the_next_slot_does_stand_here(world: World, store: Store) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    page.scan(boxes[0])
    page.scan(tubes[1])
    assert page.scan(Card.ACKNOWLEDGE) == "notice"
    assert (page.words(), page.at) == ("A1 · Wrong slot here", "A2~")
    assert page.scan(tubes[2]) == "notice", "a row that is shifted is not asked about at each of its slots"
    assert page.words() == "A2 · Wrong slot here"
    assert page.scan(tubes[0]) == "notice"
    assert page.words() == "A3 · Wrong slot here"


def test_by_touch_a_question_is_answered_too(world: World, store: Store) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    page.scan(boxes[0])
    page.scan(tubes[1])
    assert page.scan(tubes[1], answer="here") == "notice"
    assert page.scan(tubes[2], answer="here") == "ok", "it is asked no more: nothing is counted by it"
    assert len(scans(world, page.audit)) == 1
    page.scan(tubes[3])
    assert page.at == "A3~", "A2 was empty of its own tube, which stands at A1: no question, a wrong slot"


def test_whoever_goes_on_without_an_answer_is_stopped(world: World, store: Store) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    page.scan(boxes[0])
    page.scan(tubes[1])
    assert page.scan(tubes[2]) == "stop"
    assert "Is A1 empty?" in page.words()
    assert (page.at, scans(world, page.audit)) == ("A1~", [])
    assert page.scan(tubes[0]) == "ok"
    page.scan(tubes[2])
    assert page.scan(Card.UNDO) == "ok", "the question is taken back"
    assert page.at == "A2~"
    page.scan(tubes[2])
    assert page.scan(Card.EMPTY_HERE) == "ok"
    assert page.scan(tubes[2]) == "ok"
    assert [told[1:3] for told in scans(world, page.audit)] == [
        (0, Mark.TUBE),
        (1, Mark.EMPTY),
        (2, Mark.TUBE),
    ]


def test_the_same_code_at_another_slot_is_asked_about_before_it_is_a_second_tube(
    world: World, store: Store
) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    page.scan(boxes[0])
    page.scan(tubes[0])
    assert page.scan(tubes[0]) == "notice"
    assert page.words() == "Scanned already at A1"
    assert page.scan(tubes[1]) == "ok", "it was only scanned once more"
    page.scan(tubes[0])
    assert page.scan(tubes[0]) == "notice"
    assert len(scans(world, page.audit)) == 3
    page.scan(Card.DONE)
    page.scan(Card.DONE)
    assert results(world, page.audit)[tubes[0]] is Result.DUPLICATE
    assert world.unproved() == []


def test_done_says_first_what_was_not_looked_at(world: World, store: Store) -> None:
    boxes, tubes = store
    page = Page(world, begun(world))
    page.scan(boxes[0])
    page.scan(tubes[0])
    assert page.scan(Card.DONE) == "notice"
    assert (page.words(), page.words("detail")) == ("Not scanned: 5", "A2, A3, A4, A5, A6")
    assert page.scan(tubes[1]) == "ok"
    page.scan(Card.DONE)
    assert page.scan(Card.DONE) == "done"
    assert page.words("detail") == "Found 2, Missing tube 4, Empty as expected 75"
    assert page.scan(boxes[0]) == "stop", "a box is counted once"


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
