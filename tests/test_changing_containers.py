"""Containers that are changed: their type, name, barcode, blocked slots, and their end."""

from typing import Any

import pytest

from biobank import custody, specimens, storage
from biobank.custody import Kind
from biobank.errors import Conflict, Malformed, NotAllowed, RuleBroken
from tests.races import together
from tests.test_storage import make, move, rack_of, refusal, shelf_of, slots, take_out
from tests.world import MANAGER, TECHNICIAN, World


def retype(world: World, container: str, kind: str, person: str = MANAGER) -> Any:
    order = storage.Retype(container=container, type=kind)
    return world.act(lambda s, a: storage.change_type(s, a, order), person=person)


def block(world: World, container: str, *names: str) -> Any:
    order = storage.BlockOrder(container=container, slots=list(names))
    return world.act(lambda s, a: storage.block_slots(s, a, order))


def unblock(world: World, container: str, *names: str) -> Any:
    order = storage.BlockOrder(container=container, slots=list(names))
    return world.act(lambda s, a: storage.unblock_slots(s, a, order))


def bear(world: World, container: str, barcode: str | None) -> Any:
    order = storage.BarcodeOrder(container=container, barcode=barcode)
    return world.act(lambda s, a: storage.set_barcode(s, a, order), person=MANAGER)


def retire(world: World, container: str) -> Any:
    order = storage.Retirement(container=container)
    return world.act(lambda s, a: storage.retire(s, a, order), person=MANAGER)


def settings(world: World, container: str) -> storage.ContainerSettings:
    return world.ask(lambda s, a: storage.container_settings(s, a, container))


def identify(world: World, tube: str, value: str) -> None:
    """Give a tube the code of its manufacturer."""

    def add(session: Any, actor: Any) -> None:
        specimen = custody.load(session, actor, [tube])[0]
        known = custody.state(session, specimen)["identifiers"]
        told = [*known, {"scheme": "maker", "value": value, "retired": False}]
        custody.record(session, actor, specimen, Kind.IDENTIFIED, change={"identifiers": told})

    world.act(add)


# --- type ---


def test_a_box_gets_a_larger_type_and_its_tubes_stay_at_their_slots(world: World) -> None:
    first, second = world.tubes(2)
    box = make(world, "box-5x5", site="BJ")
    world.put(box, [first])
    world.put(box, [second], slot="E5")
    retype(world, box, "box-9x9")
    assert slots(world, box) == {"A1": first, "E5": second}
    assert world.ask(lambda s, a: storage.box_map(s, a, box)).free == 79
    assert settings(world, box).type == "box-9x9"
    assert world.unproved() == []


def test_no_box_shrinks_below_a_slot_that_is_taken_kept_or_blocked(world: World) -> None:
    first, second = world.tubes(2)
    box = make(world, "box-9x9", site="BJ")
    world.put(box, [first], slot="E5")
    world.put(box, [second], slot="F1")
    refused = refusal(lambda: retype(world, box, "box-5x5"))
    assert (refused.slug, refused.field, refused.facts["slot"]) == ("slot_occupied_outside", "type", "F1")
    assert second[:4] in str(refused)
    take_out(world, second)
    assert refusal(lambda: retype(world, box, "box-5x5")).slug == "slot_occupied_outside"
    world.put(box, [second], slot="A1")
    block(world, box, "I9")
    assert refusal(lambda: retype(world, box, "box-5x5")).facts["slot"] == "I9"
    unblock(world, box, "I9")
    retype(world, box, "box-5x5")
    assert slots(world, box) == {"A1": second, "E5": first}
    assert world.unproved() == []


def test_what_lies_unplaced_gets_no_slot_by_itself_and_what_has_one_does_not_lose_it(world: World) -> None:
    (tube,) = world.tubes(1)
    bag, box = make(world, "bag", site="BJ"), make(world, "box-5x5", site="BJ")
    world.put(bag, [tube])
    assert refusal(lambda: retype(world, bag, "box-5x5")).slug == "lies_without_slot"
    world.put(box, [tube])
    assert refusal(lambda: retype(world, box, "bag")).slug == "slot_occupied_outside"
    retype(world, bag, "box-5x5")
    world.put(bag, [tube], slot="B2")
    retype(world, box, "bag")
    assert world.ask(lambda s, a: storage.box_map(s, a, box)).free is None
    assert world.unproved() == []


def test_a_rack_does_not_become_a_box_and_a_technician_changes_no_type(sqlite_world: World) -> None:
    rack, box = rack_of(sqlite_world), sqlite_world.boxes()[0]
    refused = refusal(lambda: retype(sqlite_world, rack, "box-9x9"), RuleBroken)
    assert (refused.slug, refused.field) == ("other_level", "type")
    assert refusal(lambda: retype(sqlite_world, box, "no-such"), RuleBroken).slug == "type_unknown"
    assert refusal(lambda: retype(sqlite_world, box, "bag", TECHNICIAN), NotAllowed).slug == "not_allowed"


def test_a_box_that_shrinks_while_a_tube_goes_into_it_keeps_or_refuses_the_tube_never_loses_it(
    world: World,
) -> None:
    (tube,) = world.tubes(1)
    box = make(world, "box-9x9", site="BJ")
    answers = together(lambda: retype(world, box, "box-5x5"), lambda: world.put(box, [tube], slot="I9"))
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], Conflict | RuleBroken)
    assert refused[0].slug in {"slot_occupied_outside", "slot_unknown"}
    assert world.unproved() == []


# --- name and barcode ---


def test_a_container_gets_another_name_and_keeps_its_code(world: World) -> None:
    box = world.boxes()[0]
    order = storage.Rename(container=box, name="Plasma 1")
    for _ in range(2):
        world.act(lambda s, a: storage.rename(s, a, order), person=MANAGER)
    assert settings(world, box).name == "Plasma 1"
    assert world.unproved() == []


def test_a_rack_is_found_by_the_code_of_its_manufacturer(world: World) -> None:
    (tube,) = world.tubes(1)
    rack = make(world, "rack-8x12", site="BJ", barcode="fd0012345")
    world.put("FD0012345\r", [tube])
    assert slots(world, rack) == {"A1": tube}
    found = world.ask(lambda s, a: specimens.find(s, a, "FD0012345"))
    assert (found.kind, found.code) == ("container", rack)
    bear(world, rack, "FD0099")
    assert refusal(lambda: world.put("FD0012345", [tube]), Malformed).slug == "code_unreadable"
    assert settings(world, rack).barcode == "FD0099"
    bear(world, rack, None)
    assert settings(world, rack).barcode == ""
    assert world.unproved() == []


def test_a_code_is_borne_by_one_thing_and_where_it_names_two_both_are_told(world: World) -> None:
    (tube,) = world.tubes(1)
    one, two = make(world, "rack-8x12", site="BJ"), make(world, "rack-8x12", site="BJ")
    identify(world, tube, "TB77001")
    refused = refusal(lambda: bear(world, one, "tb77001"))
    assert (refused.slug, refused.field) == ("barcode_taken", "barcode")
    bear(world, one, "RK1")
    assert refusal(lambda: bear(world, two, "rk1")).slug == "barcode_taken"
    assert refusal(lambda: bear(world, two, one), RuleBroken).slug == "barcode_is_ours"
    identify(world, tube, "RK1")
    for ask in (
        lambda: world.put("RK1", [tube]),
        lambda: world.ask(lambda s, a: specimens.find(s, a, "RK1")),
    ):
        refused = refusal(ask)
        assert refused.slug == "code_ambiguous"
        assert one[:4] in str(refused.facts["choices"])
        assert tube[:4] in str(refused.facts["choices"])
    assert world.unproved() == []


# --- slots that cannot be used ---


def test_nobody_gets_a_blocked_slot_until_it_can_be_used_again(world: World) -> None:
    first, second = world.tubes(2)
    box = world.boxes()[0]
    block(world, box, "A1", "a3")
    assert world.put(box, [first])[0].slot == "A2"
    assert refusal(lambda: world.put(box, [second], slot="A3")).slug == "slot_taken"
    assert settings(world, box).blocked == ["A1", "A3"]
    refused = refusal(lambda: block(world, box, "A2", "A4"))
    assert refused.slug == "slot_taken"
    assert first[:4] in str(refused)
    assert refusal(lambda: block(world, box, "J1"), RuleBroken).slug == "slot_unknown"
    assert refusal(lambda: unblock(world, box, "A1", "A2"), RuleBroken).slug == "slot_not_blocked"
    unblock(world, box, "A1")
    assert world.put(box, [second])[0].slot == "A1"
    assert settings(world, box).blocked == ["A3"]
    assert world.unproved() == []


# --- the end ---


def test_an_empty_container_is_retired_and_takes_nothing_more(world: World) -> None:
    (tube,) = world.tubes(1)
    box, other = world.boxes()[:2]
    world.put(box, [tube])
    assert refusal(lambda: retire(world, box)).slug == "container_not_empty"
    take_out(world, tube)
    assert refusal(lambda: retire(world, box)).slug == "container_not_empty"
    world.put(other, [tube])
    block(world, box, "I9")
    retire(world, box)
    rack = rack_of(world)
    assert box not in [row.code for row in world.ask(lambda s, a: storage.contents(s, a, rack))]
    assert box not in [row.code for row in world.ask(storage.roots)]
    for put in (
        lambda: world.put(box, [tube]),
        lambda: retype(world, box, "bag"),
        lambda: retire(world, box),
    ):
        assert refusal(put, RuleBroken).slug == "container_retired"
    assert refusal(lambda: retire(world, shelf_of(world))).slug == "container_not_empty"
    assert world.unproved() == []


def test_a_retired_box_goes_nowhere_and_nothing_goes_into_a_retired_rack(world: World) -> None:
    box, rack = make(world, "box-5x5", site="BJ"), make(world, "rack-3", site="BJ")
    retire(world, rack)
    assert refusal(lambda: move(world, box, rack), RuleBroken).slug == "does_not_nest"
    retire(world, box)
    other = make(world, "rack-3", site="BJ")
    assert refusal(lambda: move(world, box, other), RuleBroken).slug == "container_retired"
    assert world.unproved() == []


@pytest.mark.parametrize("act", [retire, lambda world, code: block(world, code, "A1")])
def test_what_is_no_container_is_not_changed(sqlite_world: World, act: Any) -> None:
    (tube,) = sqlite_world.tubes(1)
    assert refusal(lambda: act(sqlite_world, tube), Malformed).slug == "code_of_other_kind"
