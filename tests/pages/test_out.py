"""The board of what is out, and containers as of a past moment, as pages show them."""

import csv
from io import StringIO
from urllib.parse import urlencode

from biobank import clock, storage
from tests.pages.visitor import events, visit
from tests.templates import on_both
from tests.test_exposure import take
from tests.world import MANAGER, World


@on_both
def test_a_tube_is_taken_out_from_its_card_shown_on_the_board_and_brought_back_there(world: World) -> None:
    one, two = world.tubes(2)
    world.put(world.boxes()[0], [one, two])
    visitor = visit(world)
    assert "Every tube is in its place." in visitor.get("/out").text
    told = {"holder": MANAGER, "purpose": "shipping", "due": "2099-01-02T03:04"}
    assert visitor.post(f"/specimens/{one}/take-out", told).status_code in (302, 303)
    card = visitor.get(f"/specimens/{one}").text
    assert ("shipping" in card, "2099-01-02 03:04 +08:00" in card, "Last seen" in card) == (True, True, True)
    board = visitor.get("/out").text
    assert (f"/specimens/{one}" in board, f"/specimens/{two}" in board, MANAGER in board) == (
        True,
        False,
        True,
    )
    assert "Box 1 · A1" in board
    assert 'data-of="all">1<' in board
    home = visitor.get("/").text
    assert (f"/specimens/{one}" in home, 'href="/out"' in home) == (True, True)
    assert f"/specimens/{one}" not in visitor.get("/out?of=thawed").text
    assert "fits all of this" in visitor.get("/out?purpose=destruction").text
    assert f"/specimens/{one}" in visitor.get(f"/out?{urlencode({'holder': MANAGER})}").text
    rows = list(csv.reader(StringIO(visitor.get("/out/file").content.decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows[1:]] == [one]
    answer = visitor.post(f"/specimens/{one}/bring-back", {"next": "/out?of=late"})
    assert answer.headers["location"] == "/out?of=late"
    assert "Every tube is in its place." in visitor.get("/out").text
    assert world.unproved() == []


def test_a_tube_that_was_never_frozen_has_a_clock_that_warns_of_nothing(world: World) -> None:
    (tube,) = world.tubes(1)
    order = storage.ContainerOrder(type="bag", name="Bag", site="BJ")
    bag = world.act(lambda s, a: storage.make_container(s, a, order), person=MANAGER).code
    world.put(bag, [tube])
    take(world, tube)
    assert "its clock warns of nothing" in visit(world).get("/out").text


def test_a_container_looks_back_and_offers_no_act_on_the_past(world: World) -> None:
    one, two = world.tubes(2)
    box = world.boxes()[0]
    world.put(box, [one])
    at, before = urlencode({"at": clock.now().isoformat()}), events(world, one)
    world.put(box, [two])
    take(world, one)
    visitor = visit(world)
    then, now = visitor.get(f"/containers/{box}?{at}").text, visitor.get(f"/containers/{box}").text
    assert (two in then, two in now) == (False, True)
    assert ("As it was at" in then, "As it was at" in now) == (True, False)
    assert ("Store here" in then, "Store here" in now) == (False, True)
    assert ("Last seen" in then, "Last seen" in now) == (False, True)
    chosen = visitor.get(f"/containers/{box}?slot=A1&{at}").text
    assert (one in chosen, "take-out" in chosen, "bring-back" in chosen) == (True, False, False)
    freezer = visitor.get(f"/containers/{world.freezer()}?{at}").text
    assert "As it was at" in freezer
    assert visitor.get(f"/containers/{box}?at=2001-02-03T04:05").status_code == 422
    assert visitor.get(f"/containers/{box}?at=yesterday").status_code == 400
    assert events(world, one) == before + 1


@on_both
def test_the_tubes_in_a_freezer_are_listed_now_then_and_by_when_they_were_seen(world: World) -> None:
    one, two = world.tubes(2)
    box, freezer = world.boxes()[0], world.freezer()
    world.put(box, [one])
    at = urlencode({"at": clock.now().isoformat()})
    world.put(box, [two])
    visitor, page = visit(world), f"/containers/{freezer}/tubes"

    def listed(query: str) -> set[str]:
        text = visitor.get(f"{page}?{query}").text
        return {tube for tube in (one, two) if f"/specimens/{tube}" in text}

    assert (listed(""), listed(at), listed("not_seen_since=2020-01-01")) == ({one, two}, {one}, set())
    assert listed(f"after={max(one, two)}") == set()
    rows = list(
        csv.reader(StringIO(visitor.get(f"{page}/file?{at}").content.decode("utf-8-sig"), newline=""))
    )
    assert [row[0] for row in rows[1:]] == [one]
    assert "There is no tube in it." in visitor.get(f"/containers/{world.boxes()[1]}/tubes").text
