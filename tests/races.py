"""Work done at the very same moment, in threads."""

import threading
from collections.abc import Callable
from typing import Any


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
