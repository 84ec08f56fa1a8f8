"""Files of rack scanners wait until somebody deals with them."""

import pytest

from biobank import racks
from biobank.errors import NotFound
from tests.racks.benches import RACK, confirm, of_plate, plate, rack, refused, tubes, verdict
from tests.world import OUTSIDER, World

CODES = [f"01086865{number:02}" for number in range(90, 96)]


def test_a_file_waits_for_its_box_once_until_somebody_deals_with_it(world: World) -> None:
    box = rack(world)
    tubes(world, CODES)
    file = of_plate(world, plate(CODES), source="folder")
    assert of_plate(world, plate(CODES)).id == file.id
    waiting = world.ask(lambda session, actor: racks.waiting(session, actor, RACK))
    assert [(each.id, each.source, each.box) for each in waiting] == [(file.id, "folder", box)]
    assert world.ask(racks.waiting) == waiting
    assert world.ask(racks.waiting, OUTSIDER) == []
    assert (world.ask(racks.count_waiting), world.ask(racks.count_waiting, OUTSIDER)) == (1, 0)
    confirm(world, box, file)
    assert world.ask(racks.waiting) == []
    assert world.ask(racks.count_waiting) == 0
    assert refused(world, box, file) == "rack_file_settled"
    other = of_plate(world, plate(CODES))
    world.act(lambda session, actor: racks.set_aside(session, actor, other.id).name)
    assert refused(world, box, other) == "rack_file_settled"


def test_files_that_wait_are_turned_over_the_newest_first_and_counted_to_a_bound(world: World) -> None:
    rack(world)
    files = [of_plate(world, plate(CODES[:some])).id for some in (1, 2, 3)]
    first = world.ask(lambda session, actor: racks.waiting(session, actor, None, 2))
    assert [each.id for each in first] == [files[2], files[1]]
    rest = world.ask(lambda session, actor: racks.waiting(session, actor, RACK, 2, files[1]))
    assert [each.id for each in rest] == [files[0]]
    assert world.ask(lambda session, actor: racks.count_waiting(session, actor, 2)) == 2


def test_a_file_is_out_of_sight_for_another_site(world: World) -> None:
    box = rack(world)
    file = of_plate(world, plate(CODES))
    with pytest.raises(NotFound) as refused:
        world.ask(lambda session, actor: racks.file_row(session, actor, file.id), OUTSIDER)
    assert refused.value.slug == "rack_file_unknown"
    with pytest.raises(NotFound):
        world.ask(lambda session, actor: racks.file_by_id(session, actor, file.id), OUTSIDER)
    with pytest.raises(NotFound):
        world.act(lambda session, actor: racks.set_aside(session, actor, file.id), person=OUTSIDER)
    assert verdict(world, box, file).counts == {"unknown": 6, "empty": 90}
