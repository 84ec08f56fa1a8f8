"""A day at the freezer in a browser: an enrolled bench, a badge, and everything else by scans."""

import re

import pytest
from playwright.sync_api import expect
from sqlmodel import col, select

from biobank import storage
from biobank.codes import grouped
from biobank.labels.cards import Card
from biobank.tables import Badge, Person
from tests.journeys.desk import Desk
from tests.pages.conftest import Tab
from tests.test_evacuations import spare_shelf
from tests.test_storage import make, rack_of, shelf_of
from tests.world import MANAGER, PASSWORD, TECHNICIAN

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PIN = "4711"
NAMES = [f"{row}{column}" for row in "ABC" for column in range(1, 10)]


@pytest.mark.parametrize(
    ("language", "address"),
    [("en", "sqlite"), pytest.param("zh_Hans", "postgres", marks=pytest.mark.postgres)],
    indirect=["address"],
)
def test_a_day_at_the_freezer_by_scans(tab: Tab, language: str) -> None:
    desk, world = Desk(tab, language), tab.site.world
    tubes, (first, second, third) = world.tubes(24), world.boxes()
    rack, shelf, free = rack_of(world), shelf_of(world), spare_shelf(world, "Freezer 2")
    spare = make(world, "rack-20", site="BJ", name="Rack 9", celsius=-80)
    badge = enrol_the_bench(desk)
    come_in(desk, badge)
    twenty = tubes[:20]
    store(desk, first, twenty)
    take_ten_and_bring_them_back(desk, first, twenty)
    move_by_two_scans(desk, second, spare)
    swap(desk, first, third, twenty[0], tubes[20])
    seat_anew(desk, first, [tubes[20], *twenty[1:]])
    confirm_a_rack_file(desk, third, twenty[0], tubes[21:])
    undo_the_last(desk, third, tubes[21:])
    evacuate_and_come_back(desk, shelf, rack, free)
    # A browser says aloud that a form was refused: the file of another rack was, and nothing else.
    assert [each for each in tab.complaints if "409" not in each] == []
    assert len(tab.complaints) == 1
    assert tab.hosts == {"127.0.0.1"}
    assert world.unproved() == []


def slots(desk: Desk, box: str) -> dict[str, str]:
    """What stands where; asked by the manager, since the bench signed the technician out."""
    found = desk.world.ask(lambda session, actor: storage.box_map(session, actor, box), person=MANAGER)
    return {slot.name: slot.code for slot in found.slots if slot.state == "occupied"}


# --- the bench ---


def enrol_the_bench(desk: Desk) -> str:
    """A manager enrols it and prints a badge; the technician chooses a PIN; its browser becomes the bench."""
    desk.sit(MANAGER)
    desk.open("/stations")
    form = desk.page.locator("#new form")
    desk.fill(form, {"name": "Bench 1", "starts_in": "store", "volume": "0"})
    form.locator("[type=submit]").click()
    link = desk.page.locator("code.link").inner_text()
    desk.open("/people")
    desk.page.locator(f'[name=names][value="{TECHNICIAN}"]').check()
    with desk.page.expect_download():
        desk.page.locator("[form=print][type=submit]").click()
    desk.sit(TECHNICIAN)
    desk.open("/account")
    desk.send(
        desk.page.locator('form[action="/account/pin"]'), {"pin": PIN, "again": PIN, "password": PASSWORD}
    )
    desk.page.goto(link)
    desk.send(desk.page.locator("form[action^='/stations/claim']"))
    expect(desk.page).to_have_url(re.compile("/bench/locked$"))
    of = select(Badge.code).join(Person).where(col(Person.name) == TECHNICIAN)
    return desk.world.database.read(lambda session: session.exec(of).one())


def come_in(desk: Desk, badge: str) -> None:
    """The badge asks for the PIN once, and opens the bench in the mode it begins in."""
    desk.tab.scan(badge)
    expect(desk.page).to_have_url(re.compile("/bench/pin"))
    desk.page.wait_for_load_state()
    for digit in PIN:
        desk.page.locator(f"[data-digit='{digit}']").click()
    with desk.page.expect_navigation(url=re.compile(r"/bench\?mode=store")):
        desk.page.keyboard.press("Enter")
    expect(desk.page.locator(".person")).to_have_text(TECHNICIAN)
    expect(desk.page.locator(".station")).to_have_text("Bench 1")


def store(desk: Desk, box: str, tubes: list[str]) -> None:
    desk.scan(box)
    for tube, name in zip(tubes, NAMES, strict=False):
        desk.scan(tube)
        desk.outcome("ok", f"{name} · Box 1")
    assert slots(desk, box) == dict(zip(NAMES, tubes, strict=False))


def take_ten_and_bring_them_back(desk: Desk, box: str, tubes: list[str]) -> None:
    """Ten leave and stand on the board; each comes back to its own slot, in whatever order."""
    desk.scan(Card.TAKE.value)
    for tube in tubes[:10]:
        desk.scan(tube)
        desk.outcome("ok", desk.say("Took out %(code)s", code=grouped(tube)))
    desk.open("/out")
    expect(desk.page.locator("main tbody tr")).to_have_count(10)
    desk.open(f"/bench?mode=store&box={box}")
    for tube in reversed(tubes[:10]):
        desk.scan(tube)
        desk.outcome("ok", f"{NAMES[tubes.index(tube)]} · Box 1")
    assert slots(desk, box) == dict(zip(NAMES, tubes, strict=False))


def move_by_two_scans(desk: Desk, box: str, rack: str) -> None:
    desk.scan(box, rack)
    desk.outcome("ok", desk.say("Moved %(box)s", box="Box 2"))


def swap(desk: Desk, first: str, third: str, here: str, other: str) -> None:
    """A tube of another box is meant for a slot that is taken: STOP, and the two change places."""
    desk.scan(third, other)
    desk.scan(first)
    desk.page.locator(f'.beside a.cell[href="/containers/{first}?slot=A1"]').click()
    expect(desk.page.locator("scan-bench")).to_have_attribute("data-at", "A1")
    desk.scan(other)
    stop = desk.page.get_by_role("alertdialog")
    expect(stop).to_contain_text(grouped(here))
    desk.scan(Card.SWAP.value)
    desk.outcome("ok", "A1 · Box 1")
    assert slots(desk, third) == {"A1": here}
    assert slots(desk, first)["A1"] == other


# --- beside the bench ---


def seat_anew(desk: Desk, box: str, tubes: list[str]) -> None:
    """All of a spilled box, the other way round; nothing is written before DONE."""
    desk.open(f"/boxes/{box}/reseat")
    for tube in reversed(tubes):
        desk.scan(tube)
    desk.outcome("done")
    with desk.page.expect_navigation():
        desk.tab.scan(Card.DONE.value)
    assert slots(desk, box) == dict(zip(NAMES, reversed(tubes), strict=False))


def confirm_a_rack_file(desk: Desk, box: str, there: str, tubes: list[str]) -> None:
    """What the scanner wrote is of another rack, then of this one; one click stores what is new."""
    desk.open(f"/boxes/{box}/file")
    wells = "\n".join(f"{name},{tube}" for name, tube in zip(NAMES, [there, *tubes], strict=False))
    form = desk.page.locator("form:has(#text)")
    desk.fill(form, {"text": wells, "rack_code": "OTHER-RACK"})
    form.locator("[type=submit]").click()
    expect(form.locator(".said .refusal")).to_contain_text("OTHER-RACK")
    expect(form.locator("#text")).to_have_value(wells)
    desk.send(form, {"rack_code": box})
    desk.send(desk.page.locator("form[action$='/file/confirm']"))
    assert slots(desk, box) == dict(zip(NAMES, [there, *tubes], strict=False))


def undo_the_last(desk: Desk, box: str, tubes: list[str]) -> None:
    """One card takes back what the file had stored."""
    desk.open(f"/bench?mode=store&box={box}")
    desk.scan(Card.UNDO.value)
    desk.outcome("ok|notice|done", desk.say("Undone"))
    assert set(slots(desk, box).values()).isdisjoint(tubes)


def evacuate_and_come_back(desk: Desk, shelf: str, rack: str, free: str) -> None:
    """The rack of a shelf goes to another freezer by one scan, and back by another."""
    desk.open(f"/evacuations?container={shelf}")
    desk.send(desk.page.locator('form[action="/evacuations"]'), {"into": free})
    desk.scan(rack)
    desk.outcome("done")
    where = "Freezer 2 · Shelf of Freezer 2 · A1"
    expect(desk.page.locator("[data-part=steps]")).to_contain_text(where)
    desk.send(desk.page.locator("form[action$='/turn-back']"))
    desk.scan(rack)
    desk.outcome("done")
    desk.send(desk.page.locator("form[action$='/close']"))
    expect(desk.page.locator("main tbody tr")).to_contain_text("1 / 1")
