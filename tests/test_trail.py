"""The log as people ask for it: newest first, in scope, by what, whom, where and when, a page at a time."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from biobank import accounts, clock, storage, trail
from biobank.errors import NotAllowed
from biobank.specimens import families
from biobank.storage import TakeOut
from biobank.tables import Role
from biobank.trail import LogAsked, LogPage
from tests.templates import Furnishing
from tests.test_undoing import undo_last
from tests.world import MANAGER, OUTSIDER, TECHNICIAN, World


def furnished(world: World) -> list[str]:
    """Three tubes of a visit in a box; one was taken out, and that was undone."""
    tubes = world.tubes(3)
    world.put(world.boxes()[0], tubes)
    world.act(lambda s, a: storage.take_out(s, a, TakeOut(tubes=tubes[:1])))
    undo_last(world)
    return tubes


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return furnished


@pytest.fixture
def tubes(told: list[str]) -> list[str]:
    return told


def log(world: World, reader: str = MANAGER, /, after: UUID | None = None, **asked: Any) -> LogPage:
    limits = {name: asked.pop(name) for name in ("limit", "look") if name in asked}
    sought = LogAsked(**asked)
    return world.ask(lambda s, a: trail.log(s, a, sought, after=after, **limits), reader)


def give(world: World, name: str, role: Role, site: str | None = None, study: str | None = None) -> None:
    """A role for the outsider, who handles tubes of another site."""
    order = accounts.PersonOrder(name=name, role=role, site=site, study=study)
    world.act(lambda s, a: accounts.add_person(s, a, order, clock.new_secret()), person=MANAGER)


def walked(world: World, limit: int, look: int, **asked: Any) -> list[UUID]:
    """Every event that fits, page by page."""
    found, after = [], None
    while True:
        page = log(world, after=after, limit=limit, look=look, **asked)
        assert len(page.rows) <= limit
        found += [row.id for row in page.rows]
        after = page.next
        if after is None:
            return found


def test_the_newest_event_comes_first_and_tells_what_it_was_about(world: World, tubes: list[str]) -> None:
    first, second = log(world, limit=2).rows
    assert (first.code, first.about, first.actor) == (tubes[0], "specimen", TECHNICIAN)
    assert first.undoes == str(second.id)
    assert second.kind == "taken_out"
    assert second.undone
    assert first.box == world.boxes()[0]
    assert first.place.endswith("A1")
    assert world.unproved() == []


ASKED: list[dict[str, Any]] = [
    {},
    {"kind": "placed"},
    {"about": "specimen"},
    {"about": "visit"},
    {"about": "person"},
    {"person": MANAGER},
    {"person": "nobody"},
    {"station": "nowhere"},
    {"corrections": True},
    {"code": "D-001"},
    {"since": "2020-01-01", "until": "2020-01-02"},
]


def test_pages_of_any_size_tell_what_one_page_tells(world: World) -> None:
    for asked in ASKED:
        whole = log(world, limit=1000, **asked)
        assert whole.next is None, asked
        assert walked(world, 2, 7, **asked) == [row.id for row in whole.rows], asked
        for row in whole.rows:
            assert asked.get("kind", row.kind) == row.kind
            assert asked.get("about", row.about) == row.about
            assert asked.get("person", row.actor) == row.actor
    assert [row.kind for row in log(world, corrections=True).rows] == ["taken_out"]


def test_a_day_is_that_of_the_sites(world: World) -> None:
    page = log(world, limit=1000)
    assert page.zone == "Asia/Shanghai"
    # The world may have been furnished before a midnight that has passed since.
    days = [(row.recorded + timedelta(hours=8)).date() for row in page.rows]
    for day in set(days):
        wanted = {row.id for row, of in zip(page.rows, days, strict=True) if of == day}
        assert {row.id for row in log(world, limit=1000, since=day, until=day).rows} == wanted
    tomorrow = (clock.now() + timedelta(hours=8)).date() + timedelta(days=1)
    assert log(world, since=tomorrow, until=tomorrow).rows == []


def test_a_code_leads_to_the_events_of_its_thing_alone(world: World, tubes: list[str]) -> None:
    rows = log(world, code=tubes[1], limit=1000).rows
    assert {row.code for row in rows} == {tubes[1]}
    assert [row.number for row in rows] == list(range(len(rows), 0, -1))
    assert log(world, code="S0000000000").rows == []


def test_who_handles_tubes_reads_no_log(world: World) -> None:
    with pytest.raises(NotAllowed) as refused:
        log(world, TECHNICIAN)
    assert refused.value.slug == "not_allowed"


def test_who_administers_without_auditing_sees_people_and_stations_alone(world: World) -> None:
    give(world, OUTSIDER, Role.ADMINISTRATOR)
    rows = log(world, OUTSIDER, limit=1000).rows
    assert rows
    assert {row.about for row in rows} == {"person"}
    assert walked(world, 2, 5, about="person") == [row.id for row in rows]


@pytest.mark.parametrize(
    ("site", "study", "sees"), [("BJ", None, True), ("NT", None, False), (None, "DEMO", True)]
)
def test_an_auditor_reads_what_their_site_and_study_cover(
    world: World, tubes: list[str], site: str | None, study: str | None, *, sees: bool
) -> None:
    give(world, OUTSIDER, Role.AUDITOR, site, study)
    rows = log(world, OUTSIDER, limit=1000, look=30).rows
    assert ({row.code for row in rows} >= set(tubes)) is sees
    assert bool(log(world, OUTSIDER, code=tubes[0]).rows) is sees
    assert "person" not in {row.about for row in rows}
    boxes = {row.code for row in rows if row.about == "container"}
    assert bool(boxes) is (site == "BJ" or study is not None)


def test_the_family_of_a_tube_is_one_tree_whoever_of_it_is_asked(world: World, tubes: list[str]) -> None:
    trees = [world.ask(partial(families.tree, text=each)) for each in tubes]
    root = trees[0].root
    assert [tree.root for tree in trees] == [root] * len(trees)
    assert {each.row.code for each in root.made} >= set(tubes)
    assert trees[1].line == [root.row.code, tubes[1]]
    assert trees[0].count == 1 + len(root.made)


def test_the_chain_of_a_tube_is_proved(world: World, tubes: list[str]) -> None:
    chain = world.ask(lambda s, a: families.chain(s, a, tubes[0]))
    assert (chain.events, chain.fault) == (len(log(world, code=tubes[0], limit=1000).rows), "")
