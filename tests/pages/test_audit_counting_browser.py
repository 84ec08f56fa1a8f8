"""The count of a box in a real browser: scans as a scanner sends them, two people, no network, a crash."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import pytest
from playwright.sync_api import expect
from sqlmodel import Session, col, select

from biobank.labels.cards import Card
from biobank.people import Actor
from biobank.tables import AuditScan, Result, Specimen
from tests.audits.auditing import begun, results
from tests.pages.conftest import Tab
from tests.pages.counter import UNREADABLE, Counter
from tests.pages.test_counts import NO_POINTER
from tests.templates import Furnishing
from tests.world import MANAGER, World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = 120_000  # ms; a machine may be busy
SLOTS = [f"{row}{column}" for row in "ABCDEFGHI" for column in range(1, 10)]


class Store(NamedTuple):
    """An audit that has begun, its boxes, the tubes of the first, which is full, and of the second."""

    audit: UUID
    boxes: list[str]
    full: list[str]
    few: list[str]


def stored(world: World) -> Store:
    boxes, tubes = world.boxes(), world.tubes(88)
    world.put(boxes[0], tubes[:81])
    world.put(boxes[1], tubes[81:87])
    return Store(begun(world), boxes, tubes[:81], tubes[81:])


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return stored


def scanned(world: World) -> list[str]:
    """The tubes that were scanned, in their order."""

    def asked(session: Session, _: Actor) -> Sequence[str]:
        found = select(Specimen.code).join(AuditScan, col(AuditScan.specimen_id) == col(Specimen.id))
        return session.exec(found.order_by(col(AuditScan.id))).all()

    return list(world.ask(asked, MANAGER))


def counter(tab: Tab, told: Store, box: str) -> Counter:
    tab.sign_in()
    tab.open(f"/audits/{told.audit}/boxes/{box}")
    return Counter(tab, told.audit)


def test_a_box_of_81_tubes_is_82_scans_and_one_card(tab: Tab, told: Store) -> None:
    world = tab.site.world
    tab.page.context.add_init_script(NO_POINTER)
    tab.sign_in()
    tab.open(f"/audits/{told.audit}")
    tab.scan(told.boxes[0])
    expect(tab.page).to_have_url(re.compile(f"/boxes/{told.boxes[0]}"))
    hand = Counter(tab, told.audit)
    for tube in told.full:
        tab.scan(tube)
    result = hand.result
    expect(result.locator(".headline")).to_have_text("I9 · Box 1", timeout=LONG)
    expect(result).to_have_attribute("data-outcome", "done")
    tab.scan(Card.DONE)
    expect(result.locator(".headline")).to_have_text("Box 1 is counted")
    expect(result.locator(".detail")).to_have_text("Found 81")
    expect(result.locator(".next")).to_contain_text("Box 2. Scan it.")
    assert scanned(world) == told.full
    assert tab.page.locator("html").get_attribute("data-pointed") is None
    assert tab.complaints == []
    assert world.unproved() == []


def test_a_box_is_counted_as_it_really_stands_and_words_filter_its_list(tab: Tab, told: Store) -> None:
    world, few = tab.site.world, told.few
    hand = counter(tab, told, told.boxes[1])
    really = {"A1": few[1], "A2": few[0], "A4": few[3], "A5": UNREADABLE, "A6": "NOBODYS", "C3": told.full[0]}
    hand.count(told.boxes[1], really, SLOTS)
    page = tab.page
    rows = page.locator("[data-part=rows] > li")
    expect(rows).to_have_count(7)
    expect(rows.first).to_contain_text("C3")
    expect(page.locator("[data-part=of-wrong]")).to_have_text("3")
    page.get_by_label("Wrong place").check(force=True)
    expect(rows.filter(visible=True)).to_have_count(3)
    assert hand.taps == 1
    ended = results(world, told.audit)
    assert [ended[tube] for tube in few[:6]] == [
        Result.WRONG_SLOT,
        Result.WRONG_SLOT,
        Result.MISSING,
        Result.FOUND,
        Result.UNREADABLE,
        Result.UNKNOWN,
    ]
    assert ended[told.full[0]] is Result.WRONG_CONTAINER
    assert tab.complaints == []
    assert world.unproved() == []


def test_without_the_network_nothing_is_lost_and_a_crash_loses_nothing_either(tab: Tab, told: Store) -> None:
    world, context = tab.site.world, tab.page.context
    hand = counter(tab, told, told.boxes[1])
    hand.open(told.boxes[1])
    hand.scan(told.few[0])
    context.set_offline(True)
    for tube in told.few[1:4]:
        tab.scan(tube)
    expect(hand.bench).to_have_attribute("data-state", "offline")
    expect(tab.page.locator(".bench-offline [data-queue-length]")).to_have_text("3")
    assert scanned(world) == told.few[:1]
    fresh = context.new_page()
    tab.page.close()
    context.set_offline(False)
    # The tab died with its scans: another page of the audit sends them, to the box that they were scanned in.
    fresh.goto(f"{tab.site.url}/audits/{told.audit}/boxes/{told.boxes[0]}")
    expect(fresh.locator("[data-result] .headline")).to_have_text("A4 · Box 2")
    assert scanned(world) == told.few[:4]
    expect(fresh.locator("scan-bench")).to_have_attribute("data-at", "A5~")
    fresh.reload()
    expect(fresh.locator("[data-part=map] .map-found")).to_contain_text("A5")
    assert world.unproved() == []


def test_two_people_see_each_others_slots_and_a_question_waits_for_its_answer(tab: Tab, told: Store) -> None:
    hand = counter(tab, told, told.boxes[1])
    hand.open(told.boxes[1])
    other = tab.page.context.browser.new_context()  # type: ignore[union-attr]
    second = Tab(tab.site, other.new_page())
    second.sign_in(MANAGER)
    second.open(f"/audits/{told.audit}/boxes/{told.boxes[1]}")
    for tube in told.few[:2]:
        Counter(second, told.audit).scan(tube)
    expect(tab.page.locator('a.cell.other[href$="slot=A2"]')).to_have_count(1)
    tab.scan(told.few[1])
    expect(tab.page.locator("[data-stop]")).to_be_visible()
    expect(tab.page.locator("[data-stop]")).to_contain_text("A1 was scanned by")
    tab.scan(Card.ACKNOWLEDGE)
    hand.scan(told.few[3])
    assert hand.at == "A3?"
    tab.page.get_by_role("button", name="A3 is empty").click()
    expect(hand.result.locator(".headline")).to_have_text("A4 · Box 2")
    tab.page.reload()
    expect(tab.page.locator("[data-part=map] .map-found")).to_contain_text("A5")
    other.close()
    assert tab.complaints + second.complaints == []
    assert tab.site.world.unproved() == []
