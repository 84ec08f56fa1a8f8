"""A server of our own application on this machine, in a process of its own, as `biobank serve` runs it."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

from uvicorn import Server

from biobank.commands.serving import bind, configure
from biobank.database import Database
from biobank.settings import Settings


@contextmanager
def serving(url: str) -> Iterator[int]:
    """Serve a database; the port it listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "bench.serving", url, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server did not start")


def _serve(url: str, port: int) -> None:
    settings = Settings(database_url=url, port=port)
    Server(configure(settings, Database(url, settings.threads))).run([bind(settings)])


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
