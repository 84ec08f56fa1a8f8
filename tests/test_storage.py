"""Storage: a tube is in one place, and nobody is displaced."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import col, func, select

from biobank import codes, custody, specimens, storage
from biobank.codes import CodeKind
from biobank.custody import Kind, Line
from biobank.errors import Conflict, Malformed, NotAllowed, NotFound, Refusal, RuleBroken
from biobank.storage.making import FreezerMade
from biobank.tables import Container, Keep
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def take_out(world: World, *tubes: str) -> list[storage.Stored]:
    order = storage.TakeOut(tubes=list(tubes))
    return world.act(lambda s, a: storage.take_out(s, a, order))  # type: ignore[no-any-return]


def bring_back(world: World, *tubes: str) -> list[storage.Stored]:
    order = storage.BringBack(tubes=list(tubes))
    return world.act(lambda s, a: storage.bring_back(s, a, order))  # type: ignore[no-any-return]


def move(world: World, container: str, into: str, slot: str | None = None) -> Any:
    order = storage.ContainerMove(container=container, into=into, slot=slot)
    return world.act(lambda s, a: storage.move_container(s, a, order))


def make(world: World, kind: str, into: str | None = None, **other: Any) -> str:
    order = storage.ContainerOrder(type=kind, name=other.pop("name", kind), into=into, **other)
    return world.act(lambda s, a: storage.make_container(s, a, order), person=MANAGER).code  # type: ignore[no-any-return]


def inside(world: World, code: str) -> str:
    """The first container in one."""
    return world.ask(lambda s, a: storage.contents(s, a, code))[0].code


def shelf_of(world: World) -> str:
    return inside(world, world.freezer())


def rack_of(world: World) -> str:
    return inside(world, shelf_of(world))


def slots(world: World, box: str) -> dict[str, str]:
    """Who is in which slot; a slot that is kept is in brackets."""
    rows = world.ask(lambda s, a: storage.box_map(s, a, box)).slots
    return {row.name: f"({row.code})" if row.state == "kept" else row.code for row in rows if row.code}


def refusal(work: Callable[[], Any], kind: type[Refusal] = Conflict) -> Refusal:
    with pytest.raises(kind) as refused:
        work()
    return refused.value


# --- into a box ---


def test_tubes_fill_a_box_in_its_order_and_an_occupied_slot_names_its_occupant(world: World) -> None:
    first, second, third = world.tubes(3)
    box = world.boxes()[0]
    assert [stored.slot for stored in world.put(box, [first, second])] == ["A1", "A2"]
    refused = refusal(lambda: world.put(box, [third], slot="A1"))
    assert (refused.slug, refused.field) == ("slot_taken", "slot")
    assert first[:4] in str(refused)
    assert slots(world, box) == {"A1": first, "A2": second}
    assert world.unproved() == []


def test_tubes_are_stored_in_the_order_they_were_scanned(world: World) -> None:
    first, second, third = world.tubes(3)
    box = world.boxes()[0]
    assert [stored.code for stored in world.put(box, [third, first, second])] == [third, first, second]
    assert slots(world, box) == {"A1": third, "A2": first, "A3": second}


def test_a_tube_that_is_in_the_box_already_stays_and_is_told_as_unchanged(world: World) -> None:
    first, second = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [first])
    again = world.put(box, [second, first])
    assert [(stored.slot, stored.changed) for stored in again] == [("A2", True), ("A1", False)]
    assert world.unproved() == []


def test_a_tube_moves_to_another_box_and_leaves_its_slot_free(world: World) -> None:
    first, second = world.tubes(2)
    one, two = world.boxes()[:2]
    world.put(one, [first])
    world.put(two, [first], slot="I9")
    world.put(one, [second], slot="A1")
    assert (slots(world, one), slots(world, two)) == ({"A1": second}, {"I9": first})
    assert world.unproved() == []


def test_a_full_box_takes_nobody_and_says_how_many_it_could(world: World) -> None:
    tubes = world.tubes(27)
    box = make(world, "box-5x5", site="BJ")
    world.put(box, tubes[:24])
    refused = refusal(lambda: world.put(box, tubes[24:26]))
    assert (refused.slug, refused.facts["free"], refused.facts["wanted"]) == ("box_full", 1, 2)
    assert world.put(box, tubes[24:25])[0].slot == "E5"
    shown = world.ask(lambda s, a: storage.box_map(s, a, box))
    assert (shown.free, shown.used, shown.next_free) == (0, 25, "")
    assert world.unproved() == []


def test_things_lie_in_a_bag_in_any_number(world: World) -> None:
    tubes = world.tubes(3)
    bag = make(world, "bag", site="BJ")
    assert [stored.slot for stored in world.put(bag, tubes)] == ["", "", ""]
    shown = world.ask(lambda s, a: storage.box_map(s, a, bag))
    assert {row.code for row in shown.slots} == set(tubes)
    assert (shown.free, shown.used) == (None, 3)
    take_out(world, tubes[1])
    bring_back(world, tubes[1])
    assert world.unproved() == []


def test_two_tubes_change_places_in_one_act(world: World) -> None:
    tubes = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, tubes)

    def swap(session: Any, actor: Any) -> None:
        locked = custody.load(session, actor, tubes)
        places = [custody.state(session, tube)["place"] for tube in locked]
        lines = [
            Line(subject=tube, kind=Kind.PLACED, change={"place": place})
            for tube, place in zip(locked, reversed(places), strict=True)
        ]
        custody.record_all(session, actor, lines)

    world.act(swap)
    assert slots(world, box) == {"A1": tubes[1], "A2": tubes[0]}
    assert world.unproved() == []


@pytest.mark.parametrize(
    ("tubes", "slot", "kind", "slug"),
    [
        (["first", "second"], "A1", RuleBroken, "one_tube_a_slot"),
        (["first", "first"], None, RuleBroken, "scanned_twice"),
        (["first"], "J1", RuleBroken, "slot_unknown"),
        (["nonsense"], None, Malformed, "code_unreadable"),
        (["box"], None, Malformed, "code_of_other_kind"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_nothing_is(
    sqlite_world: World, tubes: list[str], slot: str | None, kind: type[Refusal], slug: str
) -> None:
    first, second = sqlite_world.tubes(2)
    box = sqlite_world.boxes()[0]
    names = {"first": first, "second": second, "box": box}
    wanted = [names.get(tube, tube) for tube in tubes]
    assert refusal(lambda: sqlite_world.put(box, wanted, slot), kind).slug == slug
    assert slots(sqlite_world, box) == {}


def test_a_batch_is_whole_or_nothing(world: World) -> None:
    first, second = world.tubes(2)
    box = world.boxes()[0]
    unknown = codes.new_code(CodeKind.SPECIMEN)
    refused = refusal(lambda: world.put(box, [first, unknown, second]), NotFound)
    assert refused.slug == "specimen_not_found"
    assert slots(world, box) == {}


def test_a_rack_and_a_shelf_hold_no_tubes_themselves(sqlite_world: World) -> None:
    rack, tubes = rack_of(sqlite_world), sqlite_world.tubes(1)
    refused = refusal(lambda: sqlite_world.put(rack, tubes), RuleBroken)
    assert (refused.slug, refused.field) == ("holds_no_tubes", "box")


def test_a_tube_that_has_ended_is_not_stored(world: World) -> None:
    (tube,) = world.tubes(1)

    def end(session: Any, actor: Any) -> None:
        specimen = custody.load(session, actor, [tube])[0]
        custody.record(session, actor, specimen, Kind.ENDED, change={"life": "ended", "end_reason": "lost"})

    world.act(end)
    assert refusal(lambda: world.put(world.boxes()[0], [tube]), RuleBroken).slug == "not_storable"


# --- out of it and back ---


def test_a_slot_is_kept_for_a_tube_that_is_out_and_nobody_else_gets_it(world: World) -> None:
    first, second = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [first])
    take_out(world, first)
    assert slots(world, box) == {"A1": f"({first})"}
    refused = refusal(lambda: world.put(box, [second], slot="A1"))
    assert refused.slug == "slot_taken"
    assert first[:4] in str(refused)
    assert world.put(box, [second])[0].slot == "A2"
    shown = world.ask(lambda s, a: specimens.card(s, a, first))
    assert (shown.custody, shown.holder, shown.available) == ("out", TECHNICIAN, False)
    assert [step.slot for step in shown.place][-1] == "A1"
    assert bring_back(world, first)[0].slot == "A1"
    assert slots(world, box) == {"A1": first, "A2": second}
    assert world.database.read(lambda s: s.exec(select(func.count(col(Keep.id)))).one()) == 0
    assert world.unproved() == []


def test_a_tube_that_is_out_may_go_into_its_own_slot_by_name_or_elsewhere(world: World) -> None:
    first, second = world.tubes(2)
    one, two = world.boxes()[:2]
    world.put(one, [first, second])
    take_out(world, first, second)
    assert world.put(one, [first], slot="a1")[0].slot == "A1"
    assert world.put(two, [second])[0].slot == "A1"
    assert slots(world, one) == {"A1": first}
    assert world.unproved() == []


def test_the_time_out_is_summed_from_what_was_told(world: World) -> None:
    (tube,) = world.tubes(1)
    world.put(world.boxes()[0], [tube])
    out = storage.TakeOut.model_validate({"tubes": [tube], "occurred": "2026-05-04T09:00:00+08:00"})
    back = storage.BringBack.model_validate({"tubes": [tube], "occurred": "2026-05-04T09:01:30+08:00"})
    for _ in range(2):
        world.act(lambda s, a: storage.take_out(s, a, out))
        world.act(lambda s, a: storage.bring_back(s, a, back))
    assert world.ask(lambda s, a: specimens.card(s, a, tube)).exposure_s == 180
    assert world.unproved() == []


def test_what_is_not_in_a_box_is_not_taken_out_and_what_is_not_out_not_brought_back(world: World) -> None:
    (tube,) = world.tubes(1)
    assert refusal(lambda: take_out(world, tube)).slug == "not_in_a_box"
    assert refusal(lambda: bring_back(world, tube)).slug == "not_out"
    world.put(world.boxes()[0], [tube])
    assert refusal(lambda: bring_back(world, tube)).slug == "not_out"
    take_out(world, tube)
    assert refusal(lambda: take_out(world, tube)).slug == "not_in_a_box"


# --- whole boxes ---


def test_a_box_moves_as_one_event_and_its_tubes_tell_of_it(world: World) -> None:
    (tube,) = world.tubes(1)
    box = world.boxes()[0]
    world.put(box, [tube])
    other = make(world, "rack-3", site="BJ")
    move(world, box, other)
    kinds = [(row.kind, row.held_by) for row in world.ask(lambda s, a: specimens.timeline(s, a, tube))]
    assert kinds == [("registered", None), ("placed", None), ("placed", box)]
    assert slots(world, box) == {"A1": tube}
    path = world.ask(lambda s, a: storage.box_map(s, a, box)).path
    assert [step.code for step in path][-2:] == [other, box]
    assert world.unproved() == []


def test_a_tube_tells_nothing_of_a_box_that_it_has_left(world: World) -> None:
    tube, other = world.tubes(2)
    one, two = world.boxes()[:2]
    world.put(one, [tube, other])
    world.put(two, [tube])
    move(world, one, make(world, "rack-3", site="BJ"))
    rows = world.ask(lambda s, a: specimens.timeline(s, a, tube))
    assert [row.held_by for row in rows] == [None, None, None]
    assert [row.held_by for row in world.ask(lambda s, a: specimens.timeline(s, a, other))][-1] == one


def test_a_container_does_not_go_into_itself_or_into_what_it_holds(world: World) -> None:
    shelf, rack, box = shelf_of(world), rack_of(world), world.boxes()[0]
    for inner, outer in ((rack, rack), (shelf, rack), (shelf, box)):
        refused = refusal(lambda: move(world, inner, outer), RuleBroken)  # noqa: B023 - called at once
        assert (refused.slug, refused.field) == ("into_itself", "into")
    other = make(world, "rack-3", site="BJ")
    assert refusal(lambda: move(world, other, box), RuleBroken).slug == "does_not_nest"
    assert refusal(lambda: move(world, other, rack), RuleBroken).slug == "does_not_nest"
    assert world.unproved() == []


def test_a_slot_of_a_rack_that_is_taken_names_the_box_in_it(world: World) -> None:
    first, second = world.boxes()[:2]
    refused = refusal(lambda: move(world, second, rack_of(world), "1"))
    assert refused.slug == "slot_taken"
    assert first[:4] in str(refused)
    another = make(world, "box-5x5", site="BJ")
    assert refusal(lambda: move(world, another, rack_of(world))).slug == "container_full"


def test_a_whole_freezer_is_made_in_one_act(world: World) -> None:
    order = storage.FreezerOrder(site="BJ", name="Freezer 2", shelves=5, racks=5, boxes=20)
    made = world.act(lambda s, a: storage.make_freezer(s, a, order), person=MANAGER, answer=FreezerMade)
    assert (made.containers, made.slots) == (1 + 5 + 25 + 500, 40_500)
    codes = world.database.read(lambda s: s.exec(select(Container.code)).all())
    assert len(codes) == len(set(codes))
    shelves = world.ask(lambda s, a: storage.contents(s, a, made.code))
    assert [(row.slot, row.name) for row in shelves] == [(str(n), f"Shelf {n}") for n in range(1, 6)]
    assert world.unproved() == []


@pytest.mark.parametrize(
    ("order", "kind", "slug", "field"),
    [
        ({"type": "no-such", "site": "BJ"}, RuleBroken, "type_unknown", "type"),
        ({"type": "box-9x9", "site": "XX"}, RuleBroken, "site_unknown", "site"),
        ({"type": "box-9x9"}, RuleBroken, "site_unknown", "site"),
        ({"type": "box-9x9", "into": "CNOTACODE1"}, Malformed, "code_unreadable", "into"),
    ],
)
def test_a_container_that_cannot_be_made_is_refused(
    sqlite_world: World, order: dict[str, str], kind: type[Refusal], slug: str, field: str
) -> None:
    refused = refusal(lambda: make(sqlite_world, order.pop("type"), **order), kind)
    assert (refused.slug, refused.field) == (slug, field)


def test_a_type_is_whole_and_named_once(sqlite_world: World) -> None:
    def add(**order: Any) -> None:
        wish = storage.TypeOrder.model_validate({"name": "A type", "level": "box", **order})
        sqlite_world.act(lambda s, a: storage.add_type(s, a, wish), person=MANAGER)

    assert refusal(lambda: add(code="half", rows=3), RuleBroken).field == "cols"
    assert refusal(lambda: add(code="half", cols=3), RuleBroken).slug == "grid_incomplete"
    assert refusal(lambda: add(code="box-9x9")).slug == "type_exists"
    wrong = storage.FreezerOrder(site="BJ", name="F", box_type="freezer-1")
    refused = refusal(
        lambda: sqlite_world.act(lambda s, a: storage.make_freezer(s, a, wrong), person=MANAGER), RuleBroken
    )
    assert refused.slug == "not_a_box_type"


# --- who may ---


def test_an_outsider_cannot_tell_what_is_elsewhere_from_what_is_nowhere(world: World) -> None:
    (tube,) = world.tubes(1)
    box, nowhere = world.boxes()[0], codes.new_code(CodeKind.CONTAINER)
    for code in (box, nowhere):
        refused = refusal(
            lambda: world.ask(lambda s, a: storage.box_map(s, a, code), OUTSIDER),  # noqa: B023
            NotFound,
        )
        assert (refused.slug, refused.facts) == ("container_not_found", {"code": code})
    for code in (tube, codes.new_code(CodeKind.SPECIMEN)):
        order = storage.TakeOut(tubes=[code])
        refused = refusal(
            lambda: world.act(lambda s, a: storage.take_out(s, a, order), person=OUTSIDER),  # noqa: B023
            NotFound,
        )
        assert (refused.slug, refused.facts) == ("specimen_not_found", {"code": code})
    assert world.ask(storage.roots, OUTSIDER) == []
    assert len(world.ask(storage.roots)) == 1


def test_a_technician_does_not_make_containers(world: World) -> None:
    order = storage.ContainerOrder(type="bag", name="bag", site="BJ")
    refused = refusal(lambda: world.act(lambda s, a: storage.make_container(s, a, order)), NotAllowed)
    assert (refused.slug, refused.facts["may"]) == ("not_allowed", "set up")


def test_many_new_tubes_go_into_one_freezer_box_after_box_or_not_at_all(world: World) -> None:
    tubes = world.tubes(85)
    freezer = world.freezer()

    def fill(session: Any, actor: Any) -> int:
        return storage.fill_boxes(session, actor, freezer, custody.load(session, actor, tubes))

    assert world.act(fill) == 2
    boxes = world.boxes()
    assert [len(slots(world, box)) for box in boxes] == [81, 4, 0]
    assert slots(world, boxes[1])["A1"] == tubes[81]
    assert refusal(lambda: world.act(fill)).slug == "placed_already"
    assert world.unproved() == []


def test_more_tubes_than_a_freezer_has_slots_are_not_stored_at_all(world: World) -> None:
    order = storage.FreezerOrder(site="BJ", name="F", shelves=1, racks=1, boxes=1, box_type="box-5x5")
    made = world.act(lambda s, a: storage.make_freezer(s, a, order), person=MANAGER, answer=FreezerMade)
    tubes = world.tubes(26)

    def fill(session: Any, actor: Any) -> int:
        return storage.fill_boxes(session, actor, made.code, custody.load(session, actor, tubes))

    refused = refusal(lambda: world.act(fill))
    assert (refused.slug, refused.facts["free"], refused.facts["wanted"]) == ("freezer_full", 25, 26)
    assert world.unproved() == []


def test_a_box_that_is_moved_to_the_rack_where_it_stands_was_seen_there_and_stays(world: World) -> None:
    rack, box = rack_of(world), world.boxes()[1]
    before = world.ask(lambda s, a: storage.contents(s, a, rack))
    move(world, box, rack)  # the rack is full
    assert world.ask(lambda s, a: storage.contents(s, a, rack)) == before
    assert world.unproved() == []
