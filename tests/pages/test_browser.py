"""The bench and its pages in a real browser, driven by keys as a scanner sends them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from biobank import accounts, clock, specimens, storage
from biobank.labels.cards import Card
from tests.pages.conftest import Tab
from tests.world import MANAGER, World

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def slots(world: World, box: str) -> dict[str, str]:
    """Which tube is in which slot of a box."""
    found = world.ask(lambda session, actor: storage.box_map(session, actor, box))
    return {slot.code: slot.name for slot in found.slots if slot.state == "occupied"}


def events(world: World, tube: str) -> int:
    return len(world.ask(lambda session, actor: specimens.timeline(session, actor, tube)))


def outcome(tab: Tab, wanted: str) -> None:
    expect(tab.page.locator("[data-result] > .scan-result")).to_have_attribute("data-outcome", wanted)


def test_a_person_comes_in_by_the_first_link_and_by_the_password_after(tab: Tab) -> None:
    link = clock.new_secret()
    order = accounts.PersonOrder(name="newcomer", role="technician", site="BJ")  # type: ignore[arg-type]
    world = tab.site.world
    world.act(lambda session, actor: accounts.add_person(session, actor, order, link), person=MANAGER)
    tab.open(f"/first/{link}")
    tab.page.get_by_label("Password").fill("a long enough password")
    tab.page.get_by_label("The same again").fill("another long password")
    tab.page.get_by_role("button").click()
    expect(tab.page.get_by_role("alert")).to_contain_text("The two passwords differ")
    tab.page.get_by_label("The same again").fill("a long enough password")
    tab.page.get_by_role("button").click()
    expect(tab.page).to_have_url(tab.site.url + "/")
    tab.page.get_by_role("button", name="Sign out").click()
    expect(tab.page).to_have_url(tab.site.url + "/sign-in")
    tab.open("/storage")
    tab.page.get_by_label("Name").fill("newcomer")
    tab.page.get_by_label("Password").fill("a long enough password")
    tab.page.keyboard.press("Enter")
    expect(tab.page).to_have_url(tab.site.url + "/storage")


@pytest.mark.parametrize("path", ["/", "/storage", "/studies/DEMO", "/bench"])
def test_one_scan_finds_a_tube_from_any_page_and_any_focus(tab: Tab, path: str) -> None:
    world = tab.site.world
    tube = world.tubes(1)[0]
    world.put(world.boxes()[0], [tube])
    before = events(world, tube)
    for focus in ("body", "a.brand", "[data-find]"):
        tab.sign_in()
        tab.open(path)
        if focus != "body":
            tab.page.locator(focus).focus()
        tab.scan(tube)
        if path == "/bench":
            expect(tab.page.locator("[data-result] .headline")).to_have_text("A1 · Box 1")
        else:
            expect(tab.page).to_have_url(f"{tab.site.url}/specimens/{tube}")
    assert events(world, tube) == before


def test_the_keys_of_a_real_keyboard_are_a_scan_and_leave_no_trace_in_the_find_box(tab: Tab) -> None:
    tube = tab.site.world.tubes(1)[0]
    tab.sign_in()
    tab.page.clock.install()
    tab.open("/bench")
    tab.page.locator("[data-find]").focus()
    # A scanner's keys come within milliseconds; on a busy machine the page's clock waits for ours.
    tab.page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    tab.page.keyboard.type(tube + "\n")
    tab.page.clock.resume()
    expect(tab.page.locator("[data-result] .headline")).to_contain_text("is in no box")
    expect(tab.page.locator("[data-find]")).to_have_value("")


def test_a_burst_under_an_input_method_is_read_by_its_keys(tab: Tab) -> None:
    tube = tab.site.world.tubes(1)[0]
    tab.sign_in()
    tab.open("/")
    tab.scan(tube, unreadable=True)
    expect(tab.page).to_have_url(f"{tab.site.url}/specimens/{tube}")


def test_twelve_tubes_go_into_a_box_by_thirteen_scans_and_no_pointer(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(12), world.boxes()[1]
    tab.sign_in()
    tab.open("/bench?mode=store")
    for code in [box, *tubes]:
        tab.scan(code)
    expect(tab.page.locator("[data-result] .headline")).to_have_text("B3 · Box 2")
    expect(tab.page.locator("[data-result] .next")).to_have_text("Next: B4.")
    names = [f"A{column}" for column in range(1, 10)] + ["B1", "B2", "B3"]
    assert slots(world, box) == dict(zip(tubes, names, strict=True))
    assert tab.complaints == []
    assert world.unproved() == []


def test_a_slow_network_keeps_every_scan_in_its_order(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(20), world.boxes()[0]
    tab.sign_in()
    tab.open(f"/bench?mode=store&box={box}")
    tab.site.delay, tab.site.held = 0.25, True
    for tube in tubes:
        tab.scan(tube)
    expect(tab.page.locator("scan-bench")).to_have_attribute("data-state", "sending")
    tab.site.held = False
    expect(tab.page.locator("[data-result] .headline")).to_have_text("C2 · Box 1")
    found = slots(world, box)
    assert [code for code, _ in sorted(found.items(), key=lambda pair: pair[1])] == tubes
    assert [events(world, tube) for tube in tubes] == [2] * 20


def test_a_reload_in_the_middle_keeps_the_box_and_the_map(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(4), world.boxes()[0]
    tab.sign_in()
    tab.open("/bench?mode=store")
    for code in [box, *tubes[:3]]:
        tab.scan(code)
    expect(tab.page.locator("[data-result] .headline")).to_have_text("A3 · Box 1")
    tab.page.reload()
    expect(tab.page.locator(".mode-band .box")).to_contain_text("Box 1")
    expect(tab.page.locator("a.cell.occupied")).to_have_count(3)
    expect(tab.page.locator("a.cell.cursor")).to_have_count(1)
    listed = tab.page.locator("[data-last] .headline")
    expect(listed).to_have_text(["A3 · Box 1", "A2 · Box 1", "A1 · Box 1", "Box 1 is open"])
    tab.scan(tubes[3])
    expect(tab.page.locator("[data-result] .headline")).to_have_text("A4 · Box 1")
    expect(listed).to_have_count(4)


def test_stop_locks_the_bench_and_lists_what_it_ignored(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(4), world.boxes()[0]
    tab.sign_in()
    tab.open("/bench?mode=store")
    tab.scan(tubes[0])
    stop = tab.page.get_by_role("alertdialog")
    expect(stop).to_contain_text("Scan the box first")
    expect(stop).to_contain_text("请先扫描样本盒")
    for code in [box, *tubes[1:3]]:
        tab.scan(code)
    expect(stop.locator("[data-ignored-count]")).to_have_text("3")
    assert slots(world, box) == {}
    tab.scan(Card.ACKNOWLEDGE.value)
    expect(stop).to_be_hidden()
    for code in [box, tubes[0]]:
        tab.scan(code)
    expect(tab.page.locator("[data-result] .headline")).to_have_text("A1 · Box 1")
    assert slots(world, box) == {tubes[0]: "A1"}


def test_the_mode_cards_and_the_buttons_are_the_same(tab: Tab) -> None:
    world = tab.site.world
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    tab.sign_in()
    tab.open("/bench")
    tab.scan(Card.TAKE.value)
    expect(tab.page.locator(".mode-band")).to_have_attribute("data-mode", "take")
    tab.scan(tube)
    expect(tab.page.locator("[data-result] .headline")).to_contain_text("Took out")
    expect(tab.page.locator("a.cell.out")).to_have_count(1)
    tab.page.get_by_role("button", name="Store").click()
    expect(tab.page.locator(".mode-band")).to_have_attribute("data-mode", "store")
    tab.scan(box)
    tab.scan(tube)
    expect(tab.page.locator("[data-result] .detail").first).to_contain_text("Brought back")
    tab.scan(Card.DONE.value)
    expect(tab.page.locator(".mode-band .box")).to_have_text("No box is open")
    assert world.unproved() == []


def test_look_up_rests_and_swallows_no_tube(tab: Tab) -> None:
    world = tab.site.world
    tubes, boxes = world.tubes(2), world.boxes()
    world.put(boxes[1], tubes[:1])
    tab.sign_in()
    tab.open("/bench")
    tab.scan(boxes[0])
    expect(tab.page.locator("[data-result] .headline")).to_have_text("Box 1 is open")
    tab.scan(tubes[0])
    expect(tab.page.locator("[data-result] .headline")).to_have_text("Not in this box: A1 · Box 2")
    tab.scan("NOTHING-9")
    outcome(tab, "notice")
    assert [slots(world, box) for box in boxes[:2]] == [{}, {tubes[0]: "A1"}]
    assert [events(world, tube) for tube in tubes] == [2, 1]


def test_a_typed_code_is_judged_and_sent(tab: Tab) -> None:
    world = tab.site.world
    tube = world.tubes(1)[0]
    tab.sign_in()
    tab.open("/bench")
    tab.page.keyboard.press("/")
    expect(tab.page.locator("#typed")).to_be_focused()
    tab.page.locator("#typed").press_sequentially(tube.lower(), delay=60)
    expect(tab.page.locator("type-code [data-says]")).to_have_text("The check character fits")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("[data-result] .headline")).to_contain_text("is in no box")


def test_help_opens_by_its_key_and_by_its_button(tab: Tab) -> None:
    tab.sign_in()
    tab.open("/bench")
    help_ = tab.page.get_by_role("dialog", name="How to scan")
    tab.page.keyboard.press("?")
    expect(help_).to_be_visible()
    help_.get_by_role("button", name="Close").click()
    expect(help_).to_be_hidden()
    tab.page.get_by_role("main").get_by_role("button", name="Help").click()
    expect(help_).to_be_visible()


def test_a_form_clicked_twice_has_one_effect(tab: Tab) -> None:
    world = tab.site.world
    blood = world.blood(world.visit())
    tab.sign_in()
    tab.open(f"/specimens/{blood}")
    tab.page.get_by_label("Count").fill("3")
    tab.page.get_by_label("Amount of each").fill("1 mL")
    tab.page.get_by_role("button", name="Make aliquots").dblclick()
    expect(tab.page.locator("tr[data-life=active]")).to_have_count(4)
    assert len(world.ask(lambda session, actor: specimens.family(session, actor, blood))) == 3
    tab.page.wait_for_load_state()
    tab.page.keyboard.press("p")
    with tab.page.expect_download() as download:
        tab.page.get_by_role("dialog").get_by_role("button", name="Print labels").click()
    assert re.fullmatch(r"labels-S\w{9}-4\.pdf", download.value.suggested_filename)
    assert world.unproved() == []


def test_the_arrow_keys_walk_the_map(tab: Tab) -> None:
    box = tab.site.world.boxes()[0]
    tab.sign_in()
    tab.open(f"/containers/{box}?slot=B7")
    tab.page.locator('.cell[tabindex="0"]').focus()
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        tab.page.keyboard.press(key)
    expect(tab.page).to_have_url(f"{tab.site.url}/containers/{box}?slot=C8")


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_complains_or_asks_anybody_else(tab: Tab, language: str, theme: str) -> None:
    world = tab.site.world
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    card = world.ask(lambda session, actor: specimens.card(session, actor, tube))
    tab.open("/sign-in")
    tab.sign_in(MANAGER, language=language, theme=theme)
    for path in (
        "/",
        "/storage",
        f"/containers/{box}?slot=A1",
        f"/containers/{world.freezer()}",
        "/studies",
        "/studies/DEMO",
        "/studies/DEMO/participants/D-001",
        f"/visits/{card.visit}",
        f"/specimens/{tube}",
        f"/bench?mode=store&box={box}",
    ):
        tab.open(path)
        expect(tab.page.locator("html")).to_have_attribute("lang", language.replace("_", "-"))
        expect(tab.page.locator("html")).to_have_attribute("data-theme", theme)
        width = tab.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 1280, path
    assert tab.complaints == []
    assert tab.hosts == {"127.0.0.1"}
