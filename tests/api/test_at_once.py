"""Many writers at once over real HTTP: all are answered, and nobody shares a slot."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import uvicorn

from biobank.app import create_app
from biobank.settings import Settings
from tests.api.program import V1, rows, signed_in
from tests.world import TECHNICIAN, World

WRITERS = 24
FIRST_SLOTS = [f"{row}{column}" for row in "ABC" for column in range(1, 10)][:WRITERS]


@contextmanager
def served(world: World) -> Iterator[str]:
    """The application behind a real server on a free port; its address."""
    app = create_app(Settings(), database=world.database)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def at_once(count: int, send: Callable[[int], Any]) -> list[Any]:
    """Let so many senders start at the same moment; what each got."""
    barrier = threading.Barrier(count)

    def sending(number: int) -> Any:
        barrier.wait()
        return send(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(sending, range(count)))


def shared(slots: Sequence[str]) -> set[str]:
    """The slots that more than one was given."""
    return {slot for slot in slots if slots.count(slot) > 1}


def headers(key: object = None) -> dict[str, str]:
    return {**signed_in(TECHNICIAN), "Idempotency-Key": str(key or uuid4())}


def test_24_writers_at_once_on_one_box_are_all_answered_with_slots_of_their_own(world: World) -> None:
    tubes = world.tubes(WRITERS)
    box = world.boxes()[0]
    with served(world) as address:

        def put(number: int) -> httpx.Response:
            order = {"box": box, "tubes": [tubes[number]]}
            return httpx.post(f"{address}{V1}/moves", json=order, headers=headers(), timeout=60)

        answers = at_once(WRITERS, put)
    assert [answer.status_code for answer in answers] == [200] * WRITERS
    slots = [answer.json()[0]["slot"] for answer in answers]
    assert shared(slots) == set()
    assert sorted(slots) == FIRST_SLOTS
    assert world.unproved() == []


def test_writers_who_choose_a_slot_by_themselves_share_it_and_this_is_seen(world: World) -> None:
    """The control: without the box's lock, all would take the slot that was free when they looked."""
    tubes = world.tubes(WRITERS)
    box = world.boxes()[0]
    with served(world) as address:

        def look(_: int) -> str:
            found = httpx.get(f"{address}{V1}/containers/{box}", headers=headers(), timeout=60)
            return str(found.json()["next_free"])

        chosen = at_once(WRITERS, look)
        assert shared(chosen) == {"A1"}

        def put(number: int) -> httpx.Response:
            order = {"box": box, "tubes": [tubes[number]], "slot": chosen[number]}
            return httpx.post(f"{address}{V1}/moves", json=order, headers=headers(), timeout=60)

        statuses = [answer.status_code for answer in at_once(WRITERS, put)]
    assert sorted(statuses) == [200] + [409] * (WRITERS - 1)
    assert world.unproved() == []


def test_one_command_sent_by_many_at_once_has_one_effect_and_one_answer(world: World) -> None:
    visit = world.visit()
    key = uuid4()
    order = {"visit": visit, "specimens": [{"material": "blood_edta", "amount": "10 mL"}]}
    before = rows(world)["specimen"]
    with served(world) as address:

        def register(_: int) -> httpx.Response:
            return httpx.post(f"{address}{V1}/specimens", json=order, headers=headers(key), timeout=60)

        answers = at_once(8, register)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert rows(world)["specimen"] == before + 1
    assert world.unproved() == []
