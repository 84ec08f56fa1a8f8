"""Addresses that ask for what is not there, or ask otherwise than they may: rows B22 to B29, B52 to B60."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from biobank import codes
from tests.hostile.furnished import Known
from tests.hostile.row import Row, asked, order, page
from tests.world import OUTSIDER

NOTHING = ("/webhooks", "/imports", "/imports/url", "/totp", "/passkeys", "/webauthn", "/attachments", "/jwt")
"""Addresses that a biobank may have and ours has not, so that nothing hostile can be sent there."""


def rows(known: Known) -> list[Row]:
    """All of them, in front of a furnished world."""
    found = [_ids(known), _queries(known), _methods(known), _scans(known), _scopes(known), _searches()]
    return [row for some in found for row in some]


def _ids(known: Known) -> Iterator[Row]:
    for number, id in (
        ("B22", "2147483648"),
        ("B22", "9223372036854775808"),
        ("B22", "-1"),
        ("B23", "+1"),
        ("B23", "1_000"),
        ("B23", quote("\u0661")),
    ):
        for path in ("print-jobs", "rack-files", "evacuations"):
            yield asked(number, f"/{path}/{id}", 404, "not_found")
        # What is no code of ours is told as such: its check character says so before anything is asked.
        for path in ("containers", "specimens", "visits", "kits"):
            yield asked(number, f"/{path}/{id}", 400, "code_unreadable")
        yield page(number, f"/studies/DEMO/protocol/{id}", 404, "version_not_found")
        yield page(number, f"/labels/jobs/{id}", 404, "not_found")


def _queries(known: Known) -> Iterator[Row]:
    for number, text in (
        ("B24", "%00"),
        ("B24", "a%00b"),
        ("B25", "%FF"),
        ("B25", "%C0%AF"),
        ("B25", "%ED%A0%80"),
        ("B25", "%FF%FE"),
    ):
        for path in (
            "/find?code=",
            "/specimens?study=",
            "/specimens?after=",
            "/studies/",
            "/participants/DEMO/",
        ):
            yield asked(number, path + text, 400, "address_unreadable")
        for path in ("/find?code=", "/storage/room?codes=", "/studies/", "/containers/"):
            yield page(number, path + text, 400, "address_unreadable")
    for name, value in (("limit", "-1"), ("limit", "0"), ("limit", "201"), ("limit", "1" + "0" * 30)):
        yield asked("B26", f"/specimens?{name}={value}", 400, "unreadable", name)
    for value in ("9223372036854775808", "ten", "1e3", "%D9%A1", "1_0"):
        yield asked("B26", f"/specimens?limit={value}", 400, "unreadable", "limit")
    yield asked("B26", f"/specimens?after={'x' * 61}", 400, "unreadable", "after")
    yield asked("B27", "/specimens?limit=1&limit=2", 400, "name_twice", "limit")
    yield asked("B27", "/find?code=a&code=b", 400, "name_twice", "code")
    yield asked("B27", "/specimens?study=DEMO&study=OTHER", 400, "name_twice", "study")
    yield asked("B13", "/specimens?studdy=DEMO", 400, "name_unknown", "studdy")
    yield asked("B13", "/find?code=x&is_admin=true", 400, "name_unknown", "is_admin")
    yield asked("B59", "/specimens?sort=password_hash", 400, "unreadable", "sort")
    for name in ("order_by", "password_hash", "participant_name", "fields"):
        yield asked("B59", f"/specimens?{name}=password_hash", 400, "name_unknown", name)


def _methods(known: Known) -> Iterator[Row]:
    for method in ("TRACE", "PROPFIND", "HEAD", "PUT", "DELETE", "PATCH"):
        yield _unknown(method, "/api/v1/sites")
        yield _unknown(method, "/sign-in")
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        path = f"/api/v1/specimens/{known.tubes[0]}"
        yield _unknown("POST", path, {name: "GET"})
    for path in ("/sign-out", "/aliquots?count=1"):
        yield page("B34", path, 405, "method_not_allowed")
    for path in NOTHING:
        yield order("B60", path, {"url": "http://127.0.0.1/"}, 404, "not_found")


def _unknown(method: str, path: str, headers: Mapping[str, str] | None = None) -> Row:
    return Row(
        number="B29",
        method=method,
        path=path,
        status=405,
        slug="method_not_allowed",
        headers=headers or {},
    )


def _scans(known: Known) -> Iterator[Row]:
    tube = known.tubes[5]
    for number, text, slug in (
        ("B52", "\x0f", "input_refused"),
        ("B52", "\x1b[A", "input_refused"),
        ("B53", tube[:-1], "code_unreadable"),
        ("B53", tube + tube, "code_unreadable"),
        ("B53", tube + known.tubes[6], "code_unreadable"),
        ("B53", _swapped(tube), "code_unreadable"),
        ("B54", "CMD:DISPOSE", "code_unreadable"),
        ("B54", "https://example.org/x", "code_unreadable"),
        ("B54", '{"act": "dispose"}', "code_unreadable"),
    ):
        into = {"box": known.boxes[1], "tubes": [text]}
        yield order(number, "/moves", into, 400, slug, "tubes.0")
        yield asked(number, f"/find?code={quote(text, safe='')}", 404, "code_unknown")
    yield order("B53", "/moves", {"box": known.boxes[1], "tubes": [known.visit]}, 400, "code_of_other_kind")


def _swapped(code: str) -> str:
    """The code with two unlike neighbours changed about, as a hand does it.

    The check character finds all but one in some six hundred of these changes; such a one is passed over.
    """
    swaps = (code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(1, len(code) - 1))
    return next(swapped for swapped in swaps if codes.read(swapped) is None)


def _scopes(known: Known) -> Iterator[Row]:
    many = [known.tubes[0]] * 10_000
    yield order("B56", "/moves", {"box": known.boxes[0], "tubes": many}, 400, "input_refused", "tubes")
    mixed = {"box": known.boxes[0], "tubes": known.tubes[:2]}
    yield order("B56", "/moves", mixed, 404, "container_not_found", person=OUTSIDER)
    yield order("B56", "/takings", {"tubes": known.tubes[:2]}, 404, "specimen_not_found", person=OUTSIDER)


def _searches() -> Iterator[Row]:
    for text in ("x" * 10_000, "%" * 201):
        yield asked("B58", f"/specimens?participant={quote(text)}", 400, "input_refused", "participant")
