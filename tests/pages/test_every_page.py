"""No page of the application is forgotten by those who look at all of them."""

import re

import pytest

from tests.pages.every_page import BENCH, NO_PAGES, REFUSED, at_the_bench, furnished
from tests.pages.visitor import visit
from tests.quick import app_of
from tests.templates import Furnishing
from tests.world import MANAGER, World

_PARTS = {"str": r"[^/]+", "int": r"\d+", "uuid": r"[0-9a-f-]{36}", "path": r".+"}


def matching(path: str) -> re.Pattern[str]:
    """What an address of a route looks like, without its query."""
    kinds = re.sub(r"\{\w+:(\w+)\}", lambda found: _PARTS[found[1]], path)
    return re.compile(kinds)


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return furnished


def test_every_page_is_furnished_or_said_to_be_none(world: World, told: dict[str, str]) -> None:
    shown = {address.partition("?")[0] for address in told.values()}
    found = [route.path for route in app_of(world).routes if "GET" in getattr(route, "methods", ())]
    routes = {path for path in found if not path.startswith(("/api", "/schema"))}
    pages = routes - NO_PAGES.keys()
    assert {path for path in pages if not any(map(matching(path).fullmatch, shown))} == set()
    assert NO_PAGES.keys() - routes == set()
    assert len(set(told.values())) == len(told)


def test_every_page_opens_and_the_refused_ones_say_no(world: World, told: dict[str, str]) -> None:
    visitor = visit(world, MANAGER)
    answers = {name: visitor.get(address).status_code for name, address in (told | REFUSED).items()}
    assert {name: status for name, status in answers.items() if status != 200} == dict.fromkeys(REFUSED, 404)
    assert world.unproved() == []


def test_the_pages_of_a_bench_open_where_nobody_is_signed_in(world: World) -> None:
    pages, browser = at_the_bench(world), visit(world, "")
    browser.client.cookies.update(BENCH)
    assert {name: browser.get(address).status_code for name, address in pages.items()} == dict.fromkeys(
        pages, 200
    )
