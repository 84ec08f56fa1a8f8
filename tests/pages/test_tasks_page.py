"""The page of tasks: what there is to look after, said in the reader's language, and closed on the spot."""

from biobank.tables import TaskKind
from tests import test_disputing as disputes
from tests import test_tasks as tasks
from tests.pages.visitor import Visitor, visit
from tests.templates import on_both
from tests.world import OUTSIDER, World


def test_an_open_task_says_what_to_do_and_is_closed_there(world: World, visitor: Visitor) -> None:
    assert "Nothing is left to look after" in visitor.get("/tasks").text
    task = tasks.opened(world, "ABC-1")
    assert 'href="/tasks"' in visitor.get("/").text
    page = visitor.get("/tasks").text
    assert "“ABC-1” was scanned, and nothing is known by it." in page
    assert f"/tasks/{task}/close" in page

    done = visitor.post(f"/tasks/{task}/close", {"resolution": "a reagent", "next": "/tasks?kind=missing"})
    assert (done.status_code, done.headers["location"]) == (303, "/tasks?kind=missing")
    assert "ABC-1" not in visitor.get("/tasks").text
    closed = visitor.get("/tasks?closed=true").text
    assert "a reagent" in closed
    again = visitor.post(f"/tasks/{task}/close", {"resolution": ""})
    assert again.status_code == 409
    assert "technician has looked after this already: a reagent." in again.text


def test_tasks_are_shown_by_kind_in_chinese_and_to_their_site_alone(world: World, visitor: Visitor) -> None:
    tasks.opened(world, "ABC-1")
    task = tasks.opened(world, "", kind=TaskKind.PLACE_DISPUTED, facts={"claimed": "B7", "logged": "C1"})
    page = visitor.get("/tasks?kind=place_disputed").text
    assert "ABC-1" not in page
    assert "A late scan says B7, the log says C1." in page
    assert f"/tasks/{task}/settling" in page
    assert visitor.get("/tasks?kind=nonsense").status_code == 400
    assert "ABC-1" not in visit(world, OUTSIDER).get("/tasks").text


@on_both
def test_older_tasks_are_on_the_next_page(world: World, visitor: Visitor) -> None:
    for number in range(51):
        tasks.opened(world, f"C-{number:03}")
    page = visitor.get("/tasks").text
    assert "C-050" in page
    assert "C-000" not in page
    after = page.partition("/tasks?after=")[2].partition('"')[0]
    older = visitor.get(f"/tasks?after={after}").text
    assert "C-000" in older
    assert "C-001" not in older


def test_a_dispute_is_settled_on_its_page_by_who_may_handle_tubes(world: World, visitor: Visitor) -> None:
    tube, (first, second) = world.tubes(1)[0], world.boxes()[:2]
    world.put(first, [tube], "A1")
    late = disputes.scanned(tube, box=second, at="C1")
    task = disputes.hand_in(world, late).task
    address = f"/tasks/{task}/settling"
    assert address in visitor.get("/tasks").text
    page = visitor.get(address).text
    assert "The scan is right" in page

    auditor = Visitor(visitor.client, tasks.auditor(world))
    assert "log says" in auditor.get(address).text
    assert 'name="decision"' not in auditor.get(address).text
    assert address not in auditor.get("/tasks").text
    visitor = visit(world)
    wrong = visitor.post(address, {"decision": "nobody", "note": "I looked"})
    assert wrong.status_code == 400
    done = visitor.post(address, {"decision": "scan", "note": "It was in C1."})
    assert (done.status_code, done.headers["location"]) == (303, "/tasks")
    assert disputes.place(world, tube).endswith(" C1")
    assert "It is settled" in visitor.get(address).text
    assert world.unproved() == []
