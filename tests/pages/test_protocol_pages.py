"""Pages of protocols: a version whole, and a file looked at, then loaded, on both databases."""

import base64
import json
import re
import time
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import FilePayload, expect
from sqlmodel import Session, select

from biobank import clock, studies, web
from biobank.errors import Malformed, NotFound
from biobank.pages.studies.protocols import decoded
from biobank.people import Actor
from biobank.tables import Protocol
from tests.pages.conftest import Site, Tab
from tests.pages.test_studies_pages import CONSENTS, PAGE, card, shown
from tests.pages.visitor import Visitor, visit
from tests.test_planning import EVENTS, HEAD, adopt, enrol, protocol, row
from tests.world import MANAGER, SECRETS, World


@pytest.fixture
def study(world: World) -> World:
    """The study with two anchors and two versions of the consent."""
    adopt(world, protocol(*EVENTS) + CONSENTS.encode())
    return world


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


def in_pieces(site: Site, path: str, body: bytes, of: str, **headers: str) -> httpx.Response:
    """What a manager is answered whose body comes slowly, a few bytes at a time."""

    def pieces() -> Iterator[bytes]:
        step = len(body) // 3
        for start in range(0, len(body), step):
            yield body[start : start + step]
            time.sleep(0.05)

    sent = {"content-type": of, "content-length": str(len(body)), **headers}
    sent["cookie"] = f'{web.COOKIE}="{SECRETS[MANAGER]}"'
    return httpx.post(site.url + path, content=pieces(), headers=sent, timeout=30)


def test_a_file_that_comes_in_pieces_comes_whole(site: Site) -> None:
    text, token = protocol(*EVENTS), web.csrf_token(SECRETS[MANAGER])
    ends = f'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{token}\r\n--x\r\n'
    named = 'Content-Disposition: form-data; name="file"; filename="a.toml"\r\n\r\n'
    body = (ends + named).encode() + text + b"\r\n--x--\r\n"
    answer = in_pieces(site, "/protocols/preview", body, "multipart/form-data; boundary=x")
    assert answer.status_code == 200, answer.text
    assert base64.b64decode(carried(answer.text)) == text


def test_a_form_that_comes_in_pieces_comes_whole_and_so_does_an_order(site: Site) -> None:
    token, study = web.csrf_token(SECRETS[MANAGER]), protocol(*EVENTS)
    told = {"csrf": token, "file": base64.b64encode(study).decode(), "command": str(clock.new_key())}
    of = "application/x-www-form-urlencoded"
    answer = in_pieces(site, "/protocols", urlencode(told).encode(), of)
    assert answer.status_code == 303, answer.text
    asked = {"study": "DEMO", "site": "BJ", "pseudonym": "D-9", "arm": "other"}
    order = json.dumps(asked | {"consent": {"version": "1.0", "scopes": ["storage"]}}).encode()
    headers = {"x-csrf-token": token, "idempotency-key": str(clock.new_key())}
    answer = in_pieces(site, "/api/v1/participants", order, "application/json", **headers)
    assert answer.status_code == 201, answer.text
    assert site.world.unproved() == []


@pytest.mark.browser
@pytest.mark.slow
def test_a_manager_looks_at_a_file_and_loads_it(tab: Tab) -> None:
    world = tab.site.world
    adopt(world, protocol(*EVENTS))
    enrol(world)
    tab.sign_in(MANAGER)
    tab.open("/studies/DEMO/protocol")
    text = protocol(*(each.replace("month=3", "month=4") for each in EVENTS))
    file = FilePayload(name="protocol.toml", mimeType="application/toml", buffer=text)
    tab.page.set_input_files("#file", files=file)
    tab.page.get_by_role("button", name="Show what changes").click()
    expect(tab.page.locator("#preview")).to_contain_text("The visit M3 moves to month 4")
    tab.page.get_by_role("button", name="Load version 3").click()
    expect(tab.page.locator(".versions [aria-current]")).to_contain_text("Version 3")
    assert str(row(card(world), "M3").planned_on) == "2026-05-31"
    assert tab.complaints == []
    assert world.unproved() == []
