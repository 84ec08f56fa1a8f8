"""Pages without a browser: every flow of the spine, on both databases."""

import re

import pytest

from biobank import accounts, clock, people, specimens, storage, web
from biobank.pages.shell import local
from tests.pages.visitor import Visitor, inside, outcome, visit, where
from tests.templates import on_both
from tests.world import MANAGER, OUTSIDER, PASSWORD, TECHNICIAN, World

# --- signing in ---


def test_a_first_link_lets_one_choose_a_password_once(world: World) -> None:
    order = accounts.PersonOrder(name="newcomer", role="technician", site="BJ")  # type: ignore[arg-type]
    link = clock.new_secret()
    world.act(lambda session, actor: accounts.add_person(session, actor, order, link), person=MANAGER)
    nobody = visit(world, "")
    told = {"password": "a long enough one", "again": "a long enough one"}
    answer = nobody.post(f"/first/{link}", told)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert nobody.get("/").status_code == 200
    again = visit(world, "").post(f"/first/{link}", told)
    assert again.status_code == 404
    assert "used already" in again.text


def test_the_cookie_is_new_at_each_sign_in_and_no_script_can_read_it(world: World) -> None:
    told = {"name": TECHNICIAN, "password": PASSWORD, "next": "/storage"}
    first = visit(world, "").post("/sign-in", told)
    second = visit(world, "").post("/sign-in", told)
    assert first.headers["location"] == "/storage"
    cookies = [answer.headers["set-cookie"] for answer in (first, second)]
    assert cookies[0].split(";")[0] != cookies[1].split(";")[0]
    for wanted in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert wanted.lower() in cookies[0].lower()


def test_a_wrong_password_is_said_beside_the_form(sqlite_world: World) -> None:
    answer = visit(sqlite_world, "").post(
        "/sign-in", {"name": TECHNICIAN, "password": "not it, not it"}, **{"hx-request": "true"}
    )
    assert answer.status_code == 401
    assert "The name or the password is not right." in answer.text
    assert "<html" not in answer.text


def test_signing_out_ends_the_session_at_the_server(world: World) -> None:
    visitor = visit(world)
    assert visitor.post("/sign-out", {}).headers["location"] == "/sign-in"
    visitor.client.cookies.set(web.COOKIE, visitor.secret)
    answer = visitor.get("/storage")
    assert (answer.status_code, answer.headers["location"]) == (302, "/sign-in?next=/storage")


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/visits/V1?x=1", "/visits/V1?x=1"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("https://elsewhere.example/", "/"),
        ("/a\nb", "/"),
        ("/研究", "/"),
        ("", "/"),
    ],
)
def test_only_a_path_of_ours_is_gone_to_after_an_act(path: str, kept: str) -> None:
    assert local(path) == kept


def test_a_form_without_the_pages_token_changes_nothing(world: World) -> None:
    visitor = visit(world)
    tube = world.tubes(1)[0]
    world.put(world.boxes()[0], [tube])
    answer = visitor.post(f"/specimens/{tube}/take-out", {"csrf": "no"})
    assert answer.status_code == 403
    assert where(world, tube) == ("Box 1", "A1")
    card = world.ask(lambda session, actor: specimens.card(session, actor, tube))
    assert card.custody == "slot"


# --- the journey ---


@on_both
def test_from_enrolment_to_a_label_and_a_slot(world: World, visitor: Visitor) -> None:
    consent = {"version": "1.0", "answer.storage": "yes", "given_on": "2026-05-01"}
    told = {
        "site": "BJ",
        "pseudonym": "D-100",
        "attribute.sex": "female",
        "enrolled_on": "2026-05-01",
        **consent,
    }
    enrolled = visitor.post("/studies/DEMO/participants", told)
    assert enrolled.headers["location"] == "/studies/DEMO/participants/D-100"
    page = visitor.get("/studies/DEMO/participants/D-100").text
    code = re.findall(r'/visits/(V\w{9})">BL', page)[0]
    assert "10 mL" in visitor.get(f"/visits/{code}").text
    tube = {"0.drawn": "on", "0.material": "blood_edta", "0.amount": "10 mL", "collected": "2026-05-04T09:30"}
    assert visitor.post(f"/visits/{code}/specimens", tube).status_code == 303
    rows = world.ask(lambda session, actor: specimens.visit_card(session, actor, code)).specimens
    blood = rows[0].code
    card = world.ask(lambda session, actor: specimens.card(session, actor, blood))
    assert card.collected is not None
    assert card.collected.isoformat() == "2026-05-04T09:30:00+08:00"
    plasma = visitor.post(
        f"/specimens/{blood}/derivatives", {"material": "plasma_edta", "used": "10 mL", "amount": "4 mL"}
    ).headers["location"]
    made = {"parent": plasma.rsplit("/", 1)[1], "count": "8", "amount": "450 uL", "loss": "100 uL"}
    assert visitor.post("/aliquots", made).headers["location"] == f"/visits/{code}"
    rows = world.ask(lambda session, actor: specimens.visit_card(session, actor, code)).specimens
    aliquots = [row for row in rows if row.kind == "aliquot"]
    assert [row.amount for row in aliquots] == ["450 uL"] * 8
    sheet = visitor.post(
        "/labels", {"codes": [row.code for row in aliquots], "stock": "herma-4100", "skip": "3"}
    )
    assert sheet.headers["content-type"] == "application/pdf"
    assert sheet.content.startswith(b"%PDF")
    box = world.boxes()[0]
    assert outcome(visitor.scan(box, "store")) == "ok"
    for place, row in enumerate(aliquots):
        assert f"Stored {row.code[:4]}" in visitor.scan(row.code, "store", box), place
    assert where(world, aliquots[7].code) == ("Box 1", "A8")
    lines = visitor.get(f"/specimens/{aliquots[7].code}").text.split('<ol class="timeline">')[1]
    assert lines.index("Stored") < lines.index("Label printed") < lines.index("Registered")
    assert world.unproved() == []


def test_an_unscheduled_visit_is_one_button(world: World, visitor: Visitor) -> None:
    world.visit("D-200")
    answer = visitor.post("/studies/DEMO/visits", {"pseudonym": "D-200", "label": "UNS"})
    assert re.fullmatch(r"/visits/V\w{9}", answer.headers["location"])
    assert "UNS" in visitor.get(answer.headers["location"]).text
    assert world.unproved() == []


@on_both
def test_a_form_sent_twice_has_one_effect_and_the_same_answer(world: World, visitor: Visitor) -> None:
    blood = world.blood(world.visit())
    command = str(clock.new_key())
    told = {"parent": blood, "count": "3", "amount": "1 mL"}
    answers = [visitor.post("/aliquots", told, command).headers["location"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(world.ask(lambda session, actor: specimens.family(session, actor, blood))) == 3
    assert world.unproved() == []


def test_a_refused_form_says_what_is_wrong_and_keeps_nothing(world: World, visitor: Visitor) -> None:
    blood = world.blood(world.visit())
    answer = visitor.post(
        "/aliquots", {"parent": blood, "count": "3", "amount": "9 mL"}, **{"hx-request": "1"}
    )
    assert answer.status_code == 422
    assert "Nothing was made" in answer.text
    assert world.ask(lambda session, actor: specimens.family(session, actor, blood)) == []


# --- find ---


@on_both
def test_the_find_box_leads_to_whatever_the_code_names(world: World, visitor: Visitor) -> None:
    tube = world.tubes(1)[0]
    box = world.boxes()[0]
    card = world.ask(lambda session, actor: specimens.card(session, actor, tube))
    for code, page in [
        (tube, f"/specimens/{tube}"),
        (f"{tube[:4]} {tube[4:8]} {tube[8:]}".lower(), f"/specimens/{tube}"),
        (box, f"/containers/{box}"),
        (card.visit, f"/visits/{card.visit}"),
        ("D-001", "/studies/DEMO/participants/D-001"),
    ]:
        answer = visitor.get("/find?code=" + code.replace(" ", "%20"))
        assert answer.headers["location"] == page, code
        assert visitor.get(page).status_code == 200


def test_an_unknown_code_and_one_out_of_scope_look_the_same_kind(world: World) -> None:
    tube = world.tubes(1)[0]
    assert visit(world).get("/find?code=NOTHING-9").status_code == 404
    outsider = visit(world, OUTSIDER)
    assert outsider.get(f"/find?code={tube}").status_code == 404
    assert outsider.get(f"/specimens/{tube}").status_code == 404


@on_both
@pytest.mark.parametrize(
    "path",
    [
        "/find?code=%00ABCDEFG",
        "/find?code=" + "A" * 10_000,
        "/find?code=%ff%fe",
        "/studies/%00",
        "/studies/DEMO/participants/%00",
        "/specimens/%00",
        "/containers/S000000000",
        "/visits/nothing",
    ],
)
def test_an_address_that_makes_no_sense_is_refused_and_not_our_fault(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert 400 <= answer.status_code < 500, answer.status_code
    assert 'role="alert"' in answer.text


# --- storage ---


def test_a_manager_makes_a_freezer_and_a_technician_may_not(world: World) -> None:
    told = {
        "site": "BJ",
        "name": "Freezer 9",
        "shelves": "1",
        "racks": "2",
        "boxes": "3",
        "box_type": "box-5x5",
    }
    assert visit(world).post("/storage/freezers", told).status_code == 403
    made = visit(world, MANAGER).post("/storage/freezers", told)
    page = visit(world).get(made.headers["location"]).text
    assert page.count('<a class="slot') == 2
    assert "Freezer 9" in visit(world).get("/storage").text
    assert world.unproved() == []


def test_a_slot_has_an_address_where_its_tube_goes_out_and_comes_back(world: World, visitor: Visitor) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube], slot="B7")
    address = f"/containers/{box}?slot=B7"
    assert 'class="cell cursor"' in visitor.get(address).text
    assert "no slot Z99" in visitor.get(f"/containers/{box}?slot=Z99").text
    assert visitor.post(f"/specimens/{tube}/take-out", {"next": address}).headers["location"] == address
    assert 'value="kept"' not in visitor.get(address).text
    assert f"/specimens/{tube}/bring-back" in visitor.get(address).text
    assert tube[-3:] in visitor.get("/").text
    assert visitor.post(f"/specimens/{tube}/bring-back", {"next": address}).status_code == 303
    assert where(world, tube) == ("Box 1", "B7")
    assert world.unproved() == []


def test_a_box_moves_with_all_it_holds_and_a_full_rack_refuses_it(world: World, visitor: Visitor) -> None:
    tubes, boxes = world.tubes(2), world.boxes()
    world.put(boxes[0], tubes)
    order = storage.FreezerOrder(site="BJ", name="Freezer 2", shelves=1, racks=1, boxes=1)
    world.act(lambda session, actor: storage.make_freezer(session, actor, order), person=MANAGER)
    other = next(row.code for row in world.ask(storage.roots) if row.name == "Freezer 2")
    rack = inside(world, inside(world, other)[0])[0]
    refused = visitor.post(f"/containers/{boxes[0]}/move", {"into": rack}, **{"hx-request": "1"})
    assert refused.status_code == 409
    assert "is full" in refused.text
    kind = storage.TypeOrder(code="rack-4", name="Rack", level="rack", rows=4, cols=1)  # type: ignore[arg-type]
    loose = storage.ContainerOrder(type="rack-4", name="Rack 9", site="BJ")
    world.act(lambda session, actor: storage.add_type(session, actor, kind), person=MANAGER)
    free = world.act(
        lambda session, actor: storage.make_container(session, actor, loose).code, person=MANAGER
    )
    told = {"into": free, "slot": "C1"}
    assert visitor.post(f"/containers/{boxes[0]}/move", told).headers["location"] == f"/containers/{boxes[0]}"
    card = world.ask(lambda session, actor: specimens.card(session, actor, tubes[0]))
    assert [step.name for step in card.place] == ["Rack 9", "Box 1"]
    assert "with its container" in visitor.get(f"/specimens/{tubes[0]}").text
    assert world.unproved() == []


# --- what stands around ---


@pytest.mark.parametrize("path", ["/", "/studies", "/studies/DEMO", "/storage", "/bench", "/sign-in"])
def test_pages_speak_the_chosen_language_and_name_it(sqlite_world: World, path: str) -> None:
    visitor = visit(sqlite_world)
    assert '<html lang="en">' in visitor.get(path).text
    answer = visitor.get(f"/language/zh_Hans?next={path}")
    assert answer.headers["location"] == path
    page = visitor.get(path, cookie=f"biobank={visitor.secret}; language=zh_Hans").text
    assert '<html lang="zh-Hans">' in page
    assert "样本库" in page


def test_text_of_people_is_never_markup(sqlite_world: World) -> None:
    told = {
        "site": "BJ",
        "name": "<b>Freezer</b>",
        "shelves": "1",
        "racks": "1",
        "boxes": "1",
        "box_type": "box-9x9",
    }
    made = visit(sqlite_world, MANAGER).post("/storage/freezers", told)
    page = visit(sqlite_world).get(made.headers["location"]).text
    assert "<b>Freezer" not in page
    assert "&lt;b&gt;Freezer" in page
    assert "&lt;SCRIPT&gt;" in visit(sqlite_world).get("/find?code=%3Cscript%3E").text


def test_no_page_holds_an_inline_style_or_script(sqlite_world: World) -> None:
    visitor = visit(sqlite_world, MANAGER)
    tube, box = sqlite_world.tubes(1)[0], sqlite_world.boxes()[0]
    for path in ("/", "/studies/DEMO", "/storage", f"/containers/{box}", f"/specimens/{tube}", "/bench"):
        page = visitor.get(path).text
        assert re.findall(r"\sstyle=|<style|<script>|\son\w+=", page) == [], path


def test_a_page_made_to_try_things_in_says_so_and_another_does_not(sqlite_world: World) -> None:
    assert "demo-banner" not in visit(sqlite_world).get("/").text


def test_the_passwords_shortest_length_is_said(sqlite_world: World) -> None:
    assert str(people.SHORTEST_PASSWORD) in visit(sqlite_world, "").get("/first/anything").text
