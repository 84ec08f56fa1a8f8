"""The page of a visit in a real browser: scans as a scanner sends them, dialogs, clocks."""

import re

import pytest
from playwright.sync_api import Locator, expect

from biobank import clock, participants
from biobank.labels.cards import Card
from tests import collected
from tests.pages.conftest import Tab
from tests.pages.kits import STUDY, lives, prepared

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def headline(tab: Tab) -> Locator:
    return tab.page.locator("[data-result] .headline")


def open_dialog(tab: Tab, name: str, row: str = "") -> Locator:
    """Open one of the dialogs of the page: of a tube's row, or of the visit."""
    tab.page.wait_for_load_state()  # before that no button opens anything
    where = tab.page.locator(f"tr#{row}" if row else "#tubes .card-header")
    where.get_by_role("button", name=name, exact=True).click()
    dialog = tab.page.locator("dialog#act")
    expect(dialog).to_be_visible()
    return dialog


def begun(tab: Tab, event: str = "BL") -> tuple[str, list[str]]:
    """A visit that was begun with a kit, open in the browser; the codes of its labels."""
    world = tab.site.world
    visit, kit = prepared(world, event)
    collected.begin(world, visit, kit.code)
    tab.sign_in()
    tab.open(f"/visits/{visit}")
    return visit, [face.code for face in kit.labels]


def test_eight_aliquots_of_a_kit_are_nine_scans_and_no_click(tab: Tab) -> None:
    world = tab.site.world
    visit, kit = prepared(world)
    aliquots = [face.code for face in kit.labels[1:]]
    tab.sign_in()
    tab.open(f"/visits/{visit}")
    expect(tab.page.locator("tr[data-life=expected]")).to_have_count(10)
    for code in [kit.code, *aliquots]:
        tab.scan(code)
    expect(headline(tab)).to_have_text("EDTA plasma 8/8")
    expect(tab.page.locator("[data-result] .next")).to_have_text("All are there. Scan DONE to finish.")
    expect(tab.page.locator("tr[data-life=active]")).to_have_count(10)
    expect(tab.page.locator("[data-part=head]")).to_contain_text("done")
    assert lives(world, visit) == ["active"] * 10
    assert tab.complaints == []
    assert world.unproved() == []


def test_a_kit_made_for_a_visit_leads_there_from_any_page_and_eight_scans_follow(tab: Tab) -> None:
    world = tab.site.world
    visit, _ = prepared(world)
    kit = collected.kits(world, visit=visit)[0]
    tab.sign_in()
    tab.open("/bench")
    tab.scan(kit.code)
    expect(tab.page).to_have_url(re.compile(f"/visits/{visit}"))
    for face in kit.labels[1:]:
        tab.scan(face.code)
    expect(tab.page.locator("tr[data-life=active]")).to_have_count(10)
    assert lives(world, visit) == ["active"] * 10
    assert world.unproved() == []


def test_two_scans_collect_a_kit_where_all_may_be_ticked_at_once(tab: Tab) -> None:
    world = tab.site.world
    visit, kit = prepared(world)
    tab.sign_in()
    tab.open(f"/visits/{visit}")
    for code in (kit.code, Card.ALL_PRESENT.value):
        tab.scan(code)
    expect(headline(tab)).to_have_text("10 tubes are there")
    tab.page.keyboard.press("d")
    expect(headline(tab)).to_have_text("Finished")
    expect(tab.page.locator("tr[data-life=ended]")).to_have_count(2)
    assert world.unproved() == []


def test_a_slow_network_ticks_every_tube_once_and_stop_locks(tab: Tab) -> None:
    _, codes = begun(tab)
    world = tab.site.world
    tab.site.delay, tab.site.held = 0.2, True
    for code in codes:
        tab.scan(code)
    expect(tab.page.locator(".collect-scan")).to_have_attribute("data-state", "sending")
    tab.site.held = False
    expect(tab.page.locator("tr[data-life=active]")).to_have_count(10)
    tab.site.delay = 0.0
    assert [collected.kinds(world, code).count("processed") for code in codes[1:]] == [1] * 8
    tab.scan("NOTHING-9")
    stop = tab.page.get_by_role("alertdialog")
    expect(stop).to_contain_text("Nothing is known")
    expect(stop).to_contain_text("找不到")
    tab.scan(codes[0])
    expect(stop.locator("[data-ignored-count]")).to_have_text("1")
    tab.scan(Card.ACKNOWLEDGE.value)
    expect(stop).to_be_hidden()
    tab.page.reload()
    expect(tab.page.locator("[data-last] > li").first).to_contain_text("NOTHING-9")
    expect(tab.page.locator("[data-last] > li")).to_have_count(len(codes) + 2)
    tab.open("/bench")
    expect(tab.page.locator("[data-last] > li")).to_have_count(0)


def test_low_volume_haemolysis_and_a_missing_tube_are_noted_by_big_buttons(tab: Tab) -> None:
    _, codes = begun(tab)
    world = tab.site.world
    dialog = open_dialog(tab, "Otherwise", codes[3])
    boxes = dialog.locator(".big-choices label")
    expect(boxes).to_have_count(4)
    assert all(
        box["height"] >= 104 and box["width"] >= 104 for box in map(Locator.bounding_box, boxes.all()) if box
    )
    boxes.filter(has_text="low volume").click()
    dialog.get_by_label("Amount").fill("300 uL")
    dialog.get_by_role("button", name="Record").click()
    expect(tab.page.locator(f"tr#{codes[3]}")).to_contain_text("low volume")
    expect(tab.page.locator(f"tr#{codes[3]}")).to_contain_text("300 uL")
    dialog = open_dialog(tab, "Otherwise", codes[0])
    dialog.locator(".big-choices label").filter(has_text="haemolysed").click()
    dialog.locator(".of-haemolysed label", has_text="2").click()
    dialog.get_by_role("button", name="Record").click()
    expect(tab.page.locator(f"tr#{codes[0]}")).to_contain_text("haemolysed")
    dialog = open_dialog(tab, "Otherwise", codes[8])
    dialog.locator(".big-choices label").filter(has_text="not collected").click()
    dialog.get_by_label("Note").fill("no plasma left")
    dialog.get_by_role("button", name="Record").click()
    expect(tab.page.locator(f"tr#{codes[8]}")).to_have_attribute("data-life", "ended")
    assert tab.complaints == []
    dialog = open_dialog(tab, "Otherwise", codes[4])
    dialog.locator(".big-choices label").filter(has_text="other").click()
    dialog.get_by_role("button", name="Record").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Say in the note what went otherwise")
    facts = collected.seen(world, codes[0]).facts
    assert facts is not None
    assert facts.haemolysis == 2
    assert world.unproved() == []


def test_blood_is_drawn_received_and_spun_by_keyboard_alone_and_its_clock_runs(tab: Tab) -> None:
    _, codes = begun(tab)
    world = tab.site.world
    tab.page.get_by_role("button", name="Drawn", exact=True).press("Enter")
    dialog = tab.page.locator("dialog#act")
    expect(dialog.get_by_role("checkbox")).to_be_focused()
    dialog.get_by_role("button", name="Drawn now").press("Enter")
    row = tab.page.locator(f"tr#{codes[0]}")
    expect(row).to_have_attribute("data-life", "active")
    clocks = row.locator("[data-clock]")
    expect(clocks.first).to_contain_text("spin within 0")
    expect(clocks.first).to_have_attribute("data-level", "ok")
    drawn = collected.seen(world, codes[0]).collected
    assert drawn is not None
    assert str(drawn.tzinfo) == "UTC+08:00"
    tab.page.clock.install(time=clock.now())
    tab.page.reload()
    expect(clocks.first).to_have_attribute("data-level", "ok")
    tab.page.clock.fast_forward(95 * 60_000)
    expect(clocks.first).to_have_attribute("data-level", "amber")
    tab.page.clock.fast_forward(31 * 60_000)
    expect(clocks.first).to_have_attribute("data-level", "red")
    expect(clocks.first.locator(".past")).to_contain_text("spin late by 00:0")
    tab.page.get_by_role("button", name="Spin", exact=True).press("Enter")
    expect(dialog.get_by_label("Force (g)")).to_have_value("1300")
    dialog.get_by_role("button", name="Record the spin").press("Enter")
    expect(clocks.filter(has_text="spin within")).to_have_count(0)
    spin = collected.seen(world, codes[0]).spins[0]
    assert (spin.g, spin.minutes, spin.celsius, spin.brake) == (1300, 15, 4, True)
    assert world.unproved() == []


def test_a_time_is_told_on_the_clock_of_the_site_and_keeps_its_seconds(tab: Tab) -> None:
    _, codes = begun(tab)
    dialog = open_dialog(tab, "Drawn")
    dialog.get_by_role("button", name="Now", exact=True).click()
    told = dialog.get_by_label("Or at this time").input_value()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", told)
    dialog.get_by_label("Or at this time").fill("2026-11-20T08:12:31")
    dialog.get_by_role("button", name="Record", exact=True).click()
    expect(tab.page.locator(f"tr#{codes[0]}")).to_have_attribute("data-life", "active")
    drawn = collected.seen(tab.site.world, codes[0]).collected
    assert drawn is not None
    assert drawn.isoformat() == "2026-11-20T08:12:31+08:00"


def test_how_stool_was_collected_is_seven_big_choices_and_the_rest(tab: Tab) -> None:
    _, codes = begun(tab, "M1")
    stool = codes[-1]
    tab.scan(stool)
    expect(headline(tab)).to_have_text("stool")
    dialog = open_dialog(tab, "Facts", stool)
    expect(dialog.locator(".bristol label")).to_have_count(7)
    dialog.locator(".bristol label").nth(3).click()
    dialog.get_by_label("Collected at").select_option("home")
    dialog.get_by_label("Lot").fill("L-77")
    dialog.get_by_label("Expires on").fill("2027-05-01")
    taking = dialog.locator(".taking").first
    expect(taking.locator(".last-taken")).to_be_hidden()
    taking.get_by_text("yes", exact=True).click()
    taking.locator(".last-taken").fill("2026-10-02")
    dialog.get_by_role("button", name="Record").click()
    expect(dialog).to_be_hidden()
    facts = collected.seen(tab.site.world, stool).facts
    assert facts is not None
    assert (facts.bristol, facts.source, facts.lot, facts.antibiotics) == (4, "home", "L-77", "yes")
    assert str(facts.antibiotics_on) == "2026-10-02"
    assert open_dialog(tab, "Facts", stool).get_by_label("Lot").input_value() == "L-77"
    assert tab.site.world.unproved() == []


def test_without_a_kit_labels_are_printed_now_and_then_scanned(tab: Tab) -> None:
    world = tab.site.world
    visit, _ = prepared(world)
    tab.sign_in()
    tab.open(f"/visits/{visit}")
    tab.page.get_by_role("button", name="Begin without a kit").click()
    dialog = open_dialog(tab, "Print labels")
    expect(dialog.get_by_role("checkbox", checked=True)).to_have_count(9)
    with tab.page.expect_download() as download:
        dialog.get_by_role("button", name="Print labels").click()
    assert download.value.suggested_filename.endswith("-9.pdf")
    tab.page.get_by_role("link", name="Back to the visit").click()
    dialog = open_dialog(tab, "Print labels")
    expect(dialog).to_contain_text("Every tube has its label")
    expect(dialog.get_by_role("checkbox", checked=True)).to_have_count(0)
    for row in collected.bench(world, visit).rows:
        if row.kind == "aliquot":
            tab.scan(row.code)
    expect(tab.page.locator("tr[data-life=active]")).to_have_count(10)
    assert world.unproved() == []


def test_what_is_made_beside_the_protocol_is_registered_divided_and_measured(tab: Tab) -> None:
    world = tab.site.world
    collected.adopt(world, STUDY)
    collected.enrol(world)
    order = participants.VisitOrder(study="KIT", pseudonym="K-001")
    visit = world.act(lambda session, actor: participants.open_visit(session, actor, order).code)
    tab.sign_in()
    tab.open(f"/visits/{visit}")
    tab.page.get_by_label("Material").select_option("buffy_coat")
    tab.page.get_by_label("Amount").fill("1 mL")
    tab.page.get_by_role("button", name="Now").click()
    tab.page.get_by_role("button", name="Register").click()
    expect(tab.page.locator("tr[data-life=active]")).to_have_count(1)
    dialog = open_dialog(tab, "Derive")
    dialog.get_by_role("checkbox").check()
    dialog.get_by_label("Material").select_option("dna")
    dialog.get_by_label("Amount made").fill("40 ug")
    dialog.get_by_label("Used of it").fill("500 uL")
    dialog.get_by_text("Yield of DNA or RNA").click()
    dialog.get_by_label("Concentration").fill("52.3 ng/uL")
    dialog.get_by_label("A260/280").fill("1.84")
    dialog.get_by_role("button", name="Make it").click()
    expect(tab.page.locator("tr[data-life=active]")).to_have_count(2)
    dialog = open_dialog(tab, "Aliquots")
    dialog.get_by_role("radio").last.check()
    dialog.get_by_label("Count").fill("2")
    dialog.get_by_label("Amount of each").fill("10 ug")
    dialog.get_by_role("button", name="Make them").dblclick()
    expect(tab.page.locator("tr[data-life=active]")).to_have_count(4)
    rows = collected.bench(world, visit).rows
    assert [row.amount for row in rows] == ["500 uL", "20 ug", "10 ug", "10 ug"]
    extract = collected.seen(world, rows[1].code).extract
    assert extract is not None
    assert (extract.concentration, extract.a260_280) == ("52.3 ng/uL", "1.84")
    assert world.unproved() == []


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_dialog_complains_or_grows_out_of_the_page(tab: Tab, language: str, theme: str) -> None:
    _, codes = begun(tab, "M1")
    tab.sign_in(language=language, theme=theme)
    tab.page.set_viewport_size({"width": 800, "height": 1000})
    tab.page.reload()
    for code in (codes[0], codes[-1]):
        tab.scan(code)
    expect(tab.page.locator("tr[data-life=active]")).to_have_count(2)
    openers = tab.page.locator("#tubes .card-header button, tr[data-life=active] button")
    expect(openers).to_have_count(11)
    dialog = tab.page.locator("dialog#act")
    for opener in openers.all():
        opener.click()
        expect(dialog).to_be_visible()
        width = tab.page.evaluate(
            "document.querySelector('#act').scrollWidth - document.querySelector('#act').clientWidth"
        )
        assert width <= 0
        tab.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 800
    assert tab.complaints == []
    assert tab.hosts == {"127.0.0.1"}
