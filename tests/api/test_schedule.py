"""The schedule over HTTP: courses, agenda, calendar, missed visits, datasets."""

import csv
from io import StringIO
from typing import Any

from tests.api import lbpb
from tests.api.lbpb import WHOSE, at, enrolled
from tests.api.program import Program, rows
from tests.world import OUTSIDER


def agenda(program: Program, of: str, day: str = "2026-05-20", **more: str | int) -> Any:
    return program.told("/agenda", of=of, day=day, **more)


def codes(page: Any) -> list[str]:
    return [row["visit"] for row in page["items"]]


def test_procedures_come_late_and_move_and_are_cancelled_and_their_visits_follow(program: Program) -> None:
    enrolled(program)
    card = program.made("/procedures", {**WHOSE, "name": "discectomy"})
    assert at(card, "S-1", 1)["planned_on"] is None
    moved = {**WHOSE, "number": 1, "name": "discectomy", "happens_on": "2026-06-01"}
    card = program.made("/procedures", moved)
    assert (at(card, "S-1", 1)["planned_on"], at(card, "S+1", 1)["closes_on"]) == ("2026-05-31", "2026-06-04")
    card = program.made("/procedures", {**WHOSE, "name": "nerve block", "happens_on": "2026-07-01"})
    assert at(card, "S+1", 2)["procedure"] == "nerve block"
    card = program.made("/procedure-cancellations", {**WHOSE, "number": 1})
    assert at(card, "S-1", 1)["status"] == "cancelled"
    assert [each["cancelled"] for each in card["procedures"]] == [True, False]
    assert program.told("/participants/LBPB/L-001") == card
    before = rows(program.world)
    unknown = program.post("/procedure-cancellations", {**WHOSE, "number": 9})
    assert (unknown.status_code, unknown.json()["title"]) == (422, "procedure_not_found")
    early = program.post("/procedures", {**moved, "happens_on": "2026-05-01"})
    assert (early.status_code, early.json()["field"]) == (422, "happens_on")
    assert rows(program.world) == before
    assert program.world.unproved() == []


def test_an_arm_changes_and_a_day_of_enrolment_is_set_right(program: Program) -> None:
    enrolled(program, arm="non-surgical")
    card = program.made("/arm-changes", {**WHOSE, "arm": "surgical", "since": "2026-06-01"})
    assert [(each["arm"], each["since"]) for each in card["arms"]] == [
        ("non-surgical", "2026-05-04"),
        ("surgical", "2026-06-01"),
    ]
    card = program.made("/enrolment-dates", {**WHOSE, "enrolled_on": "2026-01-31"})
    assert [each[3] for each in lbpb.days(card)][:4] == [
        "2026-01-24",
        "2026-01-31",
        "2026-02-28",
        "2026-04-30",
    ]
    before = rows(program.world)
    for path, order, title in (
        ("/arm-changes", {**WHOSE, "arm": "third"}, "arm_unknown"),
        ("/enrolment-dates", {**WHOSE, "enrolled_on": "2999-01-01"}, "input_refused"),
    ):
        assert program.post(path, order).json()["title"] == title
        assert program.post(path, order, person=OUTSIDER).status_code in (404, 422)
    assert program.post("/arm-changes", {**WHOSE, "arm": "surgical"}, person=OUTSIDER).status_code == 404
    assert rows(program.world) == before
    assert program.world.unproved() == []


def test_the_agenda_tells_each_visit_in_one_list_as_json_as_csv_and_as_counts(program: Program) -> None:
    card = enrolled(program)
    lists = {of: codes(agenda(program, of)) for of in ("due", "overdue", "upcoming")}
    assert lists["overdue"] == [at(card, "RUN")["code"], at(card, "BL")["code"]]
    assert lists["due"] == []
    assert lists["upcoming"] == [at(card, event)["code"] for event in ("M1", "M3", "M6", "M12")]
    assert codes(agenda(program, "due", "2026-06-01")) == [at(card, "M1")["code"]]
    row = agenda(program, "overdue")["items"][0]
    assert (row["study"], row["site"], row["participant"], row["event"]) == ("LBPB", "BJ", "L-001", "RUN")
    counts = program.told("/agenda/counts", day="2026-05-20", study="LBPB")
    assert counts == {"due": 0, "overdue": 2, "upcoming": 4, "out_of_window": 0, "missed": 0}

    answer = program.get("/agenda.csv", of="upcoming", day="2026-05-20", participant="L-001")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "upcoming.csv" in answer.headers["content-disposition"]
    lines = list(csv.DictReader(StringIO(answer.text)))
    assert [line["visit"] for line in lines] == lists["upcoming"]
    assert (lines[0]["opens_on"], lines[0]["days"]) == ("2026-05-28", "8")
    assert program.told("/agenda/counts", person=OUTSIDER)["upcoming"] == 0
    assert program.get("/agenda.csv", of="upcoming", person=OUTSIDER).text.count("\n") == 1


def test_the_agenda_is_read_page_by_page_and_filtered(program: Program) -> None:
    card = enrolled(program)
    program.made("/participants", {**lbpb.ENROLMENT, "pseudonym": "L-002"})
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = agenda(program, "upcoming", limit=3, after=after)
        assert len(page["items"]) <= 3
        seen += codes(page)
        after = page["next"]
    assert len(seen) == len(set(seen)) == 8
    mine = agenda(program, "upcoming", participant="L-001", study="LBPB", site="BJ")
    assert codes(mine) == [at(card, event)["code"] for event in ("M1", "M3", "M6", "M12")]
    assert agenda(program, "upcoming", site="NT")["items"] == []
    for query, status, field in (
        ({"of": "late"}, 400, "of"),
        ({"day": "tomorrow"}, 400, "day"),
        ({"study": "NONE"}, 404, "study"),
        ({"site": "NONE"}, 422, "site"),
        ({"after": "x/y"}, 400, "after"),
        ({"participant": "a b"}, 400, "participant"),
    ):
        answer = program.get("/agenda", **query)
        assert answer.status_code == status, answer.text
        assert field in answer.text, answer.text


def test_a_month_has_every_day_with_its_visits(program: Program) -> None:
    card = enrolled(program)
    days = program.told("/agenda/months/2026-06", study="LBPB")
    assert len(days) == 30
    assert [row["visit"] for row in days[3]["visits"]] == [at(card, "M1")["code"]]
    assert program.told("/agenda/months/2026-06", participant="L-9")[3]["visits"] == []
    for month in ("2026-13", "May", "2026"):
        answer = program.get(f"/agenda/months/{month}")
        assert (answer.status_code, answer.json()["title"]) == (400, "month_unknown")
    assert program.get("/agenda/months/2026-06", study="NONE").json()["title"] == "study_not_found"


def test_a_visit_is_missed_with_its_reason_and_planned_again(program: Program) -> None:
    visit = at(enrolled(program), "BL")["code"]
    card = program.made("/missed-visits", {"visit": visit, "reason": "ill"})
    assert (card["status"], card["missed_reason"]) == ("missed", "ill")
    assert codes(agenda(program, "missed")) == [visit]
    assert program.post("/attendances", {"visit": visit}).json()["title"] == "visit_not_open"
    assert program.made("/replannings", {"visit": visit})["status"] == "planned"
    before = rows(program.world)
    for path, order, status, title in (
        ("/replannings", {"visit": visit}, 422, "visit_not_missed"),
        ("/missed-visits", {"visit": visit, "reason": "rain"}, 400, "input_refused"),
        ("/missed-visits", {"visit": visit}, 400, "input_refused"),
    ):
        answer = program.post(path, order)
        assert (answer.status_code, answer.json()["title"]) == (status, title)
    missed = program.post("/missed-visits", {"visit": visit, "reason": "ill"}, person=OUTSIDER)
    assert missed.json()["title"] == "visit_not_found"
    assert rows(program.world) == before
    assert program.world.unproved() == []


def test_a_visit_takes_place_although_nothing_is_collected(program: Program) -> None:
    visit = at(enrolled(program), "RUN")["code"]
    told = {"visit": visit, "took_place": "2026-04-27T09:00:00+08:00"}
    card = program.made("/attendances", told)
    assert (card["status"], card["came_on"]) == ("done", "2026-04-27")
    assert program.made("/attendances", {"visit": visit})["came_on"] == "2026-04-27"
    assert program.post("/attendances", told, person=OUTSIDER).json()["title"] == "visit_not_found"
    assert program.world.unproved() == []


def test_datasets_are_linked_listed_and_unlinked(program: Program) -> None:
    visit = at(enrolled(program), "BL")["code"]
    link = {"visit": visit, "kind": "fmri", "external_id": "SUB-01"}
    assert program.made("/datasets", link)["datasets"] == [{"kind": "fmri", "external_id": "SUB-01"}]
    assert program.told("/datasets", visit=visit) == [{"kind": "fmri", "external_id": "SUB-01"}]
    before = rows(program.world)
    for order, status, title in (
        (link, 409, "dataset_linked_already"),
        ({**link, "kind": "genome"}, 422, "dataset_kind_unknown"),
        ({**link, "external_id": "a b"}, 400, "input_refused"),
    ):
        answer = program.post("/datasets", order)
        assert (answer.status_code, answer.json()["title"]) == (status, title)
    assert rows(program.world) == before
    assert program.made("/dataset-removals", link)["datasets"] == []
    assert program.post("/dataset-removals", link).json()["title"] == "dataset_not_linked"
    assert program.get("/datasets", visit=visit, person=OUTSIDER).status_code == 404
    assert program.world.unproved() == []


def test_answers_to_consent_are_told_and_a_withdrawal_says_before_what_it_stops(program: Program) -> None:
    visit, made = lbpb.begun(program)
    program.made("/consents", {**WHOSE, "version": "1.0", "declined": ["recontact"]})
    who = {"study": "LBPB", "participant": "L-001"}
    answers = {each["scope"]: each["granted"] for each in program.told("/consents", **who)}
    assert answers == {"storage": True, "genetics": True, "microbiome": True, "recontact": False}
    blood = lbpb.of(made, "blood_edta", "primary")
    program.made("/ticks", {"visit": visit, "codes": blood, **lbpb.DRAWN})
    stake = program.told("/withdrawals/at-stake", **who)
    assert stake == {"visits": 5, "expected": len(made) - 1, "tubes": 1}
    order = {**WHOSE, "level": "no_further_use", "withdrawn_on": "2026-06-01"}
    card = program.made("/withdrawals", order)
    assert (card["withdrawn"], card["withdrawn_on"]) == ("no_further_use", "2026-06-01")
    assert program.told("/withdrawals/at-stake", **who) == {"visits": 0, "expected": 0, "tubes": 1}
    assert program.told(f"/specimens/{blood[0]}")["holds"] == [
        {"kind": "consent", "reason": "no_further_use"}
    ]
    before = rows(program.world)
    again = program.post("/withdrawals", order)
    assert (again.status_code, again.json()["title"], again.json()["field"]) == (
        422,
        "withdrawn_already",
        "level",
    )
    for path, refused in (
        ("/consents", {**WHOSE, "version": "1.0", "scopes": ["storage"]}),
        ("/spins", {"tubes": blood, "g": 2000, "minutes": 10, "celsius": 20}),
        ("/derivatives", {"parent": blood[0], "material": "plasma_edta"}),
    ):
        assert program.post(path, refused).json()["title"] == "withdrawn", path
    assert rows(program.world) == before
    assert program.world.unproved() == []
