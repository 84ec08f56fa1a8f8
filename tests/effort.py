"""How much work something takes, whatever else the machine does meanwhile."""

import resource
import time
from collections.abc import Callable


def takes_less(work: Callable[[], object], seconds: float) -> bool:
    """Whether this thread works on it for less time than that, in one of three tries: others slow it down."""
    return any(_thread(work) < seconds for _ in range(3))


def _thread(work: Callable[[], object]) -> float:
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def of_children() -> float:
    """Seconds for which processes worked that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
