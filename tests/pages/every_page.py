"""Every page that a person can open, each with something to show, in one furnished world.

Crawlers, pictures, axe and whoever else wants to see "all pages" begin here. A page that is added to the
application is added to `furnished`, or (a file, a fragment, a link of one use) to `NO_PAGES` with its reason.
"""

from urllib.parse import quote

from biobank import clock, evacuations, inputs, participants, specimens, storage, web
from biobank.evacuations import EvacuationOrder
from biobank.pages.bench import at_station
from biobank.printing import ordering, printers, spooler
from biobank.storage import Stored
from biobank.tables import PrinterLanguage, TaskKind
from tests import collected, test_disputing, test_keeping, test_stations, test_tasks
from tests.pages import audited
from tests.racks import benches
from tests.test_evacuations import spare_shelf
from tests.world import MANAGER, TECHNICIAN, World

_KIT = collected.STUDY.replace(b"all_present = true", b'all_present = true\ndatasets = ["fmri", "psg"]')

NO_PAGES = {
    "/audits/{key:uuid}/certificate.pdf": "a PDF",
    "/audits/{key:uuid}/count/map": "a fragment of the count",
    "/audits/{key:uuid}/findings.csv": "a file",
    "/audits/{key:uuid}/sheet.pdf": "a PDF",
    "/bench-worker.js": "the script that serves pages without the network",
    "/bench/cards": "a PDF",
    "/bench/last": "a fragment of the bench",
    "/bench/map": "a fragment of the bench",
    "/bench/maps/{code:str}": "a fragment of the bench",
    "/bench/locked": "at the bench",
    "/bench/pin": "at the bench",
    "/containers/{code:str}/tubes/file": "a file",
    "/evacuations/{key:uuid}/steps": "a fragment of the board",
    "/find": "leads to what a code names",
    "/first/{link:str}": "a link of one use",
    "/healthz": "asked by machines",
    "/home/freezers": "a fragment of the first page",
    "/labels/jobs/{job:uuid}/inventory": "a PDF",
    "/labels/jobs/{job:uuid}/pdf": "a PDF",
    "/labels/stocks/{code:str}/ruler": "a PDF",
    "/language/{code:str}": "leads back to where it was chosen",
    "/log/file": "a file",
    "/out/file": "a file",
    "/readyz": "asked by machines",
    "/schedule/file": "a file",
    "/specimens/file": "a file",
    "/specimens/{code:str}/timeline/file": "a file",
    "/static/{file_path:path}": "files",
    "/stations/calibration": "opens in the browser of an enrolled bench alone",
    "/stations/claim/{link:str}": "a link of one use",
    "/studies/{study:str}/answers": "a fragment of the participant's page",
    "/studies/{study:str}/protocol/{version:str}": "a file",
    "/studies/{study:str}/schedule/file": "a file",
    "/studies/{study:str}/specimens/file": "a file",
    "/visits/{code:str}/acts/{act:str}": "a fragment of the visit",
}
"""The addresses that answer a GET and are no page for a person, and why."""

BENCH = {at_station.COOKIE: f'"{test_stations.BROWSER}"', web.COOKIE: ""}
"""The cookies of the enrolled bench's browser while nobody is signed in there."""

REFUSED = {"nothing found": "/find?code=S0000000000", "no such page": "/nowhere"}
"""Addresses that are answered with a page that says no."""


def furnished(world: World) -> dict[str, str]:
    """The pages, by name, of a world in which each has something to show."""
    pages = _alone(), _storage(world), _labels(world), _study(world), _tasks(world), audited.shown(world)
    return {name: address for some in pages for name, address in some.items()}


def at_the_bench(world: World) -> dict[str, str]:
    """Pages of a bench where nobody is signed in, for a browser that bears the cookie `BENCH`."""
    test_stations.bench(world)
    badge = test_stations.badge(world)
    return {
        "locked": f"/bench/locked?mode=store&box={world.boxes()[0]}",
        "PIN": f"/bench/pin?badge={badge}",
    }


def _alone() -> dict[str, str]:
    """Pages that need nothing of their own."""
    return {
        "home": "/",
        "log": "/log",
        "find a list": "/find/list",
        "specimens": "/specimens",
        "account": "/account",
        "people": "/people",
        "a person": f"/people/{TECHNICIAN}",
        "sign in": "/sign-in",
        "storage": "/storage",
        "types": "/storage/types",
        "capacity": "/capacity",
        "out": "/out",
        "stations": "/stations",
        "bench": "/bench",
        "studies": "/studies",
        "schedule": "/schedule",
        "overdue": "/schedule?of=overdue",
        "month": "/schedule/month",
        "tasks": "/tasks",
        "log, sought": "/log?about=person",
        "rack files": "/rack-files",
        "printers": "/printers",
        "stocks": "/labels/stocks",
        "a stock": "/labels/stocks/roll-33x13-cap-9",
        "a new stock": "/labels/stocks/new",
        "layouts": "/labels/layouts",
        "a layout": "/labels/layouts/specimen",
    }


def _storage(world: World) -> dict[str, str]:
    """A box with holes and with slots that are kept, a plan, an evacuation, a file of a rack."""
    boxes, tubes, freezer = world.boxes(), world.tubes(23), world.freezer()
    world.put(boxes[0], tubes[:14])
    world.put(boxes[1], tubes[14:18])
    taken = storage.TakeOut(tubes=tubes[2:5])
    world.act(lambda s, a: storage.take_out(s, a, taken), answer=list[Stored])
    blocked = storage.BlockOrder(container=boxes[0], slots=["I8", "I9"])
    world.act(lambda s, a: storage.block_slots(s, a, blocked))
    test_keeping.reserve(world, boxes[0], slots=["C1", "C2"], person=MANAGER)
    test_keeping.reserve(world, boxes[1], count=4)
    plan = test_keeping.reserve(world, boxes[1], count=6).plan
    rack = world.ask(lambda s, a: storage.inside(s, a, freezer))[0].inside[0].row.code
    spare_shelf(world, "Freezer 2")
    order = EvacuationOrder(container=rack)
    emptying = world.act(lambda s, a: evacuations.plan(s, a, order).id)
    dock = benches.rack(world)
    bare = [f"01086865{number}" for number in range(90, 96)]
    benches.tubes(world, bare[:4], "D-002")
    benches.of_plate(world, benches.plate(bare))
    before = quote(clock.now().isoformat())
    box = f"/containers/{boxes[0]}"
    return {
        "bench that stores": f"/bench?mode=store&box={boxes[0]}",
        "bench that takes": f"/bench?mode=take&box={boxes[0]}",
        "discarding": f"/bench/discard?tube={tubes[0]}&mode=take",
        "alike": f"/bench/alike?text={bare[0]}",
        "box": f"{box}?slot=A1&colour=material",
        "box, with a filter": f"{box}?text=D-001",
        "box, before": f"{box}?at={before}",
        "tubes of a box": f"{box}/tubes",
        "rack": f"/containers/{rack}",
        "freezer": f"/containers/{freezer}",
        "settings": f"/containers/{freezer}/settings",
        "new container": f"/containers/{rack}/new",
        "room": "/storage/room?count=90&storage=-80&type=&study=&material=&within=",
        "planning": f"/storage/plan?tubes={tubes[18]},{tubes[19]}&within={boxes[1]}&strategy=together",
        "plans": "/storage/plans",
        "a plan": f"/storage/plans/{plan}",
        "rack file": f"/boxes/{dock}/file",
        "re-seat": f"/boxes/{boxes[0]}/reseat",
        "evacuations": f"/evacuations?container={freezer}",
        "an evacuation": f"/evacuations/{emptying}",
        "tube": f"/specimens/{tubes[0]}",
        "tube that is out": f"/specimens/{tubes[2]}",
        "visit with a tree": f"/visits/{_visit_of(world, tubes[0])}",
    }


def _visit_of(world: World, tube: str) -> str:
    return world.ask(lambda s, a: specimens.card(s, a, tube)).visit


def _labels(world: World) -> dict[str, str]:
    """Labels printed and waiting, a job that nobody answers, a tube with another code."""
    tubes = world.tubes(4, "D-003")
    order = ordering.PrintOrder(codes=tubes[:3])
    job = world.act(lambda s, a: ordering.print_labels(s, a, order)).job
    spooler.drain(world.database, job)
    printer = printers.PrinterOrder(
        name="Zebra", site="BJ", language=PrinterLanguage.ZPL, address="printer.test.example", stock="dk-29"
    )
    world.act(lambda s, a: printers.enter(s, a, printer), person=MANAGER)
    return {
        "labels to print": f"/labels/print?codes={tubes[3]}",
        "print job": f"/labels/jobs/{job}",
        "print jobs": "/labels/jobs?all",
        "labels that wait": "/labels/waiting",
        "a replaced label": f"/specimens/{tubes[0]}/label?job={job}",
    }


def _study(world: World) -> dict[str, str]:
    """A study that collects by kit: a visit half collected, one to come, kits ready, somebody withdrawn."""
    collected.adopt(world, _KIT)
    visit = collected.enrol(world)
    collected.enrol(world, "K-002")
    collected.enrol(world, "K-003")
    kit, *ready = collected.kits(world, count=3)
    tubes = collected.begin(world, visit, kit.code)
    collected.tick(world, visit, tubes[0])
    collected.deviate(world, tubes[0], "haemolysed")
    dataset = participants.DatasetOrder(visit=visit, kind="fmri", external_id="sub-001")
    world.act(lambda s, a: participants.datasets.link(s, a, dataset))
    gone = inputs.read(
        participants.WithdrawalOrder,
        {"study": "KIT", "pseudonym": "K-003", "level": "no_further_use", "withdrawn_on": "2026-06-01"},
    )
    world.act(lambda s, a: participants.withdraw(s, a, gone))
    study = "/studies/KIT"
    return {
        "study": study,
        "progress": f"{study}/progress",
        "protocol": f"{study}/protocol",
        "schedule of a study": f"{study}/schedule?of=overdue",
        "month of a study": f"{study}/schedule/month?month=2026-06",
        "specimens of a study": "/studies/DEMO/specimens",
        "kits": f"{study}/kits",
        "kit": f"/kits/{ready[0].code}",
        "participant": f"{study}/participants/K-001",
        "participant who withdrew": f"{study}/participants/K-003",
        "withdrawal": f"{study}/withdrawal?pseudonym=K-001",
        "visit half collected": f"/visits/{visit}",
        "visit after collecting": f"/visits/{visit}?mode=finishing",
        "visit to come": f"/visits/{collected.visit_of(world, 'K-002', 'M1')}",
        "tube with a deviation": f"/specimens/{tubes[0]}",
    }


def _tasks(world: World) -> dict[str, str]:
    """Something unknown that was scanned, and a disputed place."""
    test_tasks.opened(world, "ABC-1")
    test_tasks.opened(
        world, "", kind=TaskKind.PLACE_DISPUTED, facts={"claimed": "B7", "logged": "C1", "person": TECHNICIAN}
    )
    tube, (first, second) = world.tubes(1, "D-004")[0], world.boxes()[1:3]
    world.put(first, [tube], "I1")
    task = test_disputing.hand_in(world, test_disputing.scanned(tube, box=second, at="C1")).task
    return {"settling": f"/tasks/{task}/settling"}
