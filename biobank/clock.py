"""The one clock, and the one source of new keys and of chance."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils import compat

FUTURE_TOLERANCE = timedelta(minutes=2)
"""How far ahead of ours a told time may be: a bench computer's clock may run fast."""

_now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 - replaced as a whole by `set_clock`

_below: Callable[[int], int] = secrets.randbelow
_key: Callable[[], UUID] = compat.uuid7


def now() -> datetime:
    """The time, aware, in UTC, to the microsecond."""
    return _now()


def set_clock(source: Callable[[], datetime] | None = None) -> None:
    """Let another source tell the time (tests); None gives the real clock back."""
    global _now  # noqa: PLW0603 - there is one clock
    _now = source or (lambda: datetime.now(UTC))


def set_chance(below: Callable[[int], int] | None = None, key: Callable[[], UUID] | None = None) -> None:
    """Let other sources draw numbers and keys (the demonstration); None gives the real ones back."""
    global _below, _key
    _below, _key = below or secrets.randbelow, key or compat.uuid7


@contextmanager
def restored() -> Iterator[None]:
    """Whatever sources are set inside, those of before tell the time and draw keys and chance afterwards."""
    global _now, _below, _key
    before = _now, _below, _key
    try:
        yield
    finally:
        _now, _below, _key = before


def new_key() -> UUID:
    """A new primary key: UUID version 7, made here on both databases (RFC 9562)."""
    return _key()


def new_secret() -> str:
    """256 bits of chance, safe in an address or a cookie."""
    return secrets.token_urlsafe(32)


def chance(below: int) -> int:
    """A number from 0 to `below` - 1 that nobody can guess."""
    return _below(below)
