"""Studies, participants and visits over HTTP."""

from httpx import Response

from tests.api.program import Program, rows
from tests.world import MANAGER

STUDY = b"""
[study]
code = "SECOND"
title = "Another study"
[[arms]]
code = "A"
title = "Arm A"
[[events]]
code = "BL"
title = "Baseline"
day = 0
[[events]]
code = "W4"
title = "Week 4"
day = 28
arms = ["A"]
"""

ENROLMENT = {
    "study": "SECOND",
    "site": "BJ",
    "pseudonym": "S-1/a",
    "arm": "A",
    "enrolled_on": "2026-05-04",
    "consent": {"version": "1", "scopes": ["storage"]},
}
CHANGES = ("opened", "redated", "cancelled", "revived")


def load(program: Program, text: bytes, person: str = MANAGER) -> Response:
    return program.post("/studies", content=text, Content_Type="application/toml", person=person)


def preview(program: Program, text: bytes, person: str = MANAGER) -> Response:
    return program.post("/study-previews", content=text, Content_Type="application/toml", person=person)


def test_a_study_is_adopted_from_its_file_and_a_changed_file_is_a_new_version(program: Program) -> None:
    first = load(program, STUDY)
    assert (first.status_code, first.json()["study"]["version"], first.json()["study"]["events"]) == (
        201,
        1,
        2,
    )
    assert load(program, STUDY).json() == first.json()
    assert load(program, STUDY.replace(b"Week 4", b"Fourth week")).json()["study"]["version"] == 2
    assert program.told("/studies/SECOND", person=MANAGER)["version"] == 2
    assert {study["code"] for study in program.told("/studies", person=MANAGER)} == {"DEMO", "SECOND"}
    assert program.world.unproved() == []


def test_a_new_version_moves_planned_visits_as_its_preview_said_and_nothing_before(
    program: Program,
) -> None:
    load(program, STUDY)
    program.made("/participants", ENROLMENT)
    before, text = rows(program.world), STUDY.replace(b"day = 28", b"day = 35")
    previewed = preview(program, text)
    assert previewed.status_code == 200
    assert rows(program.world) == before
    assert len(previewed.json()["differences"]) == 1
    assert "28" in previewed.json()["differences"][0]
    assert previewed.json()["changes"] == {"opened": 0, "redated": 1, "cancelled": 0, "revived": 0}
    assert load(program, text).json()["changes"] == previewed.json()["changes"]
    card = program.told("/participants/SECOND/S-1/a")
    assert [visit["planned_on"] for visit in card["visits"]] == ["2026-05-04", "2026-06-08"]
    assert preview(program, text).json() == {"differences": [], "changes": dict.fromkeys(CHANGES, 0)}
    assert preview(program, text, person="technician").json()["title"] == "not_allowed"
    assert program.world.unproved() == []


def test_every_version_of_a_protocol_is_told_with_its_events_and_its_file(program: Program) -> None:
    load(program, STUDY)
    load(program, STUDY.replace(b"day = 28", b"day = 35"))
    told = program.told("/studies/SECOND/protocol")
    assert (told["version"], told["in_force"], [each["days"] for each in told["events"]]) == (
        2,
        True,
        [0, 35],
    )
    first = program.told("/studies/SECOND/protocol", version=1)
    assert (first["in_force"], [each["days"] for each in first["events"]]) == (False, [0, 28])
    collected = program.told("/studies/DEMO/protocol")["collections"][0]["tubes"][0]
    assert (collected["material"], collected["made"][0]["made"][0]["count"]) == ("blood_edta", 8)
    file = program.get("/studies/SECOND/protocol.toml", version=1)
    assert (file.content, file.headers["content-type"].split(";")[0]) == (STUDY, "application/toml")
    for address in ("/studies/SECOND/protocol", "/studies/SECOND/protocol.toml"):
        absent = program.get(address, version=3)
        assert (absent.status_code, absent.json()["title"]) == (404, "version_not_found")
    assert program.get("/studies/NONE/protocol").json()["title"] == "study_not_found"


def test_a_study_file_that_will_not_do_is_refused_by_line_or_field_and_keeps_nothing(
    program: Program,
) -> None:
    before = rows(program.world)
    for text, status, title in (
        (b"[study", 400, "protocol_unreadable"),
        (b"\xff\xfe", 400, "protocol_unreadable"),
        (b"[study]\ncode = 'X'\ntitle = 'X'", 400, "input_refused"),
        (STUDY + b"\n[other]\n", 400, "input_refused"),
        (STUDY.replace(b'arms = ["A"]', b'arms = ["B"]'), 422, "protocol_lost"),
        (STUDY.replace(b'"W4"', b'"BL"'), 422, "protocol_twice"),
        (STUDY.replace(b"day = 28", b"day = 99999999999"), 400, "input_refused"),
        (STUDY.replace(b"Week 4", b"Week\\u00004"), 400, "input_refused"),
        (b"a = " + b"[" * 5_000 + b"]" * 5_000, 400, "protocol_unreadable"),
        (STUDY.replace(b"day = 0", b"day = " + b"9" * 5_000), 400, "protocol_unreadable"),
    ):
        for sent in (load, preview):
            answer = sent(program, text)
            assert (answer.status_code, answer.json()["title"]) == (status, title), answer.text
        assert rows(program.world) == before, text[:40]
    assert load(program, STUDY, person="technician").json()["title"] == "not_allowed"
    assert rows(program.world) == before


def test_a_participant_is_enrolled_consents_again_and_has_planned_and_unscheduled_visits(
    program: Program,
) -> None:
    load(program, STUDY)
    card = program.made("/participants", ENROLMENT)
    assert [(visit["event"], visit["planned_on"]) for visit in card["visits"]] == [
        ("BL", "2026-05-04"),
        ("W4", "2026-06-01"),
    ]
    again = {"study": "SECOND", "pseudonym": "S-1/a", "version": "2", "scopes": ["genetics"]}
    assert program.made("/consents", again)["scopes"] == ["genetics", "storage"]
    visit = program.made("/visits", {"study": "SECOND", "pseudonym": "S-1/a", "label": "FALL"})
    assert program.told(f"/visits/{visit['code']}") == visit
    assert len(program.told("/participants/SECOND/S-1/a")["visits"]) == 3
    assert program.world.unproved() == []


def test_participants_are_listed_page_by_page_by_pseudonym(program: Program) -> None:
    for number in range(5):
        program.world.visit(f"D-{number}")
    first = program.told("/participants", study="DEMO", limit=3)
    assert [row["pseudonym"] for row in first["items"]] == ["D-0", "D-1", "D-2"]
    rest = program.told("/participants", study="DEMO", limit=3, after=first["next"])
    assert [row["pseudonym"] for row in rest["items"]] == ["D-3", "D-4"]
    assert rest["next"] is None
