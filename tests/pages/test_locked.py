"""The lock screen, badges and the number pad, for a browser without scripts."""

from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from biobank import web
from biobank.errors import NotSignedIn
from biobank.pages.bench import at_station
from tests import test_stations as bench
from tests.pages.visitor import Visitor, visit
from tests.templates import on_both
from tests.world import MANAGER, PASSWORD, SECRETS, TECHNICIAN, World

PIN = bench.PIN


def at_bench(world: World, person: str = "") -> Visitor:
    """Somebody at the browser of an enrolled bench, signed in or not."""
    came = visit(world, person)
    came.client.cookies.set(at_station.COOKIE, bench.BROWSER)
    return came


def cookies(answer: httpx.Response) -> SimpleCookie:
    read: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        read.load(line)
    return read


def is_out(world: World, secret: str) -> bool:
    return bench.refusal(lambda: bench.actor(world, secret), NotSignedIn).slug == "not_signed_in"


@pytest.fixture
def ready(world: World) -> str:
    """A bench, and the badge of a technician who has a PIN."""
    bench.bench(world)
    bench.choose_pin(world)
    return bench.badge(world)


@on_both
def test_a_badge_asks_for_the_pin_first_and_goes_on_with_mode_box_and_slot(world: World, ready: str) -> None:
    came = at_bench(world, MANAGER)
    box = world.boxes()[0]
    told = {"badge": ready, "mode": "store", "box": box, "at": "B7"}
    asked = came.post("/bench/badge", told)
    assert asked.status_code == 303
    to = asked.headers["location"]
    assert urlsplit(to).path == "/bench/pin"
    pad = came.get(to)
    assert "PIN of technician" in pad.text
    assert 'data-scan="badge"' in pad.text
    assert f'name="box" value="{box}"' in pad.text

    answer = came.post("/bench/badge", {**told, "pin": PIN})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/bench?mode=store&box={box}&at=B7"
    set_ = cookies(answer)
    assert set_[at_station.WAYS].value == "5-35-100"
    fresh = set_[web.COOKIE].value
    assert bench.actor(world, fresh).name == TECHNICIAN
    assert is_out(world, SECRETS[MANAGER])


def test_a_script_at_the_bench_is_told_where_to_go_or_gets_a_stop(world: World, ready: str) -> None:
    came = at_bench(world)
    wrong = came.post("/bench/badge", {"badge": ready, "pin": "9999"}, **{"X-Fragment": "1"})
    assert wrong.status_code == 200
    assert 'data-outcome="stop"' in wrong.text
    assert "This is not the PIN of technician." in wrong.text
    right = came.post("/bench/badge", {"badge": ready, "pin": PIN, "mode": "nonsense"}, **{"X-Fragment": "1"})
    assert right.headers["hx-redirect"] == "/bench?mode=nonsense"
    came.secret = cookies(right)[web.COOKIE].value
    away = came.post("/bench/badge", {"badge": ready, "next": "//elsewhere.example"}, **{"X-Fragment": "1"})
    assert away.headers["hx-redirect"] == "/"


def test_a_wrong_pin_and_a_badge_that_is_none_are_refused_as_pages(world: World, ready: str) -> None:
    came = at_bench(world)
    wrong = came.post("/bench/badge", {"badge": ready, "pin": "9999"}, **{"HX-Request": "true"})
    assert wrong.status_code == 401
    assert "This is not the PIN of technician." in wrong.text
    assert came.post("/bench/badge", {"badge": world.boxes()[0]}).status_code == 400
    stranger = visit(world, "")
    refused = stranger.post("/bench/badge", {"badge": ready})
    assert refused.status_code == 422
    assert "no enrolled bench" in refused.text
    assert stranger.get(f"/bench/pin?badge={ready}").status_code == 422


def test_the_lock_ends_the_session_keeps_the_box_and_a_badge_opens_it_in_the_mode_of_the_station(
    world: World, ready: str
) -> None:
    came = at_bench(world, TECHNICIAN)
    box = world.boxes()[0]
    asked = came.get(f"/bench/locked?mode=take&box={box}&at=B7")
    assert "data-lock-now" in asked.text
    locked = came.post("/bench/lock", {"mode": "take", "box": box, "at": "B7"})
    assert locked.status_code == 303
    assert is_out(world, SECRETS[TECHNICIAN])
    came.client.cookies.delete(web.COOKIE)
    came.secret = ""
    page = came.get(locked.headers["location"])
    assert page.status_code == 200
    assert "data-lock-now" not in page.text
    assert "Scan your badge" in page.text
    assert 'name="mode"' not in page.text
    assert f'name="box" value="{box}"' in page.text
    opened = came.post("/bench/badge", {"badge": ready, "pin": PIN, "box": box})
    assert opened.headers["location"] == f"/bench?box={box}"


def test_where_no_bench_is_enrolled_the_lock_screen_leads_to_signing_in(world: World) -> None:
    came = visit(world, "")
    answer = came.get("/bench/locked?box=C123")
    assert answer.status_code in {302, 303, 307}
    to = urlsplit(answer.headers["location"])
    assert (to.path, parse_qs(to.query)) == ("/sign-in", {"next": ["/bench?box=C123"]})


def test_who_signs_in_by_password_at_a_bench_stands_at_that_bench(
    world: World,
    ready: str,
) -> None:
    came = at_bench(world)
    answer = came.post("/sign-in", {"name": TECHNICIAN, "password": PASSWORD, "next": "/bench"})
    assert answer.status_code == 303
    me = bench.actor(world, cookies(answer)[web.COOKIE].value)
    assert me.station_id is not None
    assert not me.by_badge
    assert cookies(answer)[at_station.WAYS].value == "5-35-100"
