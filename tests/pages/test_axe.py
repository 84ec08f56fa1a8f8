"""Axe finds nothing serious on any page of storage and of the bench, in either theme."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from biobank.pages.build_assets import MODULES
from tests.pages.conftest import Site, Tab
from tests.pages.every_page import furnished
from tests.world import MANAGER

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_RUN = """async () => (await axe.run({ resultTypes: ["violations"] })).violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map((each) => [each.id, ...each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))].join(" | "))"""


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, site: Site, browser: Browser) -> Iterator[Tab]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    tab = Tab(site, context.new_page())
    tab.sign_in(MANAGER, theme=request.param)
    yield tab
    context.close()


def test_axe_finds_nothing_serious_on_any_page(themed: Tab) -> None:
    source = (MODULES / "axe-core/axe.min.js").read_text(encoding="utf-8")
    found: list[str] = []
    for name, path in furnished(themed.site.world).items():
        themed.open(path)
        themed.page.evaluate(source)
        found += [f"{name}: {each}" for each in themed.page.evaluate(_RUN)]
    assert not found, "\n".join(found)
