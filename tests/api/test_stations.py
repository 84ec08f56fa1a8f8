"""Stations, badges, roles that end, and tasks over HTTP."""

from uuid import uuid4

from biobank import stations, web
from tests import test_stations as bench
from tests import test_tasks as tasks
from tests.api.program import Program
from tests.labels import paper
from tests.world import MANAGER, OUTSIDER, TECHNICIAN

ORDER = {"name": "Bench 1", "site": "BJ", "idle_minutes": 9}


def test_a_station_is_enrolled_changed_linked_anew_and_ended(program: Program) -> None:
    key = uuid4()
    assert program.post("/stations", ORDER).json()["title"] == "not_allowed"
    made = program.post("/stations", ORDER, person=MANAGER, key=key).json()
    link = made["link"].removeprefix(web.CLAIM_LINK)
    assert program.post("/stations", ORDER, person=MANAGER, key=key).json()["title"] == "secret_shown_once"
    bench.claim(program.world, link)
    (row,) = program.told("/stations")
    assert (row["id"], row["name"], row["idle_minutes"], row["ended_at"]) == (made["id"], "Bench 1", 9, None)
    assert program.told("/stations", person=OUTSIDER) == []

    change = {"station": made["id"], "theme": "dark", "volume": 0}
    changed = program.post("/station-changes", change, person=MANAGER).json()
    assert (changed["theme"], changed["volume"], changed["idle_minutes"]) == ("dark", 0, 5)
    wrong = program.post("/station-changes", {**change, "volume": 101}, person=MANAGER).json()
    assert wrong["errors"][0]["field"] == "volume"

    other = program.post("/station-links", {"station": made["id"]}, person=MANAGER).json()
    assert other["link"] != made["link"]
    assert program.world.database.read(lambda s: stations.here(s, bench.BROWSER)) is None
    ended = program.post("/station-ends", {"station": made["id"]}, person=MANAGER)
    assert (ended.status_code, ended.json()["ended_at"] is None) == (200, False)
    again = program.post("/station-ends", {"station": made["id"]}, person=MANAGER)
    assert again.json()["title"] == "station_ended"
    assert program.world.unproved() == []


def test_badges_are_printed_and_end_and_so_do_roles_and_accounts(program: Program) -> None:
    order = {"names": [TECHNICIAN], "stock": "avery-l4732", "skip": 1}
    key = uuid4()
    sheet = program.post("/badges", order, person=MANAGER, key=key)
    assert (sheet.status_code, sheet.headers["content-type"]) == (200, "application/pdf")
    assert program.post("/badges", order, person=MANAGER, key=key).content == sheet.content
    assert program.post("/badges", order, person=MANAGER).content == sheet.content
    from biobank.labels.stock import stock

    (page,) = paper.pages(sheet.content, stock("avery-l4732"), 300)
    (code,) = page.read(1)
    bench.bench(program.world)
    bench.choose_pin(program.world)
    assert bench.switch(program.world, code, bench.PIN).name == TECHNICIAN

    assert program.post("/badges", order).json()["title"] == "not_allowed"
    assert program.post("/badge-ends", {"name": TECHNICIAN}, person=MANAGER).json() == {"name": TECHNICIAN}
    assert program.post("/badge-ends", {"name": TECHNICIAN}, person=MANAGER).json()["title"] == "badge_none"
    role = {"name": TECHNICIAN, "role": "technician", "site": "BJ"}
    assert program.post("/role-ends", role, person=MANAGER).json() == {"name": TECHNICIAN}
    assert program.get("/stations").json() == []
    assert program.post("/person-ends", {"name": OUTSIDER}, person=MANAGER).status_code == 200
    assert program.get("/tasks", person=OUTSIDER).json()["title"] == "not_signed_in"
    assert program.world.unproved() == []


def test_tasks_are_listed_counted_and_closed(program: Program) -> None:
    first, second = tasks.opened(program.world, "A"), tasks.opened(program.world, "B")
    page = program.told("/tasks", limit=1)
    assert [row["id"] for row in page["items"]] == [str(second)]
    assert program.told(f"/tasks/{second}") == page["items"][0]
    assert program.get(f"/tasks/{second}", person=OUTSIDER).status_code == 404
    rest = program.told("/tasks", limit=1, after=page["next"])
    assert ([row["id"] for row in rest["items"]], rest["next"]) == ([str(first)], None)
    assert program.told("/tasks/counts") == {"unresolved_scan": 2}
    assert program.told("/tasks/counts", person=OUTSIDER) == {}
    closed = program.post("/task-closings", {"task": str(first), "resolution": "a reagent"}).json()
    assert (closed["closed_by"], closed["resolution"]) == (TECHNICIAN, "a reagent")
    assert program.post("/task-closings", {"task": str(first)}).json()["title"] == "task_closed"
    assert [row["code"] for row in program.told("/tasks", closed="true")["items"]] == ["A"]
    assert program.told("/tasks", kind="missing")["items"] == []
    assert program.get("/tasks", kind="nonsense").status_code == 400
    assert program.told("/tasks", code="B", site="BJ")["items"][0]["id"] == str(second)
