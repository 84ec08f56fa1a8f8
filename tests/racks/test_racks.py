"""Rack files held against the database, confirmed and registered."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from biobank import clock, custody, racks, tasks
from biobank.custody import Kind
from biobank.errors import Conflict, NotAllowed, NotFound, Refusal, RuleBroken
from biobank.people import Actor
from biobank.racks import Verdict
from biobank.storage import TakeOut, take_out
from biobank.tables import (
    Container,
    CustodyEvent,
    Grant,
    Keep,
    KeepKind,
    Person,
    Placement,
    RackFile,
    Specimen,
    Study,
    TaskKind,
)
from tests.racks.benches import (
    RACK,
    confirm,
    of_plate,
    plate,
    rack,
    received,
    refused,
    slots,
    tubes,
    verdict,
)
from tests.racks.dialects import DIALECTS, visionmate
from tests.world import MANAGER, TECHNICIAN, World

CODES = [f"01086865{number:02}" for number in range(90, 96)]


def _open(world: World) -> list[tasks.TaskRow]:
    return world.ask(lambda session, actor: tasks.listing(session, actor, tasks.Sought()))


def test_a_rack_of_known_tubes_is_put_away_at_its_slots_by_one_confirmation(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES)
    file = of_plate(world, plate(CODES))
    found = verdict(world, box, file)
    assert found.counts == {"new_here": 6, "empty": 90}
    assert found.good == ["A1", "A2", "A3", "A4", "A5", "A6"]
    done = confirm(world, box, file, wells=found.good)
    assert (done.placed, done.sighted, done.tasks) == (6, 0, 0)
    assert slots(world, box) == {f"A{place}": ours[code] for place, code in enumerate(CODES, 1)}
    again = of_plate(world, plate(CODES))
    assert verdict(world, box, again).counts == {"match": 6, "empty": 90}
    done = confirm(world, box, again)
    assert (done.placed, done.sighted, done.tasks) == (0, 6, 0)
    assert world.unproved() == []


def test_the_raw_file_is_kept_and_every_event_names_it(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES)
    data = visionmate(RACK, plate(CODES))
    file = received(world, data, name="Rack scan.txt")
    confirm(world, box, file)
    digest = hashlib.sha256(data).hexdigest()

    def kept(session: Session, actor: Actor) -> tuple[bytes, int]:
        entries = session.exec(select(CustodyEvent.entry)).all()
        row = racks.file_by_id(session, actor, file.id)
        assert row.settled_at is not None
        return row.content, sum(digest.encode() in entry for entry in entries)

    assert file.sha256 == digest
    # Each tube that was placed, and the rack that was seen.
    assert world.ask(kept) == (data, len(ours) + 1)
    assert world.unproved() == []


def test_every_kind_of_well_gets_its_verdict_and_the_bad_ones_become_tasks(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES)
    confirm(world, box, of_plate(world, plate(CODES[:4])))
    world.put(world.boxes()[0], [ours[CODES[4]]])
    wells = {
        (0, 0): CODES[0],  # stays
        (0, 1): "NO READ",  # was CODES[1]
        (0, 2): "",  # CODES[2] is gone
        (0, 4): CODES[3],  # moved within the rack
        (0, 5): CODES[4],  # moved from a box
        (0, 6): CODES[5],  # new
        (0, 7): "9999999999",
        (0, 8): "NO READ",
    }
    file = of_plate(world, wells)
    found = verdict(world, box, file)
    told = {well.slot: well.verdict.value for well in found.wells if well.verdict is not Verdict.EMPTY}
    assert told == {
        "A1": "match",
        "A2": "unreadable",
        "A3": "absent",
        "A5": "moved_from",
        "A6": "moved_from",
        "A7": "new_here",
        "A8": "unknown",
        "A9": "unreadable",
    }
    assert {well.slot: well.path for well in found.wells if well.path} == {
        "A5": "Rack of tubes · A4",
        "A6": "Freezer 1 · Shelf 1 · Rack 1 · Box 1 · A1",
    }
    assert refused(world, box, file) == "absent_needs_reason"
    done = confirm(world, box, file, absent_reason="not_found", wells=["A1", "A5", "A6"])
    assert (done.placed, done.sighted, done.tasks) == (2, 1, 5)
    after = slots(world, box)
    assert after == {
        "A1": ours[CODES[0]],
        "A2": ours[CODES[1]],
        "A3": ours[CODES[2]],  # an absent tube keeps its slot
        "A5": ours[CODES[3]],
        "A6": ours[CODES[4]],
    }
    asked = {(task.kind, task.slot, task.specimen) for task in _open(world)}
    assert asked == {
        (TaskKind.UNREADABLE, "A2", ours[CODES[1]]),
        (TaskKind.MISSING, "A3", ours[CODES[2]]),
        (TaskKind.RACK_WELL, "A7", ours[CODES[5]]),
        (TaskKind.RACK_WELL, "A8", ""),
        (TaskKind.UNREADABLE, "A9", ""),
    }
    assert world.unproved() == []


def test_a_scanner_that_writes_no_read_of_empty_wells_makes_no_tasks_of_them(world: World) -> None:
    box = rack(world)
    tubes(world, CODES)
    confirm(world, box, of_plate(world, plate(CODES)))
    data = "\n".join(f"{RACK},A{n},{CODES[n - 1] if n < 6 else 'NO READ'}" for n in range(1, 13)).encode()
    done = confirm(world, box, received(world, data), unread_empty=True)
    assert [(task.slot, task.kind) for task in _open(world)] == [("A6", TaskKind.UNREADABLE)]
    assert done.tasks == 1


def test_a_whole_permutation_is_one_confirmation(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES)
    confirm(world, box, of_plate(world, plate(CODES)))
    turned = [*CODES[1:], CODES[0]]
    file = of_plate(world, plate(turned))
    found = verdict(world, box, file)
    assert found.counts == {"moved_from": 6, "empty": 90}
    assert len(found.good) == 6
    assert refused(world, box, file, wells=["A1"]) == "slot_taken"
    confirm(world, box, file)
    assert slots(world, box) == {f"A{place}": ours[code] for place, code in enumerate(turned, 1)}
    assert world.unproved() == []


def test_a_tube_never_displaces_another_that_the_file_does_not_show(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES)
    confirm(world, box, of_plate(world, plate(CODES[:3])))
    # A1 gets the tube of A2, A2 that of A3, A3 a new one: but the tube of A1 is nowhere.
    file = of_plate(world, {(0, 0): CODES[1], (0, 1): CODES[2], (0, 2): CODES[4]})
    found = verdict(world, box, file)
    assert [(well.slot, well.stop) for well in found.bad] == [("A1", "held"), ("A2", "held"), ("A3", "held")]
    assert refused(world, box, file, wells=["A1"]) == "well_not_good"
    assert confirm(world, box, file).tasks == 3
    assert slots(world, box)["A1"] == ours[CODES[0]]
    assert world.unproved() == []


def test_tubes_that_are_out_come_back_to_the_slots_the_file_says(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES)
    confirm(world, box, of_plate(world, plate(CODES)))
    order = TakeOut(tubes=[ours[CODES[0]], ours[CODES[1]]])
    world.act(lambda session, actor: take_out(session, actor, order))
    swapped = of_plate(world, plate([CODES[1], CODES[0], *CODES[2:]]))
    found = verdict(world, box, swapped)
    assert found.counts == {"moved_from": 2, "match": 4, "empty": 90}
    assert confirm(world, box, swapped).placed == 2
    assert slots(world, box)["A1"] == ours[CODES[1]]
    world.act(lambda session, actor: take_out(session, actor, TakeOut(tubes=[ours[CODES[5]]])))
    back = of_plate(world, plate([CODES[1], CODES[0], *CODES[2:]]))
    assert verdict(world, box, back).counts == {"new_here": 1, "match": 5, "empty": 90}
    kept = of_plate(world, {(0, 5): "NO TUBE", (1, 0): CODES[0]})
    assert verdict(world, box, kept).wells[0].verdict is Verdict.ABSENT
    assert world.unproved() == []


def test_a_slot_that_is_kept_for_a_tube_that_is_out_is_not_taken(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES)
    confirm(world, box, of_plate(world, plate(CODES[:1])))
    world.act(lambda session, actor: take_out(session, actor, TakeOut(tubes=[ours[CODES[0]]])))
    found = verdict(world, box, of_plate(world, plate([CODES[1]])))
    assert [(well.slot, well.verdict, well.stop) for well in found.bad] == [("A1", Verdict.NEW_HERE, "kept")]


def test_two_codes_of_one_tube_and_one_code_of_two_tubes_are_duplicates(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES[:2])
    other = world.tubes(1, "D-002")[0]
    _identify(world, other, CODES[1], "another-maker")
    file = of_plate(world, plate([CODES[0], ours[CODES[0]], CODES[1]]))
    found = verdict(world, box, file)
    assert [(well.slot, well.verdict, well.stop) for well in found.bad] == [
        ("A1", Verdict.DUPLICATE, "two_codes"),
        ("A2", Verdict.DUPLICATE, "two_codes"),
        ("A3", Verdict.DUPLICATE, "two_tubes"),
    ]
    assert confirm(world, box, file).tasks == 3
    assert slots(world, box) == {}


def _identify(world: World, code: str, value: str, scheme: str) -> None:
    def work(session: Session, actor: Actor) -> None:
        (tube,) = custody.load(session, actor, [code])
        identifiers = [{"scheme": scheme, "value": value, "retired": False}]
        custody.record(session, actor, tube, Kind.IDENTIFIED, change={"identifiers": identifiers})

    world.act(work)


def test_a_file_of_another_rack_is_stopped(world: World) -> None:
    box = rack(world)
    rack(world, "FX00000002")
    with pytest.raises(Conflict) as stopped:
        of_plate(world, plate(CODES), "FX00000002", box=box)
    assert stopped.value.slug == "other_rack"
    file = of_plate(world, plate(CODES), "FX00000002")
    assert refused(world, box, file) == "other_rack"
    with pytest.raises(NotFound) as unknown:
        of_plate(world, plate(CODES), "FX00000003")
    assert unknown.value.slug == "rack_unknown"


def test_a_file_that_names_no_rack_needs_the_rack_scanned(world: World) -> None:
    box = rack(world)
    tubes(world, CODES)
    data = DIALECTS["pairs"](RACK, plate(CODES))
    with pytest.raises(RuleBroken) as refused:
        received(world, data, name="scan.csv", box=box)
    assert refused.value.slug == "rack_unnamed"
    with pytest.raises(Conflict) as other:
        received(world, data, name="scan.csv", box=box, rack="FX00000002")
    assert (other.value.slug, other.value.field) == ("other_rack", "rack")
    file = received(world, data, name="scan.csv", box=box, rack=RACK)
    assert verdict(world, box, file).rack_fits
    assert confirm(world, box, file).placed == 6
    assert received(world, data, name=f"{RACK}.csv").box == box


def test_our_own_code_on_the_rack_names_it_too(world: World) -> None:
    box = rack(world)
    assert of_plate(world, plate(CODES), box).box == box


def test_a_rack_that_lay_the_wrong_way_round_is_recognised(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES)
    confirm(world, box, of_plate(world, plate(CODES)))
    upside = {(7 - row, 11 - col): code for (row, col), code in plate(CODES).items()}
    file = of_plate(world, upside)
    found = verdict(world, box, file)
    assert (found.seems_turned, found.counts["moved_from"]) == (True, 6)
    assert refused(world, box, file) == "rack_turned"
    assert verdict(world, box, file, turn=True).counts["match"] == 6
    assert confirm(world, box, file, turned=True).sighted == 6
    assert slots(world, box)["A1"] == ours[CODES[0]]
    assert confirm(world, box, of_plate(world, upside), turned=False).placed == 6
    assert slots(world, box)["H12"] == ours[CODES[0]]
    assert world.unproved() == []


def test_what_is_not_base64_isrefused(world: World) -> None:
    order = racks.RackFileOrder(content="A1,1111")
    with pytest.raises(Refusal) as refused:
        world.act(lambda session, actor: racks.receive(session, actor, order))
    assert refused.value.slug == "file_not_base64"


def test_a_tube_that_has_ended_cannot_be_confirmed(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES[:1])

    def end(session: Session, actor: Actor) -> None:
        (tube,) = custody.load(session, actor, [ours[CODES[0]]])
        change = {"life": "ended", "end_reason": "depleted"}
        custody.record(session, actor, tube, Kind.ENDED, change=change)

    world.act(end)
    found = verdict(world, box, of_plate(world, plate(CODES[:1])))
    assert [(well.verdict, well.stop) for well in found.bad] == [(Verdict.NEW_HERE, "ended")]


def test_a_slot_reserved_for_the_very_tube_is_free_for_it_and_for_no_other(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES[:2])

    def reserve(session: Session, actor: Actor) -> None:
        whose = session.exec(select(Specimen.id).where(col(Specimen.code) == ours[CODES[0]])).one()
        manager = session.exec(select(Person.id).where(col(Person.name) == MANAGER)).one()
        where = session.exec(select(Container.id).where(col(Container.code) == box)).one()
        keep = Keep(
            kind=KeepKind.RESERVED,
            owner_id=manager,
            reserved_for_id=whose,
            ends_at=clock.now() + timedelta(hours=1),
        )
        session.add(keep)
        session.flush()
        session.add(Placement(container_id=where, row=0, col=0, keep_id=keep.id))

    world.act(reserve)
    wrong = verdict(world, box, of_plate(world, plate([CODES[1]])))
    assert [well.stop for well in wrong.bad] == ["kept"]
    right = of_plate(world, plate([CODES[0]]))
    assert verdict(world, box, right).good == ["A1"]
    assert confirm(world, box, right).placed == 1
    assert world.unproved() == []


def test_a_verdict_takes_as_many_statements_for_six_tubes_as_for_one(world: World) -> None:
    box, ours = rack(world), tubes(world, CODES)
    world.put(world.boxes()[0], list(ours.values()))
    files = [of_plate(world, plate(CODES[:count])) for count in (1, 6)]
    counts = []
    for file in files:
        asked: list[str] = []

        def note(*told: object, into: list[str] = asked) -> None:
            into.append(str(told[2]))

        event.listen(world.database.reading, "before_cursor_execute", note)
        assert verdict(world, box, file).counts["moved_from"] > 0
        event.remove(world.database.reading, "before_cursor_execute", note)
        counts.append(len(asked))
    assert counts[0] == counts[1] < 14


def test_the_raw_file_is_told_to_whoever_brought_it_and_to_those_of_the_whole_site(world: World) -> None:
    rack(world)
    file = of_plate(world, plate(CODES))

    def raw(person: str) -> bytes:
        return world.ask(lambda s, a: racks.raw_file(s, a, file.id), person)

    def narrow(session: Session) -> None:
        study = session.exec(select(Study.id)).one()
        for grant in session.exec(select(Grant).join(Person).where(col(Person.name) != MANAGER)):
            grant.study_id = study

    world.database.write(narrow)
    assert raw(TECHNICIAN) == raw(MANAGER)
    world.database.write(lambda s: _brought_by(s, MANAGER))
    with pytest.raises(NotAllowed) as kept:
        raw(TECHNICIAN)
    assert kept.value.slug == "not_allowed"


def _brought_by(session: Session, name: str) -> None:
    session.exec(select(RackFile)).one().received_by_id = session.exec(
        select(Person.id).where(col(Person.name) == name)
    ).one()
