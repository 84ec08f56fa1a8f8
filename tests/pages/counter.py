"""A person with a scanner who counts a box as it really stands, in a browser."""

from collections.abc import Mapping
from uuid import UUID

from playwright.sync_api import Locator, expect

from biobank.labels.cards import Card
from tests.pages.conftest import Tab

UNREADABLE = "?"
"""What is scanned in a slot whose code cannot be read."""


class Counter:
    """A tab on the page of a count. `scans` are those so far, `taps` the slots that were touched."""

    def __init__(self, tab: Tab, audit: UUID) -> None:
        self.tab = tab
        self.audit = audit
        self.scans = 0
        self.taps = 0
        self.last = ""
        self.bench = tab.page.locator("scan-bench")

    @property
    def result(self) -> Locator:
        """What came of the last scan."""
        return self.tab.page.locator("[data-result] > .scan-result")

    @property
    def at(self) -> str:
        """The slot of the cursor; with a `?` behind it while something is asked."""
        told = (self.bench.get_attribute("data-at") or "").replace("~", "")
        return told[: told.index("?") + 1] if "?" in told else told

    def scan(self, code: str) -> None:
        """One scan, until its outcome is shown."""
        self.scans += 1
        self.last = code
        with self.tab.page.expect_response(lambda answer: answer.url.endswith("/count/scans")):
            self.tab.scan(code)
        expect(self.bench).to_have_attribute("data-state", "idle")

    def tap(self, slot: str) -> None:
        """Touch a slot on the map: the next scan is of it."""
        self.taps += 1
        self.tab.page.locator(f'a.cell[href$="slot={slot}"]').click()
        expect(self.bench).to_have_attribute("data-at", slot)

    def open(self, box: str) -> None:
        """Scan a box on the page of any other."""
        self.scan(box)
        expect(self.bench).to_have_attribute("data-box", box)

    def count(self, box: str, really: Mapping[str, str], slots: list[str]) -> None:
        """Scan a box, what stands in it, slot by slot in the order in which they are filled, and DONE.

        `really` has the text that is read in each slot where something stands. Where the cursor awaits a tube
        and none is there, EMPTY HERE is scanned; where one stands that is not awaited, its slot is touched.
        """
        self.open(box)
        for slot in slots:
            if slot in really:
                self._here(slot, really[slot])
            elif self.at == slot and self.tab.page.locator(".map-found .code").count():
                # Two cards say the same, and in turn neither is heard as one scan twice.
                self.scan(Card.MISSING if self.last == Card.EMPTY_HERE else Card.EMPTY_HERE)
        self.scan(Card.DONE)
        expect(self.bench).to_have_attribute("data-box", "")

    def _here(self, slot: str, text: str) -> None:
        if self.at != slot:
            self.tap(slot)
        self.scan(Card.UNREADABLE if text == UNREADABLE else text)
        if self.at == f"{slot}?":
            self.scan(Card.ACKNOWLEDGE)
