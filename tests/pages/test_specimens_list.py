"""The tubes of a study: sought by filters that the address keeps, paged, saved whole as a file."""

import csv
import re
from html import unescape
from io import StringIO

import pytest
from playwright.sync_api import expect

from biobank import specimens
from biobank.specimens import SpecimenLine, SpecimenRow
from tests import collected
from tests.collected import adopt, begin, deviate, enrol, tick
from tests.pages.conftest import Tab
from tests.pages.kits import STUDY
from tests.pages.visitor import Visitor, visit
from tests.templates import Furnishing, on_both
from tests.test_datasets import link
from tests.world import OUTSIDER, World

PAGE = "/studies/KIT/specimens"


def furnished(world: World) -> None:
    """Two participants at baseline, one with an fMRI of that visit and a haemolysed tube; a third later."""
    adopt(world, STUDY)
    visits = [enrol(world, "K-001"), enrol(world, "K-002"), enrol(world, "K-003", event="M1")]
    tubes = [begin(world, code) for code in visits]
    tick(world, visits[0], *tubes[0])
    deviate(world, tubes[0][0], "haemolysed", grade=2)
    tick(world, visits[1], *tubes[1][:3])
    link(world, visits[0], "fmri", "sub-0042")


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return furnished


@pytest.fixture
def study(world: World) -> World:
    """The same, with a database of the test's own."""
    return world


def every(world: World) -> list[SpecimenRow]:
    return world.ask(lambda s, a: specimens.page(s, a, "KIT", limit=1000))


def listed(page: str) -> list[str]:
    return re.findall(r'class="code" href="/specimens/(\w+)"', page)


def links(page: str, inside: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]+)"', page) if inside in each]


def saved(visitor: Visitor, path: str) -> list[list[str]]:
    answer = visitor.get(path)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline="")))


# --- the list ---


def test_a_row_tells_what_whose_how_much_what_went_otherwise_and_how_far(study: World) -> None:
    page = visit(study).get(f"{PAGE}?participant=K-001&kind=primary").text
    (blood,) = listed(page)
    shown = " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())
    grouped = f"{blood[:4]} {blood[4:8]} {blood[8:]}"
    assert re.search(
        rf"{grouped} EDTA blood Primary K-001 BL 5 mL – \d{{4}}-\d\d-\d\d haemolysed active", shown
    )
    assert "1 tube" in shown
    assert '<a href="/studies/KIT/specimens" aria-current="page">Tubes</a>' in page
    assert links(page, "/participants/") == ["/studies/KIT/participants/K-001"]


@on_both
@pytest.mark.parametrize(
    ("query", "count", "words"),
    [
        ("", 31, "all of this study, by code"),
        ("event=BL", 20, "event BL"),
        ("event=M1&material=stool", 1, "event M1 · stool"),
        ("kind=aliquot", 24, "Aliquot"),
        ("kind=aliquot&life=active", 9, "Aliquot · active"),
        (
            "event=BL&material=plasma_edta&dataset=fmri",
            9,
            "event BL · EDTA plasma · the visit has a dataset fmri",
        ),
        ("dataset=psg", 0, "the visit has a dataset psg"),
        ("deviation=haemolysed", 1, "haemolysed"),
        ("life=expected&participant=K-002", 7, "expected · participant K-002"),
        ("material=moon", 0, "moon"),
        ("event=OLD", 0, "event OLD"),
    ],
)
def test_each_filter_shows_what_fits_says_so_and_is_kept(
    study: World, query: str, count: int, words: str
) -> None:
    visitor = visit(study)
    page = visitor.get(f"{PAGE}?{query}").text
    assert len(listed(page)) == count
    assert f'<p class="sought">{words}' in page
    assert links(page, "/specimens/file") == [
        f"{PAGE}/file" + (f"?{query}" if query else ""),
        f"{PAGE}/file?" + (f"{query}&" if query else "") + "as=xlsx",
    ]
    chosen = set(re.findall(r'<option value="(\w+)" selected>', page))
    assert chosen == {part.split("=")[1] for part in query.split("&") if "=" in part and "K-" not in part}
    if "K-002" in query:
        assert 'name="participant" value="K-002"' in page
    assert len(saved(visitor, f"{PAGE}/file?{query}")) == 1 + count


def test_nothing_that_fits_leads_to_all_and_no_tube_at_all_to_the_schedule(study: World) -> None:
    visitor = visit(study)
    assert "No tube fits all of this." in visitor.get(f"{PAGE}?life=collected").text
    empty = visitor.get("/studies/DEMO/specimens").text
    assert "No tube is registered yet." in empty
    assert 'name="dataset"' not in empty
    assert links(empty.split("card-empty")[1], "schedule") == ["/studies/DEMO/schedule"]


@pytest.mark.parametrize("query", ["kind=blood", "life=lost", "deviation=x", "participant=" + "x" * 41])
def test_a_filter_that_makes_no_sense_is_refused(study: World, query: str) -> None:
    for path in (PAGE, f"{PAGE}/file"):
        assert visit(study).get(f"{path}?{query}").status_code == 400


@on_both
def test_a_long_list_has_a_next_page_that_keeps_what_is_sought(study: World) -> None:
    for number in range(4, 10):
        begin(study, enrol(study, f"K-{number:03}"))
    visitor = visit(study)
    first = visitor.get(f"{PAGE}?material=plasma_edta&kind=aliquot").text
    (following,) = links(first, "after=")
    assert following.startswith(f"{PAGE}?material=plasma_edta&kind=aliquot&after=S")
    second = visitor.get(following).text
    codes = [*listed(first), *listed(second)]
    assert (len(listed(first)), len(codes), codes) == (50, 72, sorted(set(codes)))
    assert f"{PAGE}?material=plasma_edta&kind=aliquot" in links(second, PAGE)
    assert len(saved(visitor, f"{PAGE}/file?material=plasma_edta&kind=aliquot")) == 73


# --- the file ---


def test_the_file_holds_every_column_under_a_header_in_the_readers_language(study: World) -> None:
    visitor = visit(study)
    answer = visitor.get(f"{PAGE}/file?participant=K-001")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert re.search(
        r'filename="tubes-KIT-K-001-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"]
    )
    header, *rows = saved(visitor, f"{PAGE}/file?participant=K-001")
    assert header == [
        *("Code", "Kind", "Material", "State", "Amount", "Participant", "Visit", "Event"),
        *("Number", "Of how many", "Made of", "Place", "Deviations", "Study", "Site", "Whereabouts", "Holds"),
        *("Thaws", "Drawn", "Frozen", "Last seen", "Amount as a number", "Unit"),
    ]
    mine = [row for row in every(study) if row.participant == "K-001"]
    assert [(row[0], row[3], row[12]) for row in rows] == [
        (row.code, row.life, "; ".join(row.deviations)) for row in mine
    ]
    assert {len(row) for row in rows} == {len(header)} == {len(SpecimenLine.__struct_fields__)}
    chinese = visitor.get(f"{PAGE}/file", cookie=f"biobank={visitor.secret}; language=zh_Hans").content
    assert "偏离".encode() in chinese.split(b"\r\n")[0]


# --- who ---


def test_another_sites_people_see_no_tube(study: World) -> None:
    outsider = visit(study, OUTSIDER)
    page = outsider.get(PAGE).text
    assert (listed(page), "K-001" in page) == ([], False)
    assert len(saved(outsider, f"{PAGE}/file")) == 1


def test_nobody_who_is_not_signed_in_sees_the_list(study: World) -> None:
    for path in (PAGE, f"{PAGE}/file"):
        assert "K-001" not in visit(study, "").get(path).text


def test_the_list_holds_no_inline_style_or_script(study: World) -> None:
    page = visit(study).get(f"{PAGE}?event=BL").text
    assert re.findall(r"\sstyle=|<style|<script>|\son\w+=", page) == []


@pytest.mark.browser
@pytest.mark.slow
def test_tubes_are_sought_and_saved_by_keys(tab: Tab) -> None:
    tab.sign_in()
    tab.open(PAGE)
    tab.page.get_by_label("Event", exact=True).select_option("BL")
    tab.page.get_by_label("Dataset").select_option("fmri")
    tab.page.get_by_role("search", name="Tubes").get_by_label("Participant").press("Enter")
    expect(tab.page.locator("tbody tr")).to_have_count(10)
    assert "event=BL" in tab.page.url
    expect(tab.page.get_by_label("Dataset")).to_have_value("fmri")
    with tab.page.expect_download() as kept:
        tab.page.get_by_role("link", name="Save as CSV").press("Enter")
    assert kept.value.suggested_filename.startswith("tubes-KIT-BL-fmri-")
    tab.page.get_by_role("link", name="Show all").press("Enter")
    expect(tab.page.locator("tbody tr")).to_have_count(31)
    tab.page.locator("tbody .code").first.press("Enter")
    expect(tab.page).to_have_url(re.compile(r"/specimens/S\w{9}$"))
    for width in (1280, 800, 390):
        tab.page.set_viewport_size({"width": width, "height": 800})
        tab.open(PAGE)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.complaints == []
    assert collected.bench(tab.site.world, collected.visit_of(tab.site.world, "K-001", "BL")).begun
