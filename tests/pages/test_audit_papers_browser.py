"""A sheet is entered with a scanner in a real browser: every scan stands in the field and is answered."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from biobank import audits, clock
from biobank.tables import Result
from tests.audits.auditing import begun, results
from tests.pages.conftest import Tab
from tests.world import MANAGER, World

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def world(sqlite_world: World) -> World:
    return sqlite_world


def test_lines_are_scanned_into_the_field_wherever_the_focus_is(world: World, tab: Tab) -> None:
    box, *_ = world.boxes()
    tubes = world.tubes(4)
    world.put(box, tubes)
    audit = begun(world)
    (told,) = world.ask(lambda s, a: list(audits.paper_of(s, a, audit, [box])[1]), MANAGER)
    first, second, fourth = (
        audits.line_code(told.position, line.number) for line in told.lines if line.slot in {"A1", "A2", "A4"}
    )
    tab.sign_in(MANAGER)
    tab.open(f"/audits/{audit}/paper")
    tab.scan(box)
    tab.page.wait_for_url(f"**/audits/{audit}/paper?box={box}")
    entries, said = tab.page.locator("#entries"), tab.page.locator("#entered")
    tab.scan(first)
    expect(said).to_contain_text("as it should be: 1")
    tab.page.locator("#occurred").focus()
    tab.scan(second)
    tab.scan(tubes[2])
    expect(entries).to_have_value(f"{first}\n{second}\n{tubes[2]}\n")
    expect(said).to_contain_text("otherwise: 1")
    entries.focus()
    tab.page.keyboard.press("Control+End")
    tab.page.keyboard.insert_text("A3 ?")
    expect(said).to_contain_text("otherwise: 2")
    tab.scan(fourth)
    expect(entries).to_have_value(f"{first}\n{second}\n{tubes[2]}\nA3 ?\n{fourth}\n")
    expect(said).to_contain_text("as it should be: 2")
    minute = clock.now().astimezone(ZoneInfo("Asia/Shanghai")) + timedelta(minutes=1)
    tab.page.locator("#occurred").fill(minute.strftime("%Y-%m-%dT%H:%M"))
    tab.page.get_by_label("The rest was not there").check()
    tab.page.get_by_role("button", name="Enter this sheet").click()
    expect(tab.page.get_by_role("status")).to_contain_text("found 2, missing 1, otherwise 2.")
    found = results(world, audit)
    assert [found[tube] for tube in tubes] == [Result.FOUND, Result.MISSING, Result.WRONG_SLOT, Result.FOUND]
    assert tab.complaints == []
    assert world.unproved() == []
