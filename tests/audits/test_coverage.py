"""How much of a freezer was seen since a day, against a count made tube by tube."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from biobank import audits, clock, storage
from biobank.audits import Covered
from biobank.errors import Refusal
from biobank.storage import TakeOut, TubeRow
from biobank.tables import Specimen
from tests.audits.auditing import begun, counted
from tests.world import MANAGER, OUTSIDER, World

NOW = datetime.now(UTC)


def ago(days: int) -> date:
    return (NOW - timedelta(days=days)).date()


def put(world: World, box: str, tubes: list[str], days: int) -> None:
    """As if it had been done so many days ago."""
    with clock.restored():
        clock.set_clock(lambda: NOW - timedelta(days=days))
        world.put(box, tubes)


def covered(world: World, container: str, since: date) -> dict[str, Covered]:
    return world.ask(lambda s, a: audits.coverage(s, a, container, since))


def naive(world: World, container: str, since: date) -> tuple[int, int, int, datetime | None]:
    """Tubes, those seen since, those never seen, the oldest sighting: counted one by one."""
    rows: list[TubeRow] = world.ask(lambda s, a: storage.tubes_in(s, a, container))
    here = [row.seen for row in rows if row.state == "occupied"]
    morning = datetime(since.year, since.month, since.day, tzinfo=UTC)
    known = [seen for seen in here if seen]
    return (
        len(here),
        sum(seen >= morning for seen in known),
        len(here) - len(known),
        min(known, default=None),
    )


def test_every_container_has_the_count_that_is_made_tube_by_tube(world: World) -> None:
    tubes = world.tubes(12)
    box, other, _ = world.boxes()
    put(world, box, tubes[:5], 40)
    put(world, box, tubes[5:7], 10)
    put(world, other, tubes[7:9], 20)
    world.act(lambda s, a: storage.take_out(s, a, TakeOut(tubes=tubes[8:9])))
    counted(world, begun(world), box, ("A1", tubes[0]))
    world.database.write(lambda session: never(session, tubes[1]))
    freezer = world.freezer()
    for since in (ago(50), ago(15), ago(0)):
        found = covered(world, freezer, since)
        assert {*found} >= {freezer, box, other}
        told = {code: (each.tubes, each.seen, each.never, each.oldest) for code, each in found.items()}
        assert told == {code: naive(world, code, since) for code in found}
    assert [covered(world, freezer, ago(days))[box].share for days in (50, 15, 5)] == [6 / 7, 3 / 7, 1 / 7]
    assert covered(world, freezer, ago(1))[world.boxes()[2]].share is None
    assert covered(world, box, ago(15)) == {box: covered(world, freezer, ago(15))[box]}


def never(session: Session, code: str) -> None:
    """As a tube that was taken over from elsewhere, and that nobody here had in a hand."""
    session.exec(select(Specimen).where(col(Specimen.code) == code)).one().seen_at = None


def test_a_large_freezer_takes_as_many_statements_as_a_small_one(sqlite_world: World) -> None:
    order = storage.FreezerOrder(site="BJ", name="Freezer 2", shelves=4, racks=3, boxes=5)
    large = sqlite_world.act(lambda s, a: storage.make_freezer(s, a, order).code, person=MANAGER)

    def statements(container: str) -> int:
        heard: list[str] = []
        engine = sqlite_world.database.reading
        listener = lambda *told: heard.append(told[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        covered(sqlite_world, container, ago(1))
        event.remove(engine, "before_cursor_execute", listener)
        return len(heard)

    assert len(covered(sqlite_world, large, ago(1))) == 1 + 4 + 12 + 60
    assert statements(large) == statements(sqlite_world.freezer()) <= 8


def test_a_freezer_of_another_site_is_covered_for_nobody_else(sqlite_world: World) -> None:
    freezer = sqlite_world.freezer()
    with pytest.raises(Refusal) as refused:
        sqlite_world.ask(lambda s, a: audits.coverage(s, a, freezer, ago(1)), OUTSIDER)
    assert refused.value.slug == "container_not_found"
