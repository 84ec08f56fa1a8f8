"""The page of a spilled box, and the board of an evacuation: driven by scans, confirmed once."""

import re

import pytest
from playwright.sync_api import expect

from biobank.labels.cards import Card
from tests.pages.conftest import Site, Tab
from tests.pages.visitor import Visitor, outcome, visit
from tests.templates import on_both
from tests.test_evacuations import begin, spare_shelf
from tests.test_storage import make, rack_of, slots, take_out
from tests.world import OUTSIDER, World


def scan(visitor: Visitor, path: str, code: str, at: str = "") -> str:
    told = {"scan": code, "mode": "lookup", "at": at, "source": "scan", "corrected": "false"}
    answer = visitor.post(f"{path}/scans", told)
    assert answer.status_code == 200, answer.text
    return answer.text


def at(answer: str) -> str:
    """What was scanned so far."""
    found = re.search(r'data-at="([^"]*)"', answer)
    return found[1] if found else "-"


# --- a spilled box ---


@on_both
def test_a_spilled_box_is_scanned_and_seated_anew_by_the_card(world: World, visitor: Visitor) -> None:
    first, second, third = world.tubes(3)
    box = world.boxes()[0]
    world.put(box, [first, second, third])
    take_out(world, third)
    path = f"/boxes/{box}/reseat"
    assert "Put the tubes back into the box" in visitor.get(path).text
    answer = scan(visitor, path, second)
    assert (outcome(answer), at(answer)) == ("ok", "A2")
    assert "A1 · Box 1" in answer
    assert "1 of 2 tubes scanned" in answer
    again = scan(visitor, path, second, "A2")
    assert (outcome(again), at(again)) == ("notice", "A2")
    empty = scan(visitor, path, Card.EMPTY_HERE.value, "A2")
    assert at(empty) == "A2_-"
    undone = scan(visitor, path, Card.UNDO.value, "A2_-")
    assert (outcome(undone), at(undone)) == ("notice", "A2")
    early = scan(visitor, path, Card.DONE.value, "A2")
    assert outcome(early) == "stop"
    assert first[:4] in early
    complete = scan(visitor, path, first, "A2_-")
    assert (outcome(complete), at(complete)) == ("done", "A2_-_A1")
    assert slots(world, box) == {"A1": first, "A2": second, "A3": f"({third})"}
    done = scan(visitor, path, Card.DONE.value, at(complete))
    assert (outcome(done), f'data-leads="/containers/{box}"' in done) == ("done", True)
    assert slots(world, box) == {"A1": second, "A3": f"({third})", "A4": first}
    assert world.unproved() == []


def test_the_button_writes_what_the_page_shows(world: World, visitor: Visitor) -> None:
    first, second = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [first, second])
    page = visitor.get(f"/boxes/{box}/reseat?at=A2_-_A1_A1_Z9").text
    told = re.findall(r'name="tubes" value="(\w*)"', page)
    assert told == [second, "", first]
    answer = visitor.post(f"/boxes/{box}/reseat", {"tubes": told})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/containers/{box}")
    assert slots(world, box) == {"A1": second, "A3": first}
    assert f'href="/boxes/{box}/reseat"' in visitor.get(f"/containers/{box}").text
    assert world.unproved() == []


def test_what_does_not_belong_stops_the_hand(world: World, visitor: Visitor) -> None:
    first, second = world.tubes(2)
    box, bag = world.boxes()[0], make(world, "bag", site="BJ")
    world.put(box, [first])
    path = f"/boxes/{box}/reseat"
    stranger = scan(visitor, path, second, "A1")
    assert (outcome(stranger), at(stranger)) == ("stop", "A1")
    assert "Lay it aside" in stranger
    assert outcome(scan(visitor, path, box)) == "notice"
    assert outcome(scan(visitor, path, Card.LOCK.value)) == "notice"
    assert outcome(scan(visitor, path, "XAAAAAAAAW")) == "stop"
    assert outcome(scan(visitor, path, "nobody knows it")) == "stop"
    assert visitor.get(f"/boxes/{rack_of(world)}/reseat").status_code == 422
    assert visitor.get(f"/boxes/{bag}/reseat").status_code == 422


# --- an evacuation ---


def test_a_freezer_is_emptied_from_the_page(world: World, visitor: Visitor) -> None:
    world.put(world.boxes()[0], world.tubes(2))
    shelf, rack = spare_shelf(world, "Freezer 2"), rack_of(world)
    assert "Nothing is being emptied" in visitor.get("/evacuations").text
    code = world.freezer()
    assert f'value="{code}"' in visitor.get(f"/evacuations?container={code}").text
    begun = visitor.post("/evacuations", {"container": code, "into": f"{shelf}\r\n\r\n"})
    assert begun.status_code == 303, begun.text
    path = begun.headers["location"]
    page = visitor.get(path).text
    assert ("0 of 1 carried" in page, "to be carried" in page) == (True, True)
    other = scan(visitor, path, world.boxes()[1])
    assert outcome(other) == "stop"
    done = scan(visitor, path, rack)
    assert outcome(done) == "done"
    assert "Freezer 2 · Shelf of Freezer 2 · A1" in done
    assert "1 of 1 carried" in done
    again = scan(visitor, path, rack)
    assert (outcome(again), "there already" in again) == ("notice", True)
    assert outcome(scan(visitor, path, Card.LOCK.value)) == "notice"
    assert "1 of 1 carried" in visitor.get(f"{path}/steps").text
    assert visitor.post(f"{path}/turn-back", {}).status_code == 303
    assert "on the way back" in visitor.get(path).text
    assert outcome(scan(visitor, path, rack)) == "done"
    assert visitor.post(f"{path}/close", {}).headers["location"] == "/evacuations"
    assert "1 / 1" in visitor.get("/evacuations").text
    assert world.unproved() == []


def test_two_racks_are_counted_down_and_one_without_a_slot_is_shown(world: World, visitor: Visitor) -> None:
    for box, tube in zip(world.boxes(), world.tubes(3), strict=True):
        world.put(box, [tube])
    shelf = spare_shelf(world, "Freezer 2", slots=1)
    rack = make(world, "rack-3", into=shelf)
    make(world, "box-9x9", into=rack)
    key = begin(world, world.freezer())
    path = f"/evacuations/{key}"
    assert "No slot was found for 1 of them" in visitor.get(path).text
    first, second, third = world.boxes()
    one = scan(visitor, path, first)
    assert (outcome(one), "2 to go" in one) == ("ok", True)
    assert outcome(scan(visitor, path, second)) == "ok"
    assert outcome(scan(visitor, path, third)) == "stop"
    assert visit(world, OUTSIDER).get(path).status_code == 404


# --- in a browser ---


@pytest.mark.browser
def test_twenty_tubes_are_seated_anew_by_their_scans_and_one_card(site: Site, tab: Tab) -> None:
    tubes = site.world.tubes(20)
    box = site.world.boxes()[0]
    site.world.put(box, tubes)
    tab.sign_in()
    tab.open(f"/boxes/{box}/reseat")
    for tube in reversed(tubes):
        tab.scan(tube)
    expect(tab.page.locator("[data-part=seats] h2")).to_have_text("20 of 20 tubes scanned")
    tab.scan(Card.DONE.value)
    expect(tab.page).to_have_url(f"{site.url}/containers/{box}")
    assert slots(site.world, box)["A1"] == tubes[-1]
    assert tab.complaints == []


@pytest.mark.browser
def test_a_rack_is_carried_by_one_scan_and_the_others_see_it(site: Site, tab: Tab) -> None:
    site.world.put(site.world.boxes()[0], site.world.tubes(2))
    spare_shelf(site.world, "Freezer 2")
    path = f"/evacuations/{begin(site.world, site.world.freezer())}"
    tab.sign_in()
    tab.open(path)
    tab.scan(rack_of(site.world))
    expect(tab.page.locator("[data-result] .next")).to_have_text("Everything was carried.")
    expect(tab.page.locator("[data-part=steps] h2")).to_have_text("1 of 1 carried")
    visit(site.world).post(f"{path}/turn-back", {})
    expect(tab.page.locator("[data-part=steps] h2")).to_have_text("0 of 1 carried")
    assert tab.complaints == []
