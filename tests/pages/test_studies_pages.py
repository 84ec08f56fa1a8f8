"""Pages of studies and participants, on both databases."""

import re
from html import unescape

import pytest
from playwright.sync_api import expect
from sqlmodel import Session

from biobank import participants, specimens
from biobank.participants import ParticipantCard
from biobank.people import Actor
from tests.pages.conftest import Tab
from tests.pages.visitor import Visitor, visit
from tests.templates import on_both
from tests.test_planning import EVENTS, adopt, collect, enrol, protocol, row
from tests.world import MANAGER, OUTSIDER, World

CONSENTS = """
[[consents]]
version = "1.0"
scopes = ["storage"]
[[consents]]
version = "2.0"
scopes = ["storage", "genetics"]

[needs]
dna = "genetics"

[collecting]
datasets = ["fmri"]

[vessels."EDTA 10 mL"]
primary = "PED"
"""
PAGE = "/studies/DEMO/participants/D-1"


@pytest.fixture
def study(world: World) -> World:
    """The study with two anchors and two versions of the consent."""
    adopt(world, protocol(*EVENTS) + CONSENTS.encode())
    return world


def shown(visitor: Visitor, path: str) -> str:
    answer = visitor.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def did(visitor: Visitor, path: str, **told: str) -> None:
    """An act on D-1 that leads back to the page."""
    answer = visitor.post(path, {"pseudonym": "D-1", **told})
    assert (answer.status_code, answer.headers.get("location")) == (303, PAGE), answer.text


def card(world: World, pseudonym: str = "D-1") -> ParticipantCard:
    def question(session: Session, actor: Actor) -> ParticipantCard:
        return participants.card(session, participants.by_pseudonym(session, actor, "DEMO", pseudonym))

    return world.ask(question)


# --- participants ---


def test_each_scope_is_answered_with_yes_or_no(study: World) -> None:
    visitor = visit(study)
    told = {
        "site": "BJ",
        "pseudonym": "D-1",
        "arm": "surgical",
        "enrolled_on": "2026-01-31",
        "version": "2.0",
        "given_on": "2026-01-30",
        "answer.storage": "yes",
        "answer.genetics": "no",
    }
    assert visitor.post("/studies/DEMO/participants", told).headers["location"] == PAGE
    consent = card(study).consents[0]
    assert (consent.version, consent.scopes, consent.declined) == ("2.0", ["storage"], ["genetics"])
    page = shown(visitor, PAGE)
    assert "storage yes 2.0 · 2026-01-30" in page
    assert "genetics no 2.0 · 2026-01-30" in page
    assert "2 forms signed" not in page
    assert study.unproved() == []


def test_a_form_without_an_answer_is_refused(study: World) -> None:
    told = {"site": "BJ", "pseudonym": "D-1", "arm": "surgical", "version": "2.0"}
    answer = visit(study).post("/studies/DEMO/participants", told)
    assert answer.status_code == 400
    assert "consent" in answer.text
    assert visit(study).get(PAGE).status_code == 404


def test_a_version_puts_its_own_scopes(study: World) -> None:
    visitor = visit(study)
    newest = visitor.get("/studies/DEMO").text
    assert newest.index("<option>2.0") < newest.index("<option>1.0")
    assert 'name="answer.genetics"' in newest
    older = visitor.get("/studies/DEMO/answers?version=1.0").text
    assert ('name="answer.storage"' in older, 'name="answer.genetics"' in older) == (True, False)
    assert visitor.get("/studies/DEMO/answers?version=9").text == visitor.get("/studies/DEMO/answers").text


def test_a_study_without_versions_takes_any_and_asks_every_scope(world: World) -> None:
    page = visit(world).get("/studies/DEMO").text
    assert '<input class="form-control" id="version"' in page
    assert page.count('value="yes"') == 5


def test_the_list_says_who_is_to_come_next_and_who_withdrew(study: World) -> None:
    enrol(study, "D-1")
    enrol(study, "D-2", enrolled_on=None)
    visitor = visit(study)
    page = shown(visitor, "/studies/DEMO")
    assert "D-1 BJ surgical 2026-01-31 RUN 2026-01-14 – 2026-01-24 overdue 0 / 4" in page
    assert "D-2 BJ surgical RUN – planned 0 / 4" in page
    did(visitor, "/studies/DEMO/withdrawals", level="destroy", withdrawn_on="2026-02-01")
    assert "D-1 BJ surgical 2026-01-31 withdrew: destroy what is kept" in shown(visitor, "/studies/DEMO")


def test_who_comes_into_another_arm_keeps_the_history(study: World) -> None:
    enrol(study)
    visitor = visit(study)
    did(visitor, "/studies/DEMO/arms", arm="other", since="2026-02-10")
    assert "other Change surgical since 2026-01-31 other since 2026-02-10" in shown(visitor, PAGE)
    assert [each.event for each in card(study).visits if each.status == "planned"][-1] == "SIX"
    assert study.unproved() == []


def test_a_procedure_is_added_dated_moved_and_cancelled(study: World) -> None:
    enrol(study)
    visitor = visit(study)
    assert "planned once it is added" in shown(visitor, PAGE)
    did(visitor, "/studies/DEMO/procedures", name="Resection", happens_on="")
    assert "1 Resection not known yet PRE, POST Set the day" in shown(visitor, PAGE)
    did(visitor, "/studies/DEMO/procedures", number="1", name="Resection", happens_on="2026-03-10")
    assert [str(row(card(study), event, 1).planned_on) for event in ("PRE", "POST")] == [
        "2026-03-09",
        "2026-03-11",
    ]
    page = shown(visitor, PAGE)
    assert "2 planned visits are counted from it: PRE, POST. They get other days" in page
    assert "Those that nobody began are cancelled with it." in page
    early = visitor.post(
        "/studies/DEMO/procedures",
        {"pseudonym": "D-1", "number": "1", "name": "Resection", "happens_on": "2025-12-01"},
        **{"hx-request": "1"},
    )
    assert (early.status_code, "is before the enrolment" in early.text) == (422, True)
    did(visitor, "/studies/DEMO/procedure-cancellations", number="1")
    assert {row(card(study), event, 1).status for event in ("PRE", "POST")} == {"cancelled"}
    assert "1 Resection cancelled – Set anew" in shown(visitor, PAGE)
    assert study.unproved() == []


def test_the_day_of_enrolment_moves_what_is_planned_and_says_what(study: World) -> None:
    enrol(study)
    visitor = visit(study)
    assert "4 planned visits get other days: RUN, BL, M1, M3." in shown(visitor, PAGE)
    did(visitor, "/studies/DEMO/enrolment-dates", enrolled_on="2026-02-28")
    assert str(row(card(study), "M1").planned_on) == "2026-03-28"
    assert study.unproved() == []


def test_a_newer_consent_counts_and_the_older_stays_to_be_read(study: World) -> None:
    enrol(study)
    visitor = visit(study)
    answered = {"answer.storage": "yes", "answer.genetics": "yes"}
    did(visitor, "/studies/DEMO/consents", version="2.0", given_on="2026-02-01", **answered)
    page = shown(visitor, PAGE)
    assert "genetics yes 2.0 · 2026-02-01" in page
    assert "2 forms signed" in page
    wrong = visitor.post(
        "/studies/DEMO/consents",
        {"pseudonym": "D-1", "version": "1.0", "answer.genetics": "yes"},
        **{"hx-request": "1"},
    )
    assert (wrong.status_code, "does not ask about" in wrong.text) == (422, True)
    assert study.unproved() == []


def test_a_missed_visit_says_why_and_is_planned_again(study: World) -> None:
    code = row(enrol(study), "BL").code
    visitor = visit(study)
    gone = visitor.post(f"/visits/{code}/missed", {"reason": "moved_away", "next": PAGE})
    assert gone.headers["location"] == PAGE
    assert "missed moved away Plan again" in shown(visitor, PAGE)
    back = visitor.post(f"/visits/{code}/planned-again", {"next": "//elsewhere.example"})
    assert back.headers["location"] == f"/visits/{code}"
    assert row(card(study), "BL").status == "planned"
    assert study.unproved() == []


def test_a_visit_that_collects_nothing_is_said_to_have_taken_place(study: World) -> None:
    visit_code = row(enrol(study, enrolled_on="2026-01-31"), "RUN").code
    visitor = visit(study)
    assert f'action="/visits/{visit_code}/came"' in visitor.get(PAGE).text
    did(visitor, f"/visits/{visit_code}/came", at="2026-01-24T09:30", next=PAGE)
    assert (row(card(study), "RUN").status, str(row(card(study), "RUN").came_on)) == ("done", "2026-01-24")
    assert f'action="/visits/{visit_code}/came"' not in visitor.get(PAGE).text


def test_a_visit_out_of_its_window_and_its_datasets_are_marked(study: World) -> None:
    code = row(enrol(study), "BL").code
    collect(study, code, "2026-02-20T09:00:00+08:00")
    visitor = visit(study)
    visitor.post(f"/visits/{code}/datasets", {"kind": "fmri", "external_id": "sub-01"})
    assert "2026-02-20 2026-01-31 – 2026-02-03 done out of the window fmri" in shown(visitor, PAGE)


# --- withdrawal ---


@on_both
def test_a_withdrawal_is_told_in_words_then_in_numbers_then_done(study: World) -> None:
    enrolled = enrol(study)
    tube = collect(study, row(enrolled, "BL").code)
    visitor = visit(study)
    page = shown(visitor, "/studies/DEMO/withdrawal?pseudonym=D-1")
    for words in ("may be used as the consent says", "every tube is put on hold", "is to be destroyed"):
        assert words in page
    told = {"pseudonym": "D-1", "level": "no_further_use", "withdrawn_on": "2026-03-01", "note": "By letter."}
    answer = visitor.post("/studies/DEMO/withdrawal", told)
    assert answer.status_code == 200
    check = " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())
    assert "planned visits are cancelled 3" in check
    assert "tube is put on hold 1" in check
    assert "This cannot be taken back." in check
    assert card(study).withdrawn is None
    did(visitor, "/studies/DEMO/withdrawals", **{name: told[name] for name in told if name != "pseudonym"})
    page = visitor.get(PAGE).text
    assert "withdrew on 2026-03-01: no further use." in page
    assert "/studies/DEMO/consents" not in page
    assert study.ask(lambda s, a: specimens.card(s, a, tube)).holds
    further = visitor.get("/studies/DEMO/withdrawal?pseudonym=D-1").text
    assert re.findall(r'name="level" value="(\w+)"', further) == ["destroy"]
    did(visitor, "/studies/DEMO/withdrawals", level="destroy", withdrawn_on="2026-03-02")
    assert 'name="level"' not in visitor.get("/studies/DEMO/withdrawal?pseudonym=D-1").text
    assert study.unproved() == []


def test_who_only_stops_collecting_leaves_the_tubes_in_use(study: World) -> None:
    collect(study, row(enrol(study), "BL").code)
    told = {"pseudonym": "D-1", "level": "no_more_collection", "withdrawn_on": "2026-03-01"}
    assert "tube stays and may be used" in visit(study).post("/studies/DEMO/withdrawal", told).text


def test_another_sites_people_find_nobody(study: World) -> None:
    enrol(study)
    outsider = visit(study, OUTSIDER)
    for path in (PAGE, "/studies/DEMO/withdrawal?pseudonym=D-1"):
        assert outsider.get(path).status_code == 404, path
    assert "D-1" not in outsider.get("/studies/DEMO").text
    told = {"pseudonym": "D-1", "arm": "other"}
    assert outsider.post("/studies/DEMO/arms", told).status_code == 404


# --- progress, and what holds for all ---


@on_both
@pytest.mark.parametrize(
    ("by", "first"),
    [("event", "Event"), ("arm", "Arm"), ("material", "Material"), ("site", "Site"), ("x", "Event")],
)
def test_progress_is_told_by_event_arm_material_or_site(study: World, by: str, first: str) -> None:
    enrol(study)
    page = visit(study).get(f"/studies/DEMO/progress?by={by}").text
    assert f'<th scope="col">{first}</th>' in page
    assert re.findall(r'\?by=(\w+)" aria-current', page) == ["event" if by == "x" else by]


def test_no_page_of_a_study_holds_an_inline_style_or_script(study: World) -> None:
    enrol(study)
    manager = visit(study, MANAGER)
    manager.post("/studies/DEMO/procedures", {"pseudonym": "D-1", "name": "Resection"})
    for path in ("", "/progress", "/protocol", "/participants/D-1", "/withdrawal?pseudonym=D-1", "/schedule"):
        page = manager.get(f"/studies/DEMO{path}").text
        assert re.findall(r"\sstyle=|<style|<script>|\son\w+=", page) == [], path
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), path


@pytest.mark.browser
@pytest.mark.slow
def test_a_small_window_takes_a_consent_and_asks_what_its_version_asks(tab: Tab) -> None:
    adopt(tab.site.world, protocol(*EVENTS) + CONSENTS.encode())
    enrol(tab.site.world)
    tab.sign_in()
    tab.open(PAGE)
    tab.page.get_by_role("button", name="Record a consent").press("Enter")
    window = tab.page.get_by_role("dialog", name="Record a consent")
    expect(window.get_by_role("radio")).to_have_count(4)
    window.get_by_label("Consent version").select_option("1.0")
    expect(window.get_by_role("radio")).to_have_count(2)
    tab.page.keyboard.press("Escape")
    expect(window).to_be_hidden()
    tab.page.get_by_role("button", name="Record a consent").click()
    window.get_by_label("Consent version").select_option("2.0")
    expect(window.get_by_role("radio")).to_have_count(4)
    window.get_by_role("radiogroup", name="storage").get_by_label("yes").check()
    window.get_by_role("radiogroup", name="genetics").get_by_label("no").check()
    window.get_by_role("button", name="Record", exact=True).click()
    expect(tab.page.locator(".said-yes [data-answer=no]")).to_contain_text("genetics")
    assert card(tab.site.world).consents[-1].declined == ["genetics"]
    assert tab.complaints == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 800, 390])
def test_no_page_is_wider_than_its_window(tab: Tab, width: int) -> None:
    adopt(tab.site.world, protocol(*EVENTS) + CONSENTS.encode())
    enrol(tab.site.world)
    tab.sign_in(MANAGER)
    tab.page.set_viewport_size({"width": width, "height": 800})
    within = ("", "/schedule", "/schedule/month?month=2026-03", "/progress", "/protocol", "/participants/D-1")
    for path in ("/schedule", *(f"/studies/DEMO{each}" for each in within)):
        tab.open(path)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert tab.complaints == []
