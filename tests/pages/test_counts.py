"""How many scans a task takes, counted in a browser whose pointer was removed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import Session, col, select

from biobank import clock, people, stations, storage
from biobank.labels.cards import Card
from biobank.tables import SignIn
from tests.pages.conftest import Site as Served
from tests.pages.conftest import Tab
from tests.world import MANAGER, SECRETS, TECHNICIAN, World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NO_POINTER = """
for (const kind of ["pointerdown", "mousedown", "click", "touchstart"])
  addEventListener(kind, (event) => {
    if (!event.isTrusted) return;
    event.stopImmediatePropagation(); event.preventDefault();
    document.documentElement.dataset.pointed = "yes";
  }, { capture: true });
"""


class Hands:
    """A tab that is worked by scans alone: each is counted, and its outcome waited for."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.scans = 0

    def scan(self, code: str, headline: str, outcome: str = "ok") -> None:
        self.scans += 1
        self.tab.scan(code)
        result = self.tab.page.locator("[data-result] > .scan-result")
        expect(result.locator(".headline")).to_have_text(headline)
        expect(result).to_have_attribute("data-outcome", outcome)


@pytest.fixture
def hands(site: Served, browser: Browser) -> Iterator[Hands]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.add_init_script(NO_POINTER)
    tab = Tab(site, context.new_page())
    tab.sign_in()
    yield Hands(tab)
    assert tab.page.locator("html").get_attribute("data-pointed") is None
    assert tab.complaints == []
    assert site.world.unproved() == []
    context.close()


def stands_in_store_mode(world: World) -> None:
    """Let the technician be signed in at a station that starts in store mode."""
    order = stations.StationOrder(name="Bench 1", site="BJ", starts_in="store")
    station = world.act(
        lambda session, actor: stations.enrol(session, actor, order, clock.new_secret()), person=MANAGER
    )

    def stand(session: Session) -> None:
        secret = people.hashed(SECRETS[TECHNICIAN])
        signed_in = session.exec(select(SignIn).where(col(SignIn.secret_hash) == secret)).one()
        signed_in.station_id = station.id

    world.database.write(stand)


def slots(world: World, box: str) -> dict[str, str]:
    found = world.ask(lambda session, actor: storage.box_map(session, actor, box))
    return {slot.name: slot.code for slot in found.slots if slot.state == "occupied"}


def test_a_tube_is_looked_up_by_one_scan(hands: Hands) -> None:
    world = hands.tab.site.world
    tube = world.tubes(1)[0]
    world.put(world.boxes()[0], [tube])
    hands.tab.open("/bench")
    hands.scan(tube, "A1 · Box 1")
    assert hands.scans == 1


def test_twenty_tubes_go_into_a_box_by_twenty_one_scans(hands: Hands) -> None:
    world = hands.tab.site.world
    tubes, box = world.tubes(20), world.boxes()[0]
    stands_in_store_mode(world)
    hands.tab.open("/bench")
    hands.scan(box, "Box 1 is open")
    names = [f"{row}{column}" for row in "ABC" for column in range(1, 10)]
    for tube, name in zip(tubes, names, strict=False):
        hands.scan(tube, f"{name} · Box 1")
    assert hands.scans == 21
    assert slots(world, box) == dict(zip(names, tubes, strict=False))


def test_ten_tubes_are_checked_out_by_eleven_scans(hands: Hands) -> None:
    world = hands.tab.site.world
    tubes, box = world.tubes(10), world.boxes()[0]
    world.put(box, tubes)
    hands.tab.open("/bench")
    hands.scan(Card.TAKE.value, "Take out")
    for tube in tubes:
        hands.scan(tube, f"Took out {tube[:4]} {tube[4:8]} {tube[8:]}")
    assert hands.scans == 11
    assert slots(world, box) == {}


def test_a_box_is_moved_by_two_scans(hands: Hands) -> None:
    world = hands.tab.site.world
    order = storage.FreezerOrder(site="BJ", name="Freezer 2", shelves=1, racks=2, boxes=1)
    world.act(lambda session, actor: storage.make_freezer(session, actor, order), person=MANAGER)
    box = world.boxes()[0]
    loose = storage.ContainerOrder(type="rack-4", name="Rack 9", site="BJ")
    kind = storage.TypeOrder(code="rack-4", name="Rack", level="rack", rows=4, cols=1)  # type: ignore[arg-type]
    world.act(lambda session, actor: storage.add_type(session, actor, kind), person=MANAGER)
    rack = world.act(
        lambda session, actor: storage.make_container(session, actor, loose).code, person=MANAGER
    )
    stands_in_store_mode(world)
    hands.tab.open("/bench")
    hands.scan(box, "Box 1 is open")
    hands.scan(rack, "Moved Box 1")
    assert hands.scans == 2
    where = world.ask(lambda session, actor: storage.box_map(session, actor, box)).path
    assert [step.name for step in where] == ["Rack 9", "Box 1"]


def test_the_last_act_is_undone_by_one_scan(hands: Hands) -> None:
    world = hands.tab.site.world
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    hands.tab.open("/bench")
    hands.scan(Card.UNDO.value, "Undone")
    assert hands.scans == 1
    assert slots(world, box) == {}
