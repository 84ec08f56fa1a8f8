"""What tests are given: a world on SQLite and on a real PostgreSQL, both through the migrations."""

import gc
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from litestar.testing import TestClient
from playwright.sync_api import Browser

from biobank.database import Database
from biobank.pages.build_assets import build
from tests import quick  # noqa: F401 - to share what was compiled, it is enough to load it
from tests.browser import launch
from tests.databases import PostgresServer
from tests.templates import ENGINES, Furnishing, Templates, nothing_more
from tests.terminal import Terminal
from tests.world import World

# Whether an ordinary run passes hangs neither on the speed of the machine nor on what chance tries this time.
settings.register_profile(
    "the same each time", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("anew each time", deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_configure(config: pytest.Config) -> None:
    """Let the long runs try what was never tried, and tell how to try it again."""
    long = config.getoption("markexpr") == "prove"
    settings.load_profile("anew each time" if long else "the same each time")


def pytest_collection(session: pytest.Session) -> None:
    """Let each worker of a whole run begin with other tests: of a fresh checkout each compiles its part."""
    worker = getattr(session.config, "workerinput", None)
    if not worker or session.config.args != session.config.getini("testpaths"):
        return
    files = sorted(Path(__file__).parent.rglob("test_*.py"))
    begin = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for file in files[begin:] + files[:begin]:
        import_module(".".join(file.relative_to(session.config.rootpath).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """Look for garbage seldom, and never among what was loaded before the first test: a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def event_loop_of_all_requests() -> Iterator[None]:
    """One for the whole run: a client that is not entered starts a loop and its threads for each request."""
    with start_blocking_portal() as portal:
        TestClient.blocking_portal = portal
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole run."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Databases that were furnished once, to copy from."""
    return Templates(tmp_path_factory.mktemp("templates"), lambda: request.getfixturevalue("postgres"))


@pytest.fixture(scope="session")
def sqlite_template(templates: Templates) -> Path:
    """A furnished SQLite file, closed, to copy from."""
    return templates.sqlite()


@pytest.fixture(scope="session")
def postgres_template(templates: Templates) -> str:
    """A furnished PostgreSQL database, left by everybody, to copy from."""
    return templates.postgres()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for the whole run; each test has a context of its own in it."""
    build()
    with launch() as started:
        yield started


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    """What else is in the world of each test; a module that wants more than nothing overrides it."""
    return nothing_more


@pytest.fixture(params=ENGINES)
def address(
    request: pytest.FixtureRequest, templates: Templates, furnishing: Furnishing, tmp_path: Path
) -> Iterator[str]:
    """The address of a furnished database of the test's own, on each engine in turn."""
    yield from templates.copy(request.param, furnishing, tmp_path)


@pytest.fixture
def told(address: str, templates: Templates, furnishing: Furnishing) -> Any:
    """What the furnishing of the test's world returned; the same object for every test."""
    return templates.told("sqlite" if address.startswith("sqlite") else "postgres", furnishing)


@pytest.fixture
def world(address: str) -> Iterator[World]:
    """A furnished biobank on each engine in turn."""
    database = Database(address)
    yield World(database)
    database.close()


@pytest.fixture
def sqlite_world(templates: Templates, furnishing: Furnishing, tmp_path: Path) -> Iterator[World]:
    """A furnished biobank on SQLite alone, for what does not touch the database's own ways."""
    for address in templates.copy("sqlite", furnishing, tmp_path):
        database = Database(address)
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
