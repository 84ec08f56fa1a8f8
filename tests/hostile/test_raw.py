"""Bytes that no client would send, to the server as it is in service: it answers as recorded, and goes on."""

import json
from collections.abc import Iterator

import pytest

from tests.hostile.raw import Server, get, read
from tests.templates import Templates, nothing_more

pytestmark = pytest.mark.slow

HEALTH = get("/healthz")
PASSWD = b"root:"


@pytest.fixture(scope="module")
def server(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all of these: what was sent to it before must do no harm."""
    home = tmp_path_factory.mktemp("served")
    for url in templates.copy("sqlite", nothing_more, home):
        started = Server(home, url)
        yield started
        assert started.status(HEALTH) == 200
        started.stop()
        log = [json.loads(line) for line in started.log.read_text().splitlines() if line.startswith("{")]
        assert [line for line in log if line["event"] == "unforeseen"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/..%2f..%2fetc/passwd", 404),
        ("/static/..%2f..%2fetc/passwd", 404),
        ("/static/../../etc/passwd", 404),
        ("/static/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/static//etc/passwd", 404),
        ("/static\\..\\..\\etc/passwd", 404),
        ("/static/%00", 404),
        ("/static/" + "a" * 5_000, 404),
        ("/%00", 404),
        ("/%zz", 404),
        ("/%FF", 404),
        ("/" + "a" * 60_000, 404),
        ("/find?code=" + "a" * 60_000, 400),
        ("/find?code=%FF", 400),
        ("//evil.example/", 404),
        ("http://evil.example/nothing", 404),
    ],
    ids=range(16),
)
def test_no_path_leads_to_a_file_or_to_another_site(server: Server, path: str, status: int) -> None:
    answer = server.answers(get(path))
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert PASSWD not in answer
    assert b"location:" not in answer


@pytest.mark.parametrize(
    "host",
    [
        "",
        "Host: evil.example",
        "Host: evil.example:99999",
        "Host: evil.example\r\nHost: localhost",
        "Host: user:pw@evil.example",
        "Host: evil.example/x y",
        "Host: localhost\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example",
        "Host: localhost\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: evil.example",
    ],
    ids=range(8),
)
def test_a_host_decides_nothing_and_is_repeated_nowhere(server: Server, host: str) -> None:
    # What is asked by a name that is not ours is not refused: a laboratory calls its server as it likes.
    # No address is made of it, and a browser keeps the session by the name it was opened under.
    page, led = server.answers(get("/sign-in", host=host)), server.answers(get("/", host=host))
    assert page.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nlocation: /sign-in?next=/\r\n" in led
    assert b"evil" not in page + led


def _sent(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([*lines, "", ""]).encode() + body


LEAD = ("POST /sign-in HTTP/1.1", "Host: localhost")


@pytest.mark.parametrize(
    "sent",
    [
        _sent(*LEAD, "Content-Length: 6", "Transfer-Encoding: chunked", body=b"0\r\n\r\n" + HEALTH),
        _sent(*LEAD, "Content-Length: 6", "Content-Length: 7", body=b"abcdef"),
        _sent(*LEAD, "Content-Length: -1"),
        _sent(*LEAD, "Content-Length: 1_0", body=b"0123456789"),
        _sent(*LEAD, "Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
        _sent(*LEAD, "Transfer-Encoding: chunked", body=b"zz\r\n\r\n"),
        b"GET /healthz HTTP/1.1\nHost: localhost\n\n",
        _sent("GET /healthz HTTP/1.1", "Host: localhost", "X-A: b", " c"),
        _sent("GET /healthz HTTP/1.1", "Host : localhost"),
        _sent("GET /healthz HTTP/9.9", "Host: localhost"),
        _sent("GET /healthz HTTP/1.1", "Host: localhost", "X-A: \x00"),
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ],
    ids=range(12),
)
def test_a_request_that_readers_disagree_about_ends_the_connection(server: Server, sent: bytes) -> None:
    answer = server.answers(sent)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_many_headers_and_long_ones_are_not_read_and_end_the_connection(server: Server) -> None:
    lines = "GET /healthz HTTP/1.1", "Host: localhost"
    for headers in (["X-A: " + "a" * 65_000], [f"X-{number}: 1" for number in range(1000)]):
        assert server.answers(_sent(*lines, *headers)).startswith(b"HTTP/1.1 431 ")


ORDER = ("POST /api/v1/moves HTTP/1.1", "Host: localhost", "Content-Type: application/json")


def test_a_body_without_end_or_length_is_cut_and_others_are_served(server: Server) -> None:
    large, close = 20_000_000, "Connection: close"
    told = _sent(*ORDER, f"Content-Length: {large}", close)
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    chunked = _sent(*ORDER, "Transfer-Encoding: chunked", close, body=chunk * 300)
    for sent in (told, told + b"x" * large, chunked):
        answer = server.answers(sent)
        assert (answer[:13], b'"too_large"' in answer) == (b"HTTP/1.1 413 ", True)
    with server.connected() as slow, server.connected() as slower:
        slow.sendall(_sent(*ORDER, "Content-Length: 100", body=b"{"))
        slower.sendall(b"GET /healthz HTT")
        assert server.status(HEALTH) == 200
        slower.sendall(HEALTH.removeprefix(b"GET /healthz HTT"))
        assert read(slower).startswith(b"HTTP/1.1 200 ")
    with server.connected() as leaving:
        leaving.sendall(_sent(*ORDER, "X-Request-Id: leaves-early", "Content-Length: 100", body=b"{"))
    while b"leaves-early" not in server.log.read_bytes():
        assert server.status(HEALTH) == 200
    (line,) = [each for each in server.log.read_bytes().splitlines() if b"leaves-early" in each]
    assert json.loads(line)["status"] == 400
