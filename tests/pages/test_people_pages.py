"""The pages of people and of one's own account: added, given badges, ended; a PIN of one's own."""

import re
from http.cookies import SimpleCookie

import pytest

from biobank import web
from biobank.codes import CodeKind
from biobank.labels.stock import stock
from tests import test_stations as bench
from tests.labels import paper
from tests.pages.visitor import Visitor, visit
from tests.templates import on_both
from tests.world import MANAGER, OUTSIDER, PASSWORD, TECHNICIAN, World


@pytest.fixture
def manager(world: World) -> Visitor:
    return visit(world, MANAGER)


@on_both
def test_a_new_technician_takes_one_form_and_one_badge(world: World, manager: Visitor) -> None:
    order = {"name": "li.wei", "role": "technician", "site": "BJ", "study": ""}
    added = manager.post("/people", order, **{"HX-Request": "true"})
    assert added.status_code == 200
    link = re.search(r"http\S+" + web.FIRST_LINK + r"[\w-]+", added.text)
    assert link is not None
    assert "Choose a password" in manager.get(link[0].partition("testserver.local")[2] or link[0]).text
    assert "<html" in manager.post("/people", {**order, "role": "auditor"}).text
    page = manager.get("/people").text
    assert "li.wei" in page
    assert "technician · BJ" in page
    assert "console" not in page

    told = {"names": ["li.wei", TECHNICIAN], "stock": "herma-4100", "skip": "0"}
    sheet = manager.post("/people/badges", told)
    assert sheet.headers["content-type"] == "application/pdf"
    (page_of_labels,) = paper.pages(sheet.content, stock("herma-4100"), 300)
    printed = [page_of_labels.read(index) for index in range(3)]
    assert [read[0][:1] for read in printed if read] == [CodeKind.BADGE] * 2
    assert b"li.wei" in sheet.content
    again = manager.post("/people/badges", told)
    assert again.content == sheet.content
    assert world.unproved() == []


def test_roles_badges_and_accounts_end_there(world: World, manager: Visitor) -> None:
    bench.badge(world)
    assert manager.post("/people/badges/end", {"name": TECHNICIAN}).headers["location"] == "/people"
    role = {"name": TECHNICIAN, "role": "technician", "site": "BJ", "study": ""}
    assert manager.post("/people/roles/end", role).status_code == 303
    assert manager.post("/people/roles/end", role).status_code == 422
    assert manager.post("/people/end", {"name": TECHNICIAN}).status_code == 303
    assert "ended" in manager.get("/people").text
    refused = manager.post("/people/end", {"name": MANAGER})
    assert refused.status_code == 422
    assert "Nobody ends their own account" in refused.text


def test_who_forgot_the_password_gets_a_new_link_there_and_chooses_another(
    sqlite_world: World,
) -> None:
    manager, stranger = visit(sqlite_world, MANAGER), visit(sqlite_world, "")
    address = f"/people/{TECHNICIAN}/link"
    assert address in manager.get(f"/people/{TECHNICIAN}").text
    assert f"/people/{MANAGER}/link" not in manager.get(f"/people/{MANAGER}").text
    given = manager.post(address, {}, **{"HX-Request": "true"})
    link = re.search(web.FIRST_LINK + r"[\w-]+", given.text)
    assert link is not None
    assert "<html" in manager.post(f"/people/{OUTSIDER}/link", {}).text
    wrong = stranger.post("/sign-in", {"name": TECHNICIAN, "password": PASSWORD})
    assert wrong.status_code == 401
    chosen = {"password": "a better one than that", "again": "a better one than that"}
    assert stranger.post(link[0], chosen).headers["location"] == "/"
    assert stranger.get("/account").status_code == 200
    assert visit(sqlite_world, TECHNICIAN).post(address, {}).status_code in {302, 303, 401}
    assert sqlite_world.unproved() == []


def test_people_are_an_administrators_alone(visitor: Visitor) -> None:
    assert visitor.get("/people").status_code == 403
    assert visitor.post("/people/badges", {"names": TECHNICIAN}).status_code == 403
    assert 'href="/people"' not in visitor.get("/account").text


def test_a_pin_is_chosen_on_ones_own_account_with_the_password(world: World, visitor: Visitor) -> None:
    assert 'href="/account"' in visitor.get("/").text
    page = visitor.get("/account").text
    assert 'data-scan="refuse"' in page
    wrong = {"pin": "2580", "again": "2580", "password": "not mine"}
    assert visitor.post("/account/pin", wrong).status_code == 403
    assert visitor.post("/account/pin", {**wrong, "pin": "1234", "again": "1234"}).status_code == 422
    chosen = visitor.post("/account/pin", {**wrong, "password": PASSWORD})
    assert chosen.headers["location"] == "/account"
    assert "chosen" in visitor.get("/account").text

    bench.bench(world)
    assert bench.switch(world, bench.badge(world), "2580").name == TECHNICIAN


def test_the_cookie_of_a_session_is_not_what_a_script_can_read(world: World) -> None:
    stranger = visit(world, "")
    answer = stranger.post("/sign-in", {"name": TECHNICIAN, "password": PASSWORD})
    cookie: SimpleCookie = SimpleCookie(answer.headers["set-cookie"])
    assert cookie[web.COOKIE]["httponly"]
