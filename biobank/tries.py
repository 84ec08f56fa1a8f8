"""Passwords tried: counted by name, and after five failures in a row looked at ever more rarely."""

import hashlib
import math
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from biobank import clock
from biobank.errors import TooOften
from biobank.tables import PasswordTries
from biobank.texts import N_

FREE = 5
"""Failures in a row that cost no time: people mistype."""

SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=3)
"""How long after the last failure they are told; what happened on a weekend is told on Monday."""

_AT_ONCE = 100
"""How many old rows a try clears away: more than it can make, so that guessed names fill no disk."""


# --- words ---


class Failed(msgspec.Struct, frozen=True):
    """How many passwords were wrong for a name, and since when."""

    count: int
    since: datetime


# --- rules ---


def folded(name: str) -> str:
    """A name as it is looked up, however it was typed."""
    return name.strip().lower()


def name_hash(name: str) -> bytes:
    """What tries are counted by: names that nobody has count alike, and are not kept (people mistype)."""
    return hashlib.sha256(folded(name).encode("utf-8", "replace")).digest()


def wait_after(failures: int) -> timedelta:
    """How long nothing is looked at: nothing before five failures in a row, then 1 s doubling to 15 min."""
    if failures < FREE:
        return timedelta()
    return min(SHORTEST_WAIT * (1 << min(failures - FREE, 10)), LONGEST_WAIT)


def _require_waited(failures: int, failed_at: datetime, now: datetime) -> None:
    left = math.ceil((failed_at + wait_after(failures) - now).total_seconds())
    if failures < FREE or left <= 0:
        return
    if left < 120:
        message = N_("Too many wrong passwords for this name. Try again in %(seconds)s s.")
        raise TooOften("too_many_tries", message, seconds=left)
    message = N_("Too many wrong passwords for this name. Try again in %(minutes)s min.")
    raise TooOften("too_many_tries", message, seconds=left, minutes=math.ceil(left / 60))


# --- actions ---


def count(session: Session, name: str) -> None:
    """Count a try as if it failed, before it is looked at; so a crowd of tries counts too.

    Refused: `TooOften` for who did not wait, which counts as no try. Nobody is kept out for longer than
    the longest wait, whoever tried.
    """
    now = clock.now()
    tried, connection = name_hash(name), session.connection()
    row = {"name_hash": tried, "failures": 0, "total": 0, "since": now, "failed_at": now}
    made: Any = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(PasswordTries)
    # An update that changes nothing, so that the row is ours until the end, whether it was there or not.
    locked = made.values(row).on_conflict_do_update(
        index_elements=[col(PasswordTries.name_hash)], set_={"failures": col(PasswordTries.failures)}
    )
    known = connection.execute(locked.returning(*_KNOWN)).one()
    failures, total, since = known.failures, known.total, known.since
    if known.failed_at + FORGOTTEN_AFTER < now:
        failures, total, since = 0, 0, now
    _require_waited(failures, known.failed_at, now)
    counted = update(PasswordTries).where(col(PasswordTries.name_hash) == tried)
    connection.execute(counted.values(failures=failures + 1, total=total + 1, since=since, failed_at=now))
    _clear_away(session, now)


def take_back(session: Session, name: str) -> None:
    """What `count` counted was no failure: the next ones cost no time again, and those before stay told."""
    mine, connection = col(PasswordTries.name_hash) == name_hash(name), session.connection()
    connection.execute(update(PasswordTries).where(mine).values(failures=0, total=PasswordTries.total - 1))
    connection.execute(delete(PasswordTries).where(mine, col(PasswordTries.total) <= 0))


def forget(session: Session, name: str) -> None:
    """Nothing was tried for this name: it has a new password."""
    session.connection().execute(delete(PasswordTries).where(col(PasswordTries.name_hash) == name_hash(name)))


# --- questions ---


def failed(session: Session, name: str) -> Failed | None:
    """What failed for a name of late, to be told to who has it."""
    known = session.exec(
        select(PasswordTries.total, PasswordTries.since).where(
            col(PasswordTries.name_hash) == name_hash(name),
            col(PasswordTries.failed_at) > clock.now() - FORGOTTEN_AFTER,
        )
    ).first()
    return Failed(*known) if known else None


# --- how ---

_KNOWN = (
    col(PasswordTries.failures),
    col(PasswordTries.total),
    col(PasswordTries.since),
    col(PasswordTries.failed_at),
)


def _clear_away(session: Session, now: datetime) -> None:
    old = (
        select(PasswordTries.name_hash)
        .where(col(PasswordTries.failed_at) < now - FORGOTTEN_AFTER)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)  # two workers clear away side by side
    )
    session.connection().execute(delete(PasswordTries).where(col(PasswordTries.name_hash).in_(old)))
