"""Taking in a file of 100,000 collections: against a bare COPY of every row that it wrote."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from time import perf_counter
from typing import Any

import psycopg
from sqlmodel import Session, SQLModel

from biobank import clock, studies
from biobank.database import Database
from biobank.exchange import collections, csv_files, planning
from biobank.people import Actor
from tests import world as worlds
from tests.databases import PostgresServer
from tests.world import MANAGER, World

PEOPLE, EVENTS = 2_000, 50
PROTOCOL = b"""
[study]
code = "FILE"
title = "A study that comes as a file"

[[collections.stool]]
material = "stool"
amount = "2 g"

[import]
participant = "person"
collection = "collection"
identifier = "tube"
identifier_scheme = "outside"
event = "week"
event_prefix = "W"
unscheduled = "UNS"
site = "site"
time_zone = "Asia/Shanghai"
collects = "stool"
""" + b"".join(
    b'[[events]]\ncode = "W%d"\ntitle = "Week %d"\nday = %d\ncollects = ["stool"]\n' % (week, week, 7 * week)
    for week in range(EVENTS)
)

HEADS = "custody_subject"
_NO_HASH = f"'\\x{'00' * 32}'::bytea"

Row = tuple[str, float, float, float, str]


def rows() -> Sequence[Row]:
    """Operation, ours, floor (seconds), ratio, target; reading and sorting the file is told apart."""
    data = b"person,collection,tube,week,site\r\n" + b"".join(_lines())
    part = PEOPLE * EVENTS
    with PostgresServer(durable=True) as server:
        server.create("importing")
        url = server.url("importing")
        database = Database(url)
        worlds.build(database)
        world = World(database)
        world.act(lambda session, actor: studies.load(session, actor, PROTOCOL), person=MANAGER)
        database.close()
        server.create_from_template("floor", "importing")
        parsing = _timed(lambda: _read(data))
        began = clock.new_key()
        writing = _timed(lambda: world.act(lambda s, a: _take_in(s, a, data), person=MANAGER)) - parsing
        database.close()
        with closing(_connect(url)) as full, closing(_connect(server.url("floor"))) as bare:
            floor = _copied(full, bare, str(began))
    name = f"import {part:,} collections, PostgreSQL, s, reading the file apart"
    return [
        (name, writing, floor, writing / floor, "<= 2"),
        (f"read and sort a file of {part:,} collections, s", parsing, floor, parsing / floor, ""),
    ]


def _lines() -> Iterator[bytes]:
    for person in range(PEOPLE):
        for week in range(EVENTS):
            name = b"P%04d" % person
            yield b"%s,%s-%d,T%07d,%d,BJ\r\n" % (name, name, week, person * EVENTS + week, week)


def _read(data: bytes) -> None:
    protocol = studies.read_protocol(PROTOCOL)
    assert protocol.import_ is not None
    found = csv_files.read_rows(data, planning.needed_columns(protocol.import_))
    planning.make_plan(protocol, protocol.import_, [], found)


def _take_in(session: Session, actor: Actor, data: bytes) -> None:
    collections.take_in(session, actor, PROTOCOL, data)


def _copied(full: "psycopg.Connection[Any]", bare: "psycopg.Connection[Any]", began: str) -> float:
    """Seconds of one transaction that copies all that was written since, made ready before."""
    prepared: list[tuple[bytes, bytes]] = []
    for table in SQLModel.metadata.sorted_tables:
        if "id" in table.c:
            columns = ", ".join(f'"{column.name}"' for column in table.c)
            # A head begins at nothing: the guards let only its events move it.
            read = (
                columns.replace('"number"', "0").replace('"hash"', _NO_HASH)
                if table.name == HEADS
                else columns
            )
            newer = f"SELECT {read} FROM \"{table.name}\" WHERE id > '{began}'"
            with full.cursor() as cursor, cursor.copy(f"COPY ({newer}) TO STDOUT".encode()) as copy:
                content = b"".join(bytes(block) for block in copy)
            if content:
                prepared.append((f'COPY "{table.name}" ({columns}) FROM STDIN'.encode(), content))
    start = perf_counter()
    with bare.cursor() as cursor:
        for statement, content in prepared:
            with cursor.copy(statement) as copy:
                copy.write(content)
    bare.commit()
    return perf_counter() - start


def _connect(url: str) -> "psycopg.Connection[Any]":
    return psycopg.connect(url.replace("+psycopg", ""))


def _timed(work: Any) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
