"""The bench without the network, in a real browser: nothing is lost, nothing counts twice."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from biobank import clock, specimens, storage, tasks
from biobank.tables import TaskKind
from tests.pages.conftest import Tab
from tests.test_disputing import at_a_station, missing, place
from tests.world import MANAGER, World

pytestmark = [pytest.mark.browser, pytest.mark.slow]


_HAS_MAP = """(box) => new Promise((told) => {
  const opening = indexedDB.open("biobank bench");
  opening.onsuccess = () => {
    const asked = opening.result.transaction("maps").objectStore("maps").get(box);
    asked.onsuccess = () => { opening.result.close(); told(Boolean(asked.result)); };
  };
})"""


def slots(world: World, box: str) -> dict[str, str]:
    """Which tube is in which slot of a box."""
    found = world.ask(lambda session, actor: storage.box_map(session, actor, box))
    return {slot.code: slot.name for slot in found.slots if slot.state == "occupied"}


def moves(world: World, tube: str) -> list[str]:
    return [row.kind for row in world.ask(lambda s, a: specimens.timeline(s, a, tube))][1:]


def disputes(world: World) -> list[str]:
    found = world.ask(lambda s, a: tasks.listing(s, a, tasks.Sought(kind=TaskKind.PLACE_DISPUTED)))
    return [task.specimen for task in found]


def kept(tab: Tab, count: int) -> None:
    expect(tab.page.locator("[data-kept-count]")).to_have_text(str(count))


def until(tab: Tab, so: Callable[[], bool]) -> None:
    """Wait until it is so at the server: a page that only opens shows no banner yet, whatever is kept."""
    for _ in range(240):
        if so():
            return
        tab.page.wait_for_timeout(250)
    assert so(), "it did not come in"


def headline(tab: Tab, text: str | re.Pattern[str]) -> None:
    expect(tab.page.locator("[data-result] .headline")).to_have_text(text)


def at_the_bench(tab: Tab, box: str, mode: str = "store") -> None:
    """The bench open, with the map of the box kept on the device and its page in the worker's hands."""
    tab.sign_in()
    with tab.page.expect_response(lambda answer: "/bench/last" in answer.url):
        tab.open(f"/bench?mode={mode}")
    with tab.page.expect_response(lambda answer: f"/bench/maps/{box}" in answer.url):
        tab.scan(box)
    expect(tab.page.locator(".mode-band .box")).to_contain_text("Box")
    tab.page.wait_for_function(_HAS_MAP, arg=box)


def test_the_bench_stores_and_takes_without_the_network_and_hands_it_in_after(tab: Tab) -> None:
    world = tab.site.world
    tubes, (one, two) = world.tubes(5), world.boxes()[:2]
    world.put(one, [tubes[0]])
    at_the_bench(tab, one)
    tab.page.context.set_offline(True)
    for code, slot in zip(tubes[1:4], ("A2", "A3", "A4"), strict=True):
        tab.scan(code)
        headline(tab, f"{slot} Box 1")
    expect(tab.page.locator("[data-result] > .scan-result")).to_have_attribute("data-outcome", "offline")
    kept(tab, 3)
    tab.scan("XTAKE0000X")
    expect(tab.page.locator("scan-bench")).to_have_attribute("data-mode", "take")
    tab.scan(tubes[0])
    kept(tab, 4)
    tab.scan(tubes[4])
    expect(tab.page.locator("[data-stop]")).to_contain_text("Not from the open box")
    tab.page.locator("[data-acknowledge]").click()
    assert slots(world, one) == {tubes[0]: "A1"}
    tab.page.context.set_offline(False)
    expect(tab.page.locator("[data-kept]")).to_be_hidden()
    assert slots(world, one) == dict(zip(tubes[1:4], ("A2", "A3", "A4"), strict=True))
    assert moves(world, tubes[0]) == ["placed", "taken_out"]
    assert two
    assert disputes(world) == []
    assert world.unproved() == []


def test_a_tube_that_somebody_moved_meanwhile_is_told_as_a_notice_and_stays(tab: Tab) -> None:
    world = tab.site.world
    (tube,), (one, two) = world.tubes(1), world.boxes()[:2]
    at_the_bench(tab, one)
    tab.page.context.set_offline(True)
    tab.scan(tube)
    kept(tab, 1)
    with clock.restored():
        clock.set_clock(lambda: datetime.now(UTC) + timedelta(minutes=1))
        world.put(two, [tube], "C3")
        tab.page.context.set_offline(False)
        headline(tab, re.compile("was handled by somebody else meanwhile"))
        assert (slots(world, one), slots(world, two)) == ({}, {tube: "C3"})
        assert disputes(world) == [tube]
        tab.page.get_by_role("link", name="Open the task").click()
        tab.page.get_by_role("button", name="The scan is right").click()
        expect(tab.page).to_have_url(tab.site.url + "/tasks")
        assert slots(world, one) == {tube: "A1"}
        assert world.unproved() == []


def test_the_page_opens_again_without_the_network_and_goes_on(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(3), world.boxes()[0]
    at_the_bench(tab, box)
    tab.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    tab.page.reload()
    tab.page.context.set_offline(True)
    tab.scan(tubes[0])
    kept(tab, 1)
    tab.page.reload()
    kept(tab, 1)
    tab.scan(box)
    headline(tab, "Box 1")
    for code in tubes[1:]:
        tab.scan(code)
    kept(tab, 3)
    tab.page.context.set_offline(False)
    expect(tab.page.locator("[data-kept]")).to_be_hidden()
    told = world.ask(lambda s, a: tasks.listing(s, a, tasks.Sought()))
    assert [(task.kind, task.specimen, task.facts) for task in told] == []
    assert slots(world, box) == dict(zip(tubes, ("A1", "A2", "A3"), strict=True))


def test_an_answer_that_was_lost_on_the_way_counts_once(tab: Tab) -> None:
    world = tab.site.world
    (tube,), box = world.tubes(1), world.boxes()[0]
    at_the_bench(tab, box)
    # The server does it; its answer never comes.
    tab.page.route("**/bench/scans", lambda route: (route.fetch(), route.abort())[1], times=1)
    tab.scan(tube)
    expect(tab.page.locator("[data-result] > .scan-result")).to_have_attribute("data-outcome", "offline")
    expect(tab.page.locator("scan-bench")).to_have_attribute("data-state", "idle")
    expect(tab.page.locator("[data-kept]")).to_be_hidden()
    assert (slots(world, box), moves(world, tube)) == ({tube: "A1"}, ["placed"])


def test_two_tabs_hand_in_what_both_kept_once_and_in_its_order(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(6), world.boxes()[0]
    at_the_bench(tab, box)
    other = Tab(tab.site, tab.page.context.new_page())
    at_the_bench(other, box)
    tab.page.context.set_offline(True)
    for count, code in enumerate(tubes):
        (tab, other)[count % 2].scan(code)
        kept(tab, count + 1)
    kept(other, 6)
    tab.page.context.set_offline(False)
    for each in (tab, other):
        expect(each.page.locator("[data-kept]")).to_be_hidden()
    assert slots(world, box) == dict(zip(tubes, [f"A{n}" for n in range(1, 7)], strict=True))
    assert [moves(world, tube) for tube in tubes] == [["placed"]] * 6
    assert disputes(world) == []


def test_whoever_comes_next_hands_in_what_another_scanned(tab: Tab) -> None:
    world = tab.site.world
    (tube,), box = world.tubes(1), world.boxes()[0]
    at_the_bench(tab, box)
    tab.page.context.set_offline(True)
    tab.scan(tube)
    kept(tab, 1)
    tab.sign_in(MANAGER)
    tab.page.context.set_offline(False)
    tab.page.reload()
    until(tab, lambda: slots(world, box) == {tube: "A1"})
    expect(tab.page.locator("[data-kept]")).to_be_hidden()
    last = world.ask(lambda s, a: specimens.timeline(s, a, tube))[-1]
    assert (slots(world, box), last.actor) == ({tube: "A1"}, MANAGER)
    assert world.unproved() == []


def test_signing_out_warns_and_leaves_the_scans_to_who_comes_next(tab: Tab) -> None:
    world = tab.site.world
    (tube,), box = world.tubes(1), world.boxes()[0]
    at_the_bench(tab, box)
    tab.page.route("**/bench/{scans,late,last}", lambda route: route.abort())
    tab.scan(tube)
    kept(tab, 1)
    tab.page.get_by_role("button", name="Sign out").click()
    tab.page.locator("[data-kept-leave] button[value=stay]").click()
    expect(tab.page).to_have_url(re.compile("/bench"))
    tab.page.get_by_role("button", name="Sign out").click()
    tab.page.locator("[data-kept-leave] button[value=leave]").click()
    expect(tab.page).to_have_url(tab.site.url + "/sign-in")
    kept(tab, 1)
    assert place(world, tube) == ""


def test_a_cleared_store_is_noticed_and_its_exported_file_brings_all_back(
    tab: Tab, browser: Browser, tmp_path: Path
) -> None:
    world = tab.site.world
    at_a_station(world)
    tubes, box = world.tubes(4), world.boxes()[0]
    at_the_bench(tab, box)
    tab.page.context.set_offline(True)
    for code in tubes[:3]:
        tab.scan(code)
    kept(tab, 3)
    with tab.page.expect_download() as saved:
        tab.page.locator("[data-kept-export]").click()
    file = tmp_path / "scans.json"
    saved.value.save_as(file)
    assert [each["scan"]["seq"] for each in json.loads(file.read_text())["scans"]] == [1, 2, 3]
    # The browser clears its store, as it may when the disk is full; its cookies stay.
    tab.page.evaluate("void indexedDB.deleteDatabase('biobank bench')")
    tab.page.close()
    tab.page = tab.page.context.new_page()
    tab.page.context.set_offline(False)
    tab.open("/sign-in")
    at_the_bench(tab, box)
    tab.page.context.set_offline(True)
    tab.scan(tubes[3])
    kept(tab, 1)
    tab.page.context.set_offline(False)
    expect(tab.page.locator("[data-kept]")).to_be_hidden()
    assert missing(world) == [[[1, 3]]]
    elsewhere = browser.new_context(locale="en-GB")
    try:
        other = Tab(tab.site, elsewhere.new_page())
        other.sign_in(MANAGER)
        other.open("/bench")
        other.page.locator(".kept-file summary").click()
        other.page.locator("[data-kept-import]").set_input_files(file)
        expect(other.page.locator(".kept-file output")).to_contain_text("Taken in: 3")
        until(other, lambda: tubes[2] in slots(world, box))
        expect(other.page.locator("[data-kept]")).to_be_hidden()
    finally:
        elsewhere.close()
    assert missing(world) == []
    # Two were told to be in A1: the one that came first is there, and somebody looks where the other is.
    assert slots(world, box) == {tubes[3]: "A1", tubes[1]: "A2", tubes[2]: "A3"}
    assert disputes(world) == [tubes[0]]
    assert world.unproved() == []


def test_a_wiped_device_is_noticed_and_its_exported_file_counts_once_on_another_machine(
    tab: Tab, browser: Browser, tmp_path: Path
) -> None:
    world = tab.site.world
    at_a_station(world)
    tubes, box = world.tubes(5), world.boxes()[0]
    at_the_bench(tab, box)
    tab.page.context.set_offline(True)
    tab.scan(tubes[0])
    kept(tab, 1)
    tab.page.context.set_offline(False)
    expect(tab.page.locator("[data-kept]")).to_be_hidden()
    tab.page.context.set_offline(True)
    for count, code in enumerate(tubes[1:4], 1):
        tab.scan(code)
        kept(tab, count)
    file = tmp_path / "scans.json"
    with tab.page.expect_download() as saved:
        tab.page.locator("[data-kept-export]").click()
    saved.value.save_as(file)
    tab.page.context.close()
    # A new profile of the same browser: no store, no cookies; the bench is the same.
    wiped, elsewhere = browser.new_context(locale="en-GB"), browser.new_context(locale="en-GB")
    try:
        fresh = Tab(tab.site, wiped.new_page())
        at_the_bench(fresh, box)
        wiped.set_offline(True)
        fresh.scan(tubes[4])
        kept(fresh, 1)
        wiped.set_offline(False)
        expect(fresh.page.locator("[data-kept]")).to_be_hidden()
        assert missing(world) == [[[2, 2]]]
        other = Tab(tab.site, elsewhere.new_page())
        other.sign_in(MANAGER)
        for _ in range(2):
            other.open("/bench")
            other.page.locator(".kept-file summary").click()
            other.page.locator("[data-kept-import]").set_input_files(file)
            expect(other.page.locator(".kept-file output")).to_contain_text(re.compile("Taken in: [03]"))
            until(other, lambda: tubes[3] in slots(world, box))
            expect(other.page.locator("[data-kept]")).to_be_hidden()
    finally:
        wiped.close()
        elsewhere.close()
    assert missing(world) == []
    assert slots(world, box) == dict(
        zip((tubes[0], tubes[4], *tubes[2:4]), ("A1", "A2", "A3", "A4"), strict=True)
    )
    assert disputes(world) == [tubes[1]]
    assert [moves(world, tube) for tube in tubes[2:4]] == [["placed"]] * 2
    assert world.unproved() == []
