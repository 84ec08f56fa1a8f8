"""Sessions, tokens and pages' tokens that somebody made up, stole or kept: rows B33, B34, B61 and B62."""

import base64
import json
from collections.abc import Iterator

from biobank import web
from tests.hostile.furnished import Known
from tests.hostile.row import Row, asked, form, order, token
from tests.world import MANAGER, SECRETS, TECHNICIAN

LONG = "x" * 100_000


def rows(known: Known) -> list[Row]:
    """All of them, in front of a furnished world."""
    return [row for some in (_sessions(), _forgeries(known), _bearers(), _passwords()) for row in some]


def _cookie(secret: str) -> dict[str, str]:
    return {"Cookie": f'{web.COOKIE}="{secret}"'}


def _sessions() -> Iterator[Row]:
    for chosen in ("chosen-by-somebody-else", "", "x" * 5_000, "a" * 43, "../../etc/passwd"):
        yield asked("B33", "/sites", 401, "not_signed_in", headers=_cookie(chosen), person="")
    yield asked("B33", "/sites", 431, "headers_too_large", headers=_cookie(LONG), person="")


def _forgeries(known: Known) -> Iterator[Row]:
    told = {"parent": known.tubes[0], "count": "1"}
    for headers in (
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "x" * 64},
        {"X-CSRF-Token": token(SECRETS[MANAGER])},
    ):
        yield form("B34", "/aliquots", told, 403, "page_stale", headers=headers)
        yield order("B34", "/aliquots", told, 403, "page_stale", headers=headers)
    yield form("B34", "/aliquots", {**told, "csrf": "x"}, 403, "page_stale", headers={"X-CSRF-Token": ""})
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ):
        yield form("B34", "/aliquots", told, 403, "other_site", headers=headers)
        yield order("B34", "/aliquots", told, 403, "other_site", headers=headers)
        yield form("B34", "/sign-in", {"name": "x", "password": "y"}, 403, "other_site", headers=headers)


def _bearers() -> Iterator[Row]:
    def part(told: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")

    claims = part({"sub": MANAGER, "exp": 4102444800, "aud": "biobank"})
    for bearer in (
        f"{part({'alg': 'none', 'typ': 'JWT'})}.{claims}.",
        f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{claims}.{'A' * 43}",
        SECRETS[MANAGER],
        "",
        "x" * 30_000,
        "\t",
    ):
        headers = {"Authorization": f"Bearer {bearer}"}
        yield asked("B61", "/sites", 401, "not_signed_in", headers=headers, person="")
    headers = {"Authorization": f"Bearer {LONG}"}
    yield asked("B61", "/sites", 431, "headers_too_large", headers=headers, person="")
    headers = {"Authorization": "Bearer no-token-of-ours"}
    yield order("B61", "/takings", {"tubes": ["S"]}, 401, "not_signed_in", headers=headers, person=TECHNICIAN)


def _passwords() -> Iterator[Row]:
    for password in ("x" * 257, "x" * 900_000, "four words make one\x00", " four words make one", ""):
        told = {"name": TECHNICIAN, "password": password}
        slug = "sign_in_wrong" if password else "input_refused"
        yield form("B62", "/sign-in", told, 401 if password else 400, slug, person="")
    told = {"name": TECHNICIAN, "password": "x" * 1_100_000}
    yield form("B62", "/sign-in", told, 413, "too_large", person="")
