"""Audits for the pages to show: findings of each kind, and an audit in each state."""

from datetime import timedelta
from uuid import UUID

import msgspec

from biobank import audits, clock, storage
from biobank.audits import AuditChosen, AuditOrder, Decide, Entrust
from biobank.storage import FreezerMade
from biobank.tables import Audit, AuditDecision, Result
from tests.audits import signing
from tests.audits.auditing import counted, lines
from tests.test_storage import rack_of
from tests.world import MANAGER, TECHNICIAN, World


class Audited(msgspec.Struct, frozen=True):
    """An audit of a box in which everything is found otherwise, and of two more of which one is left."""

    audit: UUID
    freezer: str
    boxes: list[str]
    tubes: list[str]
    stray: str


def planned(world: World, **order: object) -> UUID:
    """An audit that is planned; due in a week if nothing else is said."""
    week = clock.now().date() + timedelta(days=7)
    told = AuditOrder.model_validate({"name": "Yearly", "due": week, **order})
    made: Audit = world.act(lambda s, a: audits.plan(s, a, told), person=MANAGER)
    return made.id


def begun(world: World, **order: object) -> UUID:
    """An audit that has begun."""
    key = planned(world, **order)
    world.act(lambda s, a: audits.start(s, a, AuditChosen(audit=key)).id, person=MANAGER)
    return key


def furnished(world: World) -> Audited:
    """Two tubes of a box changed places; one is missing, unreadable, unknown each; and there is a stray."""
    signing.with_reviewer(world)
    freezer, boxes = _shelf(world)
    tubes = world.tubes(7, "A-001")
    stray = tubes.pop()
    world.put(boxes[0], tubes)
    audit = begun(world, container=freezer)
    scans = [("A1", tubes[0]), ("A2", tubes[2]), ("A3", tubes[1]), ("A4", ""), ("A5", "?")]
    counted(world, audit, boxes[0], *scans, ("A6", "XYZ-1"), ("A7", stray), person=TECHNICIAN)
    counted(world, audit, boxes[1], ("A1", ""), person=TECHNICIAN)
    return Audited(audit, freezer, boxes, tubes, stray)


def _shelf(world: World) -> tuple[str, list[str]]:
    """A freezer of its own, so that nothing else stands in it, and its three boxes."""
    order = storage.FreezerOrder(site="BJ", name="Freezer A", shelves=1, racks=1, boxes=3)
    made = world.act(lambda s, a: storage.make_freezer(s, a, order), person=MANAGER, answer=FreezerMade)
    inside = made.code
    for _ in range(2):
        inside = world.ask(lambda s, a: storage.contents(s, a, inside))[0].code  # noqa: B023
    rows = world.ask(lambda s, a: storage.contents(s, a, inside))
    return made.code, [row.code for row in rows]


def found(world: World, audit: UUID, *words: Result) -> list[UUID]:
    """The findings of an audit of these kinds."""
    return [line.id for line, _ in lines(world, audit) if line.result in words]


def decided(
    world: World, audit: UUID, decision: AuditDecision, *words: Result, reason: str | None = None
) -> None:
    """Decide all findings of these kinds alike."""
    order = Decide(audit=audit, lines=found(world, audit, *words), decision=decision, reason=reason)
    world.act(lambda s, a: len(audits.decide(s, a, order)), person=MANAGER)


def entrusted(world: World, audit: UUID, owner: str, *words: Result) -> None:
    """Leave all findings of these kinds to somebody, until tomorrow."""
    tomorrow = clock.now().date() + timedelta(days=1)
    order = Entrust(audit=audit, lines=found(world, audit, *words), owner=owner, due=tomorrow)
    world.act(lambda s, a: len(audits.entrust(s, a, order)), person=MANAGER)


def shown(world: World) -> dict[str, str]:
    """The pages of audits, each with something to show: to be decided, left to somebody, missing, closed."""
    told = furnished(world)
    other = world.tubes(2, "A-002")
    world.put(told.boxes[2], other)
    closed = begun(world, name="Last year's", container=told.boxes[2])
    counted(world, closed, told.boxes[2], ("A1", other[0]))
    decided(world, closed, AuditDecision.MISSING, Result.MISSING)
    signing.closed(world, closed)
    entrusted(world, told.audit, TECHNICIAN, Result.UNKNOWN)
    due = planned(world, name="Monthly", container=told.boxes[1], due=clock.now().date() - timedelta(days=3))
    return {
        "audits": "/audits",
        "audits that are due": "/audits?of=due",
        "closed audits": "/audits?closed=true",
        "planning an audit": f"/audits/plan?container={told.freezer}&sample=claim&limit=5&confidence=95",
        "an audit": f"/audits/{told.audit}",
        "an audit that is planned": f"/audits/{due}",
        "a closed audit": f"/audits/{closed}",
        "findings": f"/audits/{told.audit}/findings",
        "findings of one kind": f"/audits/{told.audit}/findings?result=unknown&open=true",
        "signing an audit": f"/audits/{told.audit}/sign",
        "signatures": f"/audits/{closed}/sign",
        "findings to look after": "/audits/entrusted",
        "missing tubes": "/missing",
        "counting a box": f"/audits/{told.audit}/boxes/{told.boxes[2]}",
        "a counted box": f"/audits/{told.audit}/boxes/{told.boxes[0]}",
        "paper sheets": f"/audits/{told.audit}/paper",
        "a paper sheet": f"/audits/{told.audit}/paper?box={told.boxes[2]}",
        "rack files of an audit": f"/audits/{told.audit}/files",
        "accuracy": "/audits/trend",
        "how much is verified everywhere": "/coverage",
        "how much is verified": f"/coverage/{world.freezer()}",
        "how much of a rack is verified": f"/coverage/{rack_of(world)}",
    }
