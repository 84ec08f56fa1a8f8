"""Sheets entered later: ticks, what stood there instead, and what was not there."""

from uuid import UUID

import pytest
from sqlmodel import Session, select

from biobank import audits, clock
from biobank.audits import BoxCount, CountedOnPaper, Entered
from biobank.errors import Refusal, Refusals
from biobank.labels.cards import Card
from biobank.people import Actor
from biobank.tables import AuditScan, BoxState, Mark, Result, ScanSource
from tests.audits.auditing import begun, counted, results
from tests.test_storage import make
from tests.world import MANAGER, World


def sheet(world: World, audit: UUID, box: str) -> dict[str, str]:
    """The codes of the lines of a box, by slot; where there are none, by tube."""
    _, boxes = world.ask(lambda s, a: _lines(s, a, audit, box), MANAGER)
    (told,) = boxes
    return {line.slot or line.tube: audits.line_code(told.position, line.number) for line in told.lines}


def _lines(session: Session, actor: Actor, audit: UUID, box: str) -> tuple[object, list[audits.PaperBox]]:
    paper, boxes = audits.paper_of(session, actor, audit, [box])
    return paper, list(boxes)


def order(audit: UUID, box: str, *entries: str, rest: bool = False) -> CountedOnPaper:
    entered = "\n".join(entries)
    return CountedOnPaper(audit=audit, box=box, entries=entered, rest_absent=rest, occurred=clock.now())


def enter(world: World, audit: UUID, box: str, *entries: str, rest: bool = False) -> BoxCount:
    told = order(audit, box, *entries, rest=rest)
    count: BoxCount = world.act(
        lambda s, a: audits.count_on_paper(s, a, told), person=MANAGER, answer=BoxCount
    )
    return count


def looked_at(world: World, audit: UUID, box: str, *entries: str) -> Entered:
    return world.ask(lambda s, a: audits.entered(s, a, order(audit, box, *entries)), MANAGER)


def scans(world: World) -> list[AuditScan]:
    return list(world.ask(lambda s, _: s.exec(select(AuditScan)).all(), MANAGER))


def test_a_sheet_is_entered_line_by_line_and_the_rest_was_not_there(world: World) -> None:
    tubes = world.tubes(6)
    box, *_ = world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    lines = sheet(world, audit, box)
    assert len(lines) == 81
    entries = [
        box,
        lines["A1"],
        lines["A2"],
        tubes[2],  # written beside the line: its record has it at A3
        lines["A4"],
        "?",
        "A5 -",
        "a6",  # ticked without a scanner
    ]
    seen = looked_at(world, audit, box, *entries)
    assert [each.line.slot for each in seen.lines if each.ticked] == ["A1", "A6"]
    assert (seen.left, seen.faults, seen.ends) == (81 - 5, [], False)
    began = clock.now()
    count = enter(world, audit, box, *entries, rest=True)
    assert count.state is BoxState.COUNTED
    assert results(world, audit) == {
        tubes[0]: Result.FOUND,
        tubes[1]: Result.MISSING,
        tubes[2]: Result.WRONG_SLOT,
        tubes[3]: Result.UNREADABLE,
        tubes[4]: Result.MISSING,
        tubes[5]: Result.FOUND,
    }
    assert {scan.source for scan in scans(world)} == {ScanSource.PAPER}
    (when,) = {scan.scanned_at for scan in scans(world)}
    assert began <= when <= clock.now()
    assert world.unproved() == []


def test_what_is_left_keeps_the_box_open_until_the_rest_is_told(world: World) -> None:
    tubes = world.tubes(3)
    box, *_ = world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    lines = sheet(world, audit, box)
    assert enter(world, audit, box, lines["A1"]).state is BoxState.COUNTING
    assert results(world, audit) == dict.fromkeys(tubes)
    seen = looked_at(world, audit, box)
    assert (seen.left, seen.state) == (80, BoxState.COUNTING)
    assert next(each for each in seen.lines if each.line.slot == "A1").before
    enter(world, audit, box, lines["A2"], rest=True)
    # What was scanned before the rest was said to be absent stays found.
    assert list(results(world, audit).values()) == [Result.FOUND, Result.FOUND, Result.MISSING]
    assert world.unproved() == []


def test_a_box_is_done_once_each_of_its_lines_is_told(sqlite_world: World) -> None:
    world = sqlite_world
    tubes = world.tubes(2)
    box, *_ = world.boxes()
    world.put(box, tubes)
    audit = begun(world, blind=True)
    lines = sheet(world, audit, box)
    entries = [each for code in list(lines.values())[2:] for each in (code, Card.EMPTY_HERE.value)]
    count = enter(world, audit, box, f"A1: {tubes[0]}", lines["A2"], tubes[1], *entries)
    assert count.state is BoxState.COUNTED
    assert count.results == {"found": 2, "empty": 79}
    assert world.unproved() == []


def test_a_bag_is_ticked_tube_by_tube_and_what_lies_in_it_besides_is_written(world: World) -> None:
    tubes = world.tubes(4)
    bag = make(world, "bag", site="BJ")
    world.put(bag, tubes[:3])
    audit = begun(world, container=bag)
    lines = sheet(world, audit, bag)
    assert set(lines) == set(tubes[:3])
    entries = [lines[tubes[0]], tubes[3], "NOBODYS"]
    assert enter(world, audit, bag, *entries).state is BoxState.COUNTING
    assert enter(world, audit, bag, lines[tubes[1]], rest=True).state is BoxState.COUNTED
    assert results(world, audit) == {
        tubes[0]: Result.FOUND,
        tubes[1]: Result.FOUND,
        tubes[2]: Result.MISSING,
        tubes[3]: Result.UNEXPECTED,
        "NOBODYS": Result.UNKNOWN,
    }
    assert world.unproved() == []


def test_whatever_cannot_be_used_is_told_with_its_line_and_nothing_is_kept(sqlite_world: World) -> None:
    world = sqlite_world
    tubes = world.tubes(2)
    box, other, _ = world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    lines, others = sheet(world, audit, box), sheet(world, audit, other)
    entries = [other, others["A1"], tubes[0], lines["A1"], Card.DONE.value, "", lines["A2"], "x" * 101]
    with pytest.raises(Refusals) as refused:
        enter(world, audit, box, *entries, rest=True)
    assert refused.value.slug == "entries_unusable"
    assert [(each.slug, each.line) for each in refused.value.each] == [
        ("entry_unusable", line) for line in (1, 2, 3, 5, 8)
    ]
    assert scans(world) == []
    with pytest.raises(Refusal) as nothing:
        enter(world, audit, box, box)
    assert nothing.value.slug == "nothing_entered"


def test_a_line_of_a_blind_sheet_says_what_stood_there(sqlite_world: World) -> None:
    world = sqlite_world
    box, *_ = world.boxes()
    world.put(box, world.tubes(1))
    audit = begun(world, blind=True)
    lines = sheet(world, audit, box)
    seen = looked_at(world, audit, box, lines["A1"], lines["A2"], "-")
    assert [fault.line for fault in seen.faults] == [1]
    assert all(not each.line.tube for each in seen.lines)


def test_a_sheet_of_all_boxes_leaves_out_those_that_are_counted(world: World) -> None:
    box, other, third = world.boxes()
    world.put(box, world.tubes(1))
    audit = begun(world)
    counted(world, audit, other, ("A1", ""))

    def boxes(session: Session, actor: Actor) -> list[str]:
        return [each.code for each in audits.paper_of(session, actor, audit)[1]]

    assert world.ask(boxes, MANAGER) == [box, third]


def test_the_lines_of_a_sample_are_those_that_were_drawn(sqlite_world: World) -> None:
    world = sqlite_world
    box, *_ = world.boxes()
    world.put(box, world.tubes(20))
    audit = begun(world, method="sample", limit="20", confidence="50")
    lines = sheet(world, audit, box)
    assert 0 < len(lines) < 20
    count = enter(world, audit, box, *lines.values())
    assert (count.state, count.results) == (BoxState.COUNTED, {"found": len(lines)})
    assert {scan.mark for scan in scans(world)} == {Mark.TUBE}
