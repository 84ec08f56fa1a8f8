"""What is let in however odd it looks: kept as text, shown as text, never run, sought or opened."""

import base64
import csv
import io
import json
import re

import pypdfium2
import structlog
from litestar.testing import TestClient

from biobank import codes, logs
from biobank.codes import CodeKind
from tests.api.program import Program, signed_in
from tests.hostile.furnished import Known
from tests.quick import app_of
from tests.racks.benches import plate
from tests.racks.dialects import visionmate
from tests.world import MANAGER, OUTSIDER, World

PROGRAMS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'; DROP TABLE specimen;--",
    '" OR ""="',
    "{{7*7}}",
    "{% raw %}",
    "${jndi:ldap://x/a}",
    "%(name)s %s %n",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "$(touch x); `id`",
    "../../etc/passwd",
    "^XZ^XA~JR_5E",
    "<b>&amp;</b>",
]
ABSENT = "01a20000-0000-7000-8000-000000000000"


def test_what_looks_like_a_program_is_kept_and_shown_as_text(world: World, told: Known) -> None:
    with TestClient(app_of(world)) as client:
        program = Program(world, client)
        new = [{"material": "blood_edta", "note": text, "container": text} for text in PROGRAMS]
        made = program.made("/specimens", {"visit": told.visit, "specimens": new})
        codes = [each["code"] for each in made]
        for code, text in zip(codes, PROGRAMS, strict=True):
            page = client.get(f"/specimens/{code}", headers=signed_in(MANAGER)).text
            assert json.dumps(text)[1:-1] in json.dumps(program.told(f"/specimens/{code}"))
            assert text not in re.sub(r"&\w+;|&#\d+;", "", page) or not set(text) & set("<>&\"'"), text
            assert "49" not in re.findall(r"<dd[^>]*>\s*49\s*</dd>", page)
        listed = client.get("/api/v1/specimens.csv", headers=signed_in(MANAGER)).text
        assert not re.search(r'(^|,|")[=+@]', listed, re.MULTILINE)
        for text in PROGRAMS:
            into = {"type": "box-9x9", "name": text, "site": "BJ"}
            box = program.made("/containers", into, person=MANAGER)["code"]
            assert program.told(f"/containers/{box}", person=MANAGER)["name"] == text
    assert world.unproved() == []


def test_what_is_said_of_an_audit_is_text_on_pages_sheets_and_certificates(
    sqlite_world: World, known: Known
) -> None:
    said = [*PROGRAMS, "W" * 200]
    with TestClient(app_of(sqlite_world)) as client:
        program = Program(sqlite_world, client)
        plan = {"container": known.boxes[1], "due": "2026-12-31"}
        for text in said:
            made = program.made("/audits", {**plan, "name": text}, person=MANAGER)
            assert made["row"]["name"] == text
        for text, row in zip(said, program.told("/audits", limit=200)["items"][-len(said) :], strict=True):
            page = client.get(f"/audits/{row['id']}", headers=signed_in(MANAGER)).text
            assert text not in re.sub(r"&\w+;|&#\d+;", "", page) or not set(text) & set("<>&\"'"), text
        told = {"audit": known.audit, "lines": known.lines[:1], "decision": "explained"}
        program.made("/audit-decisions", {**told, "reason": f"=1+1 {PROGRAMS[0]}"}, person=MANAGER)
        listed = client.get(f"/api/v1/audits/{known.audit}/findings.csv", headers=signed_in(MANAGER)).text
        cells = [cell for row in csv.reader(io.StringIO(listed, newline="")) for cell in row]
        assert [cell for cell in cells if cell.startswith(("=", "+", "@"))] == []
        for language in ("en", "zh_Hans"):
            paper = program.get(f"/audits/{known.audit}/certificate.pdf", language=language).content
            assert "<script>alert(1)</script>" in drawn(paper)
    assert sqlite_world.unproved() == []


def drawn(pdf: bytes) -> str:
    """What stands on the pages of a document, without blanks and breaks."""
    pages = (page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf))
    return re.sub(r"\s", "", "".join(pages))


def test_the_name_of_a_file_is_text_and_never_a_path(sqlite_world: World, known: Known) -> None:
    box = known.boxes[2]
    with TestClient(app_of(sqlite_world)) as client:
        program = Program(sqlite_world, client)
        names = ["../../x", "C:\\x", "con.csv", "a;b.txt", "<script>.txt", "\u540d.csv"]
        for place, name in enumerate(names):
            rack = base64.b64encode(visionmate(box, plate([f"900{place}"]))).decode()
            program.made("/rack-files", {"content": rack, "name": name, "box": box})
        waiting = program.told("/rack-files")["items"]
        assert sorted(each["name"] for each in waiting) == sorted(names)
        for kept in waiting:
            got = program.get(f"/rack-files/{kept['id']}/content")
            disposition = got.headers["content-disposition"]
            assert re.fullmatch(r'attachment; filename="rack-[0-9a-f-]{36}\.txt"', disposition)
            assert got.headers["content-type"] == "application/octet-stream"
            assert got.headers["x-content-type-options"] == "nosniff"
        longest = {"content": base64.b64encode(b"A1,1\n").decode(), "box": box, "rack": box}
        for name in ("x" * 4096, "a\r\nX-Evil: 1", "a\u202eb", "\x00"):
            answer = program.post("/rack-files", {**longest, "name": name})
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "name")


def test_what_is_out_of_scope_answers_as_what_is_not_there(sqlite_world: World, known: Known) -> None:
    theirs = codes_of_nothing()
    pairs = [
        (f"/specimens/{known.tubes[0]}", f"/specimens/{theirs['specimen']}"),
        (f"/containers/{known.boxes[0]}", f"/containers/{theirs['container']}"),
        (f"/visits/{known.visit}", f"/visits/{theirs['visit']}"),
        (f"/kits/{known.kit}", f"/kits/{theirs['kit']}"),
        (f"/print-jobs/{known.job}", f"/print-jobs/{ABSENT}"),
    ]
    with TestClient(app_of(sqlite_world)) as client:
        program = Program(sqlite_world, client)
        for there, absent in pairs:
            answers = [program.get(path, person=OUTSIDER) for path in (there, absent)]
            bodies = [
                _without(answer.text, path) for answer, path in zip(answers, (there, absent), strict=True)
            ]
            assert [answer.status_code for answer in answers] == [404, 404], there
            assert bodies[0] == bodies[1], there


def codes_of_nothing() -> dict[str, str]:
    """Well formed codes of nothing, by what they would be of."""
    return {kind.name.lower(): codes.new_code(kind) for kind in CodeKind}


def _without(text: str, path: str) -> str:
    """A refusal without the code it was asked for, however that is grouped."""
    code = path.rsplit("/", 1)[1]
    return re.sub(r"\s", "", text).replace(code, "")


def test_what_is_sought_is_never_a_pattern(world: World, told: Known) -> None:
    with TestClient(app_of(world)) as client:
        program = Program(world, client)
        for text in ("%", "_", "%%%", "D_001", "D%", ".*", "(a+)+$", "[", "\\", "*", "D-0?1"):
            assert client.get(
                "/api/v1/find", params={"code": text}, headers=signed_in(MANAGER)
            ).status_code in (
                400,
                404,
            ), text
            assert program.told("/specimens", participant=text)["items"] == [], text
            page = client.get(
                f"/containers/{told.boxes[0]}", params={"text": text}, headers=signed_in(MANAGER)
            )
            assert page.status_code == 200


def test_no_line_of_the_log_can_be_forged(sqlite_world: World) -> None:
    heard = io.StringIO()
    logs.write_json()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(heard))
    try:
        with TestClient(app_of(sqlite_world)) as client:
            for path in ("/x%0d%0a%7B%22event%22:%22forged%22%7D", "/x%1b%5b31m", "/x%E2%80%A8y"):
                client.get(path, headers={"X-Request-Id": "a\tb\x1b[31m", "User-Agent": "\x1b[31m"})
    finally:
        structlog.reset_defaults()
    lines = [json.loads(line) for line in heard.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["request"] * 3
    assert "\x1b" not in heard.getvalue()
