"""Two studies side by side: who was granted one of them sees nothing of the other, wherever they ask."""

import json
from copy import copy
from typing import Any

import pytest
from litestar.testing import TestClient

from biobank import audits, trail
from tests.api import lbpb
from tests.api.lbpb import DRAWN, ENROLMENT, ICBT, LBPB, at, of
from tests.api.program import Program, rows
from tests.quick import app_of
from tests.templates import Furnishing
from tests.world import MANAGER, OUTSIDER, PASSWORD, World

SHARED = "P-001"
"""A pseudonym that both studies gave."""

NOWHERE = "NONE"
"""A study that there is not."""


class TwoStudies:
    """LBPB, with a visit that was collected, and ICBT-FUSION, which collects nothing, at the same site."""

    def __init__(self, program: Program) -> None:
        self.program = program
        lbpb.adopt(program)
        lbpb.adopt(program, ICBT)
        blood = program.made("/participants", {**ENROLMENT, "pseudonym": "L-001"})
        program.made("/participants", {**ENROLMENT, "pseudonym": SHARED})
        talk = {**ENROLMENT, "study": "ICBT-FUSION", "arm": "", "attributes": {"sex": "male", "age": 40}}
        talk["consent"] = {"version": "1", "scopes": ["storage"]}
        self.talk = program.made("/participants", {**talk, "pseudonym": "I-001"})
        program.made("/participants", {**talk, "pseudonym": SHARED})
        whose = {"study": "LBPB", "pseudonym": "L-001"}
        program.made("/procedures", {**whose, "name": "laminectomy", "happens_on": "2026-06-01"})
        self.visit, self.planned = at(blood, "BL")["code"], at(blood, "M1")["code"]
        (kit,) = program.made("/kits", {"study": "LBPB", "event": "BL", "site": "BJ"})
        (spare,) = program.made("/kits", {"study": "LBPB", "event": "M1", "site": "BJ"})
        made = program.made("/collections", {"visit": self.visit, "kit": kit["code"]})
        self.kit, self.spare, self.label = kit["code"], spare["code"], spare["labels"][0]["code"]
        (self.tube,) = of(made, "blood_edta", "primary")
        self.plasma = of(made, "plasma_edta", "aliquot")
        link = {"visit": self.visit, "kind": "fmri", "external_id": "SCAN-77"}
        program.made("/datasets", link)
        program.made("/ticks", {"visit": self.visit, "codes": [self.tube, *self.plasma], **DRAWN})
        self.box = program.world.boxes()[0]
        program.made("/moves", {"box": self.box, "tubes": self.plasma[:2]})
        program.made("/takings", {"tubes": self.plasma[1:2]})
        program.made("/missed-visits", {"visit": self.planned, "reason": "ill"})
        assert program.post("/labels", {"codes": self.plasma[2:3]}).status_code == 200
        self.audit, self.line = self.audited()
        (self.job,) = (job["id"] for job in program.told("/print-jobs")["items"])
        every = program.told("/specimens", study="LBPB", limit=200)["items"]
        visits = [
            visit["code"]
            for name in ("L-001", SHARED)
            for visit in program.told(f"/participants/LBPB/{name}")["visits"]
        ]
        self.secrets = [
            *("LBPB", "L-001", "Low Back Pain", "SCAN-77", "laminectomy", "EDTA 10 mL", "radicular"),
            *(self.kit, self.spare, self.label, *visits),
            *(self.audit, self.line, "Backs"),
            *(row["code"] for row in every),
        ]

    def audited(self) -> tuple[str, str]:
        """An audit of the tubes of LBPB that is signed, and its finding: a tube that is missing."""
        order = {"name": "Backs", "study": "LBPB", "site": "BJ", "due": "2026-12-31"}
        key = self.program.made("/audits", order, person=MANAGER)["row"]["id"]
        self.program.made("/audit-starts", {"audit": key}, person=MANAGER)
        scans = [{"slot": "A1", "mark": "empty"}]
        self.program.made("/audit-counts", {"audit": key, "box": self.box, "scans": scans, "done": True})
        (line,) = self.program.told(f"/audits/{key}/findings")["items"]
        decided = {"audit": key, "lines": [line["id"]], "decision": "missing"}
        self.program.made("/audit-decisions", decided, person=MANAGER)
        signed = {"audit": key, "password": PASSWORD}
        self.program.made("/audit-performances", signed, person=MANAGER)
        return key, line["id"]

    def told_of(self, text: str) -> list[str]:
        """What of LBPB stands in an answer, our codes in groups of four too."""
        return [each for each in self.secrets if each in text or each in text.replace(" ", "")]

    def filled(self, path: str) -> list[tuple[str, dict[str, Any]]]:
        """Every way to ask at an address of the API, with each code of LBPB that fits."""
        codes = {
            "specimens": [self.tube, self.plasma[0]],
            "visits": [self.visit, self.planned],
            "kits": [self.kit, self.spare],
            "containers": [self.box],
            "boxes": [self.box],
            "studies": ["LBPB"],
            "label-stocks": ["herma-4100"],
            "label-layouts": ["specimen"],
        }
        noun = path.split("/")[3]
        path = path.removeprefix("/api/v1").replace("{month}", "2026-06").replace("{job}", self.job)
        path = path.replace("{key}", self.audit)
        if "{pseudonym}" in path:
            path = path.replace("{study}", "LBPB")
            return [(path.replace("{pseudonym}", name), {}) for name in ("L-001", SHARED)]
        if "{code}" in path:
            of = path.split("/{code}")[0].split("/")[-1]
            query = {"version": 1, "since": "2026-01-01"}
            return [(path.replace("{code}", code), query) for code in codes[of]]
        return [(path, {**each, "limit": 200}) for each in self.filters(noun)]

    def filters(self, noun: str) -> list[dict[str, Any]]:
        """What of LBPB a list can be asked for."""
        asked: list[dict[str, Any]] = [{}, {"study": "LBPB", "participant": "L-001"}]
        if noun == "label-copies":
            asked = [{"code": self.plasma[2]}]
        if noun == "datasets":
            asked = [{"visit": self.visit}]
        if noun == "find":
            asked = [{"code": code} for code in (self.tube, self.visit, self.kit, self.label, "L-001")]
        if noun in {"log", "log.csv"}:
            asked += [{"code": code} for code in (self.tube, self.visit, self.kit, "L-001", "LBPB")]
            asked += [{"about": about} for about in trail.ABOUT]
        if noun == "audit-trends":
            asked = [{"by": by} for by in audits.TrendBy]
        if noun in {"agenda", "agenda.csv"}:
            asked += [{"of": of} for of in ("due", "overdue", "upcoming", "out_of_window", "missed")]
        if noun.startswith("specimens"):
            asked += [{"event": "BL"}, {"dataset": "fmri"}, {"participant": "L-001"}, {"life": "active"}]
        return asked


def furnished(world: World) -> TwoStudies:
    """Both studies, and a technician of the site who was granted ICBT-FUSION alone."""
    with TestClient(app_of(world)) as client:
        program = Program(world, client)
        studies = TwoStudies(program)
        program.join("talker", "technician", study="ICBT-FUSION", site="BJ")
        program.join("reader", "researcher", study="ICBT-FUSION")
        program.join("inspector", "auditor", study="ICBT-FUSION", site="BJ")
        return studies


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return furnished


@pytest.fixture
def two(program: Program, told: TwoStudies) -> TwoStudies:
    """The same, in front of a database of the test's own."""
    mine = copy(told)
    mine.program = program
    program.secrets |= told.program.secrets
    return mine


def questions(two: TwoStudies) -> list[tuple[str, dict[str, Any]]]:
    """Everything that can be asked of the API."""
    paths = two.program.client.get("/schema/openapi.json").json()["paths"]
    asked = []
    for path, item in paths.items():
        known = {each["name"] for each in item.get("get", {}).get("parameters", ())}
        for address, query in two.filled(path) if "get" in item else ():
            fitting = {name: value for name, value in query.items() if name in known}
            if (address, fitting) not in asked:
                asked.append((address, fitting))
    return asked


@pytest.mark.parametrize("person", ["talker", "reader", "inspector"])
def test_no_question_tells_anything_of_a_study_that_was_not_granted(two: TwoStudies, person: str) -> None:
    told, seen = [], 0
    for path, query in questions(two):
        answer = two.program.get(path, person=person, **query)
        assert answer.status_code < 500, (path, answer.text)
        asked = json.dumps([path, query])
        found = [each for each in two.told_of(answer.text) if each not in asked]
        told += [(path, query, each) for each in found]
        if "LBPB" in path:
            assert answer.status_code == 404, (path, query, answer.text)
        elif query.get("study") == "LBPB" and answer.status_code != 404:
            absent = two.program.get(path, person=person, **query | {"study": NOWHERE})
            assert (answer.status_code, answer.text) == (absent.status_code, absent.text), (path, query)
        seen += bool(two.told_of(two.program.get(path, person=MANAGER, **query).text))
    assert told == []
    assert seen > 40  # the control: a manager of both is told of LBPB nearly everywhere
    assert two.program.world.unproved() == []


def test_lists_counts_and_search_are_of_the_granted_study_alone(two: TwoStudies) -> None:
    def told(path: str, **query: str) -> Any:
        return two.program.told(path, person="talker", **query)

    assert [study["code"] for study in told("/studies")] == ["ICBT-FUSION"]
    assert told("/specimens")["items"] == []
    names = {row["participant"] for day in told("/agenda/months/2026-05") for row in day["visits"]}
    assert names == {"I-001", SHARED}
    both, one = two.program.told("/agenda/counts"), told("/agenda/counts")
    assert one == told("/agenda/counts", study="ICBT-FUSION")
    assert sum(one.values()) < sum(both.values())
    assert (both["missed"], one["missed"]) == (1, 0)
    # A pseudonym that both gave is no riddle to who sees one of them, and no hint that there is another.
    found = told("/find", code=SHARED)
    assert (found["kind"], found["study"]) == ("participant", "ICBT-FUSION")
    assert two.program.get("/find", code=SHARED).json()["title"] == "code_ambiguous"


def test_a_list_of_codes_tells_of_the_other_study_what_it_tells_of_nothing(two: TwoStudies) -> None:
    asked = [two.tube, two.visit, two.kit, two.label, "L-001", SHARED]
    for person, known in (("talker", [SHARED]), ("reader", []), ("inspector", [SHARED])):
        answer = two.program.post("/find-lists", {"codes": asked}, person=person).json()
        assert [row["text"] for row in answer["rows"] if row["state"] != "unknown"] == known
        assert {row["study"] for row in answer["rows"]} <= {"", "ICBT-FUSION"}
    assert two.program.made("/find-lists", {"codes": asked})["unknown"] == 0


def test_a_box_that_both_studies_use_tells_of_a_slot_only_that_it_is_taken(two: TwoStudies) -> None:
    slots = {
        slot["name"]: slot for slot in two.program.told(f"/containers/{two.box}", person="talker")["slots"]
    }
    assert [(slots[name]["state"], slots[name]["code"]) for name in ("A1", "A2", "A3")] == [
        ("occupied", ""),
        ("kept", ""),
        ("empty", ""),
    ]
    seen = {slot["name"]: slot for slot in two.program.told(f"/containers/{two.box}")["slots"]}
    assert [seen[name]["code"] for name in ("A1", "A2")] == two.plasma[:2]
    visit = at(two.talk, "BL")["code"]
    (mine,) = two.program.made("/specimens", {"visit": visit, "specimens": [{"material": "serum"}]})
    for slot in ("A1", "A2"):
        order = {"box": two.box, "tubes": [mine["code"]], "slot": slot}
        answer = two.program.post("/moves", order, person="talker")
        assert (answer.status_code, answer.json()["title"]) == (409, "slot_taken")
        assert two.told_of(answer.text) == []
        assert two.told_of(two.program.post("/moves", order).text) != []
    (stored,) = two.program.made("/moves", {"box": two.box, "tubes": [mine["code"]]}, person="talker")
    assert stored["slot"] == "A3"
    assert two.program.world.unproved() == []


def acts(two: TwoStudies) -> list[tuple[str, dict[str, Any]]]:
    """An order about LBPB for each act that could be about it."""
    whose = {"study": "LBPB", "pseudonym": "L-001"}
    link = {"visit": two.visit, "kind": "fmri", "external_id": "SCAN-77"}
    kits = {"study": "LBPB", "event": "BL", "site": "BJ"}
    return [
        ("/participants", {**ENROLMENT, "pseudonym": "L-002"}),
        ("/consents", {**whose, "version": "1.0", "scopes": ["storage"]}),
        ("/withdrawals", {**whose, "level": "destroy", "withdrawn_on": "2026-06-01"}),
        ("/arm-changes", {**whose, "arm": "non-surgical"}),
        ("/procedures", {**whose, "name": "nerve block"}),
        ("/procedure-cancellations", {**whose, "number": 1}),
        ("/enrolment-dates", {**whose, "enrolled_on": "2026-05-05"}),
        ("/visits", {**whose, "event": "M3"}),
        ("/attendances", {"visit": two.planned}),
        ("/missed-visits", {"visit": two.planned, "reason": "ill"}),
        ("/replannings", {"visit": two.planned}),
        ("/datasets", {**link, "external_id": "SCAN-78"}),
        ("/dataset-removals", link),
        ("/kits", kits),
        ("/kit-labels", kits),
        ("/kit-reprints", {"kits": [two.kit]}),
        ("/collections", {"visit": two.visit}),
        ("/ticks", {"visit": two.visit, "codes": [two.plasma[0]]}),
        ("/all-present", {"visit": two.visit}),
        ("/deviations", {"tube": two.tube, "code": "other", "note": "x"}),
        ("/finished-collections", {"visit": two.visit}),
        ("/collection-facts", {"tube": two.tube, "haemolysis": 1}),
        ("/receipts", {"tubes": [two.tube]}),
        ("/spins", {"tubes": [two.tube], "g": 2000, "minutes": 10, "celsius": 20}),
        ("/aliquots", {"parent": two.tube, "count": 1}),
        ("/derivatives", {"parent": two.tube, "material": "plasma_edta"}),
        ("/specimens", {"visit": two.visit, "specimens": [{"material": "blood_edta"}]}),
        ("/labels", {"codes": [two.tube]}),
        ("/moves", {"box": two.box, "tubes": [two.tube]}),
        ("/takings", {"tubes": [two.plasma[0]]}),
        ("/returns", {"tubes": [two.plasma[1]]}),
        ("/audit-starts", {"audit": two.audit}),
        ("/audit-cancellations", {"audit": two.audit}),
        ("/audit-counts", {"audit": two.audit, "box": two.box, "done": True}),
        ("/audit-papers", {"audit": two.audit, "box": two.box, "rest_absent": True}),
        ("/audit-decisions", {"audit": two.audit, "lines": [two.line], "decision": "put_back"}),
        (
            "/audit-entrustings",
            {"audit": two.audit, "lines": [two.line], "owner": "talker", "due": "2026-12-31"},
        ),
    ]


@pytest.mark.parametrize("person", ["talker", OUTSIDER])
def test_no_act_on_a_study_that_was_not_granted_is_more_than_not_found(two: TwoStudies, person: str) -> None:
    before = rows(two.program.world)
    for path, order in acts(two):
        answer = two.program.post(path, order, person=person)
        assert answer.status_code == 404, (path, answer.text)
        asked = json.dumps(order)
        told = [each for each in two.told_of(answer.text) if each not in asked]
        assert told == [], path
        assert rows(two.program.world) == before, path
    assert two.program.world.unproved() == []


def test_who_sets_up_one_study_cannot_see_or_change_the_protocol_of_the_other(two: TwoStudies) -> None:
    two.program.join("lead", "manager", study="ICBT-FUSION")
    before = rows(two.program.world)
    for path in ("/studies", "/study-previews"):
        for text in (LBPB.replace(b"month = 1\n", b"month = 2\n"), LBPB.replace(b'"LBPB"', b'"NEW"')):
            sent = {"content": text, "Content_Type": "application/toml", "person": "lead"}
            answer = two.program.post(path, **sent)  # type: ignore[arg-type]
            # The same answer for a study there is and for one there is not.
            assert (answer.status_code, answer.json()["title"]) == (403, "not_allowed"), path
    assert rows(two.program.world) == before
    assert (
        lbpb.adopt(two.program, ICBT.replace(b"month = 2\n", b"month = 1\n"), "lead")["study"]["version"] == 2
    )
    assert rows(two.program.world)["protocol"] == before["protocol"] + 1
    assert two.program.told("/studies/LBPB/protocol", person=MANAGER)["version"] == 1
    assert two.program.world.unproved() == []


def test_a_person_of_another_site_sees_the_studies_and_nobody_in_them(two: TwoStudies) -> None:
    at_another = {each for path, query in questions(two) for each in _named(two, path, query)}
    assert at_another == set()


def _named(two: TwoStudies, path: str, query: dict[str, Any]) -> set[str]:
    """Who and what of LBPB is told to a person of another site."""
    answer = two.program.get(path, person=OUTSIDER, **query)
    known = {"LBPB", "Low Back Pain", "EDTA 10 mL", "radicular"}  # what its protocol says of itself
    asked = json.dumps([path, query])
    return {each for each in two.told_of(answer.text) if each not in asked} - known
