"""Slots of one box claimed by sixteen clients at once: batches of ten against one tube at a time."""

import threading
from collections.abc import Sequence
from functools import partial
from time import perf_counter

from sqlmodel import Session

from biobank import storage
from biobank.database import Database
from biobank.people import Actor
from biobank.storage import ContainerOrder, PutAway, Stored, TypeOrder
from biobank.tables import Level
from tests import world as worlds
from tests.databases import PostgresServer
from tests.world import MANAGER, World

CLIENTS = 16
BATCH = 10
SINGLES = 12
"""So many claims of one tube each client makes."""
BATCHES = 4
"""... and so many of a batch."""
_MOST = 96
"""Tubes that one participant gives."""

Result = tuple[str, float, float, float, str]


def rows() -> list[Result]:
    """Operation, ours, floor (tubes a second), ratio, target."""
    with PostgresServer(durable=True) as server:
        server.create("claiming")
        database = Database(server.url("claiming"), CLIENTS)
        worlds.build(database)
        world = World(database)
        box, tubes = _box(world), _tubes(world, CLIENTS * (SINGLES + BATCHES * BATCH))
        alone, together = tubes[: CLIENTS * SINGLES], tubes[CLIENTS * SINGLES :]
        floor = _claimed(world, box, alone, 1)
        ours = _claimed(world, box, together, BATCH)
        wrong = world.unproved()
        database.close()
    if wrong:
        raise RuntimeError(f"the log does not prove {len(wrong)} things")
    name = f"next slots, one box, {CLIENTS} clients, batches of {BATCH}, tubes/s"
    return [(name, ours, floor, ours / floor, ">= 5")]


def _box(world: World) -> str:
    """A box of 1,536 slots that stands by itself."""
    kind = TypeOrder(code="bench", name="Bench", level=Level.BOX, rows=32, cols=48)
    made = ContainerOrder(type="bench", name="Bench", site="BJ", celsius=-80)
    world.act(lambda s, a: storage.add_type(s, a, kind).code, person=MANAGER)
    code: str = world.act(lambda s, a: storage.make_container(s, a, made).code, person=MANAGER)
    return code


def _tubes(world: World, count: int) -> list[str]:
    made: list[str] = []
    while len(made) < count:
        made += world.tubes(min(_MOST, count - len(made)), f"CLAIM-{len(made)}")
    return made


def _put(order: PutAway, session: Session, actor: Actor) -> list[Stored]:
    return storage.put_away(session, actor, order)


def _claimed(world: World, box: str, tubes: Sequence[str], size: int) -> float:
    """Tubes a second, put away by all clients at once in claims of this size, every one answered."""
    share = len(tubes) // CLIENTS
    start, lost = threading.Barrier(CLIENTS + 1), []

    def client(mine: Sequence[str]) -> None:
        start.wait(30)
        for place in range(0, len(mine), size):
            order = PutAway(box=box, tubes=list(mine[place : place + size]))
            try:
                world.act(partial(_put, order), answer=list[Stored])
            except Exception as error:  # noqa: BLE001 - a claim that is not answered spoils the measurement
                lost.append(error)

    threads = [
        threading.Thread(target=client, args=(tubes[each * share : (each + 1) * share],))
        for each in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    start.wait(30)
    began = perf_counter()
    for thread in threads:
        thread.join()
    if lost:
        raise RuntimeError(f"{len(lost)} claims were refused, such as {lost[0]!r}")
    return share * CLIENTS / (perf_counter() - began)
