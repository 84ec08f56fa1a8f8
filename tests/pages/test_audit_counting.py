"""The page on which boxes of an audit are counted: what each scan comes to, and where the cursor goes."""

from uuid import UUID

import pytest

from biobank import storage
from biobank.errors import Refusal
from biobank.labels.cards import Card
from biobank.pages.audits import taking
from biobank.pages.audits.scans import Order
from biobank.tables import Mark, Result
from tests.audits.auditing import begun, results
from tests.pages.count_page import NOBODYS, Page, Store, scans, stored
from tests.templates import Furnishing
from tests.world import MANAGER, World


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
