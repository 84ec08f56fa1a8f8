"""What went otherwise with a tube, and the end of a visit: what is missing, used up, left over."""

from typing import Any

from sqlalchemy import select
from sqlmodel import col, func

from biobank import amounts, codes
from biobank.codes import CodeKind
from biobank.errors import NotFound
from biobank.tables import Posting, Specimen
from tests.collected import begun, bench, deviate, finish, kinds, refusal, seen, tick
from tests.world import World


def test_not_collected_ends_a_tube_and_all_that_would_be_made_of_it(world: World) -> None:
    visit, (blood, plasma, one, *rest) = begun(world)
    deviate(world, rest[0], "not_collected", note="broken")
    ended = deviate(world, plasma, "not_collected")
    assert (len(ended), [each.implied for each in ended[:2]]) == (8, [False, True])
    assert deviate(world, plasma, "not_collected")[0].changed is False
    card = bench(world, visit)
    assert (card.counts.expected, card.counts.not_collected) == (1, 9)
    assert [row.deviations for row in card.rows[:4]] == [[], ["not_collected"], [], ["not_collected"]]
    assert refusal(lambda: tick(world, visit, one)).slug == "tube_given_up"
    tick(world, visit, blood)
    assert refusal(lambda: deviate(world, blood, "not_collected")).slug == "tube_there"
    assert world.unproved() == []


def test_a_low_volume_ticks_the_tube_with_what_it_holds_and_its_parent_gives_that(world: World) -> None:
    visit, (_, plasma, *aliquots) = begun(world)
    deviate(world, aliquots[0], "low_volume", amount="200 uL")
    assert seen(world, plasma).amount == "4.3 mL"
    deviate(world, aliquots[0], "low_volume", amount="150 uL")
    assert (seen(world, plasma).amount, seen(world, aliquots[0]).amount) == ("4.35 mL", "150 uL")
    assert bench(world, visit).rows[2].deviations == ["low_volume"]
    assert refusal(lambda: deviate(world, aliquots[1], "low_volume", amount="600 uL")).slug == "not_low"
    assert refusal(lambda: deviate(world, aliquots[1], "low_volume")).slug == "amount_needed"
    assert world.unproved() == []


def test_aliquots_that_hold_more_together_than_there_was_are_refused_until_one_is_said_to_be_low(
    world: World,
) -> None:
    visit, (_, plasma, *aliquots) = begun(world)
    deviate(world, plasma, "low_volume", amount="1.2 mL")
    tick(world, visit, *aliquots[:2])
    refused = refusal(lambda: tick(world, visit, aliquots[2]))
    assert (refused.slug, refused.facts["held"], refused.facts["wanted"]) == (
        "not_enough",
        "200 uL",
        "500 uL",
    )
    deviate(world, aliquots[2], "low_volume", amount="0.2 mL")
    assert seen(world, plasma).amount == "0 uL"
    assert world.unproved() == []


def test_haemolysed_says_that_the_tube_is_there_and_how_red_the_blood_was(world: World) -> None:
    visit, (blood, plasma, *_) = begun(world)
    deviate(world, plasma, "haemolysed", grade=3)
    deviate(world, plasma, "haemolysed", grade=2)
    rows = bench(world, visit).rows
    assert [(row.life, row.deviations) for row in rows[:2]] == [("active", []), ("active", ["haemolysed"])]
    assert kinds(world, blood)[-2:] == ["noted", "noted"]
    assert world.unproved() == []


def test_stool_is_not_haemolysed_and_other_needs_a_note(world: World) -> None:
    visit, made = begun(world, event="M1")
    stool = made[-1]
    assert refusal(lambda: deviate(world, stool, "haemolysed")).slug == "fact_of_other_material"
    assert refusal(lambda: deviate(world, stool, "other")).slug == "note_needed"
    deviate(world, stool, "other", note="lid was loose")
    assert bench(world, visit).rows[-1].deviations == ["other"]
    nothing = refusal(lambda: deviate(world, codes.new_code(CodeKind.SPECIMEN), "other"), NotFound)
    assert nothing.slug == "specimen_not_found"
    assert world.unproved() == []


def test_finishing_gives_up_what_is_missing_and_uses_up_what_others_were_made_of(world: World) -> None:
    visit, (blood, plasma, *aliquots) = begun(world)
    tick(world, visit, *aliquots[:6])
    done = finish(world, visit)
    assert (done.there, done.not_collected, done.used_up) == (6, 2, 2)
    assert (done.deviations, done.to_store) == ({"not_collected": 2}, aliquots[:6])
    assert [seen(world, code).end_reason for code in (blood, plasma, aliquots[7])] == [
        "depleted",
        "depleted",
        "not_collected",
    ]
    assert seen(world, plasma).amount == "0 uL"
    assert finish(world, visit) == done
    assert kinds(world, plasma)[-1] == "ended"
    assert tick(world, visit, plasma)[0].changed is False
    assert world.unproved() == []


def test_finishing_leaves_a_tube_that_stands_in_a_box(world: World) -> None:
    visit, (blood, plasma, *aliquots) = begun(world)
    tick(world, visit, *aliquots)
    world.put(world.boxes()[0], [plasma, *aliquots[:2]])
    done = finish(world, visit)
    assert (seen(world, plasma).life, seen(world, blood).life, done.used_up) == ("active", "ended", 1)
    assert done.to_store == aliquots[2:]
    assert world.unproved() == []


def test_every_amount_that_left_one_tube_came_to_another_or_was_lost(world: World) -> None:
    visit, (blood, plasma, *aliquots) = begun(world)
    tick(world, visit, *aliquots)
    finish(world, visit)

    def sums(session: Any, _: Any) -> dict[str, int]:
        asked = (
            select(col(Specimen.code), func.sum(col(Posting.delta)))
            .join(Posting, col(Posting.specimen_id) == col(Specimen.id))
            .group_by(col(Specimen.code))
        )
        return dict(session.execute(asked).all())

    found = world.ask(sums)
    half = amounts.parse("500 uL", amounts.Dimension.VOLUME)
    assert [found[code] for code in (blood, plasma, *aliquots)] == [0, 0, *[half] * 8]
