"""Pages on which boxes of an audit are counted from paper, and by the files of rack scanners."""

import re
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pypdfium2
import pytest
from sqlmodel import select

from biobank import audits, clock, web
from biobank.tables import AuditScan, RackFile, Result, ScanSource
from tests.audits.auditing import begun, results
from tests.pages.visitor import Visitor, outcome, visit
from tests.racks.benches import RACK, confirm, of_plate, plate, rack, tubes
from tests.racks.dialects import Plate, fluidx
from tests.world import MANAGER, OUTSIDER, World

BARE = [f"01086865{number}" for number in range(90, 96)]


@pytest.fixture
def manager(world: World) -> Visitor:
    return visit(world, MANAGER)


# --- paper ---


def lines(world: World, audit: UUID, box: str) -> dict[str, str]:
    """The codes of the lines of a sheet, by slot."""
    (told,) = world.ask(lambda s, a: list(audits.paper_of(s, a, audit, [box])[1]), MANAGER)
    return {line.slot: audits.line_code(told.position, line.number) for line in told.lines}


def texts(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


def test_sheets_are_printed_of_all_boxes_or_of_one_in_the_language_asked_for(
    world: World, manager: Visitor
) -> None:
    box, other, third = world.boxes()
    world.put(box, world.tubes(3))
    audit = begun(world)
    every = manager.get(f"/audits/{audit}/sheet.pdf")
    assert every.headers["content-type"] == "application/pdf"
    assert len(texts(every.content)) == 6
    one = texts(manager.get(f"/audits/{audit}/sheet.pdf?box={other}&language=en").content)
    assert len(one) == 2
    assert "Box 2" in one[0]
    two = texts(manager.get(f"/audits/{audit}/sheet.pdf?box={other},{third}&language=zh_Hans").content)
    assert len(two) == 4
    assert "日期" in two[0]
    assert manager.get(f"/audits/{audit}/sheet.pdf?language=xx").status_code == 400
    assert visit(world, OUTSIDER).get(f"/audits/{audit}/sheet.pdf").status_code == 404


def test_a_sheet_is_chosen_by_a_scan_entered_and_said_what_it_came_to(world: World, manager: Visitor) -> None:
    box, *_ = world.boxes()
    stored = world.tubes(3)
    world.put(box, stored)
    audit = begun(world)
    at = f"/audits/{audit}/paper"
    codes = lines(world, audit, box)
    assert f'href="{at}?box={box}"' in manager.get(at).text
    for scanned in (box, codes["C3"]):
        answer = manager.post(f"{at}/scans", {"scan": scanned})
        assert f'data-leads="{at}?box={box}"' in answer.text
    assert outcome(manager.post(f"{at}/scans", {"scan": stored[0]}).text) == "stop"
    page = manager.get(f"{at}?box={box}").text
    assert "left: 81" in page
    told = {"box": box, "entries": f"{codes['A1']}\r\n{codes['A2']}\r\n{stored[2]}\r\nnowhere"}
    looked = manager.post(f"{at}/look", told).text
    assert "as it should be: 1" in looked
    assert "otherwise: 1" in looked
    assert "line 4" in looked
    assert results(world, audit) == dict.fromkeys(stored)
    minute = clock.now().astimezone(ZoneInfo("Asia/Shanghai")) + timedelta(minutes=1)
    when = {"occurred": minute.strftime("%Y-%m-%dT%H:%M")}
    assert manager.post(at, {**told, **when}).status_code == 400
    told["entries"] = f"{codes['A1']}\r\n{codes['A2']}\r\n{stored[2]}"
    kept = manager.post(at, {**told, **when})
    assert kept.headers["location"] == f"{at}?of={box}&left=2&box={box}"
    assert "2 lines are kept" in manager.get(kept.headers["location"]).text
    done = manager.post(at, {"box": box, "entries": "", "rest_absent": "true", **when})
    assert done.headers["location"] == f"{at}?of={box}&found=1&missing=1&other=1"
    page = manager.get(done.headers["location"]).text
    assert "found 1, missing 1, otherwise 1." in page
    assert f'href="{at}?box={box}"' not in page
    assert "This box is counted" in manager.get(f"{at}?box={box}").text
    seen = world.ask(lambda s, _: list(s.exec(select(AuditScan)).all()), MANAGER)
    assert {(scan.source, scan.scanned_at) for scan in seen} == {
        (ScanSource.PAPER, minute.replace(second=0, microsecond=0))
    }
    assert world.unproved() == []


def test_what_is_written_on_a_sheet_is_never_read_as_markup(world: World, manager: Visitor) -> None:
    box, *_ = world.boxes()
    world.put(box, world.tubes(1))
    audit = begun(world)
    told = {"box": box, "entries": "A1 <b>x</b>\nA2 ?\n<i>"}
    looked = manager.post(f"/audits/{audit}/paper/look", told).text
    assert "<b>x" not in looked
    assert "&lt;b&gt;x" in looked
    assert "<i>" not in looked


# --- files ---


def stored(world: World, *boxes: str, count: int = 6) -> None:
    """So many tubes with codes of a manufacturer in the first slots of each rack."""
    for at, box in enumerate(boxes):
        codes = [f"{box}-{number}" for number in range(count)]
        tubes(world, codes, f"D-10{at}")
        confirm(world, box, of_plate(world, plate(codes), box))


def sent(
    visitor: Visitor, audit: UUID, *files: tuple[str, bytes], command: str = "", **more: str
) -> httpx.Response:
    form = {"csrf": web.csrf_token(visitor.secret), "command": command or str(clock.new_key()), **more}
    parts = [("file", (name, data, "text/plain")) for name, data in files]
    return visitor.client.post(f"/audits/{audit}/files", data=form, files=parts or {"file": ("", b"")})


def wells(box: str, count: int = 6) -> Plate:
    return plate([f"{box}-{number}" for number in range(count)])


def turned(told: Plate) -> Plate:
    return {(7 - row, 11 - column): code for (row, column), code in told.items()}


def test_many_files_are_counted_at_once_each_in_the_box_that_it_names(world: World, manager: Visitor) -> None:
    first, second, third = (rack(world, f"FX1234567{number}") for number in range(3))
    stored(world, first, second, third)
    tubes_of = begun(world, container=None, study="DEMO", site="BJ")
    lacking = {place: code for place, code in wells(first).items() if place != (0, 2)}
    files = (
        ("one.csv", fluidx("FX12345670", lacking)),
        ("two.csv", fluidx("FX12345671", turned(wells(second)))),
        ("three.csv", fluidx("NOBODYS", wells(third))),
        ("four.csv", b"no file of a scanner"),
    )
    command = str(clock.new_key())
    page = sent(manager, tubes_of, *files, command=command).text
    assert "What came of 4 files" in page
    assert "Found: 5" in page
    assert "Missing tube: 1" in page
    assert "turned by half a circle" in page
    assert "No box of yours bears the code" in page
    rows = dict(re.findall(r"<td>(\w+\.csv)</td>\s+<td>(.*?)</td>", page))
    assert rows["two.csv"] == rows["three.csv"] == rows["four.csv"] == "–"
    # The same form again, as a browser sends it after a reload: no file is counted twice.
    assert sent(manager, tubes_of, *files, command=command).text.count("Found: 5") == 1
    kept = world.ask(lambda s, _: len(s.exec(select(RackFile.id)).all()), MANAGER)
    assert kept == 3 + 1
    content = dict(
        re.findall(
            r'name="name" value="(\w+\.csv)"><input type="hidden" name="content" value="([^"]+)"', page
        )
    )
    assert set(content) == {"two.csv", "three.csv"}
    again = sent(manager, tubes_of, name="two.csv", content=content["two.csv"], turned="true").text
    assert "Found: 6" in again
    again = sent(manager, tubes_of, name="three.csv", content=content["three.csv"], rack="FX12345672").text
    assert "The file is of rack NOBODYS" in again
    page = sent(manager, tubes_of, ("three.csv", fluidx("FX12345672", wells(third)))).text
    assert "Every box is counted." in page
    assert list(results(world, tubes_of).values()).count(Result.FOUND) == 17
    assert world.unproved() == []


def test_a_file_for_a_box_that_is_counted_or_of_no_audit_says_so(world: World, manager: Visitor) -> None:
    box, other = rack(world), rack(world, "FX99999999")
    stored(world, box, other)
    audit = begun(world, container=box)
    assert "Found: 6" in sent(manager, audit, ("a.csv", fluidx(RACK, wells(box)))).text
    page = sent(
        manager, audit, ("a.csv", fluidx(RACK, wells(box))), ("b.csv", fluidx("FX99999999", wells(other)))
    ).text
    assert "This box is counted" in page
    assert "is no part of this audit" in page
    assert sent(visit(world, OUTSIDER), audit, ("a.csv", b"x")).status_code == 404
    assert sent(manager, audit).status_code == 200
