"""A database with many specimens of three events each, poured in as fast as the engine takes rows.

One tube is registered, printed and put away by the real acts; every other is its twin, with ids,
code, slot and chain of its own. The guards are off meanwhile and asserted again after.
"""

from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, insert, text
from sqlmodel import Session, SQLModel, col, select

from biobank import clock, codes, custody, guards
from biobank.codes import CodeKind
from biobank.database import Database, _copy, table_of
from biobank.ledger import entries
from biobank.people import Actor
from biobank.printing.ordering import PrintOrder, print_labels
from biobank.storage import FreezerOrder, make_freezer
from biobank.tables import Container, CustodyEvent, CustodySubject, Placement, Posting, Specimen
from tests.world import MANAGER, World

AT_ONCE = 20_000
BOX_SIDE = 9
SAMPLE = 2_000

Row = dict[str, Any]
POURED: tuple[type[SQLModel], ...] = (CustodySubject, Specimen, CustodyEvent, Posting, Placement)


def fill(database: Database, count: int) -> list[str]:
    """Add so many tubes; the codes of about two thousand of them, from all over."""
    world = World(database)
    template = _template(world)
    boxes = _boxes(world, count // BOX_SIDE**2 + 1)
    sample: list[str] = []
    drawn: set[str] = set()
    database.administer(drop_guards)
    for start in range(0, count, AT_ONCE):
        rows: dict[type[SQLModel], list[Row]] = {table: [] for table in POURED}
        for place in range(start, min(start + AT_ONCE, count)):
            box, slot = boxes[place // BOX_SIDE**2], divmod(place % BOX_SIDE**2, BOX_SIDE)
            _twin(template, rows, new_code(drawn), box, slot)
        database.administer(partial(pour, rows))
        sample += [row["code"] for row in rows[Specimen][:: max(1, count // SAMPLE)]]
    database.administer(guards.assert_guards)
    database.administer(lambda connection: connection.execute(text("ANALYZE")).close())
    return sample


def _template(world: World) -> dict[type[SQLModel], list[Row]]:
    """The rows of one tube that went through the real acts."""
    (code,) = world.tubes(1, "BENCH")
    world.printed(world.act(lambda session, actor: print_labels(session, actor, PrintOrder(codes=[code]))))
    world.put(world.boxes()[0], [code])

    def rows(session: Session, _: Actor) -> dict[type[SQLModel], list[Row]]:
        key = session.exec(select(Specimen.id).where(col(Specimen.code) == code)).one()
        whose = {CustodySubject: "id", Specimen: "id", CustodyEvent: "subject_id"}
        found: dict[type[SQLModel], list[Row]] = {}
        for table in POURED:
            columns = table_of(table).c
            asked = columns[whose.get(table, "specimen_id")] == key
            order = columns.number if table is CustodyEvent else columns.id
            answer = session.execute(table_of(table).select().where(asked).order_by(order))
            found[table] = [dict(row) for row in answer.mappings()]
        return found

    return world.ask(rows)


def new_code(drawn: set[str], kind: CodeKind = CodeKind.SPECIMEN) -> str:
    """A code not drawn before: of a million, two are the same every other time (2^40 bodies)."""
    code = codes.new_code(kind)
    while code in drawn:
        code = codes.new_code(kind)
    drawn.add(code)
    return code


def _twin(
    template: dict[type[SQLModel], list[Row]],
    rows: dict[type[SQLModel], list[Row]],
    code: str,
    box: UUID,
    slot: tuple[int, int],
) -> None:
    key, link = clock.new_key(), bytes(32)
    old, place = template[Specimen][0]["id"], template[Placement][0]
    placed = _place(place["container_id"], place["row"], place["col"]), _place(box, *slot)
    for event in template[CustodyEvent]:
        event_id = clock.new_key()
        entry = (
            event["entry"]
            .replace(str(old).encode(), str(key).encode())
            .replace(str(event["id"]).encode(), str(event_id).encode())
            .replace(event["prev_hash"].hex().encode(), link.hex().encode())
            .replace(*placed)
        )
        leaf = entries.leaf_hash(entry)
        own = {"id": event_id, "subject_id": key, "entry": entry, "prev_hash": link, "leaf_hash": leaf}
        own["container_id"] = event["container_id"] and box
        rows[CustodyEvent].append({**event, **own})
        link = leaf
    rows[CustodySubject].append({**template[CustodySubject][0], "id": key, "hash": link})
    rows[Specimen].append({**template[Specimen][0], "id": key, "code": code})
    held = {"id": clock.new_key(), "specimen_id": key}
    rows[Posting].append({**template[Posting][0], **held})
    where = {"container_id": box, "row": slot[0], "col": slot[1]}
    rows[Placement].append({**template[Placement][0], **held, **where})


def _place(container: UUID, row: int, column: int) -> bytes:
    """A slot as an entry has it."""
    return msgspec.json.encode(custody.slot_place(custody.Place(container, row, column)), order="sorted")


def _boxes(world: World, wanted: int) -> list[UUID]:
    """Enough empty boxes, in freezers made by the real act."""
    while True:
        made = world.ask(_box_ids)[1:]
        if len(made) >= wanted:
            return made
        order = FreezerOrder(site="BJ", name=f"Freezer {len(made)}", shelves=5, racks=20, boxes=50)
        world.act(partial(_another_freezer, order), person=MANAGER)


def _box_ids(session: Session, _: Actor) -> list[UUID]:
    asked = select(Container.id).where(col(Container.name).like("Box %"))
    return list(session.exec(asked.order_by(col(Container.id))))


def _another_freezer(order: FreezerOrder, session: Session, actor: Actor) -> None:
    make_freezer(session, actor, order)


def drop_guards(connection: Connection) -> None:
    """Take the guards of the ledger away: what is poured is written as no act would write it."""
    postgres = connection.dialect.name == "postgresql"
    for name, body in guards.GUARDS[connection.dialect.name].items():
        table = f" ON {body.split(' ON ')[1].split()[0]}" if postgres else ""
        connection.exec_driver_sql(f"DROP TRIGGER {name}{table}")


def pour(rows: dict[type[SQLModel], list[Row]], connection: Connection) -> None:
    """Add plain rows, table by table in the order given."""
    for table, values in rows.items():
        if connection.dialect.name == "postgresql":
            _copy(connection, table_of(table), values)
        else:
            connection.execute(insert(table_of(table)), values)
