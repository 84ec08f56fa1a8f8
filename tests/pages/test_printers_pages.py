"""The pages of printers, stocks and layouts: entered, tested, measured, drawn before they are kept."""

import re

import pytest

from tests.pages.visitor import Visitor, visit
from tests.world import MANAGER, World

ORDER = {
    "name": "Zebra",
    "site": "BJ",
    "language": "zpl",
    "address": "printer.test.example",
    "dpi": "203",
    "stock": "roll-33x13",
}
STOCK = {
    "code": "our-sheet",
    "name": "Our sheet",
    "page_width": "210",
    "page_height": "297",
    "width": "30",
    "height": "15",
    "columns": "6",
    "rows": "18",
    "left": "10",
    "top": "10,5",
    "pitch_x": "32",
    "pitch_y": "15",
    "shape": "rect",
    "uses": "specimen",
}


@pytest.fixture
def manager(sqlite_world: World) -> Visitor:
    """An administrator, who is a manager too."""
    return visit(sqlite_world, MANAGER)


def the_printer(page: str) -> str:
    found = re.search(r'action="/printers/([0-9a-f-]{36})"', page)
    assert found is not None
    return found[1]


def test_a_printer_is_entered_calibrated_changed_and_taken_out_of_use(
    sqlite_world: World, manager: Visitor
) -> None:
    assert "No printer is entered." in manager.get("/printers").text
    assert manager.post("/printers", ORDER).status_code == 303
    page = manager.get("/printers").text
    assert "printer.test.example:9100" in page
    assert "never used" in page
    printer = the_printer(page)
    moved = {"offset_x_mm": "0.4", "offset_y_mm": "-1,25"}
    assert manager.post(f"/printers/{printer}/offset", moved).status_code == 303
    assert "moved +0.40, -1.25 mm" in manager.get("/printers").text
    wrong = {"offset_x_mm": "much", "offset_y_mm": "0"}
    assert manager.post(f"/printers/{printer}/offset", wrong).status_code in (400, 422)
    kept = {**ORDER, "name": "Zebra 2", "offset_x_um": "400", "offset_y_um": "-1250"}
    assert manager.post(f"/printers/{printer}", kept).status_code == 303
    page = manager.get("/printers").text
    assert "Zebra 2" in page
    assert "moved +0.40, -1.25 mm" in page
    to = manager.post("/printers/test", {"printer": "Zebra 2"}).headers["location"]
    assert "command cards" in manager.get(to).text
    assert manager.post(f"/printers/{printer}/end", {}).status_code == 303
    assert "Zebra 2" not in manager.get("/printers").text
    assert "out of use" in manager.get("/printers?ended").text
    assert sqlite_world.unproved() == []


def test_only_an_administrator_enters_a_printer_and_only_at_a_host(
    sqlite_world: World, manager: Visitor
) -> None:
    technician = visit(sqlite_world)
    assert technician.post("/printers", ORDER).status_code == 403
    assert 'id="new"' not in technician.get("/printers").text
    assert manager.post("/printers", {**ORDER, "address": "host:22"}).status_code == 422
    assert manager.post("/printers", {**ORDER, "language": "pdf"}).status_code == 422


def test_a_stock_is_copied_drawn_as_it_is_measured_and_kept(sqlite_world: World, manager: Visitor) -> None:
    page = manager.get("/labels/stocks/new?like=op3018").text
    assert '<input class="form-control" id="width" name="width" inputmode="decimal" value="11' in page
    look = manager.post("/labels/stocks/look", {**STOCK, "pitch_x": "29"}).text
    assert "The labels overlap: each is 30 mm, and the next begins after 29 mm." in look
    assert manager.post("/labels/stocks", {**STOCK, "pitch_x": "29"}).status_code == 422
    assert "number" in manager.post("/labels/stocks/look", {**STOCK, "width": "wide"}).text
    drawn = manager.post("/labels/stocks/look", {**STOCK, "code": "", "name": ""}).text
    assert drawn.count('<g class="next">') == 108
    assert "reads as SM9S 346Q 35" in drawn
    to = manager.post("/labels/stocks", STOCK).headers["location"]
    assert to == "/labels/stocks/our-sheet"
    assert "our own" in manager.get(to).text
    assert manager.get(f"{to}/ruler").content.startswith(b"%PDF")
    assert "Our sheet" in manager.get("/labels/stocks").text
    assert visit(sqlite_world).post("/labels/stocks", {**STOCK, "code": "mine"}).status_code == 403
    assert manager.post(f"{to}/end", {}).status_code == 303
    assert "out of use" in manager.get(to).text
    assert manager.get("/labels/stocks/none").status_code == 422


def test_a_layout_is_shown_copied_and_kept(manager: Visitor) -> None:
    assert "/labels/layouts/specimen" in manager.get("/labels/layouts").text
    page = manager.get("/labels/layouts/specimen?stock=avery-l4732").text
    assert "reads as SM9S 346Q 35" in page
    body = re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)[0].replace("&#34;", '"')
    copied = body.replace('"code": "specimen"', '"code": "our-tubes"').replace("Tube, id below", "Our tubes")
    wrong = copied.replace('"material"', '"secret"')
    assert "secret" in manager.post("/labels/layouts/our-tubes/look", {"body": wrong}).text
    assert manager.post("/labels/layouts", {"body": wrong}).status_code in (400, 422)
    assert "reads as" in manager.post("/labels/layouts/our-tubes/look", {"body": copied}).text
    to = manager.post("/labels/layouts", {"body": copied}).headers["location"]
    assert "our own" in manager.get(to).text
    again = {"body": copied.replace("Our tubes", "Our cryotubes"), "again": "true"}
    assert manager.post("/labels/layouts", again).status_code == 303
    assert "Our cryotubes" in manager.get("/labels/layouts").text
    assert manager.post(f"{to}/end", {}).status_code == 303
    assert manager.get("/labels/layouts/none").status_code == 422
