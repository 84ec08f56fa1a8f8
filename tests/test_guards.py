"""The database's own rules: what they refuse whoever asks, and that their absence is seen."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from biobank import guards, migrations
from biobank.database import Database
from biobank.errors import Refusal
from biobank.guards import GUARDS
from biobank.ledger import entries
from tests.audits.auditing import begun, counted
from tests.databases import PostgresServer
from tests.world import World

NEWEST = "(SELECT subject_id FROM custody_event ORDER BY recorded_at DESC, id DESC LIMIT 1)"
COLUMNS = (
    "id, subject_id, number, kind, command_id, actor_id, station_id, occurred_at, recorded_at,"
    " corrects_id, container_id, prev_hash, leaf_hash, entry"
)


def say(world: World, statement: str, values: tuple[Any, ...] = ()) -> None:
    world.database.administer(lambda connection: connection.exec_driver_sql(statement, values))


def refused(world: World, statement: str, values: tuple[Any, ...] = ()) -> str:
    """What the database says to a statement that it must not carry out."""
    with pytest.raises(DBAPIError) as error:
        say(world, statement, values)
    return str(error.value.orig)


def forged(world: World, **other: Any) -> tuple[str, tuple[Any, ...]]:
    """A statement that appends a sound new event after the newest one, but for what is said here."""

    def read(connection: Connection) -> dict[str, Any]:
        asked = f"SELECT {COLUMNS} FROM custody_event ORDER BY recorded_at DESC, id DESC LIMIT 1"
        return dict(connection.exec_driver_sql(asked).mappings().one())

    row = world.database.administer(read)
    new_id = "0" * 32 if world.database.is_sqlite else "00000000-0000-0000-0000-000000000000"
    entry = bytes(row["entry"]) + b" "
    row |= {"id": new_id, "number": row["number"] + 1, "prev_hash": row["leaf_hash"], "entry": entry}
    row |= {"leaf_hash": entries.leaf_hash(entry)} | other
    places = ", ".join(["?" if world.database.is_sqlite else "%s"] * len(row))
    return f"INSERT INTO custody_event ({COLUMNS}) VALUES ({places})", tuple(row.values())


@pytest.mark.parametrize("table", ["custody_event", "custody_subject", "ledger_origin"])
def test_nothing_is_ever_removed_from_the_ledger(world: World, table: str) -> None:
    assert "append-only" in refused(world, f"DELETE FROM {table}")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE custody_event SET kind = 'noted'",
        "UPDATE custody_event SET entry = entry",
        "UPDATE ledger_origin SET name = 'another'",
    ],
)
def test_no_entry_and_no_name_of_a_log_is_ever_changed(world: World, change: str) -> None:
    assert "append-only" in refused(world, change)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE custody_subject SET number = number + 1",
        "UPDATE custody_subject SET number = number",
        "UPDATE custody_subject SET kind = 'record'",
        "UPDATE custody_subject SET number = 0",
    ],
)
def test_a_head_is_not_moved_by_hand(world: World, change: str) -> None:
    assert "a head moves only with its event" in refused(world, change)


def test_a_head_is_born_at_nothing(world: World) -> None:
    born = (
        "INSERT INTO custody_subject (id, kind, number, hash)"
        f" SELECT {{}}, kind, 5, hash FROM custody_subject WHERE id = {NEWEST}"
    )
    new_id = "'" + "1" * 32 + "'"
    assert "a head" in refused(world, born.format(new_id + ("" if world.database.is_sqlite else "::uuid")))


def test_truncating_is_refused_where_there_is_such_a_thing(world: World) -> None:
    for table in () if world.database.is_sqlite else ("custody_event", "custody_subject", "ledger_origin"):
        assert "append-only" in refused(world, f"TRUNCATE {table} CASCADE")
    if world.database.is_sqlite:
        assert "syntax error" in refused(world, "TRUNCATE custody_event")


def test_replacing_an_event_is_refused(world: World) -> None:
    statement, values = forged(world)
    same = world.database.administer(
        lambda c: c.exec_driver_sql("SELECT id FROM custody_event ORDER BY id LIMIT 1").scalar_one()
    )
    replace = statement.replace("INSERT", "INSERT OR REPLACE") if world.database.is_sqlite else statement
    said = refused(world, replace, (same, *values[1:]))
    assert "replace refused" in said or "duplicate key" in said


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE audit_scan SET text = 'another'",
        "DELETE FROM audit_scan",
        "INSERT OR REPLACE INTO audit_scan SELECT * FROM audit_scan",
    ],
)
def test_no_scan_of_an_audit_is_ever_changed_removed_or_replaced(world: World, harm: str) -> None:
    (tube,) = world.tubes(1)
    box = world.boxes()[0]
    world.put(box, [tube])
    counted(world, begun(world), box, ("A1", tube))
    said = refused(world, harm if world.database.is_sqlite else harm.replace(" OR REPLACE", ""))
    assert "append-only" in said or "duplicate key" in said
    if not world.database.is_sqlite:
        assert "append-only" in refused(world, "TRUNCATE audit_scan")
    assert world.unproved() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": 99},
        {"number": 1},
        {"prev_hash": bytes(32)},
        {"prev_hash": b"\x01" * 32},
    ],
    ids=["a gap", "a repeat", "the first link again", "another link"],
)
def test_only_the_newest_event_is_continued(world: World, wrong: dict[str, Any]) -> None:
    said = refused(world, *forged(world, **wrong))
    assert "stale head" in said or "replace refused" in said


def test_a_sound_event_is_let_in_so_that_the_refusals_mean_something(world: World) -> None:
    say(world, *forged(world))


def test_a_wrong_leaf_hash_is_refused_by_postgresql_and_found_on_sqlite(world: World) -> None:
    wrong = forged(world, leaf_hash=b"\x07" * 32)
    if world.database.is_sqlite:
        say(world, *wrong)  # SQLite has no SHA-256 of its own: the proof finds it
        assert world.unproved() != []
    else:
        assert "leaf hash does not fit" in refused(world, *wrong)


def test_switching_triggers_off_for_a_replica_does_not_switch_these_off(world: World) -> None:
    def as_replica(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("DELETE FROM custody_event")

    with pytest.raises(DBAPIError, match="append-only"):
        world.database.administer(as_replica)


# --- their absence is seen ---


def table_of(body: str) -> str:
    return body.split(" ON ")[1].split(maxsplit=1)[0]


def dropped(world: World, name: str) -> None:
    body = GUARDS["sqlite" if world.database.is_sqlite else "postgresql"][name]
    say(world, f"DROP TRIGGER {name}" + ("" if world.database.is_sqlite else f" ON {table_of(body)}"))


def replaced(world: World, name: str) -> None:
    if world.database.is_sqlite:
        dropped(world, name)
        say(world, f"CREATE TRIGGER {name} BEFORE DELETE ON custody_event BEGIN SELECT 1; END")
    else:
        body = "BEGIN RETURN NEW; END"
        say(
            world,
            f"CREATE OR REPLACE FUNCTION ledger_deny() RETURNS trigger LANGUAGE plpgsql AS '{body}'",
        )


def disabled(world: World, name: str) -> None:
    if world.database.is_sqlite:
        dropped(world, name)
    else:
        say(world, f"ALTER TABLE custody_event DISABLE TRIGGER {name}")


def only_for_origin(world: World, name: str) -> None:
    if world.database.is_sqlite:
        dropped(world, name)
    else:
        say(world, f"ALTER TABLE custody_event ENABLE TRIGGER {name}")


@pytest.mark.parametrize("harm", [dropped, replaced, disabled, only_for_origin])
def test_a_guard_that_is_gone_is_seen_and_the_start_refused(
    world: World, harm: Callable[[World, str], None]
) -> None:
    name = "custody_event_no_delete" if world.database.is_sqlite else "custody_event_kept"
    assert world.database.administer(guards.missing) == []
    migrations.require_ready(world.database)
    harm(world, name)
    assert name in world.database.administer(guards.missing)
    with pytest.raises(Refusal) as refusal:
        migrations.require_ready(world.database)
    assert refusal.value.slug == "ledger_unguarded"
    assert name in str(refusal.value)
    migrations.upgrade(world.database)
    assert world.database.administer(guards.missing) == []
    migrations.require_ready(world.database)


def test_every_single_guard_is_missed_when_it_is_dropped(world: World) -> None:
    engine = "sqlite" if world.database.is_sqlite else "postgresql"
    for name in GUARDS[engine]:
        dropped(world, name)
        assert world.database.administer(guards.missing) == [name]
        world.database.administer(guards.assert_guards)
    assert world.database.administer(guards.missing) == []


def test_the_drivers_statement_limits_do_not_hold_in_administration(world: World) -> None:
    shown = "SELECT 0" if world.database.is_sqlite else "SHOW statement_timeout"
    assert world.database.administer(lambda c: c.exec_driver_sql(shown).scalar_one()) in (0, "0")


@pytest.mark.postgres
@pytest.mark.parametrize(
    "when",
    [
        "BEFORE DELETE ON custody_event FOR EACH ROW",
        "BEFORE UPDATE OR DELETE ON custody_event FOR EACH ROW WHEN (false)",
        "BEFORE UPDATE OF kind OR DELETE ON custody_event FOR EACH ROW",
        "BEFORE UPDATE OR DELETE ON custody_event FOR EACH STATEMENT",
    ],
)
def test_a_guard_that_lets_something_through_is_missed(
    postgres: PostgresServer, postgres_template: str, when: str
) -> None:
    name = "guards_let_through"
    postgres.create_from_template(name, postgres_template)
    database = Database(postgres.url(name))

    def weaken(connection: Connection) -> list[str]:
        connection.exec_driver_sql("DROP TRIGGER custody_event_kept ON custody_event")
        connection.exec_driver_sql(f"CREATE TRIGGER custody_event_kept {when} EXECUTE FUNCTION ledger_deny()")
        connection.exec_driver_sql("ALTER TABLE custody_event ENABLE ALWAYS TRIGGER custody_event_kept")
        return guards.missing(connection)

    assert database.administer(guards.missing) == []
    assert database.administer(weaken) == ["custody_event_kept"]
    database.close()
    postgres.drop(name)
