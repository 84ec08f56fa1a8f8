"""Pages of room: found by rules, planned for tubes, reserved, carried out; and of capacity."""

from biobank import storage
from tests.pages.visitor import Visitor
from tests.templates import on_both
from tests.test_capacity import plan_visits
from tests.test_filling import keep
from tests.test_keeping import reserve
from tests.test_storage import slots
from tests.world import MANAGER, TECHNICIAN, World


@on_both
def test_room_is_found_by_rules_and_reserved_from_the_list(world: World, visitor: Visitor) -> None:
    box = world.boxes()[0]
    assert 'href="/storage/room"' in visitor.get("/storage").text
    assert "slots suit in all" not in visitor.get("/storage/room").text
    page = visitor.get("/storage/room?count=90&storage=-80&type=&study=&material=&within=").text
    assert "243 slots suit in all" in page
    assert "Reserve 81" in page
    nowhere = visitor.get("/storage/room?count=5&storage=-150").text
    assert "There is no room for this" in nowhere
    made = visitor.post("/storage/reservations", {"box": box, "count": "3"})
    assert made.headers["location"].startswith("/storage/plans/")
    assert "anything of its owner" in visitor.get(made.headers["location"]).text
    assert "3 slots" in visitor.get("/storage/plans").text
    drawn = visitor.get(f"/containers/{box}").text
    assert 'class="cell reserved"' in drawn
    assert f"<title>{TECHNICIAN}</title>" in drawn


def test_tubes_are_planned_seen_drawn_reserved_and_put_away_box_by_box(
    world: World, visitor: Visitor
) -> None:
    boxes, tubes = world.boxes(), world.tubes(3)
    world.put(boxes[2], tubes[:1])
    asked = {"tubes": "\r\n".join(tubes), "within": boxes[1], "strategy": "together"}
    page = visitor.client.get("/storage/plan", params=asked).text
    assert "3 tubes · 1 box<" in page
    assert page.count("cell cursor") == 3
    assert slots(world, boxes[1]) == {}
    made = visitor.post("/storage/plans", {**asked, "tubes": ",".join(tubes), "minutes": "30"})
    plan = made.headers["location"]
    page = visitor.get(plan).text
    assert "out of Box 3" in page
    some = visitor.post(f"{plan}/carry", {"box": boxes[2]})
    assert some.headers["location"] == plan
    there = world.ask(lambda s, a: storage.box_map(s, a, boxes[1])).slots
    assert [slot.state for slot in there[:4]] == ["occupied", "reserved", "reserved", "empty"]
    assert visitor.post(f"{plan}/prolong", {"minutes": "90"}).headers["location"] == plan
    rest = visitor.post(f"{plan}/carry", {"box": ""})
    assert rest.headers["location"] == "/storage/plans"
    assert "You have reserved nothing" in visitor.get("/storage/plans").text
    assert visitor.get(plan).status_code == 404
    assert slots(world, boxes[1]) == dict(zip(("A1", "A2", "A3"), tubes, strict=True))
    assert world.unproved() == []


def test_what_was_planned_is_put_away_at_once_or_given_up(world: World, visitor: Visitor) -> None:
    box, tubes = world.boxes()[0], world.tubes(2)
    told = {"tubes": ",".join(tubes), "within": "", "strategy": "first_free"}
    assert visitor.post("/storage/fillings", told).headers["location"] == f"/containers/{box}"
    assert slots(world, box) == {"A1": tubes[0], "A2": tubes[1]}
    mine = reserve(world, box, slots=["B1"])
    given = visitor.post(f"/storage/plans/{mine.plan}/release", {})
    assert given.headers["location"] == "/storage/plans"
    theirs = keep(world, tubes, within=world.boxes()[1], person=MANAGER)
    refused = visitor.post(f"/storage/plans/{theirs.plan}/release", {}, **{"hx-request": "1"})
    assert refused.status_code == 403
    assert "reserved by manager" in refused.text


def test_tubes_without_a_place_are_named_and_cannot_be_reserved(world: World, visitor: Visitor) -> None:
    tubes = world.tubes(2)
    asked = {"tubes": "\n".join(tubes), "within": "", "strategy": "split"}
    page = visitor.client.get("/storage/plan", params=asked).text
    assert "There is no place for 2 of them" in page
    assert "Reserve them" not in page


def test_capacity_tells_use_what_comes_and_how_boxes_come_free(world: World, visitor: Visitor) -> None:
    empty = visitor.get("/capacity").text
    assert "No visit is planned that leaves tubes behind" in empty
    assert "No tube is stored yet" in empty
    boxes, tubes = world.boxes(), world.tubes(3)
    world.put(boxes[0], tubes[:2])
    world.put(boxes[1], tubes[2:])
    world.visit("D-300")
    plan_visits(world, 2)
    page = visitor.get("/capacity").text
    assert "240 of 243 slots free" in page
    assert "8 tubes to come" in page
    asked = visitor.get("/capacity?boxes=1&within=").text
    assert "1 of 1 boxes come free by 1 moves" in asked
    made = visitor.post("/capacity/gaps", {"boxes": "1", "within": ""})
    visitor.post(f"{made.headers['location']}/carry", {"box": boxes[1]})
    assert slots(world, boxes[1]) == {}
    assert "No box can come free" in visitor.get("/capacity?boxes=1").text
    assert world.unproved() == []
