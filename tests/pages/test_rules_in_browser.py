"""Each rule that can never be broken, as a person runs into it: what the page says, in both languages."""

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import func, select

from biobank import texts
from biobank.tables import CustodyEvent
from tests.pages.conftest import Site, Tab
from tests.pages.provoking import EVERY, NEVER_SEEN, Provocation, Stage
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RULES = set(range(1, 13))


def test_each_rule_is_run_into_or_nobody_can() -> None:
    assert {each.rule for each in EVERY} | NEVER_SEEN.keys() == RULES


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_page_refuses_each_rule_in_the_readers_language(
    site: Site, browser: Browser, language: str
) -> None:
    stage = Stage(site.world)
    before = _events(site.world)
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    tab = Tab(site, context.new_page())
    for each in EVERY:
        tab.sign_in(each.person, language=language)
        each.provoke(tab, stage)
        _is_told(tab, each, stage, language)
        assert _events(site.world) == before, each
    context.close()
    assert site.world.unproved() == []


def _is_told(tab: Tab, each: Provocation, stage: Stage, language: str) -> None:
    """In the reader's language, and in the other one on what stops a scan; whatever it names is named."""
    facts = each.facts(stage)
    refusal = tab.page.locator("[data-stop][open], .refusal, [data-result] > .scan-result").first
    for read in texts.LANGUAGES if each.scan else (language,):
        expect(refusal).to_contain_text(_pattern(read, each.message, facts))


def _pattern(language: str, message: str, facts: Mapping[str, object]) -> re.Pattern[str]:
    """A refusal in a language; what is not known beforehand, such as a list of examples, may be anything."""
    open_ended = {**dict.fromkeys(re.findall(r"%\((\w+)\)s", message), "…"), **facts}
    said = texts.in_language(language, message, open_ended)
    return re.compile(re.escape(said).replace("…", ".+"))


def _events(world: World) -> int:
    return world.database.read(
        lambda session: session.exec(select(func.count()).select_from(CustodyEvent)).one()
    )
