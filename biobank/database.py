"""The engines, and the only commit."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, TypeVar, cast
from uuid import UUID

import psycopg
from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Table,
    Uuid,
    any_,
    bindparam,
    create_engine,
    event,
    insert,
)
from sqlalchemy import inspect as sa_inspect
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Session, SQLModel, select

from biobank import clock
from biobank.errors import Busy, Conflict, Malformed, Refusal, Refusals
from biobank.texts import N_

Result = TypeVar("Result")
Item = TypeVar("Item")
Row = TypeVar("Row", bound=SQLModel)

TRIES = 4
"""The first attempt and three more."""

SQLITE_WAITS = 10.0
"""Seconds that a writer waits for another one on SQLite."""

COPY_FROM = 8
"""From so many rows on, PostgreSQL's COPY beats an INSERT of many values."""

_RETRIED = {"40001", "40P01", "55P03", "23505"}
_UNREACHABLE = ("08", "57", "53")


class _Reading(Session):
    """A session that only reads: its connection is at hand, with no transaction to be set up around it."""

    def connection(self, *_: Any, **__: Any) -> Connection:
        """The connection it was made on."""
        bound = self.get_bind()
        return bound if isinstance(bound, Connection) else super().connection()


class Database:
    """One database seen through two engines: one that writes, one that cannot."""

    def __init__(self, url: str, threads: int = 8) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.writing = _engine(url, threads, read_only=False)
        self.reading = _engine(url, threads, read_only=True)

    def write(self, work: Callable[[Session], Result]) -> Result:
        """Run the work in one transaction and commit it; a refusal, like any error, rolls back.

        A serialization failure, a deadlock, a locked database or a lost race for a UNIQUE key runs
        the work again, three times with jitter. Refused: `Busy` when that did not help, `Conflict`
        when the key is truly taken.
        """
        for attempt in range(1, TRIES + 1):
            try:
                with Session(self.writing, expire_on_commit=False) as session, session.begin():
                    return work(session)
            except (DBAPIError, psycopg.Error) as error:
                if attempt == TRIES or not _worth_another_try(error):
                    raise _as_refusal(error) from error
                time.sleep((50 + clock.chance(100)) / 100 * 0.02 * attempt**2)
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    def read(self, question: Callable[[Session], Result]) -> Result:
        """Ask on the engine that cannot write. Refused: `Busy` when the database is out of reach."""
        try:
            with self.reading.connect() as connection, _Reading(connection) as session:
                return question(session)
        except (DBAPIError, psycopg.Error) as error:
            raise _as_refusal(error) from error

    def read_at_once(self, question: Callable[[Session], Result]) -> Result:
        """Ask many things of one moment: what is committed meanwhile falls between no two statements."""
        try:
            with self.reading.connect() as connection:
                if self.is_sqlite:
                    connection.exec_driver_sql("BEGIN")
                else:
                    connection.execution_options(isolation_level="REPEATABLE READ")
                with Session(connection) as session:
                    return question(session)
        except (DBAPIError, psycopg.Error) as error:
            raise _as_refusal(error) from error

    def administer(self, work: Callable[[Connection], Result]) -> Result:
        """Migrations and checks of the database itself: one connection, one transaction, no time limit."""
        if self.is_sqlite:
            return self._administer_sqlite(work)
        with self.writing.begin() as connection:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            return work(connection)

    def _administer_sqlite(self, work: Callable[[Connection], Result]) -> Result:
        # SQLite changes a table by making it anew, and other tables refer to it meanwhile. Whether they
        # are looked at can be chosen only before a transaction begins; so they are all looked at, at its end.
        with self.writing.connect() as connection:
            driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
            driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    result = work(connection)
                    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                    if lost:
                        raise RuntimeError(f"a row of {lost[0]} refers to nothing: {lost}")
                    return result
            finally:
                driver.execute("PRAGMA foreign_keys=ON")

    def close(self) -> None:
        """Give every connection back."""
        self.writing.dispose()
        self.reading.dispose()


def add_rows(session: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    """Insert plain rows at once: by COPY on PostgreSQL when there are many, else by one INSERT.

    Each row has every column it needs; all rows have the same keys. Pending ORM objects are
    flushed first, so that what these rows refer to is there.
    """
    if not rows:
        return
    session.flush()
    target = table_of(table)
    connection = session.connection()
    if connection.dialect.name == "postgresql" and len(rows) >= COPY_FROM:
        _copy(connection, target, rows)
    else:
        connection.execute(insert(target), list(rows))


def new_row(model: type[Row], **values: Any) -> Row:
    """A row not yet kept, built as the ORM's loader builds one.

    Table classes validate nothing in their constructor, and it takes twenty times as long: felt when
    a rack of tubes is registered at once. Columns that are not given have their field's default.
    """
    instance, constants, factories = _making(model)
    row: Row = instance()
    held = vars(row)
    held.update(constants)
    for name, factory in factories:
        if name not in values:
            held[name] = factory()
    held.update(values)
    return row


_Making = tuple[Callable[[], Any], dict[str, Any], list[tuple[str, Callable[[], Any]]]]


@cache
def _making(model: type[SQLModel]) -> _Making:
    """What makes a bare row of a table, and the defaults of its fields: values, and what makes one."""
    fields = {name: field for name, field in model.model_fields.items() if not field.is_required()}
    factories = {name: field.default_factory for name, field in fields.items() if field.default_factory}
    constants = {name: field.default for name, field in fields.items() if name not in factories}
    made = cast("dict[str, Callable[[], Any]]", factories)
    return sa_inspect(model).class_manager.new_instance, constants, list(made.items())


def each_of(
    session: Session, items: Sequence[Item], work: Callable[[Item], Result], field: str = "items"
) -> list[Result]:
    """Do the work for each item in turn. Refused: all of it if any is, every fault with its item's number.

    Each item has a savepoint, so that what half of a refused one did makes no fault of the next.
    """
    done: list[Result] = []
    faults: list[Refusal] = []
    for number, item in enumerate(items):
        try:
            with session.begin_nested():
                done.append(work(item))
        except Busy:
            raise
        except Refusal as refusal:
            # What was remembered of the database, such as where chains stand, may be of what is undone.
            session.info.clear()
            faults += _numbered(refusal, f"{field}.{number}")
    if faults:
        raise Refusals("items_refused", N_("Nothing was done. See each item that is refused."), faults)
    return done


def _numbered(refusal: Refusal, item: str) -> list[Refusal]:
    """What an item is refused for, at its number in the list."""
    if isinstance(refusal, Refusals) and refusal.each:
        return [fault for each in refusal.each for fault in _numbered(each, item)]
    refusal.field = f"{item}.{refusal.field}" if refusal.field else item
    return [refusal]


def by_id(session: Session, model: type[Row], ids: Iterable[UUID | None]) -> dict[UUID | None, Any]:
    """The rows of one table that have these ids, by id; None names no row."""
    known = {each for each in ids if each}
    column = table_of(model).c.id
    rows: Iterable[Any] = session.exec(select(model).where(one_of(column, known))) if known else ()
    return {row.id: row for row in rows}


class Sifting(FunctionElement[bool]):
    """A criterion that sifts what others found: on SQLite no index is followed for it.

    SQLite keeps no statistics, so that it takes any equal key for rare: it would walk all tubes of a study
    to find the three that are out, or the twenty whose codes it was told. PostgreSQL knows better.
    """

    inherit_cache = True
    name = "sifting"
    type = Boolean()


@compiles(Sifting)
def _plain(element: Sifting, compiler: SQLCompiler, **told: Any) -> str:
    return f"({compiler.process(element.clauses, **told)})"


@compiles(Sifting, "sqlite")
def _unindexed(element: Sifting, compiler: SQLCompiler, **told: Any) -> str:
    return f"+({compiler.process(element.clauses, **told)})"  # SQLite's own way to say so


class _OneOf(FunctionElement[bool]):
    inherit_cache = True
    name = "one_of"
    type = Boolean()


def one_of(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether a column is one of many values.

    PostgreSQL is told them as one array: the statement is the same however many there are, so that it is
    neither written nor planned anew each time. SQLite has no arrays, and plans a long list in no time.
    """
    listed = list(values)
    array = bindparam(None, listed, type_=ARRAY(column.type))
    return _OneOf(column.in_(listed), column == any_(array))


@compiles(_OneOf)
def _of_list(element: _OneOf, compiler: SQLCompiler, **told: Any) -> str:
    return compiler.process(element.clauses.clauses[0], **told)


@compiles(_OneOf, "postgresql")
def _of_array(element: _OneOf, compiler: SQLCompiler, **told: Any) -> str:
    return compiler.process(element.clauses.clauses[1], **told)


def table_of(model: type[SQLModel]) -> Table:
    """The Core table behind a model."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


def _copy(connection: Connection, target: Table, rows: Sequence[dict[str, Any]]) -> None:
    names = list(rows[0])
    columns = ", ".join(f'"{name}"' for name in names)
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    statement = f'COPY "{target.name}" ({columns}) FROM STDIN'
    bound = [_bound(connection, target.c[name], [row[name] for row in rows]) for name in names]
    with driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for values in zip(*bound, strict=True):
            copy.write_row(values)


def _bound(connection: Connection, column: Column[Any], values: list[Any]) -> list[Any]:
    """The values of one column as the driver takes them."""
    made = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return values if made is None else [made(value) for value in values]


def _engine(url: str, threads: int, *, read_only: bool) -> Engine:
    if url.startswith("sqlite"):
        engine = create_engine(
            url,
            pool_size=threads,
            max_overflow=0,
            hide_parameters=True,  # what was sent must not stand in a log
            connect_args={"check_same_thread": False, "isolation_level": None, "timeout": SQLITE_WAITS},
        )
        _prepare_sqlite(engine, read_only=read_only)
        return engine
    options = "-c lock_timeout=3s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
    # Walks from container to container seem a hundred times dearer to the planner than they are, so that
    # PostgreSQL would compile each for half a second and then run it for one millisecond.
    options += " -c jit=off"
    if not read_only:
        return create_engine(
            url,
            pool_size=threads,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"options": options},
        )
    return create_engine(
        url,
        pool_size=threads,
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        hide_parameters=True,
        connect_args={"options": f"{options} -c default_transaction_read_only=on"},
    )


class _SqliteKey(Uuid[UUID]):
    """A key as SQLite has it, 32 hex digits. The same few are read again and again: each is made once."""

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], UUID | None]:
        return lambda text: None if text is None else _key(text)


@lru_cache(20_000)
def _key(text: str) -> UUID:
    return UUID(int=int(text, 16))


def _prepare_sqlite(engine: Engine, *, read_only: bool) -> None:
    engine.dialect.colspecs = {**engine.dialect.colspecs, Uuid: _SqliteKey}

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA trusted_schema=OFF")
        if read_only:
            connection.execute("PRAGMA query_only=ON")

    if read_only:
        return  # each statement sees what is committed when it runs, as on PostgreSQL's reading engine

    # Deferred transactions that meet while upgrading to write lock each other out; immediate ones queue.
    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _worth_another_try(error: Exception) -> bool:
    state = _sqlstate(error)
    if state is not None:
        return state in _RETRIED
    # A lost race for a UNIQUE key: run again, and the rule that looks first names who has it.
    unique = isinstance(error, IntegrityError) and "UNIQUE" in str(error.orig)
    return unique or (isinstance(error, OperationalError) and "locked" in str(error.orig))


def _as_refusal(error: Exception) -> Exception:
    """What the database said, where it is not our mistake; else the error itself."""
    state = _sqlstate(error) or ""
    if state == "23505" or (isinstance(error, IntegrityError) and "UNIQUE" in str(error.orig)):
        return Conflict("already_taken", N_("Somebody else was faster. Look again, then repeat it."))
    if state.startswith("22") or isinstance(error, psycopg.DataError | DataError):
        return Malformed("unkeepable", N_("This holds a character or a number that cannot be kept."))
    locked = isinstance(error, OperationalError) and (
        "locked" in str(error.orig) or "disk" in str(error.orig)
    )
    lost = isinstance(error, OperationalError) and not state and not isinstance(error.orig, sqlite3.Error)
    if locked or lost or state in _RETRIED or state.startswith(_UNREACHABLE):
        return Busy(
            "database_busy", N_("The database cannot answer just now. Nothing was changed. Try again.")
        )
    return error


def _sqlstate(error: Exception) -> str | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None
