"""Migrations: forward only, whole or not at all, and the models say what the database has."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, make_url, text
from sqlmodel import SQLModel

from alembic import command
from biobank import guards, migrations
from biobank.database import Database
from biobank.errors import Refusal
from tests.databases import PostgresServer
from tests.world import World


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """An empty database on each engine in turn."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"empty_{tmp_path.name.lower()}"[:50]
    server.create(name)
    database = Database(server.url(name))
    yield database
    database.close()
    server.drop(name)


def tables(database: Database) -> list[str]:
    return database.administer(lambda connection: sorted(inspect(connection).get_table_names()))


def test_an_empty_database_is_brought_to_the_present_shape_in_one_go(empty: Database) -> None:
    assert migrations.standing(empty) is None
    reached = migrations.upgrade(empty)
    assert migrations.standing(empty) == reached
    assert set(SQLModel.metadata.tables) <= set(tables(empty))
    migrations.require_ready(empty)


def test_upgrading_twice_changes_nothing(world: World) -> None:
    before = (migrations.standing(world.database), tables(world.database))
    world.tubes(2)
    migrations.upgrade(world.database)
    assert (migrations.standing(world.database), tables(world.database)) == before
    assert world.unproved() == []


def test_a_crash_in_the_middle_leaves_nothing_behind(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_: Connection) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(guards, "assert_guards", cut)
    with pytest.raises(KeyboardInterrupt):
        migrations.upgrade(empty)
    assert tables(empty) == []
    monkeypatch.undo()
    migrations.upgrade(empty)
    migrations.require_ready(empty)


def test_an_empty_database_and_one_of_another_time_are_not_started_on(empty: Database) -> None:
    with pytest.raises(Refusal) as refused:
        migrations.require_ready(empty)
    assert refused.value.slug == "database_not_ready"
    assert refused.value.facts["found"] == "-"
    migrations.upgrade(empty)
    empty.administer(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(Refusal) as newer:
        migrations.require_ready(empty)
    assert newer.value.facts["found"] == "9999"


@pytest.mark.postgres
def test_a_role_that_does_not_own_the_tables_is_told_so(postgres: PostgresServer) -> None:
    postgres.create("of_somebody_else")
    owner = Database(postgres.url("of_somebody_else"))
    address = make_url(postgres.url("of_somebody_else")).set(username="serving", password="of-tests-alone")
    serving = Database(address.render_as_string(hide_password=False))
    owner.administer(lambda c: c.execute(text("CREATE ROLE serving LOGIN PASSWORD 'of-tests-alone'")))
    try:
        with pytest.raises(Refusal) as refused:
            migrations.upgrade(serving)
        assert refused.value.slug == "not_the_owner"
        assert tables(owner) == []
    finally:
        serving.close()
        owner.administer(lambda c: c.execute(text("DROP ROLE serving")))
        owner.close()
        postgres.drop("of_somebody_else")


def test_the_models_and_the_migrations_say_the_same(world: World) -> None:
    def drift(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))

    assert world.database.administer(drift) == []
    world.database.administer(lambda c: c.execute(text("ALTER TABLE site ADD COLUMN colour VARCHAR(3)")))
    assert len(world.database.administer(drift)) == 1


def test_there_is_no_way_back(world: World) -> None:
    def back(connection: Connection) -> None:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    with pytest.raises(NotImplementedError, match="forward only"):
        world.database.administer(back)
    migrations.require_ready(world.database)


def test_a_sqlite_file_keeps_its_promises_over_a_power_cut(sqlite_world: World) -> None:
    # As it is opened: for a session the tests let it wait for no disk (tests/quick.py).
    opened = sqlite_world.database.writing.raw_connection()

    def pragma(name: str) -> Any:
        return opened.cursor().execute(f"PRAGMA {name}").fetchone()[0]

    assert (pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")) == ("wal", 2, 1)
    assert (pragma("recursive_triggers"), pragma("trusted_schema")) == (1, 0)
    opened.close()
    assert sqlite3.sqlite_version_info >= (3, 35)
