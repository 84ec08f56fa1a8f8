"""Into the cold: the freezing time, the SPREC code and the limit, and the log that proves them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from biobank import clock, custody, participants, preanalytics, specimens, storage
from biobank.custody import Line
from biobank.errors import RuleBroken
from biobank.ledger import entries
from biobank.people import Actor, May
from biobank.specimens import NewSpecimen, Registration
from biobank.specimens.registering import registration_of
from biobank.tables import (
    Container,
    Deviation,
    Kept,
    Specimen,
    SpecimenKind,
)
from tests.course import DRAWN, MINUTE, Course, deviations, freezer_box, make, refs, specimen
from tests.world import MANAGER, World


def test_a_tube_put_into_the_cold_is_frozen_by_that_and_gets_its_code(world: World) -> None:
    course = Course(world)
    tubes = course.plasma()
    course.put(world.boxes()[0], tubes, after=60)
    for code in tubes:
        tube = specimen(world, code)
        assert tube.frozen_at == DRAWN + 60 * MINUTE
        assert (tube.sprec, tube.sprec_version) == ("PL1-PED-A-B-N-B-A", "4.0")
        assert refs(world, code)["sprec"] == tube.sprec
        assert refs(world, code)["times"] == custody.times_said(tube)
        assert deviations(world, code) == []
    assert world.unproved() == []


def test_the_time_is_kept_with_the_offset_it_was_told_with(world: World) -> None:
    (tube,) = Course(world).plasma(1)
    told = (DRAWN + 45 * MINUTE).astimezone(timezone(timedelta(hours=8)))
    order = storage.PutAway(box=world.boxes()[0], tubes=[tube], occurred=told)
    world.act(lambda s, a: storage.put_away(s, a, order))
    assert specimen(world, tube).frozen_offset == 8 * 60
    assert refs(world, tube)["times"]["frozen"] == entries.local_text(told)
    assert world.unproved() == []


def test_a_limit_that_was_passed_is_noted_once_and_stops_nobody(world: World) -> None:
    course = Course(world)
    (tube,) = course.plasma(1)
    first, second = world.boxes()[:2]
    course.put(first, [tube], after=12 + 10 + 61)
    assert deviations(world, tube) == [("late_freezing", 61, 60)]
    assert refs(world, tube)["deviations"] == [{"code": "late_freezing", "minutes": 61, "limit": 60}]
    assert specimen(world, tube).sprec == "PL1-PED-A-B-N-D-A"
    course.put(second, [tube])
    assert deviations(world, tube) == [("late_freezing", 61, 60)]
    assert world.unproved() == []


def test_the_limit_counts_from_the_end_of_the_last_spin(sqlite_world: World) -> None:
    course = Course(sqlite_world)
    (tube,) = course.plasma(1)
    course.put(sqlite_world.boxes()[0], [tube], after=12 + 10 + 60)
    assert deviations(sqlite_world, tube) == []


def test_the_limit_counts_from_the_draw_where_nothing_was_spun(sqlite_world: World) -> None:
    course = Course(sqlite_world)
    blood = course.tube("blood_edta", container="EDTA 10 mL")
    course.put(sqlite_world.boxes()[0], [blood], after=61)
    assert deviations(sqlite_world, blood) == [("late_freezing", 61, 60)]


def test_what_is_made_of_something_frozen_is_not_late_for_the_freezer(world: World) -> None:
    course = Course(world)
    blood = course.tube("blood_edta", container="EDTA 10 mL")
    course.spin(blood, 12)
    coat = course.tube("plasma_edta", blood, after=25)
    course.put(world.boxes()[0], [coat], after=40)
    order = specimens.Derivative(parent=coat, material="dna", amount="9 ug", processed=DRAWN + 400 * MINUTE)
    dna = world.act(lambda s, a: specimens.derive(s, a, order)).code
    course.put(world.boxes()[0], [dna], after=500)
    assert deviations(world, dna) == deviations(world, coat) == []
    assert world.unproved() == []


def test_a_tube_that_nobody_planned_has_no_limit_and_a_code_of_what_is_known(world: World) -> None:
    course = Course(world, planned=False)
    (tube,) = course.plasma(1)
    course.put(world.boxes()[0], [tube], after=300)
    assert specimen(world, tube).sprec == "PL1-PED-A-B-N-Z-A"
    assert deviations(world, tube) == []
    assert world.unproved() == []


def test_a_tube_of_which_nobody_noted_anything_gets_a_code_all_the_same(world: World) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    assert specimen(world, tube).sprec == "BLD-XXX-X-N-N-N-X"
    assert world.unproved() == []


def test_what_is_kept_in_its_own_vessel_says_so(world: World) -> None:
    course = Course(world)
    blood = course.tube("blood_edta", container="EDTA 10 mL")
    course.kept(blood, Kept.COLD)
    course.put(world.boxes()[0], [blood], after=30)
    assert specimen(world, blood).sprec == "BLD-PED-B-N-N-N-Y"
    assert world.unproved() == []


def test_spins_count_along_the_line_and_not_after_something_was_taken_of_it(world: World) -> None:
    course = Course(world)
    blood = course.tube("blood_edta", container="EDTA 10 mL")
    course.kept(blood)
    course.spin(blood, 12)
    once = course.tube("plasma_edta", blood, after=25)
    early = course.tube("plasma_edta", once, "PP 2 mL", after=30)
    course.spin(once, 40)
    late = course.tube("plasma_edta", once, "PP 2 mL", after=55)
    course.spin(blood, 56, number=2)
    course.put(world.boxes()[0], [early, late], after=60)
    codes = [specimen(world, tube).sprec for tube in (early, late)]
    assert codes == ["PL1-PED-A-B-N-B-A", "PL2-PED-A-B-Z-B-A"]
    assert world.unproved() == []


# --- again, and elsewhere ---


def test_a_tube_that_moves_in_the_same_cold_says_nothing_new(world: World) -> None:
    course = Course(world)
    (tube,) = course.plasma(1)
    first, second = world.boxes()[:2]
    course.put(first, [tube], after=60)
    course.put(second, [tube])
    assert set(refs(world, tube)) == {"left"}
    assert specimen(world, tube).frozen_at == DRAWN + 60 * MINUTE
    assert world.unproved() == []


def test_a_tube_that_moves_to_another_cold_gets_another_code_and_keeps_its_time(world: World) -> None:
    course = Course(world)
    (tube,) = course.plasma(1)
    course.put(world.boxes()[0], [tube], after=60)
    course.put(freezer_box(world, -20), [tube])
    assert specimen(world, tube).sprec == "PL1-PED-A-B-N-B-Z"
    assert specimen(world, tube).frozen_at == DRAWN + 60 * MINUTE
    assert set(refs(world, tube)) == {"left", "sprec"}
    assert world.unproved() == []


def test_a_freezing_time_that_was_told_before_is_kept_and_judged(world: World) -> None:
    visit = world.visit()
    new = NewSpecimen(material="blood_edta", amount="1 mL", collected=DRAWN, frozen=DRAWN + 5 * MINUTE)
    order = Registration(visit=visit, specimens=[new])
    made = world.act(lambda s, a: specimens.rows(s, specimens.register(s, a, order)))
    world.put(world.boxes()[0], [made[0].code])
    tube = specimen(world, made[0].code)
    assert (tube.frozen_at, tube.sprec) == (DRAWN + 5 * MINUTE, "BLD-XXX-X-N-N-N-Y")
    assert set(refs(world, tube.code)) == {"sprec"}
    assert world.unproved() == []


def old_box(world: World) -> str:
    """A box in a freezer that was made before anybody noted how cold it is."""
    box = make(world, "freezer-1")
    for kind in ("shelf-1", "rack-3", "box-9x9"):
        box = make(world, kind, into=box)
    return box


def test_a_tube_out_of_an_old_freezer_was_frozen_nobody_knows_when(world: World) -> None:
    course = Course(world)
    stays, out, fresh = course.plasma(3)
    course.put(old_box(world), [stays, out])
    course.put(make(world, "box-5x5"), [fresh])
    order = storage.TakeOut(tubes=[out])
    world.act(lambda s, a: storage.take_out(s, a, order))
    course.put(world.boxes()[0], [stays, out, fresh])
    course.put(world.boxes()[1], [stays])
    for tube in (stays, out):
        assert specimen(world, tube).frozen_at is None
        assert specimen(world, tube).sprec == "PL1-PED-A-B-N-X-A"
        assert deviations(world, tube) == []
    assert specimen(world, fresh).frozen_at is not None
    assert world.unproved() == []


def test_nothing_freezes_in_a_box_on_the_bench_in_a_fridge_or_where_nobody_said_how_cold(
    world: World,
) -> None:
    for box in (make(world, "box-5x5"), freezer_box(world, 4), old_box(world)):
        course = Course(world, pseudonym=f"D-{box}")
        (tube,) = course.plasma(1)
        course.put(box, [tube])
        assert specimen(world, tube).frozen_at is None
        assert specimen(world, tube).sprec == ""
        assert refs(world, tube) == {}
    assert world.unproved() == []


def test_the_nearest_container_that_says_so_tells_how_cold_it_is(sqlite_world: World) -> None:
    boxes = sqlite_world.boxes()[:2]

    def asked(session: Session) -> dict[UUID, int]:
        found = session.exec(select(Container).where(col(Container.code).in_(boxes))).all()
        next(each for each in found if each.code == boxes[0]).celsius = -20
        session.flush()
        keys = {each.code: each.id for each in found}
        told = preanalytics.celsius_of(session, keys.values())
        assert [told[keys[code]] for code in boxes] == [-20, -80]
        return preanalytics.celsius_of(session, [clock.new_key()])

    assert sqlite_world.database.write(asked) == {}


# --- times ---


def test_nothing_is_frozen_before_it_was_made(world: World) -> None:
    course = Course(world)
    (tube,) = course.plasma(1)
    with pytest.raises(RuleBroken) as refused:
        course.put(world.boxes()[0], [tube], after=29)
    assert (refused.value.slug, refused.value.facts["earlier"]) == ("times_out_of_order", "processed")
    assert specimen(world, tube).frozen_at is None


def test_what_a_bench_told_ahead_of_our_clock_is_frozen_no_earlier(world: World) -> None:
    course = Course(world)
    ahead = int((clock.now() + 2 * MINUTE - DRAWN) / MINUTE)  # a minute at least, which this test never takes
    tube = course.tube("blood_edta", after=ahead)
    course.put(world.boxes()[0], [tube])
    assert specimen(world, tube).frozen_at == DRAWN + ahead * MINUTE
    assert world.unproved() == []


# --- many at once ---


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def listen(*said: Any) -> None:
        sent.append(said[2])

    event.listen(world.database.writing, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(world.database.writing, "before_cursor_execute", listen)


def many(world: World, course: Course, count: int) -> list[str]:
    """So many aliquots of four tubes of blood, all of them late for the freezer."""

    def work(session: Session, actor: Actor) -> list[str]:
        visit, participant = participants.visit_by_code(session, actor, course.visit, May.REGISTER)
        lines: list[Line] = []
        for _ in range(4):
            blood = course._specimen(session, visit, participant, "blood_edta", None, "EDTA 10 mL", DRAWN)
            plasma = course._specimen(session, visit, participant, "plasma_edta", blood, "", DRAWN)
            made = [
                course._specimen(session, visit, participant, "plasma_edta", plasma, "PP 2 mL", DRAWN)
                for _ in range(count // 4)
            ]
            lines += [registration_of(each, amount=10**6) for each in (blood, plasma, *made)]
        custody.record_all(session, actor, lines)
        return [
            line.subject.code
            for line in lines
            if isinstance(line.subject, Specimen) and line.subject.kind is SpecimenKind.ALIQUOT
        ]

    return list(world.act(work))


def filled(world: World, freezer: str) -> Callable[[str, list[str]], None]:
    """A way to put tubes away: into one freezer, box after box."""

    def fill(_box: str, tubes: list[str]) -> None:
        world.act(lambda s, a: storage.fill_boxes(s, a, freezer, custody.load(s, a, tubes)))

    return fill


def test_a_rack_of_96_tubes_is_put_away_in_as_many_statements_as_one_of_twelve(world: World) -> None:
    course = Course(world)
    few, whole = many(world, course, 12), many(world, course, 96)
    sent = []
    for tubes in (few, whole):
        box = freezer_box(world, -80, "rack-8x12")
        with counted(world) as statements:
            course.put(box, tubes)
        sent.append(len(statements))
    assert sent[0] == sent[1] < 40
    for code in (few[0], whole[-1]):
        assert specimen(world, code).sprec == "XXX-PED-X-X-X-X-A"
        assert [name for name, _, _ in deviations(world, code)] == ["late_freezing"]
    assert world.unproved() == []


def test_many_tubes_that_fill_a_freezer_are_frozen_too_in_few_statements(world: World) -> None:
    course = Course(world)
    few, whole = many(world, course, 12), many(world, course, 96)
    fill = filled(world, world.freezer())
    sent = []
    for tubes in (few, whole):
        with counted(world) as statements:
            fill("", tubes)
        sent.append(len(statements))
    assert sent[0] == sent[1]
    late = world.database.read(lambda s: len(s.exec(select(Deviation.id)).all()))
    assert late == 12 + 96
    assert all(specimen(world, code).frozen_at for code in (few[0], whole[-1]))
    assert world.unproved() == []


def carry(world: World, box: str, into: str) -> None:
    order = storage.ContainerMove(container=box, into=into)
    world.act(lambda s, a: storage.move_container(s, a, order).code)


def test_a_box_filled_at_the_bench_and_carried_into_the_cold_freezes_what_is_in_it(world: World) -> None:
    order = storage.ContainerOrder(type="freezer-1", name="Fast freezer", site="BJ", celsius=-80)
    freezer = world.act(lambda s, a: storage.make_container(s, a, order).code, person=MANAGER)
    course, box, rack = Course(world), make(world, "box-5x5"), make(world, "rack-3")
    tubes = course.plasma(2)
    course.put(box, tubes)
    carry(world, box, rack)
    assert specimen(world, tubes[0]).frozen_at is None, "a rack on the bench is not cold"
    carry(world, rack, freezer)
    for tube in tubes:
        assert specimen(world, tube).frozen_at is not None
        assert specimen(world, tube).sprec.startswith("PL1-PED-A-B-N-")
    assert world.unproved() == []


def test_stock_without_any_time_of_its_own_was_frozen_nobody_knows_when(world: World) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    assert specimen(world, tube).frozen_at is None
    assert world.unproved() == []
