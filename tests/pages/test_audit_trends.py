"""Accuracy over time and how much is verified: drawn to scale, on axes that all share, and told in words."""

import re
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from biobank import clock
from biobank.audits import Covered, TrendRow, error_rate
from biobank.pages.audits import coverage, trends
from biobank.tables import AuditDecision, Result
from tests.audits import signing
from tests.audits.auditing import begun, counted
from tests.pages.audited import decided
from tests.pages.test_contrast import LEAST_OF_BORDERS, LEAST_OF_TEXT, RULES, colour, contrast
from tests.pages.visitor import Visitor, visit
from tests.world import MANAGER, OUTSIDER, World

DAY = date(2026, 5, 4)


def row(group: str, days: int, errors: int, looked_at: int = 300) -> TrendRow:
    return TrendRow(
        UUID(int=days), "Yearly", DAY + timedelta(days=days), group, "", error_rate(errors, looked_at)
    )


# --- the charts ---


def test_each_group_is_a_chart_the_least_accurate_first_and_all_share_their_axes() -> None:
    drawn = trends.drawn([row("A", 0, 3), row("B", 0, 9), row("A", 100, 0), row("B", 100, 6)])
    assert drawn is not None
    assert [each.group for each in drawn.series] == ["B", "A"]
    frame = drawn.frame
    assert [tick.text for tick in frame.rows] == ["100 %", "95 %", "90 %"]
    assert [tick.text for tick in frame.days] == ["2026-05-04", "2026-08-12"]
    (first, last), (other, _) = (each.points for each in drawn.series)
    assert (first.x, last.x) == (other.x, drawn.series[1].points[1].x)
    for each in drawn.series:
        for point in each.points:
            assert frame.rows[0].at <= point.high <= point.y <= point.low <= frame.base
            assert frame.left < point.x < frame.right
    # Half as many errors are half as far from the top.
    top = frame.rows[0].at
    assert last.y - top == pytest.approx((first.y - top) * 6 / 9, abs=0.1)
    assert drawn.series[1].points[1].y == top


def test_one_audit_stands_in_the_middle_and_none_is_no_chart() -> None:
    assert trends.drawn([]) is None
    drawn = trends.drawn([row("A", 0, 0, 20)])
    assert drawn is not None
    ((point,),) = (each.points for each in drawn.series)
    assert point.x == pytest.approx((drawn.frame.left + drawn.frame.right) / 2)
    assert len(drawn.frame.days) == 1


def test_charts_of_hundreds_of_boxes_are_few_and_the_rest_is_counted() -> None:
    drawn = trends.drawn([row(f"Box {number}", 0, number % 7) for number in range(300)])
    assert drawn is not None
    assert (len(drawn.series), drawn.further) == (24, 276)
    assert {each.last for each in drawn.series} == {trends.accuracy(error_rate(6, 300))}


@pytest.mark.parametrize(
    ("errors", "of", "says"),
    [(0, 300, "100 %"), (1, 300, "99.66 %"), (1, 100_000, "99.99 %"), (1, 20, "95 %"), (20, 20, "0 %")],
)
def test_what_is_not_all_right_never_reads_as_the_whole(errors: int, of: int, says: str) -> None:
    assert trends.accuracy(error_rate(errors, of)) == says


# --- the pages ---


def closed(world: World) -> str:
    """An audit of a box in which one of four tubes is missing, signed by two; the code of the box."""
    box, other, _ = world.boxes()
    first, *_ = tubes = world.tubes(4)
    world.put(box, tubes)
    world.put(other, world.tubes(2, "D-002"))
    signing.with_reviewer(world)
    audit = begun(world, container=box)
    counted(world, audit, box, *((f"A{place}", code) for place, code in enumerate(tubes, 1) if code != first))
    decided(world, audit, AuditDecision.MISSING, Result.MISSING)
    signing.closed(world, audit)
    return box


@pytest.fixture
def manager(world: World) -> Visitor:
    return visit(world, MANAGER)


def test_the_trend_is_told_by_freezer_box_study_and_audit(world: World, manager: Visitor) -> None:
    assert "No audit is signed yet" in manager.get("/audits/trend").text
    box = closed(world)
    for by, group in (("freezer", "Freezer 1"), ("box", "Box 1"), ("study", "DEMO"), ("audit", "Yearly")):
        page = manager.get(f"/audits/trend?by={by}").text
        assert page.count("chart-dot") == 1
        assert f"Accuracy of {group} over time" in page
        assert "75 %" in page
        assert "19.41 % to 99.36 %" in page
    assert f'href="/containers/{box}"' in manager.get("/audits/trend?by=box").text
    assert "No audit is signed yet" in manager.get("/audits/trend?since=2099-01-01").text
    assert "No audit is signed yet" in visit(world, OUTSIDER).get("/audits/trend").text
    assert manager.get("/audits/trend?by=moon").status_code == 400


def test_a_freezer_shows_how_much_of_it_was_verified(world: World, manager: Visitor) -> None:
    box = closed(world)
    today = clock.now().date()
    page = manager.get(f"/coverage/{world.freezer()}").text
    assert "100 %: 6 of 6 tubes were in a hand" in page
    tomorrow = (today + timedelta(days=1)).isoformat()
    page = manager.get(f"/coverage/{world.freezer()}?since={tomorrow}").text
    assert "0 %: 0 of 6 tubes were in a hand" in page
    assert page.count('class="place heat-0"') == 2
    assert page.count('class="place heat-x"') == 1
    assert f'href="/audits/plan?container={box}"' in page
    rack = re.search(r'href="/coverage/(C\w+)\?since=\S+" data-row', page)
    assert rack
    page = manager.get(f"/coverage/{rack[1]}?since={tomorrow}").text
    assert f'href="/containers/{box}?not_seen_since={tomorrow}"' in page
    assert "Box 1 0 %, box" in page
    assert f'href="/coverage/{world.freezer()}"' in manager.get(f"/containers/{world.freezer()}").text
    assert "Its tubes that were not seen since" in manager.get(f"/coverage/{box}?since={tomorrow}").text
    assert manager.get(f"/coverage/{box}?since=never").status_code == 400
    every = manager.get(f"/coverage?since={tomorrow}").text
    assert f'href="/coverage/{world.freezer()}?since={tomorrow}"' in every
    assert "0 of 6 tubes seen" in every
    assert "There is no freezer yet" in visit(world, OUTSIDER).get("/coverage").text
    assert visit(world, OUTSIDER).get(f"/coverage/{box}").status_code == 404


# --- the heat ---


def covered(seen: int, tubes: int) -> Covered:
    return Covered("C", "Box", tubes, seen, 0, None)


@pytest.mark.parametrize(
    ("seen", "tubes", "name", "says"),
    [
        (0, 0, "heat-x", "–"),
        (0, 81, "heat-0", "0 %"),
        (1, 1000, "heat-1", "0 %"),
        (40, 80, "heat-1", "50 %"),
        (72, 80, "heat-2", "90 %"),
        (80, 81, "heat-3", "98 %"),
        (9_999, 10_000, "heat-3", "99 %"),
        (81, 81, "heat-4", "100 %"),
    ],
)
def test_a_share_has_its_class_and_its_words(seen: int, tubes: int, name: str, says: str) -> None:
    told = covered(seen, tubes)
    assert (coverage.tone(told), coverage.share(told)) == (name, says)


INKS = {
    f"heat-{step}": RULES.get(f".slot.heat-{step} > text", {}).get("fill", "var(--ink)") for step in range(5)
}
FILLS = {
    f"heat-{step}": RULES[f".heat-{step} > .frame"].get("fill", "var(--cell-empty)") for step in range(5)
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_written_on_the_heat_can_be_read_and_its_steps_grow_with_the_share(theme: str) -> None:
    fills = [colour(FILLS[f"heat-{step}"], theme) for step in range(5)]
    for step, fill in enumerate(fills):
        assert contrast(colour(INKS[f"heat-{step}"], theme), fill) >= LEAST_OF_TEXT, step
    panel = colour("var(--panel)", theme)
    apart = [contrast(fill, panel) for fill in fills[1:]]
    assert apart == sorted(apart)
    assert all(more / less > 1.15 for less, more in pairwise(apart))
    assert contrast(colour(RULES[".heat-0 > .frame"]["stroke"], theme), panel) >= LEAST_OF_BORDERS
