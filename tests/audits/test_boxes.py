"""A box while it is counted: what is told of each slot, to whom, on both databases."""

from uuid import UUID

import pytest

from biobank import audits, storage
from biobank.audits import Counted, Counting, SlotTold
from biobank.errors import NotFound
from biobank.tables import Mark
from tests.audits.auditing import begun
from tests.world import MANAGER, World


def told(world: World, audit: UUID, box: str) -> Counting:
    return world.ask(lambda s, a: audits.counted_box(s, a, audit, box), MANAGER)


def test_each_slot_tells_what_the_record_has_there_now_and_what_was_scanned(world: World) -> None:
    tubes, boxes = world.tubes(6), world.boxes()
    world.put(boxes[0], tubes[:4])
    full, blind = begun(world), begun(world, blind=True)
    some = begun(world, container=None, site="BJ", tubes=tubes[:2])
    world.put(boxes[1], tubes[3:4])  # away by the log: it is awaited here no more
    world.put(boxes[0], tubes[4:5], "A5")  # and this one is
    scans = [
        SlotTold(slot="A1", code=tubes[0]),
        SlotTold(slot="A2", code=tubes[2]),
        SlotTold(slot="A4", mark=Mark.EMPTY),
    ]
    order = Counted(audit=full, box=boxes[0], scans=[*scans, SlotTold(slot="A2", code="XYZ-1")])
    world.act(lambda s, a: audits.count(s, a, order))

    seen = {slot.name: slot for slot in told(world, full, boxes[0]).slots}
    assert len(seen) == 81
    assert [seen[f"A{place}"].expected for place in range(1, 7)] == [*tubes[:3], "", tubes[4], ""]
    assert [(seen[name].tube, seen[name].text, seen[name].rightly) for name in ("A1", "A2", "A4")] == [
        (tubes[0], tubes[0], True),
        ("", "XYZ-1", False),
        ("", "", True),
    ]
    assert (seen["A1"].by, seen["A3"].by) == ("technician", "")
    assert not any(slot.expected or slot.material for slot in told(world, blind, boxes[0]).slots)
    awaited = [slot.expected for slot in told(world, some, boxes[0]).slots if slot.expected]
    assert awaited == tubes[:2]
    with pytest.raises(NotFound, match="no part of this audit"):
        told(world, some, boxes[2])
    assert world.unproved() == []


def test_where_things_lie_unplaced_each_tube_is_told_and_each_other_code(world: World) -> None:
    tubes = world.tubes(3)
    kind = storage.TypeOrder(code="pouch", name="Pouch", level="box")  # type: ignore[arg-type]
    world.act(lambda s, a: storage.add_type(s, a, kind), person=MANAGER)
    made = storage.ContainerOrder(type="pouch", name="Pouch 1", site="BJ")
    pouch = world.act(lambda s, a: storage.make_container(s, a, made).code, person=MANAGER)
    world.put(pouch, tubes[:2])
    audit = begun(world, container=pouch)
    order = Counted(audit=audit, box=pouch, scans=[SlotTold(code=code) for code in (*tubes[1:], "XYZ-1")])
    world.act(lambda s, a: audits.count(s, a, order))
    slots = sorted((slot.expected, slot.tube or slot.text) for slot in told(world, audit, pouch).slots)
    assert slots == sorted([(tubes[0], ""), (tubes[1], tubes[1]), ("", tubes[2]), ("", "XYZ-1")])
