"""Out and back: a clock for each tube that is out, the thaw it ends in, and the board of what is out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlmodel import Session

from biobank import clock, custody, inputs, specimens, storage, studies
from biobank.custody import Kind
from biobank.errors import NotFound, Refusal, Refusals, RuleBroken
from biobank.people import Actor
from biobank.storage import OutAsked, Purpose, Told
from biobank.storage.exposure import USUAL, Allowed, exposure, level
from biobank.storage.rearranging import Going
from tests.course import specimen
from tests.test_storage import make, refusal
from tests.world import MANAGER, OUTSIDER, PROTOCOL, TECHNICIAN, World

MINUTE = timedelta(minutes=1)
LIMITS = PROTOCOL + b"\n[exposure.plasma_edta]\nwarn = 2\nlimit = 4\n"


class Hour:
    """The time of a test, which passes as it says."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        clock.set_clock(lambda: self.now)

    def passes(self, minutes: float) -> None:
        self.now += minutes * MINUTE


@pytest.fixture
def hour() -> Iterator[Hour]:
    with clock.restored():
        yield Hour()


def take(world: World, *tubes: str, person: str = TECHNICIAN, **told: Any) -> list[storage.Stored]:
    order = inputs.read(storage.TakeOut, {"tubes": list(tubes), **told})
    return world.act(lambda s, a: storage.take_out(s, a, order), person=person)  # type: ignore[no-any-return]


def back(world: World, *tubes: str) -> None:
    world.act(lambda s, a: storage.bring_back(s, a, storage.BringBack(tubes=list(tubes))))


def rearranged(world: World, tube: str, box: str, slot: str) -> None:
    order = storage.Rearrangement(moves=[Going(tube=tube, box=box, slot=slot)])
    world.act(lambda s, a: storage.rearrange(s, a, order))


def kinds(world: World, tube: str) -> list[str]:
    return [line.kind for line in world.ask(lambda s, a: specimens.timeline(s, a, tube))]


def board(world: World, person: str = TECHNICIAN, **asked: Any) -> list[storage.OutRow]:
    sought = inputs.read(OutAsked, asked)
    return world.ask(lambda s, a: storage.what_is_out(s, a, sought), person)


def hold(world: World, tube: str) -> None:
    def work(session: Session, actor: Actor) -> None:
        (row,) = custody.load(session, actor, [tube])
        held = {"id": str(clock.new_key()), "kind": "quarantine", "reason": "leaking"}
        custody.record(session, actor, row, Kind.HOLD_SET, change={"holds": [held]})

    world.act(work)


def tubes_in(world: World, code: str, *how: Any) -> list[storage.TubeRow]:
    return world.ask(lambda s, a: storage.tubes_in(s, a, code, *how))


# --- the clock ---


def test_the_clock_is_amber_from_the_warning_and_red_past_the_limit() -> None:
    allowed = Allowed(warn=5, limit=15)
    assert [level(seconds, allowed) for seconds in (0, 299, 300, 900, 901)] == [
        "ok",
        "ok",
        "amber",
        "amber",
        "red",
    ]
    assert (USUAL.warn, USUAL.limit) == (5, 15)


@given(
    warn=some.integers(1, 600),
    more=some.integers(0, 600),
    seconds=some.integers(0, 100_000),
    frozen=some.booleans(),
)
def test_a_clock_only_ever_gets_worse_and_none_warns_of_what_was_never_frozen(
    warn: int, more: int, seconds: int, *, frozen: bool
) -> None:
    allowed, since = Allowed(warn, warn + more), datetime(2026, 5, 4, tzinfo=UTC)
    worse = ["ok", "amber", "red"]
    now = exposure(since, allowed, since + timedelta(seconds=seconds), frozen=frozen)
    later = exposure(since, allowed, since + timedelta(seconds=seconds + 1), frozen=frozen)
    assert now.minutes == seconds // 60
    if frozen:
        assert worse.index(now.level) <= worse.index(later.level)
    else:
        assert {now.level, later.level} == {"none"}


# --- the thaw ---


@pytest.mark.parametrize("way", ["put away", "brought back", "rearranged"])
def test_a_frozen_tube_that_was_out_too_long_has_thawed_however_it_comes_in(
    world: World, hour: Hour, way: str
) -> None:
    one, two = world.tubes(2)
    box, other = world.boxes()[:2]
    world.put(box, [one, two])
    take(world, one, two)
    hour.passes(16)
    for tube in (one, two):
        if way == "put away":
            world.put(other, [tube])
        elif way == "brought back":
            back(world, tube)
        else:
            rearranged(world, tube, box, "C3" if tube == one else "D4")
    found = specimen(world, one)
    assert (found.thaws, found.exposure_s, found.out_since) == (1, 16 * 60, None)
    assert kinds(world, one)[-3:] == ["taken_out", "placed", "thawed"]
    refs = world.ask(lambda s, _: custody.history(s, found.id))[-1].refs
    assert refs["exposure"] == {"minutes": 16, "limit": 15}
    assert world.unproved() == []


def test_a_tube_that_is_back_in_time_has_not_thawed_and_its_minutes_add_up(world: World, hour: Hour) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    for _ in range(3):
        take(world, tube)
        hour.passes(15)
        back(world, tube)
        hour.passes(30)
    found = specimen(world, tube)
    assert (found.thaws, found.exposure_s) == (0, 3 * 15 * 60)
    assert "thawed" not in kinds(world, tube)
    assert world.unproved() == []


def test_what_was_never_frozen_does_not_thaw(world: World, hour: Hour) -> None:
    (tube,) = world.tubes(1)
    world.put(make(world, "box-5x5", site="BJ"), [tube])
    take(world, tube)
    hour.passes(120)
    assert [(row.level, row.minutes) for row in board(world)] == [("none", 120)]
    world.put(world.boxes()[0], [tube])
    assert specimen(world, tube).thaws == 0
    assert world.unproved() == []


def test_what_comes_out_of_a_refrigerator_has_no_frost_to_lose(world: World, hour: Hour) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    world.put(make(world, "box-5x5", site="BJ", celsius=4), [tube])
    take(world, tube)
    hour.passes(120)
    back(world, tube)
    assert specimen(world, tube).thaws == 0
    assert world.unproved() == []


def test_the_protocol_in_force_says_how_long_is_too_long(world: World, hour: Hour) -> None:
    tube = plasma(world)
    world.put(world.boxes()[0], [tube])
    take(world, tube)
    hour.passes(5)
    assert [(row.level, row.limit) for row in board(world)] == [("amber", 15)]
    world.act(lambda s, a: studies.load(s, a, LIMITS), person=MANAGER)
    assert [(row.level, row.warn, row.limit) for row in board(world)] == [("red", 2, 4)]
    back(world, tube)
    assert specimen(world, tube).thaws == 1
    assert world.unproved() == []


def plasma(world: World) -> str:
    """A tube of plasma, aliquoted."""
    blood = world.blood(world.visit())
    order = specimens.Derivative(parent=blood, material="plasma_edta", amount="4 mL")
    made = world.act(lambda s, a: specimens.rows(s, [specimens.derive(s, a, order)]))
    return str(made[0].code)


def test_a_protocol_that_warns_after_its_limit_or_of_no_material_is_refused() -> None:
    with pytest.raises(RuleBroken) as late:
        studies.read_protocol(PROTOCOL + b"[exposure.serum]\nwarn = 9\nlimit = 8\n")
    assert (late.value.slug, late.value.field) == ("protocol_late_warning", "exposure.serum.warn")
    with pytest.raises(Refusal) as unknown:
        studies.read_protocol(PROTOCOL + b"[exposure.milk]\nwarn = 5\nlimit = 8\n")
    assert unknown.value.field == "exposure.milk"


def test_new_limits_of_a_protocol_are_told_before_it_is_loaded(world: World) -> None:
    told = world.ask(lambda s, a: studies.differences(s, a, LIMITS), MANAGER)
    (words,) = [each.in_words("en") for each in told]
    assert "out of the cold" in words
    assert "4 minutes" in words
    assert "the usual limits" in words


# --- who has it, what for, until when ---


def test_a_tube_is_taken_out_for_somebody_for_a_purpose_and_until_a_time(world: World, hour: Hour) -> None:
    one, two = world.tubes(2)
    world.put(world.boxes()[0], [one, two])
    due = (hour.now + 10 * MINUTE).isoformat()
    take(world, one, holder=MANAGER, purpose="quality_control", due=due)
    hour.passes(1)
    take(world, two)
    first, second = board(world)
    assert (first.code, first.holder, first.purpose) == (one, MANAGER, "quality_control")
    assert (first.place, first.overdue) == ("Box 1 · A1", False)
    assert (second.holder, second.purpose, second.due) == (TECHNICIAN, "", None)
    hour.passes(11)
    assert [row.code for row in board(world, of="overdue")] == [one]
    assert [row.code for row in board(world, purpose="quality_control")] == [one]
    assert [row.code for row in board(world, holder=TECHNICIAN)] == [two]
    assert [row.code for row in board(world, mine=True)] == [two]
    assert [row.code for row in board(world, of="late")] == [one, two]
    assert board(world, of="thawed") == board(world, study="NONE") == board(world, site="NT") == []
    assert board(world, OUTSIDER) == []
    counts = world.ask(storage.out_counts)
    assert (counts.out, counts.late, counts.thawed, counts.overdue) == (2, 2, 0, 1)
    back(world, one, two)
    assert board(world) == []
    assert {each.value for each in Told} == {"late", "thawed", "overdue"}
    assert world.unproved() == []


def test_nobody_unknown_holds_a_tube_and_none_is_due_before_it_leaves(world: World, hour: Hour) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    unknown = refusal(lambda: take(world, tube, holder="nobody at all"), NotFound)
    assert (unknown.slug, unknown.field) == ("holder_unknown", "holder")
    early = refusal(lambda: take(world, tube, due=(hour.now - MINUTE).isoformat()), RuleBroken)
    assert (early.slug, early.field) == ("due_before", "due")
    with pytest.raises(Refusals) as far:
        take(world, tube, due="9999-12-31T23:59:59-14:00")
    assert [each.slug for each in far.value.each] == ["not_due"]
    assert board(world) == []
    assert world.unproved() == []


@pytest.mark.parametrize(
    ("person", "purpose", "allowed"),
    [
        (TECHNICIAN, None, False),
        (TECHNICIAN, Purpose.RELOCATION, False),
        (MANAGER, None, False),
        (MANAGER, Purpose.SHIPPING, False),
        (MANAGER, Purpose.RELOCATION, True),
        (MANAGER, Purpose.DESTRUCTION, True),
    ],
)
def test_a_tube_on_hold_stays_in_its_slot_but_for_a_manager_who_relocates_or_destroys_it(
    world: World, person: str, purpose: Purpose | None, *, allowed: bool
) -> None:
    tube, other = world.tubes(2)
    world.put(world.boxes()[0], [tube, other])
    hold(world, tube)
    told = {"purpose": purpose.value} if purpose else {}
    if allowed:
        take(world, tube, other, person=person, **told)
    else:
        refused = refusal(lambda: take(world, tube, other, person=person, **told), RuleBroken)
        assert (refused.slug, refused.facts["hold"], refused.facts["reason"]) == (
            "held",
            "quarantine",
            "leaking",
        )
    assert len(board(world)) == 2 * allowed
    assert world.unproved() == []


# --- last seen ---


def test_a_tube_that_is_scanned_in_its_slot_again_was_seen_there(world: World, hour: Hour) -> None:
    hour.passes(-3 * 24 * 60)  # nobody stays signed in for as long
    one, two = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [one, two])
    hour.passes(3 * 24 * 60)
    assert [each.changed for each in world.put(box, [one])] == [False]
    assert kinds(world, one)[-1] == "sighted"
    assert specimen(world, one).seen_at == hour.now
    shown = world.ask(lambda s, a: storage.box_map(s, a, box))
    assert [slot.seen for slot in shown.slots[:2]] == [hour.now, hour.now - 3 * 24 * 60 * MINUTE]
    day = {"not_seen_since": hour.now.date().isoformat()}
    sought = inputs.read(storage.SeenAsked, day)
    for inside in (box, world.freezer()):
        assert [row.code for row in tubes_in(world, inside, sought)] == [two]
    every = tubes_in(world, box)
    assert [row.code for row in every] == sorted([one, two])
    assert tubes_in(world, box, None, 1) == every[:1]
    assert tubes_in(world, box, None, 1, every[0].code) == every[1:]
    assert storage.days_unseen(every[0].seen, hour.now) in (0, 3)
    assert storage.days_unseen(None, hour.now) is None
    assert world.unproved() == []
