"""The scan table while a task is open: what each page of one says to each kind of code."""

from collections.abc import Callable

import msgspec
import pytest

from biobank import codes
from biobank.codes import CodeKind
from biobank.labels.cards import Card
from tests import collected
from tests.pages.test_due import checks_rows
from tests.pages.visitor import Visitor, events, outcome
from tests.racks.benches import RACK, plate, rack, tubes
from tests.racks.dialects import visionmate
from tests.test_evacuations import begin, spare_shelf
from tests.test_storage import rack_of
from tests.world import World

CODES = [f"01086865{number:02}" for number in range(90, 93)]


class Task(msgspec.Struct, frozen=True):
    """A task that is open: its page, a tube and a container of it, and a container that is not."""

    path: str
    mode: str
    tube: str
    container: str
    other: str
    scans: str = ""

    def scan(self, visitor: Visitor, code: str) -> str:
        told = {"scan": code, "mode": self.mode, "source": "scan", "corrected": "false"}
        answer = visitor.post(self.scans or f"{self.path}/scans", told)
        assert answer.status_code == 200, answer.text
        return outcome(answer.text)


def visit(world: World, _visitor: Visitor) -> Task:
    collected.adopt(world)
    kit, code = collected.kits(world)[0], collected.enrol(world)
    collected.begin(world, code, kit.code)
    return Task(f"/visits/{code}", "collect", kit.labels[1].code, world.boxes()[0], "")


def reseating(world: World, _visitor: Visitor) -> Task:
    tube, (box, other, _) = world.tubes(1, "D-900")[0], world.boxes()
    world.put(box, [tube])
    return Task(f"/boxes/{box}/reseat", "lookup", tube, box, other)


def rack_file(world: World, visitor: Visitor) -> Task:
    box, ours = rack(world), tubes(world, CODES)
    text = visionmate(RACK, plate(CODES)).decode()
    sent = visitor.post(f"/boxes/{box}/file", {"text": text}).headers["location"]
    path, _, query = sent.partition("?")
    return Task(sent, "lookup", ours[CODES[0]], box, world.boxes()[0], f"{path}/scans?{query}")


def evacuation(world: World, _visitor: Visitor) -> Task:
    world.put(world.boxes()[0], world.tubes(1, "D-900"))
    spare_shelf(world, "Freezer 2")
    loose = rack(world)
    return Task(f"/evacuations/{begin(world, world.freezer())}", "carry", "", rack_of(world), loose)


TASKS: list[Callable[[World, Visitor], Task]] = [visit, reseating, rack_file, evacuation]


@pytest.mark.parametrize("open_task", TASKS)
def test_each_cell_of_an_open_task_has_its_outcome(
    world: World, visitor: Visitor, open_task: Callable[[World, Visitor], Task]
) -> None:
    task = open_task(world, visitor)
    stranger = world.tubes(1, "D-901")[0]
    before = events(world, stranger)
    told = {
        "a tube that is not of it": task.scan(visitor, stranger),
        "unassigned": task.scan(visitor, codes.new_code(CodeKind.SPECIMEN)),
        "unassigned container": task.scan(visitor, codes.new_code(CodeKind.CONTAINER)),
        "unknown": task.scan(visitor, "NOTHING-9"),
        "two that ran together": task.scan(visitor, stranger + stranger),
        "a card that is none": task.scan(visitor, "XAAAAAAAAW"),
    }
    assert told == dict.fromkeys(told, "stop")
    if task.other:
        assert task.scan(visitor, task.other) == "stop"
    # No bench is enrolled here: where one is, the page takes the badge and lets its person go on.
    assert task.scan(visitor, codes.new_code(CodeKind.BADGE)) == "notice"
    assert task.scan(visitor, Card.PRINT_AGAIN.value) == "notice"
    assert task.scan(visitor, task.container) in ("ok", "notice", "done")
    if task.tube:
        assert task.scan(visitor, task.tube) in ("ok", "done")
    assert events(world, stranger) == before
    assert world.unproved() == []


@pytest.mark.parametrize("open_task", TASKS)
def test_a_page_of_a_task_takes_badges_where_a_bench_is_enrolled(
    world: World, visitor: Visitor, open_task: Callable[[World, Visitor], Task]
) -> None:
    task = open_task(world, visitor)
    assert "data-badges" not in visitor.get(task.path).text
    checks_rows(world)
    assert 'data-badges="yes"' in visitor.get(task.path).text
