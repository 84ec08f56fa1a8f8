"""A site and a tab for whole journeys, on whichever database the journey is made on."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from biobank import clock
from tests.pages.conftest import Site, Tab
from tests.world import World


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    """The application on a port; the clock is the real one again afterwards."""
    started = Site(world)
    started.start()
    yield started
    started.stop()
    clock.set_clock()


@pytest.fixture
def tab(site: Site, browser: Browser) -> Iterator[Tab]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce"
    )
    yield Tab(site, context.new_page())
    context.close()
