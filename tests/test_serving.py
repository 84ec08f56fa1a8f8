"""Serving by the command line: ports, plain HTTP, certificates, logs, and stopping when told."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from biobank.commands import serving
from biobank.settings import Settings
from tests import ports
from tests.terminal import Terminal


def test_a_port_that_somebody_has_is_one_line(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = terminal.refused("serve", BIOBANK_PORT=port)
    assert said == (
        f"Port {port} of 127.0.0.1 cannot be used: Address already in use. Choose another by BIOBANK_PORT.\n"
    )


def test_passwords_do_not_travel_in_the_clear_unless_somebody_says_so() -> None:
    for settings in (
        Settings(),
        Settings(host="::1"),
        Settings(host="localhost"),
        Settings(host="0.0.0.0", tls_cert="cert.pem"),  # noqa: S104 - nothing listens
        Settings(host="0.0.0.0", trusted_proxies=("10.0.0.1",)),  # noqa: S104 - nothing listens
    ):
        serving.require_private(settings, plain_http=False)
    everywhere = Settings(host="0.0.0.0")  # noqa: S104 - nothing listens
    serving.require_private(everywhere, plain_http=True)


def test_serving_plain_http_to_other_machines_is_refused(terminal: Terminal) -> None:
    assert "passwords would travel in the clear" in terminal.refused("serve", BIOBANK_HOST="0.0.0.0")  # noqa: S104


def test_a_certificate_that_is_not_there_is_one_line(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    lost = {"BIOBANK_TLS_CERT": "lost.pem", "BIOBANK_TLS_KEY": "lost.key", "BIOBANK_PORT": port}
    assert terminal.refused("serve", **lost).startswith("The TLS certificate or its key cannot be used")


@pytest.mark.slow
def test_it_serves_says_where_logs_json_and_stops_when_told(empty: Terminal) -> None:
    empty.says("init")
    port = str(ports.free())
    environment = {**os.environ, "BIOBANK_HOME": str(empty.home), "BIOBANK_PORT": port}
    server = subprocess.Popen(
        [sys.executable, "-m", "biobank", "serve"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout
    try:
        assert server.stdout.readline() == f"Biobank serves http://localhost:{port}\n"
        assert server.stdout.readline().startswith("first comes in by this link, once")
        link = server.stdout.readline().strip()
        for address in (f"http://localhost:{port}/healthz", link):
            with urllib.request.urlopen(address, timeout=60) as answer:
                assert answer.status == 200
    finally:
        server.send_signal(signal.SIGTERM)
        _, logged = server.communicate(timeout=60)
    assert server.returncode == 0
    lines = [json.loads(line) for line in logged.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["path"] for line in requests] == ["/healthz", "/first/..."]
    assert all(line["request_id"] for line in requests)
    assert link.rsplit("/", 1)[1] not in logged
