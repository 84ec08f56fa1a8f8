"""Planning to empty a full freezer, 40,500 tubes: against counting them and a bare insert of the plan."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, SQLModel, col, select

from bench.filling import Row as Poured
from bench.filling import fill, pour
from biobank import clock, evacuations
from biobank.database import Database
from biobank.evacuations import Chosen, EvacuationOrder
from biobank.people import Actor
from biobank.storage import ContainerOrder, FreezerOrder, TypeOrder, add_type, make_container, make_freezer
from biobank.tables import (
    Evacuation,
    EvacuationStep,
    Keep,
    KeepKind,
    Level,
    Person,
    Placement,
    Specimen,
)
from tests import world as worlds
from tests.databases import PostgresServer
from tests.world import MANAGER, World

SHELVES, RACKS, BOXES, SLOTS = 5, 5, 20, 81
TURNS = 7
WARM = 1
TARGET = "<= 4"

Row = tuple[str, float, float, float, str]


def rows() -> Sequence[Row]:
    """Operation, ours, floor (milliseconds), ratio, target."""
    found: list[Row] = []
    with PostgresServer(durable=True) as server:
        server.create("evacuating")
        found += _measured("PostgreSQL", server.url("evacuating"))
    with tempfile.TemporaryDirectory() as folder:
        found += _measured("SQLite", f"sqlite:///{Path(folder) / 'bench.db'}")
    return found


def _measured(engine: str, url: str) -> list[Row]:
    """First with room for whole racks, then with room for boxes alone."""
    database = Database(url)
    worlds.build(database)
    world = World(database)
    full = world.act(_full, person=MANAGER)
    # The world's own freezer has two boxes that are filled before ours.
    fill(database, (2 + SHELVES * RACKS * BOXES) * SLOTS)
    shelves = world.act(_empty_shelves, person=MANAGER)
    found = [_row("racks", engine, world, full, SHELVES * RACKS)]
    world.act(partial(_add_racks, shelves), person=MANAGER)
    found.append(_row("boxes", engine, world, full, SHELVES * RACKS * BOXES))
    database.close()
    return found


def _row(what: str, engine: str, world: World, full: str, steps: int) -> Row:
    taken: list[tuple[float, float]] = []
    for _ in range(TURNS):
        start = perf_counter()
        key = world.act(partial(_plan, full), person=MANAGER)
        ours = (perf_counter() - start) * 1000
        board = world.ask(lambda s, a, key=key: evacuations.board(s, a, key), MANAGER)  # type: ignore[misc]
        if (len(board.steps), board.count("waiting"), board.tubes) != (steps, steps, 40_500):
            raise AssertionError("the plan is not whole")
        world.act(partial(_close, key), person=MANAGER)
        again = world.ask(partial(_as_rows, key), MANAGER)
        taken.append((ours, _timed(partial(_bare, world.database, again))))
        world.act(partial(_forget, again[Keep]), person=MANAGER)
    mine, floor = (median(column) for column in zip(*taken[WARM:], strict=True))
    return f"plan for 40,500 tubes, {steps} {what}, {engine}, ms", mine, floor, mine / floor, TARGET


def _timed(act: Callable[[], object]) -> float:
    start = perf_counter()
    act()
    return (perf_counter() - start) * 1000


# --- ours ---


def _plan(code: str, session: Session, actor: Actor) -> UUID:
    return evacuations.plan(session, actor, EvacuationOrder(container=code)).id


def _close(key: UUID, session: Session, actor: Actor) -> None:
    evacuations.close(session, actor, Chosen(evacuation=key))


# --- the floor ---


def _bare(database: Database, plan: dict[type[SQLModel], list[Poured]]) -> None:
    """What no plan can do without: look at every box, and write the plan down."""
    database.read(_count)
    database.administer(partial(pour, plan))


def _count(session: Session) -> None:
    asked = select(Placement.container_id, Specimen.study_id, Specimen.material, func.count())
    asked = asked.join(Specimen, col(Specimen.id) == col(Placement.specimen_id))
    counted = asked.group_by(col(Placement.container_id), col(Specimen.study_id), col(Specimen.material))
    session.exec(counted).all()


def _as_rows(key: UUID, session: Session, _: Actor) -> dict[type[SQLModel], list[Poured]]:
    """The same plan once more, as plain rows."""
    begun = session.get_one(Evacuation, key)
    again = {**begun.model_dump(), "id": clock.new_key()}
    steps = session.exec(select(EvacuationStep).where(col(EvacuationStep.evacuation_id) == key)).all()
    owner = session.exec(select(Person.id)).first()
    rows: dict[type[SQLModel], list[Poured]] = {
        Evacuation: [again],
        EvacuationStep: [],
        Keep: [],
        Placement: [],
    }
    for step in steps:
        keep = clock.new_key()
        told = {"id": clock.new_key(), "evacuation_id": again["id"]}
        rows[EvacuationStep].append({**step.model_dump(), **told})
        rows[Keep].append(
            {
                "id": keep,
                "kind": KeepKind.RESERVED,
                "owner_id": owner,
                "specimen_id": None,
                "ends_at": clock.now(),
                "reserved_for_id": step.container_id,
                "plan_id": again["id"],
            }
        )
        slot = {"container_id": step.to_id, "row": step.to_row, "col": step.to_col}
        nobody = {"specimen_id": None, "child_id": None}
        rows[Placement].append({"id": clock.new_key(), **slot, **nobody, "keep_id": keep})
    return rows


def _forget(keeps: Sequence[Poured], session: Session, _: Actor) -> None:
    ids = [keep["id"] for keep in keeps]
    for table, column in ((Placement, Placement.keep_id), (Keep, Keep.id)):
        for row in session.exec(select(table).where(col(column).in_(ids))):
            session.delete(row)
        session.flush()


# --- the freezers ---


def _full(session: Session, actor: Actor) -> str:
    order = FreezerOrder(site="BJ", name="Full", shelves=SHELVES, racks=RACKS, boxes=BOXES)
    return make_freezer(session, actor, order).code


def _empty_shelves(session: Session, actor: Actor) -> list[str]:
    """A freezer as large, with room for racks on its shelves."""
    for level, count in ((Level.FREEZER, SHELVES), (Level.SHELF, RACKS)):
        kind = TypeOrder(code=f"bench-{level.value}", name="Bench", level=level, rows=count, cols=1)
        add_type(session, actor, kind)
    root = ContainerOrder(type="bench-freezer", name="Empty", site="BJ", celsius=-80)
    outer = make_container(session, actor, root).code
    shelf = ContainerOrder(type="bench-shelf", name="Shelf", into=outer)
    return [make_container(session, actor, shelf).code for _ in range(SHELVES)]


def _add_racks(shelves: Sequence[str], session: Session, actor: Actor) -> None:
    for shelf in shelves:
        order = ContainerOrder(type="rack-20", name="Empty rack", into=shelf)
        for _ in range(RACKS):
            make_container(session, actor, order)
