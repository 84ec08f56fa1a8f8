"""Clocks that run to the protocol's limits: draw to receipt, draw to spin, spin to freezer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

NAMES = ("receive", "spin", "freeze")
"""The limits a protocol may name, each in minutes."""

Level = Literal["ok", "amber", "red"]

_AMBER = 0.75
_MINUTE = timedelta(minutes=1)


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """How far a specimen came, and when. `spun` is its first spin, `rested` the last one's end."""

    collected: datetime | None = None
    received: datetime | None = None
    spun: datetime | None = None
    rested: datetime | None = None
    frozen: datetime | None = None


class Clock(msgspec.Struct, frozen=True):
    """A clock that still runs: amber from three quarters of the limit, red past it: below 0 minutes left."""

    name: str
    since: datetime
    due: datetime
    minutes_left: int
    level: Level


def clocks(limits: Mapping[str, int], reached: Reached, now: datetime) -> list[Clock]:
    """The clocks that run at this moment: each began and what it waits for has not come.

    Where a spin is limited, the way to the freezer is counted once it was spun.
    """
    running = {
        "receive": (reached.collected, reached.received or reached.spun or reached.frozen),
        "spin": (reached.collected, reached.spun or reached.frozen),
        "freeze": (reached.rested if "spin" in limits else since_rest(reached), reached.frozen),
    }
    return [
        clock(name, since, limits[name], now)
        for name, (since, reached_at) in running.items()
        if name in limits and since and not reached_at
    ]


def clock(name: str, since: datetime, limit: int, now: datetime) -> Clock:
    """One clock of so many minutes, as it stands now."""
    due = since + limit * _MINUTE
    level: Level = "red" if now > due else "amber" if now - since >= limit * _MINUTE * _AMBER else "ok"
    return Clock(name, since, due, (due - now) // _MINUTE, level)


def since_rest(reached: Reached) -> datetime | None:
    """From when the way to the freezer counts: the last spin's end, or the draw where nothing was spun."""
    return reached.rested or reached.collected


def passed(
    name: str, since: datetime | None, until: datetime | None, limits: Mapping[str, int]
) -> tuple[int, int] | None:
    """The minutes it took (begun ones count) and the limit, where the limit was passed; else None."""
    limit = limits.get(name)
    if limit is None or since is None or until is None or until - since <= limit * _MINUTE:
        return None
    return -((since - until) // _MINUTE), limit
