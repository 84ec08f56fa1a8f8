"""Collecting: expected tubes are there once they are scanned, with the amounts and times that they have."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from biobank import clock, codes, inputs, participants, specimens
from biobank.codes import CodeKind
from biobank.errors import Conflict, NotFound
from tests.collected import (
    STRICT,
    adopt,
    all_present,
    begin,
    begun,
    bench,
    enrol,
    finish,
    kinds,
    refusal,
    seen,
    tick,
)
from tests.world import OUTSIDER, World

DAY = "2026-05-04T{}+08:00"


def at(hour: str) -> str:
    return DAY.format(hour)


def held(world: World, visit: str) -> list[tuple[str, str]]:
    return [(row.life, row.amount) for row in bench(world, visit).rows]


def test_nine_scans_collect_a_kit_of_eight_aliquots_the_blood_and_the_plasma_by_implication(
    world: World,
) -> None:
    visit, (blood, plasma, *aliquots) = begun(world)
    for code in aliquots:
        tick(world, visit, code)
    rows = bench(world, visit).rows
    assert [row.life for row in rows] == ["active"] * 10
    assert [row.amount for row in rows] == ["5 mL", "500 uL", *["500 uL"] * 8]
    assert kinds(world, blood) == ["registered", "collected", "amount_posted"]
    assert kinds(world, plasma) == ["registered", "processed", *["amount_posted"] * 8]
    assert kinds(world, aliquots[3]) == ["registered", "processed"]
    assert world.unproved() == []


def test_a_scan_answers_the_tube_and_what_it_implies(world: World) -> None:
    visit, (blood, plasma, one, two, *_) = begun(world)
    first = tick(world, visit, codes.grouped(two).lower())
    assert [(each.code, each.changed, each.implied) for each in first] == [
        (two, True, False),
        (blood, True, True),
        (plasma, True, True),
    ]
    second = tick(world, visit, two, one, two, blood)
    assert [(each.code, each.changed, each.amount) for each in second] == [
        (two, False, "500 uL"),
        (one, True, "500 uL"),
        (blood, False, "5 mL"),
    ]


def test_scans_in_any_order_and_twice_come_to_the_same_tubes_and_amounts(world: World) -> None:
    adopt(world)
    found = []
    for pseudonym, order in (("K-001", lambda made: made), ("K-002", lambda made: [*made[::-1], *made])):
        visit = enrol(world, pseudonym)
        for code in order(begin(world, visit)):
            tick(world, visit, code)
        found.append(held(world, visit))
    assert found[0] == found[1]
    assert world.unproved() == []


def test_the_visit_is_done_by_the_first_tube_and_knows_when(world: World) -> None:
    visit, (blood, *_) = begun(world)
    tick(world, visit, blood, collected=at("08:00:00"), occurred=at("09:00:00"))
    card = bench(world, visit)
    assert card.status == "done"
    assert card.took_place == datetime(2026, 5, 4, 0, 0, tzinfo=UTC)


def test_what_is_made_inherits_the_draw_and_has_its_own_time(world: World) -> None:
    visit, (blood, plasma, one, *_) = begun(world)
    tick(world, visit, blood, occurred=at("08:00:00"))
    tick(world, visit, one, occurred=at("09:30:00"))
    assert [str(seen(world, code).collected) for code in (blood, plasma, one)] == [
        "2026-05-04 08:00:00+08:00"
    ] * 3
    assert [str(seen(world, code).processed) for code in (plasma, one)] == ["2026-05-04 09:30:00+08:00"] * 2
    assert world.unproved() == []


def test_when_a_tube_was_drawn_is_not_invented_and_can_be_told_later(world: World) -> None:
    visit, (blood, plasma, one, *_) = begun(world)
    tick(world, visit, one)
    assert seen(world, blood).collected is None
    late = clock.now() + timedelta(seconds=30)
    refused = refusal(
        lambda: tick(world, visit, blood, collected=late.isoformat(), occurred=late.isoformat())
    )
    assert refused.slug == "child_older"
    tick(world, visit, blood, collected=at("08:00:00"))
    assert {str(seen(world, code).collected) for code in (blood, plasma, one)} == {
        "2026-05-04 08:00:00+08:00"
    }
    tick(world, visit, blood, collected=at("07:00:00"))
    assert str(seen(world, blood).collected) == "2026-05-04 08:00:00+08:00"
    assert world.unproved() == []


def test_times_before_the_draw_the_parent_or_the_window_are_refused(world: World) -> None:
    visit, (blood, _, one, *_) = begun(world)
    turned = refusal(lambda: tick(world, visit, blood, collected=at("09:00:00"), occurred=at("08:00:00")))
    assert (turned.slug, turned.field) == ("times_out_of_order", "occurred")
    early = refusal(lambda: tick(world, visit, blood, occurred="2026-04-26T09:00:00+08:00"))
    assert early.slug == "visit_before_enrolment"
    tick(world, visit, blood, occurred=at("09:00:00"))
    older = refusal(lambda: tick(world, visit, one, occurred=at("08:59:59")))
    assert (older.slug, older.field) == ("child_older", "occurred")
    assert world.unproved() == []


def test_all_present_ticks_what_remains_in_one_act_where_the_protocol_lets_it(world: World) -> None:
    visit, made = begun(world)
    tick(world, visit, made[4])
    answered = all_present(world, visit, collected=at("08:00:00"))
    assert len(answered) == 7
    assert held(world, visit)[:2] == [("active", "5 mL"), ("active", "500 uL")]
    assert Counter(held(world, visit)[2:]) == {("active", "500 uL"): 8}
    assert all_present(world, visit) == []
    assert world.unproved() == []


def test_all_present_is_refused_where_each_tube_is_to_be_scanned_and_before_the_visit_was_begun(
    world: World,
) -> None:
    adopt(world)
    visit = enrol(world)
    assert refusal(lambda: all_present(world, visit)).slug == "visit_not_begun"
    adopt(world, STRICT)
    begin(world, visit)
    assert refusal(lambda: all_present(world, visit)).slug == "scan_each"
    assert bench(world, visit).all_present is False


def test_a_tube_of_another_visit_tells_whose_it_is(world: World) -> None:
    visit, _ = begun(world)
    other = enrol(world, "K-002")
    foreign = begin(world, other)[3]
    refused = refusal(lambda: tick(world, visit, foreign), Conflict)
    assert refused.slug == "tube_of_other_visit"
    assert (refused.facts["pseudonym"], refused.facts["visit"]) == ("K-002", "BL")
    nothing = refusal(lambda: tick(world, visit, codes.new_code(CodeKind.SPECIMEN)), NotFound)
    assert nothing.slug == "specimen_not_found"


def test_nothing_is_collected_without_the_consent_that_the_material_needs(world: World) -> None:
    adopt(world)
    visit = enrol(world, "K-001", "storage", event="M1")
    made = begin(world, visit)
    stool = next(row.code for row in bench(world, visit).rows if row.lacks == "microbiome")
    assert refusal(lambda: tick(world, visit, stool)).slug == "consent_missing"
    assert refusal(lambda: all_present(world, visit)).slug == "consent_missing"
    tick(world, visit, made[0])
    nobody = enrol(world, "K-002", "microbiome")
    assert refusal(lambda: begin(world, nobody)).slug == "consent_missing"
    assert "K-002" in bench(world, nobody).consent
    assert bench(world, visit).consent == ""
    assert world.unproved() == []


def test_after_a_withdrawal_nothing_is_begun_or_ticked_and_the_bench_says_so(world: World) -> None:
    visit, made = begun(world)
    tick(world, visit, made[2])
    order = inputs.read(
        participants.WithdrawalOrder,
        {"study": "KIT", "pseudonym": "K-001", "level": "no_more_collection", "withdrawn_on": "2026-05-05"},
    )
    world.act(lambda s, a: participants.withdraw(s, a, order))
    assert refusal(lambda: tick(world, visit, made[3])).slug == "withdrawn"
    assert "K-001" in bench(world, visit).consent
    assert finish(world, visit).not_collected == 7
    assert world.unproved() == []


def test_what_is_pooled_takes_of_every_tube_that_is_there(world: World) -> None:
    visit, (first, second, *more) = begun(world, event="M2")
    made = {row.kind: row.code for row in bench(world, visit).rows}
    assert (len(more), made["derivative"] in (first, second, *more)) == (1, True)
    rows = bench(world, visit).rows
    one, two = [row.code for row in rows if row.kind == "primary"]
    tick(world, visit, one, two)
    tick(world, visit, made["derivative"])
    assert {seen(world, one).amount, seen(world, two).amount} == {"0 uL", "8 mL"}
    assert finish(world, visit).used_up == 2
    assert world.unproved() == []


def test_registering_fills_the_tube_that_is_expected_and_adds_one_that_is_not(world: World) -> None:
    visit, (blood, *_) = begun(world)

    def register(**new: Any) -> specimens.SpecimenRow:
        order = inputs.read(specimens.Registration, {"visit": visit, "specimens": [new]})
        rows = world.act(
            lambda s, a: specimens.rows(s, specimens.register(s, a, order)),
            answer=list[specimens.SpecimenRow],
        )
        return rows[0]  # type: ignore[no-any-return]

    filled = register(
        material="blood_edta",
        amount="9 mL",
        collected=at("08:00:00"),
        identifiers=[{"scheme": "lab", "value": "X1"}],
    )
    assert (filled.code, filled.life, filled.amount) == (blood, "active", "9 mL")
    assert seen(world, blood).identifiers == ["X1"]
    assert kinds(world, blood) == ["registered", "collected"]
    assert register(material="blood_edta", amount="3 mL").code != blood
    assert len(bench(world, visit).rows) == 11
    assert world.unproved() == []


def test_registering_by_its_code_fills_that_very_tube_and_no_other_material(world: World) -> None:
    visit, made = begun(world, event="M2")
    rows = bench(world, visit).rows
    second = [row.code for row in rows if row.kind == "primary"][1]

    def register(material: str) -> Any:
        new = {"material": material, "code": second}
        order = inputs.read(specimens.Registration, {"visit": visit, "specimens": [new]})
        return world.act(lambda s, a: specimens.register(s, a, order)[0].code)

    assert refusal(lambda: register("blood_serum"), Conflict).slug == "code_taken"
    assert register("blood_edta") == second
    assert Counter(row.life for row in bench(world, visit).rows) == {"expected": 2, "collected": 1}
    assert len(made) == 3
    assert world.unproved() == []


def test_a_visit_that_is_not_planned_or_was_missed_is_not_begun(world: World) -> None:
    adopt(world)
    visit = enrol(world)
    miss = inputs.read(participants.MissOrder, {"visit": visit, "reason": "ill"})
    world.act(lambda s, a: participants.miss(s, a, miss))
    assert refusal(lambda: begin(world, visit)).slug == "visit_not_open"
    order = participants.VisitOrder(study="KIT", pseudonym="K-001")
    extra = world.act(lambda s, a: participants.open_visit(s, a, order).code)
    assert refusal(lambda: begin(world, extra)).slug == "visit_unscheduled"
    assert bench(world, extra).rows == []


def test_an_outsider_sees_no_bench_and_begins_nothing(world: World) -> None:
    adopt(world)
    visit = enrol(world)
    assert refusal(lambda: begin(world, visit, person=OUTSIDER), NotFound).slug == "visit_not_found"
    ask = lambda: world.ask(lambda s, a: specimens.workbench(s, a, visit), OUTSIDER)  # noqa: E731
    assert refusal(ask, NotFound).slug == "visit_not_found"


def test_a_study_without_kits_is_collected_the_same_way(world: World) -> None:
    visit = world.visit()
    made = begin(world, visit)
    assert len(made) == 10
    assert bench(world, visit).kit == ""
    tick(world, visit, *made)
    assert bench(world, visit).rows[1].amount == "0 uL"
    assert bench(world, visit).rows[0].amount == "10 mL"
    assert world.unproved() == []
