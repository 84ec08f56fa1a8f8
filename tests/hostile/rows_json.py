"""Bodies that are no JSON, no order, or hold what no column can keep: rows B1 to B20, B66 and B67."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

from tests.hostile.furnished import Known
from tests.hostile.row import JSON, Row, form, order

NOTE = "specimens.0.note"


def rows(known: Known) -> list[Row]:
    """All of them, in front of a furnished world."""
    found = [_bytes(known), _texts(known), _numbers(known), _times(known), _names(known), _kinds(known)]
    return [row for some in (*found, _amounts(known), _slots(known)) for row in some]


def _registered(known: Known, **tube: Any) -> dict[str, Any]:
    return {"visit": known.visit, "specimens": [{"material": "blood_edta", **tube}]}


def _divided(known: Known, count: str) -> bytes:
    """An order of aliquots with a number as it stands on the wire."""
    return f'{{"parent": "{known.tubes[0]}", "count": {count}}}'.encode()


def _bytes(known: Known) -> Iterator[Row]:
    box = f'"box": "{known.boxes[0]}"'
    for number, sent, slug in (
        ("B2", b'{"box": "\\ud800"}', "unreadable"),
        ("B3", b'{"box": "\xff"}', "unreadable"),
        ("B3", b"\xef\xbb\xbf{}", "unreadable"),
        ("B12", f"{{{box}, {box}}}".encode(), "name_twice"),
        ("B12", b'{"tubes": [{"a": 1, "a": 2}]}', "name_twice"),
        ("B16", b"[" * 100_000 + b"]" * 100_000, "unreadable"),
        ("B16", b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "unreadable"),
        ("B16", b'{"box":' * 900 + b"1" + b"}" * 900, "input_refused"),
        ("B17", b"", "unreadable"),
        ("B17", b"{", "unreadable"),
        ("B17", b"null", "input_refused"),
        ("B17", b"[]", "input_refused"),
        ("B17", b'"box"', "input_refused"),
        ("B17", b'{"box": {"$ne": ""}, "tubes": [[]]}', "input_refused"),
        ("B17", json.dumps({"box": known.boxes[0]}).encode("utf-16"), "unreadable"),
    ):
        yield order(number, "/moves", sent, 400, slug)
    packed = gzip.compress(json.dumps({"box": known.boxes[0], "tubes": known.tubes[:1]}).encode())
    yield order("B17", "/moves", packed, 415, "wrong_media_type", headers={"Content-Encoding": "gzip"})
    for charset in ("utf-16", "latin-1", "bogus"):
        kind = {"Content-Type": f"{JSON}; charset={charset}"}
        yield order("B17", "/moves", b"{}", 415, "wrong_media_type", headers=kind)
    for other in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""):
        yield order("B18", "/moves", b"{}", 415, "wrong_media_type", headers={"Content-Type": other})
    yield order("B14", "/specimens", _registered(known, note="x" * 900_000), 400, "input_refused", NOTE)
    yield order("B14", "/specimens", _registered(known, note="x" * 5_000_000), 413, "too_large")
    yield order("B15", "/moves", b'{"box": "' + b"x" * 20_000_000 + b'"}', 413, "too_large")


def _texts(known: Known) -> Iterator[Row]:
    for text in ("a\x00b", "a\x1b[31mb"):
        yield order("B1", "/specimens", _registered(known, note=text), 400, "input_refused", NOTE)
        vessel = _registered(known, container=text)
        yield order("B1", "/specimens", vessel, 400, "input_refused", "specimens.0.container")
    enrolled = {"site": "BJ", "version": "1.0", "scopes": "storage"}
    for pseudonym in ("D\x00", "D\u202e1", "D\u200b1", "D-\u041e1", "D-e\u0301", "D\r\nX: 1"):
        number = "B1" if "\x00" in pseudonym else "B20" if "\r" in pseudonym else "B19"
        yield order(
            number,
            "/participants",
            {"study": "DEMO", "site": "BJ", "pseudonym": pseudonym, "consent": {}},
            400,
            "input_refused",
            "pseudonym",
        )
        told = {**enrolled, "pseudonym": pseudonym}
        yield form(number, "/studies/DEMO/participants", told, 400, "input_refused")
    for text in ("a\r\nX-Evil: 1", "a\nb", "a\u2028b", "a\u202eb", "a\u2066b"):
        number = "B19" if "\u202e" in text or "\u2066" in text else "B20"
        into = {"type": "box-9x9", "name": text, "into": known.freezer}
        yield order(number, "/containers", into, 400, "input_refused", "name")
        vessel = _registered(known, container=text)
        yield order(number, "/specimens", vessel, 400, "input_refused", "specimens.0.container")


def _numbers(known: Known) -> Iterator[Row]:
    for number, text, slug in (
        ("B4", "2147483648", "input_refused"),
        ("B4", "-2147483649", "input_refused"),
        ("B5", "9223372036854775808", "input_refused"),
        ("B5", "1" + "0" * 400, "input_refused"),
        ("B6", "9" * 5_000, "unreadable"),
        ("B7", "NaN", "unreadable"),
        ("B7", "-Infinity", "unreadable"),
        ("B7", "1e999", "unreadable"),
        ("B8", '"nan"', "input_refused"),
        ("B8", '"Infinity"', "input_refused"),
        ("B9", "true", "input_refused"),
        ("B9", '"12"', "input_refused"),
        ("B9", "1.0", "input_refused"),
    ):
        field = "count" if slug == "input_refused" else ""
        yield order(number, "/aliquots", _divided(known, text), 400, slug, field)
    for number, text in (
        ("B4", "2147483648"),
        ("B5", "9223372036854775808"),
        ("B6", "9" * 5_000),
        ("B8", "nan"),
        ("B8", "Infinity"),
    ):
        told = {"parent": known.tubes[0], "count": text}
        yield form(number, "/aliquots", told, 400, "input_refused")
    for number, celsius in (("B5", "1" + "0" * 400), ("B7", "NaN"), ("B8", '"nan"'), ("B8", '"Infinity"')):
        sent = f'{{"container": "{known.freezer}", "celsius": {celsius}}}'.encode()
        slug = "unreadable" if celsius == "NaN" else "input_refused"
        yield order(number, "/container-temperatures", sent, 400, slug)


def _times(known: Known) -> Iterator[Row]:
    at = "specimens.0.collected"
    for number, text in (
        ("B10", "2026-05-04T09:30:00"),
        ("B10", "2026-03-08T02:30:00"),
        ("B10", "2026-11-01T01:30:00"),
        ("B10", "2026-05-04"),
        ("B11", "0000-01-01T00:00:00Z"),
        ("B11", "0001-01-01T00:00:00+14:00"),
        ("B11", "1899-12-31T23:59:59Z"),
        ("B11", "2026-02-30T00:00:00Z"),
        ("B11", "2026-05-04T24:30:00Z"),
        ("B11", "2026-05-04T09:30:00+99:00"),
    ):
        yield order(number, "/specimens", _registered(known, collected=text), 400, "input_refused", at)
    # A day that is still to come can be read; the rule of the domain refuses it.
    for text in ("9999-12-31T23:59:59-14:00", "2999-01-01T00:00:00Z"):
        yield order("B11", "/specimens", _registered(known, collected=text), 422, "input_refused", at)
    for text in ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"):
        into = {"box": known.boxes[0], "tubes": known.tubes[5:6], "occurred": text}
        yield order("B11", "/moves", into, 422 if text.startswith("9") else 400, "input_refused", "occurred")


def _names(known: Known) -> Iterator[Row]:
    for name in ("unknown", "id", "is_admin", "created_by", "seq", "__class__", "csrf", "command"):
        extra = {name: "1"}
        yield order("B13", "/specimens", {**_registered(known), **extra}, 400, "input_refused", name)
        tube = _registered(known, **extra)
        yield order("B13", "/specimens", tube, 400, "input_refused", f"specimens.0.{name}")
    for name in ("seq", "recorded_at", "actor", "by_token"):
        into = {"box": known.boxes[0], "tubes": known.tubes[5:6], name: 1}
        yield order("B13", "/moves", into, 400, "input_refused", name)
    added = {"name": "eve", "role": "technician", "site": "BJ", "active": "true"}
    yield form("B13", "/people", added, 400, "input_refused", person="manager")


def _kinds(known: Known) -> Iterator[Row]:
    """Kinds of value that stand for each other in other languages."""
    for tubes in (known.tubes[0], {"0": known.tubes[0]}, None, 1, [None], [[known.tubes[0]]], [1]):
        sent = {"box": known.boxes[0], "tubes": tubes}
        yield order("B9", "/moves", sent, 400, "input_refused")
    for flag in ("true", 1, "on", None, [True]):
        into = {"container": known.freezer, "slots": ["A1"], "box": known.boxes[1], "whole": flag}
        yield order("B9", "/container-blocks", into, 400, "input_refused", "whole")


def _amounts(known: Known) -> Iterator[Row]:
    for text, status, slug in (
        ("-1 mL", 400, "amount_unreadable"),
        ("1e-30 mL", 400, "amount_unreadable"),
        ("250,0 uL", 400, "amount_unreadable"),
        ("250", 400, "amount_unreadable"),
        ("0.0000001 uL", 422, "amount_out_of_range"),
        ("5 mg", 422, "amount_of_other_dimension"),
        ("9" * 15 + " L", 422, "amount_out_of_range"),
        ("250 \u00b5L\u202e", 400, "amount_unreadable"),
    ):
        sent = {"parent": known.tubes[0], "count": 1, "amount": text}
        yield order("B66", "/aliquots", sent, status, slug, "amount")
        yield form("B66", "/aliquots", {name: str(value) for name, value in sent.items()}, status, slug)


def _slots(known: Known) -> Iterator[Row]:
    tube = known.tubes[5:6]
    for slot in ("A0", "A01", "A10", "AA1", "J1", "Z99", "1A", "A-1", "A1.0", "\uff211", "A" * 90):
        sent = {"box": known.boxes[1], "tubes": tube, "slot": slot}
        yield order("B67", "/moves", sent, 422, "slot_unknown", "slot")
