"""Rack files over HTTP."""

import base64

from tests.api.program import Program, rows
from tests.racks.benches import RACK, plate, rack, slots, tubes
from tests.racks.dialects import fluidx, visionmate
from tests.world import OUTSIDER

CODES = [f"01086865{number:02}" for number in range(90, 96)]


def _sent(data: bytes, **more: object) -> dict[str, object]:
    return {"content": base64.b64encode(data).decode(), "name": "scan.txt", **more}


def test_a_program_sends_a_file_sees_the_verdict_and_confirms(program: Program) -> None:
    box, ours = rack(program.world), tubes(program.world, CODES)
    data = visionmate(RACK, plate(CODES))
    file = program.made("/rack-files", _sent(data, source="folder"))
    assert (file["box"], file["rack"], file["source"]) == (box, RACK, "folder")
    assert [each["id"] for each in program.told("/rack-files")["items"]] == [file["id"]]
    assert program.told("/rack-files", box=RACK) == program.told("/rack-files")
    found = program.told(f"/rack-files/{file['id']}/verdict")
    assert (found["profile"], found["counts"]) == ("visionmate", {"new_here": 6, "empty": 90})
    order = {"file": file["id"], "box": box, "wells": ["A1", "A2"]}
    done = program.made("/rack-confirmations", order)
    assert (done["placed"], done["tasks"]) == (2, 4)
    assert slots(program.world, box) == {"A1": ours[CODES[0]], "A2": ours[CODES[1]]}
    assert program.told(f"/rack-files/{file['id']}")["settled_at"]
    assert program.get(f"/rack-files/{file['id']}/content").content == data
    assert program.told("/rack-files") == {"items": [], "next": None}
    assert program.world.unproved() == []


def test_a_turned_rack_and_another_profile_can_be_asked_for(program: Program) -> None:
    box = rack(program.world)
    tubes(program.world, CODES)
    file = program.made("/rack-files", _sent(fluidx(RACK, plate(CODES)), box=box))
    at = f"/rack-files/{file['id']}/verdict"
    assert program.told(at, turned="true")["wells"][-1]["verdict"] == "new_here"
    refused = program.get(at, profile="visionmate")
    assert (refused.status_code, refused.json()["title"]) == (400, "other_profile")


def test_faults_of_a_file_name_their_lines(program: Program) -> None:
    rack(program.world)
    before = rows(program.world)
    refused = program.post("/rack-files", _sent(f"{RACK},A1,1\n{RACK},A1,2\n".encode()))
    told = refused.json()
    assert (refused.status_code, told["title"]) == (422, "rack_file_refused")
    assert [(each["title"], each["line"]) for each in told["errors"]] == [("well_twice", 2)]
    assert rows(program.world) == before


def test_a_rack_is_registered_by_a_program_in_one_act(program: Program) -> None:
    box, parent = rack(program.world), program.world.blood(program.world.visit())
    file = program.made("/rack-files", _sent(fluidx(RACK, plate(CODES))))
    plan = [{"parent": parent, "wells": "A1-A6", "amount": "200 uL"}]
    order = {"file": file["id"], "box": box, "scheme": "fluidx", "aliquots": plan}
    made = program.made("/rack-registrations", order)
    assert [tube["identifier"] for tube in made["tubes"]] == CODES
    found = program.told("/find", code=CODES[0])
    assert found["code"] == made["tubes"][0]["code"]
    assert program.world.unproved() == []


def test_a_file_is_set_aside_and_hidden_from_other_sites(program: Program) -> None:
    rack(program.world)
    file = program.made("/rack-files", _sent(fluidx(RACK, plate(CODES))))
    order = {"file": file["id"]}
    assert program.get(f"/rack-files/{file['id']}", person=OUTSIDER).status_code == 404
    assert program.post("/rack-files-set-aside", order, person=OUTSIDER).status_code == 404
    assert program.made("/rack-files-set-aside", order)["settled_at"]
    assert program.post("/rack-files-set-aside", order).json()["title"] == "rack_file_settled"
