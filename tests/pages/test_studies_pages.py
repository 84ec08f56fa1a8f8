"""Pages of studies, participants and protocols, on both databases."""

import re
from html import unescape

import pytest
from sqlmodel import Session, select

from biobank import participants, specimens, studies
from biobank.errors import Malformed, NotFound
from biobank.pages.protocols import decoded
from biobank.participants import ParticipantCard
from biobank.people import Actor
from biobank.tables import Protocol
from tests.pages.visitor import Visitor, visit
from tests.test_planning import EVENTS, HEAD, adopt, collect, enrol, protocol, row
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
    """The study with two anchors and two versions of the consent, on each engine."""
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


def look(visitor: Visitor, text: bytes, **headers: str) -> tuple[int, str]:
    """Look at a protocol file; the status and the page."""
    files = {"file": ("protocol.toml", text, "application/toml")}
    from_page = {"csrf": re.findall(r'name="csrf-token" content="(\w*)"', visitor.get("/studies").text)[0]}
    answer = visitor.client.post(
        "/protocols/preview", data=from_page, files=files, headers=headers, follow_redirects=False
    )
    return answer.status_code, answer.text


def carried(page: str) -> str:
    """The file as the preview carries it on."""
    return str(re.findall(r'name="file" value="([^"]*)"', page)[0])


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


def test_a_visit_out_of_its_window_and_its_datasets_are_marked(study: World) -> None:
    code = row(enrol(study), "BL").code
    collect(study, code, "2026-02-20T09:00:00+08:00")
    visitor = visit(study)
    visitor.post(f"/visits/{code}/datasets", {"kind": "fmri", "external_id": "sub-01"})
    assert "2026-02-20 2026-01-31 – 2026-02-03 done out of the window fmri" in shown(visitor, PAGE)


# --- withdrawal ---


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


# --- protocols ---


def test_a_protocol_is_shown_whole(study: World) -> None:
    page = shown(visit(study), "/studies/DEMO/protocol")
    assert "RUN A visit day -14 from enrolment −3 / +7 days all arms nothing" in page
    assert "M1 A visit month 1 from enrolment −7 / +7 days all arms EDTA blood" in page
    assert "PRE A visit day -1 from the procedure that day alone surgical EDTA blood" in page
    assert "Collected at BL, M1, PRE EDTA blood EDTA 10 mL · 10 mL" in page
    assert "DNA needs genetics." in page
    assert "EDTA 10 mL PED" in page
    assert "Datasets fmri" in page


def test_a_tree_tells_counts_limits_and_what_is_taken(study: World) -> None:
    tree = """
limits = { receive = 120, spin = 300 }
[[collections.blood.derivatives]]
material = "plasma_edta"
used = "9 mL"
amount = "4 mL"
pooled = true
[[collections.blood.derivatives.aliquots]]
material = "plasma_edta"
container = "cryovial 1 mL"
amount = "500 uL"
count = 4
storage = "-80"
limits = { freeze = 60 }
"""
    text = (HEAD + tree + "\n[[events]]\ncode='BL'\ntitle='Baseline'\nday=0\ncollects=['blood']\n").encode()
    adopt(study, text)
    page = shown(visit(study), "/studies/DEMO/protocol")
    assert "received within 120 min of the draw spun within 5 h of the draw" in page
    assert "EDTA plasma 4 mL · takes 9 mL may be pooled" in page
    assert "4 × EDTA plasma cryovial 1 mL · 500 uL · kept at -80 frozen within 60 min" in page


def test_a_file_is_looked_at_before_it_is_loaded(study: World) -> None:
    enrol(study)
    manager = visit(study, MANAGER)
    moved = protocol(*(each.replace("month=3", "month=4") for each in EVENTS if "RUN" not in each))
    status, page = look(manager, moved)
    assert status == 200
    words = " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())
    assert "visits are opened 0 visits get other days 1 visits are cancelled 1" in words
    assert "The visit M3 moves to month 4 from enrolment; it was month 3 from enrolment." in words
    assert "The visit RUN (A visit) is no longer planned." in words
    assert "2026-04-30" in shown(manager, PAGE)
    answer = manager.post("/protocols", {"file": carried(page)})
    assert answer.headers["location"] == "/studies/DEMO/protocol"
    assert "2026-05-31" in shown(manager, PAGE)
    assert "Version 3 in force" in shown(manager, "/studies/DEMO/protocol")
    older = shown(manager, "/studies/DEMO/protocol?version=2")
    assert "Version 2 is no longer in force." in older
    assert "RUN A visit" in older
    assert study.unproved() == []


def test_a_script_gets_the_preview_alone(study: World) -> None:
    status, page = look(visit(study, MANAGER), protocol(*EVENTS), **{"hx-request": "true"})
    assert (status, "<html" in page, "/protocols" in page) == (200, False, True)


def test_the_file_that_is_loaded_is_the_file_that_was_sent(study: World) -> None:
    manager = visit(study, MANAGER)
    text = protocol(*EVENTS).replace(b"\n", b"\r\n") + "# 研究\r\n".encode()
    manager.post("/protocols", {"file": carried(look(manager, text)[1])})
    answer = manager.get("/studies/DEMO/protocol/3")
    assert (answer.status_code, answer.content) == (200, text)
    assert manager.get("/studies/DEMO/protocol/9").status_code == 404


def test_a_new_study_is_loaded_by_the_same_form(world: World) -> None:
    manager = visit(world, MANAGER)
    status, page = look(manager, protocol(*EVENTS).replace(b'"DEMO"', b'"NEW"'))
    assert (status, "New study: NEW" in page) == (200, True)
    manager.post("/protocols", {"file": carried(page)})
    assert "NEW A study with two anchors" in shown(manager, "/studies")
    assert "Nobody is enrolled yet." in shown(manager, "/studies/NEW")


def test_a_wrong_file_says_line_and_field(study: World) -> None:
    manager = visit(study, MANAGER)
    bad = protocol(*EVENTS).replace(b"code='M1'\nmonth=1", b"code='M1'\nmonth='one'")
    status, page = look(manager, bad)
    line = bad[: bad.index(b"month='one'")].count(b"\n") + 1
    assert status == 400
    assert f"line {line}" in page
    assert "events.2.month" in page
    assert look(manager, b"[study")[0] == 400
    assert look(manager, b"\xff\xfe")[0] == 400
    assert look(manager, b"")[0] == 400


def test_what_is_no_form_or_no_file_is_refused(study: World) -> None:
    manager = visit(study, MANAGER)
    with pytest.raises(Malformed) as caught:
        decoded("not base64!")
    assert caught.value.slug == "protocol_file_lost"
    lost = manager.post("/protocols", {"file": "not base64!"})
    assert (lost.status_code, "Choose it anew" in lost.text) == (400, True)
    kind = {"content-type": "multipart/form-data"}
    broken = manager.client.post("/protocols/preview", content=b"--x", headers=kind, follow_redirects=False)
    assert 400 <= broken.status_code < 500


def test_a_technician_reads_the_protocol_and_loads_none(study: World) -> None:
    technician = visit(study)
    assert 'type="file"' not in technician.get("/studies").text
    assert 'type="file"' not in technician.get("/studies/DEMO/protocol").text
    assert look(technician, protocol(*EVENTS))[0] == 403
    page = look(visit(study, MANAGER), protocol(*EVENTS))[1]
    assert technician.post("/protocols", {"file": carried(page)}).status_code == 403


def test_a_version_without_its_text_is_said_and_one_that_is_not_there(study: World) -> None:
    def forget(session: Session) -> None:
        for each in session.exec(select(Protocol)):
            each.source = ""

    study.database.write(forget)
    visitor = visit(study)
    assert "File" not in shown(visitor, "/studies/DEMO/protocol")
    missing = visitor.get("/studies/DEMO/protocol/1")
    assert (missing.status_code, "before texts were kept" in missing.text) == (404, True)
    absent = visitor.get("/studies/DEMO/protocol?version=7")
    assert (absent.status_code, "has no version 7" in absent.text) == (404, True)
    for slug, version in (("protocol_text_not_kept", 1), ("version_not_found", 7)):

        def question(session: Session, actor: Actor, version: int = version) -> str:
            return studies.protocol_text(session, studies.by_code(session, actor, "DEMO"), version)

        with pytest.raises(NotFound) as caught:
            study.ask(question)
        assert caught.value.slug == slug


# --- progress, and what holds for all ---


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
