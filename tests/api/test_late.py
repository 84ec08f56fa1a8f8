"""Late scans over HTTP: handed in once each, and settled."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from biobank import clock
from tests.api.program import Program
from tests.test_disputing import place
from tests.world import MANAGER, OUTSIDER, TECHNICIAN


def scan(tube: str, ago: float = 0, **more: Any) -> dict[str, Any]:
    when = clock.now() - timedelta(seconds=ago)
    return {"scan": tube, "mode": "store", "occurred": when.isoformat(), **more}


def test_a_late_scan_is_handed_in_once_and_by_whom_it_was_made_is_told(program: Program) -> None:
    world = program.world
    (tube,), box, key = world.tubes(1), world.boxes()[0], uuid4()
    asked = scan(tube, box=box, at="B7", person=TECHNICIAN)
    came = program.post("/late-scans", asked, person=MANAGER, key=key)
    assert (came.status_code, came.json()) == (
        200,
        {"code": tube, "came": "done", "place": "B7 · Box 1", "task": None},
    )
    assert program.post("/late-scans", asked, person=MANAGER, key=key).json() == came.json()
    assert place(world, tube) == "Box 1 B7"
    assert world.unproved() == []


def test_a_disputed_place_is_settled_once_by_who_may(program: Program) -> None:
    world = program.world
    (tube,), (one, two) = world.tubes(1), world.boxes()[:2]
    world.put(two, [tube], "C3")
    came = program.post("/late-scans", scan(tube, ago=60, box=one, at="A1")).json()
    assert (came["came"], place(world, tube)) == ("disputed", "Box 2 C3")
    order = {"task": came["task"], "decision": "scan", "note": "It is in A1."}
    assert program.post("/settlements", order, person=OUTSIDER).json()["title"] == "task_unknown"
    settled = program.post("/settlements", order)
    assert (settled.status_code, settled.json()) == (
        200,
        {"task": came["task"], "code": tube, "resolution": "the scan was right"},
    )
    assert place(world, tube) == "Box 1 A1"
    assert program.post("/settlements", order).status_code in {409, 422}
    assert world.unproved() == []


def test_what_cannot_be_done_is_kept_and_what_cannot_be_read_is_refused(program: Program) -> None:
    kept = program.post("/late-scans", scan("NOTHING-OF-OURS", box="CNOTABOX")).json()
    assert (kept["came"], kept["code"]) == ("kept", "NOTHING-OF-OURS")
    wrong = program.post("/late-scans", {**scan("X"), "occurred": "yesterday"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "occurred")
    left = program.post("/settlements", {"task": kept["task"], "decision": "log"}, person=MANAGER).json()
    assert left["resolution"] == "the log was right"
