"""A person at the pages: forms, dialogs and scans, found by what they do and not by their words."""

import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Locator, expect

from biobank import clock, texts
from tests.pages.conftest import Tab

_ANSWERED = "scan-bench:is([data-state=idle], [data-state=stop])"
_AWAY = 60_000  # ms until a page must have come: other work may run beside the tests


def it_is(told: str) -> None:
    """Let it be this time in Beijing; the clock runs on from there."""
    then, since = datetime.fromisoformat(f"{told}+08:00"), time.monotonic()
    clock.set_clock(lambda: (then + timedelta(seconds=time.monotonic() - since)).astimezone(UTC))


class Desk:
    """A tab of one person after another, who all read the same language."""

    def __init__(self, tab: Tab, language: str) -> None:
        self.tab = tab
        self.page = tab.page
        self.world = tab.site.world
        self.language = language

    # --- pages ---

    def sit(self, person: str) -> None:
        """Another person sits down."""
        self.tab.sign_in(person, language=self.language)

    def open(self, path: str) -> None:
        """Open a page, which says the language it is in."""
        self.tab.open(path)
        expect(self.page.locator("html")).to_have_attribute("lang", self.language.replace("_", "-"))

    def say(self, message: str, **facts: object) -> str:
        """A text of ours in the language of the desk, as far as the catalogue has it."""
        return texts.in_language(self.language, message, facts)

    def count(self, one: str, many: str, number: int) -> str:
        """A text of ours that counts, in the language of the desk."""
        return texts.catalogue(self.language).ngettext(one, many, number) % {"num": number}

    def row(self, text: str, *more: str) -> Locator:
        """The rows of a table in which something says just this text, and somewhere these ones."""
        rows = self.page.locator("main tbody tr").filter(has=self.page.get_by_text(text, exact=True))
        for each in more:
            rows = rows.filter(has_text=each)
        return rows

    # --- forms ---

    def fill(self, form: Locator, told: Mapping[str, str]) -> None:
        """Fill fields by their names."""
        for name, value in told.items():
            field = form.locator(f'[name="{name}"]').first
            match field.evaluate("field => field.type"):
                case "radio" | "checkbox":
                    form.locator(f'label:has([name="{name}"][value="{value}"])').click()
                case "select-one":
                    field.select_option(value)
                case _:
                    field.fill(value)

    def send(self, form: Locator, told: Mapping[str, str] = {}, button: str = "[type=submit]") -> None:
        """Fill a form and send it; a page comes."""
        self.fill(form, told)
        with self.page.expect_navigation(timeout=_AWAY):
            form.locator(button).last.click()

    def refused(self, form: Locator, words: str) -> None:
        """Send a form that is refused, in these words, beside its button."""
        form.locator("[type=submit]").last.click()
        expect(form.locator(".said")).to_contain_text(words)

    def choose(self, form: Locator, codes: Iterable[str]) -> None:
        """Tick these tubes of a dialog and no others."""
        wanted = set(codes)
        for box in form.locator(".choose input").all():
            box.set_checked(box.get_attribute("value") in wanted)

    def sheet(self, name: str) -> Locator:
        """Open a small window by its button; the form in it."""
        self.page.locator(f'[popovertarget="{name}"]').first.click()
        form = self.page.locator(f"#{name} form")
        expect(form).to_be_visible()
        return form

    def dialog(self, act: str, tube: str = "") -> Locator:
        """Open the dialog of an act, of the visit or of one of its tubes; the form in it."""
        asked = f"{act}?tube={tube}" if tube else act
        self.page.locator(f'[hx-get$="/acts/{asked}"]').click()
        form = self.page.locator("dialog#act form")
        expect(form).to_be_visible()
        return form

    # --- scans ---

    def scan(self, *codes: str) -> None:
        """Scan one after another; the last one is answered."""
        for code in codes:
            self.tab.scan(code)
        self.page.locator(_ANSWERED).wait_for(timeout=_AWAY)

    def outcome(self, wanted: str, headline: str = "") -> None:
        """What the last scan came to."""
        result = self.page.locator("[data-result] > .scan-result")
        expect(result).to_have_attribute("data-outcome", re.compile(f"({wanted})"))
        if headline:
            expect(result.locator(".headline")).to_have_text(headline)

    def stopped(self, words: str) -> None:
        """The last scan was stopped, in these words and in the other language; acknowledge it."""
        stop = self.page.get_by_role("alertdialog")
        expect(stop).to_contain_text(words)
        expect(stop.locator("[lang]")).to_have_count(1)
        stop.locator("[data-acknowledge]").click()
        expect(stop).to_be_hidden()
