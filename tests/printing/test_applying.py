"""The gate: a label is on its tube when it was scanned there, and until then it waits."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Update, event, update
from sqlmodel import Session, col, select

from biobank import clock, custody, storage
from biobank.custody import Kind
from biobank.errors import NotFound, Refusal
from biobank.people import Actor
from biobank.printing import applying, copies
from biobank.printing.applying import LabelVoids
from biobank.printing.copies import Copies, Needs, Reason
from biobank.printing.ordering import JobMade, PrintOrder, print_labels
from biobank.printing.pending import unprinted
from biobank.storage.undoing import Undo, Undone, undo
from biobank.tables import LabelState, PrintedLabel
from tests import collected
from tests.pages.visitor import outcome, visit
from tests.printing.acts import applied, kinds, printed, states, waiting
from tests.world import OUTSIDER, World


def void(world: World, *labels: UUID, person: str = "technician") -> int:
    order = LabelVoids(labels=list(labels), reason=Reason.LOST)
    return world.act(lambda s, a: applying.void_labels(s, a, order), person=person, answer=int)  # type: ignore[no-any-return]


def row(world: World, code: str) -> PrintedLabel:
    asked = select(PrintedLabel).where(col(PrintedLabel.code) == code)
    return world.database.read(lambda session: session.exec(asked).one())


def refusal(work: Any, kind: type[Refusal] = Refusal) -> Refusal:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def test_a_printed_label_waits_until_its_code_is_scanned_on_its_tube(world: World) -> None:
    tubes = world.tubes(2)
    made = printed(world, *tubes)
    assert [(row.code, row.job, row.serial, row.of, row.sure) for row in waiting(world)] == [
        (tubes[0], made.job, 1, "specimen", True),
        (tubes[1], made.job, 2, "specimen", True),
    ]
    assert waiting(world, OUTSIDER) == []
    assert world.ask(applying.count_waiting) == 2
    assert applied(world, tubes[1]) == [True]
    assert world.database.read(lambda session: unprinted(session, tubes)) == []
    assert [row.code for row in waiting(world)] == [tubes[0]]
    assert applied(world, *tubes) == [True, False]
    assert world.ask(applying.count_waiting) == 0
    assert kinds(world, tubes[1]) == ["registered", "label_printed", "label_applied"]
    assert world.unproved() == []


def test_the_bench_takes_the_scan_of_a_tube_as_that_of_its_label_and_looking_up_does_not(
    world: World,
) -> None:
    stored, taken, typed, other = tubes = world.tubes(4)
    printed(world, *tubes)
    bench, box = visit(world), world.boxes()[0]
    bench.scan(stored)
    assert states(world, stored) == ["printed"]
    assert outcome(bench.scan(stored, "store", box)) == "ok"
    assert states(world, stored) == ["applied"]
    assert outcome(bench.scan(typed, "store", box, source="typed")) == "ok"
    assert states(world, typed) == ["printed"]
    world.put(box, [taken])
    assert outcome(bench.scan(taken, "take", box)) == "ok"
    assert outcome(bench.scan(taken, "store", box)) == "ok"
    assert kinds(world, taken) == [
        "registered",
        "label_printed",
        "placed",
        "taken_out",
        "label_applied",
        "placed",
    ]
    assert [row.code for row in waiting(world)] == [typed, other]
    assert world.unproved() == []


def test_undoing_takes_the_tube_out_of_its_box_and_not_the_label_off_it(world: World) -> None:
    (tube,) = world.tubes(1)
    printed(world, tube)
    command = clock.new_key()
    visit(world).post(
        "/bench/scans",
        {"scan": tube, "mode": "store", "box": world.boxes()[0], "source": "scan", "corrected": "false"},
        str(command),
    )
    assert states(world, tube) == ["applied"]
    world.act(lambda s, a: undo(s, a, Undo(command=command)), answer=Undone)
    assert world.ask(lambda s, a: storage.box_map(s, a, world.boxes()[0])).used == 0
    assert states(world, tube) == ["applied"]
    assert world.unproved() == []


def test_a_copy_that_is_left_over_is_applied_by_no_further_scan(world: World) -> None:
    (tube,) = world.tubes(1)
    printed(world, tube, copies=2, reason="other")
    assert [applied(world, tube), applied(world, tube)] == [[True], [False]]
    (left,) = waiting(world)
    assert void(world, left.label) == 1
    assert "Label thrown away, or not printed" in visit(world).get(f"/specimens/{tube}").text
    assert world.database.read(lambda session: unprinted(session, [tube])) == []
    assert void(world, left.label) == 0
    assert waiting(world) == []
    assert world.ask(lambda s, a: copies.live(s, a, [tube])) == [Copies(tube, 1, 1, Needs.MANAGER)]
    assert kinds(world, tube).count("label_printed") == 3  # both, and that one is no more
    assert world.unproved() == []


def test_the_label_of_a_tube_is_applied_before_that_of_its_cap(world: World) -> None:
    (tube,) = world.tubes(1)
    printed(world, tube)
    printed(world, tube, of="cap")
    applied(world, tube)
    assert [row.of for row in waiting(world)] == ["cap"]
    applied(world, tube)
    assert waiting(world) == []
    assert world.unproved() == []


def test_the_labels_of_a_kit_wait_for_what_was_collected_and_ticking_applies_them(world: World) -> None:
    collected.adopt(world)
    made = collected.kit_labels(world)
    world.printed(made)
    at = collected.enrol(world)
    blood, _plasma, *tubes = collected.begin(world, at, made.first)
    assert waiting(world) == []
    collected.tick(world, at, blood)
    assert [row.code for row in waiting(world)] == [blood]
    told = {"source": "scan", "corrected": "false"}
    visit(world).post(f"/visits/{at}/scans", {"scan": tubes[0], **told})
    visit(world).post(f"/visits/{at}/scans", {"scan": tubes[1], **told, "source": "typed"})
    assert [states(world, tube) for tube in (blood, *tubes[:2])] == [["printed"], ["applied"], ["printed"]]
    assert {row.code for row in waiting(world)} == {blood, tubes[1]}
    assert world.unproved() == []


def test_what_is_not_printed_or_not_ones_own_to_see_is_not_voided(world: World) -> None:
    (tube,) = world.tubes(1)
    order = PrintOrder(codes=[tube])
    world.act(lambda s, a: print_labels(s, a, order), answer=JobMade)
    label = row(world, tube).id
    early = refusal(lambda: void(world, label))
    assert (early.slug, early.field) == ("label_not_printed", "labels")
    assert refusal(lambda: void(world, label, person=OUTSIDER), NotFound).slug == "label_not_found"
    assert refusal(lambda: void(world, clock.new_key()), NotFound).slug == "label_not_found"


def test_a_label_printed_before_there_were_rows_is_a_copy_all_the_same(world: World) -> None:
    fresh, stored = world.tubes(2)

    def as_before(session: Session, actor: Actor) -> None:
        for tube in custody.load(session, actor, [fresh, stored]):
            custody.record(session, actor, tube, Kind.LABEL_PRINTED, refs={"stock": "herma-4100"})

    world.act(as_before)
    world.put(world.boxes()[0], [stored])
    assert world.ask(lambda s, a: copies.live(s, a, [fresh, stored])) == [
        Copies(fresh, 1, 0, Needs.REASON),
        Copies(stored, 1, 1, Needs.MANAGER),
    ]
    printed(world, fresh, reason="lost")
    assert world.ask(lambda s, a: copies.live(s, a, [fresh]))[0].copies == 2
    assert world.unproved() == []


def test_a_scan_of_a_tube_without_a_waiting_label_costs_one_statement(world: World) -> None:
    tubes = world.tubes(8)
    statements: list[str] = []

    def work(session: Session, actor: Actor) -> None:
        event.listen(session.connection(), "before_cursor_execute", lambda *told: statements.append(told[2]))
        assert applying.apply_scanned(session, actor, tubes) == {}
        assert applying.apply_scanned(session, actor, []) == {}
        assert len(statements) == 1

    world.act(work)


def test_the_log_is_held_against_every_label(world: World) -> None:
    tubes = world.tubes(3)
    printed(world, *tubes)
    applied(world, tubes[0])
    assert world.unproved() == []

    def write(statement: Update) -> None:
        world.database.write(lambda session: session.connection().execute(statement).rowcount)

    def forge(code: str, **values: Any) -> set[str]:
        """What is found wrong with a label whose row says something else."""
        changed = update(PrintedLabel).where(col(PrintedLabel.code) == code)
        before = row(world, code)
        write(changed.values(**values))
        found = {each.what for each in world.unproved()}
        write(changed.values(state=before.state, event_id=before.event_id))
        return found

    assert forge(tubes[1], state=LabelState.APPLIED) == {"the log does not say that it is on its tube"}
    assert "the log does not say that it was printed" in forge(tubes[1], event_id=None)
    assert forge(tubes[0], state=LabelState.PRINTED) == {"entry 3 tells of no label that is on it"}
    assert forge(tubes[1], event_id=row(world, tubes[2]).event_id) == {
        "its event does not say that it was printed",
        "entry 2 tells of no label that is there",
    }
    assert world.unproved() == []
