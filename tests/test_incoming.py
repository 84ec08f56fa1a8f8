"""What is refused before anybody reads it: too many headers, a host that is not ours, a body that stops."""

import asyncio
from typing import Any

import pytest
from litestar.testing import TestClient
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from biobank.app import create_app
from biobank.incoming import LONGEST_HEADERS, MOST_HEADERS, Incoming
from biobank.settings import Settings
from tests.quick import app_of
from tests.world import World

HOSTS = Settings(hosts=("biobank.example.org", "[::1]"))


@pytest.mark.parametrize(
    "headers",
    [{f"X-{number}": "1" for number in range(MOST_HEADERS)}, {"X-A": "a" * LONGEST_HEADERS}],
    ids=["many", "long"],
)
def test_headers_that_no_client_of_ours_sends_are_not_read(
    sqlite_world: World, headers: dict[str, str]
) -> None:
    with TestClient(app_of(sqlite_world)) as client:
        page, program = (client.get(path, headers=headers) for path in ("/sign-in", "/api/v1/sites"))
        fewer = client.get("/sign-in", headers=dict(list(headers.items())[20:]))
    assert (page.status_code, page.headers["content-type"]) == (431, "text/plain; charset=utf-8")
    assert page.text == "The headers of this request are too many or too long."
    assert (program.status_code, program.json()["title"]) == (431, "headers_too_large")
    for answer in (page, program):
        assert (answer.headers["connection"], "x-request-id" in answer.headers) == ("close", True)
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert fewer.status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("biobank.example.org", 200),
        ("BIOBANK.example.org:8443", 200),
        ("[::1]:8000", 200),
        ("evil.example", 400),
        ("biobank.example.org.evil.example", 400),
        ("user:pw@biobank.example.org", 400),
        ("biobank.example.org:80:80", 400),
        ("", 400),
    ],
)
def test_a_server_with_a_list_of_names_answers_to_no_other(
    sqlite_world: World, host: str, status: int
) -> None:
    with TestClient(create_app(HOSTS, sqlite_world.database)) as client:
        page = client.get("/sign-in", headers={"Host": host, "X-Forwarded-Host": "biobank.example.org"})
        program = client.get("/api/v1/sites", headers={"Host": host})
        probes = [client.get(path, headers={"Host": host}).status_code for path in ("/healthz", "/readyz")]
    assert page.status_code == status
    assert (program.status_code, program.json()["title"]) == (
        (401, "not_signed_in") if status == 200 else (400, "host_unknown")
    )
    assert "evil" not in page.text
    assert probes == [200, 200]


@pytest.mark.parametrize("times", [0, 2])
def test_a_host_that_is_not_given_or_twice_is_none_of_the_list(sqlite_world: World, times: int) -> None:
    app = create_app(HOSTS, sqlite_world.database)
    hosts = [(b"host", b"biobank.example.org")] * times
    assert asyncio.run(_asked(app, "GET", "/sign-in", hosts, _silence)) == (400, "host_unknown")


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/api/v1/moves", "application/json", b'{"box": '),
        ("/sign-in", "application/x-www-form-urlencoded", b"name=some"),
        ("/sign-in", "multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a'),
    ],
    ids=["json", "form", "file"],
)
def test_a_body_that_stops_is_refused_and_is_no_fault_of_ours(
    sqlite_world: World, path: str, kind: str, body: bytes
) -> None:
    impatient = Incoming(Settings(), silence=0.01)(app_of(sqlite_world))
    headers = [(b"host", b"localhost"), (b"content-type", kind.encode()), (b"content-length", b"100")]
    for after, refused in ((_silence, (408, "body_too_slow")), (_leaving, (400, "body_cut"))):
        assert asyncio.run(_asked(impatient, "POST", path, headers, _first(body, after))) == refused


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 405)])
def test_who_waits_for_an_answer_may_be_silent(sqlite_world: World, method: str, status: int) -> None:
    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        """Listen on after what was asked, as an answer in parts does, to hear whether somebody leaves."""
        await receive()
        going_on: asyncio.Future[Any] = asyncio.ensure_future(receive())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not going_on.done()
        going_on.cancel()
        await app_of(sqlite_world)(scope, receive, send)

    impatient = Incoming(Settings(), silence=0)(listening)
    headers = [(b"host", b"localhost")]
    assert asyncio.run(_asked(impatient, method, "/healthz", headers, _first(b"")))[0] == status


# --- how ---


async def _asked(
    app: ASGIApp, method: str, path: str, headers: list[tuple[bytes, bytes]], receive: Receive
) -> tuple[int, str]:
    """The status of an answer and what it was refused for."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "extensions": {},
    }
    await app(scope, receive, send)
    start: Any = sent[0]
    return start["status"], dict(start["headers"]).get(b"x-refusal", b"").decode()


def _first(body: bytes, after: Receive | None = None) -> Receive:
    """A part of a body and what comes after it; without that, the whole of it and silence."""
    parts: list[Any] = [{"type": "http.request", "body": body, "more_body": after is not None}]

    async def receive() -> Any:
        return parts.pop() if parts else await (after or _silence)()

    return receive


async def _silence() -> Any:
    await asyncio.Event().wait()


async def _leaving() -> Any:
    return {"type": "http.disconnect"}
