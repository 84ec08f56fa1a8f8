"""Processing: spins, pools, portions, extracts, and what of it the protocol does not allow."""

from collections.abc import Callable
from typing import Any

import pytest

from biobank import codes, inputs, participants, specimens
from biobank.codes import CodeKind
from biobank.errors import Conflict, Malformed, Refusal, Refusals, RuleBroken
from biobank.specimens import SpinOrder, extracts
from tests.rotor import aliquot, begun, card, derive, draw, kept, tubes
from tests.world import World

DRAWN = "2026-05-04T09:00:00+08:00"
RUN = {"g": 2000, "minutes": 10, "celsius": 4}


def at(hour: str) -> str:
    return f"2026-05-04T{hour}:00+08:00"


def refusal(work: Callable[[], Any], kind: type[Refusal] = RuleBroken) -> Refusal:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


def spin(world: World, *scanned: str, **more: Any) -> list[str]:
    order = SpinOrder.model_validate({"tubes": list(scanned), **RUN, **more})
    return world.act(lambda s, a: [tube.code for tube in specimens.spin(s, a, order)], answer=list[str])  # type: ignore[no-any-return]


# --- spins ---


def test_the_tubes_of_a_rotor_are_spun_in_one_act_and_a_late_one_says_so(world: World) -> None:
    visit = begun(world)
    first, second = draw(world, visit, "blood_edta", DRAWN)
    assert spin(world, first, second, at=at("10:00"), kept_after="cold", brake=False) == [first, second]
    spin(world, first, at=at("10:30"))
    shown = card(world, first)
    assert [(run.number, run.g, run.minutes, run.celsius) for run in shown.spins] == [
        (1, 2000, 10, 4),
        (2, 2000, 10, 4),
    ]
    assert (shown.spins[0].brake, shown.spins[0].kept_after, shown.spins[1].brake) == (False, "cold", True)
    assert shown.spins[0].at.isoformat() == "2026-05-04T02:00:00+00:00"
    assert shown.processed is not None
    assert shown.processed.isoformat() == at("10:00")
    assert shown.deviations == []
    late = draw(world, begun(world, "R-2"), "blood_edta", DRAWN)[0]
    spin(world, late, at="2026-05-04T10:00:01+08:00")
    spin(world, late, at=at("11:00"))
    (deviation,) = card(world, late).deviations
    assert (deviation.code, deviation.minutes, deviation.limit) == ("late_spin", 61, 60)
    assert [row.deviations for row in world.ask(specimens.page) if row.code == late] == [["late_spin"]]
    plasma = derive(world, late, "plasma_edta").code
    assert [(each.code, each.of) for each in card(world, plasma).deviations] == [("late_spin", late)]
    assert world.unproved() == []


def test_what_is_not_there_or_is_not_spun_does_not_go_into_a_rotor(world: World) -> None:
    visit = begun(world)
    (expected, _) = tubes(world, visit, "blood_edta", "primary")
    refused = refusal(lambda: spin(world, expected))
    assert (refused.slug, refused.facts["life"]) == ("tube_not_there", "expected")
    (stool,) = draw(world, visit, "stool", DRAWN)
    assert refusal(lambda: spin(world, stool)).slug == "not_spun"
    blood, _ = draw(world, visit, "blood_edta", DRAWN)
    dna = derive(world, blood, "dna").code
    assert refusal(lambda: spin(world, dna)).slug == "not_spun"
    assert refusal(lambda: spin(world, blood, blood)).slug == "scanned_twice"
    early = refusal(lambda: spin(world, blood, at=at("08:59")))
    assert (early.slug, early.field, early.facts["earlier"]) == ("times_out_of_order", "at", "collected")
    spin(world, blood, at=at("09:30"))
    assert refusal(lambda: spin(world, blood, at=at("09:29"))).facts["earlier"] == "spin"
    assert world.unproved() == []


def test_an_aliquot_that_was_frozen_is_not_spun_but_a_primary_is(world: World) -> None:
    visit = begun(world)
    new = specimens.NewSpecimen.model_validate(
        {"material": "plasma_edta", "amount": "4 mL", "collected": DRAWN, "frozen": at("10:00")}
    )
    order = specimens.Registration(visit=visit, specimens=[new])
    frozen = world.act(lambda s, a: specimens.rows(s, specimens.register(s, a, order)))[0].code
    part = aliquot(world, frozen, 1, amount="1 mL")[0].code
    assert refusal(lambda: spin(world, part)).slug == "not_spun"
    spin(world, frozen, at=at("11:00"))
    assert card(world, frozen).processed is None  # it was frozen before: times stay in their order
    assert world.unproved() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"g": 0},
        {"g": 25_001},
        {"minutes": 0},
        {"minutes": 181},
        {"celsius": -11},
        {"celsius": 41},
        {"tubes": []},
    ],
)
def test_a_run_that_no_centrifuge_makes_is_refused(wrong: dict[str, Any]) -> None:
    refused = refusal(lambda: inputs.read(SpinOrder, {"tubes": ["S"], **RUN, **wrong}), Refusals)
    assert isinstance(refused, Refusals)
    assert [each.field for each in refused.each] == list(wrong)


# --- portions ---


def test_expected_aliquots_are_filled_first_and_more_are_numbered_on(world: World) -> None:
    visit = begun(world)
    blood, _ = draw(world, visit, "blood_edta", DRAWN)
    plasma = derive(world, blood, "plasma_edta", processed=at("10:00"), loss="250 uL")
    assert plasma.code == tubes(world, visit, "plasma_edta", "derivative")[0]
    assert (plasma.amount, card(world, blood).amount) == ("4 mL", "4.75 mL")
    waiting = tubes(world, visit, "plasma_edta", "aliquot")[:3]
    made = aliquot(world, plasma.code, 4, processed=at("10:20"), loss="100 uL", container="other tube")
    assert [row.code for row in made[:3]] == waiting
    assert [(row.serial, row.total, row.amount) for row in made] == [
        (1, 3, "500 uL"),
        (2, 3, "500 uL"),
        (3, 3, "500 uL"),
        (4, 4, "500 uL"),
    ]
    shown = card(world, made[0].code)
    assert (shown.life, shown.container) == ("active", "other tube")
    assert [when and when.isoformat() for when in (shown.collected, shown.processed)] == [DRAWN, at("10:20")]
    assert card(world, plasma.code).amount == "1.9 mL"
    assert kept(world, made[3].code).requirement_id == kept(world, made[0].code).requirement_id
    assert world.unproved() == []


def test_aliquots_take_the_codes_that_were_scanned_theirs_or_new(world: World) -> None:
    visit = begun(world)
    blood, _ = draw(world, visit, "blood_edta", DRAWN)
    plasma = derive(world, blood, "plasma_edta").code
    mine, other = (tubes(world, visit, "plasma_edta", "aliquot")[place] for place in (1, 3))
    new = codes.new_code(CodeKind.SPECIMEN)
    taken = refusal(lambda: aliquot(world, plasma, 1, codes=[other]), Conflict)
    assert taken.slug == "code_taken"
    assert refusal(lambda: aliquot(world, plasma, 2, codes=[mine, mine]), Conflict).slug == "code_taken"
    made = aliquot(world, plasma, 2, codes=[new, mine], amount="250 uL")
    assert [(row.code, row.amount) for row in made] == [(new, "250 uL"), (mine, "250 uL")]
    assert aliquot(world, plasma, 1)[0].code == tubes(world, visit, "plasma_edta", "aliquot")[0]
    assert refusal(lambda: aliquot(world, mine, 1)).slug == "split_not_allowed"
    assert world.unproved() == []


def test_an_aliquot_is_split_where_the_protocol_says_so_or_says_nothing(world: World) -> None:
    visit = begun(world)
    (serum,) = draw(world, visit, "serum", DRAWN)
    portion = aliquot(world, serum, 1)[0].code
    assert aliquot(world, portion, 1, amount="200 uL")[0].parent == portion
    free = aliquot(world, world.tubes(1)[0], 2, amount="10 uL")
    assert [row.amount for row in free] == ["10 uL", "10 uL"]
    assert world.unproved() == []


def test_what_is_expected_is_never_available_and_nothing_is_made_of_it(world: World) -> None:
    visit = begun(world)
    waiting = tubes(world, visit, "plasma_edta", "derivative")[0]
    assert not card(world, waiting).available
    assert refusal(lambda: aliquot(world, waiting, 1)).slug == "not_divisible"


# --- derivatives ---


def test_dna_of_pooled_buffy_coats_says_what_it_came_of_and_what_was_measured(world: World) -> None:
    visit = begun(world)
    drawn = draw(world, visit, "blood_edta", DRAWN)
    coats = [derive(world, blood, "buffy_coat", amount="1 mL", processed=at("10:00")).code for blood in drawn]
    dna = derive(
        world,
        coats[0],
        "dna",
        also=coats[1:],
        used="400 uL",
        loss="50 uL",
        amount="40 ug",
        processed=at("12:00"),
        concentration="52.3 ng/µL",
        a260_280="1.840",
    )
    assert (dna.parent, dna.amount) == (coats[0], "40 ug")
    assert [card(world, coat).amount for coat in coats] == ["550 uL", "550 uL"]
    shown = card(world, dna.code)
    assert shown.extract is not None
    assert (shown.extract.concentration, shown.extract.a260_280) == ("52.3 ng/uL", "1.84")
    assert world.unproved() == []


def test_only_one_visits_tubes_of_one_material_are_pooled_and_only_where_it_is_allowed(world: World) -> None:
    visit, other = begun(world), begun(world, "R-2")
    mine, theirs = draw(world, visit, "blood_edta", DRAWN), draw(world, other, "blood_edta", DRAWN)
    refused = refusal(lambda: derive(world, mine[0], "buffy_coat", also=theirs[:1]))
    assert (refused.slug, refused.field) == ("pool_mixed", "also")
    assert refusal(lambda: derive(world, mine[0], "plasma_edta", also=mine[1:])).slug == "pool_not_allowed"
    assert refusal(lambda: derive(world, mine[0], "buffy_coat", also=mine[:1])).slug == "scanned_twice"
    short = refusal(lambda: derive(world, mine[0], "buffy_coat", also=mine[1:], used="10.1 mL"))
    assert short.slug == "not_enough"
    pooled = derive(world, mine[1], "buffy_coat", also=mine[:1], used="1 mL")
    assert pooled.code == tubes(world, visit, "buffy_coat", "derivative")[0]
    assert pooled.parent == mine[0]  # of which it was expected
    assert [card(world, blood).amount for blood in mine] == ["9 mL", "9 mL"]
    assert world.unproved() == []


def test_a_derivative_takes_its_own_code_or_a_new_one(world: World) -> None:
    visit = begun(world)
    blood, _ = draw(world, visit, "blood_edta", DRAWN)
    (waiting, foreign), new = (
        tubes(world, visit, "plasma_edta", "derivative"),
        codes.new_code(CodeKind.SPECIMEN),
    )
    assert refusal(lambda: derive(world, blood, "plasma_edta", code=foreign), Conflict).slug == "code_taken"
    assert derive(world, blood, "plasma_edta", code=new, amount="1 mL").code == new
    assert derive(world, blood, "plasma_edta", code=waiting).code == waiting
    assert card(world, waiting).collected == card(world, blood).collected
    assert world.unproved() == []


def test_dna_needs_consent_for_genetics_and_a_withdrawal_ends_all_making(world: World) -> None:
    visit = begun(world, "R-1", "storage")
    blood, _ = draw(world, visit, "blood_edta", DRAWN)
    refused = refusal(lambda: derive(world, blood, "dna"))
    assert (refused.slug, refused.facts["scope"]) == ("consent_missing", "genetics")
    order = participants.WithdrawalOrder.model_validate(
        {"study": "ROTOR", "pseudonym": "R-1", "level": "no_further_use", "withdrawn_on": "2026-05-05"}
    )
    world.act(lambda s, a: participants.withdraw(s, a, order))
    for work in (
        lambda: derive(world, blood, "plasma_edta"),
        lambda: aliquot(world, blood, 1),
        lambda: spin(world, blood),
    ):
        assert refusal(work).slug == "withdrawn"
    shown = card(world, blood)
    assert [(held.kind, held.reason) for held in shown.holds] == [("consent", "no_further_use")]
    assert not shown.available
    assert world.unproved() == []


# --- what is measured ---


@pytest.mark.parametrize(
    ("text", "kept_as"),
    [("52.3 ng/uL", 52_300), ("52.3 μg/mL", 52_300), ("1pg/uL", 1), ("1.5 mg/mL", 1_500_000), ("0 ng/uL", 0)],
)
def test_a_concentration_is_kept_exactly(text: str, kept_as: int) -> None:
    assert extracts.concentration(text) == kept_as


@pytest.mark.parametrize(
    ("told", "kind", "slug"),
    [
        ({"concentration": "52.3"}, Malformed, "concentration_unreadable"),
        ({"concentration": "-1 ng/uL"}, Malformed, "concentration_unreadable"),
        ({"concentration": "1e3 ng/uL"}, Malformed, "concentration_unreadable"),
        ({"concentration": "0.0001 ng/uL"}, RuleBroken, "concentration_out_of_range"),
        ({"concentration": "1001 ug/uL"}, RuleBroken, "concentration_out_of_range"),
        ({"a260_280": "high"}, Malformed, "ratio_unreadable"),
        ({"a260_280": "0.499"}, RuleBroken, "ratio_out_of_range"),
        ({"a260_280": "3.001"}, RuleBroken, "ratio_out_of_range"),
        ({"a260_280": "1.8404"}, RuleBroken, "ratio_out_of_range"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    sqlite_world: World, told: dict[str, str], kind: type[Refusal], slug: str
) -> None:
    blood = sqlite_world.blood(sqlite_world.visit())
    refused = refusal(lambda: derive(sqlite_world, blood, "dna", **told), kind)
    assert (refused.slug, refused.field) == (slug, next(iter(told)))
    foreign = refusal(lambda: derive(sqlite_world, blood, "plasma_edta", **told))
    assert (foreign.slug, foreign.field) == ("not_an_extract", next(iter(told)))


def test_a_ratio_alone_is_kept_and_shown_to_the_thousandth(sqlite_world: World) -> None:
    blood = sqlite_world.blood(sqlite_world.visit())
    shown = card(sqlite_world, derive(sqlite_world, blood, "rna", a260_280="2").code).extract
    assert shown is not None
    assert (shown.concentration, shown.a260_280) == ("", "2")
    assert extracts.ratio("0.5") == 500
    assert extracts.ratio("3.000") == 3000
    assert sqlite_world.unproved() == []
