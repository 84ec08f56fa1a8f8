"""An audit from its plan to the judged box: what is found, what is not, and what was moved meanwhile."""

from datetime import date
from uuid import UUID

from sqlmodel import col, select

from biobank import audits
from biobank.audits.counting import Count, Counted, Told
from biobank.audits.planning import AuditOrder
from biobank.tables import Audit, AuditLine, Mark, Result
from tests.world import MANAGER, World

DUE = date(2026, 12, 1)


def begun(world: World, **order: object) -> UUID:
    """An audit of the one freezer that has begun; its id."""
    told = AuditOrder.model_validate({"name": "Yearly", "container": world.freezer(), "due": DUE, **order})
    planned: Audit = world.act(lambda s, a: audits.plan(s, a, told), person=MANAGER)
    world.act(lambda s, a: audits.start(s, a, audits.AuditChosen(audit=planned.id)), person=MANAGER)
    return planned.id


def counted(world: World, audit: UUID, box: str, *scans: tuple[str, str], person: str = MANAGER) -> Count:
    """Scan so many slots of a box, and say that it is done; "" is an empty slot, "?" an unreadable code."""
    marks = {"": Mark.EMPTY, "?": Mark.UNREADABLE}
    told = [
        Told(slot=slot, mark=marks.get(code, Mark.TUBE), code=None if code in marks else code)
        for slot, code in scans
    ]
    order = Counted(audit=audit, box=box, scans=told, done=True)
    return world.act(lambda s, a: audits.count(s, a, order), person=person, answer=Count)


def results(world: World, audit: UUID) -> dict[str, Result | None]:
    """How each tube of an audit ended, by its code; a code that is nobody's by itself."""

    def asked(session: object, _: object) -> dict[str, Result | None]:
        from biobank.tables import Specimen

        rows = session.exec(  # type: ignore[attr-defined]
            select(AuditLine, Specimen.code)
            .outerjoin(Specimen, col(Specimen.id) == col(AuditLine.specimen_id))
            .where(col(AuditLine.audit_id) == audit)
        )
        return {code or line.text: line.result for line, code in rows}

    return world.ask(asked, MANAGER)


def test_every_way_in_which_a_slot_ends_is_told(world: World) -> None:
    first, second, third, fourth, fifth, sixth, *_ = tubes = world.tubes(8)
    box, other, _ = world.boxes()
    world.put(box, tubes[:5])
    world.put(other, tubes[5:7])
    audit = begun(world)
    count = counted(
        world,
        audit,
        box,
        ("A1", first),
        ("A2", third),  # its record has it at A3
        ("A3", ""),
        ("A4", "?"),
        ("A5", "NOBODYS"),
        ("A6", sixth),  # its record has it in the other box
        ("A7", tubes[7]),  # it has no place at all
        ("A8", first),
        ("A9", ""),
    )
    assert results(world, audit) == {
        first: Result.DUPLICATE,
        second: Result.MISSING,
        third: Result.WRONG_SLOT,
        fourth: Result.UNREADABLE,
        fifth: Result.UNKNOWN,
        sixth: Result.WRONG_CONTAINER,
        tubes[6]: None,
        tubes[7]: Result.UNEXPECTED,
    }
    assert count.results["empty"] == 81 - 8
    assert world.unproved() == []


def test_what_is_moved_by_the_log_while_the_audit_runs_is_no_finding(world: World) -> None:
    tubes = world.tubes(6)
    box, other, third = world.boxes()
    world.put(box, tubes[:4])
    world.put(other, tubes[4:5])
    audit = begun(world)
    world.put(third, tubes[:1])  # away before its box was counted
    world.put(box, tubes[5:], "I9")  # new, before its box was counted
    counted(world, audit, box, ("A2", tubes[1]), ("A3", tubes[2]), ("A4", tubes[3]), ("I9", tubes[5]))
    world.put(other, tubes[1:2])  # away after it was counted, to a box that is not
    counted(world, audit, other, ("A1", tubes[4]), ("A2", tubes[1]))
    counted(world, audit, third, ("A1", tubes[0]))
    assert set(results(world, audit).values()) == {Result.FOUND}
    assert world.unproved() == []
