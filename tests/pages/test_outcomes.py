"""Each outcome in a browser: one sound, one colour, one shape; STOP, its choices, and the live map."""

import pytest
from playwright.sync_api import expect

from biobank import storage
from biobank.labels.cards import Card
from biobank.pages.bench.answers import Outcome
from tests.pages.conftest import Tab
from tests.pages.visitor import where
from tests.world import MANAGER

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_LISTEN = """
window.heard = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (when) {
  window.heard.push(this.frequency.value);
  return start.call(this, when);
};
window.felt = [];
window.AudioContext = class extends AudioContext {
  constructor() { super(); window.audio = this; }
};
const vibrate = (pattern) => window.felt.push(pattern.join());
Object.defineProperty(Navigator.prototype, "vibrate", { value: vibrate });
"""
_SEEN = """(outcome) => {
  const of = (element, pseudo) => getComputedStyle(element, pseudo);
  const result = document.querySelector(`.scan-result[data-outcome="${outcome}"]`);
  return [of(result, "::before").backgroundColor, of(result, "::after").maskImage];
}"""


def heard(tab: Tab) -> list[float]:
    tab.page.wait_for_function("window.heard.length")
    return list(tab.page.evaluate("window.heard.splice(0)"))


def felt(tab: Tab) -> set[str]:
    return set(tab.page.evaluate("window.felt.splice(0)"))


def shown(tab: Tab, outcome: str, where: str = "[data-result]") -> tuple[str, str]:
    expect(tab.page.locator(f"{where} > .scan-result")).to_have_attribute("data-outcome", outcome)
    colour, shape = tab.page.evaluate(_SEEN, outcome)
    return str(colour), str(shape)


def test_each_outcome_has_one_sound_one_colour_one_shape_and_one_buzz(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(2), world.boxes()[0]
    tab.page.add_init_script(_LISTEN)
    tab.sign_in()
    tab.open("/bench?mode=store")
    tab.page.mouse.click(640, 20)  # a browser lets sounds out after the first gesture, and takes a moment
    tab.page.wait_for_function("window.audio?.state === 'running'")
    found: dict[str, tuple[tuple[str, str], set[float]]] = {}
    buzzes: dict[str, set[str]] = {}
    for code, outcome, headline in (
        (box, "ok", "Box 1 is open"),
        (tubes[0], "ok", "A1 · Box 1"),
        ("NOTHING-9", "notice", "Nothing is known by “NOTHING-9”"),
        (Card.DONE.value, "done", "Box 1 is closed"),
    ):
        tab.scan(code)
        expect(tab.page.locator("[data-result] .headline")).to_have_text(headline)
        look = shown(tab, outcome)
        sounds = set(heard(tab))
        assert found.setdefault(outcome, (look, sounds)) == (look, sounds)
        buzz = felt(tab)
        assert buzzes.setdefault(outcome, buzz) == buzz
    tab.scan(tubes[1])
    expect(tab.page.locator("[data-stop]")).to_be_visible()
    found["stop"] = (shown(tab, "stop", "[data-stop-result]"), set(heard(tab)))
    buzzes["stop"] = felt(tab)
    assert tab.complaints == []
    tab.scan(Card.ACKNOWLEDGE.value)
    expect(tab.page.locator("[data-stop]")).to_be_hidden()
    tab.page.evaluate("window.heard = []")  # the alarm goes on until it is acknowledged
    tab.page.context.set_offline(True)
    tab.scan(box)
    found["offline"] = (shown(tab, "offline"), set(heard(tab)))
    buzzes["offline"] = felt(tab)
    assert {name: sounds for name, (_, sounds) in found.items()} == {
        "ok": {1800.0},
        "notice": {900.0},
        "done": {1200.0, 1500.0, 1800.0},
        "stop": {400.0, 300.0},
        "offline": {220.0},
    }
    assert buzzes == {
        "ok": {"40"},
        "notice": {"40,60,40"},
        "done": {"80"},
        "stop": {"300,100,300,100,300"},
        "offline": set(),
    }
    assert {outcome.value for outcome in Outcome} | {"offline"} == set(found)
    assert len({colour for (colour, _), _ in found.values()}) == len(found)
    assert len({shape for (_, shape), _ in found.values()}) == len(found)
    assert all("url(" in shape for (_, shape), _ in found.values())


def test_a_stop_is_answered_by_a_card_and_the_same_scan_goes_on(tab: Tab) -> None:
    world = tab.site.world
    tube = world.tubes(1)[0]
    first, second = world.boxes()[:2]
    world.put(first, [tube])
    world.act(lambda session, actor: storage.take_out(session, actor, storage.TakeOut(tubes=[tube])))
    tab.sign_in()
    tab.open(f"/bench?mode=store&box={second}")
    tab.scan(tube)
    stop = tab.page.locator("[data-stop]")
    expect(stop).to_be_visible()
    tab.scan(world.boxes()[2])
    expect(stop.locator("[data-ignored-count]")).to_have_text("1")
    tab.scan(Card.STORE.value)
    expect(stop).to_be_hidden()
    expect(tab.page.locator("[data-result] .headline")).to_have_text("A1 · Box 2")
    assert where(world, tube) == ("Box 2", "A1")
    assert world.unproved() == []


def test_a_slot_that_is_touched_takes_the_next_tube_and_the_others_are_seen(tab: Tab) -> None:
    world = tab.site.world
    tubes, box = world.tubes(2), world.boxes()[0]
    tab.sign_in()
    tab.open(f"/bench?mode=store&box={box}")
    tab.page.locator(".beside a.cell", has=tab.page.locator("rect")).nth(30).click()
    expect(tab.page.locator(".map-foot .place")).to_have_text("D4")
    tab.scan(tubes[0])
    expect(tab.page.locator("[data-result] .headline")).to_have_text("D4 · Box 1")
    expect(tab.page).to_have_url(f"{tab.site.url}/bench?mode=store&box={box}&at=D5")
    order = storage.PutAway(box=box, tubes=tubes[1:], slot="F6")
    world.act(lambda session, actor: storage.put_away(session, actor, order), person=MANAGER)
    theirs = tab.page.locator(".beside a.cell.other")
    expect(theirs).to_have_count(1)
    expect(theirs.locator("title")).to_have_text(MANAGER)
    assert world.unproved() == []
