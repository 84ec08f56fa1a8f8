"""The tests' own PostgreSQL: every kind of binaries serves, and nothing of it outlives the tests."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from setup import postgres
from tests.databases import PostgresServer

CHECKOUT = Path(__file__).parent.parent
KILLED = """
import os, signal
from setup import postgres
from tests.databases import PostgresServer
with PostgresServer(binaries=next(postgres.found_binaries())) as server:
    print(server.url("postgres"), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""

pytestmark = pytest.mark.postgres


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""))


def answers(url: str) -> bool:
    """Whether a server answers at this address."""
    try:
        connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


BINARIES = list(postgres.found_binaries())


@pytest.mark.parametrize("binaries", BINARIES, ids=lambda folder: str(postgres.version(folder)))
def test_databases_are_made_copied_and_dropped(binaries: Path) -> None:
    with PostgresServer(binaries=binaries) as server:
        server.create("template")
        with connect(server.url("template")) as connection:
            connection.execute("CREATE TABLE tube (code text)")
        server.create_from_template("copy", "template")
        reader = connect(server.url("copy"))
        assert reader.execute("SELECT count(*) FROM tube").fetchone() == (0,)
        server.drop("copy")
        reader.close()
        assert not answers(server.url("copy"))
        left = server.url("template")
        assert answers(left)
    assert not answers(left)


def test_a_durable_server_keeps_what_it_promised() -> None:
    with (
        PostgresServer(durable=True) as server,
        connect(server.url("postgres")) as told,
    ):
        assert told.execute("SHOW fsync").fetchone() == ("on",)


def test_a_killed_test_run_leaves_no_server_and_no_folder() -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    url = killed.stdout.strip()
    folder = Path(str(make_url(url).query["host"]))
    end = time.monotonic() + 30
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not folder.exists()
    assert not answers(url)
