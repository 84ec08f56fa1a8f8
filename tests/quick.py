"""What a test run need not do again and again: compile statements, wire the application, hash, reach a disk.

Every test has a database of its own and so an engine of its own, and an engine compiles each statement
anew; an application compiles each template anew. Together that was half of the time of the tests.
A password takes a tenth of a second by intent, and tests have few of them.
"""

import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from litestar import Litestar
from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache

from biobank import people
from biobank.app import create_app
from biobank.settings import Settings
from tests.world import World

_TOLD = ("name", "driver", "_on_connect_isolation_level", "skip_autocommit_rollback")
"""What an engine was made with, as far as its dialect holds it."""

_first: dict[tuple[object, ...], Engine] = {}
_compiled: defaultdict[tuple[object, ...], LRUCache[Any, Any]] = defaultdict(lambda: LRUCache(5000))


@event.listens_for(Engine, "engine_connect")
def share_what_was_compiled(connection: Connection) -> None:
    """Let every engine of a kind use the dialect of the first one, by which what was compiled is found."""
    engine = connection.engine
    dialect = engine.dialect
    kind = tuple(getattr(dialect, name, None) for name in _TOLD)
    first = _first.setdefault(kind, engine)
    engine.dialect = connection.dialect = first.dialect
    engine._compiled_cache = _compiled[kind]


@event.listens_for(Engine, "engine_connect")
def wait_for_no_disk(connection: Connection) -> None:
    """Let a power cut take what it will from a SQLite file, as from the PostgreSQL of the tests.

    What is kept when a process dies is the same. A commit that waits for the disk takes fifty times as long.
    """
    if connection.dialect.name == "sqlite" and not connection.info.get("waits_for_no_disk"):
        connection.connection.cursor().execute("PRAGMA synchronous=OFF")  # begins no transaction
        connection.info["waits_for_no_disk"] = True


MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in memory, where Linux has one
ROOMY = 6 * 2**30
"""Bytes that must be free there: a run writes thousands of small databases, and forgets most at once."""


def keep_in_memory() -> None:
    """Let what tests write stand in memory, where there is room: it is gone afterwards in any case."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return
    there = os.statvfs(MEMORY)
    # PostgreSQL's programs may have to be copied there, and run.
    if there.f_bavail * there.f_frsize >= ROOMY and not there.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


keep_in_memory()


_apps: list[Litestar] = []


def app_of(world: World) -> Litestar:
    """The application as it is by default, in front of this world from now on."""
    if not _apps:
        _apps.append(create_app(Settings(), world.database))
    _apps[0].state.database = world.database
    return _apps[0]


class OnceEach(PasswordHasher):
    """Works out the hash of a password, and whether a password fits one, the first time it is asked."""

    def __init__(self, like: PasswordHasher) -> None:
        super().__init__(time_cost=like.time_cost, memory_cost=like.memory_cost, parallelism=like.parallelism)
        self._hashes: dict[str | bytes, str] = {}
        self._fits: dict[tuple[str | bytes, str | bytes], VerificationError | None] = {}

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        if password not in self._hashes:
            self._hashes[password] = super().hash(password, salt=salt)
        return self._hashes[password]

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        asked = hash, password
        if asked not in self._fits:
            self._fits[asked] = self._wrong(*asked)
        if wrong := self._fits[asked]:
            raise wrong
        return True

    def _wrong(self, kept: str | bytes, password: str | bytes) -> VerificationError | None:
        try:
            super().verify(kept, password)
        except VerificationError as error:
            return error.with_traceback(None)
        return None


people._hasher = OnceEach(people._hasher)
