"""Charts: every number is drawn once, to scale, inside the frame, and said in words as well."""

import re
from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Browser

from biobank import texts
from biobank.pages import charts, shell
from biobank.progress import (
    SCALES,
    Accrual,
    Allowed,
    By,
    Collected,
    Delay,
    Deviated,
    Month,
    Part,
    Reason,
    Share,
    Shortfalls,
)


def enrolled(*counts: int, first: int = 2025 * 12, arms: int = 1) -> Accrual:
    """So many in each month, all of them in the first of the arms."""
    totals = [sum(counts[: place + 1]) for place in range(len(counts))]
    months = [
        Month(f"{(first + n) // 12}-{(first + n) % 12 + 1:02}", counts[n], total, [total] + [0] * (arms - 1))
        for n, total in enumerate(totals)
    ]
    return Accrual([f"arm {n}" for n in range(arms)], months, 0)


EDGES = SCALES[0].edges


def delay(*bins: int, allowed: Allowed | None = None, scale: int = 0) -> Delay:
    filled = [*bins, *[0] * (len(EDGES) + 1 - len(bins))]
    return Delay("plasma_edta", sum(filled), 74, 118, SCALES[scale], filled, allowed, 0)


def share(key: str, title: str, expected: int, collected: int) -> Share:
    return Share(key, title, 3, 2, 1, expected, collected, [Part("serum", expected, collected)])


FULL = charts.told(
    Collected(
        By.EVENT,
        ["serum"],
        [share("BL", "Baseline <1>", 8, 6), share("M1", "One month", 4, 5)],
        share("", "", 12, 11),
    ),
    Accrual(["a", "b"], enrolled(4, 0, 3, arms=2).months, 2),
    [
        Delay("plasma_edta", 12, 74, 118, SCALES[0], [0, 3, 9, 0, 0, 0, 0, 0, 0], Allowed(60, 30), 9),
        Delay("stool", 1, 300, 6000, SCALES[1], [1, *[0] * len(EDGES)], Allowed(0, 1440), 0),
    ],
    Shortfalls([Reason("moved", 8), Reason("", 2)], ["BL"], [Deviated("not_collected", 7, [7])]),
)
EMPTY = charts.told(
    Collected(By.ARM, [], [], share("", "", 0, 0)), Accrual([], [], 0), [], Shortfalls([], [], [])
)


def drawn(told: dict[str, object]) -> str:
    template = shell.template_config().engine_instance.get_template("studies/_progress.html")
    return str(template.render(study=SimpleNamespace(code="SPINE"), **told))


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (5, [0, 2, 4, 6]),
        (9, [0, 5, 10]),
        (20, [0, 5, 10, 15, 20]),
        (21, [0, 10, 20, 30]),
        (360, [0, 100, 200, 300, 400]),
    ],
)
def test_ticks_are_few_round_and_reach_the_largest_number(most: int, ticks: list[int]) -> None:
    assert charts.round_ticks(most) == ticks


def test_there_are_never_more_than_four_steps_of_the_axis() -> None:
    for most in [*range(1, 300), 999, 1000, 1001, 123_456]:
        ticks = charts.round_ticks(most)
        assert ticks[-2] < most <= ticks[-1]
        assert 2 <= len(ticks) <= 5


def test_the_curve_rises_by_a_step_for_each_month_and_ends_at_the_total() -> None:
    curve = charts.curve(enrolled(2, 0, 2))
    assert curve is not None
    (line,) = curve.lines
    heights = [float(each) for each in re.findall(r"V([\d.]+)", line.path)]
    ends = [float(each) for each in re.findall(r"H([\d.]+)", line.path)]
    assert (line.arm, line.total, curve.last) == ("", 4, "2025-03")
    assert heights[0] == heights[1] > heights[2] == curve.rows[-1].at
    assert curve.base - heights[0] == pytest.approx((curve.base - heights[2]) / 2)
    assert ends == pytest.approx(
        [curve.left + (curve.right - curve.left) * n / 3 for n in (1, 2, 3)], abs=0.1
    )
    assert curve.area == f"{line.path}V{curve.base:g}Z"


def test_several_arms_have_a_line_each_and_all_of_them_come_last() -> None:
    curve = charts.curve(enrolled(3, 1, arms=2))
    assert curve is not None
    assert [(line.arm, line.total) for line in curve.lines] == [("arm 0", 4), ("arm 1", 0), ("", 4)]


@pytest.mark.parametrize("months", [1, 2, 6, 7, 13, 23, 40, 75, 150, 400])
@pytest.mark.parametrize("first", [0, 5, 11])
def test_months_on_the_axis_never_touch_or_leave_the_picture(months: int, first: int) -> None:
    curve = charts.curve(enrolled(*[1] * months, first=2010 * 12 + first))
    assert curve is not None
    places = [tick.at for tick in curve.months]
    assert places
    assert all(after - before >= charts.TICK_ROOM for before, after in pairwise(places))
    assert places[0] - 21 >= 0
    assert places[-1] + 21 <= curve.width


def test_marks_under_many_months_begin_with_the_year() -> None:
    curve = charts.curve(enrolled(*[1] * 23))
    assert curve is not None
    assert [tick.text for tick in curve.months] == ["2025-01", "2025-07", "2026-01", "2026-07"]
    years = charts.curve(enrolled(*[1] * 60))
    assert years is not None
    assert [tick.text for tick in years.months] == ["2025", "2026", "2027", "2028", "2029"]


def test_a_month_in_which_the_first_was_enrolled_has_a_mark() -> None:
    curve = charts.curve(enrolled(1, first=2025 * 12 + 3))
    assert curve is not None
    assert [tick.text for tick in curve.months] == ["2025-04"]


def test_bars_stand_to_scale_and_a_single_tube_is_still_seen() -> None:
    chart = charts.histogram(delay(1000, 500, 1, 0))
    heights = [bar.height for bar in chart.bars]
    assert heights[0] == chart.base - chart.top
    assert heights[1] == pytest.approx(heights[0] / 2, abs=0.1)
    assert heights[2] >= 1.5
    assert not any(heights[3:])
    assert all(bar.y + bar.height == pytest.approx(chart.base, abs=0.1) for bar in chart.bars)
    assert sum(bar.count for bar in chart.bars) == 1501


def test_bars_stand_between_the_edges_that_bound_them() -> None:
    chart = charts.histogram(delay(1))
    assert [tick.text for tick in chart.edges] == ["0", *map(str, EDGES)]
    for bar, begin, end in zip(chart.bars, chart.edges, chart.edges[1:], strict=False):
        assert begin.at < bar.x < bar.x + bar.width < end.at
    assert chart.bars[-1].x + chart.bars[-1].width <= chart.right


@pytest.mark.parametrize(("limit", "place"), [(15, 1), (60, 4), (75, 4.5), (240, 8), (1000, 8.5)])
def test_the_limit_stands_where_its_minutes_are(limit: int, place: float) -> None:
    chart = charts.histogram(delay(1, allowed=Allowed(0, limit)))
    wide = (chart.right - chart.left) / 9
    assert chart.limit is not None
    assert chart.limit.at == pytest.approx(chart.left + place * wide, abs=0.1)
    assert chart.limit_before == (chart.limit.at > chart.width / 2)


def test_only_bars_wholly_past_the_limit_are_late() -> None:
    chart = charts.histogram(delay(*[1] * 9, allowed=Allowed(0, 100)))
    assert [bar.late for bar in chart.bars] == [False] * 6 + [True] * 3
    for other in (None, Allowed(60, 40)):  # with a spin between, the draw alone does not say who was late
        assert not any(bar.late for bar in charts.histogram(delay(*[1] * 9, allowed=other)).bars)


def test_a_long_way_to_the_freezer_is_drawn_in_hours_or_days() -> None:
    chart = charts.histogram(delay(1, scale=1, allowed=Allowed(0, 1440)))
    assert [tick.text for tick in chart.edges] == ["0", "1", "2", "4", "8", "12", "24", "48", "72"]
    assert chart.limit == charts.Tick(chart.edges[6].at, "at most 24 h")
    assert charts.histogram(delay(1, scale=2)).edges[1].text == "1"


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "0 min"),
        (240, "240 min"),
        (241, "4 h 1 min"),
        (1440, "24 h"),
        (5760, "96 h"),
        (5761, "4 d"),
        (7259, "5 d"),
        (7260, "5 d 1 h"),
    ],
)
def test_a_stretch_of_time_is_told_in_the_unit_people_would_use(minutes: int, said: str) -> None:
    assert charts.lasting(minutes) == said


def test_the_line_of_a_limit_says_both_where_something_is_spun_between() -> None:
    assert charts.limits(Allowed(60, 30)) == "at most 60 min + 30 min"
    assert charts.limits(Allowed(0, 30)) == "at most 30 min"


def test_reasons_are_as_long_as_they_are_frequent() -> None:
    chart = charts.bars([Reason("moved", 8), Reason("ill", 2)])
    assert [(row.name, row.count, row.length) for row in chart.rows] == [
        ("moved", 8, chart.full),
        ("ill", 2, chart.full / 4),
    ]
    assert chart.rows[-1].y + 29 <= chart.height


def test_a_small_bar_is_full_where_more_came_than_was_expected() -> None:
    assert [charts.share(*each) for each in ((8, 6), (8, 8), (8, 9), (0, 2), (8, 0))] == [48, 64, 64, 0, 0]


def test_the_fragment_says_in_tables_and_titles_what_it_draws() -> None:
    page = drawn(FULL)
    pictures = [ET.fromstring(each) for each in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]  # noqa: S314 - our own
    named = [each for each in pictures if each.get("role") == "img"]
    assert len(named) == 4  # the curve, two materials, the reasons
    ids = [child.get("id") for each in named for child in each[:2]]
    assert [" ".join(ids[n : n + 2]) for n in range(0, 8, 2)] == [  # type: ignore[arg-type]
        each.get("aria-labelledby") for each in named
    ]
    assert len(set(ids)) == 8
    assert all(each.get("aria-hidden") == "true" for each in pictures if each not in named)
    assert page.count('<details class="chart-table">') == len(named)
    assert "Baseline &lt;1&gt;" in page
    assert "style=" not in page
    for said in (
        "6 / 8",
        "5 / 4",
        "11 / 12",
        "9 frozen too late",
        "No reason told",
        "at most 60 min + 30 min",
        "5 h",
        "more than 72 h",
    ):
        assert said in page
    assert "2 participants have no day of enrolment yet." in page


def test_where_there_is_nothing_yet_the_fragment_says_so_in_words() -> None:
    page = drawn(EMPTY)
    assert page.count('class="card-empty"') == 3, "of tubes nothing is said where none are collected"
    assert "<svg" not in page
    assert '<a href="?by=arm" aria-current="true">' in page


@pytest.fixture
def chinese() -> Iterator[None]:
    before = texts.language.set(texts.CHINESE)
    yield
    texts.language.reset(before)


def test_the_fragment_speaks_chinese(chinese: None) -> None:
    page = drawn(FULL)
    assert texts.gettext("serum") in page
    assert texts.gettext("serum") != "serum"


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_fit_a_phone_with_letters_that_can_be_read(browser: Browser, theme: str) -> None:
    sheet = (shell.STATIC / shell.tags("src/app.js")[0][0].removeprefix("/static/")).read_text()
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.set_content(
        f'<html data-theme="{theme}"><head><style>{sheet}</style></head>'
        f'<body><main class="page">{drawn(FULL)}</main></body></html>'
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    small = page.evaluate(
        """[...document.querySelectorAll('svg.chart text')].filter((text) => {
          const box = text.getBoundingClientRect(), frame = text.ownerSVGElement.getBoundingClientRect();
          return box.height < 10 || box.left < frame.left - 1 || box.right > frame.right + 1;
        }).map((text) => text.textContent)"""
    )
    assert small == []
    grounds = page.evaluate(
        """['.chart-bar', '.chart-area', '.chart-limit', '.chart-line.all'].map((name) => {
          const style = getComputedStyle(document.querySelector(name));
          return name.endsWith('bar') || name.endsWith('area') ? style.fill : style.stroke;
        })"""
    )
    assert len(set(grounds)) == 4
    assert "rgb(0, 0, 0)" not in grounds
    page.close()
