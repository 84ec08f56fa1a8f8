"""The verdict on a whole rack: 96 tubes held against a small and against a large biobank."""

import time
from functools import partial
from statistics import median

from sqlalchemy import Connection, text
from sqlmodel import Session

from bench.filling import fill
from biobank import racks, storage
from biobank.database import Database
from biobank.people import Actor
from tests import world as worlds
from tests.databases import PostgresServer
from tests.world import MANAGER, World

SIZES = (10_000, 1_000_000)
WELLS = 96
TURNS = 5
A_TURN = 20
APART = 17
"""Of the sample: 85 tubes apart among 10,000, which is more than a box holds, and still 96 of them."""
MARK = "M"
"""Before our code, what stands on the bottom of a tube here: each has one, and is looked up by it."""

Row = tuple[str, float, float, float, str]


def rows() -> list[Row]:
    """Operation, ours, floor, ratio, target."""
    halves: list[float] = []
    with PostgresServer(durable=True) as server:
        for size in SIZES:
            name = f"racks_{size}"
            server.create(name)
            database = Database(server.url(name))
            worlds.build(database)
            halves.append(measure(database, fill(database, size)))
            database.close()
            server.drop(name)
    small, large = halves
    name = f"verdict on a rack of {WELLS}, {SIZES[1]:,} against {SIZES[0]:,}, p50 ms"
    return [(name, large, small, large / small, "<= 1.3")]


def measure(database: Database, sample: list[str]) -> float:
    """The median milliseconds of a verdict, in the least disturbed of some turns; other tubes each time."""
    database.administer(_mark)
    world = World(database)
    order = storage.ContainerOrder(type="rack-8x12", name="Rack", site="BJ")
    box = world.act(lambda session, actor: storage.make_container(session, actor, order).code, person=MANAGER)
    # Every tube of a rack stands in a box of its own, in the small biobank as in the large one.
    files = [_file(sample[place::APART][:WELLS]) for place in range(APART)]
    turns = []
    for turn in range(TURNS):
        taken = []
        for place in range(A_TURN):
            asked = partial(_verdict, box, files[(turn * A_TURN + place) % len(files)])
            start = time.perf_counter()
            found = world.ask(asked)
            taken.append((time.perf_counter() - start) * 1000)
            if found.counts != {"moved_from": WELLS}:
                raise RuntimeError(f"not every tube was found: {found.counts}")
        turns.append(median(taken))
    return min(turns)


def _verdict(box: str, data: bytes, session: Session, actor: Actor) -> racks.RackVerdict:
    return racks.check(session, actor, box, data, "rack.csv")


def _file(tubes: list[str]) -> bytes:
    lines = [f"{chr(65 + place // 12)}{place % 12 + 1},{MARK}{code}" for place, code in enumerate(tubes)]
    return "\n".join(lines).encode()


def _mark(connection: Connection) -> None:
    """Give every tube a manufacturer's code."""
    told = "INSERT INTO identifier (id, specimen_id, scheme, value)"
    connection.execute(text(f"{told} SELECT gen_random_uuid(), id, 'bench', '{MARK}' || code FROM specimen"))
    connection.execute(text("ANALYZE identifier"))
