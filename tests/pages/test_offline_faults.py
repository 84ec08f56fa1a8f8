"""The bench in front of a server that fails, answers wrongly, or knows nobody any more."""

import re
from typing import Any

import pytest
from playwright.sync_api import Route, expect
from sqlmodel import Session, col, select

from biobank import clock, people, texts
from biobank.ledger import entries
from biobank.pages.bench.away import STOPS
from biobank.tables import CustodyEvent, Person, SignIn, Specimen
from tests.pages.conftest import Tab
from tests.pages.test_offline import at_the_bench, disputes, headline, kept, moves, slots, until
from tests.world import MANAGER, SECRETS, TECHNICIAN, World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = 60_000  # ms; a machine may be busy

Fault = dict[str, Any]

PORTAL: Fault = {"status": 200, "content_type": "text/html", "body": "<h1>Welcome to our network</h1>"}
PROXY: Fault = {"status": 502, "content_type": "text/html", "body": "<h1>Bad gateway</h1>"}
BROKEN: Fault = {"status": 500, "content_type": "text/plain", "body": "it broke"}
NOWHERE: Fault = {"status": 404, "content_type": "text/html", "body": "<h1>Not found</h1>"}
OURS: Fault = {
    "status": 500,
    "headers": {"X-Refusal": "broken"},
    "body": "<h1>Something is wrong on our side</h1>",
}
BUSY: Fault = {"status": 503, "headers": {"X-Refusal": "busy", "Retry-After": "2"}, "body": ""}
FAULTS = [PORTAL, PROXY, BROKEN, NOWHERE, OURS, BUSY]


def end_session(world: World, person: str) -> None:
    """What an administrator does, or time: the browser's session counts no longer."""

    def end(session: Session) -> None:
        mine = select(SignIn).where(col(SignIn.secret_hash) == people.hashed(SECRETS[person]))
        session.exec(mine).one().ended_at = clock.now()

    world.database.write(end)


def let_in_again(world: World, person: str) -> None:
    """So that the test itself may ask as that person."""

    def begin(session: Session) -> None:
        mine = select(SignIn).where(col(SignIn.secret_hash) == people.hashed(SECRETS[person]))
        session.exec(mine).one().ended_at = None

    world.database.write(begin)


def by_whom(world: World, tube: str) -> tuple[str, str]:
    """Who handed in the last that the log tells of a tube, and who did it."""
    asked = select(CustodyEvent.entry).join(Specimen, col(Specimen.id) == col(CustodyEvent.subject_id))
    asked = asked.where(col(Specimen.code) == tube).order_by(col(CustodyEvent.number).desc())
    last = entries.read(world.database.read(lambda session: session.exec(asked).first()) or b"")
    names = {str(key): name for key, name in world.database.read(_people)}
    return names[last.actor or ""], names.get(last.refs.get("performer", ""), "")


def _people(session: Session) -> list[tuple[object, str]]:
    return list(session.exec(select(Person.id, Person.name)).all())


def try_now(tab: Tab) -> None:
    tab.page.evaluate("dispatchEvent(new Event('online'))")


def all_in(tab: Tab) -> None:
    expect(tab.page.locator("[data-kept]")).to_be_hidden(timeout=LONG)


def stands(tab: Tab, box: str, wanted: dict[str, str]) -> None:
    """Wait until these tubes are in these slots, and no others."""
    until(tab, lambda: slots(tab.site.world, box) == wanted)


# --- faulty answers ---


def test_no_wrong_answer_loses_a_scan_that_is_handed_in_or_holds_up_the_others(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(3), world.boxes()[0]
    at_the_bench(tab, box)
    tab.page.context.set_offline(True)
    for count, code in enumerate(tubes, 1):
        tab.scan(code)
        kept(tab, count)
    met: list[Route] = []

    def wrongly(route: Route) -> None:
        met.append(route)
        if len(met) <= len(FAULTS):
            route.fulfill(**FAULTS[len(met) - 1])
        elif len(met) > len(FAULTS) + 1:  # the first good answer waits until the page was looked at
            route.continue_()

    tab.page.route("**/bench/late", wrongly)
    tab.page.context.set_offline(False)
    for _ in range(LONG // 300):
        try_now(tab)
        expect(tab.page.locator("[data-kept-count]")).to_have_text("3")
        if len(met) > len(FAULTS):
            break
        tab.page.wait_for_timeout(300)
    met[len(FAULTS)].continue_()
    all_in(tab)
    assert len(met) == len(FAULTS) + 3
    assert slots(world, box) == dict(zip(tubes, ("A1", "A2", "A3"), strict=True))
    assert [moves(world, tube) for tube in tubes] == [["placed"]] * 3


@pytest.mark.parametrize("fault", [PORTAL, BROKEN, OURS], ids=["portal", "proxy", "ours"])
def test_a_scan_that_is_answered_wrongly_is_kept_and_handed_in(tab: Tab, fault: Fault) -> None:
    world = tab.site.world
    (tube,), box = world.tubes(1), world.boxes()[0]
    at_the_bench(tab, box)
    tab.page.route("**/bench/scans", lambda route: route.fulfill(**fault), times=1)
    tab.scan(tube)
    expect(tab.page.locator("[data-result] > .scan-result")).to_have_attribute("data-outcome", "offline")
    stands(tab, box, {tube: "A1"})
    all_in(tab)
    assert moves(world, tube) == ["placed"]


def test_an_answer_that_breaks_off_is_none_and_the_scan_counts_once(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(2), world.boxes()[0]
    at_the_bench(tab, box)
    tab.site.cut_short = 2  # the scan's own, and the first try to hand it in
    tab.scan(tubes[0])
    expect(tab.page.locator("[data-result] > .scan-result")).to_have_attribute("data-outcome", "offline")
    stands(tab, box, {tubes[0]: "A1"})
    all_in(tab)
    expect(tab.page.locator("scan-bench")).to_have_attribute("data-state", "idle", timeout=LONG)
    tab.scan(tubes[1])
    headline(tab, "A2 · Box 1")
    assert slots(world, box) == dict(zip(tubes, ("A1", "A2"), strict=True))
    assert [moves(world, tube) for tube in tubes] == [["placed"]] * 2
    assert world.unproved() == []


def test_a_scan_at_which_the_server_breaks_holds_up_the_others_for_a_while_alone(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(3), world.boxes()[0]
    at_the_bench(tab, box)
    tab.page.context.set_offline(True)
    for count, code in enumerate(tubes, 1):
        tab.scan(code)
        kept(tab, count)

    def wrongly(route: Route) -> None:
        bad = tubes[0] in (route.request.post_data or "")
        route.fulfill(**OURS) if bad else route.continue_()

    tab.page.route("**/bench/late", wrongly)
    tab.page.context.set_offline(False)

    def is_alone() -> bool:
        try_now(tab)
        return tab.page.locator("[data-kept-count]").inner_text() == "1"

    until(tab, is_alone)
    assert slots(world, box) == dict(zip(tubes[1:], ("A2", "A3"), strict=True))
    tab.page.unroute("**/bench/late")
    tab.page.reload()
    stands(tab, box, dict(zip(tubes, ("A1", "A2", "A3"), strict=True)))
    all_in(tab)


# --- who is signed in ---


def test_a_session_that_ends_while_scans_are_handed_in_lets_them_wait_and_says_so(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(4), world.boxes()[0]
    at_the_bench(tab, box)
    other = Tab(tab.site, tab.page.context.new_page())
    at_the_bench(other, box)
    tab.page.context.set_offline(True)
    for count, code in enumerate(tubes, 1):
        (tab, other)[count % 2].scan(code)
        kept(tab, count)
    handed: list[str] = []

    def once(route: Route) -> None:
        handed.append(route.request.post_data or "")
        if len(handed) == 2:
            end_session(world, TECHNICIAN)
        route.continue_()

    tab.page.context.route("**/bench/late", once)
    tab.page.context.set_offline(False)
    expect(tab.page.locator(".bench-offline")).to_contain_text("until somebody signs in", timeout=LONG)
    kept(tab, 3)
    tab.sign_in(MANAGER)
    for each in (tab, other):
        each.page.reload()
    let_in_again(world, TECHNICIAN)
    stands(tab, box, dict(zip(tubes, ("A1", "A2", "A3", "A4"), strict=True)))
    for each in (tab, other):
        all_in(each)
    assert [by_whom(world, tube) for tube in tubes] == [(TECHNICIAN, "")] + [(MANAGER, TECHNICIAN)] * 3
    assert [moves(world, tube) for tube in tubes] == [["placed"]] * 4
    assert disputes(world) == []
    assert world.unproved() == []


def test_a_scan_after_the_session_ended_is_kept_and_the_bench_asks_for_somebody(tab: Tab) -> None:
    world = tab.site.world
    (tube,), box = world.tubes(1), world.boxes()[0]
    at_the_bench(tab, box)
    end_session(world, TECHNICIAN)
    tab.scan(tube)
    kept(tab, 1)
    expect(tab.page.locator(".bench-offline")).to_contain_text("until somebody signs in", timeout=LONG)
    tab.sign_in(MANAGER)
    tab.page.reload()
    let_in_again(world, TECHNICIAN)
    stands(tab, box, {tube: "A1"})
    assert (slots(world, box), by_whom(world, tube)) == ({tube: "A1"}, (MANAGER, TECHNICIAN))


# --- what the page shows meanwhile ---


def test_the_map_shows_what_is_saved_on_this_device_and_nowhere_else(tab: Tab) -> None:
    world = tab.site.world
    tubes, (box, other) = world.tubes(4), world.boxes()[:2]
    world.put(box, [tubes[0]], "B2")
    at_the_bench(tab, box)
    cell = tab.page.locator(".beside a.cell")
    tab.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    tab.page.reload()
    with tab.page.expect_response(lambda answer: f"/bench/maps/{box}" in answer.url, timeout=LONG):
        tab.scan(box)
    headline(tab, "Box 1 is open")
    expect(tab.page.locator("scan-bench")).to_have_attribute("data-state", "idle")
    tab.page.context.set_offline(True)
    tab.scan(tubes[1])
    kept(tab, 1)
    expect(tab.page.locator("a.cell.saved")).to_have_attribute(
        "aria-label", re.compile("A1.*saved on this device")
    )
    expect(tab.page.locator("a.cell.cursor")).to_have_attribute("href", re.compile("slot=A2$"))
    expect(tab.page.locator(".map-foot")).to_contain_text("saved on this device: 1")
    tab.page.reload()
    expect(tab.page.locator("scan-bench")).to_have_attribute("data-box", box)
    tab.scan(tubes[2])
    kept(tab, 2)
    expect(tab.page.locator("a.cell.saved")).to_have_count(2)
    expect(tab.page.locator("a.cell.occupied")).to_have_count(1)
    tab.scan(other)
    expect(tab.page.locator(".beside")).to_contain_text("This device has no map of this box.")
    tab.scan(box)
    expect(tab.page.locator("a.cell.saved")).to_have_count(2)
    tab.page.context.set_offline(False)
    all_in(tab)
    expect(tab.page.locator("a.cell.saved")).to_have_count(0, timeout=LONG)
    expect(cell.and_(tab.page.locator(".occupied"))).to_have_count(3)


def test_a_stop_without_the_network_is_said_in_both_languages(tab: Tab) -> None:
    world = tab.site.world
    tubes = world.tubes(2)
    tab.sign_in()
    tab.open("/bench?mode=store")
    tab.page.context.set_offline(True)
    tab.scan(tubes[0])
    stop = tab.page.locator("[data-stop]")
    for language, tag in ((texts.ENGLISH, "en"), (texts.CHINESE, "zh-Hans")):
        words = texts.catalogue(language).gettext(STOPS["box-first"])
        assert (words == STOPS["box-first"]) is (language == texts.ENGLISH)
        expect(stop.locator(f"p[lang={tag}]")).to_contain_text(words, timeout=LONG)
