"""The database's own rules that keep the ledger append-only, on both engines.

They are asserted again at the end of every migration and checked at every start: an event is
never changed or removed, numbers follow one another, and a head moves only with its event. A scan of
an audit is never changed or removed either.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import Connection, inspect

_KEPT_FOR_EVER = ("custody_event", "custody_subject", "ledger_origin", "audit_scan")

_POSTGRES_FUNCTIONS = (
    """
    CREATE OR REPLACE FUNCTION ledger_deny() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'append-only table %: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = '42501';
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION ledger_chain() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.leaf_hash <> sha256('\\x00'::bytea || NEW.entry) THEN
        RAISE EXCEPTION 'leaf hash does not fit its entry' USING ERRCODE = '23514';
      END IF;
      UPDATE custody_subject SET number = NEW.number, hash = NEW.leaf_hash
        WHERE id = NEW.subject_id AND number = NEW.number - 1 AND hash = NEW.prev_hash;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'stale head' USING ERRCODE = '40001';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION ledger_head() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' AND NEW.number = 0 AND NEW.hash = decode(repeat('00', 32), 'hex') THEN
        RETURN NEW;
      END IF;
      IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1
          AND NEW.number = OLD.number + 1 AND NEW.id = OLD.id AND NEW.kind = OLD.kind THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'a head moves only with its event' USING ERRCODE = '42501';
    END $$
    """,
)


def _postgres() -> dict[str, str]:
    made = {
        "ledger_chain": "BEFORE INSERT ON custody_event FOR EACH ROW EXECUTE FUNCTION ledger_chain()",
        "ledger_head": "BEFORE INSERT OR UPDATE ON custody_subject"
        " FOR EACH ROW EXECUTE FUNCTION ledger_head()",
    }
    for table in _KEPT_FOR_EVER:
        kept = "DELETE" if table == "custody_subject" else "UPDATE OR DELETE"
        made[f"{table}_kept"] = f"BEFORE {kept} ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_deny()"
        made[f"{table}_whole"] = (
            f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION ledger_deny()"
        )
    return made


def _sqlite() -> dict[str, str]:
    made = {
        "ledger_chain": """BEFORE INSERT ON custody_event BEGIN
          SELECT RAISE(ABORT, 'append-only: replace refused') WHERE EXISTS (SELECT 1 FROM custody_event e
            WHERE e.id = NEW.id OR e.leaf_hash = NEW.leaf_hash
               OR (e.subject_id = NEW.subject_id AND e.number = NEW.number));
          SELECT RAISE(ABORT, 'stale head') WHERE NOT EXISTS (SELECT 1 FROM custody_subject s
            WHERE s.id = NEW.subject_id AND s.number = NEW.number - 1 AND s.hash = NEW.prev_hash);
        END""",
        "ledger_advance": """AFTER INSERT ON custody_event BEGIN
          UPDATE custody_subject SET number = NEW.number, hash = NEW.leaf_hash WHERE id = NEW.subject_id;
        END""",
        "ledger_head": """BEFORE UPDATE ON custody_subject
          WHEN NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.number <> OLD.number + 1
            OR NOT EXISTS (SELECT 1 FROM custody_event e
              WHERE e.subject_id = NEW.id AND e.number = NEW.number AND e.leaf_hash = NEW.hash) BEGIN
          SELECT RAISE(ABORT, 'a head moves only with its event');
        END""",
        "ledger_birth": """BEFORE INSERT ON custody_subject
          WHEN NEW.number <> 0 OR NEW.hash <> zeroblob(32)
            OR EXISTS (SELECT 1 FROM custody_subject s WHERE s.id = NEW.id) BEGIN
          SELECT RAISE(ABORT, 'a head is born empty');
        END""",
        # A REPLACE removes the row that was there, and tells no trigger of removals.
        "audit_scan_once": """BEFORE INSERT ON audit_scan
          WHEN EXISTS (SELECT 1 FROM audit_scan s WHERE s.id = NEW.id) BEGIN
          SELECT RAISE(ABORT, 'append-only: replace refused');
        END""",
    }
    for table in _KEPT_FOR_EVER:
        doings = ("DELETE",) if table == "custody_subject" else ("UPDATE", "DELETE")
        for doing in doings:
            made[f"{table}_no_{doing.lower()}"] = (
                f"BEFORE {doing} ON {table} BEGIN SELECT RAISE(ABORT, 'append-only table'); END"
            )
    return made


GUARDS: Mapping[str, Mapping[str, str]] = MappingProxyType({"postgresql": _postgres(), "sqlite": _sqlite()})


def assert_guards(connection: Connection) -> None:
    """Make every guard anew, whatever was there. Every migration ends with this.

    An older migration leaves out the tables that a newer one brings.
    """
    tables = set(inspect(connection).get_table_names())
    postgres = connection.dialect.name == "postgresql"
    for function in _POSTGRES_FUNCTIONS if postgres else ():
        # The text has per cent signs of its own, which a driver given parameters would read as places.
        connection.exec_driver_sql(function, execution_options={"no_parameters": True})
    for name, body in GUARDS[connection.dialect.name].items():
        table = _table_of(body)
        if table not in tables:
            continue
        on_table = f" ON {table}" if postgres else ""
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{on_table}")
        connection.exec_driver_sql(f"CREATE TRIGGER {name} {body}")
        if postgres:
            # ALWAYS: so that session_replication_role = replica does not skip it.
            connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def missing(connection: Connection) -> list[str]:
    """The names of guards that are absent, changed or switched off; empty when all is well."""
    if connection.dialect.name == "postgresql":
        return _missing_on_postgres(connection)
    kept = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    present = {row.name: row.sql for row in kept}
    return [
        name
        for name, body in GUARDS["sqlite"].items()
        if present.get(name) != f"CREATE TRIGGER {name} {body}"
    ]


def _missing_on_postgres(connection: Connection) -> list[str]:
    kept = connection.exec_driver_sql(
        "SELECT t.tgname, p.prosrc, t.tgtype FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND t.tgqual IS NULL AND t.tgattr::text = ''"
        " AND t.tgrelid::regclass::text = ANY (%s)",
        (list(_KEPT_FOR_EVER),),
    )
    present = {name: (source.strip(), when) for name, source, when in kept}
    sources = {function.split("FUNCTION ")[1].split("(")[0]: function for function in _POSTGRES_FUNCTIONS}
    return [
        name
        for name, body in GUARDS["postgresql"].items()
        if name not in present
        or present[name][0] not in sources[body.split("FUNCTION ")[1].split("(")[0]]
        or present[name][1] != _when(body)
    ]


def _when(body: str) -> int:
    """At what a trigger fires, as PostgreSQL keeps it: the bits of `pg_trigger.tgtype`."""
    events = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
    before, row = 2, 1 if "FOR EACH ROW" in body else 0
    doings = body.split(" ON ", maxsplit=1)[0]
    return before + row + sum(bit for event, bit in events.items() if event in doings)


def _table_of(body: str) -> str:
    return body.split(" ON ")[1].split(maxsplit=1)[0]
