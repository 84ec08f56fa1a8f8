"""Lists of the API: many codes at once, the filters of specimens, and files beside the JSON."""

import csv
from io import BytesIO, StringIO

import openpyxl

from tests.api.program import Program
from tests.world import OUTSIDER


def test_a_list_of_codes_is_answered_in_json_csv_and_xlsx(sqlite_program: Program) -> None:
    program = sqlite_program
    tubes = program.world.tubes(2)
    order = {"codes": [*tubes, "NOPE", tubes[0]]}
    told = program.post("/find-lists", order).json()
    assert {name: told[name] for name in ("total", "found", "unknown", "again")} == {
        "total": 4,
        "found": 3,
        "unknown": 1,
        "again": 1,
    }
    table = list(csv.DictReader(StringIO(program.post("/find-lists.csv", order).text, newline="")))
    assert [row["state"] for row in table] == ["found", "found", "unknown", "found"]
    page = openpyxl.load_workbook(BytesIO(program.post("/find-lists.xlsx", order).content)).active
    assert page is not None
    assert [row[1].value for row in page.iter_rows(min_row=2)] == order["codes"]
    assert program.post("/find-lists", order, person=OUTSIDER).json()["unknown"] == 4
    assert program.post("/find-lists", {"codes": []}).status_code == 400


def test_every_list_of_the_api_has_a_spreadsheet(sqlite_program: Program) -> None:
    program = sqlite_program
    tubes = program.world.tubes(2)
    page = openpyxl.load_workbook(BytesIO(program.get("/specimens.xlsx", kind="aliquot").content)).active
    assert page is not None
    assert [row[0].value for row in page.iter_rows(min_row=2)] == sorted(tubes)
    for path in ("/out.xlsx", "/agenda.xlsx"):
        assert program.get(path).content[:2] == b"PK"
    items = program.get("/specimens", sort="thaws", down="true", custody="none", text=tubes[0][2:8]).json()[
        "items"
    ]
    assert [row["code"] for row in items] == [tubes[0]]
    assert program.get("/specimens", custody="lost").status_code == 400
