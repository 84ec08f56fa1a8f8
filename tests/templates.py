"""Databases that are furnished once in a process, and copied for each test that wants one like it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from biobank import clock
from biobank.database import Database
from tests import world as worlds
from tests.databases import PostgresServer
from tests.world import World

ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

on_both = pytest.mark.parametrize("address", ENGINES, indirect=True)
"""For a test on both engines where its folder has chosen one."""

Furnishing = Callable[[World], Any]
"""Puts more into a world; what it returns is told to every test that gets a copy."""


def nothing_more(_: World) -> None:
    """The world as it is built."""


class Templates:
    """Furnished databases that nobody is connected to, by engine and by what was put into them."""

    def __init__(self, folder: Path, server: Callable[[], PostgresServer]) -> None:
        self._folder = folder
        self._server = server
        self._made: dict[tuple[str, Furnishing], str] = {}
        self._told: dict[tuple[str, Furnishing], Any] = {}

    def sqlite(self, furnishing: Furnishing = nothing_more) -> Path:
        """A file to copy."""
        return Path(self._template("sqlite", furnishing))

    def postgres(self, furnishing: Furnishing = nothing_more) -> str:
        """The name of a database to copy."""
        return self._template("postgres", furnishing)

    def told(self, engine: str, furnishing: Furnishing) -> Any:
        """What the furnishing returned; the same object for everybody."""
        self._template(engine, furnishing)
        return self._told[engine, furnishing]

    def copy(self, engine: str, furnishing: Furnishing, folder: Path) -> Iterator[str]:
        """The address of a copy of a test's own, which is gone afterwards."""
        template = self._template(engine, furnishing)
        if engine == "sqlite":
            yield f"sqlite:///{worlds.copy_sqlite(Path(template), folder / 'b.db')}"
            return
        server, name = self._server(), _new_name("test")
        server.create_from_template(name, template)
        yield server.url(name)
        server.drop(name)

    def _template(self, engine: str, furnishing: Furnishing) -> str:
        key = engine, furnishing
        if key not in self._made:
            name = _new_name("template")
            made = name if engine == "postgres" else str(self._folder / name)
            self._told[key] = self._furnish(engine, furnishing, made)
            self._made[key] = made
        return self._made[key]

    def _furnish(self, engine: str, furnishing: Furnishing, made: str) -> Any:
        plain = "" if furnishing is nothing_more else self._template(engine, nothing_more)
        if engine == "sqlite":
            address = f"sqlite:///{worlds.copy_sqlite(Path(plain), Path(made)) if plain else made}"
        else:
            server, address = self._server(), self._server().url(made)
            server.create_from_template(made, plain) if plain else server.create(made)
        database = Database(address)
        if not plain:
            worlds.build(database)
        told = furnishing(World(database))
        database.close()
        return told


def _new_name(kind: str) -> str:
    return f"{kind}_{clock.new_key().hex}"
