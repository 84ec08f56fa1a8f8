"""Printers: an administrator's rows, and the only addresses that labels are sent to."""

from collections.abc import Callable
from typing import Any

import pytest

from biobank import stations
from biobank.errors import NotAllowed, NotFound, Refusal
from biobank.printing import printers
from biobank.printing.printers import Calibration, PrinterChange, PrinterOrder, PrinterRow
from biobank.stations import StationOrder, StationRow
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World

BENCH = {"name": "Bench 1", "site": "BJ", "language": "zpl", "address": "10.0.0.7", "stock": "roll-33x13"}
OFFICE = {"name": "Office", "site": "BJ", "language": "pdf", "queue": "office", "stock": "herma-4100"}


def entered(world: World, person: str = MANAGER, **said: Any) -> PrinterRow:
    order = PrinterOrder.model_validate(BENCH | said)
    return world.act(lambda s, a: printers.enter(s, a, order), person=person, answer=PrinterRow)  # type: ignore[no-any-return]


def changed(world: World, printer: PrinterRow, person: str = MANAGER, **said: Any) -> PrinterRow:
    order = PrinterChange.model_validate(BENCH | said | {"printer": printer.id})
    return world.act(lambda s, a: printers.change(s, a, order), person=person, answer=PrinterRow)  # type: ignore[no-any-return]


def listed(world: World, person: str = TECHNICIAN, **asked: bool) -> list[str]:
    return [row.name for row in world.ask(lambda s, a: printers.listed(s, a, **asked), person)]


def found(world: World, name: str, person: str = TECHNICIAN) -> str:
    return world.ask(lambda s, a: printers.find(s, a, name), person).name


def refused(work: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as said:
        work()
    return said.value


def test_a_printer_is_entered_changed_calibrated_and_ended(world: World) -> None:
    printer = entered(world)
    assert (printer.port, printer.dpi, printer.fault, printer.waiting) == (9100, 300, "", 0)
    moved = changed(world, printer, name="Bench 2", address="zebra.example", dpi=203)
    assert (moved.id, moved.name, moved.address, moved.dpi) == (printer.id, "Bench 2", "zebra.example", 203)
    order = Calibration(printer=printer.id, offset_x_um=-300, offset_y_um=500)
    out = world.act(lambda s, a: printers.calibrate(s, a, order), person=MANAGER, answer=PrinterRow)
    assert (out.offset_x_um, out.offset_y_um) == (-300, 500)
    assert found(world, "Bench 2") == "Bench 2"
    ended = world.act(lambda s, a: printers.end(s, a, printer.id), person=MANAGER, answer=PrinterRow)
    assert ended.ended_at
    assert (listed(world), listed(world, ended=True)) == ([], ["Bench 2"])
    assert refused(lambda: found(world, "Bench 2")).slug == "printer_ended"
    assert refused(lambda: changed(world, printer)).slug == "printer_ended"


def test_a_queue_of_the_system_has_the_port_of_print_servers(sqlite_world: World) -> None:
    queue = entered(sqlite_world, **OFFICE, address="")
    assert (queue.port, queue.queue, queue.address) == (631, "office", "")
    assert listed(sqlite_world) == ["Office"]


@pytest.mark.parametrize(
    ("said", "slug"),
    [
        ({"address": ""}, "printer_address_needed"),
        ({"address": "10.0.0.7:9100"}, "printer_address"),
        ({"address": "http://10.0.0.7"}, "printer_address"),
        ({"address": "-oProxy"}, "printer_address"),
        ({"address": "printer; reboot"}, "printer_address"),
        ({"address": "printer\nother"}, "printer_address"),
        ({"port": 631}, "printer_port"),
        (OFFICE | {"queue": ""}, "printer_queue_needed"),
        (OFFICE | {"queue": "-o raw"}, "printer_queue"),
        (OFFICE | {"queue": "--help"}, "printer_queue"),
        (OFFICE | {"port": 9100}, "printer_port"),
        ({"stock": "gold leaf"}, "stock_unknown"),
        ({"site": "XX"}, "site_unknown"),
    ],
)
def test_no_printer_has_an_address_that_leads_elsewhere(
    sqlite_world: World, said: dict[str, Any], slug: str
) -> None:
    assert refused(lambda: entered(sqlite_world, **said)).slug == slug
    assert listed(sqlite_world, ended=True) == []


@pytest.mark.parametrize("port", [22, 80, 9101, 0])
def test_labels_leave_by_two_ports_only(port: int) -> None:
    with pytest.raises(ValueError, match="port"):
        PrinterOrder.model_validate(BENCH | {"port": port})


def test_a_name_is_given_once(sqlite_world: World) -> None:
    entered(sqlite_world)
    other = entered(sqlite_world, name="Bench 2")
    assert refused(lambda: entered(sqlite_world)).slug == "printer_exists"
    assert refused(lambda: changed(sqlite_world, other, name="Bench 1")).slug == "printer_exists"
    assert changed(sqlite_world, other, name="Bench 2").name == "Bench 2"


def test_only_an_administrator_enters_printers_and_only_the_site_prints_on_them(sqlite_world: World) -> None:
    assert isinstance(refused(lambda: entered(sqlite_world, TECHNICIAN)), NotAllowed)
    printer = entered(sqlite_world)
    assert isinstance(refused(lambda: changed(sqlite_world, printer, TECHNICIAN)), NotAllowed)
    assert refused(lambda: changed(sqlite_world, printer, OUTSIDER)).slug == "printer_not_found"
    assert (listed(sqlite_world), listed(sqlite_world, OUTSIDER)) == (["Bench 1"], [])
    assert found(sqlite_world, "Bench 1") == "Bench 1"
    unseen = refused(lambda: found(sqlite_world, "Bench 1", OUTSIDER))
    assert isinstance(unseen, NotFound)
    assert (unseen.slug, str(unseen)) == (
        "printer_not_found",
        str(refused(lambda: found(sqlite_world, "Bench 1 ", OUTSIDER))).replace("1 ”", "1”"),
    )


def test_a_station_keeps_its_printer_when_that_gets_another_name(sqlite_world: World) -> None:
    printer = entered(sqlite_world)
    order = StationOrder(name="Bench", site="BJ", printer="Bench 1")
    sqlite_world.act(lambda s, a: stations.enrol(s, a, order, "secret"), person=MANAGER)
    changed(sqlite_world, printer, name="Zebra")
    (bench,) = sqlite_world.ask(stations.everything, MANAGER)
    assert isinstance(bench, StationRow)
    assert bench.printer == "Zebra"
