"""What is planned: its scope, how much of it, when it comes again; and what its start writes down."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from biobank import audits, clock
from biobank.audits import AuditChosen, SoughtAudits
from biobank.audits.sampling import draw
from biobank.audits.starting import risks
from biobank.tables import Audit, AuditBox, AuditLine, Result
from tests.audits.auditing import DUE, begun, counted, lines, planned, refused, results, seen, started
from tests.audits.signing import REVIEWER, closed, with_reviewer
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World

ON_POSTGRES = pytest.mark.parametrize(
    "address", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


def row(world: World, audit: UUID) -> Audit:
    return world.database.read(lambda s: s.get_one(Audit, audit))


def boxes(world: World, audit: UUID) -> list[AuditBox]:
    asked = select(AuditBox).where(col(AuditBox.audit_id) == audit).order_by(col(AuditBox.position))
    return world.database.read(lambda s: list(s.exec(asked)))


def cancel(world: World, audit: UUID) -> None:
    world.act(lambda s, a: audits.cancel(s, a, AuditChosen(audit=audit)), person=MANAGER)


def test_a_plan_says_its_scope_and_its_size_once(sqlite_world: World) -> None:
    world, (tube, *_) = sqlite_world, sqlite_world.tubes(1)
    freezer = world.freezer()
    refused("one_scope", lambda: planned(world), "container")
    refused("one_scope", lambda: planned(world, container=freezer, tubes=[tube], site="BJ"), "tubes")
    sample = {"container": freezer, "method": "sample"}
    refused("sample_without_claim", lambda: planned(world, **sample), "limit")
    refused("sample_without_claim", lambda: planned(world, **sample, limit="1"), "confidence")
    refused("two_sizes", lambda: planned(world, **sample, share="10", limit="1", confidence="95"), "share")
    refused("size_of_full", lambda: planned(world, container=freezer, share="10"), "share")
    refused("size_of_full", lambda: planned(world, container=freezer, confidence="95"), "limit")
    studied = {"study": "DEMO", "site": "BJ", "method": "sample", "share": "10"}
    refused("slots_of_others", lambda: planned(world, **studied, shelf_slots=3), "shelf_slots")
    refused("person_not_found", lambda: planned(world, container=freezer, owner="nobody"), "owner")
    refused("not_allowed", lambda: planned(world, TECHNICIAN, container=freezer))


def test_an_audit_begins_once_and_has_tubes_in_it(sqlite_world: World) -> None:
    world, freezer = sqlite_world, sqlite_world.freezer()
    audit = planned(world, container=freezer)
    refused("nothing_to_audit", lambda: started(world, audit), "audit")
    box, *_ = world.boxes()
    world.put(box, world.tubes(1))
    refused("audit_not_started", lambda: counted(world, audit, box, ("A1", "")), "audit")
    started(world, audit)
    refused("audit_started", lambda: started(world, audit))
    refused("not_allowed", lambda: started(world, planned(world, container=freezer), TECHNICIAN))
    refused("audit_not_found", lambda: started(world, audit, OUTSIDER), "audit")
    cancel(world, audit)
    refused("audit_closed", lambda: counted(world, audit, box, ("A1", "")), "audit")
    refused("audit_closed", lambda: cancel(world, audit), "audit")
    assert world.unproved() == []


def test_a_share_is_drawn_from_a_whole_site_and_its_boxes_alone_are_counted(world: World) -> None:
    tubes, (first, second, third) = world.tubes(20), world.boxes()
    world.put(first, tubes[:19])
    world.put(third, tubes[19:])
    audit = begun(world, container=None, site="BJ", method="sample", share="10")
    told, board = row(world, audit), seen(world, audit)
    assert (told.population, told.drawn, told.share_ppm) == (20, 2, 100_000)
    drawn = draw(told.seed, tubes, 2)
    assert {code for _, code in lines(world, audit)} == set(drawn)
    where = {first: {*drawn} & {*tubes[:19]}, third: {*drawn} & {*tubes[19:]}}
    assert {box.code: box.expected for box in board.boxes} == {
        code: len(some) for code, some in where.items() if some
    }
    # Two of twenty miss as many as 15 wrong ones with more than 5 %, and 16 with less.
    assert board.shows_limit == float(Decimal(16) / 20)
    assert (board.shows_confidence, board.row.scope, board.row.container) == (0.95, "BJ", "")
    refused("box_not_audited", lambda: counted(world, audit, second, ("A1", "")), "box")
    assert world.unproved() == []


def test_a_sample_that_claims_something_is_as_large_as_that_takes(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, *_) = world.tubes(40), world.boxes()
    world.put(box, tubes)
    claim = {"method": "sample", "limit": "20", "confidence": "95"}
    told = row(world, begun(world, **claim))
    # 8 of 40 wrong: a draw of 11 holds none of them in 5.2 of 100 cases... of 12 in 3.9.
    assert told.drawn == audits.zero_error_size(Decimal("0.2"), Decimal("0.95"), 40)
    board = seen(world, told.id)
    assert (board.shows_limit, board.shows_confidence) == (0.2, 0.95)
    risky = seen(world, begun(world, **claim, weighting="risk"))
    assert (risky.shows_limit, risky.shows_confidence, risky.drawn) == (0.0, 0.0, told.drawn)


def test_those_at_risk_weigh_more_in_a_draw(world: World) -> None:
    """What was moved of late weighs three of one, what an audit found to be wrong four more."""
    (box, other, _), at_first = world.boxes(), datetime.now(UTC) - timedelta(days=100)
    clock.set_clock(lambda: at_first)
    try:
        tubes = world.tubes(4)
        world.put(box, tubes)
        full = begun(world)
        counted(world, full, box, ("A1", tubes[0]), ("A2", tubes[1]), ("A3", tubes[2]))
        assert weights(world, full) == dict(zip(tubes, [3.0, 3.0, 3.0, 7.0], strict=True))
    finally:
        clock.set_clock()
    assert weights(world, full) == dict(zip(tubes, [1.0, 1.0, 1.0, 5.0], strict=True))
    world.put(other, tubes[2:3])
    assert weights(world, full) == dict(zip(tubes, [1.0, 1.0, 3.0, 5.0], strict=True))


def weights(world: World, audit: UUID) -> dict[str, float]:
    return world.database.read_at_once(lambda s: dict(risks(s, s.get_one(Audit, audit))))


def test_slots_that_are_drawn_whatever_they_hold_end_too(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, other, third) = world.tubes(4), world.boxes()
    world.put(box, tubes[:2])
    audit = begun(world, method="sample", share="1", shelf_slots=243)
    told = row(world, audit)
    assert told.drawn == 1
    with_tubes = [code for line, code in lines(world, audit) if line.specimen_id]
    assert sorted(with_tubes) == sorted(tubes[:2])
    assert len(lines(world, audit)) == 243
    count = counted(world, audit, box, ("A1", tubes[0]), ("A2", tubes[1]), ("A3", "?"), ("A4", tubes[2]))
    assert count.results == {"found": 3, "unreadable": 1, "unexpected": 1, "empty": 77}
    assert counted(world, audit, other, ("A1", "NOBODYS")).results == {"unknown": 1, "empty": 80}
    assert counted(world, audit, third, ("A1", "")).results == {"empty": 81}
    board = seen(world, audit)
    # Of what was drawn: two tubes, the slot of the strange one, and two slots with what nobody knows.
    assert (board.rate.errors, board.rate.looked_at) == (2, 5)
    assert all(line.result for line, _ in lines(world, audit))
    assert world.unproved() == []


def test_what_a_sample_did_not_draw_is_no_part_of_its_rate_but_errors_are_told(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, *_) = world.tubes(10), world.boxes()
    world.put(box, tubes)
    audit = begun(world, method="sample", share="10")
    (drawn,) = [code for _, code in lines(world, audit)]
    at = {code: f"A{place}" if place < 10 else "B1" for place, code in enumerate(tubes, 1)}
    first, second, *rest = [code for code in tubes if code != drawn]
    swapped = {at[first]: second, at[second]: first}
    count = counted(world, audit, box, *((at[code], code) for code in [drawn, *rest]), *swapped.items())
    assert {code: line.result for line, code in lines(world, audit)} == {
        drawn: Result.FOUND,
        first: Result.WRONG_SLOT,
        second: Result.WRONG_SLOT,
    }
    assert count.results == {"found": 8, "wrong_slot": 2}
    board = seen(world, audit)
    assert (board.rate.errors, board.rate.looked_at, board.row.open_findings) == (0, 1, 2)
    assert world.unproved() == []


def test_an_audit_of_a_study_or_of_listed_tubes_looks_at_those_alone(world: World) -> None:
    tubes, (box, other, _) = world.tubes(6), world.boxes()
    world.put(box, tubes[:3])
    world.put(other, tubes[3:5])
    audit = begun(world, container=None, tubes=[tubes[0], tubes[3], tubes[5], tubes[0]], site="BJ")
    assert results(world, audit) == {tubes[0]: None, tubes[3]: None}
    assert [box.expected for box in boxes(world, audit)] == [1, 1]
    # Others that stand where they should are nobody's business here; one that does not is.
    scans = [("A1", tubes[0]), ("A2", tubes[1]), ("A4", tubes[2])]
    assert counted(world, audit, box, *scans).results == {"found": 2, "wrong_slot": 1}
    assert results(world, audit) == {tubes[0]: Result.FOUND, tubes[2]: Result.WRONG_SLOT, tubes[3]: None}
    assert seen(world, audit).row.scope == "3"
    studied = begun(world, container=None, study="DEMO", site="BJ")
    assert len(results(world, studied)) == 5
    assert world.unproved() == []


def test_the_next_audit_is_planned_when_one_that_recurs_is_reviewed(sqlite_world: World) -> None:
    world = sqlite_world
    with_reviewer(world)
    box, *_ = world.boxes()
    (tube,) = world.tubes(1)
    world.put(box, [tube])
    plan = {"every_days": 90, "method": "sample", "share": "50", "second_count": True, "owner": TECHNICIAN}
    audit = begun(world, **plan)
    counted(world, audit, box, ("A1", tube))
    closed(world, audit)
    (following,) = world.ask(lambda s, a: audits.listing(s, a, SoughtAudits()), MANAGER)
    assert (following.due_on, following.status, following.owner) == (
        max(DUE, today()) + timedelta(days=90),
        "planned",
        TECHNICIAN,
    )
    told, before = row(world, following.id), row(world, audit)
    assert {name: getattr(told, name) for name in plan if name not in {"owner", "share"}} == {
        "every_days": 90,
        "method": "sample",
        "second_count": True,
    }
    assert (told.share_ppm, told.seed, told.container_id) == (500_000, "", before.container_id)
    cancel(world, following.id)
    assert world.ask(lambda s, a: audits.listing(s, a, SoughtAudits()), MANAGER) == []
    over = world.ask(lambda s, a: audits.listing(s, a, SoughtAudits(closed=True)), REVIEWER)
    assert [each.id for each in over] == [following.id, audit]
    assert world.unproved() == []


def today() -> Any:
    """At the site: Beijing keeps eight hours before UTC all year."""
    return (clock.now() + timedelta(hours=8)).date()


def test_audits_are_listed_by_the_day_they_are_due(sqlite_world: World) -> None:
    world, freezer = sqlite_world, sqlite_world.freezer()
    days = [DUE + timedelta(days=days) for days in (3, -40, 0)]
    keys = [planned(world, container=freezer, due=day, name=str(day)) for day in days]
    rows = world.ask(lambda s, a: audits.listing(s, a, SoughtAudits()), MANAGER)
    assert [each.id for each in rows] == [keys[1], keys[2], keys[0]]
    assert world.ask(lambda s, a: audits.listing(s, a, SoughtAudits()), OUTSIDER) == []
    after = SoughtAudits(after=keys[1], limit=1)
    assert [each.id for each in world.ask(lambda s, a: audits.listing(s, a, after), MANAGER)] == [keys[2]]


@ON_POSTGRES
def test_tubes_that_are_carried_on_at_the_very_start_put_it_off(world: World) -> None:
    """Between the look for boxes and the look for tubes; SQLite lets nobody in between."""
    tubes, (box, other, _) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    audit = planned(world, study="DEMO", site="BJ")
    carried: list[str] = []

    @event.listens_for(world.database.writing, "before_cursor_execute")
    def carry(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO audit_box") and not carried:
            carried.append(tubes[0])
            world.put(other, tubes[:1])

    refused("scope_moving", lambda: started(world, audit), "audit")
    assert carried == tubes[:1]
    started(world, audit)
    assert {line.box_id for line, _ in lines(world, audit)} == {box.id for box in boxes(world, audit)}
    assert world.unproved() == []


def test_the_lines_of_a_start_are_those_of_the_moment(sqlite_world: World) -> None:
    """A box that holds nothing is part of a full audit; what comes later is not part of its snapshot."""
    world = sqlite_world
    tubes, (box, other, _) = world.tubes(3), world.boxes()
    world.put(box, tubes[:2])
    audit = begun(world)
    world.put(other, tubes[2:])
    asked = select(AuditLine).where(col(AuditLine.audit_id) == audit)
    kept = world.database.read(lambda s: list(s.exec(asked)))
    assert [(line.row, line.col, line.in_snapshot, line.result) for line in kept] == [
        (0, 0, True, None),
        (0, 1, True, None),
    ]
    assert [(each.expected, each.whole, each.slots) for each in boxes(world, audit)] == [
        (2, True, 81),
        (0, True, 81),
        (0, True, 81),
    ]
