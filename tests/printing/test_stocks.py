"""Stocks and layouts of the lab's own beside the shipped ones."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from biobank import accounts
from biobank.errors import NotAllowed, Refusal
from biobank.labels.layouts import LAYOUTS
from biobank.labels.shapes import Of
from biobank.labels.stock import STOCKS, Stock
from biobank.printing import spooler, stocks
from biobank.printing.stocks import LayoutOrder, LayoutRow, StockOrder, StockRow
from biobank.tables import Role
from tests.printing.ordering import ordered
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World

SHEET = {"code": "ours", "name": "Ours", "page_width": 210, "page_height": 297, "width": 40, "height": 20}
SHEET |= {"columns": 4, "rows": 10, "left": 10, "top": 10, "pitch_x": 45, "pitch_y": 25}


def body(**said: Any) -> StockOrder:
    return StockOrder(body=json.dumps(SHEET | said))


def acted(world: World, act: Any, order: Any, answer: Any = StockRow, person: str = MANAGER) -> Any:
    return world.act(lambda s, a: act(s, a, order), person=person, answer=answer)


def refused(work: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as said:
        work()
    return said.value


def own(world: World, **asked: Any) -> list[str]:
    return [row.stock.code for row in world.ask(lambda s, _: stocks.listed(s, **asked)) if row.own]


def test_a_stock_of_the_labs_own_is_kept_printed_on_and_ended(world: World) -> None:
    assert acted(world, stocks.add, body()).stock.width == 40
    assert acted(world, stocks.change, body(width=38)).stock.width == 38
    job = ordered(world, world.tubes(2), stock="ours")
    spooler.drain(world.database, job)
    made = spooler.pdf(world.database, job)
    used = refused(lambda: acted(world, stocks.change, body(width=30)))
    assert used.slug == "label_code_used"
    acted(world, stocks.end, "ours")
    assert spooler.pdf(world.database, job) == made, "what was printed stays as it was"
    assert refused(lambda: ordered(world, world.tubes(1, "D-002"), stock="ours")).slug == "stock_unknown"
    assert (own(world), own(world, ended=True)) == ([], ["ours"])


def test_a_stock_whose_labels_overlap_or_whose_code_is_taken_is_refused(sqlite_world: World) -> None:
    assert refused(lambda: acted(sqlite_world, stocks.add, body(pitch_x=30))).slug == "stock_overlaps"
    assert refused(lambda: acted(sqlite_world, stocks.add, StockOrder(body="{}"))).slug == "stock_unreadable"
    assert (
        refused(lambda: acted(sqlite_world, stocks.add, body(code="herma-4100"))).slug == "label_code_taken"
    )
    acted(sqlite_world, stocks.add, body())
    assert refused(lambda: acted(sqlite_world, stocks.add, body())).slug == "label_code_taken"
    assert own(sqlite_world) == ["ours"]


def test_a_shipped_stock_stays_as_it_is(sqlite_world: World) -> None:
    shipped = StockOrder(body=msgspec.json.encode(STOCKS["herma-4100"]).decode())
    assert refused(lambda: acted(sqlite_world, stocks.change, shipped)).slug == "not_of_the_lab"
    assert refused(lambda: acted(sqlite_world, stocks.end, "herma-4100")).slug == "not_of_the_lab"


def test_only_an_administrator_of_all_sites_keeps_stocks(sqlite_world: World) -> None:
    assert isinstance(refused(lambda: acted(sqlite_world, stocks.add, body(), person=TECHNICIAN)), NotAllowed)
    order = accounts.PersonOrder(name=OUTSIDER, role=Role.ADMINISTRATOR, site="NT")
    sqlite_world.act(lambda s, a: accounts.add_person(s, a, order, "a link"), person=MANAGER)
    assert isinstance(refused(lambda: acted(sqlite_world, stocks.add, body(), person=OUTSIDER)), NotAllowed)


def test_stocks_are_offered_for_what_they_serve(sqlite_world: World) -> None:
    acted(sqlite_world, stocks.add, body(uses=["box"]))
    assert own(sqlite_world, of=Of.BOX) == ["ours"]
    assert own(sqlite_world, of=Of.CAP) == []
    offered: list[Stock] = [row.stock for row in sqlite_world.ask(lambda s, _: stocks.listed(s, Of.CAP))]
    assert offered
    assert all(each.serves(Of.CAP) for each in offered)


def test_a_layout_of_the_labs_own_is_kept_printed_with_and_ended(world: World) -> None:
    shipped = msgspec.json.decode(msgspec.json.encode(LAYOUTS["specimen"]))
    order = LayoutOrder(body=json.dumps(shipped | {"code": "mine", "name": "Mine"}))
    assert acted(world, stocks.add_layout, order, LayoutRow).layout.name == "Mine"
    assert acted(world, stocks.change_layout, order, LayoutRow).own
    assert refused(lambda: acted(world, stocks.add_layout, order, LayoutRow)).slug == "label_code_taken"
    job = ordered(world, world.tubes(1), layout="mine")
    assert spooler.drain(world.database, job).value == "done"
    assert refused(lambda: acted(world, stocks.change_layout, order, LayoutRow)).slug == "label_code_used"
    assert acted(world, stocks.end_layout, "mine", LayoutRow).ended
    assert "mine" not in [row.layout.code for row in world.ask(lambda s, _: stocks.layouts(s, Of.SPECIMEN))]
    assert refused(lambda: ordered(world, world.tubes(1, "D-002"), layout="mine")).slug == "layout_unknown"
    assert spooler.pdf(world.database, job).startswith(b"%PDF-")


def test_a_layout_for_other_labels_or_too_small_a_stock_is_refused(sqlite_world: World) -> None:
    tubes = sqlite_world.tubes(1)
    box = next(each.code for each in LAYOUTS.values() if Of.SPECIMEN not in each.of)
    assert refused(lambda: ordered(sqlite_world, tubes, layout=box)).slug == "layout_unfit"
