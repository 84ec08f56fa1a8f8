"""Two studies at one site: who was granted one of them meets nothing of the other on any page."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlmodel import Session

from biobank import accounts, clock, inputs, participants, people, web
from biobank.codes import grouped
from biobank.people import Actor
from tests import collected
from tests.api.program import rows
from tests.journeys.lbpb import ICBT, LBPB
from tests.pages.conftest import Tab
from tests.world import MANAGER, World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHARED = "P-001"
"""A pseudonym that both studies gave."""

ENROLMENT = {
    "site": "BJ",
    "enrolled_on": "2026-05-04",
    "consent": {"version": "1.0", "scopes": ["storage", "genetics", "microbiome"]},
}


def adopt(session: Session, actor: Actor, text: bytes) -> None:
    participants.adopt(session, actor, text)


class TwoStudies:
    """LBPB with a baseline that was collected and partly stored, ICBT-FUSION with two participants."""

    def __init__(self, world: World) -> None:
        self.world = world
        for text in (LBPB, ICBT):
            world.act(partial(adopt, text=text), person=MANAGER)
        blood = {"study": "LBPB", "arm": "surgical"}
        visits = [*self.enrol("L-001", **blood), *self.enrol(SHARED, **blood)]
        self.talks = [*self.enrol("I-001", study="ICBT-FUSION"), *self.enrol(SHARED, study="ICBT-FUSION")]
        self.visit = visits[1]
        kit, self.spare = (collected.kits(world, "BL", study="LBPB")[0] for _ in range(2))
        tubes = collected.begin(world, self.visit, kit.code)
        collected.all_present(world, self.visit)
        self.tube = kit.labels[1].code
        self.box = world.boxes()[0]
        world.put(self.box, [self.tube])
        labels = [face.code for face in (*kit.labels, *self.spare.labels)]
        self.codes = [kit.code, self.spare.code, *labels, *visits, *tubes]
        self.secrets = [*self.codes, "LBPB", "L-001", "Low Back Pain", "discectomy"]

    def enrol(self, pseudonym: str, **told: Any) -> list[str]:
        """Enrol a participant; the codes of the visits."""
        order = inputs.read(participants.Enrolment, {**ENROLMENT, **told, "pseudonym": pseudonym})
        made = self.world.act(lambda s, a: participants.card(s, participants.enroll(s, a, order)))
        return [visit.code for visit in made.visits]

    def join(self, name: str, study: str) -> str:
        """Add a technician of one study; what signs them in."""
        told = {"name": name, "role": "technician", "site": "BJ", "study": study}
        order, link, secret = inputs.read(accounts.PersonOrder, told), clock.new_secret(), clock.new_secret()
        self.world.act(lambda s, a: accounts.add_person(s, a, order, link), person=MANAGER)
        kept = people.hash_password("five words that make one")
        self.world.database.write(lambda s: accounts.choose_password(s, link, kept, secret))
        return secret

    def told_of(self, text: str) -> list[str]:
        """What of LBPB stands in a text, our codes in groups of four too."""
        return [each for each in self.secrets if each in text or each in text.replace(" ", "")]


PAGES = [
    "/",
    "/studies",
    *(f"/schedule?of={of}" for of in ("due", "overdue", "upcoming", "out_of_window", "missed")),
    "/schedule?participant=P-001",
    "/schedule/month?month=2026-05",
    "/schedule/month?month=2026-05&participant=P-001",
    "/studies/ICBT-FUSION",
    "/studies/ICBT-FUSION/participants/P-001",
    "/studies/ICBT-FUSION/progress",
    "/studies/ICBT-FUSION/protocol",
    "/studies/ICBT-FUSION/kits",
    "/studies/ICBT-FUSION/specimens",
    "/studies/ICBT-FUSION/schedule?of=overdue",
    "/storage",
    "/bench",
]


@pytest.fixture
def two(tab: Tab) -> Iterator[TwoStudies]:
    """Both studies; at the tab sits a technician who was granted ICBT-FUSION alone."""
    studies = TwoStudies(tab.site.world)
    secret = studies.join("talker", "ICBT-FUSION")
    tab.page.context.add_cookies([{"name": web.COOKIE, "value": f'"{secret}"', "url": tab.site.url}])
    yield studies
    assert tab.site.world.unproved() == []


def html(tab: Tab, path: str) -> str:
    """A page as it came, all of it; it is one that there is."""
    tab.open(path)
    expect(tab.page.locator("main")).to_be_visible()
    return tab.page.content()


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_no_page_tells_anything_of_a_study_that_was_not_granted(tab: Tab, two: TwoStudies) -> None:
    pages = [*PAGES, f"/containers/{two.box}", f"/bench?mode=store&box={two.box}", f"/visits/{two.talks[0]}"]
    told = {path: two.told_of(html(tab, path)) for path in pages}
    assert {path: found for path, found in told.items() if found} == {}
    assert tab.complaints == []
    tab.open("/schedule?of=overdue")
    expect(tab.page.locator("main tbody tr").first).to_contain_text("ICBT-FUSION")
    tab.sign_in(MANAGER)  # the control: who was granted both is told of LBPB on most of them
    assert sum(bool(two.told_of(html(tab, path))) for path in pages) >= 10


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_no_code_of_a_study_that_was_not_granted_leads_anywhere(tab: Tab, two: TwoStudies) -> None:
    places = ["/studies/LBPB", "/studies/LBPB/participants/L-001", "/studies/LBPB/participants/P-001"]
    places += [
        f"/studies/LBPB/{each}"
        for each in ("progress", "protocol", "schedule", "schedule/month", "kits", "specimens")
    ]
    places += [f"/specimens/{two.tube}", f"/visits/{two.visit}", f"/kits/{two.spare.code}"]
    places += [
        f"/find?code={code}" for code in (two.tube, two.visit, two.spare.code, "L-001", *two.codes[:3])
    ]
    for path in places:
        answer = tab.page.goto(tab.site.url + path)
        assert answer is not None
        assert answer.status == 404, path
        asked = {each for each in two.secrets if each in path}
        assert set(two.told_of(tab.page.inner_text("main"))) <= asked, path
    tab.open(f"/find?code={SHARED}")  # which both gave, and which is no riddle here
    expect(tab.page).to_have_url(f"{tab.site.url}/studies/ICBT-FUSION/participants/{SHARED}")


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_at_the_bench_a_tube_of_a_study_that_was_not_granted_is_on_nothing(tab: Tab, two: TwoStudies) -> None:
    before = rows(tab.site.world)
    tab.open(f"/bench?mode=store&box={two.box}")
    result = tab.page.locator("[data-result] > .scan-result")
    for code in (two.tube, two.visit, two.spare.code, two.spare.labels[0].code):
        tab.scan(code)
        expect(result.locator(".headline")).to_contain_text(grouped(code))
        expect(result).to_have_attribute("data-outcome", "notice")
        assert set(two.told_of(result.inner_text())) == {code}
    # Each is kept as a code that nobody knows, and nothing else was written.
    kept = {"command": before["command"] + 4, "task": before["task"] + 4}
    assert rows(tab.site.world) == before | kept
