"""Undo: everything is as it was before, and the log holds both what was done and that it was taken back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from biobank import clock, custody, specimens, storage
from biobank.custody import Kind
from biobank.errors import Conflict, NotFound, Refusal, RuleBroken
from biobank.ledger import entries
from biobank.people import Actor
from biobank.storage import Act, Going, Rearrangement, Reseat, Undo, Undone
from biobank.tables import Container, CustodyEvent, CustodySubject, Deviation, Placement, Specimen
from tests.course import Course
from tests.test_storage import bring_back, inside, make, move, rack_of, refusal, shelf_of, slots, take_out
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def acts(world: World, person: str = TECHNICIAN, limit: int = 20) -> list[Act]:
    return world.ask(lambda s, a: storage.last_acts(s, a, limit), person)


def undo(world: World, command: UUID, person: str = TECHNICIAN) -> Undone:
    order = Undo(command=command)
    return world.act(lambda s, a: storage.undo(s, a, order), person=person)  # type: ignore[no-any-return]


def undo_last(world: World) -> Undone:
    return undo(world, acts(world)[0].command)


def words(said: Any) -> str:
    return str(said.message % said.facts)


def everything(world: World) -> dict[str, Any]:
    """What the tables say of tubes, containers, slots and deviations, and every state of the log."""

    def look(session: Session) -> dict[str, Any]:
        newest = select(CustodyEvent.subject_id, CustodyEvent.entry).join(
            CustodySubject, col(CustodySubject.id) == col(CustodyEvent.subject_id)
        )
        newest = newest.where(col(CustodyEvent.number) == col(CustodySubject.number))
        stands = session.exec(select(Placement)).all()
        return {
            "states": {key: entries.state_after(entry) for key, entry in session.exec(newest)},
            "tubes": {row.id: row.model_dump() for row in session.exec(select(Specimen))},
            "containers": {row.id: row.model_dump() for row in session.exec(select(Container))},
            "slots": {
                (row.container_id, row.row, row.col): (row.specimen_id, row.child_id, row.keep_id is None)
                for row in stands
            },
            "deviations": sorted(str(row.id) for row in session.exec(select(Deviation))),
        }

    return world.database.read(look)


class Bench:
    """A furnished bench: four tubes of which one is stored, one is out and two are new; a rack to move to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.course = Course(world)
        self.tubes = self.course.plasma(4)
        self.one, self.two = world.boxes()[:2]
        self.rack = make(world, "rack-3", site="BJ")
        self.bench_box = make(world, "box-9x9", site="BJ")
        self.course.put(self.one, self.tubes[:2], after=30)
        take_out(world, self.tubes[1])


def _put(bench: Bench) -> None:
    bench.world.put(bench.one, bench.tubes[2:], None)


def _put_late(bench: Bench) -> None:
    """Past the limit of the protocol: a deviation, a freezing time and a code come of it."""
    bench.course.put(bench.two, bench.tubes[2:], after=500)


def _move(bench: Bench) -> None:
    bench.world.put(bench.two, bench.tubes[:1], slot="C3")


def _take(bench: Bench) -> None:
    take_out(bench.world, bench.tubes[0])


def _bring_back(bench: Bench) -> None:
    """Out for hours: it has thawed."""
    later = clock.now() + timedelta(hours=3)
    clock.set_clock(lambda: later)
    bring_back(bench.world, bench.tubes[1])


def _put_elsewhere(bench: Bench) -> None:
    bench.world.put(bench.two, [bench.tubes[1]])


def _sight(bench: Bench) -> None:
    bench.world.put(bench.one, [bench.tubes[0]])


def _rearrange(bench: Bench) -> None:
    order = Rearrangement(
        moves=[
            Going(tube=bench.tubes[0], box=bench.one, slot="A2"),
            Going(tube=bench.tubes[1], box=bench.one, slot="A1"),
            Going(tube=bench.tubes[2], box=bench.two, slot="I9"),
        ]
    )
    bench.world.act(lambda s, a: storage.rearrange(s, a, order))


def _reseat(bench: Bench) -> None:
    order = Reseat(box=bench.one, tubes=["", "", bench.tubes[0]])
    bench.world.act(lambda s, a: storage.reseat(s, a, order))


def _move_box(bench: Bench) -> None:
    move(bench.world, bench.one, bench.rack)


def _carry_into_the_cold(bench: Bench) -> None:
    """A box that was filled at the bench freezes what is in it when it is carried into the freezer."""
    bench.world.put(bench.bench_box, bench.tubes[2:])
    move(bench.world, bench.two, bench.rack)
    bench.before = everything(bench.world)  # type: ignore[attr-defined]
    move(bench.world, bench.bench_box, rack_of(bench.world))


ACTS: list[Callable[[Bench], None]] = [
    _put,
    _put_late,
    _move,
    _take,
    _bring_back,
    _put_elsewhere,
    _sight,
    _rearrange,
    _reseat,
    _move_box,
    _carry_into_the_cold,
]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__.strip("_"))
def test_what_was_undone_is_as_if_it_had_never_been(world: World, act: Callable[[Bench], None]) -> None:
    bench = Bench(world)
    before = everything(world)
    with clock.restored():
        act(bench)
        before = getattr(bench, "before", before)
        assert everything(world) != before
        assert world.unproved() == []
        undo_last(world)
        assert everything(world) == before
        assert world.unproved() == []
        assert acts(world)[0].undone


def test_a_thaw_goes_with_the_return_that_told_of_it(world: World) -> None:
    bench = Bench(world)
    with clock.restored():
        _bring_back(bench)
        card = world.ask(lambda s, a: specimens.card(s, a, bench.tubes[1]))
        assert (card.thaws, card.exposure_s >= 3 * 3600) == (1, True)
        undo_last(world)
        card = world.ask(lambda s, a: specimens.card(s, a, bench.tubes[1]))
        assert (card.thaws, card.exposure_s, card.custody) == (0, 0, "out")
    assert world.unproved() == []


def test_the_history_keeps_both_and_links_them(world: World) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    undo_last(world)

    def lines(session: Session, actor: Actor) -> Any:
        key = session.exec(select(Specimen.id).where(col(Specimen.code) == tube)).one()
        return custody.history(session, key)

    placed, back = world.ask(lines)[-2:]
    assert (placed.undone_by, back.undoes, back.corrects) == (str(back.id), str(placed.id), str(placed.id))
    assert (placed.undoes, back.undone_by, back.change) == (None, None, {"place": None})
    rows = world.ask(lambda s, a: specimens.timeline(s, a, tube))
    assert [row.undone for row in rows] == [False, True, False]
    assert rows[-1].corrects == str(placed.id)


def test_acts_are_undone_one_after_the_other_and_each_once(world: World) -> None:
    (tube,) = world.tubes(1)
    one, two = world.boxes()[:2]
    world.put(one, [tube])
    world.put(two, [tube])
    take_out(world, tube)
    before = acts(world)
    assert [words(act.said) for act in before[:3]] == [
        f"{tube[:4]} {tube[4:8]} {tube[8:]}: Taken out",
        f"{tube[:4]} {tube[4:8]} {tube[8:]} moved: Box 2 · A1",
        f"{tube[:4]} {tube[4:8]} {tube[8:]} stored: Box 1 · A1",
    ]
    assert [act.in_the_way is None for act in before[:3]] == [True, False, False]
    refused = refusal(lambda: undo(world, before[1].command))
    assert refused.slug == "not_undoable"
    assert "Taken out" in str(refused)
    for act in before[:3]:
        assert undo(world, act.command).command == act.command
    assert slots(world, one) == slots(world, two) == {}
    assert [act.undone for act in acts(world)[:3]] == [True, True, True]
    assert refusal(lambda: undo(world, before[0].command)).slug == "not_undoable"
    world.put(one, [tube], slot="B2")
    assert words(acts(world)[0].said).endswith("stored: Box 1 · B2")
    assert world.unproved() == []


def test_an_undo_is_no_act_and_cannot_be_undone(world: World) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    command = clock.new_key()
    order = Undo(command=acts(world)[0].command)
    world.act(lambda s, a: storage.undo(s, a, order), command=command)
    assert command not in [act.command for act in acts(world)]
    assert refusal(lambda: undo(world, command), RuleBroken).slug == "not_undoable"


def test_a_slot_that_another_tube_has_taken_meanwhile_stops_an_undo(world: World) -> None:
    first, second = world.tubes(2)
    one, two = world.boxes()[:2]
    world.put(one, [first])
    world.put(two, [first])
    moved = acts(world)[0]
    world.put(one, [second], slot="A1")
    refused = refusal(lambda: undo(world, moved.command))
    assert (refused.slug, second[:4] in str(refused)) == ("not_undoable", True)
    take_out(world, second)
    assert refusal(lambda: undo(world, moved.command)).slug == "not_undoable"
    assert slots(world, two) == {"A1": first}
    assert world.unproved() == []


def test_what_was_no_move_is_listed_and_not_undone(world: World) -> None:
    tubes = world.tubes(2)
    act = acts(world)[0]
    assert act.in_the_way is not None
    refused = refusal(lambda: undo(world, act.command), RuleBroken)
    assert (refused.slug, str(refused)) == ("not_undoable", words(act.in_the_way))
    assert len(world.ask(lambda s, a: specimens.timeline(s, a, tubes[0]))) == 1


def test_only_ones_own_acts_of_this_shift_are_undone(world: World) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    done = acts(world)[0].command
    for person in (MANAGER, OUTSIDER):
        assert done not in [act.command for act in acts(world, person)]
        with pytest.raises(NotFound) as unknown:
            undo(world, done, person)
        assert unknown.value.slug == "act_not_found"
    assert refusal(lambda: undo(world, clock.new_key()), NotFound).slug == "act_not_found"
    with clock.restored():
        later = datetime.now(UTC) + timedelta(hours=8, minutes=1)
        clock.set_clock(lambda: later)
        assert acts(world) == []
        refused = refusal(lambda: undo(world, done), Refusal)
    assert refused.slug == "not_undoable"


def test_many_tubes_are_one_act_and_one_undo(world: World) -> None:
    tubes = world.tubes(5)
    one, two = world.boxes()[:2]
    world.put(one, tubes)
    assert words(acts(world)[0].said) == "5 tubes stored in Box 1"
    order = Rearrangement(
        moves=[Going(tube=tube, box=two if at else one, slot="I9") for at, tube in enumerate(tubes[:2])]
    )
    world.act(lambda s, a: storage.rearrange(s, a, order))
    assert words(acts(world)[0].said) == "2 tubes stored in several boxes"
    assert [stored.slot for stored in undo_last(world).places] == ["A1", "A2"]
    take_out(world, *tubes)
    assert words(acts(world)[0].said) == "5 tubes: Taken out"
    bring_back(world, *tubes[:1])
    assert words(acts(world)[0].said).endswith("brought back: Box 1 · A1")
    assert acts(world, limit=2)[1].in_the_way is not None
    assert world.unproved() == []


def test_a_moved_box_is_an_act_and_comes_back_only_into_a_free_slot(world: World) -> None:
    box, other = world.boxes()[:2]
    move(world, box, make(world, "rack-3", site="BJ", name="Rack 9"))
    done = acts(world)[0]
    assert words(done.said) == "Box 1 moved into Rack 9"
    move(world, other, rack_of(world), "1")
    refused = refusal(lambda: undo(world, done.command), Conflict)
    assert (refused.slug, other[:4] in str(refused)) == ("not_undoable", True)
    undo_last(world)
    undone = undo(world, done.command)
    assert [(stored.code, stored.slot) for stored in undone.places] == [(box, "1")]
    assert inside(world, shelf_of(world)) == rack_of(world)
    assert world.unproved() == []


def test_a_later_event_of_another_person_is_named(world: World) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    done = acts(world)[0].command

    def end(session: Session, actor: Actor) -> None:
        specimen = custody.load(session, actor, [tube])[0]
        custody.record(session, actor, specimen, Kind.ENDED, change={"life": "ended", "end_reason": "lost"})

    world.act(end, person=MANAGER)
    refused = refusal(lambda: undo(world, done))
    assert refused.facts["person"] == MANAGER
    assert "Ended" in str(refused)
