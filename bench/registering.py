"""Registering tubes in one request: against a constant answer and a bare COPY of the same rows."""

import json
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

import psycopg
from sqlmodel import Session, SQLModel, col, select

from bench.load import get, latency, post
from bench.serving import serving
from biobank import accounts, clock, codes, migrations
from biobank.codes import CodeKind
from biobank.database import Database, table_of
from biobank.ledger import entries
from biobank.people import Actor
from biobank.tables import Command, CustodyEvent, CustodySubject, Posting, Specimen
from tests import world as worlds
from tests.databases import PostgresServer
from tests.world import World

SIZES = ((20, "<= 8"), (96, "<= 4"))
TURNS = 60
WARM = 10
COPIED: tuple[type[SQLModel], ...] = (Command, CustodySubject, Specimen, CustodyEvent, Posting)

Result = tuple[str, float, float, float, str]
Rows = dict[type[SQLModel], list[dict[str, Any]]]


def rows() -> list[Result]:
    """Operation, ours, floor (milliseconds), ratio, target."""
    found: list[Result] = []
    with PostgresServer(durable=True) as server:
        server.create("registering")
        url = server.url("registering")
        for count, target in SIZES:
            ours, constant, world = _ours(url, count)
            with closing(psycopg.connect(url.replace("+psycopg", ""))) as raw:
                floor = constant + _copied(raw, world.ask(_newest), TURNS)
            world.database.close()
            found.append((f"register {count} tubes, PostgreSQL, ms", ours, floor, ours / floor, target))
    with tempfile.TemporaryDirectory() as folder:
        for count, _ in SIZES:
            ours, constant, world = _ours(f"sqlite:///{Path(folder) / 'bench.db'}", count)
            world.database.close()
            name = f"register {count} tubes, SQLite, ms (floor: constant answer)"
            found.append((name, ours, constant, ours / constant, "reported"))
    return found


def _ours(url: str, count: int) -> tuple[float, float, World]:
    database = Database(url)
    if not _built(database):
        worlds.build(database)
    world = World(database)
    visit = world.visit(f"REG-{count}")
    token = clock.new_secret()
    order = accounts.TokenOrder(name="bench")
    world.act(lambda session, actor: accounts.make_token(session, actor, order, token))
    tube = {"material": "blood_edta", "amount": "10 mL"}
    body = json.dumps({"visit": visit, "specimens": [tube] * count}).encode()
    asked = [post("/api/v1/specimens", body, token, clock.new_key()) for _ in range(TURNS)]
    with serving(url) as port:
        constant = latency(port, [get("/healthz")] * 500)
        return latency(port, asked, WARM), constant, world


def _built(database: Database) -> bool:
    return migrations.standing(database) is not None


def _newest(session: Session, _: Actor) -> Rows:
    """The rows that the newest registration wrote, by table."""
    command = select(CustodyEvent.command_id).where(col(CustodyEvent.kind) == "registered")
    newest = session.exec(command.order_by(col(CustodyEvent.id).desc())).first()
    events = table_of(CustodyEvent).c
    mine = select(CustodyEvent.subject_id).where(events.command_id == newest, events.kind == "registered")
    where: dict[type[SQLModel], Any] = {
        Command: table_of(Command).c.id == newest,
        CustodySubject: table_of(CustodySubject).c.id.in_(mine),
        Specimen: table_of(Specimen).c.id.in_(mine),
        CustodyEvent: events.subject_id.in_(mine),
        Posting: table_of(Posting).c.specimen_id.in_(mine),
    }
    return {
        table: [dict(row) for row in session.execute(table_of(table).select().where(asked)).mappings()]
        for table, asked in where.items()
    }


def _copied(raw: "psycopg.Connection[Any]", template: Rows, turns: int) -> float:
    """The median milliseconds of one transaction that copies such rows, made ready before."""
    taken = []
    for prepared in [_prepared(_twins(template)) for _ in range(turns)]:
        start = perf_counter()
        with raw.cursor() as cursor:
            for statement, content in prepared:
                with cursor.copy(statement.encode()) as copy:
                    copy.write(content)
        raw.commit()
        taken.append(perf_counter() - start)
    return median(taken[WARM:]) * 1000


def _twins(template: Rows) -> Rows:
    """The same rows with ids, codes and hashes of their own, so that they may stand beside them."""
    keys: dict[UUID, UUID] = {}

    def other(key: UUID) -> UUID:
        return keys.setdefault(key, clock.new_key())

    made: Rows = {Command: [{**template[Command][0], "id": other(template[Command][0]["id"])}]}
    made[CustodySubject] = [
        {**row, "id": other(row["id"]), "number": 0, "hash": bytes(32)} for row in template[CustodySubject]
    ]
    made[Specimen] = [
        {**row, "id": other(row["id"]), "code": codes.new_code(CodeKind.SPECIMEN)}
        for row in template[Specimen]
    ]
    made[CustodyEvent] = []
    for row in template[CustodyEvent]:
        subject, event = other(row["subject_id"]), other(row["id"])
        entry = row["entry"].replace(str(row["subject_id"]).encode(), str(subject).encode())
        entry = entry.replace(str(row["id"]).encode(), str(event).encode())
        own = {"id": event, "subject_id": subject, "entry": entry, "leaf_hash": entries.leaf_hash(entry)}
        made[CustodyEvent].append({**row, **own, "command_id": other(row["command_id"])})
    made[Posting] = [
        {**row, "id": clock.new_key(), "specimen_id": other(row["specimen_id"])} for row in template[Posting]
    ]
    return made


def _prepared(made: Rows) -> list[tuple[str, bytes]]:
    """Each table's COPY statement with its rows as the text the server reads."""
    prepared = []
    for table in COPIED:
        columns = ", ".join(f'"{name}"' for name in made[table][0])
        statement = f'COPY "{table_of(table).name}" ({columns}) FROM STDIN'
        prepared.append((statement, b"".join(_line(list(row.values())) for row in made[table])))
    return prepared


def _line(values: Sequence[Any]) -> bytes:
    return b"\t".join(_written(value) for value in values) + b"\n"


def _written(value: Any) -> bytes:
    if value is None:
        return b"\\N"
    if isinstance(value, bytes):
        return b"\\\\x" + value.hex().encode()
    if isinstance(value, datetime):
        return value.isoformat().encode()
    return str(value).encode()
