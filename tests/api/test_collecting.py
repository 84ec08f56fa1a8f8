"""Collecting over HTTP: kits, ticks, deviations, processing, lists, progress."""

import csv
from io import StringIO
from typing import Any
from uuid import uuid4

from tests.api import lbpb
from tests.api.lbpb import DRAWN, at, begun, of
from tests.api.program import Program, rows
from tests.world import MANAGER, OUTSIDER

KIT = {"study": "LBPB", "event": "BL", "site": "BJ"}
AT = "2026-05-04T{}:00+08:00"


def test_kits_are_printed_ahead_and_their_labels_lead_to_the_visit_they_are_used_at(
    program: Program,
) -> None:
    visit = at(lbpb.enrolled(program), "BL")["code"]
    (kit,) = program.made("/kits", KIT)
    assert (kit["event"], kit["visit"], len(kit["labels"])) == ("BL", "", 19)
    assert program.told(f"/kits/{kit['code']}") == kit
    label = kit["labels"][0]["code"]
    scan = program.told("/find", code=label)
    assert (scan["kind"], scan["code"], scan["label"]) == ("kit", kit["code"], label)
    assert program.told(scan["address"].removeprefix("/api/v1")) == kit
    key, two = uuid4(), {**KIT, "count": 2}
    first = program.post("/kit-labels", two, key=key)
    before = rows(program.world)
    assert (first.headers["content-type"], first.content[:4]) == ("application/pdf", b"%PDF")
    assert program.post("/kit-labels", two, key=key).content == first.content
    assert rows(program.world) == before
    assert program.post("/kit-reprints", {"kits": [kit["code"]]}).content[:4] == b"%PDF"

    made = program.made("/collections", {"visit": visit, "kit": kit["code"]})
    assert {each["code"] for each in kit["labels"]} <= {row["code"] for row in made}
    assert program.told(f"/kits/{kit['code']}")["visit"] == visit
    assert program.told("/find", code=label)["kind"] == "specimen"
    before = rows(program.world)
    cases: list[tuple[str, Any, int, str]] = [
        ("/kits", {**KIT, "event": "RUN"}, 422, "event_collects_nothing"),
        ("/kits", {**KIT, "count": 0}, 400, "input_refused"),
        ("/kit-labels", {**KIT, "stock": "paper"}, 422, "stock_unknown"),
        ("/kit-reprints", {"kits": [label]}, 400, "code_of_other_kind"),
        ("/collections", {"visit": visit, "kit": label}, 400, "code_of_other_kind"),
    ]
    for path, order, status, title in cases:
        answer = program.post(path, order)
        assert (answer.status_code, answer.json()["title"]) == (status, title), answer.text
    assert program.get(f"/kits/{kit['code']}", person=OUTSIDER).json()["title"] == "kit_not_found"
    assert program.get("/find", code=label, person=OUTSIDER).status_code == 404
    assert rows(program.world) == before
    assert program.world.unproved() == []


def test_a_visit_is_ticked_said_to_be_otherwise_and_finished(program: Program) -> None:
    visit, made = begun(program)
    assert program.made("/collections", {"visit": visit}) == made
    serum, stool = of(made, "serum", "aliquot"), of(made, "stool", "aliquot")
    ticked = program.made("/ticks", {"visit": visit, "codes": serum[:1], **DRAWN})
    assert [(each["material"], each["implied"]) for each in ticked] == [
        ("serum", False),
        ("blood_serum", True),
        ("serum", True),
    ]
    low = {"tube": serum[1], "code": "low_volume", "amount": "200 uL"}
    assert program.made("/deviations", low)[0]["amount"] == "200 uL"
    program.made("/deviations", {"tube": stool[0], "code": "not_collected"})
    other = {"tube": serum[0], "code": "other", "note": "the cap was loose"}
    program.made("/deviations", other)
    bench = program.told(f"/visits/{visit}/workbench")
    noted = {row["code"]: row["deviations"] for row in bench["rows"]}
    assert (noted[serum[0]], noted[serum[1]], noted[stool[0]]) == (
        ["other"],
        ["low_volume"],
        ["not_collected"],
    )
    assert (bench["begun"], bench["all_present"], bench["consent"]) == (True, True, "")
    before = rows(program.world)
    for path, order, status, title in (
        ("/ticks", {"visit": visit, "codes": stool[:1]}, 422, "tube_given_up"),
        ("/deviations", {**other, "note": None}, 422, "note_needed"),
        ("/deviations", {**low, "code": "lost"}, 400, "input_refused"),
        ("/ticks", {"visit": visit, "codes": []}, 400, "input_refused"),
        ("/finished-collections", {"visit": serum[0]}, 400, "code_of_other_kind"),
    ):
        answer = program.post(path, order)
        assert (answer.status_code, answer.json()["title"]) == (status, title), answer.text
    assert rows(program.world) == before
    assert all(each["changed"] for each in program.made("/all-present", {"visit": visit}))
    summary = program.made("/finished-collections", {"visit": visit})
    assert (summary["visit"], summary["not_collected"]) == (visit, 1)
    assert summary["deviations"] == {"low_volume": 1, "not_collected": 1, "other": 1}
    assert program.told(f"/visits/{visit}")["status"] == "done"
    assert program.world.unproved() == []


def test_tubes_are_received_spun_divided_and_pooled_with_what_was_measured(program: Program) -> None:
    visit, made = begun(program)
    (blood,) = of(made, "blood_edta", "primary")
    program.made("/ticks", {"visit": visit, "codes": [blood], **DRAWN})
    (received,) = program.made("/receipts", {"tubes": [blood], "at": AT.format("11:30")})
    assert received["deviations"] == ["late_receipt"]
    run = {"g": 2000, "minutes": 10, "celsius": 4, "brake": False, "at": AT.format("11:40")}
    assert [row["code"] for row in program.made("/spins", {"tubes": [blood], **run})] == [blood]
    plasma = program.made(
        "/derivatives", {"parent": blood, "material": "plasma_edta", "processed": AT.format("12:00")}
    )
    parts = program.made(
        "/aliquots",
        {"parent": plasma["code"], "count": 4, "loss": "100 uL", "processed": AT.format("12:10")},
    )
    assert [row["code"] for row in parts] == of(made, "plasma_edta", "aliquot")
    buffy = program.made(
        "/derivatives", {"parent": blood, "material": "buffy_coat", "processed": AT.format("12:15")}
    )
    dna = program.made(
        "/derivatives",
        {
            "parent": buffy["code"],
            "material": "dna",
            "used": "500 uL",
            "amount": "30 ug",
            "concentration": "52.3 ng/uL",
            "a260_280": "1.84",
        },
    )
    card = program.told(f"/specimens/{dna['code']}")
    assert card["extract"] == {"concentration": "52.3 ng/uL", "a260_280": "1.84"}
    card = program.told(f"/specimens/{blood}")
    assert [(spun["g"], spun["brake"]) for spun in card["spins"]] == [(2000, False)]
    assert program.told(f"/specimens/{plasma['code']}")["amount"] == "1.9 mL"
    program.made("/moves", {"box": program.world.boxes()[0], "tubes": [parts[0]["code"]]})
    before = rows(program.world)
    for path, order, status, title in (
        ("/receipts", {"tubes": [blood], "at": AT.format("11:31")}, 409, "received_already"),
        ("/spins", {"tubes": [dna["code"]], **run}, 422, "not_spun"),
        ("/spins", {"tubes": [blood], **run, "g": 0}, 400, "input_refused"),
        ("/derivatives", {"parent": blood, "material": "serum", "a260_280": "2"}, 422, "not_an_extract"),
        ("/aliquots", {"parent": plasma["code"], "count": 1, "amount": "3 mL"}, 422, "not_enough"),
    ):
        answer = program.post(path, order)
        assert (answer.status_code, answer.json()["title"]) == (status, title), answer.text
        hidden = program.post(path, order, person=OUTSIDER)
        assert hidden.status_code in (400, 404), hidden.text
    assert rows(program.world) == before
    assert program.world.unproved() == []


def test_how_a_tube_was_collected_is_noted_by_its_material(program: Program) -> None:
    visit, made = begun(program)
    (blood,), (stool,) = of(made, "blood_edta", "primary"), of(made, "stool", "primary")
    program.made("/ticks", {"visit": visit, "codes": [blood, stool], **DRAWN})
    facts = {"tube": stool, "bristol": 4, "antibiotics": "yes", "antibiotics_on": "2026-04-01"}
    card = program.made("/collection-facts", facts)
    assert (card["facts"]["bristol"], card["facts"]["antibiotics_on"]) == (4, "2026-04-01")
    assert program.made("/collection-facts", {"tube": blood, "haemolysis": 2})["facts"]["haemolysis"] == 2
    before = rows(program.world)
    for order, status, title, field in (
        ({"tube": blood, "bristol": 4}, 422, "fact_of_other_material", "bristol"),
        ({"tube": stool, "haemolysis": 1}, 422, "fact_of_other_material", "haemolysis"),
        ({"tube": stool, "ppi": "no", "ppi_on": "2026-04-01"}, 422, "day_without_taking", "ppi_on"),
        ({"tube": stool, "bristol": 8}, 400, "input_refused", "bristol"),
    ):
        answer = program.post("/collection-facts", order)
        assert (answer.status_code, answer.json()["title"]) == (status, title), answer.text
        assert f'"{field}"' in answer.text
    assert rows(program.world) == before
    assert program.world.unproved() == []


def test_specimens_are_sought_by_all_that_is_told_as_json_and_as_csv(program: Program) -> None:
    visit, made = begun(program)
    other = program.made("/participants", {**lbpb.ENROLMENT, "pseudonym": "L-002"})
    program.made("/collections", {"visit": at(other, "BL")["code"]})
    program.made("/datasets", {"visit": visit, "kind": "fmri", "external_id": "SUB-01"})
    plasma = of(made, "plasma_edta", "aliquot")
    program.made("/ticks", {"visit": visit, "codes": plasma[:2], **DRAWN})
    program.made("/deviations", {"tube": plasma[2], "code": "low_volume", "amount": "100 uL"})

    def sought(**told: str) -> set[str]:
        query = {"study": "LBPB", "event": "BL", "material": "plasma_edta", "kind": "aliquot", **told}
        found = [row["code"] for row in program.told("/specimens", limit=200, **query)["items"]]
        table = csv.DictReader(StringIO(program.get("/specimens.csv", **query).text))
        assert [line["code"] for line in table] == found
        return set(found)

    assert len(sought()) == 8
    assert sought(dataset="fmri") == set(plasma)
    assert sought(participant="L-001") == set(plasma)
    assert sought(life="active") == set(plasma[:3])
    assert sought(deviation="low_volume") == {plasma[2]}
    assert sought(dataset="psg") == sought(event="M1") == set()
    for name, value in (("kind", "cell"), ("life", "gone"), ("deviation", "x"), ("event", "E" * 99)):
        answer = program.get("/specimens", **{name: value})
        assert (answer.status_code, name in answer.text) == (400, True), answer.text
        assert program.get("/specimens.csv", **{name: value}).status_code == 400
    assert program.get("/specimens.csv", study="NONE").json()["title"] == "study_not_found"
    assert program.get("/specimens.csv", person=OUTSIDER).text.count("\n") == 1


def test_progress_counts_what_was_expected_collected_missed_and_late(program: Program) -> None:
    visit, made = begun(program)
    plasma = of(made, "plasma_edta", "aliquot")
    program.made("/ticks", {"visit": visit, "codes": plasma[:3], **DRAWN})
    program.made("/finished-collections", {"visit": visit})
    at_work = "/studies/LBPB/progress"
    told = program.told(f"{at_work}/collected", by="material")
    line = next(row for row in told["rows"] if row["key"] == "plasma_edta")
    assert (line["expected"] >= 4, line["collected"]) == (True, 3)
    assert {row["key"] for row in program.told(f"{at_work}/collected", by="site")["rows"]} == {"BJ"}
    accrual = program.told(f"{at_work}/accrual")
    assert (accrual["months"][0]["month"], accrual["months"][0]["enrolled"]) == ("2026-05", 1)
    assert program.told(f"{at_work}/delays") == []
    short = program.told(f"{at_work}/shortfalls")
    assert {each["code"]: each["specimens"] for each in short["deviations"]}["not_collected"] > 5
    assert program.get(f"{at_work}/collected", by="moon").status_code == 400
    for name in ("collected", "accrual", "delays", "shortfalls"):
        absent = program.get(f"/studies/NONE/progress/{name}")
        assert (absent.status_code, absent.json()["title"]) == (404, "study_not_found")


def test_no_cell_of_a_list_is_a_formula_for_whoever_opens_it(program: Program) -> None:
    visit, made = begun(program)
    plasma = of(made, "plasma_edta", "aliquot")[:1]
    program.made("/ticks", {"visit": visit, "codes": plasma, **DRAWN})
    named = {"type": "box-9x9", "name": '=HYPERLINK("x")', "site": "BJ"}
    box = program.made("/containers", named, person=MANAGER)["code"]
    program.made("/moves", {"box": box, "tubes": plasma})
    query = {"study": "LBPB", "kind": "aliquot", "life": "active"}
    (line,) = csv.DictReader(StringIO(program.get("/specimens.csv", **query).text))
    assert line["place"].startswith("'=HYPERLINK")
    assert line["place"][1:] == program.told("/specimens", **query)["items"][0]["place"]
