"""A box that several people count at the very same moment, on several devices."""

import threading
from uuid import UUID

from sqlalchemy import create_engine, func, text
from sqlmodel import col, select

from biobank import audits
from biobank.audits import Counted, SlotTold
from biobank.errors import Conflict
from biobank.tables import AuditScan, Result
from tests.audits.auditing import begun, counted, results
from tests.races import together
from tests.world import MANAGER, TECHNICIAN, World


def scans(world: World, audit: UUID) -> int:
    asked = select(func.count()).where(col(AuditScan.audit_id) == audit)
    return int(world.database.read(lambda s: s.exec(asked).one()))


def scan(world: World, audit: UUID, box: str, slot: str, code: str, person: str) -> None:
    order = Counted(audit=audit, box=box, scans=[SlotTold(slot=slot, code=code)])
    world.act(lambda s, a: audits.count(s, a, order), person=person)


def test_no_scan_is_lost_when_two_people_count_one_box_at_once(world: World) -> None:
    """Half of the box each, and one tube that both scan; another box is counted meanwhile."""
    tubes, (box, other, _) = world.tubes(13), world.boxes()
    world.put(box, tubes[:9])
    world.put(other, tubes[9:])
    audit = begun(world)
    slots = [f"A{at}" for at in range(1, 10)]

    def half(person: str, part: slice) -> None:
        for slot, code in list(zip(slots, tubes, strict=False))[part]:
            scan(world, audit, box, slot, code, person)

    def beside() -> None:
        for slot, code in zip(slots, tubes[9:], strict=False):
            scan(world, audit, other, slot, code, MANAGER)

    answers = together(lambda: half(MANAGER, slice(0, 5)), lambda: half(TECHNICIAN, slice(4, 9)), beside)
    assert answers == [None, None, None]
    assert scans(world, audit) == 5 + 5 + 4
    counted(world, audit, box)
    counted(world, audit, other)
    assert results(world, audit) == dict.fromkeys(tubes, Result.FOUND)
    assert world.unproved() == []


def test_a_box_that_two_say_is_done_at_once_is_judged_once(world: World) -> None:
    tubes, (box, *_) = world.tubes(3), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    half = [("A1", tubes[0]), ("A2", "?")]
    answers = together(
        lambda: counted(world, audit, box, *half, person=MANAGER),
        lambda: counted(world, audit, box, *half, person=TECHNICIAN),
    )
    (late,) = [answer for answer in answers if isinstance(answer, Exception)]
    assert isinstance(late, Conflict)
    assert late.slug == "box_counted"
    assert scans(world, audit) == 2
    assert results(world, audit) == {
        tubes[0]: Result.FOUND,
        tubes[1]: Result.UNREADABLE,
        tubes[2]: Result.MISSING,
    }
    assert world.unproved() == []


def test_a_box_that_is_kept_as_a_list_loses_a_scan_in_the_same_race(address: str) -> None:
    """The control: each reads what was scanned so far, adds its own, and writes all of it."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE loose (seen TEXT)"))
        connection.execute(text("INSERT INTO loose VALUES ('')"))
    looked = threading.Barrier(2)

    def add(code: str) -> None:
        with engine.connect() as connection:
            seen = connection.execute(text("SELECT seen FROM loose")).scalar_one()
            looked.wait(10)
            connection.execute(text("UPDATE loose SET seen = :seen"), {"seen": f"{seen}{code} "})

    assert together(lambda: add("A"), lambda: add("B")) == [None, None]
    with engine.connect() as connection:
        assert len(connection.execute(text("SELECT seen FROM loose")).scalar_one().split()) == 1
    engine.dispose()
