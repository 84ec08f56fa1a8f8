"""Bad input: each is refused with its field and its reason, and nothing at all is written."""

from typing import Any
from uuid import uuid4

from stdnum.iso7064 import mod_37_36

from tests.api.program import Program, fields, rows
from tests.world import MANAGER

CONSENT = {"version": "1.0", "scopes": ["storage"]}
ENROLMENT = {"study": "DEMO", "site": "BJ", "pseudonym": "D-500", "consent": CONSENT}
LONG = "x" * 10_000
Case = tuple[str, dict[str, Any], int, str, str]


def wrong_check(code: str) -> str:
    """The code with another check character."""
    return code[:-1] + ("0" if code[-1] != "0" else "1")


def require_refused(program: Program, case: Case, before: dict[str, int]) -> None:
    path, order, status, title, field = case
    answer = program.post(path, order)
    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json", case
    titles = {told["title"], *(each["title"] for each in told.get("errors", []))}
    assert (answer.status_code, title in titles, field in fields(answer)) == (status, True, True), answer.text
    assert told["detail"]
    assert "%(" not in answer.text
    assert rows(program.world) == before, case


def specimen_cases(visit: str, tube: str, box: str) -> list[Case]:
    def tubes(**tube: Any) -> dict[str, Any]:
        return {"visit": visit, "specimens": [{"material": "blood_edta", **tube}]}

    at = "specimens.0"
    return [
        ("/moves", {"box": box, "tubes": [wrong_check(tube)]}, 400, "code_unreadable", "tubes.0"),
        ("/moves", {"box": wrong_check(box), "tubes": [tube]}, 400, "code_unreadable", "box"),
        ("/moves", {"box": tube, "tubes": [tube]}, 400, "code_of_other_kind", "box"),
        ("/moves", {"box": box, "tubes": [box]}, 400, "code_of_other_kind", "tubes.0"),
        ("/moves", {"box": box, "tubes": [tube, tube]}, 422, "scanned_twice", "tubes.1"),
        ("/moves", {"box": box, "tubes": []}, 400, "too_short", "tubes"),
        ("/moves", {"box": box, "tubes": [tube], "slot": LONG}, 422, "slot_unknown", "slot"),
        ("/specimens", {**tubes(), "visit": tube}, 400, "code_of_other_kind", "visit"),
        ("/specimens", tubes(collected="2026-05-04T09:30:00"), 400, "timezone_aware", f"{at}.collected"),
        ("/specimens", tubes(collected="2999-05-04T09:30:00Z"), 422, "time_in_future", f"{at}.collected"),
        ("/specimens", tubes(collected="yesterday"), 400, "not_time", f"{at}.collected"),
        ("/specimens", tubes(collected=1_700_000_000), 400, "not_time", f"{at}.collected"),
        ("/specimens", tubes(amount=5), 400, "string_type", f"{at}.amount"),
        ("/specimens", tubes(container=LONG), 400, "string_too_long", f"{at}.container"),
        ("/specimens", tubes(note=LONG), 400, "string_too_long", f"{at}.note"),
        ("/specimens", tubes(note="call 13812345678"), 422, "note_names_somebody", f"{at}.note"),
        ("/specimens", tubes(material=LONG), 400, "string_too_long", f"{at}.material"),
        ("/specimens", tubes(material="water"), 422, "material_unknown", f"{at}.material"),
        ("/specimens", tubes(code=wrong_check(tube)), 400, "code_unreadable", "code"),
        ("/specimens", tubes(code=tube), 409, "code_taken", "code"),
        ("/specimens", tubes(status="active"), 400, "extra_forbidden", f"{at}.status"),
        ("/aliquots", {"parent": tube, "count": 0}, 400, "greater_than_equal", "count"),
        ("/aliquots", {"parent": tube, "count": 3, "amount": "9 mL"}, 422, "not_enough", "amount"),
        (
            "/aliquots",
            {"parent": tube, "count": 1, "processed": "2026-05-04T01:29:59Z"},
            422,
            "child_older",
            "processed",
        ),
        (
            "/derivatives",
            {"parent": tube, "material": "plasma_edta", "processed": "2025-05-04T01:30:00Z"},
            422,
            "child_older",
            "processed",
        ),
        ("/labels", {"codes": [tube], "stock": "paper"}, 422, "stock_unknown", "stock"),
        ("/labels", {"codes": [tube], "stock": "roll-33x13", "skip": 1}, 422, "skip_too_far", "skip"),
        ("/labels", {"codes": [box]}, 400, "code_of_other_kind", "codes"),
        ("/takings", {"tubes": [tube]}, 409, "not_in_a_box", "tubes"),
        ("/returns", {"tubes": [tube]}, 409, "not_out", "tubes"),
    ]


def test_what_is_wrong_with_a_specimen_or_a_move_is_named_and_nothing_is_written(program: Program) -> None:
    visit = program.world.visit()
    drawn = {"material": "blood_edta", "amount": "10 mL", "collected": "2026-05-04T09:30:00+08:00"}
    tube = program.made("/specimens", {"visit": visit, "specimens": [drawn]})[0]["code"]
    before = rows(program.world)
    for case in specimen_cases(visit, tube, program.world.boxes()[0]):
        require_refused(program, case, before)
    assert program.world.unproved() == []


def people_cases() -> list[Case]:
    def enrolment(**told: Any) -> dict[str, Any]:
        return {**ENROLMENT, **told}

    path = "/participants"
    identities = ("110101199003078515", "13812345678", "1990-03-07", "19900307", "+86 138 1234 5678")
    return [
        (path, enrolment(pseudonym="D-001"), 409, "pseudonym_taken", "pseudonym"),
        (path, enrolment(pseudonym=LONG), 400, "string_too_long", "pseudonym"),
        (path, enrolment(pseudonym="D 500"), 400, "string_pattern_mismatch", "pseudonym"),
        (path, enrolment(study=LONG), 400, "string_too_long", "study"),
        (path, enrolment(study="D\x00"), 400, "not_printable", "study"),
        (path, enrolment(study="NOPE"), 404, "study_not_found", "study"),
        (path, enrolment(site="NOPE"), 422, "site_unknown", "site"),
        (path, enrolment(arm="A"), 422, "arm_unknown", "arm"),
        (path, enrolment(attributes={"sex": "x"}), 422, "attribute_value", "attributes.sex"),
        (path, enrolment(attributes={"name": "x"}), 422, "attribute_unknown", "attributes.name"),
        (path, enrolment(birth_date="1990-03-07"), 400, "extra_forbidden", "birth_date"),
        (path, enrolment(consent={**CONSENT, "scopes": []}), 400, "too_short", "consent"),
        (path, enrolment(consent={**CONSENT, "scopes": ["all"]}), 400, "enum", "consent.scopes.0"),
        (path, {name: ENROLMENT[name] for name in ("study", "site")}, 400, "missing", "pseudonym"),
        *(
            (
                path,
                enrolment(pseudonym=text),
                400 if " " in text else 422,
                "string_pattern_mismatch" if " " in text else "looks_like_identity",
                "pseudonym",
            )
            for text in identities
        ),
        (
            "/visits",
            {"study": "DEMO", "pseudonym": "D-001", "event": "M9"},
            422,
            "event_unknown",
            "event",
        ),
        ("/visits", {"study": "DEMO", "pseudonym": "D-001", "label": LONG}, 400, "string_too_long", "label"),
    ]


def test_what_is_wrong_with_an_enrolment_is_named_and_nothing_is_written(program: Program) -> None:
    program.world.visit("D-001")
    before = rows(program.world)
    for case in people_cases():
        require_refused(program, case, before)
    assert program.world.unproved() == []


def test_an_occupied_slot_names_its_occupant_and_a_full_box_its_room(program: Program) -> None:
    tubes = program.world.tubes(4)
    order = {"type": "box-5x5", "name": "Small", "into": shelf(program)}
    small = program.made("/containers", order, person=MANAGER)["code"]
    program.made("/moves", {"box": small, "tubes": tubes[:1], "slot": "B2"})
    fill(program, small, 23)
    before = rows(program.world)
    taken = program.post("/moves", {"box": small, "tubes": tubes[1:2], "slot": "B2"})
    assert (taken.status_code, taken.json()["title"]) == (409, "slot_taken")
    assert taken.json()["facts"]["occupant"].replace(" ", "") == tubes[0]
    full = program.post("/moves", {"box": small, "tubes": tubes[1:3]})
    assert (full.status_code, full.json()["title"]) == (409, "box_full")
    assert (full.json()["facts"]["free"], full.json()["facts"]["wanted"]) == (1, 2)
    assert rows(program.world) == before
    assert program.world.unproved() == []


def shelf(program: Program) -> str:
    """The code of a shelf where a further box finds room."""
    program.made("/container-types", {"code": "wide", "name": "Wide", "level": "shelf"}, person=MANAGER)
    order = {"type": "wide", "name": "Wide shelf", "site": "BJ"}
    return str(program.made("/containers", order, person=MANAGER)["code"])


def fill(program: Program, box: str, count: int) -> None:
    program.made("/moves", {"box": box, "tubes": program.world.tubes(count, "D-777")})


def test_a_file_of_another_kind_says_what_is_taken(sqlite_program: Program) -> None:
    toml = sqlite_program.post("/studies", content=b"[study]", person=MANAGER)
    assert (toml.status_code, toml.json()["facts"]) == (415, {"takes": "application/toml"})


def test_odd_text_in_an_address_is_refused_and_never_our_mistake(program: Program) -> None:
    for text in ("%", "\ufffd", "\U0001f600", "x" * 5_000, "' OR 1=1 --", "..", "S\u202e"):
        answer = program.get("/find", code=text)
        assert answer.status_code in (400, 404), (text[:20], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        listed = program.get("/specimens", study=text)
        assert listed.status_code in (400, 404), (text[:20], listed.text)


def test_the_same_command_sent_twice_has_one_effect_and_the_same_answer(program: Program) -> None:
    visit = program.world.visit()
    tube = {"material": "blood_edta", "amount": "10 mL"}
    key = uuid4()
    first = program.post("/specimens", {"visit": visit, "specimens": [tube]}, key=key)
    after_first = rows(program.world)
    again = program.post("/specimens", {"visit": visit, "specimens": [tube]}, key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    other = program.post("/specimens", {"visit": visit, "specimens": [tube, tube]}, key=key)
    assert (other.status_code, other.json()["title"]) == (422, "command_id_reused")
    somebody = program.post("/specimens", {"visit": visit, "specimens": [tube]}, key=key, person=MANAGER)
    assert somebody.json()["title"] == "command_id_reused"
    assert rows(program.world) == after_first
    assert program.world.unproved() == []


def test_a_refused_command_is_not_kept_and_may_be_sent_again_when_it_fits(program: Program) -> None:
    first, second = program.world.tubes(2)
    box = program.world.boxes()[0]
    program.made("/moves", {"box": box, "tubes": [first], "slot": "A1"})
    key = uuid4()
    order = {"box": box, "tubes": [second], "slot": "A1"}
    assert program.post("/moves", order, key=key).status_code == 409
    program.made("/moves", {"box": box, "tubes": [first], "slot": "A2"})
    assert program.post("/moves", order, key=key).status_code == 200


def test_a_change_without_a_command_id_or_with_one_that_is_no_uuid_is_refused(
    sqlite_program: Program,
) -> None:
    before = rows(sqlite_program.world)
    order = {"tubes": [mod_code()]}
    none = sqlite_program.post("/takings", order, Idempotency_Key="")
    assert (none.status_code, none.json()["title"]) == (400, "command_id_needed")
    bad = sqlite_program.post("/takings", order, Idempotency_Key="seven")
    assert (bad.status_code, bad.json()["title"], fields(bad)) == (
        400,
        "command_id_unreadable",
        {"Idempotency-Key"},
    )
    assert rows(sqlite_program.world) == before


def mod_code() -> str:
    """A well formed code of no tube."""
    return "S00000001" + mod_37_36.calc_check_digit("S00000001")
