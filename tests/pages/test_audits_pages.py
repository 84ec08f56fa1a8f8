"""The pages of audits: planned, started, settled line by line, signed by two people, and what waits."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest

from biobank import audits, clock
from biobank.audits import Counted, Finding, SlotTold
from biobank.audits.plainly import gestures
from biobank.pages.audits.sayings import percent
from biobank.tables import AuditDecision, Mark, Result
from tests.audits import signing
from tests.audits.auditing import counted, results
from tests.pages import audited
from tests.pages.audited import Audited
from tests.pages.visitor import Visitor, visit, where
from tests.templates import Furnishing
from tests.world import MANAGER, OUTSIDER, PASSWORD, TECHNICIAN, World

TODAY = clock.now().date
MISPLACED = {Result.WRONG_SLOT, Result.UNEXPECTED}


@pytest.fixture(scope="session")
def furnishing() -> Furnishing:
    return audited.furnished


@pytest.fixture
def manager(world: World) -> Visitor:
    return visit(world, MANAGER)


def rows(page: str) -> int:
    """How many rows the first table of a page has."""
    body = page[page.index("<tbody>") : page.index("</tbody>")] if "<tbody>" in page else ""
    return len(re.findall(r"<tr\b", body))


# --- the list ---


def test_audits_stand_by_the_day_they_are_due_and_the_first_page_counts_those_that_are(
    world: World, manager: Visitor, told: Audited
) -> None:
    assert "/audits?of=due" not in manager.get("/").text
    audited.planned(world, name="Late", container=told.freezer, due=TODAY() - timedelta(days=1))
    audited.planned(world, name="Now", container=told.freezer, due=TODAY())
    page = manager.get("/audits").text
    assert page.index(">Late<") < page.index(">Now<") < page.index(">Yearly<")
    assert page.count(">overdue<") == 1
    due = manager.get("/audits?of=due").text
    assert rows(due) == 2
    assert ">Yearly<" not in due
    assert '<a href="/audits?of=due" data-tone="notice"><b>2</b>' in manager.get("/").text
    assert "No audit is closed yet" in manager.get("/audits?closed=true").text
    assert world.unproved() == []


def test_nobody_sees_the_audits_of_another_site(world: World, told: Audited) -> None:
    outsider = visit(world, OUTSIDER)
    assert ">Yearly<" not in outsider.get("/audits").text
    for part in ("", "/findings", "/findings.csv", "/sign", "/certificate.pdf"):
        assert outsider.get(f"/audits/{told.audit}{part}").status_code == 404
    refused = outsider.post(f"/audits/{told.audit}/cancel", {})
    assert refused.status_code == 404


# --- the plan ---


@pytest.mark.parametrize(
    ("wish", "shows"),
    [
        ({"sample": "claim", "limit": "20", "confidence": "95"}, "5 of 6 tubes"),
        ({"sample": "claim", "limit": "50", "confidence": "80"}, "2 of 6 tubes"),
        ({"sample": "share", "share": "50"}, "3 of 6 tubes"),
    ],
)
def test_what_a_sample_shows_is_told_before_it_is_planned(
    manager: Visitor, told: Audited, wish: dict[str, str], shows: str
) -> None:
    query = "&".join(f"{name}={value}" for name, value in {"container": told.freezer, **wish}.items())
    page = unescape(manager.get(f"/audits/plan?{query}").text)
    assert shows in page
    assert "no error among them shows that fewer than" in page
    by_risk = unescape(manager.get(f"/audits/plan?{query}&weighting=risk").text)
    assert shows not in by_risk
    assert "what is found says nothing of the rest" in by_risk


def test_a_plan_tells_what_is_wrong_with_its_scope_in_place_of_numbers(manager: Visitor) -> None:
    assert "Say of what" in manager.get("/audits/plan").text
    page = manager.get("/audits/plan?container=C000000000")
    assert page.status_code == 200
    assert 'class="notice"' in page.text


@pytest.mark.parametrize("scope", ["container", "study", "tubes", "site"])
def test_an_audit_of_each_scope_is_planned_started_and_given_up(
    world: World, manager: Visitor, told: Audited, scope: str
) -> None:
    fields = {"container": told.freezer, "study": "DEMO", "tubes": "\n".join(told.tubes), "site": "BJ"}
    form = {**fields, "scope": scope, "sample": "share", "share": "50", "name": "Half", "due": "2026-12-01"}
    made = manager.post("/audits", form)
    assert made.status_code == 303, made.text
    board = made.headers["location"]
    assert "Start it now" in manager.get(board).text
    assert "Start it now" not in visit(world).get(board).text
    assert manager.post(f"{board}/start", {}).status_code == 303
    page = manager.get(board).text
    assert "To be counted" in page
    assert "no error among them shows that fewer than" in page
    assert manager.post(f"{board}/cancel", {}).headers["location"] == "/audits"
    assert "Given up" in manager.get(board).text
    assert world.unproved() == []


def test_a_plan_without_what_it_needs_says_which_field(manager: Visitor, told: Audited) -> None:
    form = {"scope": "container", "container": told.freezer, "sample": "claim", "name": "", "due": ""}
    refused = manager.post("/audits", form)
    assert refused.status_code == 400
    assert 'data-of="name"' in refused.text
    assert 'data-of="due"' in refused.text
    unclaimed = manager.post("/audits", {**form, "name": "Some", "due": "2026-12-01"})
    assert unclaimed.status_code == 422
    assert 'data-of="limit"' in unclaimed.text


# --- the board ---


def test_the_board_shows_each_box_with_how_far_it_is_and_counters_that_filter(
    manager: Visitor, told: Audited
) -> None:
    page = manager.get(f"/audits/{told.audit}").text
    assert "2 of 3 boxes counted" in page
    assert page.count('<svg class="ring"') == 3
    assert f'href="/audits/{told.audit}/boxes/{told.boxes[2]}"' in page
    assert "Counted · 6 findings · technician" in page
    left = manager.get(f"/audits/{told.audit}?state=open").text
    assert left.count('<svg class="ring"') == 1
    for result in ("wrong_slot", "missing", "unreadable", "unknown", "unexpected"):
        address = f"/audits/{told.audit}/findings?result={result}"
        assert f'href="{address}"' in page
        count = re.search(rf'href="{re.escape(address)}">[^<]+<b>(\d+)</b>', page)
        assert count
        assert rows(manager.get(address).text) == int(count[1])


def test_the_board_tells_who_is_at_a_box_before_its_count_is_over(
    world: World, manager: Visitor, told: Audited
) -> None:
    scan = Counted(audit=told.audit, box=told.boxes[2], scans=[SlotTold(slot="A1", mark=Mark.EMPTY)])
    for person in (TECHNICIAN, MANAGER):
        world.act(lambda s, a: audits.count(s, a, scan).box, person=person)
    page = manager.get(f"/audits/{told.audit}").text
    assert "Being counted · 2 / 81 · manager, technician" in page


def test_the_board_of_a_blind_audit_says_nothing_of_what_should_be_there(
    world: World, manager: Visitor, told: Audited
) -> None:
    seen, blind = (
        audited.begun(world, name="Another", container=told.boxes[0], blind=each) for each in (False, True)
    )
    assert "To be counted · 6 tubes<" in manager.get(f"/audits/{seen}").text
    assert "To be counted<" in manager.get(f"/audits/{blind}").text
    assert world.unproved() == []


# --- findings ---


def test_one_tap_settles_what_leaves_room_for_itself_and_nothing_else() -> None:
    line = {name: UUID(int=at) for at, name in enumerate("abcdefgh", 1)}
    tube = {name: UUID(int=100 + at) for at, name in enumerate("abcdefgh", 1)}
    told = {
        line["a"]: (tube["a"], tube["b"]),  # these two changed places
        line["b"]: (tube["b"], tube["a"]),
        line["c"]: (tube["c"], None),  # its slot is free
        line["d"]: (tube["d"], tube["c"]),  # comes where that one leaves
        line["e"]: (tube["e"], tube["h"]),  # comes where one stays
        line["f"]: (tube["f"], tube["e"]),  # comes where that one cannot leave
        line["g"]: (tube["g"], tube["g"]),  # its record is there by now
    }
    alone = {name: [line[name]] for name in "cg"}
    both = {"a": [line["a"], line["b"]], "b": [line["b"], line["a"]], "d": [line["d"], line["c"]]}
    assert gestures(told) == {line[name]: chain for name, chain in (alone | both).items()}


def test_tubes_that_changed_places_are_corrected_by_one_tap(
    world: World, manager: Visitor, told: Audited
) -> None:
    page = manager.get(f"/audits/{told.audit}/findings").text
    assert "Correct all 2 now" in page
    assert page.count(">Correct these 2 now<") == 2
    assert page.count(">It is missing: seek it<") == 1
    lines = [str(key) for key in audited.found(world, told.audit, Result.WRONG_SLOT)]
    next_ = f"/audits/{told.audit}/findings?open=true"
    done = manager.post(
        f"/audits/{told.audit}/decisions", {"lines": lines, "decision": "moved", "next": next_}
    )
    assert (done.status_code, done.headers["location"]) == (303, next_)
    assert where(world, told.tubes[1]) == ("Box 1", "A3")
    assert where(world, told.tubes[2]) == ("Box 1", "A2")
    page = manager.get(next_).text
    assert rows(page) == 4
    assert "Correct" not in page
    again = manager.post(f"/audits/{told.audit}/decisions", {"lines": lines, "decision": "moved"})
    assert again.status_code == 409
    assert "This finding is decided already" in again.text
    assert world.unproved() == []


def test_findings_are_left_to_somebody_and_stand_on_their_first_page(
    world: World, manager: Visitor, told: Audited
) -> None:
    technician = visit(world)
    assert "/audits/entrusted" not in technician.get("/").text
    lines = [str(key) for key in audited.found(world, told.audit, Result.UNKNOWN, Result.UNREADABLE)]
    form = {"lines": lines, "decision": "entrust", "owner": TECHNICIAN, "due": TODAY().isoformat()}
    assert manager.post(f"/audits/{told.audit}/decisions", form).status_code == 303
    assert '<a href="/audits/entrusted?mine" data-tone="notice"><b>2</b>' in technician.get("/").text
    assert rows(technician.get("/audits/entrusted?mine").text) == 2
    assert rows(manager.get("/audits/entrusted?mine").text) == 0
    assert rows(manager.get("/audits/entrusted").text) == 2
    nobody = manager.post(f"/audits/{told.audit}/decisions", {**form, "owner": "nobody"})
    assert nobody.status_code == 404
    assert "Nobody of that name works here" in nobody.text


def test_a_missing_tube_is_sought_until_somebody_has_it_in_a_hand(
    world: World, manager: Visitor, told: Audited
) -> None:
    audited.decided(world, told.audit, AuditDecision.MISSING, Result.MISSING)
    lost = told.tubes[3]
    assert '<a href="/missing" data-tone="notice"><b>1</b>' in manager.get("/").text
    page = manager.get("/missing").text
    assert rows(page) == 1
    assert f'href="/specimens/{lost}"' in page
    assert " +08:00</time>" in page
    world.put(told.boxes[2], [lost])
    assert "No tube is missing" in manager.get("/missing").text
    assert 'href="/missing" data-tone' not in manager.get("/").text
    assert "turned up" in manager.get(f"/audits/{told.audit}/findings").text
    assert world.unproved() == []


def test_who_may_not_audit_sees_findings_and_settles_none(world: World, told: Audited) -> None:
    technician = visit(world)
    page = technician.get(f"/audits/{told.audit}/findings").text
    assert rows(page) == 6
    assert "It is missing" not in page
    assert "/decisions" not in page
    lines = [str(key) for key in audited.found(world, told.audit, Result.WRONG_SLOT)]
    refused = technician.post(f"/audits/{told.audit}/decisions", {"lines": lines, "decision": "moved"})
    assert refused.status_code == 403
    auditor = visit(world, signing.REVIEWER).get(f"/audits/{told.audit}/findings").text
    assert 'value="explained"' in auditor  # who audits and handles no tubes decides what moves none
    assert 'value="moved"' not in auditor
    assert 'value="missing"' not in auditor


def test_the_file_of_findings_has_a_row_for_each_that_is_sought(manager: Visitor, told: Audited) -> None:
    full = manager.get(f"/audits/{told.audit}/findings.csv").text.splitlines()
    assert len(full) == 1 + 6
    assert full[0].count(",") == len(Finding.__struct_fields__) - 1
    missing = manager.get(f"/audits/{told.audit}/findings.csv?result=missing").text.splitlines()
    assert len(missing) == 1 + 1
    assert manager.get(f"/audits/{told.audit}/findings.csv?as=xlsx").content[:2] == b"PK"


# --- signing ---


def test_what_is_lacking_is_told_with_where_to_go_before_anybody_types_a_password(
    world: World, manager: Visitor, told: Audited
) -> None:
    page = manager.get(f"/audits/{told.audit}/sign").text
    assert 'type="password"' not in page
    assert "1 box is not counted." in page
    assert "6 findings are neither decided nor left to somebody." in page
    assert f'href="/audits/{told.audit}?state=open"' in page
    assert f'href="/audits/{told.audit}/findings?open=true"' in page
    planned = audited.planned(world, container=told.boxes[2])
    assert "It has not begun" in manager.get(f"/audits/{planned}/sign").text


def test_two_people_sign_and_the_certificate_is_there_in_both_languages(
    world: World, manager: Visitor, told: Audited
) -> None:
    counted(world, told.audit, told.boxes[2], ("A1", ""), person=TECHNICIAN)
    audited.decided(world, told.audit, AuditDecision.MOVED, *MISPLACED)
    audited.decided(world, told.audit, AuditDecision.MISSING, Result.MISSING)
    audited.entrusted(world, told.audit, TECHNICIAN, Result.UNKNOWN, Result.UNREADABLE)
    address = f"/audits/{told.audit}/sign"
    assert 'type="password"' in manager.get(address).text
    wrong = manager.post(address, {"as": "performed", "password": "not the words"})
    assert wrong.status_code == 403
    assert "Nothing was signed" in wrong.text
    assert manager.post(address, {"as": "performed", "password": PASSWORD}).status_code == 303

    page = manager.get(address).text
    assert 'type="password"' not in page
    assert "Another person reviews it" in page
    refused = manager.post(address, {"as": "reviewed", "password": PASSWORD})
    assert refused.status_code == 422
    reviewer = visit(world, signing.REVIEWER)
    assert "Review and sign" in reviewer.get(address).text
    assert reviewer.post(address, {"as": "reviewed", "password": PASSWORD}).status_code == 303
    assert "Two people signed it" in reviewer.get(address).text

    for language in ("en", "zh_Hans"):
        paper = reviewer.get(f"/audits/{told.audit}/certificate.pdf?language={language}")
        assert paper.headers["content-type"] == "application/pdf"
        assert paper.content.startswith(b"%PDF")
    assert rows(reviewer.get("/audits?closed=true").text) == 1
    assert results(world, told.audit)[told.stray] is Result.UNEXPECTED
    assert world.unproved() == []


def test_shares_are_told_with_the_places_that_they_need() -> None:
    assert [percent(share) for share in (0, 1, 0.01, 0.005, 0.0004, 0.125, 0.95, 0.5)] == [
        "0 %",
        "100 %",
        "1 %",
        "0.5 %",
        "0.04 %",
        "12.5 %",
        "95 %",
        "50 %",
    ]


def test_a_freezer_a_study_and_an_evacuation_lead_to_an_audit_of_them(
    manager: Visitor, visitor: Visitor, told: Audited
) -> None:
    for page in (f"/containers/{told.freezer}", f"/containers/{told.boxes[0]}"):
        assert f'href="/audits/plan?container={page.rpartition("/")[2]}"' in manager.get(page).text
        assert "/audits/plan" not in visitor.get(page).text
    assert 'href="/audits/plan?study=DEMO"' in manager.get("/studies/DEMO").text


def test_an_audit_is_told_in_the_log(manager: Visitor, told: Audited) -> None:
    page = manager.get("/log?about=audit").text
    opened, started, counted_boxes = 1, 1, 2
    assert page.count('<a href="/audits">Yearly</a>') == opened + started + counted_boxes
    assert told.tubes[0] not in page


def test_what_calls_for_an_audit_is_offered_until_it_is_planned(
    world: World, manager: Visitor, told: Audited
) -> None:
    assert "What calls for an audit" not in manager.get("/audits").text
    some = audited.begun(world, name="One box", container=told.boxes[0])
    counted(world, some, told.boxes[0], ("A1", told.tubes[0]))
    audited.decided(world, some, AuditDecision.MISSING, Result.MISSING)
    page = manager.get("/audits").text
    assert "What calls for an audit" in page
    assert "What calls for an audit" not in visit(world).get("/audits").text
    to = re.search(r'href="(/audits/plan\?[^"]+)"', page.partition("What calls for an audit")[2])
    assert to
    plan = unescape(manager.get(unescape(to[1])).text)
    assert f'value="{told.freezer}"' in plan
    assert '<option value="loss" selected>' in plan
    form = {"scope": "container", "container": told.freezer, "sample": "full", "trigger": "loss"}
    made = manager.post("/audits", {**form, "name": "After a loss", "due": TODAY().isoformat()})
    assert made.status_code == 303, made.text
    assert "What calls for an audit" not in manager.get("/audits").text
