"""The pages of labels without a script: chosen, looked at, printed, scanned on their tubes, replaced."""

import re

import pytest

from biobank import clock, codes
from biobank.codes import CodeKind
from biobank.printing import printers
from biobank.printing.printers import PrinterOrder
from biobank.tables import PrinterLanguage
from tests.pages.visitor import Visitor, outcome, visit
from tests.printing.fake_printer import FakePrinter
from tests.printing.ordering import entered, ordered, sent
from tests.world import MANAGER, OUTSIDER, World

JOB = re.compile(r"/labels/jobs/([0-9a-f-]{36})")
HERMA = {"printer": "", "stock": "herma-4100"}


@pytest.fixture
def visitor(sqlite_world: World) -> Visitor:
    """A technician."""
    return visit(sqlite_world)


def enter(world: World, name: str = "Zebra", stock: str = "roll-33x13") -> None:
    """A printer that nobody sends anything to, since no spooler runs here."""
    order = PrinterOrder(
        name=name, site="BJ", language=PrinterLanguage.ZPL, address="printer.test.example", stock=stock
    )
    world.act(lambda session, actor: printers.enter(session, actor, order), person=MANAGER)


def print_pdf(visitor: Visitor, tubes: list[str], **more: str) -> str:
    """Labels as a PDF; the address of their job."""
    answer = visitor.post("/labels/print", {**HERMA, "codes": tubes, **more})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


def scan(visitor: Visitor, to: str, code: str, source: str = "scan") -> str:
    told = {"scan": code, "mode": "lookup", "source": source, "corrected": "false"}
    answer = visitor.post(to, told)
    assert answer.status_code == 200, answer.text
    return answer.text


# --- choosing ---


def test_the_page_tells_what_will_be_printed_and_what_it_reads_as(
    sqlite_world: World, visitor: Visitor
) -> None:
    tube = sqlite_world.tubes(1)[0]
    page = visitor.get(f"/labels/print?codes={tube}").text
    assert "Print 1 label" in page
    assert f"reads as {codes.grouped(tube)}" in page
    assert 'width="30.48mm"' in page
    assert 'src="data:' in page or 'href="data:image/png;base64,' in page
    assert 'data-skip="0"' in page


def test_a_code_that_nobody_knows_is_said_where_it_can_be_taken_out(visitor: Visitor) -> None:
    unknown = codes.new_code(CodeKind.SPECIMEN)
    page = visitor.get(f"/labels/print?codes={unknown}")
    assert page.status_code == 200
    assert "There is no specimen" in page.text
    assert re.search(rf"<textarea[^>]*>{unknown}</textarea>", page.text)
    for odd in ("SM9S346Q36", "X000000001", "<b>", "C" * 40):
        assert visitor.get("/labels/print", **{"x-codes": odd}).status_code == 200
        answer = visitor.post("/labels/print/look", {"codes": odd})
        assert answer.status_code == 200
        assert "<b>" not in answer.text.split("<textarea", 1)[1].split("</textarea>")[0]
    assert visitor.post("/labels/print", {"codes": ""}).status_code in (400, 422)


def test_looking_prints_nothing_and_shows_the_sheet_from_where_it_begins(
    sqlite_world: World, visitor: Visitor
) -> None:
    tubes = sqlite_world.tubes(3)
    told = {**HERMA, "codes": tubes, "skip": "94", "copies": "2"}
    page = visitor.post("/labels/print/look", told).text
    assert "Print 6 labels" in page
    assert (page.count('class="used"'), page.count('class="next"'), page.count('class="free"')) == (94, 2, 0)
    assert "and 1 further sheet" in page
    assert "Nothing was printed yet." in visitor.get("/labels/jobs?all").text


def test_stock_that_does_not_hold_on_frost_is_said_of_a_frozen_tube(
    sqlite_world: World, visitor: Visitor
) -> None:
    tube = sqlite_world.tubes(1)[0]
    page = visitor.post("/labels/print/look", {**HERMA, "codes": tube, "frozen": "true"}).text
    assert "is not made for frosted tubes" in page


# --- printing ---


@pytest.mark.parametrize("everything", [True, False])
def test_labels_are_printed_without_a_script_and_saved_from_their_job(
    world: World, *, everything: bool
) -> None:
    visitor, tubes = visit(world), world.tubes(3)
    job = print_pdf(visitor, tubes if everything else tubes[:1])
    page = visitor.get(job).text
    assert "Save the PDF" in page
    assert page.count(">printed</span></td>") == (3 if everything else 1)
    pdf = visitor.get(f"{job}/pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert visitor.get(f"{job}/pdf").content == pdf.content
    assert visitor.get(f"{job}/inventory").content.startswith(b"%PDF")
    assert visit(world, OUTSIDER).get(job).status_code == 404
    assert visit(world, OUTSIDER).get(f"{job}/pdf").status_code == 404
    assert world.unproved() == []


def test_a_second_label_needs_a_reason_that_the_page_asks_for(sqlite_world: World, visitor: Visitor) -> None:
    tube = sqlite_world.tubes(1)[0]
    print_pdf(visitor, [tube])
    page = visitor.get(f"/labels/print?codes={tube}").text
    assert "There is a label of 1 of these already:" in page
    assert '<option value="torn">Torn</option>' in page
    refused = visitor.post("/labels/print", {**HERMA, "codes": tube})
    assert refused.status_code == 422
    print_pdf(visitor, [tube], reason="torn")
    scan(visitor, "/labels/scans", tube)
    assert "only a manager prints another one" in visitor.get(f"/labels/print?codes={tube}").text
    assert visitor.post("/labels/print", {**HERMA, "codes": tube, "reason": "torn"}).status_code == 403


def test_what_waits_for_a_printer_is_stopped_and_never_printed(sqlite_world: World, visitor: Visitor) -> None:
    enter(sqlite_world)
    tubes = sqlite_world.tubes(2)
    told = {"printer": "Zebra", "stock": "herma-4100", "skip": "3", "codes": tubes}
    job = visitor.post("/labels/print", told).headers["location"]
    page = visitor.get(job).text
    assert 'hx-trigger="every 2s"' in page
    assert "Zebra · Roll 33 x 13 mm" in page
    listed = visitor.get("/labels/jobs").text
    assert job in listed
    assert "Roll 33 x 13 mm" in listed
    assert "1 job waits" in visitor.get("/printers").text
    assert visitor.post(f"{job}/stop", {}).headers["location"] == job
    assert ">stopped</span>" in visitor.get(job).text
    assert visitor.post(f"{job}/retry", {}).status_code == 303
    assert visitor.post(f"{job}/stop", {}).status_code == 303
    assert visitor.post(f"{job}/void", {}).status_code == 303
    assert visitor.get(job).text.count(">void</span>") == 2
    assert visitor.post(f"{job}/answer", {"came_out_to": "1"}).status_code == 422
    assert sqlite_world.unproved() == []


def test_a_job_behind_one_that_its_printer_did_not_take_says_why_it_waits(
    sqlite_world: World, visitor: Visitor
) -> None:
    tubes = sqlite_world.tubes(2)
    with FakePrinter() as fake:
        entered(sqlite_world, fake, "Zebra")
        with fake.away():
            sent(sqlite_world, ordered(sqlite_world, tubes[:1], "Zebra"))
        behind = visitor.post("/labels/print", {"printer": "Zebra", "codes": tubes[1]}).headers["location"]
    assert "This printer did not take its last job." in visitor.get(behind).text


def test_a_job_that_asks_stands_on_the_first_page_until_somebody_answers(
    sqlite_world: World, visitor: Visitor
) -> None:
    with FakePrinter() as fake:
        fake.resets_after = 6000
        entered(sqlite_world, fake, "Zebra")
        asking = sent(sqlite_world, ordered(sqlite_world, sqlite_world.tubes(6), "Zebra"))
    assert "Which labels came out of the printer?" in visitor.get(f"/labels/jobs/{asking.id}").text
    assert 'href="/labels/jobs"' in visitor.get("/").text
    assert asking.question
    answer = {"came_out_to": str(asking.question.last)}
    assert visitor.post(f"/labels/jobs/{asking.id}/answer", answer).status_code == 303
    assert 'href="/labels/jobs"' not in visitor.get("/").text


def test_labels_of_containers_and_cards_are_chosen_by_their_codes(
    sqlite_world: World, visitor: Visitor
) -> None:
    from biobank.labels.cards import Card

    for code, said in ((sqlite_world.boxes()[0], "boxes"), (Card.UNDO.value, "command cards")):
        page = visitor.get(f"/labels/print?codes={code}").text
        assert f'<span class="badge">{said}</span>' in page
        assert f"reads as {codes.grouped(code)}" in page
        assert visitor.post("/labels/print", {"printer": "", "codes": code}).status_code == 303


# --- scanning ---


def test_a_label_leaves_the_list_when_it_is_scanned_on_its_tube(world: World) -> None:
    visitor, tubes = visit(world), world.tubes(2)
    print_pdf(visitor, tubes)
    assert "labels to be stuck on" in visitor.get("/").text
    assert outcome(scan(visitor, "/labels/scans", tubes[0], "typed")) == "notice"
    first = scan(visitor, "/labels/scans", tubes[0])
    assert outcome(first) == "ok"
    assert "1 to go" in first
    assert f'href="/specimens/{tubes[1]}"' in first
    assert outcome(scan(visitor, "/labels/scans", tubes[0])) == "notice"
    assert outcome(scan(visitor, "/labels/scans", tubes[1])) == "done"
    assert outcome(scan(visitor, "/labels/scans", "SM9S346Q36")) == "stop"
    assert "Every label that was printed was scanned" in visitor.get("/labels/waiting").text
    assert "labels to be stuck on" not in visitor.get("/").text
    assert world.unproved() == []


def test_a_label_that_is_lost_is_not_to_be_used(sqlite_world: World, visitor: Visitor) -> None:
    print_pdf(visitor, sqlite_world.tubes(1))
    key = re.findall(r'name="labels" value="([0-9a-f-]{36})"', visitor.get("/labels/waiting").text)
    assert visitor.post("/labels/void", {"labels": key, "reason": "lost"}).status_code == 303
    assert 'name="labels"' not in visitor.get("/labels/waiting").text
    assert sqlite_world.unproved() == []


def test_cards_and_containers_do_what_they_do_elsewhere(sqlite_world: World, visitor: Visitor) -> None:
    from biobank.labels.cards import Card

    assert 'data-leads="/bench?mode=store"' in scan(visitor, "/labels/scans", Card.STORE.value)
    assert 'data-leads="/bench"' in scan(visitor, "/labels/scans", Card.DONE.value)
    assert outcome(scan(visitor, "/labels/scans", Card.UNDO.value)) == "notice"
    assert outcome(scan(visitor, "/labels/scans", Card.ACKNOWLEDGE.value)) == "notice"
    assert outcome(scan(visitor, "/labels/scans", codes.new_code(CodeKind.BADGE))) == "notice"
    box = sqlite_world.boxes()[0]
    assert f'data-leads="/containers/{box}"' in scan(visitor, "/labels/scans", box)


# --- replacing ---


def test_a_replaced_label_waits_for_its_own_scan_and_no_other(world: World) -> None:
    visitor = visit(world)
    old, other = world.tubes(2)
    assert f'action="/specimens/{old}/label"' in visitor.scan(old)
    command = str(clock.new_key())
    to = visitor.post(f"/specimens/{old}/label", {"reason": "faded", "next": "/bench?box=1"}, command).headers
    again = visitor.post(f"/specimens/{old}/label", {"reason": "faded", "next": "/bench?box=1"}, command)
    assert again.headers["location"] == to["location"]
    page = visitor.get(to["location"]).text
    new = to["location"].split("/")[2]
    assert "Scan the new label on the tube." in page
    assert 'href="/bench?box=1"' in page
    assert "data-save-now" in page
    scans = f"/specimens/{new}/label/scans"
    assert "This is another tube" in scan(visitor, scans, other)
    assert "This is the old label" in scan(visitor, scans, old)
    assert outcome(scan(visitor, scans, new)) == "done"
    assert "The new label is on the tube." in visitor.get(to["location"]).text
    assert visitor.get(f"/specimens/{old}").status_code == 200
    assert visitor.post(f"/specimens/{new}/label", {"reason": "because"}).status_code in (400, 422)
    assert visit(world, OUTSIDER).get(f"/specimens/{new}/label").status_code == 404
    assert world.unproved() == []


def test_a_visit_prints_all_that_lacks_a_label_by_one_click(sqlite_world: World, visitor: Visitor) -> None:
    at = sqlite_world.visit()
    tube = sqlite_world.blood(at)
    page = visitor.get(f"/visits/{at}").text
    assert "Print 1 label" in page
    assert f'<input type="hidden" name="codes" value="{tube}">' in page
    enter(sqlite_world)
    assert visitor.post("/labels/print", {"codes": tube, "printer": "Zebra"}).status_code == 303
    assert "Print 1 label" not in visitor.get(f"/visits/{at}").text
