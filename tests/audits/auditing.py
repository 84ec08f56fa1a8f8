"""Audits in a small biobank, for tests: begun, counted, and how their lines ended."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import Session, col, select

from biobank import audits
from biobank.audits import AuditChosen, AuditOrder, BoxCount, Counted, Told
from biobank.people import Actor
from biobank.tables import Audit, AuditLine, Mark, Result, Specimen
from tests.world import MANAGER, World

DUE = date(2026, 12, 1)


def begun(world: World, **order: object) -> UUID:
    """An audit of the one freezer that has begun; its id."""
    told = AuditOrder.model_validate({"name": "Yearly", "container": world.freezer(), "due": DUE, **order})
    planned: Audit = world.act(lambda s, a: audits.plan(s, a, told), person=MANAGER)
    world.act(lambda s, a: audits.start(s, a, AuditChosen(audit=planned.id)), person=MANAGER)
    return planned.id


def counted(world: World, audit: UUID, box: str, *scans: tuple[str, str], person: str = MANAGER) -> BoxCount:
    """Scan so many slots of a box, and say that it is done; "" is an empty slot, "?" an unreadable code."""
    marks = {"": Mark.EMPTY, "?": Mark.UNREADABLE}
    told = [
        Told(slot=slot, mark=marks.get(code, Mark.TUBE), code=None if code in marks else code)
        for slot, code in scans
    ]
    order = Counted(audit=audit, box=box, scans=told, done=True)
    count: BoxCount = world.act(lambda s, a: audits.count(s, a, order), person=person, answer=BoxCount)
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
