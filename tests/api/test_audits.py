"""Freezer audits over HTTP: planned, counted by scans and by files, reconciled, signed, looked back at."""

import base64
import csv
from datetime import date, timedelta
from io import BytesIO, StringIO
from typing import Any
from uuid import uuid4

import msgspec
import openpyxl
import pytest
from litestar.testing import TestClient

from tests.api.program import Program, fields, rows
from tests.quick import app_of
from tests.templates import Furnishing, Templates
from tests.world import MANAGER, OUTSIDER, PASSWORD, TECHNICIAN, World

DUE = "2026-12-31"
INSPECTOR, ASSISTANT = "inspector", "assistant"
WORDS = "five words that make one"
"""The password of who joined."""


class Stock(msgspec.Struct, frozen=True):
    """Five tubes in two of three boxes of a freezer, and who joined."""

    tubes: list[str]
    boxes: list[str]
    secrets: dict[str, str]


def stocked(world: World) -> Stock:
    """Put tubes into boxes; an auditor and a technician of one study join."""
    tubes, boxes = world.tubes(6), world.boxes()
    world.put(boxes[0], tubes[:4])
    world.put(boxes[1], tubes[4:5])
    with TestClient(app_of(world)) as client:
        program = Program(world, client)
        program.join(INSPECTOR, "auditor", site="BJ")
        program.join(ASSISTANT, "technician", study="DEMO", site="BJ")
        return Stock(tubes, boxes, program.secrets)


@pytest.fixture(scope="module")
def furnishing() -> Furnishing:
    return stocked


@pytest.fixture
def stock(told: Stock) -> Stock:
    """What is in the world of a test on each engine."""
    return told


@pytest.fixture
def sqlite_stock(templates: Templates) -> Stock:
    """The same on SQLite alone."""
    found: Stock = templates.told("sqlite", stocked)
    return found


class Audited:
    """The stock, and an audit of the freezer that has begun."""

    def __init__(self, program: Program, stock: Stock, **order: Any) -> None:
        self.program = program
        program.secrets |= stock.secrets
        self.tubes, self.boxes = stock.tubes, stock.boxes
        self.key = self.planned(**order)["row"]["id"]
        self.board = program.made("/audit-starts", {"audit": self.key}, person=MANAGER)

    def planned(self, **order: Any) -> Any:
        whole = {"name": "Yearly", "container": self.program.world.freezer(), "due": DUE}
        return self.program.made("/audits", {**whole, **order}, person=MANAGER)

    def counted(self, box: str, *scans: tuple[str, str], **how: Any) -> Any:
        told = [
            {"slot": slot, "code": code} if code else {"slot": slot, "mark": "empty"} for slot, code in scans
        ]
        order = {"audit": self.key, "box": box, "scans": told, "done": True}
        return self.program.made("/audit-counts", {**order, **how})

    def all_counted(self) -> None:
        """Two tubes of the first box have changed places, one is gone, and one is nobody's."""
        first, second, third, *_ = self.tubes
        self.counted(self.boxes[0], ("A1", first), ("A2", third), ("A3", second), ("A5", "NOBODYS"))
        file = base64.b64encode(f"{self.boxes[1]},A1,{self.tubes[4]}\n".encode()).decode()
        self.program.made("/audit-rack-files", {"audit": self.key, "content": file, "name": "scan.txt"})
        paper = {"entries": "A1 -", "rest_absent": True}
        self.program.made("/audit-papers", {"audit": self.key, "box": self.boxes[2], **paper})

    def lines(self, **sought: Any) -> list[str]:
        found = self.program.told(f"/audits/{self.key}/findings", person=MANAGER, **sought)
        return [each["id"] for each in found["items"]]

    def decided(self, lines: list[str], decision: str, **more: str) -> Any:
        order = {"audit": self.key, "lines": lines, "decision": decision, **more}
        return self.program.made("/audit-decisions", order, person=MANAGER)


def test_an_audit_is_planned_counted_reconciled_and_signed(program: Program, stock: Stock) -> None:
    audit = Audited(program, stock, every_days=365)
    row = audit.board["row"]
    assert (row["status"], row["boxes"], audit.board["population"], audit.board["drawn"]) == (
        "counting",
        3,
        5,
        5,
    )
    assert len(audit.board["seed"]) > 20
    assert len(audit.board["snapshot"]) == 64
    audit.all_counted()
    board = program.told(f"/audits/{audit.key}")
    assert board["results"] == {"found": 2, "wrong_slot": 2, "missing": 1, "unknown": 1, "empty": 81 * 3 - 6}
    assert (board["rate"]["errors"], board["rate"]["looked_at"]) == (4, 6)
    assert audit.decided(audit.lines(result="wrong_slot"), "moved")["open_findings"] == 2
    (missing,) = audit.lines(result="missing", box=audit.boxes[0], open="true")
    audit.decided([missing], "missing")
    assert [each["code"] for each in program.told("/missing")["items"]] == [audit.tubes[3]]
    entrusted = {"audit": audit.key, "lines": audit.lines(open="true"), "owner": TECHNICIAN, "due": DUE}
    assert program.made("/audit-entrustings", entrusted, person=MANAGER)["open_findings"] == 1
    (mine,) = program.told("/audit-entrustings", mine="true")["items"]
    assert (mine["text"], mine["owner"]) == ("NOBODYS", TECHNICIAN)
    assert program.told("/audit-entrustings", mine="true", person=MANAGER)["items"] == []
    assert program.told("/audit-entrustings", after=mine["id"]) == {"items": [], "next": None}
    signed = {"audit": audit.key, "password": PASSWORD}
    told = program.made("/audit-performances", signed, person=MANAGER)
    assert (told["meaning"], told["signer"]) == ("performed", MANAGER)
    reviewed = program.made("/audit-reviews", {**signed, "password": WORDS}, person=INSPECTOR)
    assert (reviewed["meaning"], reviewed["signer"]) == ("reviewed", INSPECTOR)
    (over,) = program.told("/audits", closed="true")["items"]
    assert (over["id"], over["status"]) == (audit.key, "closed")
    (following,) = program.told("/audits")["items"]
    assert following["status"] == "planned"
    assert date.fromisoformat(following["due_on"]) >= date.fromisoformat(DUE) + timedelta(days=365)
    program.world.put(audit.boxes[2], [audit.tubes[3]])  # it turned up
    assert program.told("/missing") == {"items": [], "next": None}
    assert program.world.unproved() == []


def test_what_an_audit_found_is_told_as_pages_files_and_over_time(program: Program, stock: Stock) -> None:
    audit = Audited(program, stock)
    audit.all_counted()
    at = f"/audits/{audit.key}/findings"
    first = program.told(at, limit=3)
    last = program.told(at, limit=3, after=first["next"])
    assert ([len(first["items"]), len(last["items"])], last["next"]) == ([3, 1], None)
    every = [*first["items"], *last["items"]]
    assert {each["result"] for each in every} == {"wrong_slot", "missing", "unknown"}
    table = list(csv.DictReader(StringIO(program.get(f"{at}.csv").text, newline="")))
    assert [line["id"] for line in table] == [each["id"] for each in every]
    assert table[0]["found_slot"] in {"A2", "A3"}
    page = openpyxl.load_workbook(BytesIO(program.get(f"{at}.xlsx", result="missing").content)).active
    assert page is not None
    assert page.max_row == 2
    assert program.get("/missing.csv").text.startswith('"id"')
    assert program.get("/missing.xlsx").content[:2] == b"PK"
    lines = [each["id"] for each in every]
    entrusted = {"audit": audit.key, "lines": lines, "owner": TECHNICIAN, "due": DUE}
    program.made("/audit-entrustings", entrusted, person=MANAGER)
    program.made("/audit-performances", {"audit": audit.key, "password": PASSWORD}, person=MANAGER)
    for by, group in (("audit", "Yearly"), ("freezer", "Freezer 1"), ("study", "DEMO")):
        told = program.told("/audit-trends", by=by, site="BJ", since="2026-01-01")
        assert group in [row["group"] for row in told]
    assert program.told("/audit-trends", site="NT") == []
    seen = program.told(f"/containers/{program.world.freezer()}/coverage", since="2026-01-01")
    assert seen[program.world.freezer()]["tubes"] == 5
    for language in ("en", "zh_Hans"):
        paper = program.get(f"/audits/{audit.key}/certificate.pdf", language=language)
        assert paper.content.startswith(b"%PDF")
        assert paper.headers["content-type"] == "application/pdf"
    drawn = program.get(f"/audits/{audit.key}/sheet.pdf", box=audit.boxes[2])
    assert drawn.content.startswith(b"%PDF")
    refused = program.get(f"/audits/{audit.key}/certificate.pdf", language="tlh")
    assert (refused.status_code, refused.json()["title"]) == (400, "language_unknown")
    assert program.world.unproved() == []


def test_a_scan_sent_again_is_one_scan_and_the_box_goes_on(program: Program, stock: Stock) -> None:
    audit = Audited(program, stock)
    order = {"audit": audit.key, "box": audit.boxes[0], "scans": [{"slot": "A1", "code": audit.tubes[0]}]}
    key = uuid4()
    once = program.made("/audit-counts", order, key=key)
    assert (once["state"], once["scans"][0]["rightly"], once["results"]) == ("counting", True, {})
    assert program.made("/audit-counts", order, key=key) == once
    at = f"/audits/{audit.key}/boxes/{audit.boxes[0]}"
    told = program.told(at)
    assert (told["state"], len(told["slots"])) == ("counting", 81)
    assert [slot["tube"] for slot in told["slots"] if slot["tube"]] == [audit.tubes[0]]
    assert program.told(f"/audits/{audit.key}")["boxes"][0]["scanned"] == 1
    done = audit.counted(
        audit.boxes[0], ("A2", audit.tubes[1]), ("A3", audit.tubes[2]), ("A4", audit.tubes[3])
    )
    assert (done["state"], done["results"]) == ("counted", {"found": 4, "empty": 77})
    assert program.world.unproved() == []


def test_a_sample_is_foreseen_and_drawn_as_large_as_foreseen(sqlite_program: Program) -> None:
    program = sqlite_program
    order = {"name": "A sample", "container": program.world.freezer(), "due": DUE, "method": "sample"}
    claim = {**order, "limit": "40", "confidence": 80}
    before = rows(program.world)
    told = program.made("/audit-previews", claim, person=MANAGER)
    assert rows(program.world) == before
    assert (told["tubes"], told["boxes"]) == (5, 2)
    assert 0 < told["drawn"] < 5
    made = program.made("/audits", claim, person=MANAGER)
    begun = program.made("/audit-starts", {"audit": made["row"]["id"]}, person=MANAGER)
    assert begun["drawn"] == told["drawn"]
    assert program.made("/audits", {**order, "share": "25"}, person=MANAGER)["row"]["method"] == "sample"


def test_a_loss_calls_for_an_audit_until_one_is_planned(program: Program, stock: Stock) -> None:
    audit = Audited(program, stock, container=program.world.boxes()[0])
    audit.counted(audit.boxes[0], *zip(("A1", "A2", "A3"), audit.tubes[:3], strict=True))
    audit.decided(audit.lines(result="missing"), "missing")
    (told,) = program.told("/audit-suggestions", person=MANAGER)
    assert (told["trigger"], told["container"]) == ("loss", program.world.freezer())
    assert "Tubes are missing from Freezer 1: 1." in told["reason"]
    assert program.told("/audit-suggestions") == []  # a technician plans none
    order = {name: told[name] for name in ("name", "container", "trigger", "share", "due")}
    program.made("/audits", order, person=MANAGER)
    assert program.told("/audit-suggestions", person=MANAGER) == []
    assert program.world.unproved() == []


def test_the_list_of_audits_goes_on_page_by_page(program: Program, stock: Stock) -> None:
    whole = {"container": program.world.freezer()}
    days = ["2026-12-03", "2026-12-01", "2026-12-02", "2026-12-01"]
    for number, day in enumerate(days):
        program.made("/audits", {**whole, "name": f"Audit {number}", "due": day}, person=MANAGER)
    names: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = program.told("/audits", limit=1, **after)
        names += [each["name"] for each in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert names == ["Audit 1", "Audit 3", "Audit 2", "Audit 0"]
    for each in program.told("/audits")["items"][:2]:
        given_up = program.made("/audit-cancellations", {"audit": each["id"]}, person=MANAGER)
        assert given_up["row"]["status"] == "cancelled"
    first = program.told("/audits", closed="true", limit=1)
    last = program.told("/audits", closed="true", after=first["next"])
    assert [each["name"] for each in (*first["items"], *last["items"])] == ["Audit 3", "Audit 1"]
    assert program.told("/audits", site="NT")["items"] == []
    assert program.world.unproved() == []


def test_what_cannot_be_done_is_refused_with_the_field_and_leaves_nothing(
    sqlite_program: Program, sqlite_stock: Stock
) -> None:
    program, stock = sqlite_program, sqlite_stock
    audit = Audited(program, stock)
    planned = audit.planned(name="Another")["row"]["id"]
    box, tube, freezer = audit.boxes[0], audit.tubes[0], program.world.freezer()
    plan = {"name": "x", "due": DUE}
    scan = [{"slot": "A1", "code": tube}]
    signed = {"audit": audit.key, "password": PASSWORD}
    early = {"audit": audit.key, "box": box, "occurred": "2026-05-04T09:30:00+08:00"}
    refusals: list[tuple[str, dict[str, Any], int, str, str]] = [
        ("/audits", plan, 422, "one_scope", "container"),
        ("/audits", {**plan, "container": freezer, "tubes": [tube]}, 422, "one_scope", "tubes"),
        ("/audits", {**plan, "container": freezer, "method": "sample"}, 422, "sample_without_claim", "limit"),
        ("/audits", {**plan, "container": freezer, "owner": "nobody"}, 404, "person_not_found", "owner"),
        ("/audits", {**plan, "container": freezer, "due": "2999-01-01"}, 400, "input_refused", "due"),
        ("/audit-starts", {"audit": audit.key}, 409, "audit_started", ""),
        ("/audit-starts", {"audit": str(uuid4())}, 404, "audit_not_found", "audit"),
        ("/audit-counts", {"audit": planned, "box": box, "scans": scan}, 422, "audit_not_started", "audit"),
        ("/audit-counts", {"audit": audit.key, "box": freezer, "scans": scan}, 404, "box_not_audited", "box"),
        ("/audit-counts", {"audit": audit.key, "box": box, "done": True}, 422, "nothing_scanned", "box"),
        ("/audit-counts", {**early, "scans": scan}, 422, "counted_too_early", "occurred"),
        (
            "/audit-counts",
            {"audit": audit.key, "box": box, "scans": [{"code": tube}]},
            422,
            "slot_needed",
            "scans.0.slot",
        ),
        (
            "/audit-decisions",
            {"audit": audit.key, "lines": [str(uuid4())], "decision": "moved"},
            404,
            "finding_not_found",
            "lines.0",
        ),
        ("/audit-performances", signed, 422, "audit_without_scans", "audit"),
        ("/audit-performances", {**signed, "password": "wrong"}, 403, "password_wrong", "password"),
        ("/audit-reviews", signed, 422, "not_performed", "audit"),
    ]
    before = rows(program.world)
    for path, order, status, slug, field in refusals:
        answer = program.post(path, order, person=MANAGER)
        assert (answer.status_code, answer.json()["title"]) == (status, slug), (path, order, answer.text)
        assert not field or field in fields(answer), (path, order, answer.text)
        assert rows(program.world) == before, (path, order)
    assert program.world.unproved() == []


def test_who_may_not_is_refused_and_who_cannot_see_finds_nothing(
    sqlite_program: Program, sqlite_stock: Stock
) -> None:
    program, stock = sqlite_program, sqlite_stock
    audit = Audited(program, stock)
    freezer = {"name": "x", "container": program.world.freezer(), "due": DUE}
    assert program.post("/audits", freezer).json()["title"] == "not_allowed"
    assert program.post("/audit-cancellations", {"audit": audit.key}).json()["title"] == "not_allowed"
    # Of a freezer that may hold tubes of every study, who sees one study sees no audit.
    for person in (OUTSIDER, ASSISTANT):
        assert program.told("/audits", person=person)["items"] == []
        for path in ("", f"/boxes/{audit.boxes[0]}", "/findings", "/findings.csv", "/certificate.pdf"):
            answer = program.get(f"/audits/{audit.key}{path}", person=person)
            assert answer.status_code == 404, (person, path)
        order = {"audit": audit.key, "box": audit.boxes[0], "scans": [{"slot": "A1", "code": audit.tubes[0]}]}
        assert program.post("/audit-counts", order, person=person).status_code == 404
    ours = {"name": "Of the study", "study": "DEMO", "site": "BJ", "due": DUE}
    made = program.made("/audits", ours, person=MANAGER)
    assert program.told(f"/audits/{made['row']['id']}", person=ASSISTANT)["row"]["study"] == "DEMO"


@pytest.mark.parametrize("path", ["/audit-performances", "/audit-reviews"])
def test_a_token_signs_no_audit(sqlite_program: Program, sqlite_stock: Stock, path: str) -> None:
    program, stock = sqlite_program, sqlite_stock
    audit = Audited(program, stock)
    secret = program.made("/tokens", {"name": "robot", "days": 1}, person=MANAGER)["secret"]
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": str(uuid4())}
    order = {"audit": audit.key, "password": PASSWORD}
    answer = program.client.post(f"/api/v1{path}", json=order, headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (403, "cannot_sign")
