"""Scans that were made without the network, and come in late."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, col, select

from biobank import clock, people, specimens, stations, storage, tasks
from biobank.errors import Refusal
from biobank.ledger import entries
from biobank.people import Actor
from biobank.specimens import SpecimenCard
from biobank.storage import Came, Late, LateScan
from biobank.storage.numbering import without
from biobank.tables import CustodyEvent, Person, SignIn, Site, Specimen, TaskKind
from biobank.tasks import TaskRow
from tests.world import MANAGER, OUTSIDER, SECRETS, TECHNICIAN, World


def scanned(tube: str, mode: str = "store", ago: float = 60, **more: Any) -> LateScan:
    """A scan of a minute ago, by the device's clock."""
    when = clock.now() - timedelta(seconds=ago)
    return LateScan(scan=tube, mode=mode, occurred=when, **more)  # type: ignore[arg-type]


def hand_in(world: World, scan: LateScan, person: str = TECHNICIAN, key: UUID | None = None) -> Late:
    return specimens.hand_in(world.door(person, key, scan.model_dump_json().encode()), scan)


def card(world: World, tube: str) -> SpecimenCard:
    return world.ask(lambda s, a: specimens.card(s, a, tube), MANAGER)


def place(world: World, tube: str) -> str:
    steps = card(world, tube).place
    return f"{steps[-1].name} {steps[-1].slot}" if steps else ""


def open_tasks(world: World, kind: TaskKind, person: str = TECHNICIAN) -> list[TaskRow]:
    return world.ask(lambda s, a: tasks.listing(s, a, tasks.Sought(kind=kind)), person)


def settle(world: World, task: UUID | None, decision: str, person: str = TECHNICIAN) -> storage.Settled:
    order = storage.Settlement(task=task, decision=decision)  # type: ignore[arg-type]
    door = world.door(person)
    return door.act(lambda s, a: storage.settle(s, a, order), storage.Settled)


def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value


# --- what is done ---


def test_a_late_scan_does_what_it_says_when_nobody_was_there_since(world: World) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    scan = scanned(tube, box=box, at="B7", ago=0)
    assert hand_in(world, scan) == Late(tube, Came.DONE, "B7 · Box 1")
    assert place(world, tube) == "Box 1 B7"
    seen = world.ask(lambda s, a: specimens.timeline(s, a, tube))[-1]
    assert seen.occurred == scan.occurred
    taken = hand_in(world, scanned(tube, "take", ago=-1))
    assert (taken.came, card(world, tube).custody) == (Came.DONE, "out")
    assert world.unproved() == []


def test_a_whole_series_comes_in_late_in_its_order_and_is_no_dispute_with_itself(world: World) -> None:
    tube = world.tubes(1)[0]
    one, two = world.boxes()[:2]
    world.put(one, [tube])
    steps = [("take", None, None), ("store", two, "A1"), ("take", None, None), ("store", one, "C3")]
    for number, (mode, box, at) in enumerate(steps):
        came = hand_in(world, scanned(tube, mode, ago=1 - 0.1 * number, box=box, at=at))
        assert came.came is Came.DONE
    assert place(world, tube) == "Box 1 C3"
    assert world.unproved() == []


def test_without_a_map_the_next_free_slot_is_taken(sqlite_world: World) -> None:
    world = sqlite_world
    (tube,), box = world.tubes(1), world.boxes()[0]
    assert hand_in(world, scanned(tube, box=box, ago=0)).place == "A1 · Box 1"


def test_the_same_scan_handed_in_again_counts_once(world: World) -> None:
    tube, box, key = world.tubes(1)[0], world.boxes()[0], uuid4()
    scan = scanned(tube, box=box, at="A1", ago=0)
    assert hand_in(world, scan, key=key) == hand_in(world, scan, key=key)
    # Another person hands the same one in from the exported file: it was done.
    assert hand_in(world, scan.model_copy(update={"person": TECHNICIAN}), MANAGER, key).came is Came.DONE
    assert len(world.ask(lambda s, a: specimens.timeline(s, a, tube))) == 2
    other = scanned(world.tubes(1, "D-002")[0], box=box, at="A2")
    assert refused(lambda: hand_in(world, other, key=key)).slug == "command_id_reused"


def test_a_scan_that_counted_when_it_was_first_sent_is_not_done_again(world: World) -> None:
    tube, box, key = world.tubes(1)[0], world.boxes()[0], uuid4()
    order = storage.PutAway(box=box, tubes=[tube])
    live = world.door(TECHNICIAN, key, b"POST /bench/scans")
    live.act(lambda s, a: storage.put_away(s, a, order), list[storage.Stored])
    assert hand_in(world, scanned(tube, box=box, at="A1"), key=key) == Late(tube)
    assert len(world.ask(lambda s, a: specimens.timeline(s, a, tube))) == 2


def test_a_scan_whose_answer_was_lost_goes_where_the_device_told_or_somebody_looks(world: World) -> None:
    at_a_station(world)
    (there, *tubes), box = world.tubes(3), world.boxes()[0]
    # The device knew of no other tube; the server, asked first, put the two into A2 and A3.
    world.put(box, [there], "A1")
    keys = [uuid4(), uuid4()]
    for key, tube in zip(keys, tubes, strict=True):
        order = storage.PutAway(box=box, tubes=[tube])

        def live(session: Session, actor: Actor, order: storage.PutAway = order) -> list[storage.Stored]:
            return storage.put_away(session, actor, order)

        world.door(TECHNICIAN, key, b"POST /bench/scans").act(live, list[storage.Stored])
    told = [
        scanned(tube, box=box, at=at, ago=0, seq=seq)
        for seq, (tube, at) in enumerate(zip(tubes, ("A1", "A3"), strict=True), 1)
    ]
    for _ in range(2):
        assert hand_in(world, told[0], key=keys[0]).came is Came.DISPUTED
        assert hand_in(world, told[1], key=keys[1]) == Late(tubes[1])
    assert [place(world, tube) for tube in tubes] == ["Box 1 A2", "Box 1 A3"]
    assert len(open_tasks(world, TaskKind.PLACE_DISPUTED)) == 1
    assert missing(world) == []
    assert world.unproved() == []


def test_a_late_scan_of_where_the_tube_is_already_says_that_it_was_seen(world: World) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube], "A1")
    for scan in (scanned(tube, box=box, at="A1"), scanned(tube, box=box)):
        assert hand_in(world, scan) == Late(tube, Came.SEEN, "A1 · Box 1")
    world.act(lambda s, a: storage.take_out(s, a, storage.TakeOut(tubes=[tube])))
    assert hand_in(world, scanned(tube, "take")).came is Came.SEEN
    kinds = [row.kind for row in world.ask(lambda s, a: specimens.timeline(s, a, tube))]
    assert kinds == ["registered", "placed", "sighted", "sighted", "taken_out", "sighted"]
    assert world.unproved() == []


# --- what is in dispute ---


def test_a_tube_that_somebody_handled_since_is_moved_by_nobody(world: World) -> None:
    tube = world.tubes(1)[0]
    one, two = world.boxes()[:2]
    world.put(one, [tube], "A1")
    came = hand_in(world, scanned(tube, box=two, at="C3"))
    assert (came.came, came.place, place(world, tube)) == (Came.DISPUTED, "A1 · Box 1", "Box 1 A1")
    assert [(hold.kind, hold.reason) for hold in card(world, tube).holds] == [
        ("quarantine", "place_disputed")
    ]
    (task,) = open_tasks(world, TaskKind.PLACE_DISPUTED)
    said, facts = tasks.said(task)
    assert facts == {"claimed": "C3 · Box 2", "logged": "A1 · Box 1"}
    assert said
    assert (task.id, task.specimen, task.facts["person"]) == (came.task, tube, TECHNICIAN)
    assert world.unproved() == []


def test_a_clock_that_is_slow_makes_no_dispute_and_one_that_is_fast_hides_none(world: World) -> None:
    tube, other = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [tube, other])
    slow = scanned(tube, "take", ago=300, skew=301)
    assert hand_in(world, slow).came is Came.DONE
    fast = scanned(other, "take", ago=-60, skew=-120)
    assert hand_in(world, fast).came is Came.DISPUTED


def test_a_slot_that_another_tube_is_in_puts_both_into_quarantine(world: World) -> None:
    tube, other = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [other], "B2")
    came = hand_in(world, scanned(tube, box=box, at="B2", ago=0))
    assert (came.came, place(world, tube), place(world, other)) == (Came.DISPUTED, "", "Box 1 B2")
    assert [len(card(world, each).holds) for each in (tube, other)] == [1, 1]
    (task,) = open_tasks(world, TaskKind.PLACE_DISPUTED)
    assert task.facts["occupant"] == other
    assert refused(lambda: settle(world, task.id, "scan")).slug == "slot_taken"
    world.put(box, [other], "B3")
    settle(world, task.id, "scan")
    assert (place(world, tube), place(world, other)) == ("Box 1 B2", "Box 1 B3")
    assert [card(world, each).holds for each in (tube, other)] == [[], []]
    assert world.unproved() == []


@pytest.mark.parametrize(("decision", "where"), [("log", "Box 1 A1"), ("scan", "Box 2 C3")])
def test_somebody_who_looked_settles_a_dispute(world: World, decision: str, where: str) -> None:
    tube = world.tubes(1)[0]
    one, two = world.boxes()[:2]
    world.put(one, [tube], "A1")
    came = hand_in(world, scanned(tube, box=two, at="C3"))
    settled = settle(world, came.task, decision)
    assert (settled.code, place(world, tube), card(world, tube).holds) == (tube, where, [])
    assert open_tasks(world, TaskKind.PLACE_DISPUTED) == []
    assert refused(lambda: settle(world, came.task, decision)).slug == "task_closed"
    kinds = [row.kind for row in world.ask(lambda s, a: specimens.timeline(s, a, tube))]
    assert "hold_lifted" in kinds
    assert world.unproved() == []


def test_a_tube_that_was_taken_out_late_is_taken_out_by_the_decision(world: World) -> None:
    tube = world.tubes(1)[0]
    world.put(world.boxes()[0], [tube], "A1")
    came = hand_in(world, scanned(tube, "take"))
    assert came.came is Came.DISPUTED
    assert came.task
    unsettled = tasks.Settle(task=came.task)
    assert refused(lambda: world.act(lambda s, a: tasks.close(s, a, unsettled))).slug == "not_settled"
    settle(world, came.task, "scan")
    assert card(world, tube).custody == "out"
    assert world.unproved() == []


# --- what is kept ---


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ({"scan": "NOTHING-OF-OURS"}, "specimen_not_found"),
        ({"box": "CNOTACODE1"}, "code_unreadable"),
        ({"at": "Z99"}, "slot_unknown"),
        ({"occurred": datetime.fromisoformat("2199-01-01T00:00:00+00:00")}, "clock_ahead"),
        ({"mode": storage.LateMode.TAKE}, "not_in_a_box"),
        ({"person": "nobody here"}, "performer_not_allowed"),
    ],
)
def test_what_cannot_be_done_is_kept_as_a_task(world: World, words: dict[str, Any], slug: str) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    scan = scanned(tube, box=box, at="A1").model_copy(update=words)
    came = hand_in(world, scan)
    assert came.came is Came.KEPT
    (task,) = open_tasks(world, TaskKind.LATE_SCAN)
    assert (task.id, task.facts["refused"]) == (came.task, slug)
    assert task.facts["why"]
    assert world.unproved() == []


def test_a_scan_of_somebody_who_may_not_handle_the_tube_waits_for_a_manager(world: World) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    scan = scanned(tube, box=box, at="A1", ago=0, person=OUTSIDER)
    came = hand_in(world, scan, MANAGER)
    assert (came.came, place(world, tube)) == (Came.KEPT, "")
    settle(world, came.task, "scan", MANAGER)
    assert place(world, tube) == "Box 1 A1"
    assert world.unproved() == []


def test_a_kept_scan_is_settled_by_who_sets_up_alone(world: World) -> None:
    tube = world.tubes(1)[0]
    came = hand_in(world, scanned(tube, "take"))
    assert came.came is Came.KEPT
    assert refused(lambda: settle(world, came.task, "log")).slug == "not_allowed"
    assert settle(world, came.task, "log", MANAGER).resolution == "the log was right"


def test_a_kept_scan_of_no_tube_can_only_be_left(world: World) -> None:
    came = hand_in(world, scanned("NOTHING-OF-OURS", "take"))
    assert refused(lambda: settle(world, came.task, "scan", MANAGER)).slug == "no_tube"
    assert settle(world, came.task, "log", MANAGER).code == "NOTHING-OF-OURS"


def test_what_is_no_late_scan_is_settled_elsewhere(world: World) -> None:
    def note(session: Session, actor: Actor) -> UUID:
        site = session.exec(select(Site.id).where(col(Site.code) == "BJ")).one()
        return tasks.open_task(session, actor, TaskKind.UNREADABLE, site_id=site).id

    task = world.act(note)
    assert refused(lambda: settle(world, task, "log")).slug == "not_a_late_scan"
    assert refused(lambda: settle(world, uuid4(), "log")).slug == "task_unknown"


def test_who_scanned_and_who_handed_in_both_stand_in_the_log(world: World) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    hand_in(world, scanned(tube, box=box, at="A1", ago=0, person=TECHNICIAN), MANAGER)
    asked = select(CustodyEvent.entry).join(Specimen, col(Specimen.id) == col(CustodyEvent.subject_id))
    asked = asked.where(col(Specimen.code) == tube).order_by(col(CustodyEvent.number).desc())
    last = entries.read(world.database.read(lambda s: s.exec(asked).first()) or b"")
    ids = dict(world.database.read(lambda s: s.exec(select(Person.name, Person.id)).all()))
    assert (last.actor, last.refs["performer"]) == (str(ids[MANAGER]), str(ids[TECHNICIAN]))
    assert world.unproved() == []


# --- what is missing ---


def at_a_station(world: World) -> None:
    """Let the technician's browser be the one at Freezer 3."""

    order = stations.StationOrder(name="Freezer 3", site="BJ")
    made = world.act(lambda s, a: stations.enrol(s, a, order, clock.new_secret()), person=MANAGER)

    def stand(session: Session) -> None:
        mine = people.hashed(SECRETS[TECHNICIAN])
        session.exec(select(SignIn).where(col(SignIn.secret_hash) == mine)).one().station_id = made.id

    world.database.write(stand)


def missing(world: World) -> list[Any]:
    return [task.facts["missing"] for task in open_tasks(world, TaskKind.SCAN_GAP)]


def test_a_number_that_is_missing_is_noticed_and_gone_when_it_comes(world: World) -> None:
    at_a_station(world)
    tubes, box = world.tubes(6), world.boxes()[0]
    for seq, tube in zip((1, 2, 6), tubes[:3], strict=True):
        hand_in(world, scanned(tube, box=box, ago=0, seq=seq))
    assert missing(world) == [[[3, 5]]]
    # The rest comes from a file that the dying tablet wrote, by another person at no station.
    for seq, tube, left in zip((4, 3, 5), tubes[3:], ([[3, 3], [5, 5]], [[5, 5]], None), strict=True):
        told = scanned(tube, box=box, ago=0, seq=seq, person=TECHNICIAN, station="Freezer 3")
        hand_in(world, told, MANAGER)
        assert missing(world) == ([left] if left else [])
    closed = world.ask(lambda s, a: tasks.listing(s, a, tasks.Sought(closed=True)))
    assert [task.resolution for task in closed] == ["came in"]
    assert hand_in(world, scanned(tubes[0], "take", ago=0, seq=7)).came is Came.DONE
    assert missing(world) == []


def test_a_scan_that_is_only_kept_is_not_missing(world: World) -> None:
    at_a_station(world)
    tube, other = world.tubes(2)
    assert hand_in(world, scanned(tube, "take", seq=1)).came is Came.KEPT
    hand_in(world, scanned(other, box=world.boxes()[0], ago=0, seq=2))
    assert missing(world) == []


@pytest.mark.parametrize(
    ("before", "seq", "after"),
    [
        ([[3, 5]], 4, [[3, 3], [5, 5]]),
        ([[3, 5]], 3, [[4, 5]]),
        ([[3, 5]], 5, [[3, 4]]),
        ([[3, 3], [7, 9]], 3, [[7, 9]]),
        ([[3, 5]], 6, [[3, 5]]),
    ],
)
def test_a_number_is_taken_out_of_the_ranges(before: list[Any], seq: int, after: list[Any]) -> None:
    assert without(before, seq) == after
