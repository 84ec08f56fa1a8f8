"""Maps in a real browser: the keyboard, 1,536 slots on one screen, the address of a slot."""

import pytest
from playwright.sync_api import expect

from biobank import storage
from tests.pages.conftest import Tab
from tests.world import MANAGER

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_map_of_1536_slots_is_walked_by_keys_and_read_on_one_screen(tab: Tab) -> None:
    world = tab.site.world
    box, tube = world.boxes()[0], world.tubes(1)[0]
    order = storage.TypeOrder(code="plate-1536", name="Plate", level="box", rows=32, cols=48)  # type: ignore[arg-type]
    world.act(lambda session, actor: storage.add_type(session, actor, order), person=MANAGER)
    retype = storage.Retype(container=box, type="plate-1536")
    world.act(lambda session, actor: storage.change_type(session, actor, retype), person=MANAGER)
    world.put(box, [tube], "B7")
    tab.sign_in()
    page = tab.page
    tab.open(f"/specimens/{tube}")
    tab.open(page.get_by_label("Address of this slot").input_value().removeprefix(tab.site.url))
    cells = page.locator("[role=gridcell]")
    expect(cells).to_have_count(1536)
    chosen = page.locator("[role=gridcell][tabindex='0']")
    expect(chosen).to_have_class("cell cursor")
    expect(chosen).to_have_accessible_name(
        f"row B, column 7, occupied, {tube[:4]} {tube[4:8]} {tube[8:]}, {tube[-3:]}"
    )
    size = cells.first.bounding_box()
    right = page.locator("[role=gridcell][data-row='0'][data-col='47']").bounding_box()
    assert size is not None
    assert right is not None
    assert size["width"] >= 20
    assert right["x"] + right["width"] <= 1280
    chosen.focus()
    for key, where in (
        ("ArrowRight", ("1", "7")),
        ("ArrowDown", ("2", "7")),
        ("End", ("2", "47")),
        ("Home", ("2", "0")),
        ("Control+End", ("31", "47")),
        ("ArrowUp", ("30", "47")),
    ):
        page.keyboard.press(key)
        focused = page.locator("[role=gridcell]:focus")
        expect(focused).to_have_attribute("data-row", where[0])
        expect(focused).to_have_attribute("data-col", where[1])
        expect(focused).to_have_attribute("tabindex", "0")
    expect(chosen).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Address of this slot")).to_have_value(
        f"{tab.site.url}/containers/{box}?slot=AE48"
    )
    assert tab.complaints == []
