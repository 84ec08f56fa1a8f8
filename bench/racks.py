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
    with PostgresServer(durable=True) as server:
        asked = []
        for size in SIZES:
            name = f"racks_{size}"
            server.create(name)
            database = Database(server.url(name))
            worlds.build(database)
            asked.append(_Rack(database, fill(database, size)))
        small, large = measured(asked)
        for rack in asked:
            rack.world.database.close()
    name = f"verdict on a rack of {WELLS}, {SIZES[1]:,} against {SIZES[0]:,}, p50 ms"
    return [(name, large, small, large / small, "<= 1.3")]


class _Rack:
    """A rack in one of the biobanks, and files of it: other tubes each time."""

    def __init__(self, database: Database, sample: list[str]) -> None:
        database.administer(_mark)
        self.world = World(database)
        order = storage.ContainerOrder(type="rack-8x12", name="Rack", site="BJ")
        self.box = self.world.act(
            lambda session, actor: storage.make_container(session, actor, order).code, person=MANAGER
        )
        # Every tube of a rack stands in a box of its own, in the small biobank as in the large one.
        self.files = [_file(sample[place::APART][:WELLS]) for place in range(APART)]

    def verdict(self, number: int) -> float:
        """The milliseconds of one verdict."""
        asked = partial(_verdict, self.box, self.files[number % len(self.files)])
        start = time.perf_counter()
        found = self.world.ask(asked)
        took = (time.perf_counter() - start) * 1000
        if found.counts != {"moved_from": WELLS}:
            raise RuntimeError(f"not every tube was found: {found.counts}")
        return took


def measured(racks_of: list[_Rack]) -> list[float]:
    """The median of each in the least disturbed of some turns, all in turns: others disturb them alike."""
    turns: list[list[float]] = []
    for turn in range(TURNS):
        numbers = range(turn * A_TURN, (turn + 1) * A_TURN)
        taken = [[rack.verdict(number) for rack in racks_of] for number in numbers]
        turns.append([median(column) for column in zip(*taken, strict=True)])
    return [min(column) for column in zip(*turns, strict=True)]


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
