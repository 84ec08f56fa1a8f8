"""Bad input at a study: each has its slug, field and status over HTTP, and changes nothing at all."""

from typing import Any

import pytest

from tests.api import lbpb
from tests.api.lbpb import DRAWN, ENROLMENT, LBPB, WHOSE, at, of
from tests.api.program import Program, fields, rows
from tests.world import MANAGER

Case = tuple[str, dict[str, Any], int, str, str]

M1 = b'code = "M1"\ntitle = "1 month"\nmonth = 1\nbefore = 7\nafter = 7'
FILES: list[tuple[str, bytes, bytes, int, str]] = [
    ("windows that overlap", M1, M1.replace(b"before = 7", b"before = 40"), 422, "protocol_windows_overlap"),
    ("an unknown anchor", b'anchor = "procedure"', b'anchor = "operation"', 400, "input_refused"),
    ("no offset", M1, M1.replace(b"month = 1\n", b""), 422, "protocol_event_undated"),
    ("an unknown arm", b'arms = ["surgical"]', b'arms = ["robotic"]', 422, "protocol_lost"),
    ("an unknown material", b'material = "serum"', b'material = "water"', 422, "material_unknown"),
    ("a scope that is none", b'dna = "genetics"', b'dna = "genes"', 422, "protocol_scope_unknown"),
    ("a child of another unit", b'amount = "3 mL"', b'amount = "3 g"', 422, "amount_of_other_dimension"),
]


@pytest.mark.parametrize(
    ("old", "new", "status", "title"), [each[1:] for each in FILES], ids=[each[0] for each in FILES]
)
def test_a_protocol_that_contradicts_itself_names_its_line_and_field(
    sqlite_program: Program, old: bytes, new: bytes, status: int, title: str
) -> None:
    before = rows(sqlite_program.world)
    assert old in LBPB
    for path in ("/studies", "/study-previews"):
        sent = {"content": LBPB.replace(old, new, 1), "Content_Type": "application/toml", "person": MANAGER}
        answer = sqlite_program.post(path, **sent)  # type: ignore[arg-type]
        told = answer.json()
        assert (answer.status_code, told["title"]) == (status, title), answer.text
        at_fault = [told, *told.get("errors", [])]
        assert any(each.get("line") for each in at_fault), answer.text
        assert any(each.get("field") for each in at_fault), answer.text
        assert rows(sqlite_program.world) == before
    assert sqlite_program.world.unproved() == []


def enrolments() -> list[Case]:
    def noted(**attributes: Any) -> dict[str, Any]:
        return {**ENROLMENT, "pseudonym": "L-9", "attributes": attributes}

    def agreed(**told: Any) -> dict[str, Any]:
        consent: Any = ENROLMENT["consent"]
        return {**ENROLMENT, "pseudonym": "L-9", "consent": {**consent, **told}}

    path = "/participants"
    return [
        (path, noted(age=17), 422, "attribute_range", "attributes.age"),
        (path, noted(age=86), 422, "attribute_range", "attributes.age"),
        (path, noted(age="old"), 422, "attribute_range", "attributes.age"),
        (path, noted(sex="F"), 422, "attribute_value", "attributes.sex"),
        (path, noted(height=170), 422, "attribute_unknown", "attributes.height"),
        (path, agreed(version="9"), 422, "consent_version_unknown", "consent.version"),
        (path, agreed(given_on="2999-01-01"), 422, "consent_in_future", "consent.given_on"),
        (path, agreed(declined=["storage"]), 422, "consent_contradicts", "consent.declined"),
        (path, {**ENROLMENT, "pseudonym": "L-9", "arm": ""}, 422, "arm_unknown", "arm"),
        (
            path,
            {**ENROLMENT, "pseudonym": "L-9", "enrolled_on": "2999-01-01"},
            422,
            "time_in_future",
            "enrolled_on",
        ),
    ]


def courses(done: str) -> list[Case]:
    def visit(**told: Any) -> dict[str, Any]:
        return {**WHOSE, **told}

    return [
        ("/visits", visit(event="BL"), 409, "visit_done_already", "event"),
        (
            "/visits",
            visit(event="M1", took_place="2026-05-01T09:00:00+08:00"),
            422,
            "visit_before_enrolment",
            "took_place",
        ),
        (
            "/visits",
            visit(label="FALL", took_place="2026-05-03T09:00:00+08:00"),
            422,
            "visit_before_enrolment",
            "took_place",
        ),
        ("/visits", visit(event="S-1"), 422, "procedure_needed", "procedure"),
        ("/visits", visit(event="S-1", procedure=3), 422, "procedure_not_found", "procedure"),
        ("/missed-visits", {"visit": done, "reason": "ill"}, 422, "visit_not_planned", "visit"),
        (
            "/procedures",
            visit(name="x", happens_on="2026-05-03"),
            422,
            "procedure_before_enrolment",
            "happens_on",
        ),
        ("/procedures", visit(name="x", happens_on="2099-05-03"), 422, "procedure_too_far", "happens_on"),
        ("/procedures", visit(name="x", number=7), 422, "procedure_not_found", "procedure"),
        ("/withdrawals", visit(level="maybe", withdrawn_on="2026-05-05"), 400, "enum", "level"),
        (
            "/withdrawals",
            visit(level="destroy", withdrawn_on="2999-05-05"),
            422,
            "time_in_future",
            "withdrawn_on",
        ),
        (
            "/datasets",
            {"visit": done, "kind": "xray", "external_id": "S"},
            422,
            "dataset_kind_unknown",
            "kind",
        ),
        (
            "/datasets",
            {"visit": done, "kind": "fmri", "external_id": "13812345678"},
            422,
            "looks_like_identity",
            "external_id",
        ),
    ]


def tubes(visit: str, blood: str, stool: str, serum: str) -> list[Case]:
    def facts(tube: str, **told: Any) -> dict[str, Any]:
        return {"tube": tube, **told}

    run = {"g": 2000, "minutes": 10, "celsius": 20}
    early = "2026-05-04T08:59:59+08:00"
    return [
        ("/collection-facts", facts(blood, bristol=4), 422, "fact_of_other_material", "bristol"),
        ("/collection-facts", facts(blood, antibiotics="yes"), 422, "fact_of_other_material", "antibiotics"),
        ("/collection-facts", facts(stool, haemolysis=1), 422, "fact_of_other_material", "haemolysis"),
        ("/collection-facts", facts(stool, bristol=8), 400, "less_than_equal", "bristol"),
        ("/receipts", {"tubes": [blood], "at": early}, 422, "times_out_of_order", "at"),
        ("/spins", {"tubes": [blood], **run, "at": early}, 422, "times_out_of_order", "at"),
        ("/spins", {"tubes": [stool], **run}, 422, "not_spun", "tubes"),
        ("/spins", {"tubes": [blood, blood], **run}, 422, "scanned_twice", "tubes"),
        (
            "/derivatives",
            {"parent": blood, "material": "plasma_edta", "processed": early},
            422,
            "child_older",
            "processed",
        ),
        ("/derivatives", {"parent": blood, "material": "gold"}, 422, "material_unknown", "material"),
        ("/aliquots", {"parent": stool, "count": 1, "amount": "9 g"}, 422, "not_enough", "amount"),
        (
            "/ticks",
            {"visit": visit, "codes": [serum], "collected": "2026-05-04T10:00:00+08:00", "occurred": early},
            422,
            "times_out_of_order",
            "occurred",
        ),
        (
            "/ticks",
            {"visit": visit, "codes": [serum], "occurred": "2026-04-01T10:00:00+08:00"},
            422,
            "visit_before_enrolment",
            "took_place",
        ),
        (
            "/ticks",
            {"visit": visit, "codes": [serum], "amount": "3 g"},
            422,
            "amount_of_other_dimension",
            "amount",
        ),
        ("/deviations", {"tube": serum, "code": "low_volume"}, 422, "amount_needed", "amount"),
        ("/deviations", {"tube": serum, "code": "low_volume", "amount": "9 mL"}, 422, "not_low", "amount"),
        ("/deviations", {"tube": serum, "code": "haemolysed", "grade": 5}, 400, "less_than_equal", "grade"),
        ("/deviations", {"tube": blood, "code": "not_collected"}, 422, "tube_there", "code"),
    ]


def require_refused(program: Program, case: Case, before: dict[str, int]) -> None:
    path, order, status, title, field = case
    answer = program.post(path, order)
    told = answer.json()
    titles = {told["title"], *(each["title"] for each in told.get("errors", []))}
    found = (answer.status_code, title in titles, field in fields(answer))
    assert found == (status, True, True), (case, answer.text)
    assert told["detail"]
    assert "%(" not in answer.text
    assert rows(program.world) == before, case


def test_what_is_wrong_with_a_participant_a_course_or_a_tube_is_named_and_nothing_is_written(
    program: Program,
) -> None:
    visit = at(lbpb.enrolled(program), "BL")["code"]
    made = program.made("/collections", {"visit": visit})
    (blood,), (stool,) = of(made, "blood_edta", "primary"), of(made, "stool", "primary")
    program.made("/ticks", {"visit": visit, "codes": [blood, stool], **DRAWN})
    serum = of(made, "serum", "aliquot")[0]
    before, card = rows(program.world), program.told("/participants/LBPB/L-001")
    for case in (*enrolments(), *courses(visit), *tubes(visit, blood, stool, serum)):
        require_refused(program, case, before)
    assert program.told("/participants/LBPB/L-001") == card
    assert program.told(f"/visits/{visit}/workbench")["counts"]["there"] == 2
    assert program.world.unproved() == []
