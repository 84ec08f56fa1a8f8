"""Audits that cannot be planned, counted, decided or asked for so: rows of the table at each address."""

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.hostile.furnished import Known
from tests.hostile.row import Row, asked, form, order
from tests.world import MANAGER, OUTSIDER

NAMES = ("a\x00b", "a\x1b[31mb", "a\u202eb", "a\r\nX-Evil: 1", "x" * 201)
ABSENT = "01a20000-0000-7000-8000-000000000000"
REFUSED = 400, "input_refused"


def rows(known: Known) -> list[Row]:
    """All of them, in front of a furnished world."""
    found = [_plans(known), _counts(known), _files(known), _decisions(known), _queries(known), _scopes(known)]
    return [row for some in found for row in some]


def _planned(known: Known, **told: Any) -> dict[str, Any]:
    return {"name": "Yearly", "container": known.freezer, "due": "2026-12-31", **told}


def _plans(known: Known) -> Iterator[Row]:
    for number, field, values in (
        ("B1", "name", NAMES[:1]),
        ("B1", "owner", ("a\x00b",)),
        ("B1", "site", ("a\x00b",)),
        ("B1", "study", ("a\x00b",)),
        ("B19", "name", NAMES[2:3]),
        ("B20", "name", (NAMES[1], NAMES[3])),
        ("B14", "name", NAMES[4:]),
        ("B14", "container", ("C" * 101,)),
        ("B14", "tubes", ([known.tubes[0]] * 10_001,)),
        ("B4", "shelf_slots", (2_147_483_648, -2_147_483_649, 10_001, -1)),
        ("B5", "every_days", (9_223_372_036_854_775_808, 10**400, 3_661, 0)),
        ("B8", "limit", ("nan", "Infinity", "1e-30", "\uff11", "", 100, 0, -1)),
        ("B9", "share", (True, [1], {"x": 1}, "1_0")),
        ("B9", "blind", ("true", 1, None)),
        ("B9", "shelf_slots", ("12", 1.0, True)),
        ("B9", "trigger", (1, "", "routine ")),
        ("B11", "due", ("0000-01-01", "9999-12-31", "2026-02-30", 0, "20261231", "2026-12-31T00:00:00Z")),
    ):
        for value in values:
            yield order(number, "/audits", _planned(known, **{field: value}), *REFUSED, field, person=MANAGER)
        foreseen = _planned(known, **{field: values[0]})
        yield order(number, "/audit-previews", foreseen, *REFUSED, field, person=MANAGER)
    for name in ("id", "seed", "status", "performed_at", "opened_by", "snapshot_sha256"):
        yield order("B13", "/audits", _planned(known, **{name: "1"}), *REFUSED, name, person=MANAGER)
    for sent, slug in ((b'{"limit": NaN}', "unreadable"), (b'{"limit": 1e999}', "unreadable")):
        yield order("B7", "/audits", sent, 400, slug, person=MANAGER)
    for code, slug in ((known.freezer[:-1], "code_unreadable"), (known.tubes[0], "code_of_other_kind")):
        plan = _planned(known, container=code)
        yield order("B53", "/audits", plan, 400, slug, "container", person=MANAGER)
    yield form("B9", "/audits", {"name": "x", "due": "2026-02-30"}, *REFUSED, person=MANAGER)


def _counts(known: Known) -> Iterator[Row]:
    of = {"audit": known.audit, "box": known.boxes[1]}
    tube = known.tubes[5]
    for number, scan, field in (
        ("B1", {"slot": "A1", "code": "a\x00b"}, "scans.0.code"),
        ("B1", {"slot": "A\x00", "code": tube}, "scans.0.slot"),
        ("B14", {"slot": "A1", "code": "x" * 101}, "scans.0.code"),
        ("B52", {"slot": "A1", "code": "\x0f"}, "scans.0.code"),
        ("B9", {"slot": 1, "code": tube}, "scans.0.slot"),
        ("B9", {"slot": "A1", "mark": "none"}, "scans.0.mark"),
        ("B13", {"slot": "A1", "code": tube, "was": "B2"}, "scans.0.was"),
        ("B13", {"slot": "A1", "code": tube, "specimen_id": ABSENT}, "scans.0.specimen_id"),
    ):
        yield order(number, "/audit-counts", {**of, "scans": [scan]}, *REFUSED, field)
    scan = {"slot": "A1", "code": tube}
    for number, told, field in (
        ("B9", {"done": "true"}, "done"),
        ("B9", {"source": "oracle"}, "source"),
        ("B10", {"occurred": "2026-05-04T09:30:00"}, "occurred"),
        ("B11", {"occurred": "0001-01-01T00:00:00+14:00"}, "occurred"),
        ("B13", {"person": "manager"}, "person"),
        ("B13", {"scanned_at": "2026-05-04T09:30:00Z"}, "scanned_at"),
        ("B14", {"scans": [scan] * 2_001}, "scans"),
    ):
        yield order(number, "/audit-counts", {**of, "scans": [scan], **told}, *REFUSED, field)
    late = {**of, "scans": [scan], "occurred": "2999-01-01T00:00:00Z"}
    yield order("B11", "/audit-counts", late, 422, "input_refused", "occurred")
    for slot in ("A0", "A01", "A10", "AA1", "J1", "1A", "A-1", "\uff211"):
        wrong = {**of, "scans": [scan, {"slot": slot, "code": tube}]}
        yield order("B67", "/audit-counts", wrong, 422, "slot_unknown", "scans.1.slot")
    yield order("B9", "/audit-papers", {**of, "rest_absent": 1}, *REFUSED, "rest_absent")
    yield order("B14", "/audit-papers", {**of, "entries": "x" * 200_001}, *REFUSED, "entries")
    for entries in ("A0 -", "J1 ?", "=cmd|' /C calc'!A0", "<script>"):
        yield order("B67", "/audit-papers", {**of, "entries": entries}, 400, "entries_unusable")


def _files(known: Known) -> Iterator[Row]:
    of = {"audit": known.audit, "box": known.boxes[1], "rack": known.boxes[1]}
    for number, data, name, slug in (
        ("B36", "Rack,R\u00c4K\nA1,\xe9\n".encode("latin-1"), "scan.txt", "rack_file_not_text"),
        ("B37", b"A1," + b"x" * 131_073 + b"\n", "scan.txt", "line_unreadable"),
        ("B38", b"A1,1\x00\n", "scan.txt", "rack_file_not_text"),
        ("B38", b"A1,1\n" * 20_000, "scan.txt", "rack_file_too_long"),
        ("B38", b"", "scan.txt", "rack_file_empty"),
        ("B44", b'<svg onload="alert(1)"/>', "rack.svg", "wells_not_found"),
        ("B45", b"PK\x03\x04" + b"\x00" * 64, "rack.zip", "rack_file_not_text"),
    ):
        sent = {**of, "name": name, "content": base64.b64encode(data).decode()}
        yield order(number, "/audit-rack-files", sent, 400, slug)
    yield order("B36", "/audit-rack-files", {**of, "content": "not base64!"}, 400, "file_not_base64")
    good = base64.b64encode(b"A1,1\n").decode()
    for name in ("../\x00", "a\r\nX-Evil: 1", "a\u202eb", "x" * 4096):
        yield order("B43", "/audit-rack-files", {**of, "content": good, "name": name}, *REFUSED, "name")


def _decisions(known: Known) -> Iterator[Row]:
    of = {"audit": known.audit, "decision": "missing", "lines": known.lines[:1]}
    for number, told, field in (
        ("B9", {"lines": known.lines[0]}, "lines"),
        ("B9", {"decision": "found"}, "decision"),
        ("B14", {"reason": "x" * 201}, "reason"),
        ("B1", {"reason": "a\x00b"}, "reason"),
        ("B20", {"reason": "a\nb"}, "reason"),
        ("B22", {"lines": ["2147483648"]}, "lines.0"),
        ("B22", {"audit": "-1"}, "audit"),
        ("B56", {"lines": [known.lines[0]] * 1_001}, "lines"),
        ("B13", {"decided_by": "lena"}, "decided_by"),
    ):
        yield order(number, "/audit-decisions", {**of, **told}, *REFUSED, field, person=MANAGER)
    mixed = {**of, "lines": [known.lines[0], ABSENT]}
    yield order("B56", "/audit-decisions", mixed, 404, "finding_not_found", "lines.1", person=MANAGER)
    entrusted = {"audit": known.audit, "lines": known.lines[:1], "owner": "technician", "due": "2026-12-31"}
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("B1", {"owner": "a\x00b"}, "owner"),
        ("B11", {"due": "9999-12-31"}, "due"),
        ("B9", {"due": 0}, "due"),
    ]
    for number, other, field in wrong:
        yield order(number, "/audit-entrustings", {**entrusted, **other}, *REFUSED, field, person=MANAGER)
    mixed = {**entrusted, "lines": [known.lines[0], ABSENT]}
    yield order("B56", "/audit-entrustings", mixed, 404, "finding_not_found", "lines.1", person=MANAGER)
    for path in ("/audit-performances", "/audit-reviews"):
        for password in ("x" * 1_000, "\x00"):  # after five the name would wait
            signed = {"audit": known.audit, "password": password}
            yield order("B62", path, signed, 403, "password_wrong", "password", person=MANAGER)
        yield order("B62", path, {"audit": known.audit}, *REFUSED, "password", person=MANAGER)


def _queries(known: Known) -> Iterator[Row]:
    at = f"/audits/{known.audit}"
    for number, id in (("B22", "2147483648"), ("B22", "-1"), ("B23", "+1"), ("B23", quote("\u0661"))):
        yield asked(number, f"/audits/{id}", 404, "not_found")
        yield asked(number, f"{at}/boxes/{id}", 400, "code_unreadable")
    for number, text in (("B24", "%00"), ("B25", "%FF"), ("B25", "%ED%A0%80")):
        for path in ("/audits?site=", f"{at}/findings?box=", f"{at}/boxes/", "/audit-trends?site="):
            yield asked(number, path + text, 400, "address_unreadable")
    for path in ("/audits", f"{at}/findings", "/missing"):
        for value in ("-1", "0", "201", "1" + "0" * 30, "1e3", "%D9%A1"):
            yield asked("B26", f"{path}?limit={value}", 400, "unreadable", "limit")
        yield asked("B26", f"{path}?after=1", 400, "unreadable", "after")
        yield asked("B27", f"{path}?limit=1&limit=2", 400, "name_twice", "limit")
        yield asked("B59", f"{path}?sort=password_hash", 400, "name_unknown", "sort")
    yield asked("B27", "/audits?site=BJ&site=NT", 400, "name_twice", "site")
    yield asked("B58", f"{at}/findings?box=%25", 400, "code_unreadable", "box")
    yield asked("B59", f"{at}/findings?result=password", 400, "unreadable", "result")
    yield asked("B59", "/audit-trends?by=password_hash", 400, "unreadable", "by")
    for day in ("0000-01-01", "2026-02-30", "yesterday", "9" * 30):
        yield asked("B11", f"/audit-trends?since={day}", *REFUSED, "since")
        yield asked("B11", f"/containers/{known.freezer}/coverage?since={day}", *REFUSED, "since")
    certificate = f"{at}/certificate.pdf?language="
    yield asked("B14", f"{certificate}{'x' * 21}", 400, "unreadable", "language")
    for language in ("..%2f..%2f..%2fetc%2fpasswd", "..%2fen", "tlh"):
        yield asked("B28", certificate + language, 400, "language_unknown", "language")


def _scopes(known: Known) -> Iterator[Row]:
    """What there is and what there is not are the same to who sees neither."""
    for key in (known.audit, ABSENT):
        for path in ("", "/findings", f"/boxes/{known.boxes[0]}", "/certificate.pdf", "/sheet.pdf"):
            yield asked("B57", f"/audits/{key}{path}", 404, "audit_not_found", "audit", person=OUTSIDER)
        scan = {"audit": key, "box": known.boxes[0], "scans": [{"slot": "A1", "code": known.tubes[0]}]}
        yield order("B57", "/audit-counts", scan, 404, "audit_not_found", "audit", person=OUTSIDER)
        decided = {"audit": key, "lines": known.lines[:1], "decision": "missing"}
        yield order("B57", "/audit-decisions", decided, 404, "audit_not_found", "audit", person=OUTSIDER)
        yield order("B57", "/audit-starts", {"audit": key}, 404, "audit_not_found", "audit", person=OUTSIDER)
