"""The way in over HTTP: who is believed, what every answer carries, and how a refusal is put into words."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

from biobank import incoming, texts, web
from biobank.app import create_app
from biobank.database import Database
from biobank.settings import Settings
from tests.api.program import quoted, rows, signed_in
from tests.quick import app_of
from tests.world import MANAGER, SECRETS, TECHNICIAN, World

SITE = {"code": "SH", "name": "Shanghai", "time_zone": "Asia/Shanghai"}
STRICT_TRANSPORT = "strict-transport-security"


@pytest.fixture
def client(sqlite_world: World) -> Iterator[TestClient[Litestar]]:
    with TestClient(app_of(sqlite_world)) as client:
        yield client


@pytest.mark.parametrize("host", ["x:99999999", "a b", "[::1", "x:y"])
def test_a_host_that_is_none_does_no_harm(client: TestClient[Litestar], host: str) -> None:
    for path in ("/healthz", "/api/v1/sites", "/sign-in", "/nothing"):
        assert client.get(path, headers={"Host": host}).status_code in (200, 401, 404), path
    assert add_site(client, Host=host, Origin="https://elsewhere.example").status_code == 403


def add_site(client: TestClient[Litestar], **headers: str | None) -> Response:
    """A change by the manager's session, with headers changed or (None) left out."""
    sent: dict[str, str | None] = {**signed_in(MANAGER), "Idempotency-Key": str(uuid4())}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(
        "/api/v1/sites", json=SITE, headers={name: value for name, value in sent.items() if value is not None}
    )


@pytest.mark.parametrize(
    ("headers", "title"),
    [
        ({"X_CSRF_Token": None}, "page_stale"),
        ({"X_CSRF_Token": ""}, "page_stale"),
        ({"X_CSRF_Token": "é" * 64}, "page_stale"),
        ({"X_CSRF_Token": web.csrf_token(SECRETS[TECHNICIAN])}, "page_stale"),
        ({"Sec_Fetch_Site": "cross-site"}, "other_site"),
        ({"Sec_Fetch_Site": "same-site"}, "other_site"),
        ({"Origin": "https://elsewhere.example"}, "other_site"),
        ({"Origin": "null"}, "other_site"),
    ],
    ids=range(8),
)
def test_a_change_that_no_page_of_ours_sent_is_refused(
    client: TestClient[Litestar], sqlite_world: World, headers: dict[str, str | None], title: str
) -> None:
    before = rows(sqlite_world)
    sent = {name: value.encode() if value else value for name, value in headers.items()}
    answer = add_site(client, **sent)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["title"]) == (403, title)
    assert rows(sqlite_world) == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "http://testserver.local"},
    ],
    ids=range(4),
)
def test_a_change_that_a_page_of_ours_sent_is_done(
    client: TestClient[Litestar], headers: dict[str, str]
) -> None:
    assert add_site(client, **headers).status_code == 201


def test_a_form_of_another_site_cannot_send_json_as_plain_text(
    client: TestClient[Litestar], sqlite_world: World
) -> None:
    before = rows(sqlite_world)
    cookie = {"Cookie": f"{web.COOKIE}={quoted(SECRETS[MANAGER])}"}
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = client.post("/api/v1/sites", content=b"{}", headers={**cookie, "Content-Type": kind})
        assert answer.status_code == 415
    assert rows(sqlite_world) == before


def test_a_session_id_that_a_client_chose_is_never_taken_on(
    client: TestClient[Litestar], sqlite_world: World
) -> None:
    before = rows(sqlite_world)
    for chosen in ("chosen-by-somebody-else", "", "\x00", "x" * 5_000):
        answer = client.get("/api/v1/sites", headers={"Cookie": f'{web.COOKIE}="{chosen}"'})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
    assert rows(sqlite_world) == before


def test_the_cookie_of_plain_http_opens_nothing_where_browsers_come_by_tls(sqlite_world: World) -> None:
    settings = Settings(trusted_proxies=("127.0.0.1",))
    with TestClient(create_app(settings, database=sqlite_world.database)) as client:
        secret = quoted(SECRETS[TECHNICIAN])
        plain = client.get("/api/v1/sites", headers={"Cookie": f"{web.COOKIE}={secret}"})
        hosted = client.get("/api/v1/sites", headers={"Cookie": f"{web.SECURE_COOKIE}={secret}"})
    assert (plain.status_code, hosted.status_code) == (401, 200)
    assert hosted.headers[STRICT_TRANSPORT] == "max-age=31536000; includeSubDomains"


def test_every_answer_carries_the_security_headers_and_a_name_of_its_own(
    client: TestClient[Litestar],
) -> None:
    answers = [
        client.get("/healthz"),
        client.get("/api/v1/sites"),
        client.get("/api/v1/nothing/here"),
        client.delete("/api/v1/sites"),
        client.post("/api/v1/moves", content=b"{"),
        client.get("/schema/openapi.json"),
        client.get("/schema"),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 404, 405, 415, 200, 200]
    for answer in answers:
        for name, value in incoming.HEADERS.items():
            assert answer.headers.get_list(name) == [value]
        assert answer.headers["cache-control"] == "no-store"
        assert STRICT_TRANSPORT not in answer.headers
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


def test_a_request_keeps_the_name_it_came_with_if_that_is_a_plain_one(client: TestClient[Litestar]) -> None:
    named = client.get("/healthz", headers={"X-Request-Id": "proxy-00000001"})
    assert named.headers["x-request-id"] == "proxy-00000001"
    for odd in ("short", "x" * 65, 'a"b<c>ddddd', "with spaces"):
        assert client.get("/healthz", headers={"X-Request-Id": odd}).headers["x-request-id"] != odd


def test_litestars_own_refusals_are_problem_documents_and_405_says_what_is_allowed(
    client: TestClient[Litestar],
) -> None:
    lost = client.get("/api/v1/nothing/here")
    wrong = client.put("/api/v1/sites", json={})
    for answer, status, title in ((lost, 404, "not_found"), (wrong, 405, "method_not_allowed")):
        told = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, told["status"], told["title"]) == (status, status, title)
    assert {"GET", "POST"} <= set(wrong.headers["allow"].replace(" ", "").split(","))


def test_a_refusal_speaks_the_readers_language(client: TestClient[Litestar]) -> None:
    message = "Nobody is signed in, or the session has ended. Sign in again."
    for accepted, language in (
        ("zh-CN,zh;q=0.9,en;q=0.8", texts.CHINESE),
        ("de, zh;q=0.5", texts.CHINESE),
        ("en-GB", texts.ENGLISH),
        ("fr", texts.ENGLISH),
        ("", texts.ENGLISH),
        ("\x01;;,", texts.ENGLISH),
    ):
        answer = client.get("/api/v1/sites", headers={"Accept-Language": accepted})
        assert answer.json()["detail"] == texts.in_language(language, message, {})


def test_what_nobody_foresaw_is_a_500_that_tells_the_request_and_nothing_of_ours(
    sqlite_world: World,
) -> None:
    app = create_app(Settings(), database=sqlite_world.database)
    del app.state["database"]  # a fault of wiring, which no request can bring about
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/sites", headers=signed_in(TECHNICIAN))
    told = answer.json()
    assert (answer.status_code, told["title"]) == (500, "broken")
    assert answer.headers["x-request-id"] in told["detail"]
    assert "database" not in answer.text
    assert answer.headers["content-security-policy"] == incoming.POLICY


def test_an_address_tells_every_method_that_it_takes(client: TestClient[Litestar]) -> None:
    for address, methods in (
        ("/api/v1/containers", "GET, OPTIONS, POST"),
        ("/api/v1/containers/BX-1/tubes", "GET, OPTIONS"),
        ("/tasks", "GET, OPTIONS"),
        ("/healthz", "GET, OPTIONS"),
    ):
        told = client.options(address)
        assert (told.status_code, told.headers["allow"], told.content) == (204, methods, b"")


def test_health_asks_nothing_of_the_database_and_readiness_does(world: World) -> None:
    with TestClient(create_app(Settings(), database=world.database)) as client:
        assert client.get("/healthz").json() == {"status": "alive"}
        assert (client.get("/readyz").status_code, client.get("/readyz").json()) == (
            200,
            {"status": "ready"},
        )
        drop = "DROP TRIGGER ledger_chain" + ("" if world.database.is_sqlite else " ON custody_event")
        world.database.administer(lambda connection: connection.exec_driver_sql(drop))
        unguarded = client.get("/readyz")
        assert (unguarded.status_code, unguarded.json()["title"]) == (503, "ledger_unguarded")
        assert "ledger_chain" in unguarded.json()["detail"]
        assert client.get("/healthz").status_code == 200


def test_an_empty_or_unreachable_database_is_not_ready(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = Database(f"sqlite:///{tmp_path_factory.mktemp('empty') / 'b.db'}")
    nobody = Database("postgresql+psycopg://127.0.0.1:1/nobody")
    for database, title in ((empty, "database_not_ready"), (nobody, "database_busy")):
        with TestClient(create_app(Settings(), database=database)) as client:
            answer = client.get("/readyz")
            assert (answer.status_code, answer.json()["title"]) == (503, title)
            assert client.get("/healthz").status_code == 200
        database.close()
