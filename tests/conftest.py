"""What tests are given: a world on SQLite and on a real PostgreSQL, both through the migrations."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from biobank.database import Database
from tests import quick  # noqa: F401 - to share what was compiled, it is enough to load it
from tests import world as worlds
from tests.databases import PostgresServer
from tests.terminal import Terminal
from tests.world import World


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole run."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A furnished SQLite file, closed, to copy from."""
    path = tmp_path_factory.mktemp("template") / "biobank.db"
    database = Database(f"sqlite:///{path}")
    worlds.build(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """A furnished PostgreSQL database, left by everybody, to copy from."""
    name = f"template_{uuid4().hex[:8]}"
    postgres.create(name)
    database = Database(postgres.url(name))
    worlds.build(database)
    database.close()
    return name


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a furnished database of the test's own, on each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{worlds.copy_sqlite(request.getfixturevalue('sqlite_template'), tmp_path / 'b.db')}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex[:12]}"
    server.create_from_template(name, request.getfixturevalue("postgres_template"))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def world(address: str) -> Iterator[World]:
    """A furnished biobank on each engine in turn."""
    database = Database(address)
    yield World(database)
    database.close()


@pytest.fixture
def sqlite_world(sqlite_template: Path, tmp_path: Path) -> Iterator[World]:
    """A furnished biobank on SQLite alone, for what does not touch the database's own ways."""
    database = Database(f"sqlite:///{worlds.copy_sqlite(sqlite_template, tmp_path / 'b.db')}")
    yield World(database)
    database.close()


@pytest.fixture
def empty(tmp_path: Path) -> Terminal:
    """A terminal where nothing was made yet."""
    return Terminal(tmp_path / "home")


@pytest.fixture
def terminal(sqlite_template: Path, tmp_path: Path) -> Terminal:
    """A terminal on a furnished biobank."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copyfile(sqlite_template, home / "biobank.db")
    return Terminal(home)
