"""A shared bench in a real browser: badge, number pad, the lock by itself, a scanner that is measured."""

import re

import pytest
from playwright.sync_api import expect

from biobank import stations
from biobank.pages.bench import at_station
from tests import test_stations as bench
from tests.pages.conftest import Tab
from tests.world import MANAGER, TECHNICIAN, World

pytestmark = pytest.mark.browser


# Each key bears the time that a slow scanner would give it, 55 ms after the last one, on any machine.
_SLOWLY = """(keys) => {
  const began = performance.now();
  for (const [place, key] of [...keys, "Enter"].entries()) {
    const event = new KeyboardEvent("keydown", { key, code: key, bubbles: true, cancelable: true });
    Object.defineProperty(event, "timeStamp", { value: began + 55 * place });
    document.body.dispatchEvent(event);
  }
}"""


def at_bench(tab: Tab, person: str = "", ways: str = "5-35-100") -> None:
    """The tab is the browser of the enrolled bench."""
    told = {at_station.COOKIE: f'"{bench.BROWSER}"', at_station.WAYS: ways}
    if person:
        tab.sign_in(person, **told)
        return
    tab.page.context.add_cookies(
        [{"name": name, "value": value, "url": tab.site.url} for name, value in told.items()]
    )


def ready(world: World) -> str:
    bench.bench(world)
    bench.choose_pin(world)
    return bench.badge(world)


def test_a_badge_switches_by_the_number_pad_and_keeps_the_box(tab: Tab) -> None:
    world = tab.site.world
    code, manager, box = ready(world), bench.badge(world, MANAGER), world.boxes()[0]
    bench.choose_pin(world, "8024", MANAGER)
    at_bench(tab)
    bench.switch(world, manager, "8024")
    tab.page.context.add_cookies([{"name": "biobank", "value": '"of a badge"', "url": tab.site.url}])
    tab.open(f"/bench?mode=store&box={box}")
    tab.scan(code)
    page = tab.page
    expect(page).to_have_url(re.compile("/bench/pin"))
    with page.expect_navigation():
        tab.scan(code)  # a badge never fills in the PIN: it is asked for anew
    expect(page.locator("#pin")).to_have_value("")
    size = page.locator("[data-digit='5']").bounding_box()
    assert size is not None
    assert min(size["width"], size["height"]) >= 104
    for digit in bench.PIN:
        page.locator(f"[data-digit='{digit}']").click()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/bench\?mode=store&box={box}"))
    expect(page.locator(".person")).to_have_text(TECHNICIAN)

    tab.open("/storage")  # elsewhere a badge switches too, at once by now, and the page stays
    tab.scan(code)
    expect(page.locator(".person")).to_have_text(TECHNICIAN)
    assert page.url.endswith("/storage")
    assert tab.complaints == []


def test_a_bench_locks_by_itself_and_a_badge_opens_it(tab: Tab) -> None:
    world = tab.site.world
    code, (box, other, _) = ready(world), world.boxes()
    bench.switch(world, code, bench.PIN)
    at_bench(tab, TECHNICIAN, ways="1-35-100")
    tab.page.clock.install()
    tab.open(f"/bench?mode=take&box={box}")
    tab.page.clock.fast_forward("01:10")
    expect(tab.page).to_have_url(re.compile(rf"/bench/locked\?mode=take&box={box}"))
    tab.scan(other)  # nothing is looked up on a locked bench
    expect(tab.page).to_have_url(re.compile("/bench/locked"))
    tab.scan(code)
    expect(tab.page).to_have_url(re.compile(rf"/bench\?box={box}"))
    expect(tab.page.locator(".person")).to_have_text(TECHNICIAN)


def test_a_slow_scanner_is_measured_and_heard_from_then_on(tab: Tab) -> None:
    world = tab.site.world
    code = ready(world)
    bench.switch(world, code, bench.PIN)
    at_bench(tab)
    tab.page.context.add_cookies([{"name": "biobank", "value": '"of a badge"', "url": tab.site.url}])
    tab.open("/stations/calibration")
    box = world.boxes()[0]
    tab.page.evaluate(_SLOWLY, box)
    row = tab.page.locator("scan-calibration tbody tr").first
    expect(row.locator("[data-keys]")).to_have_text("10")
    assert int(tab.page.locator("#median").input_value()) > 60
    tab.page.get_by_role("button", name="Keep").click()
    expect(tab.page).to_have_url(re.compile("/stations$"))
    kept = world.database.read(lambda s: stations.here(s, bench.BROWSER))
    assert kept is not None
    assert kept.median_gap_ms > 60
    tab.page.wait_for_load_state()
    tab.page.evaluate(_SLOWLY, box)
    expect(tab.page).to_have_url(re.compile(f"/containers/{box}"))
