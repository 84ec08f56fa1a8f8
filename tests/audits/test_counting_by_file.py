"""A box counted by the file of a rack scanner."""

from sqlmodel import select

from biobank.tables import RackFile, Result
from tests.audits.auditing import begun, by_file, counted, lines, refused, results
from tests.audits.planting import SLOTS, rack_file
from tests.world import World


def test_every_well_is_a_scan_and_a_code_may_stand_there_twice(world: World) -> None:
    tubes, (box, other, _) = world.tubes(6), world.boxes()
    world.put(box, tubes[:5])
    world.put(other, tubes[5:])
    audit = begun(world)
    data = rack_file(
        box,
        {"A1": tubes[0], "A2": tubes[0], "A3": tubes[3], "A4": "NO READ", "A5": tubes[4], "I9": tubes[5]},
    )
    count = by_file(world, audit, data)
    words = ["duplicate", "wrong_slot", "found", "wrong_container", "unreadable"]
    assert count.results == {**dict.fromkeys(words, 1), "missing": 2, "empty": 75}
    assert len(count.scans) == 81
    assert results(world, audit)[tubes[0]] is Result.DUPLICATE
    kept = world.database.read(lambda s: s.exec(select(RackFile)).one())
    assert (kept.content, kept.settled_at is not None) == (data, True)
    refused("box_counted", lambda: by_file(world, audit, data), "box")
    assert len(world.database.read(lambda s: s.exec(select(RackFile.id)).all())) == 1
    assert world.unproved() == []


def test_a_rack_that_was_turned_is_told_and_counted_as_it_lay(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, *_) = world.tubes(5), world.boxes()
    world.put(box, tubes[:4])
    audit = begun(world)
    world.put(box, tubes[4:], "B1")  # what came since the audit began tells how the rack lay as well
    stands = dict(zip(["A1", "A2", "A3", "A4", "B1"], tubes, strict=True))
    mirror = dict(zip(SLOTS, SLOTS[::-1], strict=True))
    data = rack_file(box, {mirror[slot]: code for slot, code in stands.items()})
    refused("rack_turned", lambda: by_file(world, audit, data), "turned")
    count = by_file(world, audit, data, turned=True)
    assert count.results == {"found": 5, "empty": 76}
    assert world.unproved() == []


def test_a_file_of_another_rack_or_of_a_box_that_is_no_part_is_refused(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, other, _) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    audit = begun(world, container=box)
    data = rack_file(box, {"A1": tubes[0], "A2": tubes[1]})
    refused("box_not_audited", lambda: by_file(world, audit, rack_file(other, {})), "box")
    refused("other_rack", lambda: by_file(world, audit, rack_file(other, {}), box=box), "file")
    refused("rack_unknown", lambda: by_file(world, audit, b"Rack ID,Well,Tube ID\nXY,A1,1\n"), "rack")
    unnamed = b"A1," + tubes[0].encode() + b"\n"
    refused("rack_unnamed", lambda: by_file(world, audit, unnamed, box=box, name=None), "rack")
    assert by_file(world, audit, data, name="another name.csv").results == {"found": 2, "empty": 79}
    assert world.unproved() == []


def test_wells_that_were_not_read_are_empty_where_somebody_says_so(sqlite_world: World) -> None:
    """Not where a tube should stand: of that nobody can say that it is not there."""
    world = sqlite_world
    tubes, (box, *_) = world.tubes(3), world.boxes()
    world.put(box, tubes[:2])
    audit = begun(world)
    world.put(box, tubes[2:], "A5")
    wells = {**dict.fromkeys(SLOTS, "NO READ"), "A1": tubes[0]}
    count = by_file(world, audit, rack_file(box, wells), unread_empty=True)
    assert count.results == {"found": 1, "unreadable": 2, "empty": 78}
    unread = {code for line, code in lines(world, audit) if line.result is Result.UNREADABLE}
    assert unread == {tubes[1], tubes[2]}


def test_a_file_takes_the_place_of_what_was_scanned_by_hand_before(sqlite_world: World) -> None:
    world = sqlite_world
    tubes, (box, *_) = world.tubes(2), world.boxes()
    world.put(box, tubes)
    audit = begun(world)
    counted(world, audit, box, ("A1", tubes[1]), ("A2", "?"), done=False)
    assert by_file(world, audit, rack_file(box, {"A1": tubes[0], "A2": tubes[1]})).results == {
        "found": 2,
        "empty": 79,
    }
    assert {line.result for line, _ in lines(world, audit)} == {Result.FOUND}
