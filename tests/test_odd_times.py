"""Days and times that nobody expects: told late, told twice, told of a century ago."""

from datetime import date, timedelta

from biobank import clock, inputs, participants, progress, specimens, storage
from biobank.participants import EnrolmentDateOrder
from tests.collected import begun, refusal, seen, tick
from tests.test_planning import (
    EVENTS,
    adopt,
    change,
    collect,
    enrol,
    miss,
    open_visit,
    protocol,
    row,
    shown,
)
from tests.world import MANAGER, World


def test_a_missed_visit_that_is_opened_again_stands_on_the_days_its_anchor_gives_it_now(
    world: World,
) -> None:
    adopt(world, protocol(*EVENTS))
    miss(world, row(enrol(world), "M1").code)
    change(world, participants.set_enrolment_date, EnrolmentDateOrder, enrolled_on="2026-02-10")
    open_visit(world, event="M1")
    again = row(shown(world), "M1")
    assert (again.status, again.planned_on) == ("planned", date(2026, 3, 10))
    assert (again.opens_on, again.closes_on) == (date(2026, 3, 3), date(2026, 3, 17))
    assert world.unproved() == []


def test_a_missed_visit_that_is_opened_again_follows_the_version_in_force(world: World) -> None:
    adopt(world, protocol(*EVENTS))
    visit = row(enrol(world), "M3").code
    miss(world, visit)
    later = [each.replace("before=14 after=14", "before=14 after=14 collects=['blood']") for each in EVENTS]
    adopt(world, protocol(*later))
    open_visit(world, event="M3")
    order = specimens.Begin(visit=visit)
    made = world.act(lambda s, a: [tube.material for tube in specimens.begin(s, a, order)])
    assert made == ["blood_edta"]
    assert world.unproved() == []


def test_the_time_told_of_a_planned_visit_is_kept(world: World) -> None:
    adopt(world, protocol(*EVENTS))
    enrol(world)
    open_visit(world, event="M1", took_place="2026-03-01T09:00:00+08:00")
    told = row(shown(world), "M1").took_place
    assert told is not None
    assert told.isoformat() == "2026-03-01T01:00:00+00:00"
    assert world.unproved() == []


def test_nobody_is_enrolled_after_what_was_collected(world: World) -> None:
    adopt(world, protocol(*EVENTS))
    collect(world, row(enrol(world), "BL").code, "2026-02-01T09:00:00+08:00")

    def enrolled_on(day: str) -> None:
        change(world, participants.set_enrolment_date, EnrolmentDateOrder, enrolled_on=day)

    refused = refusal(lambda: enrolled_on("2026-02-02"))
    assert (refused.slug, refused.field) == ("visit_before_enrolment", "enrolled_on")
    enrolled_on("2026-02-01")
    assert shown(world).enrolled_on == date(2026, 2, 1)
    assert world.unproved() == []


def test_a_visit_in_the_window_before_enrolment_does_not_hold_its_day_back(world: World) -> None:
    adopt(world, protocol(*EVENTS))
    collect(world, row(enrol(world), "RUN").code, "2026-01-16T09:00:00+08:00")
    change(world, participants.set_enrolment_date, EnrolmentDateOrder, enrolled_on="2026-02-02")
    assert row(shown(world), "BL").planned_on == date(2026, 2, 2)


def test_a_draw_told_late_is_not_after_the_receipt(world: World) -> None:
    visit, tubes = begun(world)
    tick(world, visit, tubes[2])  # the blood was there by that; nobody said when it was drawn
    received = clock.now() - timedelta(hours=2)
    order = specimens.ReceiptOrder(tubes=tubes[:1], at=received)
    world.act(lambda s, a: specimens.receive(s, a, order))
    late = (received + timedelta(hours=1)).isoformat()
    refused = refusal(lambda: tick(world, visit, tubes[3], collected=late))
    assert refused.slug == "times_out_of_order"
    tick(world, visit, tubes[3], collected=(received - timedelta(minutes=9)).isoformat())
    card = seen(world, tubes[0])
    assert card.collected is not None
    assert card.received is not None
    assert card.collected < card.received
    assert world.unproved() == []


def test_a_tube_of_a_century_ago_is_counted_on_its_way_to_the_freezer(world: World) -> None:
    order = inputs.read(
        specimens.Registration,
        {
            "visit": world.visit(),
            "specimens": [
                {"material": "blood_edta", "amount": "1 mL", "collected": "1900-05-04T09:00:00+08:00"}
            ],
        },
    )
    world.put(world.boxes()[0], world.act(lambda s, a: [t.code for t in specimens.register(s, a, order)]))
    (delay,) = world.ask(lambda s, a: progress.delays(s, a, "DEMO"))
    assert (delay.count, delay.bins[-1]) == (1, 1)


def test_a_tube_brought_back_into_a_box_that_came_into_the_cold_is_frozen_by_that(world: World) -> None:
    visit, tubes = begun(world)
    tick(world, visit, tubes[2])
    box = storage.ContainerOrder(type="box-9x9", name="At the bench", site="BJ")
    bench = world.act(lambda s, a: storage.make_container(s, a, box).code, person=MANAGER)
    world.put(bench, [tubes[2]])
    world.act(lambda s, a: storage.take_out(s, a, storage.TakeOut(tubes=[tubes[2]])))
    freezer = storage.ContainerOrder(type="freezer-1", name="Freezer 2", site="BJ", celsius=-80)
    into = world.act(lambda s, a: storage.make_container(s, a, freezer).code, person=MANAGER)
    world.act(lambda s, a: storage.move_container(s, a, storage.ContainerMove(container=bench, into=into)))
    assert seen(world, tubes[2]).frozen is None
    world.act(lambda s, a: storage.bring_back(s, a, storage.BringBack(tubes=[tubes[2]])))
    card = seen(world, tubes[2])
    assert card.frozen is not None
    assert card.sprec
    assert world.unproved() == []
