"""A program in front of the API, on each database in turn."""

from collections.abc import Iterator

import pytest
from litestar.testing import TestClient

from tests.api import recording
from tests.api.program import Program
from tests.quick import app_of
from tests.world import World


@pytest.fixture
def program(world: World) -> Iterator[Program]:
    """A program that acts for the technician, on each engine in turn."""
    with TestClient(app_of(world)) as client:
        recording.hear(client)
        yield Program(world, client)


@pytest.fixture
def sqlite_program(sqlite_world: World) -> Iterator[Program]:
    """The same on SQLite alone, for what does not touch the database's own ways."""
    with TestClient(app_of(sqlite_world)) as client:
        recording.hear(client)
        yield Program(sqlite_world, client)
