"""Work done at the very same moment, in threads."""

import threading
import time
from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from biobank.people import Actor
from tests.world import World


def together(*works: Callable[[], Any], patience: int = 60) -> list[Any]:
    """Run these at the same moment, each in a thread; their answers, or what they raised, in order.

    After `patience` seconds for each it is no longer waited for, and its answer is None.
    """
    barrier = threading.Barrier(len(works))
    answers: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        barrier.wait(patience)
        try:
            answers[place] = work()
        except Exception as error:  # noqa: BLE001 - it is what the test asks for
            answers[place] = error

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience)
    return answers


class Turns:
    """Two works at once: the one that comes first keeps its transaction open until the other is at it too."""

    def __init__(self) -> None:
        self._holds, self._follows = threading.Event(), threading.Event()

    def first(self, world: World, work: Callable[[Session, Actor], Any]) -> Callable[[], Any]:
        """The work, which holds what it locked."""

        def acted(session: Session, actor: Actor) -> Any:
            answer = work(session, actor)
            session.flush()
            self._holds.set()
            assert self._follows.wait(60)
            time.sleep(0.2)  # it stands before what is locked by now; if later, it fares the same
            return answer

        return lambda: world.act(acted)

    def second(self, work: Callable[[], Any]) -> Callable[[], Any]:
        """The work, once the other one holds what it locked."""

        def waited() -> Any:
            assert self._holds.wait(60)
            self._follows.set()
            return work()

        return waited
