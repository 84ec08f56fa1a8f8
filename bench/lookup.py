"""The scan look-up, signed in: against a constant answer, the bare queries and the bare session query."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from sqlalchemy.dialects import postgresql, sqlite

from bench.filling import fill
from bench.load import get, latency, throughput
from bench.serving import serving
from biobank import clock, people
from biobank.database import Database
from biobank.specimens import statements
from tests import world as worlds
from tests.databases import PostgresServer

SIZES = (10_000, 1_000_000)
SQLITE_SIZE = 100_000
SECONDS = 5.0
TURNS = 5
A_TURN = 400
MANY = 16
COOKIE = f"biobank={worlds.SECRETS[worlds.TECHNICIAN]}"

Row = tuple[str, float, float, float, str]
Ask = Callable[[str, dict[str, Any]], Any]


def rows() -> list[Row]:
    """Operation, ours, floor, ratio, target."""
    found: list[Row] = []
    with PostgresServer(durable=True) as server:
        halves: list[float] = []
        for size in SIZES:
            name = f"lookup_{size}"
            server.create(name)
            url = server.url(name)
            database, sample = _filled(url, size)
            database.close()
            with closing(psycopg.connect(url.replace("+psycopg", ""), autocommit=True)) as raw:
                found += _measure(f"PostgreSQL, {size:,}", url, sample, _postgres(raw))
            halves.append(found[-2][1])
            server.drop(name)
        found.append(
            ("c1 p50 at 1,000,000 against 10,000", halves[1], halves[0], halves[1] / halves[0], "<= 1.3")
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        database, sample = _filled(f"sqlite:///{path}", SQLITE_SIZE)
        database.close()
        with closing(sqlite3.connect(path)) as raw_file:
            found += _measure(f"SQLite, {SQLITE_SIZE:,}", f"sqlite:///{path}", sample, _sqlite(raw_file))
    return found


def _filled(url: str, size: int) -> tuple[Database, list[str]]:
    database = Database(url)
    worlds.build(database)
    return database, fill(database, size)


def _measure(name: str, url: str, sample: Sequence[str], ask: Ask) -> list[Row]:
    """Ours and each part of the floor in turns; of each the least disturbed turn counts."""
    constants, bares, turns = [], [], []
    with serving(url) as port:
        asked = [get(f"/api/v1/find?code={code}", COOKIE) for code in sample]
        for turn in range(TURNS):
            codes = sample[turn * A_TURN : (turn + 1) * A_TURN]
            constants.append(latency(port, [get("/healthz")] * A_TURN))
            bares.append(_bare(codes, ask))
            turns.append(latency(port, asked[turn * A_TURN : (turn + 1) * A_TURN]))
        floor_rate = throughput(port, lambda _: get("/healthz"), MANY, SECONDS)
        rate = throughput(port, lambda place: asked[place % len(asked)], MANY, SECONDS)
    ours, floor = min(turns), min(constants) + min(bares)
    return [
        (f"scan look-up, {name}, c1 p50 ms", ours, floor, ours / floor, "<= 4"),
        (f"scan look-up, {name}, c{MANY} a second", rate, floor_rate, rate / floor_rate, ">= 0.10"),
    ]


def _bare(sample: Sequence[str], ask: Ask) -> float:
    """The median milliseconds of the same statements, the session's one included, by the driver alone."""
    taken = []
    secret = people.hashed(worlds.SECRETS[worlds.TECHNICIAN])
    for each in sample:
        code = {"code": each}
        start = time.perf_counter()
        ask("who", {"secret": secret, "now": clock.now()})
        ask("card", code)
        ask("newest", code)
        taken.append(time.perf_counter() - start)
    return median(taken[50:]) * 1000


def _postgres(raw: psycopg.Connection[Any]) -> Ask:
    written = {name: str(each.compile(dialect=_POSTGRES)) for name, each in STATEMENTS.items()}

    def ask(name: str, values: dict[str, Any]) -> Any:
        return raw.execute(written[name].encode(), {**FIXED, **values}).fetchall()

    return ask


def _sqlite(raw: sqlite3.Connection) -> Ask:
    compiled = {name: each.compile(dialect=sqlite.dialect()) for name, each in STATEMENTS.items()}

    def ask(name: str, values: dict[str, Any]) -> Any:
        each = compiled[name]
        known = {**each.params, **values}
        if "now" in known:
            known["now"] = known["now"].replace(tzinfo=None).isoformat(" ")
        return raw.execute(str(each), [known[place] for place in each.positiontup or ()]).fetchall()

    return ask


_POSTGRES: Any = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
STATEMENTS: dict[str, Any] = {
    "who": people.BY_SESSION,
    "card": statements.CARD,
    "newest": statements.NEWEST,
}
FIXED = {
    name: value
    for each in STATEMENTS.values()
    for name, value in each.compile(dialect=sqlite.dialect()).params.items()
    if value is not None
}
