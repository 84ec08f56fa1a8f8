"""The spine over HTTP: enrol, register, divide, store, find, take out, bring back, print, sign."""

from uuid import uuid4

from stdnum.iso7064 import mod_37_36

from biobank.labels import stock
from tests.api.program import Program, rows, signed_in
from tests.labels import paper
from tests.world import MANAGER, OUTSIDER, PASSWORD, TECHNICIAN

CONSENT = {"version": "1.0", "scopes": ["storage"]}


def enrolled(program: Program, pseudonym: str = "D-100") -> str:
    """Enrol a participant; the code of the baseline visit."""
    order = {"study": "DEMO", "site": "BJ", "pseudonym": pseudonym, "consent": CONSENT}
    card = program.made("/participants", {**order, "attributes": {"sex": "female"}})
    return str(next(visit["code"] for visit in card["visits"] if visit["event"] == "BL"))


def test_a_tube_is_registered_divided_stored_found_taken_out_and_brought_back(program: Program) -> None:
    visit = enrolled(program)
    tube = {"material": "blood_edta", "amount": "10 mL", "collected": "2026-05-04T09:30:00+08:00"}
    tube["identifiers"] = [{"scheme": "hospital", "value": "H-77"}]  # type: ignore[assignment]
    blood = program.made("/specimens", {"visit": visit, "specimens": [tube]})[0]
    plasma = program.made(
        "/derivatives",
        {"parent": blood["code"], "material": "plasma_edta", "used": "10 mL", "amount": "4 mL"},
    )
    parts = program.made("/aliquots", {"parent": plasma["code"], "count": 4, "amount": "500 uL"})
    assert [part["serial"] for part in parts] == [1, 2, 3, 4]

    box = program.world.boxes()[0]
    codes = [part["code"] for part in parts]
    stored = program.made("/moves", {"box": box, "tubes": codes})
    assert [each["slot"] for each in stored] == ["A1", "A2", "A3", "A4"]

    scan = program.told("/find", code=codes[1])
    assert (scan["kind"], scan["address"]) == ("specimen", f"/api/v1/specimens/{codes[1]}")
    assert [step["slot"] for step in scan["specimen"]["place"]][-1] == "A2"
    assert scan["specimen"]["amount"] == "500 uL"
    assert scan["specimen"] == program.told(f"/specimens/{codes[1]}")

    taken = program.made("/takings", {"tubes": [codes[1]], "note": "for DNA"})
    assert taken[0]["slot"] == "A2"
    card = program.told(f"/specimens/{codes[1]}")
    assert (card["custody"], card["holder"], card["available"]) == ("out", "technician", False)
    program.made("/returns", {"tubes": [codes[1]]})
    assert program.told(f"/specimens/{codes[1]}")["custody"] == "slot"

    history = program.told(f"/specimens/{codes[1]}/history")
    assert [line["kind"] for line in history] == ["registered", "placed", "taken_out", "placed"]
    assert {row["code"] for row in program.told(f"/specimens/{plasma['code']}/family")} == set(codes)
    assert program.world.unproved() == []


def test_an_identifier_from_elsewhere_finds_the_whole_card_and_a_retired_letter_case_too(
    program: Program,
) -> None:
    tube = {"material": "blood_edta", "identifiers": [{"scheme": "hospital", "value": "H-77"}]}
    made = program.made("/specimens", {"visit": enrolled(program), "specimens": [tube]})[0]
    for typed in ("H-77", "h-77", " H-77\r"):
        scan = program.told("/find", code=typed)
        assert scan["specimen"]["code"] == made["code"]
        assert scan["scheme"] == "hospital"


def test_other_codes_are_found_by_kind_and_address(program: Program) -> None:
    visit = enrolled(program)
    box = program.world.boxes()[0]
    for code, kind in ((visit, "visit"), (box, "container"), ("D-100", "participant")):
        scan = program.told("/find", code=code)
        assert (scan["kind"], scan["specimen"]) == (kind, None)
        assert program.client.get(scan["address"], headers=signed_in(TECHNICIAN)).status_code == 200
    assert program.get("/find", code="NOT-THERE").json()["title"] == "code_unknown"


def test_a_list_is_read_page_by_page_without_a_gap_or_a_repeat(program: Program) -> None:
    made = set(program.world.tubes(7))
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = program.told("/specimens", limit=3, after=after, study="DEMO")
        assert len(page["items"]) <= 3
        seen += [row["code"] for row in page["items"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 8  # seven aliquots and the tube they are of
    assert made < set(seen)


def test_a_limit_that_is_no_number_from_1_to_200_is_refused_by_name(sqlite_program: Program) -> None:
    for limit in ("0", "201", "-1", "ten", "1.5", ""):
        answer = sqlite_program.get("/specimens", limit=limit)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "limit"), limit
    assert sqlite_program.told("/specimens", limit=200) == {"items": [], "next": None}


def test_labels_scan_back_and_the_same_command_gives_the_same_bytes_and_no_second_event(
    program: Program,
) -> None:
    codes = program.world.tubes(3)
    key = uuid4()
    order = {"codes": codes, "stock": "avery-l4732", "skip": 2}
    first = program.post("/labels", order, key=key)
    assert (first.status_code, first.headers["content-type"]) == (200, "application/pdf")
    before = rows(program.world)
    again = program.post("/labels", order, key=key)
    assert again.content == first.content
    assert rows(program.world) == before
    sheet = stock.stock("avery-l4732")
    (page,) = paper.pages(first.content, sheet, 300)
    assert [page.read(index) for index in range(6)] == [[], [], *([code] for code in codes), []]
    assert program.told(f"/specimens/{codes[0]}/history")[-1]["kind"] == "label_printed"
    assert program.world.unproved() == []


def test_a_person_signs_an_entry_with_the_password_and_a_wrong_one_keeps_nothing(program: Program) -> None:
    code = program.world.tubes(1)[0]
    entry = program.told(f"/specimens/{code}/history")[0]["leaf_hash"]
    before = rows(program.world)
    order = {"entry": entry, "meaning": "reviewed", "password": "not the one"}
    assert program.post("/signatures", order, person=MANAGER).json()["title"] == "password_wrong"
    assert rows(program.world) == before
    key = uuid4()
    signed = program.made("/signatures", {**order, "password": PASSWORD}, person=MANAGER, key=key)
    assert (signed["signer"], signed["entry"], signed["meaning"]) == ("manager", entry, "reviewed")
    assert program.made("/signatures", {**order, "password": PASSWORD}, person=MANAGER, key=key) == signed
    assert program.world.unproved() == []


def test_somebody_of_another_site_gets_the_answer_of_a_code_that_does_not_exist(program: Program) -> None:
    visit = enrolled(program)
    tube = program.made("/specimens", {"visit": visit, "specimens": [{"material": "blood_edta"}]})[0]["code"]
    box, freezer = program.world.boxes()[0], program.world.freezer()
    for path, there, nowhere in (
        ("/specimens/{}", tube, "S00000000X"),
        ("/specimens/{}/history", tube, "S00000000X"),
        ("/specimens/{}/family", tube, "S00000000X"),
        ("/visits/{}", visit, "V00000000X"),
        ("/containers/{}", box, "C00000000X"),
        ("/containers/{}/contents", freezer, "C00000000X"),
        ("/participants/DEMO/{}", "D-100", "D-999"),
        ("/find?code={}", tube, "S00000000X"),
        ("/find?code={}", visit, "V00000000X"),
        ("/find?code={}", box, "C00000000X"),
        ("/find?code={}", "D-100", "D-999"),
    ):
        missing = existing(nowhere)
        hidden = program.get(path.format(there), person=OUTSIDER)
        absent = program.get(path.format(missing), person=OUTSIDER)
        assert hidden.status_code == absent.status_code == 404, path
        assert said(hidden, there) == said(absent, missing), path
        assert program.get(path.format(there)).status_code == 200, path


def test_somebody_of_another_site_cannot_act_on_what_they_cannot_see(program: Program) -> None:
    visit = enrolled(program)
    tube = program.made("/specimens", {"visit": visit, "specimens": [{"material": "blood_edta"}]})[0]["code"]
    box, other_box = program.world.boxes()[:2]
    absent = {kind: existing(f"{kind}00000000X") for kind in "SCV"}
    program.made("/moves", {"box": box, "tubes": [tube]})
    before = rows(program.world)
    for path, order in (
        ("/specimens", {"visit": visit, "specimens": [{"material": "serum"}]}),
        ("/aliquots", {"parent": tube, "count": 2}),
        ("/derivatives", {"parent": tube, "material": "plasma_edta"}),
        ("/moves", {"box": other_box, "tubes": [tube]}),
        ("/takings", {"tubes": [tube]}),
        ("/returns", {"tubes": [tube]}),
        ("/labels", {"codes": [tube]}),
        ("/container-moves", {"container": box, "into": other_box}),
        ("/containers", {"type": "bag", "name": "Bag", "into": box}),
        ("/consents", {"study": "DEMO", "pseudonym": "D-100", **CONSENT}),
        ("/visits", {"study": "DEMO", "pseudonym": "D-100"}),
    ):
        swapped = replaced(order, {visit: absent["V"], tube: absent["S"], box: absent["C"]})
        swapped = replaced(swapped, {other_box: absent["C"], "D-100": "D-999"})
        hidden = program.post(path, order, person=OUTSIDER)
        nowhere = program.post(path, swapped, person=OUTSIDER)
        assert (hidden.status_code, hidden.json()["title"]) == (404, nowhere.json()["title"]), path
        assert rows(program.world) == before, path
    assert program.told("/specimens", person=OUTSIDER) == {"items": [], "next": None}
    assert program.told("/participants", study="DEMO", person=OUTSIDER)["items"] == []
    assert program.told("/containers", person=OUTSIDER) == []


def existing(shape: str) -> str:
    """A code of that kind with a right check character, which belongs to nothing."""
    if not shape.endswith("X"):
        return shape
    for number in range(99):
        body = f"{shape[0]}{number:08d}"
        check = mod_37_36.calc_check_digit(body)
        if check not in "ILOU":
            return body + check
    raise AssertionError


def said(answer: object, code: str) -> str:
    """An answer with the code that was asked for left out of it."""
    text: str = answer.text  # type: ignore[attr-defined]
    return text.replace(code, "?").replace(f"{code[:4]} {code[4:8]} {code[8:]}", "?")


def replaced(order: object, others: dict[str, str]) -> object:
    """The same order about other codes."""
    if isinstance(order, dict):
        return {name: replaced(value, others) for name, value in order.items()}
    if isinstance(order, list):
        return [replaced(value, others) for value in order]
    return others.get(order, order) if isinstance(order, str) else order
