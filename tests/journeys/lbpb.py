"""One participant of LBPB and their visits, as the pages show them to who sits at the desk."""

from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Locator, expect

from biobank import texts
from biobank.amounts import MATERIALS
from biobank.codes import grouped
from biobank.labels.cards import Card
from biobank.pages.words import WORDS
from biobank.specimens import WorkRow
from tests import collected
from tests.journeys.desk import Desk

PROTOCOLS = Path(__file__).parents[2] / "protocols"
LBPB = (PROTOCOLS / "lbpb.toml").read_bytes()
ICBT = (PROTOCOLS / "icbt-fusion.toml").read_bytes()
NEWER = LBPB.replace(
    b"[needs]",
    b"""[[consents]]
version = "1.1"
approved = 2025-11-05
scopes = ["storage", "genetics", "microbiome", "foreign_release", "recontact"]

[needs]""",
    1,
)
"""The protocol with a second version of the consent, that asks the same."""

WHO = "L-001"
STUDY = "/studies/LBPB"
PERSON = f"{STUDY}/participants/{WHO}"
OCCASIONS = {1: "1. discectomy", 2: "2. nerve block"}


class Journey(Desk):
    """The desk at which this participant is seen."""

    # --- the participant ---

    def visit(self, event: str, occasion: int = 0) -> str:
        """The code of a visit, read off the participant's page."""
        self.open(PERSON)
        link = self.at(event, occasion).locator('a[href^="/visits/"]')
        return (link.get_attribute("href") or "").rsplit("/", 1)[-1]

    def at(self, event: str, occasion: int = 0) -> Locator:
        """The row of a visit on the participant's page."""
        return self.row(event, *([OCCASIONS[occasion]] if occasion else []))

    def days(self, event: str, occasion: int, *days: str) -> None:
        """The page of the participant shows the day and the window of a visit, or that none is known."""
        shown = self.at(event, occasion).locator(".when")
        expect(shown).to_have_text(list(days) or ["–"])

    def state(self, event: str, state: str, occasion: int = 0) -> None:
        """The page of the participant says where a visit stands."""
        badge = self.at(event, occasion).locator(".badge").first
        expect(badge).to_have_text(self.say(WORDS[state]))

    # --- lists ---

    def listed(self, of: str, *events: str) -> None:
        """A list of the schedule has these visits of the participant, in this order, and says how many."""
        self.open(f"{STUDY}/schedule?of={of}&participant={WHO}")
        expect(self.page.locator(f"nav .count[data-of={of}]")).to_have_text(str(len(events)))
        expect(self.page.locator('main tbody tr a[href^="/visits/"]')).to_have_text(list(events))

    def calendar(self, month: str, expected: Mapping[str, str]) -> None:
        """The calendar of a month has these visits on these days and no others."""
        self.open(f"{STUDY}/schedule/month?month={month}&participant={WHO}")
        calls = self.page.locator("table.month .call")
        expect(calls).to_have_count(len(expected))
        for day, event in expected.items():
            cell = self.page.locator("td", has=self.page.locator(f'time[datetime="{month}-{day}"]'))
            expect(cell.locator(".call")).to_contain_text(f"{WHO} {event}")

    # --- tubes ---

    def tubes(self, visit: str, material: str, kind: str = "aliquot") -> list[WorkRow]:
        """The tubes of a visit, as their labels say."""
        rows = collected.bench(self.world, visit).rows
        return [row for row in rows if (row.material, row.kind) == (material, kind)]

    def codes(self, visit: str, material: str, kind: str = "aliquot") -> list[str]:
        """The codes on their labels, in order."""
        return [row.code for row in self.tubes(visit, material, kind)]

    def named(self, material: str) -> str:
        """What a material is called."""
        return texts.in_language(self.language, MATERIALS[material].name, {})

    def tube(self, code: str) -> Locator:
        """The row of a tube on the page of its visit."""
        return self.page.locator(f"tr#{code}")

    def there(self, active: int, ended: int = 0) -> None:
        """So many tubes of the visit are there, and so many ended."""
        expect(self.page.locator("tr[data-life=active]")).to_have_count(active)
        expect(self.page.locator("tr[data-life=ended]")).to_have_count(ended)

    def finish(self, there: int, not_collected: int, used_up: int) -> None:
        """Scan DONE; the summary says what there is, what is not, and what was used up."""
        self.scan(Card.DONE.value)
        self.outcome("done", self.say("Finished"))
        parts = [self.count("%(num)s tube is there", "%(num)s tubes are there", there)]
        parts += [self.say("%(count)s not collected", count=not_collected)] if not_collected else []
        parts += [self.say("%(count)s used up", count=used_up)]
        expect(self.page.locator("[data-result] .detail").first).to_have_text(" · ".join(parts))

    def put_away(self, tubes: list[str]) -> None:
        """Follow the page of the visit to the suggested box, and scan the tubes into it."""
        with self.page.expect_navigation():
            self.page.locator('[data-part=progress] a[href^="/bench"]').first.click()
        for code in tubes:
            self.scan(code)
            self.outcome("ok")
        expect(self.page.locator("[data-result] .detail").first).to_contain_text(grouped(tubes[-1]))
        self.scan(Card.DONE.value)  # not waited for: leaving at once must not close the next box
