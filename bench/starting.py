"""The first answer after starting, and the memory that it takes: against importing the two frameworks."""

import compileall
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import biobank
from biobank.database import Database
from tests import world as worlds

TURNS = 7
MIB = 1024

Row = tuple[str, float, float, float, str]


def rows() -> Sequence[Row]:
    """Operation, ours, floor, ratio, target: seconds to the first answer, and MiB held then."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        database = Database(url)
        worlds.build(database)
        database.close()
        # As installing does it, and as the floor's two frameworks are: nobody compiles them at each start.
        compileall.compile_dir(Path(biobank.__file__).parent, quiet=2)
        started, imported = [], []
        memory = 0.0
        # In turns, so that whatever else the machine does falls on both.
        for _ in range(TURNS):
            took, memory = _first_answer(url)
            started.append(took)
            imported.append(_imported())
    ours, floor = median(started), median(imported)
    return [
        ("first answer after start, SQLite, s", ours, floor, ours / floor, "<= 2"),
        ("memory at the first answer, MiB, against 150", memory, 150.0, memory / 150, "<= 1"),
    ]


def _first_answer(url: str) -> tuple[float, float]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.perf_counter()
    command = [sys.executable, "-m", "bench.serving", url, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            try:
                with urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=5):
                    return time.perf_counter() - start, _resident(process.pid)
            except OSError:
                time.sleep(0.005)
        raise RuntimeError("the server did not start")
    finally:
        process.terminate()
        process.wait(10)


def _resident(process: int) -> float:
    """MiB of memory that a process holds."""
    told = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    line = next(line for line in told.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / MIB


def _imported() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import litestar, sqlmodel"], check=True)
    return time.perf_counter() - start
