"""Pages without a browser: every flow of the spine, on both databases."""

import re

import pytest

from biobank import accounts, clock, people, specimens, storage, web
from biobank.pages.shell import local
from tests.pages.visitor import Visitor, visit
from tests.world import MANAGER, OUTSIDER, PASSWORD, TECHNICIAN, World


@pytest.fixture
def visitor(world: World) -> Visitor:
    return visit(world)


def outcome(answer: str) -> str:
    found = re.search(r'data-outcome="(\w+)"', answer)
    return found[1] if found else ""


def where(world: World, code: str) -> tuple[str, str]:
    """The name of the box and the slot; empty where it is in none."""
    card = world.ask(lambda session, actor: specimens.card(session, actor, code))
    return (card.place[-1].name, card.place[-1].slot) if card.place else ("", "")


def events(world: World, code: str) -> int:
    """How much has happened to a tube."""
    return len(world.ask(lambda session, actor: specimens.timeline(session, actor, code)))


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


def test_from_enrolment_to_a_label_and_a_slot(world: World, visitor: Visitor) -> None:
    consent = {"version": "1.0", "scopes": ["storage", "recontact"], "given_on": "2026-05-01"}
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
    assert "10000 uL" in visitor.get(f"/visits/{code}").text
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
    lines = visitor.get(f"/specimens/{aliquots[7].code}").text
    assert lines.index("Stored") < lines.index("Label printed") < lines.index("Registered")
    assert world.unproved() == []


def test_an_unscheduled_visit_is_one_button(world: World, visitor: Visitor) -> None:
    world.visit("D-200")
    answer = visitor.post("/studies/DEMO/visits", {"pseudonym": "D-200", "label": "UNS"})
    assert re.fullmatch(r"/visits/V\w{9}", answer.headers["location"])
    assert "UNS" in visitor.get(answer.headers["location"]).text
    assert world.unproved() == []


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


def test_a_box_moves_with_all_it_holds(world: World, visitor: Visitor) -> None:
    tubes, boxes = world.tubes(2), world.boxes()
    world.put(boxes[0], tubes)
    order = storage.FreezerOrder(site="BJ", name="Freezer 2", shelves=1, racks=1, boxes=1)
    world.act(lambda session, actor: storage.make_freezer(session, actor, order), person=MANAGER)
    other = next(row.code for row in world.ask(storage.roots) if row.name == "Freezer 2")
    full = world.ask(lambda session, actor: storage.contents(session, actor, other))[0].code
    rack = world.ask(lambda session, actor: storage.contents(session, actor, full))[0].code
    refused = visitor.post(f"/containers/{boxes[0]}/move", {"into": rack}, **{"hx-request": "1"})
    assert refused.status_code == 409
    assert "is full" in refused.text
    assert visitor.post(f"/containers/{boxes[0]}/move", {"into": full}).status_code in (409, 422)
    assert world.unproved() == []


# --- the bench ---


def test_look_up_changes_nothing_whatever_is_scanned(world: World, visitor: Visitor) -> None:
    tubes, boxes = world.tubes(2), world.boxes()
    world.put(boxes[0], tubes[:1])
    card = world.ask(lambda session, actor: specimens.card(session, actor, tubes[0]))
    before = [events(world, code) for code in tubes]
    things = [*tubes, *boxes, world.freezer(), card.visit, "D-001", "NOTHING-9", "P000000000", "S00000000"]
    for box in ("", boxes[0]):
        for thing in things:
            assert outcome(visitor.scan(thing, "lookup", box)) in ("ok", "notice", "stop")
    assert [events(world, code) for code in tubes] == before
    assert world.unproved() == []


def test_a_box_that_is_looked_at_swallows_no_tube(world: World, visitor: Visitor) -> None:
    tubes, boxes = world.tubes(2), world.boxes()
    world.put(boxes[0], tubes[:1])
    assert outcome(visitor.scan(tubes[0], "lookup", boxes[0])) == "ok"
    assert outcome(visitor.scan(tubes[0], "lookup", boxes[1])) == "notice"
    assert outcome(visitor.scan(tubes[1], "lookup", boxes[0])) == "notice"


def test_storing_without_a_box_is_stop_in_both_languages(world: World, visitor: Visitor) -> None:
    answer = visitor.scan(world.tubes(1)[0], "store")
    assert outcome(answer) == "stop"
    assert "Scan the box first" in answer
    assert "请先扫描样本盒" in answer


def test_a_tube_that_is_there_already_is_a_notice_and_one_from_elsewhere_moves(
    world: World, visitor: Visitor
) -> None:
    tube = world.tubes(1)[0]
    first, second = world.boxes()[:2]
    assert outcome(visitor.scan(tube, "store", first)) == "ok"
    again = visitor.scan(tube, "store", first)
    assert outcome(again) == "notice"
    assert "Already here: A1" in again
    moved = visitor.scan(tube, "store", second)
    assert outcome(moved) == "ok"
    assert "Moved from Freezer 1 · Shelf 1 · Rack 1 · Box 1 · A1" in moved
    assert where(world, tube) == ("Box 2", "A1")
    assert world.unproved() == []


def test_taking_out_keeps_the_slot_and_storing_brings_back(world: World, visitor: Visitor) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    world.put(box, [tube])
    assert outcome(visitor.scan(tube, "take")) == "ok"
    assert outcome(visitor.scan(tube, "take")) == "notice"
    assert outcome(visitor.scan(tube, "lookup")) == "notice"
    back = visitor.scan(tube, "store", box)
    assert "Brought back" in back
    assert world.unproved() == []


def test_a_tube_from_another_box_than_the_open_one_is_stop(world: World, visitor: Visitor) -> None:
    tube = world.tubes(1)[0]
    first, second = world.boxes()[:2]
    world.put(first, [tube])
    answer = visitor.scan(tube, "take", second)
    assert outcome(answer) == "stop"
    assert "Box 1 · A1" in answer
    assert where(world, tube) == ("Box 1", "A1")


def test_the_last_slot_is_told_and_a_full_box_is_stop(world: World, visitor: Visitor) -> None:
    order = storage.ContainerOrder(type="box-5x5", name="Small", site="BJ")
    box = world.act(lambda session, actor: storage.make_container(session, actor, order).code, person=MANAGER)
    tubes = world.tubes(26)
    world.put(box, tubes[:24])
    last = visitor.scan(tubes[24], "store", box)
    assert 'data-sound="done"' in last
    assert "Small is full" in last
    refused = visitor.scan(tubes[25], "store", box)
    assert outcome(refused) == "stop"
    assert "已满" in refused or "个空位" in refused


def test_a_scan_sent_again_with_its_key_has_one_effect_and_the_same_words(
    world: World, visitor: Visitor
) -> None:
    tube, box = world.tubes(1)[0], world.boxes()[0]
    command = str(clock.new_key())
    first = visitor.scan(tube, "store", box, command)
    assert visitor.scan(tube, "store", box, command) == first
    stored = world.ask(lambda session, actor: specimens.timeline(session, actor, tube))
    assert [line.kind for line in stored].count("placed") == 1


def test_a_freezer_shows_its_elevation_and_closes_the_box(world: World, visitor: Visitor) -> None:
    answer = visitor.scan(world.freezer(), "store", world.boxes()[0])
    assert 'class="freezer-map"' in answer
    assert 'data-box=""' in answer


def test_a_visit_opens_its_page_unless_a_box_is_open(world: World, visitor: Visitor) -> None:
    code = world.visit()
    assert f'data-leads="/visits/{code}"' in visitor.scan(code)
    assert outcome(visitor.scan(code, "store", world.boxes()[0])) == "stop"


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
