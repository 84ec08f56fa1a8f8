"""Kits on their pages: printed ahead, listed until they are used, printed again."""

import re
from typing import Any

import pytest
from litestar.testing import TestClient
from playwright.sync_api import expect

from biobank import clock, specimens
from biobank.specimens import UnusedKit
from tests import collected
from tests.api.program import Program
from tests.collected import adopt, begin, bench, enrol, kits
from tests.pages.conftest import Tab
from tests.pages.visitor import Visitor, visit
from tests.quick import app_of
from tests.templates import on_both
from tests.world import OUTSIDER, World

PAGE = "/studies/KIT/kits"
ORDER = {"event": "BL", "site": "BJ", "count": "3", "stock": "herma-4100", "skip": "0"}


@pytest.fixture
def study(world: World) -> World:
    """The study that collects by kit."""
    adopt(world)
    return world


def unused(world: World, **how: Any) -> list[UnusedKit]:
    return world.ask(lambda s, a: specimens.unused_kits(s, a, "KIT", **how))


def listed(page: str) -> list[str]:
    return re.findall(r'href="/kits/(\w+)"', page)


def join(world: World, name: str, role: str, study: str | None) -> Visitor:
    """Somebody new with one grant."""
    client = TestClient(app_of(world))
    program = Program(world, client)
    program.join(name, role, study=study)
    return Visitor(client, program.secrets[name])


# --- printing ahead ---


def test_before_any_is_printed_the_page_says_what_a_kit_is_for(study: World) -> None:
    page = visit(study).get(PAGE).text
    assert "A kit is a bag with the labelled tubes of one event" in page
    assert '<a href="/studies/KIT/kits" aria-current="page">Kits</a>' in page
    assert re.findall(r'<option value="(\w+)">\1 ·', page) == ["BL", "M1", "M2", "BJ"]


def test_kits_are_made_with_their_labels_as_a_pdf_and_then_listed(study: World) -> None:
    visitor, command = visit(study), str(clock.new_key())
    made = visitor.post(PAGE, ORDER, command)
    assert (made.status_code, made.headers["content-type"]) == (200, "application/pdf")
    assert re.search(r'attachment; filename="kits-K\w{9}-30\.pdf"', made.headers["content-disposition"])
    assert made.content.startswith(b"%PDF")
    assert visitor.post(PAGE, ORDER, command).content == made.content
    ready = unused(study)
    assert [(kit.event, kit.title, kit.site, kit.labels, kit.visit) for kit in ready] == [
        ("BL", "Baseline", "BJ", 9, "")
    ] * 3
    page = visitor.get(PAGE).text
    assert listed(page) == [kit.code for kit in ready]
    assert "nobody&#39;s yet" in page or "nobody's yet" in page
    assert re.search(r'<td class="when">\d{4}-\d\d-\d\d \d\d:\d\d \+08:00</td>', page)
    assert study.unproved() == []


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"count": "0"}, 422),
        ({"count": "201"}, 422),
        ({"count": "three"}, 422),
        ({"skip": "96"}, 422),
        ({"event": "M9"}, 422),
        ({"stock": "paper"}, 422),
    ],
)
def test_an_order_that_makes_no_sense_makes_no_kit(study: World, wrong: dict[str, str], status: int) -> None:
    assert visit(study).post(PAGE, ORDER | wrong).status_code in (400, status)
    assert unused(study) == []


def test_a_planned_visit_leads_to_a_kit_of_its_own(study: World) -> None:
    code = enrol(study)
    visitor = visit(study)
    assert f'href="{PAGE}?visit={code}"' in visitor.get(f"/visits/{code}").text
    page = visitor.get(f"{PAGE}?visit={code}").text
    assert "Print a kit for K-001 · BL" in page
    assert f'name="visit" value="{code}"' in page
    assert 'id="count"' not in page
    one = ORDER | {"count": "1", "visit": code}
    assert visitor.post(PAGE, one).status_code == 200
    (kit,) = unused(study)
    assert (kit.visit, kit.participant, bench(study, code).kit) == (code, "K-001", kit.code)
    assert f'<a href="/visits/{code}">K-001</a>' in visitor.get(PAGE).text
    assert "?visit=" not in visitor.get(f"/visits/{code}").text
    assert visitor.post(PAGE, one).status_code == 409
    assert study.unproved() == []


def test_a_visit_of_another_study_gets_no_kit_of_this_one(study: World) -> None:
    other = study.visit()
    page = visit(study).get(f"{PAGE}?visit={other}").text
    assert "D-001" not in page
    assert 'id="count"' in page
    assert visit(study).post(PAGE, ORDER | {"count": "1", "visit": other}).status_code == 422


# --- those that lie ready ---


def test_a_kit_leaves_the_list_when_its_visit_is_begun(study: World) -> None:
    first, second = kits(study, count=2)
    begin(study, enrol(study), first.code)
    assert [kit.code for kit in unused(study)] == [second.code]
    assert listed(visit(study).get(PAGE).text) == [second.code]


@on_both
def test_the_newest_come_first_and_each_stands_on_one_page(study: World) -> None:
    old = {kit.code for kit in kits(study, "M2", count=20)}
    new = {kit.code for kit in kits(study, "M2", count=35)}
    visitor = visit(study)
    first = visitor.get(PAGE).text
    after = re.findall(r'href="(\?after=\w+)"', first)
    second = visitor.get(PAGE + after[0]).text
    codes = [*listed(first), *listed(second)]
    assert (len(listed(first)), len(listed(second)), len(set(codes))) == (50, 5, 55)
    assert (set(codes[:35]), set(codes[35:])) == (new, old)
    assert "First page" in second
    assert "No further kits." in visitor.get(f"{PAGE}?after={codes[-1]}").text
    assert [kit.code for kit in unused(study, after=codes[1], limit=2)] == codes[2:4]
    assert visitor.get(f"{PAGE}?after=x").status_code == 400


def test_ticked_kits_are_printed_again_with_the_same_codes(study: World) -> None:
    first, second = kits(study, count=2)
    visitor = visit(study)
    again = {"stock": "roll-33x13", "skip": "0", "reason": "lost"}
    both = visitor.post("/kit-reprints", again | {"kits": [first.code, second.code]})
    one = visitor.post("/kit-reprints", again | {"kits": first.code})
    assert f"kits-{first.code}-20.pdf" in both.headers["content-disposition"]
    assert f"kits-{first.code}-10.pdf" in one.headers["content-disposition"]
    assert visitor.post("/kit-reprints", again | {"kits": first.code, "reason": ""}).status_code == 422
    assert len(unused(study)) == 2
    assert visitor.post("/kit-reprints", again).status_code in (400, 422)
    page = visitor.get(f"/kits/{first.code}").text
    assert f'name="kits" value="{first.code}"' in page
    assert f'href="{PAGE}"' in page
    assert study.unproved() == []


# --- who ---


def test_another_sites_people_see_no_kit_and_print_none(study: World) -> None:
    (kit,) = kits(study)
    outsider = visit(study, OUTSIDER)
    assert listed(outsider.get(PAGE).text) == []
    assert outsider.get(f"/kits/{kit.code}").status_code == 404
    assert outsider.get(f"{PAGE}?after={kit.code}").status_code == 404
    assert outsider.post("/kit-reprints", {"kits": kit.code}).status_code == 404
    assert outsider.post(PAGE, ORDER).status_code == 404
    assert study.ask(lambda s, a: specimens.unused_kits(s, a, "KIT"), OUTSIDER) == []


def test_who_was_granted_one_study_sees_no_kit_of_another(study: World) -> None:
    (kit,) = kits(study)
    reader = join(study, "reader", "technician", "DEMO")
    assert reader.get("/studies/DEMO/kits").status_code == 200
    for path in (PAGE, f"/kits/{kit.code}", "/studies/KIT/specimens", "/studies/KIT/specimens/file"):
        assert reader.get(path).status_code == 404, path
    assert reader.post("/kit-reprints", {"kits": kit.code}).status_code == 404
    assert reader.post(PAGE, ORDER).status_code == 404


def test_who_only_reads_is_offered_no_printing(study: World) -> None:
    (kit,) = kits(study)
    auditor = join(study, "reader", "auditor", "KIT")
    page = auditor.get(PAGE).text
    assert listed(page) == [kit.code]
    for shown in (page, auditor.get(f"/kits/{kit.code}").text):
        assert "<form" not in shown.split("<main")[1].split("</main>")[0]
    assert auditor.post(PAGE, ORDER).status_code == 403
    assert auditor.post("/kit-reprints", {"kits": kit.code}).status_code == 403


def test_the_pages_of_kits_hold_no_inline_style_or_script(study: World) -> None:
    (kit,) = kits(study)
    for path in (PAGE, f"/kits/{kit.code}"):
        page = visit(study).get(path).text
        assert re.findall(r"\sstyle=|<style|<script>|\son\w+=", page) == [], path
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), path


@pytest.mark.browser
@pytest.mark.slow
def test_kits_are_printed_ticked_and_printed_again_by_keys(tab: Tab) -> None:
    world = tab.site.world
    collected.adopt(world)
    tab.sign_in()
    tab.open(PAGE)
    tab.page.get_by_label("Event").select_option("M1")
    tab.page.get_by_label("How many kits").fill("2")
    with tab.page.expect_download() as made:
        tab.page.keyboard.press("Enter")
    assert made.value.suggested_filename.endswith("-22.pdf")
    tab.page.get_by_role("link", name="Refresh").press("Enter")
    ready = tab.page.get_by_role("checkbox", name=re.compile(r"Print .+ again"))
    expect(ready).to_have_count(2)
    tab.page.wait_for_load_state()
    ready.first.press("Space")
    tab.page.wait_for_timeout(400)  # an Enter right after another key is a scanner's, and presses nothing
    with tab.page.expect_download() as again:
        tab.page.get_by_role("button", name="Print the ticked ones again").press("Enter")
    assert again.value.suggested_filename.endswith("-11.pdf")
    for width in (1280, 800, 390):
        tab.page.set_viewport_size({"width": width, "height": 800})
        for path in (PAGE, f"/kits/{unused(world)[0].code}"):
            tab.open(path)
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
    assert len(unused(world)) == 2
    assert tab.complaints == []
    assert world.unproved() == []
