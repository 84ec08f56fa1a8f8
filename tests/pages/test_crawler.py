"""Every link and every button of every page, as each role: nothing fails, nothing leads nowhere."""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from litestar.testing import TestClient
from sqlmodel import Session, col, select

from biobank import accounts, clock, people
from biobank.database import Database
from biobank.people import Actor
from biobank.tables import Person, Role
from tests import world as worlds
from tests.pages.crawling import Crawl, Crawler
from tests.pages.documents import Document
from tests.pages.every_page import furnished
from tests.quick import app_of
from tests.templates import Templates
from tests.world import MANAGER, PASSWORD, SECRETS, TECHNICIAN, World

# Who set the biobank up holds two roles for every site; the others one each, as most people do.
ROLES: Mapping[str, tuple[Role, str | None]] = {
    "the.auditor": (Role.AUDITOR, None),
    "the.researcher": (Role.RESEARCHER, None),
    "the.manager": (Role.MANAGER, "BJ"),
    "the.administrator": (Role.ADMINISTRATOR, "BJ"),
}
SIGNED_IN = {
    MANAGER: SECRETS[MANAGER],
    TECHNICIAN: SECRETS[TECHNICIAN],
    **{name: f"session-secret-of-{name}-for-tests-alone" for name in ROLES},
}
NOBODY = ""

NO_LINK = {
    "a replaced label": "the button that replaces it leads to it",
    "discarding": "the card DISCARD leads to it from a tube",
}
"""Pages that no link leads to, by their names in `every_page`, and how one comes there."""

THEIRS = {"a plan": TECHNICIAN}
"""Pages that only the lists of one person lead to, and whose they are."""


def peopled(world: World) -> dict[str, str]:
    """A world in which each page has something to show, with one more person for each role."""
    told = furnished(world)

    def add(session: Session, actor: Actor) -> None:
        for name, (role, site) in ROLES.items():
            order = accounts.PersonOrder(name=name, role=role, site=site)
            accounts.add_person(session, actor, order, clock.new_secret())

    def sign_in(session: Session) -> None:
        for person in session.exec(select(Person).where(col(Person.name).in_(ROLES))):
            person.password_hash = people.hash_password(PASSWORD)
            accounts.open_session(session, person.id, SIGNED_IN[person.name])

    world.act(add, person=MANAGER)
    world.database.write(sign_in)
    return told


class Crawled:
    """One furnished world that everybody walks through, and copies of it to press buttons in."""

    def __init__(self, templates: Templates, folder: Path) -> None:
        self.template = templates.sqlite(peopled)
        self.pages: dict[str, str] = templates.told("sqlite", peopled)
        self.folder = folder
        with self.world() as world:
            self.filled = _filled(world)

    @contextmanager
    def world(self) -> Iterator[World]:
        """A copy."""
        copy = worlds.copy_sqlite(self.template, self.folder / "crawled.db")
        database = Database(f"sqlite:///{copy}")
        yield World(database)
        database.close()

    def walk(self, person: str) -> Crawl:
        """What somebody sees who follows every link."""
        with self.world() as world:
            return _crawler(world, person).walk(wanted=frozenset(self.pages.values()))


def _crawler(world: World, person: str) -> Crawler:
    # One reads Chinese: what the pages do must not hang on the language.
    return Crawler(
        TestClient(app_of(world)), SIGNED_IN.get(person, ""), "zh_Hans" if person == TECHNICIAN else "en"
    )


@pytest.fixture(scope="module")
def crawled(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    return Crawled(templates, tmp_path_factory.mktemp("crawled"))


@pytest.mark.parametrize("person", [*SIGNED_IN])
def test_every_link_leads_to_a_whole_page_and_every_button_acts_or_says_what_is_needed(
    crawled: Crawled, person: str
) -> None:
    """One test for each role: nobody else walks where its buttons are."""
    walked = crawled.walk(person)
    assert walked.faults == [], "\n".join(walked.faults)
    found = _pressed_by_script(crawled, person, walked)
    if person == MANAGER:  # who may do the most: without a script the pages are the same for all
        _press_without_a_script(crawled, walked, found)
    lost = {name for name, to in crawled.pages.items() if not _is_reached(to, walked, found)}
    if person == MANAGER:
        assert lost == NO_LINK.keys() | THEIRS.keys()
    assert not {name for name, whose in THEIRS.items() if whose == person} & lost
    assert found.faults == [], "\n".join(found.faults)


def _pressed_by_script(crawled: Crawled, person: str, walked: Crawl) -> Crawl:
    """What each button does in a world as it was."""
    found, waiting = Crawl(seen=set(walked.seen)), deque(walked.forms.values())
    while waiting:
        with crawled.world() as world:
            crawler, done = _crawler(world, person), False
            while waiting and not done:
                done = crawler.press(found, *waiting.popleft(), crawled.filled, by_script=True)
    return found


def _press_without_a_script(crawled: Crawled, walked: Crawl, found: Crawl) -> None:
    """All of them in a row, in one world that is proved then."""
    with crawled.world() as world:
        crawler = _crawler(world, MANAGER)
        for here, sending in walked.forms.values():
            if sending.action not in {"/sign-out", "/bench/lock"}:
                crawler.press(found, here, sending, crawled.filled, by_script=False)
        assert world.unproved() == []


def _is_reached(to: str, *crawls: Crawl) -> bool:
    return any(to.partition("?")[0] == seen.partition("?")[0] for each in crawls for seen in each.seen)


def _filled(world: World) -> dict[str, str]:
    """What somebody would write into the fields that must be filled."""
    boxes = world.boxes()
    return {
        "again": "2468",
        "code": "other",
        "codes": boxes[0],
        "container": boxes[0],
        "external_id": "sub-002",
        "into": boxes[1],
        "level": "no_further_use",
        "name": "new.one",
        "password": PASSWORD,
        "pin": "2468",
        "pseudonym": "C-100",
        "slots": "A1",
        "version": "1.0",
        **{
            f"answer.{scope}": "yes"
            for scope in ("storage", "genetics", "microbiome", "foreign_release", "recontact")
        },
    }


def test_nobody_comes_further_than_the_sign_in(crawled: Crawled) -> None:
    with crawled.world() as world:
        crawler = _crawler(world, NOBODY)
        for to in crawled.pages.values():
            answer = crawler.get(to)
            leads = answer.headers.get("location", "")
            assert leads.startswith("/sign-in") or to.startswith(("/sign-in", "/bench/")), (to, answer)
        found = crawler.walk()
    assert found.faults == []
    assert {to.partition("?")[0] for to in found.seen} == {"/", "/sign-in", "/language/zh_Hans"}


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<a href="">x</a>', "a link to nothing"),
        ('<a href="/x"></a>', "a link without words"),
        ('<html><a href="#there">x</a></html>', "no part of the page"),
        ('<p id="a"></p><p id="a"></p>', "stands 2 times"),
        ('<input name="x">', "a field without a label"),
        ('<html><meta name="csrf-token" content="t"><form method="post" action="/x"></form></html>', "token"),
        ("<p>%(count)s tubes</p>", "words that were not filled in"),
        ("<html><title>x</title><h1>x</h1></html>", "no way on"),
    ],
)
def test_the_crawler_finds_what_is_wrong(html: str, fault: str) -> None:
    assert any(fault in each for each in Document(html).faults())
