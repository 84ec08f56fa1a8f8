"""Labels over HTTP: printed, looked at, scanned on their tubes, replaced."""

from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image

from biobank.codes import CodeKind, new_code
from biobank.labels.cards import Card
from biobank.labels.shapes import Of
from tests.api.program import Program, rows
from tests.world import MANAGER, OUTSIDER


def test_a_label_is_printed_scanned_on_its_tube_and_counted(program: Program) -> None:
    tubes = program.world.tubes(2)
    order, key = {"codes": tubes}, uuid4()
    sheet = program.post("/labels", order, key=key)
    assert sheet.headers["content-type"] == "application/pdf"
    assert program.post("/labels", order, key=key).content == sheet.content
    (job,) = program.told("/print-jobs")["items"]
    assert (job["state"], job["done"], job["total"], job["stock"]) == ("done", 2, 2, "herma-4100")
    assert program.get(f"/print-jobs/{job['id']}/document").content == sheet.content
    page = program.told("/waiting-labels", limit=1)
    assert [each["code"] for each in page["items"]] == tubes[:1]
    assert [each["code"] for each in program.told("/waiting-labels", after=page["next"])["items"]] == tubes[
        1:
    ]
    applied = program.made("/label-applications", {"tubes": [tubes[0], tubes[0]]})
    assert [(each["code"], each["label"]) for each in applied] == [(tubes[0], page["items"][0]["label"])]
    assert program.made("/label-applications", {"tubes": [tubes[0]]})[0]["label"] is None
    told = {each["code"]: (each["copies"], each["applied"]) for each in _copies(program, tubes)}
    assert told == {tubes[0]: (1, 1), tubes[1]: (1, 0)}
    (left,) = program.told("/waiting-labels")["items"]
    gone = {"labels": [left["label"]], "reason": "lost"}
    assert [program.made("/label-voids", gone)["count"] for _ in range(2)] == [1, 0]
    assert program.told("/waiting-labels")["items"] == []
    assert program.world.unproved() == []


def _copies(program: Program, codes: list[str]) -> list[dict[str, object]]:
    query = "&".join(f"code={code}" for code in codes)
    return list(program.told(f"/label-copies?{query}"))


def test_one_more_label_needs_a_reason_and_where_one_is_on_the_tube_a_manager(program: Program) -> None:
    (tube,) = program.world.tubes(1)
    again = {"codes": [tube], "reason": "frost"}
    assert program.post("/labels", {"codes": [tube]}).status_code == 200
    assert program.post("/labels", {"codes": [tube]}).json()["title"] == "reprint_reason_needed"
    assert program.post("/labels", again).status_code == 200
    program.made("/label-applications", {"tubes": [tube]})
    before = rows(program.world)
    refused = program.post("/labels", again)
    assert (refused.status_code, refused.json()["title"]) == (403, "reprint_manager_needed")
    assert refused.json()["facts"]["copies"] == 2
    assert rows(program.world) == before
    assert program.post("/labels", again, person=MANAGER).status_code == 200
    assert program.world.unproved() == []


def test_a_label_is_replaced_by_the_slot_and_the_old_code_still_leads_to_the_tube(program: Program) -> None:
    (tube,), box = program.world.tubes(1), program.world.boxes()[0]
    program.world.put(box, [tube], "A1")
    made = program.made("/label-replacements", {"box": box, "slot": "A1", "reason": "frost"})
    assert made["old"] == tube != made["code"]
    assert program.get(f"/print-jobs/{made['job']}/document").content.startswith(b"%PDF")
    found = program.told("/find", code=tube)
    assert (found["code"], found["scheme"], found["retired"]) == (made["code"], "label", True)
    assert found["address"] == f"/api/v1/specimens/{made['code']}"
    empty = program.post("/label-replacements", {"box": box, "slot": "B1", "reason": "frost"})
    assert empty.json()["title"] == "slot_empty_here"
    assert program.post("/label-replacements", {"reason": "torn"}).json()["title"] == "tube_needed"
    assert program.world.unproved() == []


def test_labels_of_caps_containers_cards_and_requests_are_printed(program: Program) -> None:
    (tube,), boxes = program.world.tubes(1), program.world.boxes()
    orders = {
        "/labels": {"codes": [tube], "of": "cap"},
        "/container-labels": {"codes": boxes},
        "/card-labels": {"cards": ["store"]},
    }
    for path, order in orders.items():
        answer = program.post(path, order)
        assert answer.content.startswith(b"%PDF"), (path, answer.text)
    assert [each["of"] for each in program.told("/print-jobs")["items"]] == [Of.CARD, Of.BOX, Of.CAP]
    wrong = program.post("/request-labels", {"code": tube, "text": "Monday"})
    assert wrong.json()["title"] == "code_of_other_kind"
    assert program.post("/container-labels", {"codes": boxes}, person=OUTSIDER).status_code == 404


def test_labels_are_told_in_the_language_of_a_printer_that_nobody_entered(sqlite_program: Program) -> None:
    (tube,) = sqlite_program.world.tubes(1)
    order = {"codes": [tube], "stock": "roll-33x13", "language": "zpl", "dpi": 203}
    answer = sqlite_program.post("/labels", order)
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("^XA")
    (job,) = sqlite_program.told("/print-jobs")["items"]
    card = sqlite_program.told(f"/print-jobs/{job['id']}")
    assert (card["language"], card["dpi"], card["printer"]) == ("zpl", 203, "")
    assert card["labels"][0]["state"] == "printed"


def test_a_label_is_looked_at_before_it_is_printed(sqlite_program: Program) -> None:
    program = sqlite_program
    (tube,) = program.world.tubes(1)
    before = rows(program.world)
    seen = program.made("/label-previews", {"code": tube, "stock": "roll-33x13", "dpi": 203})
    assert (seen["code"], seen["reads_as"], seen["dpi"]) == (tube, tube, 203)
    assert (seen["width_mm"], seen["height_mm"]) == (33, 13)
    picture = program.post("/label-previews/picture", {"code": tube, "stock": "roll-33x13", "dpi": 203})
    assert picture.headers["content-type"] == "image/png"
    assert Image.open(BytesIO(picture.content)).width == pytest.approx(33 / 25.4 * 203, abs=1)
    box, card = program.world.boxes()[0], Card.STORE.value
    for code, stock in ((box, "roll-50x25"), (card, "herma-4100")):
        made = program.made("/label-previews", {"code": code})
        assert (made["reads_as"], made["stock"]) == (code, stock)
    assert program.made("/label-previews", {"code": tube, "cap": True})["layout"].startswith("cap")
    assert program.post("/label-previews", {"code": tube}, person=OUTSIDER).status_code == 404
    assert rows(program.world) == before


def test_labels_that_take_long_are_a_job_that_the_spooler_prints(sqlite_program: Program) -> None:
    from biobank.printing import spooler

    program = sqlite_program
    (tube,) = program.world.tubes(1)
    order = {"codes": [tube] * 26, "copies": 20, "reason": "other", "stock": "avery-l4730"}
    answer = program.post("/labels", order)
    made = answer.json()
    assert (answer.status_code, made["total"]) == (202, 520)
    assert answer.headers["location"] == f"/api/v1/print-jobs/{made['job']}"
    assert program.told(f"/print-jobs/{made['job']}")["counts"]["queued"] == 520
    assert made["total"] > spooler.AT_ONCE
    assert program.made("/print-job-stops", {"job": made["job"]})["state"] == "stopped"
    assert program.world.unproved() == []


def test_a_text_that_does_not_fit_is_refused_and_the_same_command_is_refused_again(
    sqlite_program: Program,
) -> None:
    code, key = new_code(CodeKind.REQUEST), uuid4()
    order = {"code": code, "text": "wide " * 60}
    refused = [sqlite_program.post("/request-labels", order, key=key) for _ in range(2)]
    assert [each.status_code for each in refused] == [422, 422]
    assert refused[0].json()["title"] == refused[1].json()["title"] == "label_text_unfit"
    (job,) = sqlite_program.told("/print-jobs")["items"]
    assert (job["state"], job["fault"]) == ("failed", "label_text_unfit")
    assert sqlite_program.post("/request-labels", {**order, "text": "x" * 1_000_000}).status_code == 400
    assert sqlite_program.post("/request-labels", {**order, "text": "Monday"}).content.startswith(b"%PDF")
