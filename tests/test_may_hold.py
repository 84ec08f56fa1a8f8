"""What a container may hold: inherited down the tree, and checked wherever something comes into it."""

from functools import partial
from typing import Any

from biobank import custody, storage
from biobank.custody import Kind
from biobank.errors import RuleBroken
from tests.races import together
from tests.test_storage import bring_back, make, move, rack_of, refusal, shelf_of, slots, take_out
from tests.world import MANAGER, World


def limit(world: World, container: str, **told: list[str]) -> Any:
    order = storage.LimitsOrder(container=container, **told)
    return world.act(lambda s, a: storage.set_limits(s, a, order), person=MANAGER)


def rules(world: World, container: str) -> dict[str, list[str]]:
    settings = world.ask(lambda s, a: storage.container_settings(s, a, container))
    return {rule.about: rule.allowed for rule in settings.rules}


def sources(world: World, container: str, about: str) -> list[str]:
    settings = world.ask(lambda s, a: storage.container_settings(s, a, container))
    return [limit.code for rule in settings.rules if rule.about == about for limit in rule.limits]


def test_a_box_holds_what_it_and_all_around_it_allow(world: World) -> None:
    (tube,) = world.tubes(1)
    freezer, box = world.freezer(), world.boxes()[0]
    limit(world, freezer, materials=["serum", "plasma_edta"])
    refused = refusal(lambda: world.put(box, [tube]), RuleBroken)
    assert (refused.slug, refused.facts["value"]) == ("may_not_hold", "EDTA blood")
    assert refused.facts["holder"] == "Freezer 1"
    assert slots(world, box) == {}
    limit(world, freezer, materials=["serum", "blood_edta"])
    limit(world, box, materials=["blood_edta", "plasma_edta"], studies=["DEMO"])
    assert rules(world, box) == {"studies": ["DEMO"], "materials": ["blood_edta"]}
    assert sources(world, box, "materials") == [freezer, box]
    assert world.put(box, [tube])[0].slot == "A1"
    limit(world, box)
    assert rules(world, box) == {"materials": ["serum", "blood_edta"]}
    assert world.unproved() == []


def test_a_rule_is_refused_while_something_inside_breaks_it_and_says_what(world: World) -> None:
    tubes = world.tubes(5)
    freezer, box = world.freezer(), world.boxes()[0]
    world.put(box, tubes)
    take_out(world, tubes[4])
    refused = refusal(lambda: limit(world, freezer, materials=["serum"]))
    assert (refused.slug, refused.facts["count"]) == ("holds_what_it_may_not", 5)
    assert str(refused.facts["examples"]).count(",") == 2
    assert rules(world, box) == {}
    refused = refusal(lambda: limit(world, freezer, types=["box-5x5"]))
    assert (refused.slug, refused.facts["count"]) == ("holds_what_it_may_not", 3)
    assert world.unproved() == []


def test_a_kept_slot_takes_its_tube_back_only_where_the_rules_still_allow_it(world: World) -> None:
    (tube,) = world.tubes(1)
    box, rack = world.boxes()[0], make(world, "rack-3", site="BJ")
    world.put(box, [tube])
    take_out(world, tube)
    limit(world, rack, materials=["serum"])
    refused = refusal(lambda: move(world, box, rack))
    assert (refused.slug, refused.field) == ("holds_what_it_may_not", "into")
    assert tube[:4] in str(refused)
    bring_back(world, tube)
    assert world.unproved() == []


def test_a_container_moves_only_where_all_that_is_in_it_may_be(world: World) -> None:
    (tube,) = world.tubes(1)
    rack, box = rack_of(world), world.boxes()[0]
    shelf = make(world, "shelf-1", site="BJ")
    limit(world, shelf, vessels=["cryovial 2 mL"], studies=["DEMO"], materials=["serum"])
    world.put(box, [tube])
    assert refusal(lambda: move(world, rack, shelf)).slug == "holds_what_it_may_not"
    assert refusal(lambda: move(world, box, shelf)).slug == "holds_what_it_may_not"
    world.put(make(world, "box-5x5", site="BJ"), [tube])
    move(world, rack, shelf)
    assert world.unproved() == []


def test_a_rule_about_types_speaks_of_the_levels_that_it_names(world: World) -> None:
    shelf, rack = shelf_of(world), make(world, "rack-3", site="BJ")
    shelf_alone = make(world, "shelf-1", site="BJ")
    limit(world, shelf_alone, types=["box-9x9"])
    move(world, rack, shelf_alone)
    refused = refusal(lambda: make(world, "box-5x5", rack), RuleBroken)
    assert (refused.slug, refused.facts["value"]) == ("may_not_hold", "box-5x5")
    box = make(world, "box-9x9", rack)
    small = make(world, "box-5x5", site="BJ")
    assert refusal(lambda: move(world, small, rack), RuleBroken).slug == "may_not_hold"
    order = storage.Retype(container=box, type="box-5x5")
    refused = refusal(
        lambda: world.act(lambda s, a: storage.change_type(s, a, order), person=MANAGER), RuleBroken
    )
    assert refused.slug == "may_not_hold"
    limit(world, rack, types=["box-9x9", "box-10x10"])
    assert rules(world, rack)["types"] == ["box-9x9"]
    assert rules(world, shelf) == {}
    assert world.unproved() == []


def test_what_there_is_not_is_no_limit(sqlite_world: World) -> None:
    box = sqlite_world.boxes()[0]
    for about, value in (
        ("studies", "NONE"),
        ("materials", "tears"),
        ("storage", "-999"),
        ("types", "box-0"),
    ):
        refused = refusal(lambda: limit(sqlite_world, box, **{about: [value]}), RuleBroken)  # noqa: B023
        assert (refused.slug, refused.field) == ("limit_unknown", f"{about}.0")


def test_many_tubes_at_once_go_only_where_they_may(world: World) -> None:
    tubes = world.tubes(4)
    freezer = world.freezer()
    limit(world, freezer, materials=["serum"])

    def fill(session: Any, actor: Any) -> int:
        return storage.fill_boxes(session, actor, freezer, custody.load(session, actor, tubes))

    assert refusal(lambda: world.act(fill), RuleBroken).slug == "may_not_hold"
    limit(world, freezer, materials=["blood_edta"], studies=["DEMO"])
    assert world.act(fill) == 1
    assert world.unproved() == []


def test_a_rule_and_a_tube_that_it_forbids_do_not_both_come_at_the_same_moment(world: World) -> None:
    for tube, box in zip(world.tubes(3), world.boxes(), strict=True):
        answers = together(partial(limit, world, box, materials=["serum"]), partial(world.put, box, [tube]))
        refused = [answer for answer in answers if isinstance(answer, Exception)]
        assert [type(answer).__name__ for answer in refused] in (["Conflict"], ["RuleBroken"])
        assert bool(slots(world, box)) != bool(rules(world, box))
    assert world.unproved() == []


def test_a_freezer_that_gets_a_rule_is_told_in_the_log(world: World) -> None:
    freezer = world.freezer()
    limit(world, freezer, studies=["DEMO"])
    limit(world, freezer, studies=["DEMO"])

    def changes(session: Any, actor: Any) -> int:
        key = storage.by_code(session, actor, freezer).id
        return [row.kind for row in custody.history(session, key)].count(Kind.CHANGED)

    assert world.ask(changes) == 1
