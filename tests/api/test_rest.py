"""What programs ask for less often: one of a list, many datasets at once, a tube's end, the log."""

from tests.api.lbpb import at, enrolled
from tests.api.program import Program
from tests.world import MANAGER, OUTSIDER, PASSWORD, TECHNICIAN


def test_one_stock_and_one_layout_are_told_by_themselves(sqlite_program: Program) -> None:
    program = sqlite_program
    assert program.told("/label-stocks/herma-4100")["stock"]["code"] == "herma-4100"
    assert program.told("/label-layouts/specimen")["layout"]["code"] == "specimen"
    assert program.get("/label-layouts/none-such").status_code in (404, 422)


def test_datasets_are_linked_to_many_visits_at_once(sqlite_program: Program) -> None:
    card = enrolled(sqlite_program)
    links = [
        {"visit": at(card, event)["code"], "kind": "fmri", "external_id": f"SUB-01-{event}"}
        for event in ("BL", "M1")
    ]
    made = sqlite_program.made("/datasets/bulk", {"items": links})
    assert [each["datasets"][0]["external_id"] for each in made] == ["SUB-01-BL", "SUB-01-M1"]
    refused = sqlite_program.post("/datasets/bulk", {"items": links})
    assert refused.json()["title"] == "items_refused"
    assert sqlite_program.world.unproved() == []


def test_a_tube_ends_a_freezer_warms_up_and_the_log_tells_of_both(sqlite_program: Program) -> None:
    program = sqlite_program
    (tube,) = program.world.tubes(1)
    order = {"tube": tube, "again": tube, "reason": "broken", "password": PASSWORD}
    assert program.made("/discards", order)["code"] == tube
    freezer = {"container": program.world.freezer(), "celsius": -70}
    assert program.made("/container-temperatures", freezer, person=MANAGER)["code"] == freezer["container"]
    told = program.told("/log", person=MANAGER, limit=2)
    assert len(told["items"]) == 2
    assert told["next"]
    assert {each["actor"] for each in told["items"]} <= {TECHNICIAN, MANAGER}
    assert program.world.unproved() == []


def test_kits_that_lie_ready_are_listed(sqlite_program: Program) -> None:
    (kit,) = sqlite_program.made("/kits", {"study": "DEMO", "site": "BJ", "event": "BL", "count": 1})
    assert [each["code"] for each in sqlite_program.told("/kits", study="DEMO")["items"]] == [kit["code"]]


def test_a_list_of_codes_is_found_at_once(sqlite_program: Program) -> None:
    (tube,) = sqlite_program.world.tubes(1)
    told = sqlite_program.post("/find-lists", {"codes": [tube, "NO-SUCH-CODE"]})
    assert told.status_code == 200
    assert tube in told.text


def test_what_happened_is_told_of_a_participant_a_visit_and_a_tube(sqlite_program: Program) -> None:
    program = sqlite_program
    (tube,) = program.world.tubes(1)
    assert program.told("/log/participants/DEMO/D-001", person=MANAGER)
    visit = program.told("/participants/DEMO/D-001")["visits"][0]["code"]
    assert {each["code"] for each in program.told(f"/log/visits/{visit}")} == {visit}
    for asked in ("tree", "chain"):
        assert program.told(f"/specimens/{tube}/{asked}")
        assert program.get(f"/specimens/{tube}/{asked}", person=OUTSIDER).status_code == 404


def test_a_list_of_codes_is_found_as_files(sqlite_program: Program) -> None:
    (tube,) = sqlite_program.world.tubes(1)
    for kind in ("csv", "xlsx"):
        told = sqlite_program.post(f"/find-lists.{kind}", {"codes": [tube]})
        assert told.status_code == 200
        assert "attachment" in told.headers["content-disposition"]
