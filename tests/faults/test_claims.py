"""Sixteen hands that all want the same few slots: a slot never has two tubes, a tube never two slots."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool
from sqlmodel import Session, col, select

from biobank import clock
from biobank.database import Database
from biobank.errors import Refusal
from biobank.tables import Container, Placement, Specimen
from tests.races import together
from tests.test_storage import make
from tests.world import World

HANDS = 16
CLAIMS = [2_500, pytest.param(50_000, marks=pytest.mark.prove)]
NAMES = [f"{row}{column}" for row in "ABCDE" for column in range(1, 6)]


def a_hand(
    world: World, tubes: list[str], boxes: list[str], seed: int, claims: int
) -> Callable[[], Counter[str]]:
    """Somebody who wants a slot by name for a tube that others want elsewhere, over and over."""
    chance = random.Random(seed)  # noqa: S311 - which tube, not a secret

    def work() -> Counter[str]:
        told: Counter[str] = Counter()
        for _ in range(claims):
            try:
                stored = world.put(chance.choice(boxes), [chance.choice(tubes)], slot=chance.choice(NAMES))
                told["stored" if stored[0].changed else "there already"] += 1
            except Refusal as refusal:
                told[refusal.slug] += 1
        return told

    return work


def slots_given(world: World) -> list[tuple[UUID, int | None, int | None, UUID | None]]:
    asked = select(Placement.container_id, Placement.row, Placement.col, Placement.specimen_id)
    return world.database.read(
        lambda s: list(s.exec(asked.where(col(Placement.specimen_id).is_not(None))).all())
    )


@pytest.mark.slow
@pytest.mark.parametrize("claims", CLAIMS)
def test_contested_slots_go_to_one_tube_each_and_nobody_waits_in_vain(address: str, claims: int) -> None:
    world = World(Database(address, threads=HANDS))  # a connection for each hand, as requests have
    boxes = [make(world, "box-5x5", site="BJ") for _ in range(2)]
    tubes = world.tubes(40)
    hands = [a_hand(world, tubes, boxes, seed, claims // HANDS) for seed in range(HANDS)]
    answers = together(*hands, patience=1200)
    assert [answer for answer in answers if not isinstance(answer, Counter)] == []
    told: Counter[str] = sum(answers, Counter())
    # No deadlock and no time-out reached anybody: what was refused was a slot that somebody has.
    assert set(told) <= {"stored", "there already", "slot_taken"}
    assert told["stored"] > HANDS
    assert told["slot_taken"] > HANDS
    given = slots_given(world)
    assert len({slot[:3] for slot in given}) == len(given)
    assert len({slot[3] for slot in given}) == len(given)
    assert world.unproved() == []
    world.database.close()


# --- the control: looking first and writing then, with and without the rule of the database ---


def waiting(address: str) -> dict[str, int]:
    """How a connection waits for other writers: SQLite's own five seconds may be too few."""
    return {"timeout": 60} if address.startswith("sqlite") else {}


def rounds(address: str, table: str, slots: int, box: UUID, tubes: list[UUID]) -> int:
    """So many slots, each wanted by every hand at the same moment; how many of the hands got one."""
    engine = create_engine(
        address, isolation_level="AUTOCOMMIT", poolclass=NullPool, connect_args=waiting(address)
    )
    looked = threading.Barrier(len(tubes))

    def work(tube: UUID) -> int:
        return sum(_look_and_write(engine, table, box, (row, tube), looked) for row in range(slots))

    won = together(*[lambda tube=tube: work(tube) for tube in tubes], patience=120)
    engine.dispose()
    return sum(won)


def _look_and_write(
    engine: Engine, table: str, box: UUID, wanted: tuple[int, UUID], looked: threading.Barrier
) -> int:
    row, tube = wanted
    here = {"box": box.hex, "row": row, "id": clock.new_key().hex, "tube": tube.hex}
    with engine.connect() as connection:
        asked = text(f'SELECT count(*) FROM {table} WHERE container_id = :box AND "row" = :row AND col = 0')
        free = connection.execute(asked, here).scalar_one() == 0
        looked.wait(30)
        if not free:
            return 0
        written = text(
            f'INSERT INTO {table} (id, container_id, "row", col, specimen_id)'
            " VALUES (:id, :box, :row, 0, :tube)"
        )
        try:
            connection.execute(written, here)
        except IntegrityError:
            return 0
        return 1


def box_and_tubes(world: World, count: int) -> tuple[UUID, list[UUID]]:
    codes, box = world.tubes(count), world.boxes()[0]

    def question(session: Session) -> tuple[UUID, list[UUID]]:
        there = session.exec(select(Container.id).where(col(Container.code) == box)).one()
        return there, list(session.exec(select(Specimen.id).where(col(Specimen.code).in_(codes))).all())

    return world.database.read(question)


def test_without_the_rule_the_same_claims_give_a_slot_to_many(world: World, address: str) -> None:
    box, tubes = box_and_tubes(world, HANDS)
    engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE loose AS SELECT * FROM placement WHERE 1 = 0"))
    assert rounds(address, "loose", slots=10, box=box, tubes=tubes) > 10


def test_with_the_rule_the_database_lets_one_of_them_through(world: World, address: str) -> None:
    box, tubes = box_and_tubes(world, HANDS)
    # Each tube may have one slot, and each slot one tube: of sixteen hands ten get one of ten slots.
    assert rounds(address, "placement", slots=10, box=box, tubes=tubes) == 10
