"""Axe finds nothing serious on any page of storage and of the bench, in either theme."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from biobank import storage
from biobank.pages.build_assets import MODULES
from biobank.printing import ordering, printers, spooler
from biobank.tables import PrinterLanguage
from tests.pages.conftest import Site, Tab
from tests.world import MANAGER, World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_RUN = """async () => (await axe.run({ resultTypes: ["violations"] })).violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map((each) => [each.id, ...each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))].join(" | "))"""


def furnished(world: World) -> dict[str, str]:
    """The pages, by name, of a world in which each has something to show."""
    boxes, tubes = world.boxes(), world.tubes(4)
    world.put(boxes[0], tubes)
    taken = storage.TakeOut(tubes=tubes[3:])
    world.act(lambda session, actor: storage.take_out(session, actor, taken), answer=list[storage.Stored])
    world.act(
        lambda session, actor: storage.block_slots(
            session, actor, storage.BlockOrder(container=boxes[0], slots=["I9"])
        )
    )
    ordered = ordering.PrintOrder(codes=tubes[:2])
    job = world.act(lambda session, actor: ordering.print_labels(session, actor, ordered)).job
    spooler.drain(world.database, job)
    printer = printers.PrinterOrder(
        name="Zebra", site="BJ", language=PrinterLanguage.ZPL, address="printer.test.example", stock="dk-29"
    )
    world.act(lambda session, actor: printers.enter(session, actor, printer), person=MANAGER)
    freezer = world.freezer()
    rack = world.ask(lambda session, actor: storage.inside(session, actor, freezer))[0].inside[0].row.code
    box = f"/containers/{boxes[0]}"
    return {
        "bench": f"/bench?mode=store&box={boxes[0]}",
        "box": f"{box}?slot=A1&colour=material",
        "box, with a filter": f"{box}?text=D-001",
        "rack": f"/containers/{rack}",
        "freezer": f"/containers/{freezer}",
        "settings": f"/containers/{freezer}/settings",
        "new container": f"/containers/{rack}/new",
        "storage": "/storage",
        "types": "/storage/types",
        "room": "/storage/room",
        "capacity": "/capacity",
        "out": "/out",
        "rack file": f"/boxes/{boxes[0]}/file",
        "re-seat": f"/boxes/{boxes[0]}/reseat",
        "evacuations": f"/evacuations?container={freezer}",
        "tasks": "/tasks",
        "stations": "/stations",
        "tube": f"/specimens/{tubes[0]}",
        "labels to print": f"/labels/print?codes={tubes[0]}",
        "print job": f"/labels/jobs/{job}",
        "print jobs": "/labels/jobs?all",
        "labels that wait": "/labels/waiting",
        "a replaced label": f"/specimens/{tubes[0]}/label?job={job}",
        "printers": "/printers",
        "stocks": "/labels/stocks",
        "a stock": "/labels/stocks/roll-33x13-cap-9",
        "a new stock": "/labels/stocks/new",
        "layouts": "/labels/layouts",
        "a layout": "/labels/layouts/specimen",
    }


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, site: Site, browser: Browser) -> Iterator[Tab]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    tab = Tab(site, context.new_page())
    tab.sign_in(MANAGER, theme=request.param)
    yield tab
    context.close()


def test_axe_finds_nothing_serious_on_any_page(themed: Tab) -> None:
    source = (MODULES / "axe-core/axe.min.js").read_text(encoding="utf-8")
    found: list[str] = []
    for name, path in furnished(themed.site.world).items():
        themed.open(path)
        themed.page.evaluate(source)
        found += [f"{name}: {each}" for each in themed.page.evaluate(_RUN)]
    assert not found, "\n".join(found)
