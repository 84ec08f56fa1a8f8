"""The API describes itself wholly, and its viewer loads nothing from elsewhere."""

import copy
import re
from typing import Any

import pytest

from tests.api import contract
from tests.api.program import Program

QUESTIONS = {
    *("/study-previews", "/reseating-previews", "/filling-previews", "/gap-previews", "/room-searches"),
    *("/label-previews", "/label-previews/picture", "/audit-previews"),
    *("/find-lists", "/find-lists.csv", "/find-lists.xlsx"),
}
"""What is posted since it is a file or long, and changes nothing."""


def described(program: Program) -> dict[str, Any]:
    answer = program.client.get("/schema/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def test_every_act_is_described_with_its_command_id_its_refusals_and_its_body(
    sqlite_program: Program,
) -> None:
    paths = described(sqlite_program)["paths"]
    posted = {path.removeprefix("/api/v1") for path, item in paths.items() if "post" in item}
    assert posted > QUESTIONS
    for path, item in paths.items():
        for method, operation in item.items():
            assert operation["summary"], path
            assert operation["tags"], path
            assert {"401", "404", "503"} <= set(operation["responses"]), path
            problem = operation["responses"]["400"]["content"]["application/problem+json"]
            assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}, path
            if method == "post":
                asked = path.removeprefix("/api/v1") in QUESTIONS
                keys = [each for each in operation.get("parameters", ()) if each["name"] == "Idempotency-Key"]
                assert [key["required"] for key in keys] == ([] if asked else [True]), path
                assert operation["requestBody"]["required"], path
    for path in ("studies", "study-previews"):
        assert list(paths[f"/api/v1/{path}"]["post"]["requestBody"]["content"]) == ["application/toml"]
    for path in ("labels", "kit-labels", "kit-reprints"):
        told = paths[f"/api/v1/{path}"]["post"]["responses"]["200"]
        assert list(told["content"]) == ["application/pdf"], path
    for path in ("agenda.csv", "specimens.csv", "out.csv"):
        assert list(paths[f"/api/v1/{path}"]["get"]["responses"]["200"]["content"]) == ["text/csv"], path
    of = next(each for each in paths["/api/v1/agenda"]["get"]["parameters"] if each["name"] == "of")
    assert of["schema"] == {"$ref": "#/components/schemas/participants_agenda_Of"}


def test_every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own(
    sqlite_program: Program,
) -> None:
    told = described(sqlite_program)
    known = {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
    used = set(re.findall(r'"\$ref": ?"([^"]+)"', str(told).replace("'", '"')))
    assert used
    assert used <= known
    names = [operation["operationId"] for item in told["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    kinds = set(told["components"]["schemas"])
    assert {"SpecimenPage", "OutPage", "SeveralVisitOrder"} <= kinds
    assert [kind for kind in kinds if not re.fullmatch(r"[A-Za-z]+(_[A-Za-z]+)*", kind)] == []
    assert told["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_the_viewer_has_no_script_of_its_own_and_asks_no_other_site(sqlite_program: Program) -> None:
    page = sqlite_program.client.get("/schema").text
    assert 'data-openapi="/schema/openapi.json"' in page
    assert "://" not in page
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) in ([], ["", ""])
    assert "style=" not in page


def test_the_contract_is_the_one_that_was_reviewed(sqlite_program: Program) -> None:
    """After a change that is meant: `python -m tests.api.contract`, and look at what became of the file."""
    told = contract.contract_of(described(sqlite_program))
    assert contract.written(told) == contract.FILE.read_text("utf-8")


@pytest.mark.parametrize("harm", ["field", "parameter", "answer", "address"])
def test_a_change_of_the_contract_is_seen(sqlite_program: Program, harm: str) -> None:
    told = copy.deepcopy(described(sqlite_program))
    moves = told["paths"]["/api/v1/moves"]["post"]
    if harm == "field":
        told["components"]["schemas"]["Stored"]["properties"]["slot"] = {"type": "integer"}
    elif harm == "parameter":
        moves["parameters"].pop()
    elif harm == "answer":
        moves["responses"]["202"] = {"description": "Another one."}
    else:
        del told["paths"]["/api/v1/moves"]
    assert contract.contract_of(told) != contract.contract_of(described(sqlite_program))


def test_an_operation_shows_an_example_and_what_it_refused(sqlite_program: Program) -> None:
    paths = described(sqlite_program)["paths"]
    move, get = paths["/api/v1/moves"]["post"], paths["/api/v1/specimens/{code}"]["get"]
    assert set(move["requestBody"]["content"]["application/json"]["example"]) >= {"box", "tubes"}
    assert move["responses"]["200"]["content"]["application/json"]["example"][0]["code"]
    assert "`slot_" in move["responses"]["422"]["description"]
    assert "304" in get["responses"]
    assert "If-None-Match" in {each["name"] for each in get["parameters"]}
    assert {"413", "415"} <= set(move["responses"])
