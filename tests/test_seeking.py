"""Specimens sought by everything people ask for, in every order, page by page, on both databases."""

from itertools import pairwise, product
from typing import Any

import pytest

from biobank import specimens
from biobank.errors import Malformed, NotFound, Refusals, RuleBroken
from biobank.inputs import read
from biobank.specimens import Sort, Sought, SpecimenLine, listing
from tests.pages.visitor import visit
from tests.templates import Furnishing
from tests.test_changing_containers import identify
from tests.test_storage import take_out
from tests.world import OUTSIDER, World


def stored(world: World) -> list[str]:
    """Five aliquots of one participant, two of them in a box, one out of it; one of another participant."""
    tubes = world.tubes(5)
    world.put(world.boxes()[0], tubes[:3])
    take_out(world, tubes[2])
    identify(world, tubes[0], "FX-0042")
    return [*tubes, *world.tubes(1, "D-002")]


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return stored


def fits(world: World, **sought: Any) -> list[str]:
    order = read(Sought, sought)
    found = [row.code for row in world.ask(lambda s, a: specimens.page(s, a, None, "", 100, order))]
    assert world.ask(lambda s, a: specimens.count(s, a, None, order)) == len(found)
    return found


def page(world: World, after: str, limit: int, **sought: Any) -> list[str]:
    order = Sought(**sought)
    return [row.code for row in world.ask(lambda s, a: specimens.page(s, a, None, after, limit, order))]


def saved(world: World, **sought: Any) -> list[SpecimenLine]:
    order = Sought(**sought)
    return world.ask(lambda s, a: list(specimens.every(s, a, None, order)))


def test_every_filter_finds_what_fits_and_no_more(world: World, told: list[str]) -> None:
    blood = sorted(set(fits(world)) - set(told))
    assert (len(blood), fits(world, kind="primary")) == (2, blood)
    assert fits(world, kind="aliquot", custody="slot") == sorted(told[:2])
    assert fits(world, custody="out") == [told[2]]
    assert fits(world, kind="aliquot", custody="none") == sorted(told[3:])
    assert fits(world, custody="unplaced") == fits(world, hold="quarantine") == fits(world, site="NT") == []
    assert (
        fits(world, container=world.boxes()[0]) == fits(world, container=world.freezer()) == sorted(told[:3])
    )
    assert fits(world, text="x-00") == fits(world, text=told[0][3:9].lower()) == [told[0]]
    assert len(fits(world, site="BJ", event="BL", participant="D-001")) == 6
    assert fits(world, arm="none") == fits(world, thaws_from=9) == []
    assert len(fits(world, thaws_to=9)) == 8
    assert fits(world, frozen_from="2020-01-01", frozen_to="2020-01-31") == []
    assert len(fits(world, not_seen_since="2020-01-01")) + len(fits(world)) >= 8


def test_pages_of_every_order_hold_each_specimen_once(world: World) -> None:
    for sort, down in product(Sort, (False, True)):
        whole = page(world, "", 100, sort=sort, down=down)
        paged: list[str] = []
        order, after = Sought(sort=sort, down=down), ""
        while some := world.ask(lambda s, a: specimens.page(s, a, None, after, 3, order)):  # noqa: B023
            paged += [row.code for row in some]
            after = specimens.place_of(some[-1], order)
        assert (paged, len(set(paged))) == (whole, 8)
        lines = saved(world, sort=sort, down=down)
        assert [line.code for line in lines] == whole
        if sort in (Sort.CODE, Sort.PARTICIPANT, Sort.THAWS, Sort.MATERIAL):
            told = [getattr(line, sort.value) for line in lines]
            assert all(a >= b if down else a <= b for a, b in pairwise(told))


def test_the_next_page_begins_where_the_last_one_ended_though_its_tube_was_moved(world: World) -> None:
    order = Sought(sort=Sort.SEEN)
    rows = world.ask(lambda s, a: specimens.page(s, a, None, "", 100, order))
    last = next(row for row in rows if row.custody == "none" and row.kind == "aliquot")
    rest = [row.code for row in rows[rows.index(last) + 1 :]]
    world.put(world.boxes()[0], [last.code])  # seen just now: it is the last of all
    after = specimens.place_of(last, order)
    following = world.ask(lambda s, a: specimens.page(s, a, None, after, 100, order))
    assert [row.code for row in following] == [*rest, last.code]


@pytest.mark.parametrize(
    ("sort", "after"),
    [(Sort.THAWS, "many/S1"), (Sort.THAWS, "S1"), (Sort.SEEN, "soon/S1")],
)
def test_what_is_no_place_in_a_list_is_refused(sqlite_world: World, sort: Sort, after: str) -> None:
    with pytest.raises(Malformed) as refused:
        page(sqlite_world, after, 5, sort=sort)
    assert refused.value.slug == "place_unreadable"


def test_a_list_that_is_too_long_for_a_file_is_refused_and_says_how_many(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_IN_FILE", 7)
    with pytest.raises(RuleBroken) as refused:
        sqlite_world.ask(lambda s, a: list(specimens.every(s, a)))
    assert (refused.value.slug, refused.value.facts) == ("list_too_long", {"most": 7})
    assert sqlite_world.ask(lambda s, a: specimens.count(s, a, None, Sought(), 5)) == 6


def test_who_is_out_of_scope_finds_nothing_and_no_container(sqlite_world: World) -> None:
    world = sqlite_world
    assert world.ask(specimens.page, OUTSIDER) == []
    assert world.ask(specimens.count, OUTSIDER) == 0
    by = Sought(sort=Sort.SEEN)
    after = specimens.place_of(world.ask(specimens.page)[0], by)
    assert world.ask(lambda s, a: specimens.page(s, a, None, after, 50, by), OUTSIDER) == []
    with pytest.raises(NotFound):
        world.ask(lambda s, a: specimens.page(s, a, sought=Sought(container=world.freezer())), OUTSIDER)


@pytest.mark.parametrize(
    "told", [{"sort": "amount"}, {"thaws_from": -1}, {"frozen_from": "soon"}, {"custody": "x"}]
)
def test_a_filter_that_makes_no_sense_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(Refusals):
        read(Sought, told)


def test_the_page_of_all_studies_keeps_filters_and_order_and_saves_both_files(sqlite_world: World) -> None:
    visitor = visit(sqlite_world)
    page = visitor.get("/specimens?study=DEMO&custody=slot&sort=participant&down=true").text
    assert "2 tubes" in page
    assert '<details class="further" open>' in page
    assert 'aria-sort="descending"' in page
    assert "study DEMO · in a slot" in page
    query = "study=DEMO&amp;custody=slot&amp;sort=participant&amp;down=true"
    assert f'href="/specimens/file?{query}"' in page
    saved = visitor.get("/specimens/file?custody=slot&as=xlsx")
    assert saved.content[:2] == b"PK"
    assert len(visitor.get("/specimens/file?custody=slot").content.splitlines()) == 3
    assert visitor.get("/specimens/file?as=pdf").headers["x-refusal"] == "file_kind_unknown"
    for path in ("/out/file", "/schedule/file"):
        assert visitor.get(f"{path}?as=xlsx").content[:2] == b"PK"
    assert SpecimenLine.__struct_fields__[-2:] == ("quantity", "unit")
