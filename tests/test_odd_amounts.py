"""Amounts that nobody expects: none vanishes, none comes from nowhere."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from biobank import clock, inputs, specimens
from biobank.tables import Posting, Specimen
from tests.collected import STUDY, all_present, begun, deviate, finish, refusal, seen, tick
from tests.world import World


def postings(world: World, tube: str) -> list[tuple[int, bool]]:
    """What came to a tube and went of it, in nL, and whether another tube is on the other side."""
    asked = select(Posting).join(Specimen, col(Specimen.id) == col(Posting.specimen_id))
    asked = asked.where(col(Specimen.code) == tube).order_by(col(Posting.id))
    rows = world.ask(lambda session, _: session.exec(asked).all())
    return [(row.delta, row.other_id is not None) for row in rows]


def test_what_an_aliquot_takes_and_does_not_get_is_a_loss(world: World) -> None:
    wasteful = STUDY.replace(
        b'amount = "500 uL"\ncount = 8', b'amount = "500 uL"\nused = "550 uL"\ncount = 8'
    )
    visit, tubes = begun(world, wasteful)
    tick(world, visit, tubes[2])
    assert postings(world, tubes[1])[1:] == [(-500_000, True), (-50_000, False)]
    assert postings(world, tubes[2]) == [(500_000, True)]
    assert seen(world, tubes[1]).amount == "3.95 mL"
    assert world.unproved() == []


def test_the_amount_of_a_tube_of_low_volume_comes_to_be_known(world: World) -> None:
    order = inputs.read(
        specimens.Registration, {"visit": world.visit(), "specimens": [{"material": "blood_edta"}]}
    )
    tube = world.act(lambda s, a: specimens.register(s, a, order)[0].code)
    deviate(world, tube, "low_volume", amount="2 mL")
    card = seen(world, tube)
    assert (card.amount, card.life) == ("2 mL", "active")
    deviate(world, tube, "low_volume", amount="1 mL")
    assert seen(world, tube).amount == "1 mL"
    assert [each.code for each in card.deviations] == ["low_volume"]
    assert world.unproved() == []


@pytest.mark.parametrize("used", [None, "500 uL"])
def test_no_more_of_a_material_is_made_than_was_taken_of_the_same(world: World, used: str | None) -> None:
    blood = world.blood(world.visit(), "1 mL")

    def derive(amount: str) -> str:
        order = specimens.Derivative(parent=blood, material="blood_edta", amount=amount, used=used)
        return str(world.act(lambda s, a: specimens.derive(s, a, order).code))

    assert refusal(lambda: derive("501 uL")).slug == "more_than_taken"
    assert seen(world, derive("500 uL" if used else "0 uL")).parent == blood
    assert world.unproved() == []


def test_finishing_depletes_nothing_that_the_protocol_stores(world: World) -> None:
    stored = STUDY.replace(b'container = "EDTA 10 mL"', b'container = "EDTA 10 mL"\nstorage = "-80"')
    visit, tubes = begun(world, stored)
    all_present(world, visit)
    summary = finish(world, visit)
    assert (summary.there, summary.used_up) == (9, 1)
    assert tubes[0] in summary.to_store
    assert seen(world, tubes[0]).amount == "5 mL"
    assert seen(world, tubes[1]).end_reason == "depleted"
    assert world.unproved() == []


def test_a_pool_is_made_of_what_is_left_where_one_of_its_tubes_never_came(world: World) -> None:
    generous = STUDY.replace(b'used = "12 mL"', b'used = "8 mL"')
    visit, tubes = begun(world, generous, "M2")
    deviate(world, tubes[0], "not_collected")
    pool = next(tube for tube in tubes if seen(world, tube).material == "plasma_edta")
    assert seen(world, pool).life == "expected"
    other = tubes[2] if pool == tubes[1] else tubes[1]
    drawn = clock.now() - timedelta(hours=1)
    tick(world, visit, other, collected=drawn.isoformat())
    early = refusal(lambda: tick(world, visit, pool, occurred=(drawn - timedelta(hours=1)).isoformat()))
    assert early.slug == "child_older"
    tick(world, visit, pool)
    assert (seen(world, pool).life, seen(world, pool).collected) == ("active", drawn)
    assert seen(world, other).amount == "2 mL"
    assert world.unproved() == []


def test_a_pool_of_which_nothing_came_is_not_made(world: World) -> None:
    visit, tubes = begun(world, event="M2")
    pool = next(tube for tube in tubes if seen(world, tube).material == "plasma_edta")
    for tube in tubes:
        if tube != pool:
            deviate(world, tube, "not_collected")
    assert seen(world, pool).end_reason == "not_collected"
    assert finish(world, visit).not_collected == 3
    assert world.unproved() == []
