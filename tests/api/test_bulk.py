"""Bulk forms: all or nothing, and each fault at its place in the list."""

from typing import Any
from uuid import uuid4

import pytest

from tests.api.program import Program, fields, rows
from tests.world import MANAGER


def person(pseudonym: str, **other: Any) -> dict[str, Any]:
    return {
        "study": "DEMO",
        "site": "BJ",
        "pseudonym": pseudonym,
        "consent": {"version": "1.0", "scopes": ["storage"]},
        **other,
    }


def test_participants_are_enrolled_in_one_act_that_is_done_once(program: Program) -> None:
    order, key = {"items": [person(f"D-{number:03}") for number in range(1, 6)]}, uuid4()
    made = program.made("/participants/bulk", order, key=key)
    assert [(each["pseudonym"], len(each["visits"])) for each in made] == [
        (f"D-{number:03}", 2) for number in range(1, 6)
    ]
    before = rows(program.world)
    assert program.made("/participants/bulk", order, key=key) == made
    assert rows(program.world) == before
    assert program.world.unproved() == []


def test_one_that_is_refused_keeps_all_from_being_done_and_every_fault_is_told(program: Program) -> None:
    program.made("/participants", person("D-001"))
    before = rows(program.world)
    some = [person("D-002"), person("D-001"), person("D-003", site="XX"), person("D-002"), person("D-004")]
    refused = program.post("/participants/bulk", {"items": some})
    assert refused.json()["title"] == "items_refused"
    told = {each["field"]: each["title"] for each in refused.json()["errors"]}
    assert set(told) == {"items.1.pseudonym", "items.2.site", "items.3.pseudonym"}
    assert told["items.1.pseudonym"] == told["items.3.pseudonym"] == "pseudonym_taken"
    assert refused.status_code == 422
    assert rows(program.world) == before
    unreadable = program.post("/participants/bulk", {"items": [person("D-005"), person("13800138000")]})
    assert fields(unreadable) == {"items.1.pseudonym"}
    assert rows(program.world) == before
    assert program.world.unproved() == []


@pytest.mark.parametrize("count", [0, 201])
def test_there_are_one_to_two_hundred_in_a_request(sqlite_program: Program, count: int) -> None:
    refused = sqlite_program.post("/participants/bulk", {"items": [person("D-001")] * count})
    assert (refused.status_code, fields(refused)) == (400, {"items"})


def test_what_a_program_would_do_one_by_one_is_done_at_once(sqlite_program: Program) -> None:
    program = sqlite_program
    people = program.made("/participants/bulk", {"items": [person("D-001"), person("D-002")]})
    planned = {visit["event"]: visit["code"] for visit in people[0]["visits"]}
    others = {visit["event"]: visit["code"] for visit in people[1]["visits"]}
    who = [{"study": "DEMO", "pseudonym": each["pseudonym"]} for each in people]
    agreed = {"version": "1.0", "scopes": ["storage"]}
    assert len(program.made("/consents/bulk", {"items": [each | agreed for each in who]})) == 2
    at = "2026-05-04T09:30:00+08:00"
    came = {"items": [{"visit": planned["BL"], "took_place": at}, {"visit": others["BL"], "took_place": at}]}
    assert [each["status"] for each in program.made("/attendances/bulk", came)] == ["done", "done"]
    missed = {"items": [{"visit": planned["M1"], "reason": "unreachable"}]}
    assert [each["status"] for each in program.made("/missed-visits/bulk", missed)] == ["missed"]
    links = {"items": [{"visit": planned["BL"], "kind": "imaging", "external_id": f"S{n}"} for n in (1, 2)]}
    unknown = program.post("/datasets/bulk", links)
    assert fields(unknown) == {"items.0.kind", "items.1.kind"}
    surgery = {"items": [each | {"name": "surgery", "happens_on": "2026-05-02"} for each in who]}
    assert [each["procedures"][0]["name"] for each in program.made("/procedures/bulk", surgery)] == [
        "surgery"
    ] * 2
    extra = {"items": [each | {"label": "Call"} for each in who]}
    assert [each["participant"] for each in program.made("/visits/bulk", extra)] == ["D-001", "D-002"]
    box = {"type": "box-9x9", "site": "BJ"}
    made = program.made(
        "/containers/bulk", {"items": [box | {"name": f"Box {n}"} for n in (7, 8)]}, person=MANAGER
    )
    assert len({each["code"] for each in made}) == 2
    assert program.world.unproved() == []
