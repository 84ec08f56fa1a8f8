"""Labels at the bench: printed by one click, replaced by two scans and one."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from biobank import clock, people, specimens, stations
from biobank.printing import printers, spooler
from biobank.printing.printers import PrinterOrder
from biobank.tables import LabelState, PrintedLabel, PrinterLanguage, SignIn
from tests.pages.conftest import Site, Tab
from tests.printing.fake_printer import FakePrinter
from tests.world import MANAGER, SECRETS, TECHNICIAN, World

pytestmark = [pytest.mark.browser]

PRINTER = "Printer of bench 1"


@pytest.fixture
def printer(site: Site) -> Iterator[FakePrinter]:
    """A printer that is on, the one of the bench where the technician stands."""
    world = site.world
    with FakePrinter() as fake:
        order = PrinterOrder(
            name=PRINTER, site="BJ", language=PrinterLanguage.ZPL, address=fake.address, stock="roll-33x13"
        )
        world.act(lambda session, actor: printers.enter(session, actor, order), person=MANAGER)
        stand_at_a_bench(world)
        sending = spooler.Spooler(world.database, pause=0.05)
        sending.start()
        yield fake
        sending.stop()


def stand_at_a_bench(world: World) -> None:
    """Let the technician be signed in at a bench with that printer."""
    order = stations.StationOrder(name="Bench 1", site="BJ", printer=PRINTER)
    station = world.act(
        lambda session, actor: stations.enrol(session, actor, order, clock.new_secret()), person=MANAGER
    )

    def stand(session: Session) -> None:
        secret = people.hashed(SECRETS[TECHNICIAN])
        session.exec(select(SignIn).where(col(SignIn.secret_hash) == secret)).one().station_id = station.id

    world.database.write(stand)


def states(world: World, code: str) -> list[LabelState]:
    """How far the labels of a code are, in the order they were asked for."""
    asked = select(PrintedLabel).where(col(PrintedLabel.code) == code).order_by(col(PrintedLabel.id))
    return world.database.read(lambda session: [label.state for label in session.exec(asked)])


def headline(page: Page) -> str:
    return page.locator("[data-result] > .scan-result .headline").inner_text()


def test_a_label_is_replaced_by_two_scans_and_one_click(tab: Tab, printer: FakePrinter) -> None:
    world, page = tab.site.world, tab.page
    old = world.tubes(1)[0]
    tab.sign_in()
    tab.open("/bench")
    tab.scan(old)
    page.get_by_role("button", name="Torn").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("A new label")
    new = page.url.split("/specimens/")[1].split("/")[0]
    assert new != old
    expect(page.locator("#label-job")).to_contain_text("printed")
    tab.scan(new)
    expect(page.locator("[data-result] > .scan-result")).to_have_attribute("data-outcome", "done")
    assert headline(page) == f"On its tube: {new[:4]} {new[4:8]} {new[8:]}"
    assert (states(world, new), len(printer.printed)) == ([LabelState.APPLIED], 1)
    found = world.ask(lambda session, actor: specimens.find(session, actor, old))
    assert (found.code, found.retired) == (new, True)
    assert tab.complaints == []
    assert world.unproved() == []


def test_new_labels_are_printed_by_one_click_and_the_place_on_a_sheet_is_pointed_at(
    tab: Tab, printer: FakePrinter
) -> None:
    world, page = tab.site.world, tab.page
    tubes = world.tubes(3)
    tab.sign_in()
    tab.open(f"/specimens/{tubes[0]}")
    page.get_by_role("button", name="Print its label").click()
    expect(page.locator(".page-head .badge, .tally").first).to_be_visible()
    expect(page.locator(".table tbody .badge")).to_have_text("printed")
    assert (states(world, tubes[0]), len(printer.printed)) == ([LabelState.PRINTED], 1)
    tab.open("/labels/print?printer=&" + "&".join(f"codes={tube}" for tube in tubes[1:]))
    expect(page.locator(".reads-as").first).to_have_text(
        f"reads as {tubes[1][:4]} {tubes[1][4:8]} {tubes[1][8:]}"
    )
    page.locator('[data-label-sheet] [data-skip="7"]').click()
    expect(page.locator("#look .label-sheet .next")).to_have_count(2)
    expect(page.locator('#look [data-skip="6"]')).to_have_class("used")
    assert page.locator("#skip").input_value() == "7"
    with page.expect_download() as saved:
        page.get_by_role("button", name="Print").click()
    assert saved.value.suggested_filename == f"labels-{tubes[1]}-2.pdf"
    assert tab.complaints == []
    assert world.unproved() == []
