"""Counting a box of an audit: one scan, and the verdict on all of it, in a small and in a large biobank."""

import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from statistics import median
from uuid import UUID

from sqlalchemy import func
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from bench.filling import BOX_SIDE, fill
from biobank import audits
from biobank.audits import AuditChosen, AuditOrder, BoxCount, Counted, SlotTold
from biobank.database import Database
from biobank.storage import Grid, Slot, slot_name
from biobank.tables import Container, ContainerType, Placement, Specimen
from tests import world as worlds
from tests.databases import PostgresServer
from tests.world import MANAGER, World

SIZES = (10_000, 1_000_000)
TURNS = 5
A_TURN = 8
BOXES = 50
"""In a rack that `fill` makes: forty of them have a verdict each, of the others tubes are scanned."""

Row = tuple[str, float, float, float, str]


def rows() -> list[Row]:
    """Operation, ours, floor, ratio, target."""
    with PostgresServer(durable=True) as server:
        asked = []
        for size in SIZES:
            name = f"auditing_{size}"
            server.create(name)
            database = Database(server.url(name))
            worlds.build(database)
            fill(database, size)
            asked.append(_Rack(database))
        found = [measured(asked, _Rack.scan), measured(asked, _Rack.verdict)]
        for rack in asked:
            rack.world.database.close()
    named = f"{SIZES[1]:,} against {SIZES[0]:,}, p50 ms"
    what = ("a scan of an audit", f"verdict on a counted box of {BOX_SIDE**2}")
    return [
        (f"{name}, {named}", large, small, large / small, "<= 1.3")
        for name, (small, large) in zip(what, found, strict=True)
    ]


class _Rack:
    """A rack of full boxes in one of the biobanks, of which an audit has begun."""

    def __init__(self, database: Database) -> None:
        self.world = World(database)
        rack, self.boxes = database.read(_rack)
        order = AuditOrder(name="Bench", container=rack, due=date(2100, 1, 1))
        planned = self.world.act(lambda s, a: audits.plan(s, a, order), person=MANAGER)
        self.audit: UUID = planned.id
        self.world.act(lambda s, a: audits.start(s, a, AuditChosen(audit=self.audit)), person=MANAGER)
        self.tubes = database.read(partial(_tubes, boxes=self.boxes))

    def scan(self, number: int) -> float:
        """The milliseconds of one scan, of other boxes than those that are judged."""
        box = self.boxes[-1 - number % 5]
        return self._count(box, self.tubes[box][number : number + 1])

    def verdict(self, number: int) -> float:
        """The milliseconds of the verdict on a box whose tubes were all scanned before."""
        box = self.boxes[number]
        self._count(box, self.tubes[box])
        return self._count(box, [], done=True)

    def _count(self, box: str, scans: Sequence[SlotTold], *, done: bool = False) -> float:
        order = Counted(audit=self.audit, box=box, scans=list(scans), done=done)
        start = time.perf_counter()
        told: BoxCount = self.world.act(lambda s, a: audits.count(s, a, order), answer=BoxCount)
        took = (time.perf_counter() - start) * 1000
        if done and told.results != {"found": BOX_SIDE**2}:
            raise RuntimeError(f"not every tube was found: {told.results}")
        return took


def measured(racks: Sequence[_Rack], act: Callable[[_Rack, int], float]) -> list[float]:
    """The median of each in the least disturbed of some turns, all in turns: others disturb them alike."""
    turns: list[list[float]] = []
    for turn in range(TURNS):
        numbers = range(turn * A_TURN, (turn + 1) * A_TURN)
        taken = [[act(rack, number) for rack in racks] for number in numbers]
        turns.append([median(column) for column in zip(*taken, strict=True)])
    return [min(column) for column in zip(*turns, strict=True)]


def _rack(session: Session) -> tuple[str, list[str]]:
    """The first rack that was filled, and its boxes."""
    racks = (
        select(Placement.container_id)
        .where(col(Placement.child_id).is_not(None))
        .group_by(col(Placement.container_id))
        .having(func.count() == BOXES)
    )
    rack = session.exec(racks.order_by(col(Placement.container_id)).limit(1)).one()
    boxes = (
        select(Container.code)
        .join(Placement, col(Placement.child_id) == col(Container.id))
        .where(col(Placement.container_id) == rack)
        .order_by(col(Placement.row), col(Placement.col))
    )
    return session.get_one(Container, rack).code, list(session.exec(boxes))


def _tubes(session: Session, boxes: Sequence[str]) -> dict[str, list[SlotTold]]:
    """Scans of every tube of these boxes, by the code of the box."""
    asked = (
        core_select(
            col(Container.code), ContainerType, col(Specimen.code), col(Placement.row), col(Placement.col)
        )
        .join(ContainerType, col(ContainerType.id) == col(Container.type_id))
        .join(Placement, col(Placement.container_id) == col(Container.id))
        .join(Specimen, col(Specimen.id) == col(Placement.specimen_id))
        .where(col(Container.code).in_(boxes))
    )
    found: dict[str, list[SlotTold]] = {box: [] for box in boxes}
    for box, kind, tube, row, column in session.execute(asked):
        found[box].append(SlotTold(slot=slot_name(Grid.of(kind), Slot(row, column)), code=tube))
    return found
