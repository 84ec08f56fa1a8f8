"""Audits in a small biobank, for tests: begun, counted, and how their lines ended."""

import base64
from collections.abc import Callable, Sequence
from datetime import date
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from biobank import audits
from biobank.audits import (
    AuditBoard,
    AuditChosen,
    AuditOrder,
    BoxCount,
    Counted,
    CountedByFile,
    Decide,
    SlotTold,
)
from biobank.errors import Refusal
from biobank.people import Actor
from biobank.tables import Audit, AuditDecision, AuditLine, Mark, Result, Specimen
from tests.world import MANAGER, World

DUE = date(2026, 12, 1)


def begun(world: World, **order: object) -> UUID:
    """An audit of the one freezer that has begun; its id."""
    told = AuditOrder.model_validate({"name": "Yearly", "container": world.freezer(), "due": DUE, **order})
    planned: Audit = world.act(lambda s, a: audits.plan(s, a, told), person=MANAGER)
    world.act(lambda s, a: audits.start(s, a, AuditChosen(audit=planned.id)), person=MANAGER)
    return planned.id


def counted(
    world: World, audit: UUID, box: str, *scans: tuple[str, str], person: str = MANAGER, **order: object
) -> BoxCount:
    """Scan so many slots of a box, and say that it is done; "" is an empty slot, "?" an unreadable code."""
    marks = {"": Mark.EMPTY, "?": Mark.UNREADABLE}
    told = [
        SlotTold(slot=slot or None, mark=marks.get(code, Mark.TUBE), code=None if code in marks else code)
        for slot, code in scans
    ]
    whole = Counted.model_validate({"audit": audit, "box": box, "scans": told, "done": True, **order})
    count: BoxCount = world.act(lambda s, a: audits.count(s, a, whole), person=person, answer=BoxCount)
    return count


def lines(world: World, audit: UUID) -> list[tuple[AuditLine, str]]:
    """The lines of an audit, each with our code of its tube, or what was read where it is nobody's."""

    def asked(session: Session, _: Actor) -> Sequence[tuple[AuditLine, str | None]]:
        found = select(AuditLine, Specimen.code).outerjoin(
            Specimen, col(Specimen.id) == col(AuditLine.specimen_id)
        )
        return session.exec(found.where(col(AuditLine.audit_id) == audit)).all()

    return [(line, code or line.text) for line, code in world.ask(asked, MANAGER)]


def results(world: World, audit: UUID) -> dict[str, Result | None]:
    """How each tube of an audit ended."""
    return {code: line.result for line, code in lines(world, audit)}


def refused(slug: str, work: Callable[[], object], field: str | None = None) -> None:
    """Nothing is done, for that reason, of that field."""
    with pytest.raises(Refusal) as refusal:
        work()
    assert (refusal.value.slug, refusal.value.field) == (slug, field)


def planned(world: World, person: str = MANAGER, **order: object) -> UUID:
    """An audit that has not begun; its id."""
    told = AuditOrder.model_validate({"name": "Yearly", "due": DUE, **order})
    return world.act(lambda s, a: audits.plan(s, a, told).id, person=person, answer=UUID)  # type: ignore[no-any-return]


def started(world: World, audit: UUID, person: str = MANAGER) -> None:
    """Its boxes can be counted from now on."""
    world.act(lambda s, a: audits.start(s, a, AuditChosen(audit=audit)), person=person)


def found(world: World, audit: UUID, *which: str) -> list[UUID]:
    """The lines that ended in one of these words, or are of one of these tubes."""
    return [line.id for line, code in lines(world, audit) if line.result in which or code in which]


def decided(world: World, audit: UUID, decision: AuditDecision, *which: str, reason: str = "") -> None:
    """The same decision of all these findings."""
    decided_lines(world, audit, decision, found(world, audit, *which), reason)


def decided_lines(
    world: World, audit: UUID, decision: AuditDecision, keys: Sequence[UUID], reason: str = ""
) -> None:
    """The same decision of all these lines."""
    order = Decide.model_validate(
        {"audit": audit, "lines": keys, "decision": decision, "reason": reason or None}
    )
    world.act(lambda s, a: audits.decide(s, a, order), person=MANAGER)


def by_file(world: World, audit: UUID, data: bytes, person: str = MANAGER, **order: object) -> BoxCount:
    """Count a box by the file of a rack scanner."""
    told = {"audit": audit, "content": base64.b64encode(data).decode(), "name": "rack.csv", **order}
    whole = CountedByFile.model_validate(told)
    count: BoxCount = world.act(
        lambda s, a: audits.count_by_file(s, a, whole), person=person, answer=BoxCount
    )
    return count


def seen(world: World, audit: UUID) -> AuditBoard:
    """The board of an audit."""
    return world.ask(lambda s, a: audits.board(s, a, audit), MANAGER)
