"""Printers, their jobs, stocks and layouts over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.api.program import Program, rows
from tests.printing.fake_printer import FakePrinter
from tests.printing.ordering import entered, sent
from tests.world import MANAGER, OUTSIDER

ZEBRA = {
    "name": "Zebra 1",
    "site": "BJ",
    "language": "zpl",
    "address": "printer.test",
    "stock": "roll-33x13",
    "dpi": 203,
}


def test_a_printer_is_entered_changed_calibrated_and_ended_by_an_administrator(program: Program) -> None:
    assert program.post("/printers", ZEBRA).json()["title"] == "not_allowed"
    made = program.made("/printers", ZEBRA, person=MANAGER)
    assert (made["port"], made["waiting"], made["fault"]) == (9100, 0, "")
    assert program.told("/printers") == [made]
    assert program.told("/printers", person=OUTSIDER) == []
    same = program.post("/printers", ZEBRA, person=MANAGER)
    assert (same.status_code, same.json()["title"]) == (422, "printer_exists")
    changed = program.made("/printer-changes", {**ZEBRA, "printer": made["id"], "dpi": 300}, person=MANAGER)
    assert changed["dpi"] == 300
    out = {"printer": made["id"], "offset_x_um": 300, "offset_y_um": -200}
    moved = program.made("/printer-calibrations", out, person=MANAGER)
    assert (moved["offset_x_um"], moved["offset_y_um"]) == (300, -200)
    assert program.made("/printer-ends", {"printer": made["id"]}, person=MANAGER)["ended_at"]
    assert program.told("/printers") == []
    assert len(program.told("/printers", ended="true")) == 1


@pytest.mark.parametrize(
    ("wrong", "slug"),
    [
        ({"port": 22}, "literal_error"),
        ({"port": 631}, "printer_port"),
        ({"address": ""}, "printer_address_needed"),
        ({"address": "printer.test:25"}, "printer_address"),
        ({"language": "pdf"}, "printer_queue_needed"),
        ({"language": "pdf", "queue": "-h evil"}, "printer_queue"),
        ({"stock": "paper"}, "stock_unknown"),
    ],
)
def test_only_addresses_of_printers_are_entered(
    sqlite_program: Program, wrong: dict[str, Any], slug: str
) -> None:
    before = rows(sqlite_program.world)
    answer = sqlite_program.post("/printers", {**ZEBRA, **wrong}, person=MANAGER)
    told = answer.json()
    assert slug in {told["title"], *(each["title"] for each in told.get("errors", []))}
    assert rows(sqlite_program.world) == before


def test_a_job_of_a_printer_waits_and_is_stopped_printed_on_and_given_up(program: Program) -> None:
    program.made("/printers", ZEBRA, person=MANAGER)
    tubes = program.world.tubes(3)
    order, key = {"codes": tubes, "printer": "Zebra 1"}, uuid4()
    answer = program.post("/labels", order, key=key)
    assert answer.status_code == 202
    made = answer.json()
    assert (made["printer"], made["total"], made["stock"]) == ("Zebra 1", 3, "roll-33x13")
    assert program.post("/labels", order, key=key).json() == made
    at, job = f"/print-jobs/{made['job']}", {"job": made["job"]}
    card = program.told(at, limit=2)
    assert [line["code"] for line in card["labels"]] == tubes[:2]
    assert [line["code"] for line in program.told(at, after=card["next"])["labels"]] == tubes[2:]
    assert program.get(f"{at}/document").json()["title"] == "print_job_of_printer"
    assert [each["id"] for each in program.told("/print-jobs", under_way="true")["items"]] == [made["job"]]
    assert program.made("/print-job-stops", job)["state"] == "stopped"
    assert program.told("/print-jobs", under_way="true")["items"] == []
    assert program.made("/print-job-retries", job)["state"] == "queued"
    assert program.made("/print-job-voids", {**job, "serials": [2]})["counts"]["void"] == 1
    nothing = program.post("/print-job-answers", {**job, "came_out_to": 1})
    assert nothing.json()["title"] == "print_job_asks_nothing"
    assert program.made("/print-job-voids", job)["counts"] == {
        **dict.fromkeys(("queued", "sent", "printed", "applied"), 0),
        "void": 3,
    }
    assert program.get(at, person=OUTSIDER).status_code == 404
    assert program.post("/print-job-stops", job, person=OUTSIDER).status_code == 404
    other = program.post("/labels", {**order, "stock": "herma-4100"})
    assert other.json()["title"] == "printer_other_stock"
    assert program.world.unproved() == []


def test_a_job_has_a_sheet_to_work_by(sqlite_program: Program) -> None:
    sqlite_program.post("/labels", {"codes": sqlite_program.world.tubes(2)})
    (job,) = sqlite_program.told("/print-jobs")["items"]
    sheet = sqlite_program.get(f"/print-jobs/{job['id']}/inventory.pdf")
    assert sheet.content.startswith(b"%PDF")


def test_a_stock_is_copied_measured_and_printed_on(program: Program) -> None:
    known = {row["stock"]["code"]: row["stock"] for row in program.told("/label-stocks", of="specimen")}
    mine = {**known["herma-4100"], "code": "ours", "name": "Ours", "top": 18.0}
    assert program.post("/label-stocks", mine).json()["title"] == "not_allowed"
    assert program.made("/label-stocks", mine, person=MANAGER)["own"]
    changed = {**mine, "left": 7.0}
    assert program.made("/label-stock-changes", changed, person=MANAGER)["stock"]["left"] == 7.0
    assert program.post("/labels", {"codes": program.world.tubes(1), "stock": "ours"}).status_code == 200
    used = program.post("/label-stock-changes", mine, person=MANAGER)
    assert (used.status_code, used.json()["title"]) == (422, "label_code_used")
    assert program.get("/label-stocks/ours/ruler.pdf", offset_x_um=500).content.startswith(b"%PDF")
    assert program.made("/label-stock-ends", {"stock": "ours"}, person=MANAGER)["ended"]
    assert "ours" not in {row["stock"]["code"] for row in program.told("/label-stocks")}
    assert program.told("/label-stocks", ended="true")[0]["stock"] == changed
    shipped = program.post("/label-stock-ends", {"stock": "herma-4100"}, person=MANAGER)
    assert (shipped.status_code, shipped.json()["title"]) == (404, "not_of_the_lab")


@pytest.mark.parametrize(
    ("wrong", "slug"),
    [
        ({"pitch_x": 5.0}, "stock_overlaps"),
        ({"left": 60.0}, "stock_off_page"),
        ({"width": "wide"}, "unreadable"),
        ({"glue": "strong"}, "unreadable"),
        ({"code": "herma-4100"}, "label_code_taken"),
    ],
)
def test_a_stock_that_cannot_be_is_refused(sqlite_program: Program, wrong: dict[str, Any], slug: str) -> None:
    rows_of = sqlite_program.told("/label-stocks")
    one = next(row["stock"] for row in rows_of if row["stock"]["code"] == "herma-4100")
    answer = sqlite_program.post("/label-stocks", {**one, "code": "ours", **wrong}, person=MANAGER)
    assert (answer.status_code in (400, 422), answer.json()["title"]) == (True, slug)


def test_a_layout_is_copied_changed_and_printed_in(program: Program) -> None:
    known = {row["layout"]["code"]: row["layout"] for row in program.told("/label-layouts", of="specimen")}
    mine = {**known["specimen"], "code": "ours", "name": "Ours"}
    assert program.made("/label-layouts", mine, person=MANAGER)["own"]
    smaller = {**mine, "name": "Ours, smaller"}
    assert program.made("/label-layout-changes", smaller, person=MANAGER)["layout"]["name"] == smaller["name"]
    tubes = program.world.tubes(1)
    assert program.post("/labels", {"codes": tubes, "layout": "ours"}).status_code == 200
    assert program.post("/label-layout-changes", mine, person=MANAGER).json()["title"] == "label_code_used"
    assert program.made("/label-layout-ends", {"layout": "ours"}, person=MANAGER)["ended"]
    gone = program.post("/labels", {"codes": tubes, "layout": "ours", "reason": "other"})
    assert gone.json()["title"] == "layout_unknown"
    hostile = {**mine, "code": "other", "script": "{{ 7*7 }}"}
    assert program.post("/label-layouts", hostile, person=MANAGER).status_code == 400


def test_a_job_that_asks_says_what_it_asks_and_is_answered(program: Program) -> None:
    tubes = program.world.tubes(3)
    with FakePrinter() as fake:
        entered(program.world, fake)
        made = program.post("/labels", {"codes": tubes, "printer": "Bench 1"}).json()
        fake.resets_after = 5
        sent(program.world, UUID(made["job"]))
        card = program.told(f"/print-jobs/{made['job']}")
        assert card["state"] == "asking"
        assert (card["question"]["first"], card["question"]["last"]) == (1, 3)
        assert card["fault"]["slug"] == "printer_broke_off"
        waits = program.post("/print-job-retries", {"job": made["job"]})
        assert waits.json()["title"] == "print_job_asks"
        far = program.post("/print-job-answers", {"job": made["job"], "came_out_to": 4})
        assert (far.json()["title"], far.json()["field"]) == ("came_out_range", "came_out_to")
        answer = {"job": made["job"], "came_out_to": 2, "again": False}
        answered = program.made("/print-job-answers", answer)
        assert (answered["state"], answered["counts"]["printed"]) == ("stopped", 2)
        assert [each["code"] for each in program.told("/waiting-labels")["items"]] == tubes[:2]
    assert program.world.unproved() == []
