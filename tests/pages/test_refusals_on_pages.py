"""A refusal on a page: it names each field as its form does, marks it, and leads back to where one was."""

import pytest
from litestar.testing import TestClient
from playwright.sync_api import Browser, expect

from biobank import texts
from biobank.pages.fields import named
from tests.pages.conftest import Site, Tab
from tests.pages.provoking import SEND
from tests.pages.visitor import Visitor, visit
from tests.quick import app_of
from tests.test_tasks import auditor
from tests.world import MANAGER, TECHNICIAN, World

FORM = "/studies/DEMO/participants"
TOLD = {
    "pseudonym": "D-300",
    "version": "1" * 300,
    **{
        f"answer.{scope}": "yes"
        for scope in ("storage", "genetics", "microbiome", "foreign_release", "recontact")
    },
}
LATE = {"enrolled_on": "2199-01-01"}
IN_FUTURE = "This time is in the future. Check the date."


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_each_fault_bears_the_words_of_its_field_and_the_field_bears_the_fault(
    site: Site, browser: Browser, language: str
) -> None:
    context = browser.new_context(locale="en-GB")
    tab = Tab(site, context.new_page())
    tab.sign_in(MANAGER, language=language)
    tab.open("/studies/DEMO")
    tab.page.evaluate(SEND, [FORM, TOLD | LATE])
    form = tab.page.locator(f"form[action='{FORM}']")
    for field, label in (("enrolled_on", "Enrolled on"), ("consent.version", "Consent version")):
        words = texts.in_language(language, label, {})
        expect(form.locator(f".refusal [data-of='{field}'] b")).to_have_text(words)
        expect(form.get_by_label(words)).to_have_attribute("aria-invalid", "true")
    enrolled = form.locator("#enrolled_on")
    expect(enrolled).to_be_focused()
    expect(enrolled).to_have_accessible_description(
        f"{texts.in_language(language, 'Enrolled on', {})} · {texts.in_language(language, IN_FUTURE, {})}"
    )
    tab.page.evaluate(SEND, [FORM, {"enrolled_on": "2026-01-01"}])
    expect(form.locator(".refusal [data-of='enrolled_on']")).to_have_count(0)
    expect(enrolled).not_to_have_attribute("aria-invalid", "true")
    expect(form.locator("#version")).to_be_focused()
    context.close()


def test_a_page_without_a_script_names_fields_in_words_too(sqlite_world: World) -> None:
    told = visit(sqlite_world, MANAGER).post(FORM, TOLD | LATE).text
    assert "<b>Enrolled on</b> · This time is in the future." in told
    assert "<b>Consent version</b> · This is too long" in told
    assert "consent.version</" not in told


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("enrolled_on", "Enrolled on"),
        ("specimens.3.code", "row 4 · Code"),
        ("attributes.blood_group", "blood group"),
        ("tubes.0", "row 1 · Tubes"),
    ],
)
def test_a_field_without_its_form_is_named_readably(field: str, words: str) -> None:
    assert named(field) == words


@pytest.mark.parametrize(
    ("came_from", "back"),
    [
        ("http://testserver.local/studies/DEMO?a=1", "/studies/DEMO?a=1"),
        ("http://elsewhere.example/studies/DEMO", ""),
        ("http://testserver.local//elsewhere.example/", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_a_refusal_leads_back_to_where_one_was_on_this_site(
    sqlite_world: World, came_from: str, back: str
) -> None:
    told = visit(sqlite_world, MANAGER).post(FORM, TOLD | LATE, referer=came_from).text
    assert (f'href="{back}">Back to where you were' in told) is bool(back)
    assert ("Back to where you were" in told) is bool(back)


def test_a_refusal_offers_the_bench_to_whoever_may_work_there(sqlite_world: World) -> None:
    reader = Visitor(TestClient(app_of(sqlite_world)), auditor(sqlite_world))
    for visitor, person, offered in ((visit(sqlite_world), TECHNICIAN, True), (reader, "auditor", False)):
        told = visitor.get("/specimens/S0000000000").text
        assert told.count(">Bench</a>") == (2 if offered else 0)
        assert f">{person}</a>" in told
