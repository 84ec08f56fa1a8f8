"""Every page can be read, reached and used, in both themes and languages: axe, 200 % zoom, the keyboard."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from biobank import texts
from tests.pages.conftest import Site, Tab
from tests.pages.every_page import BENCH, REFUSED, at_the_bench, furnished
from tests.pages.looking import AXE, crowded, helpless, serious, unfocused
from tests.templates import Furnishing
from tests.world import MANAGER

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PARTS = 4
"""Into so many tests of equal length the pages are dealt, for as many workers."""


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return furnished


@pytest.fixture
def opened(site: Site, browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Open a tab in the browser of a manager."""
    contexts = []

    def open_tab(**cookies: str) -> Tab:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB"))
        contexts[-1].add_init_script(path=AXE)
        tab = Tab(site, contexts[-1].new_page())
        tab.sign_in(MANAGER, **cookies)
        return tab

    yield open_tab
    for context in contexts:
        context.close()


def faults(tab: Tab, pages: dict[str, str], *asked: Callable[[Page], list[str]]) -> list[str]:
    found = []
    for name, path in pages.items():
        tab.open(path)
        # An answer of another page, such as the one to sign in, would look fine.
        assert urlsplit(tab.page.url).path == urlsplit(path).path
        found += [f"{name}: {each}" for question in asked for each in question(tab.page)]
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_readable_in_both_themes_and_languages_at_200_percent_and_by_keyboard(
    opened: Callable[..., Tab], told: dict[str, str], part: int
) -> None:
    pages = list((told | REFUSED).items())[part::PARTS]
    light, dark = opened(theme="light", language="en"), opened(theme="dark", language="zh_Hans")
    # Zoom and keyboard are asked of half the pages in each look; `-m prove` asks all of it in all four.
    for one, other, some in ((light, dark, pages[::2]), (dark, light, pages[1::2])):
        assert faults(one, dict(some), serious, crowded, unfocused) == []
        assert faults(other, dict(some), serious) == []


@pytest.mark.prove
@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_readable_in_each_theme_and_language(
    opened: Callable[..., Tab], told: dict[str, str], theme: str, language: str
) -> None:
    assert faults(opened(theme=theme, language=language), told | REFUSED, serious, crowded, unfocused) == []


def test_the_pages_of_a_bench_are_readable_and_usable_where_nobody_is_signed_in(
    site: Site, opened: Callable[..., Tab]
) -> None:
    pages = at_the_bench(site.world)
    for theme, language in (("light", "en"), ("dark", "zh_Hans")):
        tab = opened(theme=theme, language=language, **BENCH)
        assert faults(tab, pages, serious, crowded, unfocused) == []


@pytest.mark.parametrize(
    "page", ["home", "bench", "tube", "visit half collected", "an evacuation", "nothing found"]
)
def test_a_question_mark_brings_help(opened: Callable[..., Tab], told: dict[str, str], page: str) -> None:
    assert faults(opened(), {page: (told | REFUSED)[page]}, helpless) == []


@pytest.mark.parametrize(
    ("page", "kept"), [("box", ".box-map"), ("freezer", ".front-map"), ("tube", ".facts"), ("out", ".table")]
)
def test_paper_bears_what_a_page_shows_and_nothing_that_is_pressed(
    opened: Callable[..., Tab], told: dict[str, str], page: str, kept: str
) -> None:
    tab = opened(theme="dark")
    tab.page.emulate_media(media="print")
    tab.open(told[page])
    assert tab.page.locator(kept).first.is_visible()
    for pressed in (".top-bar", ".btn", ".filters"):
        assert tab.page.locator(pressed).filter(visible=True).count() == 0


# --- each question finds its fault ---

WRONG = """<style>* { margin: 0 } .mute:focus { outline: none; box-shadow: none }
.btn { display: block; width: 90px; overflow: hidden; white-space: nowrap }</style>
<p style="height: 20px">Above</p><p style="margin-top: -10px">Below</p>
<div style="width: 900px">Wide</div><a class="btn" href="/">More than there is room for</a>
<button class="mute" tabindex="3" style="border: 0">Mute</button><input name="nameless">"""


def test_each_question_finds_what_it_asks_for(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(WRONG)
    assert any(each.startswith("label") for each in serious(page))
    assert {each.partition(":")[0] for each in crowded(page)} >= {"overlap", "runs out of its frame"}
    assert any("scrolls sideways to 900" in each for each in crowded(page))
    assert {each.partition(":")[0] for each in unfocused(page)} == {"shows no focus", "out of order"}
    page.close()
