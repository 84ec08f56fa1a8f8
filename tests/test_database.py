"""The engines: one writes, one cannot, and what they say is put into our words."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlmodel import Session, col, func, select

from biobank import clock, database
from biobank.database import TRIES, Database, add_rows, one_of
from biobank.errors import Busy, Conflict, Malformed
from biobank.tables import ContainerType, CustodySubject, Level, Site, Specimen
from tests.world import World


def row(serial: int) -> dict[str, Any]:
    return {"id": clock.new_key(), "code": f"S-{serial}", "name": f"Ort „{serial}“", "time_zone": "UTC"}


def sites(world: World) -> int:
    return world.database.read(lambda session: session.exec(select(func.count(col(Site.id)))).one())


def test_the_reading_engine_cannot_write(world: World) -> None:
    def write(session: Session) -> None:
        add_rows(session, Site, [row(1)])

    with pytest.raises(DBAPIError, match=r"read-?only"):
        world.database.read(write)
    world.database.write(write)
    assert sites(world) == 3


def test_an_error_keeps_nothing_and_leaving_keeps_all(world: World) -> None:
    def fail(session: Session) -> None:
        add_rows(session, Site, [row(1)])
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - our own error, a line above
        world.database.write(fail)
    assert sites(world) == 2


def test_many_rows_by_copy_are_the_same_as_few_by_insert(world: World) -> None:
    """COPY needs the same conversions as INSERT: keys, bytes, times, vocabularies, nothing at all."""
    kinds = [
        {
            "id": clock.new_key(),
            "code": f"type-{place}",
            "name": "Tüte\twith a tab, a \\ and a\nline",
            "level": Level.BOX,
            "rows": None,
            "cols": None,
            "row_labels": ContainerType.model_fields["row_labels"].default,
            "col_labels": ContainerType.model_fields["col_labels"].default,
            "numbering": ContainerType.model_fields["numbering"].default,
            "fill": ContainerType.model_fields["fill"].default,
            "holder": None,
        }
        for place in range(database.COPY_FROM + 1)
    ]
    heads = [
        {"id": clock.new_key(), "kind": "record", "number": 0, "hash": bytes(32)}
        for _ in range(database.COPY_FROM)
    ]

    def write(session: Session) -> None:
        add_rows(session, ContainerType, kinds[1:])  # by COPY, on PostgreSQL
        add_rows(session, ContainerType, kinds[:1])  # by INSERT
        add_rows(session, CustodySubject, heads)
        add_rows(session, Site, [])

    world.database.write(write)

    def kept(session: Session) -> list[dict[str, Any]]:
        asked = select(ContainerType).where(col(ContainerType.code).startswith("type-"))
        return [each.model_dump() for each in session.exec(asked.order_by(col(ContainerType.id)))]

    assert world.database.read(kept) == kinds
    lost = world.database.read(
        lambda session: session.exec(
            select(func.count()).where(col(CustodySubject.id).in_([head["id"] for head in heads]))
        ).one()
    )
    assert lost == len(heads)


def test_a_lost_race_for_a_key_is_run_again_and_then_told(world: World) -> None:
    tries: list[int] = []

    def always_taken(session: Session) -> None:
        tries.append(1)
        add_rows(session, Site, [row(1) | {"code": "BJ"}])

    with pytest.raises(Conflict) as refused:
        world.database.write(always_taken)
    assert refused.value.slug == "already_taken"
    assert len(tries) == TRIES


def test_a_race_that_is_lost_once_is_won_the_second_time(world: World) -> None:
    tries: list[int] = []

    def taken_once(session: Session) -> str:
        tries.append(1)
        add_rows(session, Site, [row(1) | {"code": "BJ" if len(tries) == 1 else "BJ-2"}])
        return "kept"

    assert world.database.write(taken_once) == "kept"
    assert len(tries) == 2
    assert sites(world) == 3


def test_another_broken_rule_of_the_database_is_our_mistake_and_not_run_again(world: World) -> None:
    tries: list[int] = []

    def half_a_grid(session: Session) -> None:
        tries.append(1)
        session.connection().execute(text("UPDATE container_type SET rows = 3, cols = NULL"))

    with pytest.raises(IntegrityError):
        world.database.write(half_a_grid)
    assert len(tries) == 1


def test_a_database_that_is_locked_for_long_is_busy(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SQLITE_WAITS", 0.01)
    impatient = Database(str(sqlite_world.database.writing.url))

    def while_another_writes(session: Session) -> None:
        session.connection()  # only now the lock is held
        with pytest.raises(Busy) as refused:
            impatient.write(lambda session: session.connection())
        assert refused.value.slug == "database_busy"

    sqlite_world.database.write(while_another_writes)
    impatient.write(lambda session: session.connection())
    impatient.close()


@pytest.mark.parametrize(
    ("state", "again", "told"),
    [
        (psycopg.errors.SerializationFailure, True, Busy),
        (psycopg.errors.DeadlockDetected, True, Busy),
        (psycopg.errors.LockNotAvailable, True, Busy),
        (psycopg.errors.UniqueViolation, True, Conflict),
        (psycopg.errors.AdminShutdown, False, Busy),
        (psycopg.errors.TooManyConnections, False, Busy),
        (psycopg.errors.StringDataRightTruncation, False, Malformed),
        (psycopg.errors.CheckViolation, False, psycopg.errors.CheckViolation),
    ],
)
def test_what_postgresql_says_is_run_again_or_told_in_our_words(
    state: type[psycopg.Error], *, again: bool, told: type[Exception]
) -> None:
    assert database._worth_another_try(state()) is again
    assert isinstance(database._as_refusal(state()), told)


def test_a_text_that_no_database_keeps_is_refused_not_broken(world: World) -> None:
    def ask(session: Session) -> Any:
        return session.exec(select(Site).where(col(Site.code) == "B\x00J")).first()

    if world.database.is_sqlite:
        assert world.database.read(ask) is None
    else:
        with pytest.raises(Malformed) as refused:
            world.database.read(ask)
        assert refused.value.slug == "unkeepable"
    wrapped = DataError("SELECT", None, Exception("too wide"))
    assert isinstance(database._as_refusal(wrapped), Malformed)


def test_a_database_out_of_reach_is_busy_not_broken() -> None:
    nowhere = Database("postgresql+psycopg://nobody@localhost:1/none?connect_timeout=1")
    questions: list[Callable[[], Any]] = [
        lambda: nowhere.read(lambda session: session.connection()),
        lambda: nowhere.write(lambda session: session.connection()),
    ]
    for question in questions:
        with pytest.raises(Busy):
            question()
    nowhere.close()


@pytest.mark.parametrize(("way", "seen"), [("read_at_once", [0, 0]), ("read", [0, 1])])
def test_what_is_asked_at_once_is_of_one_moment(world: World, way: str, seen: list[int]) -> None:
    """The second row is the control: asked a statement at a time, the change in between is seen."""
    visit = world.visit()

    def counted(session: Session) -> list[int]:
        before = len(session.exec(select(Specimen.id)).all())
        world.blood(visit)
        return [before, len(session.exec(select(Specimen.id)).all())]

    assert getattr(world.database, way)(counted) == seen
    assert world.database.read(counted)[0] == 1


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_one_of_many_values_finds_just_those(world: World, count: int) -> None:
    rows = [row(serial) for serial in range(60)]
    world.database.write(lambda session: add_rows(session, Site, rows))
    wanted = rows[5 : 5 + count]
    for column, name in ((col(Site.id), "id"), (col(Site.code), "code")):
        asked = select(Site.id).where(one_of(column, (each[name] for each in wanted)))
        with Session(world.database.reading) as session:
            assert sorted(session.exec(asked)) == sorted(each["id"] for each in wanted)


def test_to_postgresql_a_statement_reads_the_same_however_many_values_are_told() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    few, many = (
        str(select(Site.id).where(one_of(col(Site.code), codes)).compile(dialect=dialect))
        for codes in (["a"], [str(number) for number in range(500)])
    )
    assert few == many
    assert "ANY" in few
