"""What happened, on pages: the timeline of a tube sought, its family, the log, a person and their tokens."""

import csv
import re
from html import unescape
from io import BytesIO, StringIO

import openpyxl
import pytest

from biobank import storage, trail
from biobank.pages import words
from biobank.storage import TakeOut
from biobank.trail import LogAsked
from biobank.trail.rows import WAYS_IN
from tests.pages.visitor import Visitor, visit
from tests.templates import Furnishing
from tests.test_undoing import undo_last
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def furnished(world: World) -> list[str]:
    """Three tubes in a box; one was taken out, and that was undone."""
    tubes = world.tubes(3)
    world.put(world.boxes()[0], tubes)
    world.act(lambda s, a: storage.take_out(s, a, TakeOut(tubes=tubes[:1])))
    undo_last(world)
    return tubes


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return furnished


@pytest.fixture
def tube(told: list[str]) -> str:
    return told[0]


@pytest.fixture
def manager(world: World) -> Visitor:
    return visit(world, MANAGER)


def events(page: str) -> list[str]:
    return re.findall(r'id="event-([0-9a-f-]{36})"', page)


def test_a_timeline_is_sought_by_its_address(visitor: Visitor, tube: str) -> None:
    whole = visitor.get(f"/specimens/{tube}").text
    every = events(whole)
    taken = events(visitor.get(f"/specimens/{tube}?kind=taken_out").text)
    corrected = events(visitor.get(f"/specimens/{tube}?corrections=true").text)
    assert len(taken) == 2
    assert len(corrected) == 1
    assert set(taken) < set(every)
    assert set(corrected) < set(taken)
    assert events(visitor.get(f"/specimens/{tube}?person=nobody").text) == []
    assert events(visitor.get(f"/specimens/{tube}?since=2000-01-01").text) == every
    assert events(visitor.get(f"/specimens/{tube}?until=2000-01-01").text) == []
    assert visitor.get(f"/specimens/{tube}?kind=sung").status_code == 400


def test_an_undone_event_is_struck_and_linked_with_what_undid_it(visitor: Visitor, tube: str) -> None:
    page = visitor.get(f"/specimens/{tube}").text
    struck = re.findall(r'class="event undone" id="event-([0-9a-f-]{36})"', page)
    assert len(struck) == 1
    assert f'href="#event-{struck[0]}"' in page


def test_a_timeline_is_saved_as_it_is_sought(visitor: Visitor, tube: str) -> None:
    page = visitor.get(f"/specimens/{tube}?kind=taken_out").text
    files = [unescape(each) for each in re.findall(r'href="(/specimens/\w+/timeline/file[^"]*)"', page)]
    plain, book = (visitor.get(each) for each in files)
    rows = list(csv.reader(StringIO(plain.content.decode("utf-8-sig"))))
    sheet = openpyxl.load_workbook(BytesIO(book.content)).active
    assert len(rows) == len(list(sheet.rows)) == 3
    assert {row[1] for row in rows[1:]} == {"taken_out"}


def test_a_tubes_chain_is_proved_on_its_page_and_its_family_stands_there(
    visitor: Visitor, told: list[str]
) -> None:
    page = visitor.get(f"/specimens/{told[0]}").text
    assert "chain proved" in page
    family = page[page.index('id="family"') : page.index('id="timeline"')]
    assert all(f'href="/specimens/{each}"' in family for each in told[1:])
    assert 'aria-current="true"' in family


def test_the_log_keeps_what_is_sought_on_every_further_page(manager: Visitor, tube: str) -> None:
    page = manager.get("/log?about=specimen").text
    assert events(page)
    for link in re.findall(r'href="(/log[^"]*(?:after|file)[^"]*)"', page):
        assert "about=specimen" in link
    assert all(each in manager.get(f"/log?code={tube}").text for each in ("Taken out", "undone"))
    assert "No event fits all of this." in manager.get("/log?person=nobody").text
    assert manager.get("/log?after=yesterday").status_code == 400


def test_the_log_is_saved_with_all_its_columns(manager: Visitor, tube: str) -> None:
    answer = manager.get(f"/log/file?code={tube}&kind=registered")
    header, row = csv.reader(StringIO(answer.content.decode("utf-8-sig")))
    assert len(header) == len(row)
    assert dict(zip(header, row, strict=True))["Code"] == tube


def test_who_handles_tubes_is_not_led_to_the_log(visitor: Visitor, manager: Visitor) -> None:
    assert 'href="/log"' not in visitor.get("/").text
    assert visitor.get("/log").status_code == 403
    assert 'href="/log"' in manager.get("/").text


def test_what_happened_to_a_participant_and_a_visit_stands_on_their_pages(
    visitor: Visitor, tube: str
) -> None:
    page = visitor.get(f"/specimens/{tube}").text
    for found in re.findall(r'href="(/visits/\w+|/studies/DEMO/participants/[^"]+)"', page)[:2]:
        history = visitor.get(found).text
        assert 'id="history"' in history
        assert events(history)


def test_every_word_of_the_log_is_one_that_people_read(manager: Visitor) -> None:
    page = manager.get("/log/file").content.decode("utf-8-sig")
    told = {part for row in list(csv.reader(StringIO(page)))[1:] for part in row[15].split("; ") if part}
    assert [each for each in {*told, *WAYS_IN} if f"what.{each}" not in words.WORDS] == []


def test_a_person_is_shown_to_who_administers_alone(visitor: Visitor, manager: Visitor) -> None:
    page = manager.get(f"/people/{TECHNICIAN}").text
    assert "technician" in page
    assert 'id="history"' in page
    assert visitor.get(f"/people/{TECHNICIAN}").status_code == 403
    assert manager.get("/people/nobody").status_code == 404


def test_a_token_is_shown_once_and_ends_on_ones_own_page(visitor: Visitor) -> None:
    made = visitor.post("/account/tokens", {"name": "the sorter", "days": "30"}, **{"HX-Request": "true"})
    secret = re.search(r'<code class="code">([^<]+)</code>', made.text)
    assert made.status_code == 200
    assert secret
    page = visitor.get("/account").text
    assert "the sorter" in page
    assert secret[1] not in page
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    assert visitor.post("/account/tokens/end", {"token": token[1]}).status_code == 303
    assert "the sorter" not in visitor.get("/account").text


def test_signing_out_everywhere_ends_every_sign_in_of_that_person_alone(
    world: World, manager: Visitor
) -> None:
    other = visit(world, OUTSIDER)
    assert manager.post(f"/people/{OUTSIDER}/sign-out", {}).status_code == 303
    newest = world.ask(lambda s, a: trail.log(s, a, LogAsked(code=OUTSIDER)), MANAGER).rows[0]
    assert (newest.kind, newest.code, newest.actor) == ("changed", OUTSIDER, MANAGER)
    assert other.get("/").status_code in {302, 303}
    assert visit(world).get("/").status_code == 200
    assert visit(world).post(f"/people/{MANAGER}/sign-out", {}).status_code == 403
    assert manager.get("/").status_code == 200
    assert world.unproved() == []
