"""A PostgreSQL server for the tests: the one whose address is given, else one of their own."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import LiteralString, Self

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from setup import postgres

KEEPER = Path(__file__).with_name("postgres_keeper.py")
QUICK = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
)


class PostgresServer:
    """A running server: `with PostgresServer() as server: server.create("one")`.

    durable: keep PostgreSQL's own promises about crashes; without, it is quicker and forgets at a power cut.
    binaries: the folder of `initdb` and `postgres` for a server of its own. Left out, the server in
    `BIOBANK_TEST_DATABASE_URL` is used, or else whatever binaries are found. A durable one is always its own.

    As root the server runs as `nobody`, because PostgreSQL refuses to run as root.
    """

    def __init__(self, *, durable: bool = False, binaries: Path | None = None) -> None:
        """Choose; nothing runs yet."""
        given = os.environ.get(postgres.ADDRESS, "")
        self._address = make_url(given) if given and not binaries and not durable else None
        self._settings = () if durable else QUICK
        self._binaries = binaries
        self._keeper: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it, unless an address was given."""
        if self._address is None:
            command = [
                sys.executable,
                str(KEEPER),
                str(self._binaries or postgres.binaries()),
                *self._settings,
            ]
            pipe = subprocess.PIPE
            self._keeper = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, text=True, start_new_session=True
            )
            folder = self._keeper.stdout.readline().strip() if self._keeper.stdout else ""
            if not folder:
                raise RuntimeError("PostgreSQL did not start; its own words stand above.")
            self._address = URL.create("postgresql", "postgres", query={"host": folder})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and leave nothing behind; a server that was given goes on."""
        if self._keeper:
            self._keeper.communicate()
            self._keeper = self._address = None

    def url(self, name: str) -> str:
        """The address of one of its databases, as SQLAlchemy reads it."""
        return self._url("postgresql+psycopg", name)

    def create(self, name: str) -> None:
        """Make an empty database."""
        self._say("CREATE DATABASE {}", name)

    def create_from_template(self, name: str, template: str) -> None:
        """Copy a database that nobody is connected to."""
        # Copying its files is half the work of writing every page to the log, as is done by default.
        self._say("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)

    def drop(self, name: str) -> None:
        """Remove a database if it is there, whoever is connected to it."""
        self._say("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def version(self) -> str:
        """The server's own version, such as `15.18`."""
        with psycopg.connect(self._url("postgresql", "postgres")) as connection:
            return str(connection.info.parameter_status("server_version")).split()[0]

    def _say(self, words: LiteralString, *names: str) -> None:
        with psycopg.connect(self._url("postgresql", "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(words).format(*map(sql.Identifier, names)))

    def _url(self, driver: str, name: str) -> str:
        if self._address is None:
            raise RuntimeError("The server runs only inside its `with` block.")
        return self._address.set(drivername=driver, database=name).render_as_string(hide_password=False)
