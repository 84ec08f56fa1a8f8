"""A server as it is in service, and bytes sent to it as they are: what no client would send."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests import ports

PATIENCE = 120.0
"""Seconds after which a test gives up; nothing here waits so long."""


class Server:
    """The `biobank` command that serves a database."""

    def __init__(self, home: Path, url: str) -> None:
        self.port = ports.free()
        self.log = home / "served.log"
        told = {"BIOBANK_HOME": str(home), "BIOBANK_DATABASE_URL": url, "BIOBANK_PORT": str(self.port)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "biobank", "serve"],
                env={**os.environ, **told},
                stdout=log,
                stderr=log,
            )
        ends = time.monotonic() + PATIENCE
        while b"Biobank serves" not in self.log.read_bytes():
            assert time.monotonic() < ends, self.log.read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """Tell it to leave."""
        self.process.terminate()
        self.process.wait(PATIENCE)

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """A connection to it."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            yield connection

    def answers(self, sent: bytes) -> bytes:
        """Everything it answers to some bytes until it closes the connection."""
        with self.connected() as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(sent)  # it may answer before it has read everything
            return read(connection)

    def status(self, sent: bytes) -> int:
        """The status of its first answer; 0 where it closed the connection without one."""
        answer = self.answers(sent)
        return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def read(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    found = b""
    try:
        while some := connection.recv(65536):
            found += some
    except ConnectionResetError:
        pass
    return found


def get(path: str, *headers: str, host: str = "Host: localhost") -> bytes:
    """A request for a path as it is, of which the connection is closed after the answer."""
    lines = [f"GET {path} HTTP/1.1", *([host] if host else []), "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")
