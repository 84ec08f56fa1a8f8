"""A slow network, and a browser that is killed: every scan that was confirmed counts, once, in its order."""

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from biobank.codes import grouped
from setup.chromium import chromium
from tests.browser import FLAGS
from tests.pages.conftest import Site, Tab
from tests.pages.test_offline import at_the_bench, disputes, moves, slots, until
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SCANS = [8, pytest.param(40, marks=pytest.mark.prove)]
KILLS = [pytest.param(1, id="once"), pytest.param(20, id="twenty", marks=pytest.mark.prove)]


def kill(folder: Path) -> None:
    """End every process of the browser that works in this folder of ours, at once and without a word."""
    ours = str(folder).encode()
    for each in Path("/proc").iterdir():
        if each.name.isdigit() and ours in _words(each):
            os.kill(int(each.name), signal.SIGKILL)


def _words(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def started(browser: Browser, folder: Path) -> BrowserContext:
    """A browser that keeps its store in a folder, as one does that people use."""
    return browser.browser_type.launch_persistent_context(
        folder, executable_path=chromium(), args=FLAGS, headless=True, locale="en-GB"
    )


def in_order(world: World, box: str, tubes: list[str]) -> bool:
    """Whether those of the tubes that are in the box stand there in the order of their scans."""
    found = slots(world, box)
    places = [found[tube] for tube in tubes if tube in found]
    return places == sorted(places)


@pytest.mark.parametrize("scans", SCANS)
def test_scans_at_150_ms_against_500_ms_are_all_there_in_their_order(tab: Tab, scans: int) -> None:
    world = tab.site.world
    tubes, box = world.tubes(scans), world.boxes()[0]
    at_the_bench(tab, box)
    tab.site.delay = 0.5
    for tube in tubes:
        tab.scan(tube)
        tab.page.wait_for_timeout(150)
    names = [f"{'ABCDEFGHI'[n // 9]}{n % 9 + 1}" for n in range(scans)]
    headline = tab.page.locator("[data-result] .headline")
    expect(headline).to_have_text(f"{names[-1]} · Box 1", timeout=120_000)
    assert slots(world, box) == dict(zip(tubes, names, strict=True))
    assert [moves(world, tube) for tube in tubes] == [["placed"]] * scans
    assert world.unproved() == []


@pytest.mark.parametrize("kills", KILLS)
def test_a_browser_that_is_killed_has_kept_every_scan_that_it_confirmed(
    site: Site, browser: Browser, tmp_path: Path, kills: int
) -> None:
    world, folder = site.world, tmp_path / "profile"
    scanned: list[str] = []
    box = world.boxes()[0]
    for turn in range(kills):
        tubes = world.tubes(3, f"K-{turn:03}")
        scanned += tubes
        site.delay = 0.0
        tab = Tab(site, started(browser, folder).new_page())
        at_the_bench(tab, box)
        # Each time it dies at another moment: before the first answer, between two, with the network away.
        away = turn % 3 == 0
        tab.page.context.set_offline(away)
        site.delay = 0.3
        for tube in tubes:
            tab.scan(tube)
        if away:  # Without a network every scan is confirmed, however slow the machine: then it dies.
            for tube in tubes:
                expect(tab.page.locator("scan-bench")).to_contain_text(grouped(tube), timeout=30_000)
        else:
            tab.page.wait_for_timeout(90 * (turn % 7))
        said = tab.page.locator("scan-bench").inner_text()
        kill(folder)
        again = Tab(site, started(browser, folder).new_page())
        site.delay = 0.0
        again.sign_in()
        again.open("/bench")
        confirmed = [tube for tube in tubes if grouped(tube) in said]
        until(again, lambda: all(moves(world, tube) for tube in confirmed))  # noqa: B023 - asked here and now
        expect(again.page.locator("[data-kept]")).to_be_hidden(timeout=60_000)
        assert [moves(world, tube) for tube in confirmed] == [["placed"]] * len(confirmed)
        assert all(len(moves(world, tube)) <= 1 for tube in tubes)
        assert not away or confirmed == tubes
        again.page.context.close()
    assert in_order(world, box, scanned)
    assert disputes(world) == []
    assert world.unproved() == []
