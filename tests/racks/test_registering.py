"""The tubes of a rack registered by its file: identifiers and slots in one act."""

import pytest

from biobank import racks
from biobank.errors import Refusal, RuleBroken
from biobank.racks import RackRegistered, RackRegistration
from tests.racks.benches import SCHEME, of_plate, plate, rack, refused, slots, tubes, verdict
from tests.racks.dialects import plates
from tests.racks.test_racks import CODES
from tests.world import World


def _register(world: World, **told: object) -> RackRegistered:
    order = RackRegistration.model_validate({"scheme": SCHEME, **told})
    return world.act(  # type: ignore[no-any-return]
        lambda session, actor: racks.register_rack(session, actor, order), answer=RackRegistered
    )


def test_a_real_plate_is_registered_with_identifiers_and_slots_in_one_act(world: World) -> None:
    wells = next(each for each in plates().values() if len(each) == 95)
    box, parent = rack(world), world.blood(world.visit())
    file = of_plate(world, wells)
    assert verdict(world, box, file).counts == {"unknown": 95, "empty": 1}
    told = {"parent": parent, "wells": "A1-G12, H01-H11", "amount": "100 uL"}
    made = _register(world, file=file.id, box=box, aliquots=[told])
    assert len(made.tubes) == 95
    assert {tube.slot: tube.identifier for tube in made.tubes} == {
        f"{chr(65 + r)}{c + 1}": code for (r, c), code in wells.items()
    }
    assert slots(world, box) == {tube.slot: tube.code for tube in made.tubes}
    again = of_plate(world, wells)
    assert verdict(world, box, again).counts == {"match": 95, "empty": 1}
    assert refused(world, box, file) == "rack_file_settled"
    assert world.unproved() == []


def test_primaries_of_a_visit_are_registered_by_rack(world: World) -> None:
    box, visit = rack(world), world.visit()
    file = of_plate(world, plate(CODES))
    blood = {"visit": visit, "material": "blood_edta", "wells": "A1-A6", "amount": "2 mL"}
    made = _register(world, file=file.id, box=box, primaries=[blood])
    assert [tube.identifier for tube in made.tubes] == CODES
    assert slots(world, box) == {tube.slot: tube.code for tube in made.tubes}
    assert world.unproved() == []


@pytest.mark.parametrize(
    ("wells", "slug"),
    [
        ("A1-A3", "wells_not_planned"),
        ("A1-A7", "wells_not_new"),
        ("A1-A6,A3", "wells_planned_twice"),
        ("A1-J3", "slot_unknown"),
        ("A1-A4,A6,A5", ""),
    ],
)
def test_a_plan_speaks_of_every_new_tube_once(world: World, wells: str, slug: str) -> None:
    box, parent = rack(world), world.blood(world.visit())
    file = of_plate(world, plate(CODES))
    plan = [{"parent": parent, "wells": wells, "amount": "100 uL"}]
    if not slug:
        assert len(_register(world, file=file.id, box=box, aliquots=plan).tubes) == 6
        return
    with pytest.raises(Refusal) as refused:
        _register(world, file=file.id, box=box, aliquots=plan)
    assert refused.value.slug == slug
    assert slots(world, box) == {}


def test_a_plan_that_cannot_be_is_refused_and_never_an_error(world: World) -> None:
    box, parent = rack(world), world.blood(world.visit())
    file = of_plate(world, plate(CODES))
    none = {"parent": parent, "wells": "B1-A1", "amount": "100 uL"}
    every = {"parent": parent, "wells": "A1-A6", "amount": "100 uL"}
    with pytest.raises(Refusal) as refused:
        _register(world, file=file.id, box=box, aliquots=[every, none])
    assert refused.value.slug == "input_refused"
    often = ", ".join(["A1-H12"] * 25)
    with pytest.raises(RuleBroken) as refused_twice:
        _register(world, file=file.id, box=box, aliquots=[{**every, "wells": often}] * 40)
    assert refused_twice.value.slug == "wells_planned_twice"
    known = list(tubes(world, ["K1"], "D-002"))
    nothing = of_plate(world, plate(known))
    with pytest.raises(RuleBroken) as refused_nothing:
        _register(world, file=nothing.id, box=box)
    assert refused_nothing.value.slug == "nothing_new"


def test_more_than_a_parent_holds_registers_nothing(world: World) -> None:
    box, parent = rack(world), world.blood(world.visit(), "1 mL")
    file = of_plate(world, plate(CODES))
    with pytest.raises(RuleBroken) as refused:
        _register(
            world, file=file.id, box=box, aliquots=[{"parent": parent, "wells": "A1-A6", "amount": "1 mL"}]
        )
    assert refused.value.slug == "not_enough"
    assert verdict(world, box, file).counts == {"unknown": 6, "empty": 90}
