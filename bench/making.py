"""Making a whole freezer, 531 containers with their events: against a bare insert of the same rows."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlmodel import Session, SQLModel, col, select

from bench.filling import pour
from biobank import clock, codes
from biobank.codes import CodeKind
from biobank.database import Database, table_of
from biobank.ledger import entries
from biobank.people import Actor
from biobank.storage import FreezerMade, FreezerOrder, make_freezer
from biobank.tables import Command, Container, CustodyEvent, CustodySubject, Placement
from tests import world as worlds
from tests.databases import PostgresServer
from tests.world import MANAGER, World

TURNS = 12
WARM = 2
ORDER = FreezerOrder(site="BJ", name="Freezer", shelves=5, racks=5, boxes=20)
POURED: tuple[type[SQLModel], ...] = (Command, CustodySubject, Container, CustodyEvent, Placement)

Row = tuple[str, float, float, float, str]
Rows = dict[type[SQLModel], list[dict[str, Any]]]


def rows() -> Sequence[Row]:
    """Operation, ours, floor (milliseconds), ratio, target."""
    found: list[Row] = []
    with PostgresServer(durable=True) as server:
        server.create("making")
        found.append(_measured("PostgreSQL", server.url("making"), "<= 4"))
    with tempfile.TemporaryDirectory() as folder:
        found.append(_measured("SQLite", f"sqlite:///{Path(folder) / 'bench.db'}", "<= 4"))
    return found


def _measured(engine: str, url: str, target: str) -> Row:
    database = Database(url)
    worlds.build(database)
    world = World(database)
    make = partial(world.act, _make, person=MANAGER, answer=FreezerMade)
    make()
    template = world.ask(_newest)
    taken: list[tuple[float, float]] = []
    # One after the other, so that whatever else the machine does falls on both.
    for _ in range(TURNS):
        twins = _twins(template)
        taken.append((_timed(make), _timed(partial(database.administer, partial(pour, twins)))))
    ours, floor = (median(column) for column in zip(*taken[WARM:], strict=True))
    database.close()
    return f"make a freezer of 531 containers, {engine}, ms", ours, floor, ours / floor, target


def _make(session: Session, actor: Actor) -> FreezerMade:
    return make_freezer(session, actor, ORDER)


def _timed(act: Callable[[], object]) -> float:
    """Milliseconds."""
    start = perf_counter()
    act()
    return (perf_counter() - start) * 1000


def _newest(session: Session, _: Actor) -> Rows:
    """The rows that the newest freezer wrote, by table."""
    newest = select(CustodyEvent.command_id).order_by(col(CustodyEvent.id).desc()).limit(1)
    command = session.exec(newest).one()
    mine = select(CustodyEvent.subject_id).where(col(CustodyEvent.command_id) == command)
    where: dict[type[SQLModel], Any] = {
        Command: table_of(Command).c.id == command,
        CustodySubject: table_of(CustodySubject).c.id.in_(mine),
        Container: table_of(Container).c.id.in_(mine),
        CustodyEvent: table_of(CustodyEvent).c.command_id == command,
        Placement: table_of(Placement).c.child_id.in_(mine),
    }
    return {
        table: [dict(row) for row in session.execute(table_of(table).select().where(asked)).mappings()]
        for table, asked in where.items()
    }


def _twins(template: Rows) -> Rows:
    """The same rows with ids, codes and hashes of their own, so that they may stand beside them."""
    keys: dict[UUID, UUID] = {}

    def other(key: UUID | None) -> UUID | None:
        return keys.setdefault(key, clock.new_key()) if key else None

    made: Rows = {Command: [{**row, "id": other(row["id"])} for row in template[Command]]}
    made[CustodySubject] = [
        {**row, "id": other(row["id"]), "number": 0, "hash": bytes(32)} for row in template[CustodySubject]
    ]
    made[Container] = [
        {**row, "id": other(row["id"]), "code": codes.new_code(CodeKind.CONTAINER)}
        for row in template[Container]
    ]
    made[CustodyEvent] = []
    for row in template[CustodyEvent]:
        entry = row["entry"]
        for key in (row["id"], row["subject_id"], row["command_id"], row["container_id"]):
            entry = entry.replace(str(key).encode(), str(other(key)).encode()) if key else entry
        own = {name: other(row[name]) for name in ("id", "subject_id", "command_id", "container_id")}
        made[CustodyEvent].append({**row, **own, "entry": entry, "leaf_hash": entries.leaf_hash(entry)})
    made[Placement] = [
        {**row, **{name: other(row[name]) for name in ("id", "container_id", "child_id")}}
        for row in template[Placement]
    ]
    return made
