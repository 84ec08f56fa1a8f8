"""The schedule: lists, calendar and file, of one study or all, on the day it is at each site."""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html import unescape
from io import StringIO

import pytest
from playwright.sync_api import expect

from biobank import clock
from biobank.errors import Malformed
from biobank.pages.studies.schedule import month_of, outside, standing, weeks
from biobank.participants import CalendarDay, VisitRow
from tests.pages.conftest import Tab
from tests.pages.visitor import Visitor, visit
from tests.templates import on_both
from tests.test_planning import EVENTS, adopt, collect, enrol, miss, protocol, row
from tests.world import OUTSIDER, World

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Noon of 2 March at the site BJ."""


@pytest.fixture
def study(world: World) -> Iterator[World]:
    """Three participants of the study with two anchors, at noon of a day in March."""
    clock.set_clock(lambda: NOON)
    adopt(world, protocol(*EVENTS))
    enrol(world, "D-1", enrolled_on="2026-01-31")
    enrol(world, "D-2", enrolled_on="2026-02-28", arm="other")
    enrol(world, "D-3", enrolled_on=None)
    yield world
    clock.set_clock()


def shown(visitor: Visitor, path: str) -> str:
    answer = visitor.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def links(page: str, inside: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]+)"', page) if inside in each]


# --- lists ---


@on_both
def test_the_tabs_say_how_many_and_each_row_how_far(study: World) -> None:
    visitor = visit(study)
    page = shown(visitor, "/schedule")
    assert "Due 2 Overdue 3 To come 4 Out of the window 0 Missed 0" in page
    assert "BL A visit D-2 DEMO BJ other 2026-02-28 2026-02-28 – 2026-03-03 1 day left" in page
    assert "37 days late" in shown(visitor, "/schedule?of=overdue")
    assert "opens in 19 days" in shown(visitor, "/schedule?of=upcoming")
    assert "Everybody came within the window." in shown(visitor, "/schedule?of=out_of_window")


def test_within_a_study_the_tabs_of_the_study_stand_above(study: World) -> None:
    page = visit(study).get("/studies/DEMO/schedule?of=overdue").text
    assert '<a href="/studies/DEMO/schedule" aria-current="page">Schedule</a>' in page
    assert "<th>Study</th>" not in page
    assert "/studies/DEMO/schedule?of=due" in links(page, "of=due")


def test_filters_are_kept_in_every_address(study: World) -> None:
    page = visit(study).get("/schedule?of=overdue&study=DEMO&site=BJ&participant=D-1").text
    asked = "study=DEMO&site=BJ&participant=D-1"
    assert f"/schedule?of=missed&{asked}" in links(page, "of=missed")
    assert f"/schedule/file?of=overdue&{asked}" in links(page, "/file")
    assert f"/schedule/month?of=overdue&{asked}" in links(page, "/month")
    assert 'value="D-1"' in page
    assert "D-2" not in page
    assert "/schedule?of=overdue" in links(page, "/schedule?of=overdue")


def test_an_empty_filtered_list_leads_to_all(study: World) -> None:
    page = shown(visit(study), "/schedule?of=due&participant=D-9")
    assert "No visit is due today. Perhaps elsewhere: Show all" in page


def test_a_long_list_has_a_next_page(study: World) -> None:
    for number in range(60):
        enrol(study, f"E-{number:03}", enrolled_on="2026-02-28", arm="other")
    visitor = visit(study)
    first = visitor.get("/schedule?of=due").text
    following = links(first, "after=")[0]
    second = visitor.get(following).text
    rows = [re.findall(r"/participants/([\w-]+)", page) for page in (first, second)]
    assert [len(each) for each in rows] == [50, 12]
    assert len({*rows[0], *rows[1]}) == 62
    assert "First page" in second


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("of=nothing", 400),
        ("site=XX", 422),
        ("study=NONE", 404),
        ("participant=a%20b", 400),
        ("after=x", 400),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(study: World, query: str, status: int) -> None:
    assert visit(study).get(f"/schedule?{query}").status_code == status


def test_another_sites_people_see_none_of_it(study: World) -> None:
    outsider = visit(study, OUTSIDER)
    assert "Due 0 Overdue 0 To come 0" in shown(outsider, "/schedule")
    assert outsider.get("/schedule/file").text.count("\n") == 1
    assert "D-1" not in outsider.get("/schedule/month?month=2026-03").text


# --- calendar ---


def test_a_month_begins_on_monday_and_marks_today(study: World) -> None:
    collect(study, row(enrol(study, "D-4"), "BL").code, "2026-03-01T09:00:00+08:00")
    visitor = visit(study)
    page = visitor.get("/schedule/month").text
    assert '<h2 id="month">March 2026</h2>' in page
    assert re.findall(r'class="today" aria-current="date"><time datetime="([\d-]+)"', page) == ["2026-03-02"]
    assert page.count('class="beyond"') == 6 + 5
    days = re.split(r'<time datetime="', page)
    on = {each[:10]: unescape(re.sub(r"<[^>]*>", " ", each)) for each in days[1:]}
    assert "D-4 BL" in " ".join(on["2026-03-01"].split())
    assert "D-2 M1" in " ".join(on["2026-03-28"].split())
    assert 'data-tone="done"' in days[1]
    assert links(page, "month=2026-02") == ["/schedule/month?of=due&month=2026-02"]
    assert links(page, "month=2026-04") == ["/schedule/month?of=due&month=2026-04"]


def test_a_month_of_one_participant_and_study(study: World) -> None:
    visitor = visit(study)
    page = visitor.get("/studies/DEMO/schedule/month?month=2026-02&participant=D-1").text
    assert "D-2" not in page
    assert "/studies/DEMO/schedule/month?of=due&participant=D-1&month=2026-01" in links(page, "2026-01")


def test_a_crowded_day_folds_what_is_more_than_six(study: World) -> None:
    for number in range(8):
        enrol(study, f"E-{number}", enrolled_on="2026-03-01", arm="other")
    page = visit(study).get("/schedule/month?month=2026-03").text
    assert "<summary>2 more</summary>" in page
    assert page.count(" BL<span") == 8


@pytest.mark.parametrize("month", ["2026", "2026-3", "2026-13", "1899-12", "9999-01", "x"])
def test_a_month_that_no_calendar_has_is_refused(study: World, month: str) -> None:
    answer = visit(study).get(f"/schedule/month?month={month}")
    assert answer.status_code == 400
    assert any(words in answer.text for words in ("is no month", "There is no such month"))


def test_without_a_month_it_is_todays() -> None:
    today = date(2026, 3, 2)
    assert (month_of("", today), month_of("2025-12", today)) == ((2026, 3), (2025, 12))
    with pytest.raises(Malformed) as caught:
        month_of("2025-1", today)
    assert caught.value.slug == "month_unreadable"


def test_at_the_ends_of_the_calendar_one_way_is_left(study: World) -> None:
    visitor = visit(study)
    assert links(visitor.get("/schedule/month?month=1900-01").text, "month=") == [
        "/schedule/month?of=due&month=1900-02"
    ]
    assert links(visitor.get("/schedule/month?month=2200-12").text, "month=") == [
        "/schedule/month?of=due&month=2200-11"
    ]


def test_weeks_hold_each_day_once_in_its_column() -> None:
    days = [CalendarDay(date(2027, 2, number), []) for number in range(1, 29)]
    told = list(weeks(days))
    assert [len(week) for week in told] == [7, 7, 7, 7]
    for week in weeks([CalendarDay(date(2026, 8, number), []) for number in range(1, 32)]):
        assert all(each is None or each.day.weekday() == place for place, each in enumerate(week))


# --- where a visit stands ---


def test_the_first_and_the_last_day_of_a_window_are_due() -> None:
    visit_row = VisitRow("V", "M1", "planned", date(2026, 3, 10), None)
    assert standing(visit_row, date(2026, 3, 10)) == "planned"
    opens, closes = date(2026, 3, 8), date(2026, 3, 12)
    with_window = VisitRow("V", "M1", "planned", date(2026, 3, 10), None, opens_on=opens, closes_on=closes)
    stood = [standing(with_window, date(2026, 3, day)) for day in (7, 8, 12, 13)]
    assert stood == ["upcoming", "due", "due", "overdue"]


def test_the_window_is_left_on_the_day_after_its_last() -> None:
    for day, is_outside in ((7, True), (8, False), (12, False), (13, True)):
        came = VisitRow(
            "V",
            "M1",
            "done",
            date(2026, 3, 10),
            None,
            opens_on=date(2026, 3, 8),
            closes_on=date(2026, 3, 12),
            came_on=date(2026, 3, day),
        )
        assert outside(came) is is_outside
    assert not outside(VisitRow("V", "UNS", "done", None, None, came_on=date(2026, 3, 8)))


# --- the file ---


@on_both
def test_the_file_holds_every_row_and_column_of_the_list(study: World) -> None:
    miss(study, row(enrol(study, "D-4"), "BL").code, "moved_away")
    visitor = visit(study)
    answer = visitor.get("/studies/DEMO/schedule/file?of=overdue")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="schedule-DEMO-overdue-2026-03-02.csv"'
    )
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert {(each["Participant"], each["Event"], each["Days"]) for each in rows} == {
        ("D-1", "RUN", "37"),
        ("D-4", "RUN", "37"),
        ("D-1", "BL", "27"),
        ("D-2", "RUN", "9"),
    }
    assert len(rows) == 4
    assert all(None not in each.values() and None not in each for each in rows)
    missed = StringIO(visitor.get("/schedule/file?of=missed").content.decode("utf-8-sig"), newline="")
    assert list(csv.reader(missed))[1][-3:] == ["missed", "moved_away", ""]


def test_the_header_is_in_the_readers_language(study: World) -> None:
    visitor = visit(study)
    english = visitor.get("/schedule/file").content
    chinese = visitor.get("/schedule/file", cookie=f"biobank={visitor.secret}; language=zh_Hans").content
    assert english.split(b"\r\n")[1:] == chinese.split(b"\r\n")[1:]
    assert "中心".encode() in chinese.split(b"\r\n")[0]


@pytest.mark.browser
@pytest.mark.slow
def test_the_calendar_is_walked_by_keys(tab: Tab) -> None:
    world = tab.site.world
    adopt(world, protocol(*EVENTS))
    code = row(enrol(world, "D-1", enrolled_on="2026-01-31"), "M1").code
    tab.sign_in()
    tab.open("/schedule/month?month=2026-01&of=due")
    tab.page.get_by_role("link", name="Month after").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("heading", name="February 2026")).to_be_visible()
    tab.page.wait_for_load_state()
    tab.page.get_by_role("link", name="Month after").focus()
    tab.page.keyboard.press("Tab")
    expect(tab.page.locator(".call:focus")).to_contain_text("M1")
    tab.page.keyboard.press("Enter")
    expect(tab.page).to_have_url(f"{tab.site.url}/visits/{code}")
    assert tab.complaints == []
