"""The demonstration: a small biobank with the same ids and content on every machine."""

import hashlib
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, UUID, uuid5

import rich_click as click

from biobank.commands import running
from biobank.commands.founding import found_database, make_home
from biobank.texts import N_

if TYPE_CHECKING:
    from sqlmodel import Session

    from biobank.database import Database
    from biobank.people import Actor

FIRST = "first"
_KEYS_BEGIN = 1_767_225_600_000
"""Milliseconds of 1 January 2026: the demonstration's keys sort before every key made later."""


@click.command()
def demo() -> None:
    """Make the demonstration's own database, var/demo.db. One that is there stays as it is."""
    found = running.chosen(demo=True)
    make_home(found)
    path = running.file_of(found)
    with running.connected(found) as database:
        fresh = furnish(database)
    if fresh:
        running.say(N_("Made the demonstration: %(path)s"), path=path)
    else:
        running.say(N_("The demonstration is there already: %(path)s"), path=path)
    running.say(N_("Start it, and get the first sign-in link: biobank serve --demo"))


def furnish(database: "Database") -> bool:
    """Begin the demonstration and fill it, each once, whatever was interrupted; whether anything was made."""
    from sqlmodel import Session, select

    from biobank import clock, migrations
    from biobank.commands import demo_content
    from biobank.door import Door
    from biobank.people import Credentials
    from biobank.tables import LedgerOrigin, Role

    fresh = False

    def fill(session: "Session", actor: "Actor") -> None:
        nonlocal fresh
        fresh = True
        demo_content.fill(session, actor)

    def begun(session: Session) -> bool:
        return session.exec(select(LedgerOrigin.name)).first() is not None

    roles = (Role.ADMINISTRATOR, Role.MANAGER, Role.TECHNICIAN)
    migrations.upgrade(database)
    try:
        if not database.read(begun):
            _seed("founding")
            found_database(database, f"{clock.new_key()}/demo", FIRST, roles, clock.new_secret())
        _seed("content")
        door = Door(database, Credentials(name=FIRST), uuid5(NAMESPACE_OID, "the demonstration's content"))
        door.act(fill, type(None))
    finally:
        clock.set_chance()
    return fresh


def _seed(part: str) -> None:
    """Let ids and codes come from a seed: the SHA-256 of its name and a counter."""
    from biobank import clock

    def numbers(purpose: str) -> Callable[[], int]:
        drawn = count()
        return lambda: int.from_bytes(
            hashlib.sha256(f"biobank demonstration {part} {purpose} {next(drawn)}".encode()).digest()
        )

    number, tail = numbers("numbers"), numbers("keys")
    begin = _KEYS_BEGIN + (1000 if part == "content" else 0)
    moments = count(begin)

    def key() -> UUID:
        """UUID version 7 (RFC 9562, 5.7) whose milliseconds only count."""
        bits = next(moments) << 80 | tail() & (1 << 80) - 1
        bits = bits & ~(0xF << 76) | 7 << 76
        return UUID(int=bits & ~(0b11 << 62) | 0b10 << 62)

    clock.set_chance(lambda below: number() % below, key)
