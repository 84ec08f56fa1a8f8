"""The pages of stations: a bench is enrolled, its browser let in by a link, set up, measured and ended."""

import re
from http.cookies import SimpleCookie

import pytest

from biobank import stations, web
from biobank.errors import NotSignedIn
from biobank.pages.bench import at_station
from tests import test_stations as bench
from tests.pages.visitor import Visitor, visit
from tests.world import MANAGER, SECRETS, TECHNICIAN, World

ORDER = {"name": "Bench 1", "site": "BJ", "starts_in": "store", "idle_minutes": "9", "theme": "dark"}


@pytest.fixture
def manager(world: World) -> Visitor:
    return visit(world, MANAGER)


def claim_address(text: str) -> str:
    found = re.search(r"/stations/claim/[\w.-]+", text)
    assert found is not None
    return found[0]


def test_a_bench_is_enrolled_and_its_browser_let_in_once(world: World, manager: Visitor) -> None:
    assert "No bench is enrolled yet." in manager.get("/stations").text
    answer = manager.post("/stations", ORDER, **{"HX-Request": "true"})
    assert answer.status_code == 200
    to = claim_address(answer.text)
    assert "Bench 1" in manager.get("/stations").text

    browser = visit(world, TECHNICIAN)
    assert "Is this the browser of Bench 1?" in browser.get(to).text
    came = browser.post(to, {})
    assert came.headers["location"] == "/bench/locked"
    told: SimpleCookie = SimpleCookie()
    for line in came.headers.get_list("set-cookie"):
        told.load(line)
    kept = told[at_station.COOKIE]
    assert kept["httponly"]
    assert kept["samesite"] == "strict"
    assert told[at_station.WAYS].value == "9-35-100"
    assert told["theme"].value == "dark"
    out = bench.refusal(lambda: bench.actor(world, SECRETS[TECHNICIAN]), NotSignedIn)
    assert out.slug == "not_signed_in"
    here = world.database.read(lambda s: stations.here(s, kept.value))
    assert here is not None
    assert (here.name, here.starts_in) == ("Bench 1", "store")
    assert visit(world, "").post(to, {}).status_code == 404
    assert visit(world, "").get(to).status_code == 404
    assert world.unproved() == []


def test_the_log_of_requests_does_not_tell_the_link_of_a_bench(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    told = bench.enrolled(world, under="a-link-that-nobody-reads")
    browser = visit(world, "")
    to = web.CLAIM_LINK + bench.link(told, "a-link-that-nobody-reads")
    assert browser.get(to).status_code == 200
    assert browser.post(to, {}).status_code == 303
    logged = "".join(capfd.readouterr())
    assert f"{web.CLAIM_LINK}..." in logged
    assert "a-link-that-nobody-reads" not in logged


def test_a_bench_is_set_up_gets_another_link_and_ends(world: World, manager: Visitor) -> None:
    at = bench.bench(world)
    assert f"s{at}" in manager.get("/stations").text
    ways = {**ORDER, "volume": "0", "median_gap_ms": "35", "largest_gap_ms": "100"}
    changed = manager.post(
        f"/stations/{at}", {name: ways[name] for name in ways if name not in {"name", "site"}}
    )
    assert changed.headers["location"] == "/stations"
    answer = manager.post(f"/stations/{at}/link", {})
    assert "<html" in answer.text
    assert claim_address(answer.text)
    assert manager.post(f"/stations/{at}/end", {}).status_code == 303
    assert "ended" in manager.get("/stations").text
    technician = visit(world)
    assert technician.post("/stations", ORDER).status_code == 403
    assert f"s{at}" not in technician.get("/stations").text


def test_the_scanner_is_measured_by_who_stands_at_the_bench(world: World) -> None:
    bench.bench(world)
    bench.choose_pin(world)
    bench.switch(world, bench.badge(world), bench.PIN)
    elsewhere = visit(world)
    assert elsewhere.get("/stations/calibration").headers["location"] == "/stations"
    measured = {"median_gap_ms": "60", "largest_gap_ms": "180"}
    assert elsewhere.post("/stations/calibration", measured).status_code == 422

    came = visit(world, "")
    came.client.cookies.set(web.COOKIE, "of a badge")
    came.secret = "of a badge"
    came.client.cookies.set(at_station.COOKIE, bench.BROWSER)
    assert "<scan-calibration>" in came.get("/stations/calibration").text
    kept = came.post("/stations/calibration", measured)
    assert kept.headers["location"] == "/stations"
    assert "station-ways=5-60-180" in kept.headers["set-cookie"]
