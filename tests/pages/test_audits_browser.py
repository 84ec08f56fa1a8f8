"""Planning and settling an audit in a real browser: numbers follow the fields, and one tap corrects."""

import pytest
from playwright.sync_api import expect

from tests.pages import audited
from tests.pages.audited import Audited
from tests.pages.conftest import Tab
from tests.pages.visitor import where
from tests.templates import Furnishing
from tests.world import MANAGER, World


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return audited.furnished


def test_an_audit_is_planned_while_it_is_told_what_that_shows_and_findings_are_settled(
    sqlite_world: World, tab: Tab, told: Audited
) -> None:
    page = tab.page
    tab.sign_in(MANAGER)
    tab.open("/audits/plan")
    shows = page.locator("#shows")
    expect(page.locator("#limit")).to_be_hidden()
    page.fill("#container", told.freezer)
    page.get_by_text("A sample that shows a bound").click()
    expect(shows).to_contain_text("6 of 6 tubes: no error among them")
    page.fill("#limit", "20")
    page.locator("#confidence").focus()
    expect(shows).to_contain_text("5 of 6 tubes: no error among them shows that fewer than 20 %")
    page.get_by_text("Draw those at risk more often").click()
    expect(shows).to_contain_text("says nothing of the rest")
    page.fill("#name", "A sample")
    page.get_by_role("button", name="Plan it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A sample")

    tab.open(f"/audits/{told.audit}/findings")
    page.get_by_role("button", name="Correct all 2 now").click()
    expect(page.get_by_role("button", name="Correct all 2 now")).to_have_count(0)
    assert where(sqlite_world, told.tubes[1]) == ("Box 1", "A3")
    page.locator("tr", has_text="Unknown code").get_by_role("checkbox").check()
    page.locator(".decide").get_by_text("Explained", exact=True).click()
    page.get_by_role("button", name="Decide").click()
    expect(page.locator(".decide .refusal")).to_contain_text("Say why, in a few words.")
    page.fill("#reason", "A label of last year")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator("tr", has_text="A label of last year")).to_be_visible()

    tab.open(f"/audits/{told.audit}")
    tab.scan(told.boxes[2])
    page.wait_for_url(f"**/audits/{told.audit}/boxes/{told.boxes[2]}**")
    assert [each for each in tab.complaints if "422" not in each] == []
    assert sqlite_world.unproved() == []
