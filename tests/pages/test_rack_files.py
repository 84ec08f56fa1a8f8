"""The page of a rack's file, and the one click that confirms it."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from biobank import racks
from biobank.labels.cards import Card
from tests.pages.conftest import Tab
from tests.pages.visitor import Visitor
from tests.racks.benches import RACK, confirm, of_plate, plate, rack, slots, tubes
from tests.racks.dialects import plates, visionmate
from tests.templates import on_both
from tests.world import World

CODES = [f"01086865{number:02}" for number in range(90, 96)]


def _go(visitor: Visitor, path: str, told: Mapping[str, object]) -> str:
    answer = visitor.post(path, told)
    assert answer.status_code == 303, answer.text
    return visitor.get(answer.headers["location"]).text


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def _ticked(page: str) -> list[str]:
    return re.findall(r'name="wells" value="(\w+)"', page)


@on_both
def test_a_pasted_rack_is_looked_at_and_confirmed(world: World, visitor: Visitor) -> None:
    box, ours = rack(world), tubes(world, CODES)
    page = visitor.get(f"/boxes/{box}/file").text
    assert "No file waits for this box" in page
    text = visionmate(RACK, plate(CODES)).decode()
    page = _go(visitor, f"/boxes/{box}/file", {"text": text})
    assert "VisionMate" in page
    assert "new here: 6" in page
    assert _ticked(page) == [f"A{n}" for n in range(1, 7)]
    told = {"file": _hidden(page, "file"), "wells": _ticked(page)}
    page = _go(visitor, f"/boxes/{box}/file/confirm", told)
    assert "Stored: 6." in page
    assert "Nothing differs" in page
    assert slots(world, box) == {f"A{place}": ours[code] for place, code in enumerate(CODES, 1)}
    assert world.unproved() == []


def test_an_uploaded_file_of_another_rack_is_a_refusal(world: World, visitor: Visitor) -> None:
    box = rack(world)
    form = {"csrf": _csrf(visitor), "command": "018f0000-0000-7000-8000-000000000001"}
    sent = {"file": ("scan.txt", visionmate("OTHER-RACK", plate(CODES)), "text/plain")}
    answer = visitor.client.post(f"/boxes/{box}/file", data=form, files=sent, follow_redirects=False)
    assert answer.status_code == 409
    assert "OTHER-RACK" in answer.text
    sent = {"file": ("scan.txt", visionmate(RACK, plate(CODES)), "text/plain")}
    answer = visitor.client.post(f"/boxes/{box}/file", data=form, files=sent, follow_redirects=False)
    assert answer.status_code == 303
    waiting = world.ask(lambda session, actor: racks.waiting(session, actor, box))
    assert [(each.name, each.source) for each in waiting] == [("scan.txt", "upload")]


def _csrf(visitor: Visitor) -> str:
    from biobank import web

    return web.csrf_token(visitor.secret)


def test_what_a_file_says_is_never_read_as_markup(world: World, visitor: Visitor) -> None:
    box = rack(world)
    of_plate(world, {(0, 0): "x><b>x</b>", (0, 1): "<i>"})
    page = visitor.get(f"/boxes/{box}/file").text
    assert "unknown: 2" in page
    assert "<b>x" not in page
    assert "<i>" not in page
    assert "&lt;i&gt;" in page


def test_the_only_waiting_file_is_shown_and_can_be_set_aside(world: World, visitor: Visitor) -> None:
    box = rack(world)
    tubes(world, CODES)
    file = of_plate(world, plate(CODES), source="folder")
    page = visitor.get(f"/boxes/{box}/file").text
    assert "Confirm 6 tubes" in page
    other = of_plate(world, plate(CODES[:2]))
    page = visitor.get(f"/boxes/{box}/file").text
    assert str(file.id) in page
    assert str(other.id) in page
    for each in (file, other):
        page = _go(visitor, f"/boxes/{box}/file/set-aside", {"file": str(each.id)})
    assert "No file waits for this box" in page
    assert visitor.post(f"/boxes/{box}/file/set-aside", {"file": "x"}).status_code == 400


def test_the_bench_opens_a_box_beside_its_file_only_where_tubes_are_stored(
    world: World, visitor: Visitor
) -> None:
    box = rack(world)
    assert "data-leads" not in visitor.scan(box, "store")
    of_plate(world, plate(CODES))
    assert f'data-leads="/boxes/{box}/file"' in visitor.scan(box, "store")
    assert f'data-leads="/boxes/{box}/file"' in visitor.scan(RACK, "store")
    assert "data-leads" not in visitor.scan(box, "lookup")


def test_a_turned_rack_is_asked_about_before_anything_is_written(world: World, visitor: Visitor) -> None:
    box = rack(world)
    tubes(world, CODES)
    confirm(world, box, of_plate(world, plate(CODES)))
    file = of_plate(world, {(7 - row, 11 - col): code for (row, col), code in plate(CODES).items()})
    page = visitor.get(f"/boxes/{box}/file").text
    assert "turned by half a circle" in page
    told = {"file": str(file.id), "wells": _ticked(page)}
    assert visitor.post(f"/boxes/{box}/file/confirm", told).status_code == 422
    page = visitor.get(f"/boxes/{box}/file?file={file.id}&turned=true").text
    assert "in its place: 6" in page
    told = {"file": str(file.id), "wells": _ticked(page), "turned": _hidden(page, "turned")}
    assert "Seen in their places: 6." in _go(visitor, f"/boxes/{box}/file/confirm", told)


def test_the_guess_can_be_overruled_on_the_page(world: World, visitor: Visitor) -> None:
    box, ours = rack(world), tubes(world, CODES)
    lines = "\n".join(f"A{n},{RACK},H{n},{code},x{code}" for n, code in enumerate(CODES, 1))
    page = _go(visitor, f"/boxes/{box}/file", {"text": lines, "rack_code": RACK})
    file = _hidden(page, "file")
    page = visitor.get(f"/boxes/{box}/file?file={file}&position=3&tube=4").text
    assert _ticked(page) == [f"H{n}" for n in range(1, 7)]
    told = {"file": file, "wells": _ticked(page), "position": "3", "tube": "4"}
    _go(visitor, f"/boxes/{box}/file/confirm", told)
    assert slots(world, box)["H1"] == ours[CODES[0]]
    page = visitor.get(f"/boxes/{box}/file?file={file}&profile=visionmate").text
    assert "is not written as" in page


def test_absent_tubes_ask_for_a_reason_on_the_page(world: World, visitor: Visitor) -> None:
    box, ours = rack(world), tubes(world, CODES)
    confirm(world, box, of_plate(world, plate(CODES)))
    file = of_plate(world, plate(CODES[:5]))
    page = visitor.get(f"/boxes/{box}/file").text
    assert "1 tube stored here is not in the file" in page
    told = {"file": str(file.id), "wells": _ticked(page)}
    assert visitor.post(f"/boxes/{box}/file/confirm", told).status_code == 422
    page = _go(visitor, f"/boxes/{box}/file/confirm", {**told, "absent_reason": "left_out"})
    assert "Tasks made: 1." in page
    assert slots(world, box)["A6"] == ours[CODES[5]]


def test_unknown_tubes_are_registered_on_the_page(world: World, visitor: Visitor) -> None:
    box, parents = rack(world), [world.blood(world.visit(name)) for name in ("D-001", "D-002")]
    file = of_plate(world, plate(CODES))
    page = visitor.get(f"/boxes/{box}/file").text
    assert "Register the unknown tubes" in page
    told = {
        "file": str(file.id),
        "scheme": "micronic",
        "parent": [*parents, ""],
        "wells": ["A1-A4", "A5-A6", ""],
        "amount": ["200 uL", "100 uL", ""],
    }
    page = _go(visitor, f"/boxes/{box}/file/register", told)
    assert "Stored: 6." in page
    assert len(slots(world, box)) == 6
    assert world.unproved() == []


@pytest.mark.browser
def test_a_rack_of_96_tubes_is_stored_by_one_scan_and_one_click(tab: Tab) -> None:
    world = tab.site.world
    codes = [*next(each.values() for each in plates().values() if len(each) == 95), "0999999999"]
    box, ours = rack(world), tubes(world, codes)
    of_plate(world, plate(codes), source="folder")
    tab.sign_in()
    tab.open("/bench?mode=store")
    tab.scan(box)
    tab.page.get_by_role("button", name="Confirm 96 tubes").click()
    tab.page.get_by_text("Stored: 96.").wait_for()
    assert len(slots(world, box)) == 96 == len(ours)
    assert tab.complaints == []


@pytest.mark.browser
def test_a_file_is_chosen_in_the_browser(tab: Tab, tmp_path: Path) -> None:
    world = tab.site.world
    box = rack(world)
    tubes(world, CODES)
    file = tmp_path / "scan.txt"
    file.write_bytes(visionmate(RACK, plate(CODES)))
    tab.sign_in()
    tab.open(f"/boxes/{box}/file")
    tab.page.get_by_label("File of the rack scanner").set_input_files(file)
    tab.page.get_by_role("button", name="Look at it").first.click()
    tab.page.get_by_role("button", name="Confirm 6 tubes").click()
    tab.page.get_by_text("Stored: 6.").wait_for()
    assert len(slots(world, box)) == 6
    assert tab.complaints == []


@pytest.mark.browser
def test_the_done_card_confirms_a_rack(tab: Tab) -> None:
    world = tab.site.world
    box = rack(world)
    tubes(world, CODES)
    of_plate(world, plate(CODES))
    tab.sign_in()
    tab.open(f"/boxes/{box}/file")
    tab.scan(Card.DONE.value)
    tab.page.get_by_text("Stored: 6.").wait_for()
    assert len(slots(world, box)) == 6
    assert tab.complaints == []
