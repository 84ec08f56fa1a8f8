"""Error rates over time, against a count of the lines themselves."""

from collections import Counter
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from biobank import audits, clock, storage
from biobank.audits import Entrust, TrendAsked, TrendBy, TrendRow, error_rate
from biobank.people import Actor
from biobank.tables import Audit, AuditBox, AuditLine, Container, Result, Site
from tests.audits.auditing import DUE, begun, counted, lines
from tests.audits.signing import signed
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def performed(world: World, audit: UUID) -> UUID:
    """What is open of it is entrusted, and who counted signs."""
    left = [line.id for line, _ in lines(world, audit) if line.result is not Result.FOUND]
    if left:
        order = Entrust.model_validate({"audit": audit, "lines": left, "owner": TECHNICIAN, "due": DUE})
        world.act(lambda s, a: audits.entrust(s, a, order) and None, person=MANAGER)
    signed(world, audit, audits.perform, MANAGER)
    return audit


def two_audits(world: World) -> list[UUID]:
    """Two of one freezer with an error more in the second, and one of a box that no freezer holds."""
    tubes = world.tubes(6)
    box, other, third = world.boxes()
    world.put(box, tubes[:3])
    world.put(other, tubes[3:5])
    made = []
    for missing in (1, 0):
        audit = begun(world)
        counted(world, audit, box, ("A1", tubes[0]), ("A3", "" if missing else tubes[2]), ("A9", "STRANGE"))
        counted(world, audit, other, ("A1", tubes[3]), ("A2", tubes[4]))
        counted(world, audit, third, ("A1", ""))
        made.append(performed(world, audit))
    order = storage.ContainerOrder(type="box-5x5", name="Box on its own", site="BJ")
    alone = world.act(lambda s, a: storage.make_container(s, a, order).code, person=MANAGER)
    world.put(alone, tubes[5:])
    audit = begun(world, container=alone)
    counted(world, audit, alone, ("A1", tubes[5]))
    return [*made, performed(world, audit)]


def trend(world: World, person: str = MANAGER, **asked: object) -> list[TrendRow]:
    told = TrendAsked.model_validate(asked)
    return world.ask(lambda s, a: audits.trend(s, a, told), person)


def naive(world: World, audit: UUID) -> dict[str, tuple[int, int]]:
    """Errors and lines of an audit, by the code of the box they were expected in; counted one by one."""

    def asked(session: Session, _: Actor) -> list[tuple[str, Result]]:
        found = (
            select(Container.code, AuditLine.result)
            .join(AuditBox, col(AuditBox.container_id) == col(Container.id))
            .join(AuditLine, col(AuditLine.box_id) == col(AuditBox.id))
            .where(col(AuditLine.audit_id) == audit)
        )
        return [(code, Result(word)) for code, word in session.exec(found) if word]

    words = world.ask(asked, MANAGER)
    every = Counter(code for code, _ in words)
    wrong = Counter(code for code, word in words if word is not Result.FOUND)
    return {code: (wrong[code], every[code]) for code in every}


def rates(rows: list[TrendRow]) -> dict[tuple[UUID, str], tuple[int, int]]:
    return {(row.audit, row.code or row.group): (row.rate.errors, row.rate.looked_at) for row in rows}


def test_the_rates_are_those_of_the_lines_by_audit_freezer_box_and_study(world: World) -> None:
    freezer, made = world.freezer(), two_audits(world)
    boxes = {audit: naive(world, audit) for audit in made}
    whole = {audit: tuple(map(sum, zip(*told.values(), strict=True))) for audit, told in boxes.items()}
    first, second, alone = made
    assert (whole[first], whole[second], whole[alone]) == ((3, 6), (2, 6), (0, 1))
    assert rates(trend(world, by="audit")) == {(audit, "Yearly"): told for audit, told in whole.items()}
    assert rates(trend(world, by="box")) == {
        (audit, code): told for audit, by_box in boxes.items() for code, told in by_box.items()
    }
    assert rates(trend(world, by="freezer")) == {
        (first, freezer): whole[first],
        (second, freezer): whole[second],
        (alone, *boxes[alone]): whole[alone],
    }
    assert rates(trend(world, by="study")) == {
        (first, "DEMO"): (2, 5),
        (first, ""): (1, 1),
        (second, "DEMO"): (1, 5),
        (second, ""): (1, 1),
        (alone, "DEMO"): (0, 1),
    }
    assert [row.audit for row in trend(world)] == made
    assert trend(world)[0].rate == error_rate(3, 6)
    assert trend(world, site="NT") == trend(world, OUTSIDER) == []
    assert world.unproved() == []


def test_what_is_not_signed_is_in_no_trend(sqlite_world: World) -> None:
    tubes = sqlite_world.tubes(1)
    sqlite_world.put(sqlite_world.boxes()[0], tubes)
    counted(sqlite_world, begun(sqlite_world), sqlite_world.boxes()[0], ("A1", tubes[0]))
    assert trend(sqlite_world) == []


@pytest.mark.parametrize("by", list(TrendBy))
def test_more_audits_take_no_more_statements(sqlite_world: World, by: TrendBy) -> None:
    def statements() -> int:
        heard: list[str] = []
        engine = sqlite_world.database.reading
        listener = lambda *told: heard.append(told[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        assert trend(sqlite_world, by=by)
        event.remove(engine, "before_cursor_execute", listener)
        return len(heard)

    made = two_audits(sqlite_world)
    sqlite_world.database.write(lambda session: hidden(session, made[1:]))
    few = statements()
    sqlite_world.database.write(lambda session: hidden(session, made[1:]))
    assert statements() == few <= 12


def hidden(session: Session, ids: list[UUID]) -> None:
    """Take their signature away, or give it back."""
    for audit in session.exec(select(Audit).where(col(Audit.id).in_(ids))):
        audit.performed_at = None if audit.performed_at else clock.now()


def test_the_day_is_that_of_the_site_and_the_first_day_counts(sqlite_world: World) -> None:
    tubes = sqlite_world.tubes(1)
    sqlite_world.put(sqlite_world.boxes()[0], tubes)
    evening = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)
    audit = begun(sqlite_world)
    for box in sqlite_world.boxes():
        counted(sqlite_world, audit, box, ("A1", tubes[0] if box == sqlite_world.boxes()[0] else ""))
    performed(sqlite_world, audit)
    sqlite_world.database.write(lambda session: at(session, audit, evening))
    assert [row.on for row in trend(sqlite_world)] == [date(2026, 3, 5)]
    assert trend(sqlite_world, since=date(2026, 3, 4))
    assert not trend(sqlite_world, since=date(2026, 3, 5))
    zone = sqlite_world.database.read(lambda session: session.exec(select(Site.time_zone)).first())
    assert zone == "Asia/Shanghai"


def at(session: Session, audit: UUID, moment: datetime) -> None:
    session.get_one(Audit, audit).performed_at = moment
