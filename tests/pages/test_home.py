"""The first page: what waits for each role, and that each tile leads to exactly the list it counts."""

import re
from datetime import timedelta
from functools import partial
from html import unescape

import pytest
from sqlalchemy import event
from sqlmodel import Session

from biobank import accounts, clock, inputs, specimens, storage
from biobank.people import Actor
from biobank.printing import ordering, printers, spooler
from biobank.storage import Stored, TakeOut
from biobank.tables import Printer, PrinterLanguage, Role, TaskKind
from tests import test_tasks
from tests.pages.visitor import Visitor, visit
from tests.racks import benches
from tests.templates import Furnishing
from tests.world import MANAGER, OUTSIDER, World

_TILE = re.compile(r'<li><a href="([^"]+)" data-tone="(\w*)"><b>(\d+)\+?</b>')


def furnished(world: World) -> list[str]:
    """Something of everything that the first page counts but tubes that are out; six tubes to take."""
    tubes = world.tubes(6)
    world.put(world.boxes()[0], tubes)
    test_tasks.opened(world, "ABC-1")
    test_tasks.opened(world, "ABC-2")
    test_tasks.opened(world, "", kind=TaskKind.PLACE_DISPUTED, facts={"claimed": "B7", "logged": "C1"})
    job = world.act(lambda s, a: ordering.print_labels(s, a, ordering.PrintOrder(codes=tubes[3:]))).job
    spooler.drain(world.database, job)
    for name in ("Zebra", "TSC"):
        printer = printers.PrinterOrder(
            name=name, site="BJ", language=PrinterLanguage.ZPL, address="printer.test.example", stock="dk-29"
        )
        made = world.act(partial(printers.enter, order=printer), person=MANAGER)

    def falls_silent(session: Session, _: Actor) -> None:
        session.get_one(Printer, made.id).fault = "printer_silent"

    world.act(falls_silent, person=MANAGER)
    benches.rack(world)
    benches.of_plate(world, benches.plate([f"01086865{number}" for number in range(90, 96)]))
    return tubes


def taken_out(world: World, tubes: list[str], minutes: int) -> None:
    """Tubes that are out for so long, counted from now: clocks run on while other tests are at work."""
    since = clock.now() - timedelta(minutes=minutes)
    order = inputs.read(TakeOut, {"tubes": tubes, "occurred": since.isoformat()})
    world.act(partial(storage.take_out, order=order), answer=list[Stored])


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return furnished


def tiles(visitor: Visitor) -> dict[str, int]:
    """The tiles of the first page: where each leads, and what it counts."""
    return {unescape(to): int(count) for to, _, count in _TILE.findall(visitor.get("/").text)}


def listed(visitor: Visitor, path: str) -> int:
    """How many rows the list at an address has, whatever it is a list of."""
    answer = visitor.get(path)
    assert answer.status_code == 200, path
    page = answer.text
    if path.startswith("/tasks"):
        return len(re.findall(r'action="/tasks/[^"]+/close"|href="/tasks/[^"]+/settling"', page))
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    return len(re.findall(r"<tr\b", body))


def give(world: World, role: Role) -> None:
    order = accounts.PersonOrder(name=OUTSIDER, role=role)
    world.act(lambda s, a: accounts.add_person(s, a, order, clock.new_secret()), person=MANAGER)


def test_each_tile_counts_the_list_it_leads_to(world: World, visitor: Visitor, told: list[str]) -> None:
    taken_out(world, told[:1], 40)
    taken_out(world, told[1:3], 8)
    found = tiles(visitor)
    for path, count in found.items():
        assert listed(visitor, path) == count, path
    assert set(found) >= {
        "/out?of=thawed",
        "/out?of=late",
        "/tasks",
        "/tasks?kind=place_disputed",
        "/labels/waiting",
        "/rack-files",
        "/printers?silent",
    }
    assert world.unproved() == []


def test_what_is_worst_stands_first(world: World, visitor: Visitor, told: list[str]) -> None:
    taken_out(world, told[:1], 40)
    taken_out(world, told[1:3], 8)
    tones = [tone for _, tone, _ in _TILE.findall(visitor.get("/").text)]
    order = {"stop": 0, "notice": 1, "": 2}
    assert tones == sorted(tones, key=lambda tone: order[tone])


def test_nothing_is_counted_for_who_has_nothing_to_do_with_it(world: World) -> None:
    page = visit(world, OUTSIDER).get("/").text
    assert _TILE.findall(page) == []
    assert "Nothing waits" in page


def test_who_administers_sees_the_state_of_the_system(world: World) -> None:
    assert 'id="system"' in visit(world, MANAGER).get("/").text
    assert 'id="system"' not in visit(world).get("/").text


def test_the_state_of_the_system_tells_since_when_labels_wait_to_be_sent(
    sqlite_world: World, visitor: Visitor, told: list[str]
) -> None:
    manager = visit(sqlite_world, MANAGER)
    assert "none waits to be sent" in manager.get("/").text
    assert visitor.post("/labels/print", {"printer": "Zebra", "codes": told[0]}).status_code == 303
    assert "1 to be sent, the first since" in manager.get("/").text


def test_a_study_tells_how_many_kits_lie_ready_for_nobody_yet(sqlite_world: World, visitor: Visitor) -> None:
    assert "kits ready" not in visitor.get("/").text
    order = specimens.KitOrder(study="DEMO", event="BL", site="BJ", count=2)
    sqlite_world.act(lambda s, a: [kit.code for kit in specimens.print_kits(s, a, order)])
    assert "2 kits ready" in visitor.get("/").text
    assert "kits ready" not in visit(sqlite_world, OUTSIDER).get("/").text


def test_the_freezers_of_the_first_page_are_asked_for_on_their_own(visitor: Visitor) -> None:
    assert 'hx-get="/home/freezers"' in visitor.get("/").text
    assert "Freezer" in visitor.get("/home/freezers").text


def test_the_first_page_asks_as_much_whatever_stands_in_the_freezers(world: World, visitor: Visitor) -> None:
    asked: list[str] = []

    def note(*told: object) -> None:
        asked.append(str(told[2]))

    def count() -> int:
        del asked[:]
        assert visitor.get("/").status_code == 200
        return len(asked)

    count()
    event.listen(world.database.reading, "before_cursor_execute", note)
    before = count()
    world.put(world.boxes()[1], world.tubes(40, "D-009"))
    after = count()
    event.remove(world.database.reading, "before_cursor_execute", note)
    assert 0 < after == before <= 25
    assert not [each for each in asked if "below" in each]  # nobody walks down the freezers for it
